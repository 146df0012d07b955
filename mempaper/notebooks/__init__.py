"""Text notebooks: found, asked for their parameters, executed, and known to be fresh or stale."""

from .catalogue import (
    Notebook,
    Profile,
    effective,
    find,
    find_root,
    load_profile,
    locate,
    parameters,
)
from .cells import split_options
from .execution import NotebookFailed, checksum, executed_path, is_fresh, record, run
from .parameters import Parameter

__all__ = [
    "Notebook",
    "NotebookFailed",
    "Parameter",
    "Profile",
    "checksum",
    "effective",
    "executed_path",
    "find",
    "find_root",
    "is_fresh",
    "load_profile",
    "locate",
    "parameters",
    "record",
    "run",
    "split_options",
]

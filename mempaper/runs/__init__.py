"""Runs: every finished step on disk, found by what made it, with a record of where it came from."""

from .identity import code_version
from .provenance import provenance
from .store import Record, Run, RunWarning, Store

__all__ = ["Record", "Run", "RunWarning", "Store", "code_version", "provenance"]

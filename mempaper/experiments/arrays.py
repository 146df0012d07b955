"""Named arrays in one file."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .. import files

__all__ = ["read_arrays", "write_arrays"]


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays as .npz, whole or not at all."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    files.write_atomic(path, content.getvalue())


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Returns what `write_arrays` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)

"""Named arrays in one file."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from .. import files

__all__ = ["is_whole", "read_arrays", "write_arrays"]


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays as .npz, whole or not at all."""
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    files.write_atomic(path, content.getvalue())


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Returns what `write_arrays` wrote.

    Raises
        ValueError  an entry is no array
    """
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive)
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError(f"{path} holds entries that are no arrays")
    return arrays


def is_whole(path: Path, names: Iterable[str]) -> bool:
    """Returns whether the file holds arrays of just these names."""
    try:
        return set(read_arrays(path)) == set(names)
    except Exception:  # whatever NumPy comes upon in a damaged file
        return False

"""Data sets, loaded once a process."""

from functools import lru_cache
from pathlib import Path

from .. import images

__all__ = ["load_split"]


@lru_cache(maxsize=4)
def load_split(
    dataset: str, size: int | None, train: int | None, holdout: int | None, root: Path | None
) -> images.Split:
    """Returns images.load of these arguments."""
    return images.load(dataset, size=size, train=train, holdout=holdout, root=root)

"""Data sets, loaded once a process."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from .. import images
from ..errors import InputError
from ..runs import Run

__all__ = ["load_split", "split_of", "trained_on"]


@lru_cache(maxsize=4)
def load_split(
    dataset: str, size: int | None, train: int | None, holdout: int | None, root: Path | None
) -> images.Split:
    """Returns images.load of these arguments."""
    return images.load(dataset, size=size, train=train, holdout=holdout, root=root)


def split_of(data: Mapping[str, Any], data_root: Path | None = None) -> images.Split:
    """Returns the split that the entry "data" of a run's config describes."""
    return load_split(data["source"], data["size"], data["train"], data["holdout"], data_root)


def trained_on(run: Run, data_root: Path | None = None) -> images.Split:
    """Returns the split that a run was trained on.

    Raises
        InputError  the data root holds other images under that name
    """
    data = run.config["data"]
    split = split_of(data, data_root)
    if split.train.fingerprint != data["fingerprint"]:
        raise InputError(
            "data_root",
            f"hold the images that run {run.id} was trained on",
            f"other content of {data['source']}",
            "Point MEMPAPER_DATA to the original data, or train again.",
        )
    return split

"""Data sets, loaded once a process."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from .. import images, sources
from ..errors import InputError
from ..runs import Run

__all__ = ["load_split", "split_of", "square_split", "trained_on"]


@lru_cache(maxsize=4)
def load_split(
    dataset: str, size: int | None, train: int | None, holdout: int | None, root: Path | None
) -> images.Split:
    """Returns images.load of these arguments."""
    return images.load(dataset, size=size, train=train, holdout=holdout, root=root)


def square_split(
    dataset: str,
    size: int | None,
    train: int | None,
    holdout: int | None,
    root: Path | None,
) -> tuple[images.Split, dict[str, Any]]:
    """Returns the split that a network is trained on, and the entry "data" of its run's config.

    Raises
        InputError  the images are not square
    """
    if dataset not in sources.NAMED and Path(dataset).exists():
        dataset = str(Path(dataset).absolute())
    split = load_split(dataset, size, train, holdout, root)
    _, height, across = split.train.shape
    if height != across:
        raise InputError(
            "dataset", "hold square images", f"{height} x {across} pixels", "Crop or resize them."
        )
    data = {
        "source": dataset,
        "size": height,
        "train": len(split.train),
        "holdout": len(split.holdout),
        "fingerprint": split.train.fingerprint,
    }
    return split, data


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

"""What generated images are held against (Bai et al. 2022, Secs. 5.1.2 and 5.6)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import cifar_variants, experiments, images
from .errors import InputError, check_known
from .experiments.splits import load_split, split_of
from .images import Images

__all__ = ["REFERENCES", "TITLES", "load"]


def load(
    names: Sequence[str],
    data: Mapping[str, Any],
    *,
    seed: int = 0,  # of the warp
    data_root: Path | None = None,
) -> dict[str, Images]:
    """Returns reference sets by name, at the size of the training images.

    test                the official test part, where the data set has one
    test_unduplicated   of CIFAR-10, without the 308 images of `cifar_variants.duplicates`: what
                        comes nearest to ciFAIR-10 where that cannot be fetched
    cifair10            ciFAIR-10's test part (Barz and Denzler 2020): other images in their places
    cifar10_1           CIFAR-10.1, version 6 (Recht et al. 2018)
    warped              the hold-out images through `experiments.distortion`: they copy nothing,
                        and lie farther away all the same

    data  the entry "data" of a training run's config

    Raises
        InputError  there is no set of that name, or not for these data, or it is not under the
                    data root
    """
    for name in names:
        check_known("references", name, REFERENCES)
    return {name: REFERENCES[name](data, seed, data_root) for name in names}


def _test(data: Mapping[str, Any], seed: int, root: Path | None) -> Images:
    found = split_of(data, root).test
    if found is None:
        raise _unfit("test", "a data set with an official test part", data)
    return found


def _unduplicated(data: Mapping[str, Any], seed: int, root: Path | None) -> Images:
    _require_cifar10("test_unduplicated", data)
    whole = _test(data, seed, root)
    listed = cifar_variants.duplicates(images.data_root(root))
    return whole.subset(np.setdiff1d(np.arange(len(whole)), listed))


def _cifair10(data: Mapping[str, Any], seed: int, root: Path | None) -> Images:
    _require_cifar10("cifair10", data)
    return load_split("cifair10", data["size"], 1, 0, root).test


def _cifar10_1(data: Mapping[str, Any], seed: int, root: Path | None) -> Images:
    _require_cifar10("cifar10_1", data)
    return load_split("cifar10_1", data["size"], None, 0, root).train


def _warped(data: Mapping[str, Any], seed: int, root: Path | None) -> Images:
    kept = split_of(data, root).holdout
    warp = experiments.distortion(data["size"], seed=seed)
    return Images(warp(kept[:]).numpy(), kept.labels)


def _require_cifar10(name: str, data: Mapping[str, Any]) -> None:
    if data["source"] != "cifar10":
        raise _unfit(name, "cifar10", data)


def _unfit(name: str, rule: str, data: Mapping[str, Any]) -> InputError:
    return InputError(
        "references",
        f"fit the training images: {name} is for {rule}",
        repr(data["source"]),
        "Leave it out; warped fits all.",
    )


REFERENCES: dict[str, Callable[[Mapping[str, Any], int, Path | None], Images]] = {
    "test": _test,
    "test_unduplicated": _unduplicated,
    "cifair10": _cifair10,
    "cifar10_1": _cifar10_1,
    "warped": _warped,
}

TITLES = {
    "holdout": "hold-out",
    "test": "test",
    "test_unduplicated": "test, no duplicates",
    "cifair10": "ciFAIR-10",
    "cifar10_1": "CIFAR-10.1",
    "warped": "hold-out, warped",
}
"""What figures and tables call the sets."""

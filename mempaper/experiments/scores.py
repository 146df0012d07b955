"""C_T, whole and class by class, as a file."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import files, statistics
from ..statistics import CellResult, ClassWiseResult, DataCopyingResult, Interval

__all__ = ["Protocol", "Scores", "read_scores", "score", "write_scores"]


@dataclass(frozen=True)
class Protocol:
    """How C_T and distances are taken; the defaults are those of Bai et al. (2022).

    metric         of all distances: "cosine" (their paper), "abs_cosine" (their code), "euclidean"
    cells          of each C_T; None: statistics.bai2022_cells
    min_generated  a cell counts with more generated images than that
    draws          permutations of each p-value, and resamples of each interval
    seed           of cells and draws
    """

    metric: str = "cosine"
    cells: int | None = None
    min_generated: int = 20
    draws: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Scores:
    """C_T of one set of images against another: over all images, and class by class.

    classes  None where the images have no labels
    """

    whole: DataCopyingResult
    classes: ClassWiseResult | None


def score(
    train,
    test,
    generated,
    labels: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
    protocol: Protocol,
    *,
    reference: int | None = None,  # images whose number decides on the cells; None: those of test
) -> Scores:
    """Returns C_T of `generated` against `test`, features (n, d) each.

    Cells with few test images are not warned of: each result lists its cells.
    """
    options = {
        "metric": protocol.metric,
        "min_generated": protocol.min_generated,
        "dimensions": 64,
        "permutations": protocol.draws,
        "resamples": protocol.draws,
        "seed": protocol.seed,
    }
    if reference is None:
        reference = len(test)
    cells = protocol.cells or statistics.bai2022_cells(reference, len(train))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", statistics.FewTestImagesWarning)
        whole = statistics.data_copying_test(train, test, generated, cells=cells, **options)
        if labels is None:
            return Scores(whole, None)
        cells = protocol.cells or (
            lambda _, of_class: statistics.bai2022_cells(reference, of_class)
        )
        classes = statistics.class_wise_copying_test(
            train, test, generated, labels, cells=cells, **options
        )
    return Scores(whole, classes)


def write_scores(path: Path, scores: Mapping[str, Scores]) -> None:
    """Writes named scores."""
    plain = {name: asdict(each) for name, each in scores.items()}
    files.write_atomic(path, json.dumps(plain).encode())


def read_scores(path: Path) -> dict[str, Scores]:
    """Returns what `write_scores` wrote."""
    return {name: _scores(each) for name, each in json.loads(path.read_text()).items()}


def _scores(plain: Mapping[str, Any]) -> Scores:
    classes = plain["classes"]
    if classes is not None:
        of_class = {int(label): _result(each) for label, each in classes["classes"].items()}
        mean = Interval(**classes["interval"])
        classes = ClassWiseResult(**classes | {"interval": mean, "classes": of_class})
    return Scores(_result(plain["whole"]), classes)


def _result(plain: Mapping[str, Any]) -> DataCopyingResult:
    cells = tuple(CellResult(**cell) for cell in plain["cells"])
    return DataCopyingResult(**plain | {"interval": Interval(**plain["interval"]), "cells": cells})

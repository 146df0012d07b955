"""The cells of C_T: a partition by the training images, and how near they lie within it."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from ..errors import InputError, check_count
from .feature_arrays import as_features

__all__ = ["METRICS", "Cell", "as_labels", "in_cells", "kmeans_cells", "require_metric"]

METRICS = ("euclidean", "cosine", "abs_cosine")
_ELEMENTS_AT_ONCE = 2**23  # similarities in one block: 64 MiB
_STARTS = 10  # of k-means, the best of which is kept: scikit-learn's default when C_T was published


class Cell(NamedTuple):
    """Distances of the images in one cell to the nearest training image of that cell."""

    label: int
    train: int  # number of training images
    test: Float64[np.ndarray, "n"]
    generated: Float64[np.ndarray, "m"]


def kmeans_cells(
    train, k: int, *, dimensions: int | None = None, seed: int = 0
) -> Callable[..., Int64[np.ndarray, "_"]]:
    """Returns the function features (n, d) -> cells (n,), from 0 to k - 1, fitted to `train`.

    Cells are those of k-means (Euclidean, k-means++, the best of 10 starts), which is fitted once:
    the function serves any number of generators.

    train       (n, d), with at least k different rows
    dimensions  features are first projected to that many principal components of `train`; no
                loss, and no effect, where n or d is not larger. None: features as they are

    Raises
        InputError  k is larger than the number of different rows

    >>> cells = kmeans_cells(np.array([[0.0], [0.1], [9.0], [9.1]]), 2)
    >>> left, right, middle = cells(np.array([[0.2], [8.0], [1.0]]))
    >>> bool(left == middle), bool(left == right)
    (True, False)
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    (train,) = as_features(train=train)
    check_count("cells", k, 1, len(train))
    check_count("seed", seed, 0, 2**32 - 1)
    project = _projection(train, dimensions, seed)
    means = KMeans(k, n_init=_STARTS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # too few different rows: said below
        means.fit(project(train))

    def cells(features) -> Int64[np.ndarray, "_"]:
        found, _ = as_features(features=features, train=train)
        return means.predict(project(found)).astype(np.int64)

    filled = len(np.unique(cells(train)))
    if filled < k:
        raise InputError(
            "cells",
            f"be at most {filled}, the number of cells that different training images fill",
            k,
            "Use fewer cells, or leave out duplicates.",
        )
    return cells


def _projection(train: np.ndarray, dimensions: int | None, seed: int) -> Callable:
    if dimensions is None:
        return lambda features: features
    check_count("dimensions", dimensions, 1)
    if dimensions >= min(train.shape):
        return lambda features: features
    from sklearn.decomposition import PCA

    with np.errstate(invalid="ignore"):  # shares of the variance of equal rows, which are not used
        return PCA(dimensions, random_state=seed).fit(train).transform


def as_labels(argument: str, labels, count: int) -> Int64[np.ndarray, "_"]:
    """Returns `labels`, NumPy or torch on any device, as (count,) int64.

    Raises
        InputError  naming `argument`, for another shape, or for numbers that are not whole
    """
    if hasattr(labels, "detach"):
        labels = labels.detach().cpu()
    try:
        labels = np.asarray(labels)
    except ValueError:  # ragged
        labels = np.empty(0)
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(
            argument,
            f"be whole numbers of shape ({count},), one for each image",
            f"{labels.dtype} of shape {labels.shape}",
            "Number the cells or classes.",
        )
    return labels.astype(np.int64)


def require_metric(metric: object, **named: np.ndarray) -> None:
    """Raises an InputError for an unknown metric, or a row of zeros where it takes angles."""
    if metric not in METRICS:
        raise InputError("metric", f"be one of {', '.join(METRICS)}", repr(metric), "Choose one.")
    if metric == "euclidean":
        return
    for argument, features in named.items():
        zero = np.linalg.norm(features, axis=1) == 0
        if zero.any():
            raise InputError(
                argument,
                f"have no row of zeros with metric {metric!r}",
                f"zeros in row {int(zero.argmax())}",
                "Use metric 'euclidean', or leave the image out.",
            )


def in_cells(
    features: list[np.ndarray],
    labels: list[np.ndarray],
    metric: str,
) -> list[Cell]:
    """Returns the cells in the order of their labels; features and labels: train, test, generated.

    Distances are Euclidean, 1 - cos, or 1 - |cos|, and exactly 0 for a duplicate.

    Raises
        InputError  a test or generated image lies in a cell without training images
    """
    known = np.unique(labels[0])
    for name, found in zip(("test", "generated"), labels[1:], strict=True):
        strange = np.setdiff1d(found, known)
        if len(strange):
            raise InputError(
                "cells",
                "hold training images wherever they hold others, for distances are taken to those",
                f"{name} images in cell {strange[0]}, training images in none such",
                "Use fewer cells, or partition by the training images.",
            )
    cells = []
    for label in known:
        bank, test, generated = (
            x[where == label] for x, where in zip(features, labels, strict=True)
        )
        distances = (_nearest(x, bank, metric) for x in (test, generated))
        cells.append(Cell(int(label), len(bank), *distances))
    return cells


def _nearest(
    x: Float64[np.ndarray, "n d"], bank: Float64[np.ndarray, "l d"], metric: str
) -> Float64[np.ndarray, "n"]:
    """Returns distances to the nearest row of `bank`.

    The neighbour is found by one matrix product, whose rounding would set duplicates apart; its
    distance is then taken from the difference of the rows: |a - b|^2 / 2 = 1 - cos of unit rows.
    """
    if metric == "euclidean":
        centre = bank.mean(axis=0)
        x, bank = x - centre, bank - centre
        offsets = np.sum(bank**2, axis=1) / 2
    else:
        x, bank = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, bank))
        offsets = np.zeros(len(bank))
    distances = np.empty(len(x))
    step = max(1, _ELEMENTS_AT_ONCE // len(bank))
    for low in range(0, len(x), step):
        rows = x[low : low + step]
        likeness = rows @ bank.T - offsets
        if metric == "abs_cosine":
            np.abs(likeness, out=likeness)
        found = bank[likeness.argmax(axis=1)]
        squares = np.sum((rows - found) ** 2, axis=1)
        if metric == "abs_cosine":
            squares = np.minimum(squares, np.sum((rows + found) ** 2, axis=1))
        distances[low : low + step] = squares
    return np.sqrt(distances) if metric == "euclidean" else distances / 2

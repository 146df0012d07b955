"""C_T, the three-sample test of data-copying (Meehan, Chaudhuri and Dasgupta 2020)."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from ..errors import InputError, check_count
from .bootstrap import Interval, check_confidence
from .cells import Cell, as_labels, in_cells, kmeans_cells, require_metric
from .copying_scores import bootstrap_scores, cell_weights, permuted_scores, rank
from .feature_arrays import as_features

__all__ = [
    "FEW_TEST_IMAGES",
    "CellResult",
    "DataCopyingResult",
    "Draws",
    "FewTestImagesWarning",
    "data_copying_test",
    "examine",
    "interval_of",
    "p_value_of",
    "warn_of_few_test_images",
]

# At so few test images n, one of them may move Z_U by sqrt(12 / n) = 0.77, and no copying brings it
# below -sqrt(3 n) = -7.7 (both where generated images are many). The paper's protocol demands more
# than as many of the generated images.
FEW_TEST_IMAGES = 20


class FewTestImagesWarning(UserWarning):
    """Some cells hold so few test images that single ones decide what the cells say."""


@dataclass(frozen=True)
class CellResult:
    """What one cell says.

    train, test, generated  numbers of images
    z                       Z_U, negative for copying; NaN without test or generated images
    weight                  in C_T; 0 where the cell does not count
    """

    label: int
    train: int
    test: int
    generated: int
    z: float
    weight: float


@dataclass(frozen=True)
class DataCopyingResult:
    """C_T and what it is worth.

    statistic  C_T: far below 0 for copying, far above 0 for underfitting
    p_value    of a C_T as low as this where test and generated images are exchangeable
    null_std   standard deviation of C_T in that case, about 1 / sqrt(cells that count): the unit
               that C_T is to be measured in
    interval   where C_T might have fallen with other test and generated images
    cells      all cells, in the order of their labels
    """

    statistic: float
    p_value: float
    null_std: float
    interval: Interval
    cells: tuple[CellResult, ...]


class Draws(NamedTuple):
    """C_T where images were exchanged, and where they were resampled."""

    null: Float64[np.ndarray, "permutations"]
    bootstrap: Float64[np.ndarray, "resamples"]


def data_copying_test(
    train,
    test,
    generated,
    *,
    cells,  # k, the number of k-means cells, or ready labels (train, test, generated)
    min_generated: int = 20,  # a cell counts with more generated images than that
    metric: str = "euclidean",  # or "cosine", 1 - cos, or "abs_cosine", 1 - |cos|
    dimensions: int | None = None,  # principal components that k-means sees; None: raw features
    tie_correction: bool = False,  # of the variance of Z_U; published without
    permutations: int = 1000,
    resamples: int = 1000,  # of the bootstrap
    confidence: float = 0.95,
    seed: int = 0,
) -> DataCopyingResult:
    """Returns C_T, the mean of Z_U over the cells that count, weighted by their test images.

    The defaults are the published test, which has k = 5 for its moons, 50 for MNIST and 3 for a
    class of ImageNet. The neighbour of an image is sought among the training images of its cell,
    in the raw features whatever `dimensions`. The published code refuses a cell without test
    images; here it has weight 0, as in the formula. The published k-means is unseeded; here it is
    `kmeans_cells`.

    p_value   by exchanging test and generated images within cells, their numbers kept:
              (1 + draws as low) / (1 + draws). Valid at any size, with or without ties, whereas a
              fixed threshold for C_T means something else for every k.
    interval  percentile bootstrap. Test images and generated images are resampled as two whole
              samples, so that weights vary, and which cells count; training images and cells stay,
              for they define the distances. A resample in which no cell counts has the weights
              of the images.

    train, test, generated  (l, d), (n, d), (m, d), at least 2 each, finite; NumPy or torch
    cells                   labels are whole numbers, of shapes (l,), (n,), (m,)

    Warns
        FewTestImagesWarning  a cell with enough generated images has FEW_TEST_IMAGES test images
                              or fewer

    Raises
        InputError  an argument of another form, images in a cell without training images, or no
                    cell that counts

    >>> train = np.arange(60.0)[:, None]
    >>> found = data_copying_test(train, train + 0.25, train, cells=1)
    >>> f"{found.statistic:.2f} {found.p_value:.4f}"  # of 1,000 exchanges none is as low
    '-9.44 0.0010'
    """
    features = as_features(train=train, test=test, generated=generated)
    check_count("seed", seed, 0)
    require_metric(metric, train=features[0], test=features[1], generated=features[2])
    if isinstance(cells, Integral):
        check_count("cells", cells, 1)
        assign = kmeans_cells(features[0], int(cells), dimensions=dimensions, seed=seed)
        labels = [assign(x) for x in features]
    elif dimensions is not None:
        raise InputError("dimensions", "be None with ready cells", dimensions, "Leave it out.")
    else:
        labels = _ready(cells, features)
    result, _ = examine(
        in_cells(features, labels, metric),
        np.random.default_rng(seed),
        min_generated=min_generated,
        tie_correction=tie_correction,
        permutations=permutations,
        resamples=resamples,
        confidence=confidence,
    )
    warn_of_few_test_images(result.cells, min_generated)
    return result


def examine(
    cells: list[Cell],
    rng: np.random.Generator,
    *,
    min_generated: int,
    tie_correction: bool,
    permutations: int,
    resamples: int,
    confidence: float,
) -> tuple[DataCopyingResult, Draws]:
    """Returns the test of images whose distances are known, and the draws behind it."""
    check_count("min_generated", min_generated, 0)
    check_count("permutations", permutations, 1)
    check_count("resamples", resamples, 2)
    check_confidence(confidence)
    test, generated = (
        np.array([len(distances) for distances in both])
        for both in zip(*((cell.test, cell.generated) for cell in cells), strict=True)
    )
    weights = cell_weights(test, generated, min_generated)
    if np.isnan(weights).any():
        raise InputError(
            "generated",
            f"hold more than min_generated = {min_generated} images in a cell with test images",
            f"at most {generated[test > 0].max(initial=0)}",
            "Generate more images, or use fewer cells.",
        )
    rankings = [rank(cell.test, cell.generated) for cell in cells]
    ties = np.array([ranking.tie_share for ranking in rankings])
    shares = ties if tie_correction else np.ones(len(cells))
    z = [ranking.z(share) for ranking, share in zip(rankings, shares.tolist(), strict=True)]
    statistic = float(np.sum(weights * z, where=weights > 0))
    rng_null, rng_bootstrap = rng.spawn(2)
    draws = Draws(
        permuted_scores(rankings, weights, shares, permutations, rng_null),
        bootstrap_scores(
            cells, weights, shares, resamples, rng_bootstrap, min_generated=min_generated
        ),
    )
    variances = np.divide(ties, shares, out=np.zeros(len(cells)), where=shares > 0)
    result = DataCopyingResult(
        statistic=statistic,
        p_value=p_value_of(statistic, draws.null),
        null_std=float(np.sqrt(np.sum(weights**2 * variances))),
        interval=interval_of(statistic, draws.bootstrap, confidence),
        cells=tuple(
            CellResult(
                cell.label,
                cell.train,
                len(cell.test),
                len(cell.generated),
                score,
                float(weight),
            )
            for cell, score, weight in zip(cells, z, weights, strict=True)
        ),
    )
    return result, draws


def p_value_of(statistic: float, null: np.ndarray) -> float:
    """Returns (1 + draws as low) / (1 + draws); draws that rounding sets apart count as equal."""
    slack = 1e-9 * max(1.0, abs(statistic))
    return float((1 + np.sum(null <= statistic + slack)) / (1 + len(null)))


def interval_of(statistic: float, bootstrap: np.ndarray, confidence: float) -> Interval:
    """Returns the percentile interval of the draws."""
    low, high = np.quantile(bootstrap, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high), statistic, confidence)


def warn_of_few_test_images(cells: Iterable[CellResult], min_generated: int) -> None:
    """Warns the caller's caller of cells with enough generated, but few test images."""
    numbers = [cell.test for cell in cells if cell.generated > min_generated]
    few = [number for number in numbers if number <= FEW_TEST_IMAGES]
    if few:
        warnings.warn(
            f"{len(few)} of {len(numbers)} cells hold {FEW_TEST_IMAGES} test images or fewer "
            f"(as few as {min(few)}): single ones may move Z_U there by "
            f"sqrt(12 / {FEW_TEST_IMAGES}) = {(12 / FEW_TEST_IMAGES) ** 0.5:.2f} and more. "
            "Use fewer cells, or more test images.",
            FewTestImagesWarning,
            stacklevel=3,
        )


def _ready(cells: object, features: list[np.ndarray]) -> list[np.ndarray]:
    if not isinstance(cells, tuple | list) or len(cells) != 3:
        raise InputError(
            "cells",
            "be a number of cells, or three arrays of labels: (train, test, generated)",
            type(cells).__name__,
            "Pass 10, say, for ten cells.",
        )
    return [
        as_labels(f"cells[{i}]", labels, len(x))
        for i, (labels, x) in enumerate(zip(cells, features, strict=True))
    ]

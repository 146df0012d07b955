"""Can a nearest neighbour tell generated from real images, and training images less than others?"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from ..errors import InputError, check_count
from .data_copying import p_value_of
from .distances import distance_blocks, nearest, squared_radii
from .exchanges import exchanges
from .feature_arrays import as_features

__all__ = [
    "NearestNeighborGap",
    "NearestNeighborTest",
    "nearest_neighbor_gap",
    "nearest_neighbor_test",
]


@dataclass(frozen=True)
class NearestNeighborTest:
    """Shares in [0, 1] of images whose nearest other image is of their own kind.

    accuracy      of all images; one half for equally many of the same distribution, above it where
                  they differ, below it where generated images sit on real ones: smaller means more
                  copying
    on_real       of real images: large also where generated images leave regions out
    on_generated  of generated images: large also where they crowd
    p_value       of an accuracy as high as this where both sets have the same distribution
    """

    accuracy: float
    on_real: float
    on_generated: float
    p_value: float


@dataclass(frozen=True)
class NearestNeighborGap:
    """Accuracies against training and against hold-out images.

    gap      train - holdout, in [-1, 1]: negative means copying
    p_value  of a gap as low as this where training and hold-out images are exchangeable
    """

    train: float
    holdout: float
    gap: float
    p_value: float


def nearest_neighbor_test(
    real,
    generated,
    *,
    permutations: int = 1000,
    seed: int = 0,
) -> NearestNeighborTest:
    """Returns the leave-one-out accuracy of the 1-nearest-neighbour classifier.

    A classifier two-sample test (Lopez-Paz and Oquab 2017, Sec. 3) with the classifier, and the
    split by kind, of Xu et al. 2018 (Sec. 2). The normal p-value of the former takes decisions for
    independent, which leave-one-out decisions are not; here labels are permuted over the graph of
    neighbours, the numbers of both kinds kept, and the test is exact. Ties are broken at random,
    from the seed.

    real, generated  (n, d) and (m, d), n and m at least 2, finite

    >>> nearest_neighbor_test([[0.0], [1.0]], [[10.0], [11.0]]).accuracy
    1.0
    """
    real, generated = as_features(real=real, generated=generated)
    check_count("permutations", permutations, 1)
    check_count("seed", seed, 0)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(real) + len(generated))
    pooled = np.concatenate([real, generated])[order]
    is_real = order < len(real)
    neighbours, _ = nearest(pooled, pooled, exclude_self=True)
    right = is_real == is_real[neighbours]
    drawn = rng.permuted(np.broadcast_to(is_real, (permutations, len(order))), axis=1)
    null = (drawn == drawn[:, neighbours]).mean(axis=1)
    accuracy = float(right.mean())
    return NearestNeighborTest(
        accuracy,
        on_real=float(right[is_real].mean()),
        on_generated=float(right[~is_real].mean()),
        p_value=p_value_of(-accuracy, -null),
    )


def nearest_neighbor_gap(
    train,
    holdout,
    generated,
    *,
    permutations: int = 1000,
    seed: int = 0,
) -> NearestNeighborGap:
    """Returns the accuracy against training images less the accuracy against hold-out images.

    An accuracy alone mixes copying with poor images; both are equally poor against either set, and
    what is left is copying. Comparing the two is how Xu et al. 2018 look for
    overfitting; the test is ours, as they have none: training and hold-out images are exchanged at
    random, which is exact, for they are alike to a generator that has learnt neither by heart.
    There is no interval, for a bootstrap repeats images, and an image repeated is its own nearest
    neighbour.

    A tie counts as a mistake, whichever of the images that tie is the nearest.

    train, holdout  (n, d) each, n at least 2, finite: accuracies depend on the number
    generated       (m, d), m at least 2, finite

    Raises
        InputError  train and hold-out differ in number

    >>> nearest_neighbor_gap([[0.0], [10.0]], [[50.0], [51.0]], [[0.1], [10.1]]).gap
    -1.0
    """
    train, holdout, generated = as_features(train=train, holdout=holdout, generated=generated)
    if len(train) != len(holdout):
        raise InputError(
            "holdout",
            f"hold as many images as train, {len(train)}, for the accuracy depends on it",
            len(holdout),
            "Leave out the surplus.",
        )
    check_count("permutations", permutations, 1)
    check_count("seed", seed, 0)
    rng = np.random.default_rng(seed)
    in_train = exchanges(len(train), len(holdout), permutations, rng).astype(np.float32)
    real = np.concatenate([train, holdout])
    count = len(train) + len(generated)
    right = np.zeros((2, permutations + 1))
    for _, near in _near(generated, real, squared_radii(generated, 1), closed=True):
        right += [np.sum(hits == 0, axis=0) for hits in _hits(near, in_train)]
    for rows, near in _near(real, real, nearest(real, generated)[1], closed=False):
        own = in_train[rows]
        hits = _hits(near, in_train)
        right += [np.sum(w * (h > 0), axis=0) for w, h in zip((own, 1 - own), hits, strict=True)]
    gaps = (right[0] - right[1]) / count
    return NearestNeighborGap(
        train=float(right[0, 0] / count),
        holdout=float(right[1, 0] / count),
        gap=float(gaps[0]),
        p_value=p_value_of(float(gaps[0]), gaps[1:]),
    )


def _near(
    points: Float64[np.ndarray, "n d"],
    real: Float64[np.ndarray, "l d"],
    squared_radii: Float64[np.ndarray, "n"],
    *,
    closed: bool,
):
    """Yields (rows of points, 1 where another image of `real` lies in their ball), by blocks.

    An open ball is that of a real image, which does not count itself.
    """
    for rows, distances in distance_blocks(points, real):
        if closed:
            yield rows, (distances <= squared_radii[rows, None]).astype(np.float32)
        else:
            distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
            yield rows, (distances < squared_radii[rows, None]).astype(np.float32)


def _hits(
    near: Float32[np.ndarray, "b l"], in_train: Float32[np.ndarray, "l p"]
) -> tuple[Float32[np.ndarray, "b p"], Float32[np.ndarray, "b p"]]:
    """Returns how many training images, and how many hold-out images, lie in each ball.

    Whole numbers, exact in float32 below 2^24.
    """
    train = near @ in_train
    return train, near.sum(axis=1, keepdims=True) - train

"""Z_U of one cell, its average C_T over cells, and what chance does to them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from ..errors import InputError
from .bootstrap import as_numbers
from .cells import Cell

__all__ = ["Ranking", "bootstrap_scores", "cell_weights", "permuted_scores", "rank", "z_u"]

_ELEMENTS_AT_ONCE = 2**22  # float64 drawn together: 32 MiB


def z_u(test_distances, generated_distances, *, tie_correction: bool = False) -> float:
    """Returns (U - (n m / 2 - 1 / 2)) / sqrt(n m (n + m + 1) / 12), negative for copying.

    U counts the pairs in which the generated image lies farther from the training images than the
    test image, and a tie as one half. The 1/2 makes Phi(z) the p-value of copying; it is added
    whatever the sign, as published.

    test_distances, generated_distances  (n,) and (m,), to the nearest training image, n, m >= 1
    tie_correction  divide by the standard deviation that ties leave, as the published code does
                    not; z is then 0 where all distances are equal

    >>> round(z_u([1.0, 2.0], [0.0, 0.0]), 3)  # -(2 - 1/2) / sqrt(20 / 12)
    -1.162
    """
    ranking = rank(
        _distances("test_distances", test_distances),
        _distances("generated_distances", generated_distances),
    )
    return ranking.z(ranking.tie_share if tie_correction else 1.0)


def _distances(argument: str, values) -> np.ndarray:
    values = as_numbers(argument, values)
    if values.ndim != 1 or not len(values) or np.isnan(values).any():
        raise InputError(
            argument, "be numbers (n,), n >= 1, without NaN", values.shape, "Leave out the others."
        )
    return values


class Ranking(NamedTuple):
    """The distances of one cell by their ranks from 1, test images first.

    ranks      tied distances share their mean rank
    tie_share  share of the variance of U that ties leave, in [0, 1]
    """

    test: int
    generated: int
    ranks: Float64[np.ndarray, "_"]
    tie_share: float

    def u(self, ranks: Float64[np.ndarray, "*_ _"]):
        """Returns U where images have these ranks instead, along the last axis."""
        return ranks[..., self.test :].sum(axis=-1) - self.generated * (self.generated + 1) / 2

    def z(self, share: float) -> float:
        """Returns Z_U with the variance multiplied by `share`; NaN where images lack."""
        if not self.test or not self.generated:
            return np.nan
        return float(standardised(self.u(self.ranks), self.test, self.generated, share))


def rank(test: np.ndarray, generated: np.ndarray) -> Ranking:
    """Returns the ranking of distances (n,) and (m,), either of which may be empty."""
    _, place, t = np.unique(
        np.concatenate([test, generated]), return_inverse=True, return_counts=True
    )
    total = len(place)
    ranks = np.cumsum(t) - (t - 1) / 2
    left = 1 - np.sum(t**3.0 - t) / (total**3.0 - total) if total > 1 else 1.0
    return Ranking(len(test), len(generated), ranks[place], float(left))


def cell_weights(
    test: Int64[np.ndarray, "*_ k"], generated: Int64[np.ndarray, "*_ k"], min_generated: int
) -> Float64[np.ndarray, "*_ k"]:
    """Returns the share of each cell among test images of the cells with > `min_generated`.

    NaN where no cell counts.
    """
    counting = np.where(generated > min_generated, test, 0)
    total = counting.sum(axis=-1, keepdims=True)
    return counting / np.where(total > 0, total, np.nan)


def permuted_scores(
    rankings: Sequence[Ranking],
    weights: Float64[np.ndarray, "k"],
    shares: Float64[np.ndarray, "k"],
    count: int,
    rng: np.random.Generator,
) -> Float64[np.ndarray, "count"]:
    """Returns C_T after each of `count` random exchanges of test and generated images in cells.

    shares  by which the variances of U are multiplied, for ties
    """
    scores = np.zeros(count)
    for ranking, weight, share in zip(rankings, weights, shares, strict=True):
        if weight == 0:
            continue
        n, m, ranks = ranking.test, ranking.generated, ranking.ranks
        step = max(1, _ELEMENTS_AT_ONCE // (n + m))
        for low in range(0, count, step):
            rows = min(step, count - low)
            shuffled = rng.permuted(np.broadcast_to(ranks, (rows, n + m)), axis=1)
            scores[low : low + rows] += weight * standardised(ranking.u(shuffled), n, m, share)
    return scores


def bootstrap_scores(
    cells: Sequence[Cell],
    weights: Float64[np.ndarray, "k"],
    shares: Float64[np.ndarray, "k"],
    count: int,
    rng: np.random.Generator,
    *,
    min_generated: int,
) -> Float64[np.ndarray, "count"]:
    """Returns C_T of `count` resamples of all test and of all generated images.

    A resample in which no cell counts has the weights of the images. The shares stay as they
    are: a resample ties each image with its own copies, which says nothing of new images.
    """
    rng_test, rng_generated = rng.spawn(2)
    ends_test = np.cumsum([len(cell.test) for cell in cells])
    ends_generated = np.cumsum([len(cell.generated) for cell in cells])
    scores = np.empty(count)
    step = max(1, _ELEMENTS_AT_ONCE // int(max(ends_test[-1], ends_generated[-1])))
    for low in range(0, count, step):
        rows = min(step, count - low)
        test = _times_drawn(ends_test, rows, rng_test)
        generated = _times_drawn(ends_generated, rows, rng_generated)
        n, m = (
            np.stack([times.sum(axis=1) for times in drawn], axis=1) for drawn in (test, generated)
        )
        u = [_u_of_multiples(*cell) for cell in zip(cells, test, generated, strict=True)]
        resampled = cell_weights(n, m, min_generated)
        resampled = np.where(np.isnan(resampled), weights, resampled)
        z = standardised(np.stack(u, axis=1), n, m, shares)
        scores[low : low + rows] = np.sum(resampled * z, axis=1)
    return scores


def _times_drawn(ends: np.ndarray, rows: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Returns, for each cell (rows, images), how often its images occur in `rows` resamples."""
    total = int(ends[-1])
    drawn = rng.integers(0, total, (rows, total)) + total * np.arange(rows)[:, None]
    times = np.bincount(drawn.ravel(), minlength=rows * total).reshape(rows, total)
    return np.split(times, ends[:-1], axis=1)


def _u_of_multiples(
    cell: Cell, test: Int64[np.ndarray, "rows n"], generated: Int64[np.ndarray, "rows m"]
) -> Float64[np.ndarray, "rows"]:
    """Returns U where the images of `cell` occur that often."""
    order = np.argsort(cell.test)
    below = np.zeros((len(test), len(order) + 1), dtype=np.int64)
    np.cumsum(test[:, order], axis=1, out=below[:, 1:])
    nearer, nearer_or_tied = (
        below[:, np.searchsorted(cell.test[order], cell.generated, side=side)]
        for side in ("left", "right")
    )
    return np.sum(generated * (nearer + nearer_or_tied), axis=1) / 2


def standardised(u, n, m, share):
    """Returns Z_U; 0 where the variance is."""
    std = np.sqrt(share * n * m * (n + m + 1) / 12)
    return np.where(std > 0, (u - (n * m / 2 - 0.5)) / np.where(std > 0, std, 1), 0)

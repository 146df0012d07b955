"""How two sets of features cover each other, by balls that reach to the k-th neighbour."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from .feature_arrays import as_features, require_more_than

__all__ = [
    "DensityCoverage",
    "PrecisionRecall",
    "ball_hits",
    "density_coverage",
    "inside",
    "precision_recall",
]

_ELEMENTS_AT_ONCE = 2**23  # distances in one block: 64 MiB


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares in [0, 1].

    precision  of generated images that lie in the ball of a real one
    recall     of real images that lie in the ball of a generated one
    """

    precision: float
    recall: float


@dataclass(frozen=True)
class DensityCoverage:
    """How often real balls are hit, and how many of them.

    density   real balls around a generated image, on average, over k; it may exceed 1
    coverage  share of real balls with a generated image inside, in [0, 1]
    """

    density: float
    coverage: float


def precision_recall(real, generated, *, k: int = 3) -> PrecisionRecall:
    """Returns improved precision and recall (Kynkaanniemi et al. 2019, Eqs. (1) and (2)).

    Balls are closed, and their centre does not count as its own neighbour.

    real, generated  (n, d) and (m, d), n and m more than k, finite
    """
    real, generated = as_features(real=real, generated=generated)
    require_more_than(k, real=real, generated=generated)
    return PrecisionRecall(
        precision=float(inside(real, generated, k=k).mean()),
        recall=float(_covered(real, generated, _squared_radii(generated, k)).mean()),
    )


def density_coverage(real, generated, *, k: int = 5) -> DensityCoverage:
    """Returns density and coverage (Naeem et al. 2020, Sec. 3).

    Balls are open, as in the authors' code, and their centre does not count as its own neighbour.

    real, generated  (n, d) and (m, d), n more than k, finite
    """
    hits = ball_hits(real, generated, k=k)
    return DensityCoverage(
        density=float(hits.sum() / (k * len(generated))), coverage=float((hits > 0).mean())
    )


def ball_hits(real, generated, *, k: int = 5) -> Int[np.ndarray, "n"]:
    """Returns how many generated images lie in the ball of each real one, as `density_coverage`
    counts them."""
    real, generated = as_features(real=real, generated=generated)
    require_more_than(k, real=real)
    squared_radii = _squared_radii(real, k)
    hits = np.zeros(len(real), dtype=np.int64)
    for rows, distances in _blocks(real, generated):
        hits[rows] = (distances < squared_radii[rows, None]).sum(axis=1)
    return hits


def inside(real, generated, *, k: int = 3) -> Bool[np.ndarray, "m"]:
    """Returns which generated images lie in the ball of some real one, as `precision_recall` counts
    them."""
    real, generated = as_features(real=real, generated=generated)
    require_more_than(k, real=real)
    return _covered(generated, real, _squared_radii(real, k))


def _covered(
    points: Float64[np.ndarray, "n d"],
    centres: Float64[np.ndarray, "m d"],
    squared_radii: Float64[np.ndarray, "m"],
) -> Bool[np.ndarray, "n"]:
    """Returns which points lie in the closed ball of some centre."""
    inside = np.zeros(len(points), dtype=bool)
    for rows, distances in _blocks(points, centres):
        inside[rows] = (distances <= squared_radii).any(axis=1)
    return inside


def _squared_radii(points: Float64[np.ndarray, "n d"], k: int) -> Float64[np.ndarray, "n"]:
    """Returns each point's squared distance to its k-th neighbour among the others."""
    radii = np.empty(len(points))
    for rows, distances in _blocks(points, points):
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        radii[rows] = np.partition(distances, k - 1, axis=1)[:, k - 1]
    return radii


def _blocks(x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "m d"]):
    """Yields (rows of x, their squared distances to all of y), block by block.

    By one matrix product, centred first: equal rows come out at 1e-16 of the features' squared
    spread apart, not exactly at 0.
    """
    centre = y.mean(axis=0)
    x, y = x - centre, y - centre
    squares_x, squares_y = np.sum(x**2, axis=1), np.sum(y**2, axis=1)
    step = max(1, _ELEMENTS_AT_ONCE // len(y))
    for low in range(0, len(x), step):
        rows = slice(low, min(low + step, len(x)))
        distances = squares_x[rows, None] + squares_y - 2 * (x[rows] @ y.T)
        yield rows, np.maximum(distances, 0, out=distances)

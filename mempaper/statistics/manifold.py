"""How two sets of features cover each other, by balls that reach to the k-th neighbour."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from .distances import distance_blocks, squared_radii
from .feature_arrays import as_features, require_more_than

__all__ = [
    "DensityCoverage",
    "PrecisionRecall",
    "ball_hits",
    "density_coverage",
    "inside",
    "precision_recall",
]


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

    >>> real, generated = np.arange(4.0)[:, None], np.array([[0.0], [1.0], [50.0], [51.0]])
    >>> precision_recall(real, generated, k=1)
    PrecisionRecall(precision=0.5, recall=0.75)
    """
    real, generated = as_features(real=real, generated=generated)
    require_more_than(k, real=real, generated=generated)
    return PrecisionRecall(
        precision=float(inside(real, generated, k=k).mean()),
        recall=float(_covered(real, generated, squared_radii(generated, k)).mean()),
    )


def density_coverage(real, generated, *, k: int = 5) -> DensityCoverage:
    """Returns density and coverage (Naeem et al. 2020, Sec. 3).

    Balls are open, as in the authors' code, and their centre does not count as its own neighbour.

    real, generated  (n, d) and (m, d), n more than k, finite

    >>> real, generated = np.array([[0.0], [1.0], [5.0], [7.0]]), np.array([[0.0], [0.5]])
    >>> density_coverage(real, generated, k=1)
    DensityCoverage(density=1.5, coverage=0.5)
    """
    hits = ball_hits(real, generated, k=k)
    return DensityCoverage(
        density=float(hits.sum() / (k * len(generated))), coverage=float((hits > 0).mean())
    )


def ball_hits(real, generated, *, k: int = 5) -> Int[np.ndarray, "n"]:
    """Returns how many generated images lie in the ball of each real one, as `density_coverage`
    counts them.

    >>> real, generated = np.array([[0.0], [1.0], [5.0], [7.0]]), np.array([[0.0], [0.5]])
    >>> ball_hits(real, generated, k=1).tolist()
    [2, 1, 0, 0]
    """
    real, generated = as_features(real=real, generated=generated)
    require_more_than(k, real=real)
    radii = squared_radii(real, k)
    hits = np.zeros(len(real), dtype=np.int64)
    for rows, distances in distance_blocks(real, generated):
        hits[rows] = (distances < radii[rows, None]).sum(axis=1)
    return hits


def inside(real, generated, *, k: int = 3) -> Bool[np.ndarray, "m"]:
    """Returns which generated images lie in the ball of some real one, as `precision_recall` counts
    them.

    >>> inside(np.array([[0.0], [1.0], [5.0]]), np.array([[0.5], [20.0]]), k=1).tolist()
    [True, False]
    """
    real, generated = as_features(real=real, generated=generated)
    require_more_than(k, real=real)
    return _covered(generated, real, squared_radii(real, k))


def _covered(
    points: Float64[np.ndarray, "n d"],
    centres: Float64[np.ndarray, "m d"],
    radii: Float64[np.ndarray, "m"],
) -> Bool[np.ndarray, "n"]:
    """Returns which points lie in the closed ball of some centre, with squared radii."""
    inside = np.zeros(len(points), dtype=bool)
    for rows, distances in distance_blocks(points, centres):
        inside[rows] = (distances <= radii).any(axis=1)
    return inside

"""Which of two sets of images covers real ones better, had both as many images."""

import numpy as np
from jaxtyping import Float64, Int
from scipy.special import gammaln

from ..errors import InputError, check_count
from .bootstrap import Interval, bootstrap_interval
from .manifold import ball_hits

__all__ = ["coverage_contrast", "rarefied_coverage"]


def coverage_contrast(real, first, second, *, k: int = 5, seed: int = 0) -> Interval:
    """Returns the coverage of `real` by `first` less that by `second`, in [-1, 1].

    Coverage grows with the number of images, so of the larger set as many count as the smaller has:
    the mean over all ways to choose them. Real images are resampled; the sets stay. Where a set has
    fewer than two images nothing is known: NaN, and all of [-1, 1].

    real           (n, d), n more than k
    first, second  (m, d) each

    >>> real = np.arange(8.0)[:, None]
    >>> f"{coverage_contrast(real, real, real + 100, k=1):.1f}"
    '1.0 [1.0, 1.0]'
    """
    drawn = min(map(_count, (first, second)))
    if drawn < 2:
        return Interval(-1.0, 1.0, float("nan"), 0.95)
    first, second = (rarefied_coverage(real, images, drawn, k=k) for images in (first, second))
    return bootstrap_interval(np.mean, first - second, seed=seed)


def rarefied_coverage(real, generated, drawn: int, *, k: int = 5) -> Float64[np.ndarray, "n"]:
    """Returns how probably each real ball is hit by `drawn` of the generated images.

    They are drawn without replacement, so the number of hits is hypergeometric. The mean over real
    images is the expected coverage (Naeem et al. 2020) of so many.

    real, generated  (n, d) and (m, d), n more than k, m at least 2 and at least `drawn`

    >>> real = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> rarefied_coverage(real, np.array([[0.1], [50.0]]), 1, k=1).tolist()
    [0.5, 0.5, 0.0, 0.0]
    """
    check_count("drawn", drawn, 1)
    total = _count(generated)
    if drawn > total:
        raise InputError("drawn", f"be at most {total}, the generated images", drawn, "Draw fewer.")
    return 1 - _missed(ball_hits(real, generated, k=k), total, drawn)


def _count(images) -> int:
    shape = np.shape(images)
    if len(shape) != 2:
        raise InputError("generated", "have shape (m, d)", shape, "Give a row for each image.")
    return shape[0]


def _missed(hits: Int[np.ndarray, "n"], total: int, drawn: int) -> Float64[np.ndarray, "n"]:
    """Returns C(total - hits, drawn) / C(total, drawn)."""
    others = total - hits
    possible = others >= drawn
    others = np.maximum(others, drawn)
    # In this order a ball without hits gives 0 exactly.
    logarithm = (gammaln(others + 1) - gammaln(total + 1)) - (
        gammaln(others - drawn + 1) - gammaln(total - drawn + 1)
    )
    return np.where(possible, np.exp(logarithm), 0.0)

"""The kernel distance: maximum mean discrepancy under a cubic kernel (Binkowski et al. 2018)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ..errors import InputError, check_count
from .feature_arrays import as_features

__all__ = ["KernelDistance", "kernel_distance", "squared_discrepancy"]


@dataclass(frozen=True)
class KernelDistance:
    """Mean and standard deviation over subsets of images.

    std  of one subset's value, not of the mean: it shrinks as subsets grow, not as they multiply
    """

    mean: float
    std: float


def kernel_distance(
    features_a,
    features_b,
    *,
    subsets: int = 100,
    subset_size: int = 1000,  # images drawn, without replacement, from each set
    seed: int = 0,
) -> KernelDistance:
    """Returns the squared discrepancy of random subsets: KID where the features are Inception's.

    Unbiased at any number of images, and negative by chance where the sets agree. Symmetric but
    for the draws.

    features_a, features_b  (n, d) and (m, d), finite, n and m at least `subset_size`

    >>> zeros, ones = np.zeros((2, 1)), np.ones((2, 1))
    >>> kernel_distance(zeros, ones, subsets=3, subset_size=2)
    KernelDistance(mean=7.0, std=0.0)
    """
    a, b = as_features(features_a=features_a, features_b=features_b)
    check_count("subsets", subsets, 1)
    check_count("seed", seed, 0)
    most = min(len(a), len(b))
    if not 2 <= subset_size <= most:
        raise InputError(
            "subset_size",
            f"lie in 2 to {most}, the images of the smaller set",
            subset_size,
            "Draw smaller subsets, or embed more images.",
        )
    draws = np.random.default_rng(seed)
    found = [
        squared_discrepancy(*(x[draws.permutation(len(x))[:subset_size]] for x in (a, b)))
        for _ in range(subsets)
    ]
    return KernelDistance(float(np.mean(found)), float(np.std(found)))


def squared_discrepancy(features_a, features_b) -> float:
    """Returns the unbiased estimate of MMD^2 under k(x, y) = (x . y / d + 1)^3.

    features_a, features_b  (n, d) and (m, d), n and m at least 2, finite

    >>> squared_discrepancy(np.zeros((2, 1)), np.ones((2, 1)))  # 1 + 2^3 - 2
    7.0
    """
    a, b = as_features(features_a=features_a, features_b=features_b)
    return float(_mean_of_pairs(a) + _mean_of_pairs(b) - 2 * _kernel(a, b).mean())


def _mean_of_pairs(x: Float64[np.ndarray, "n d"]) -> float:
    """Returns the mean of k over pairs of different rows."""
    kernel = _kernel(x, x)
    return (kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1))


def _kernel(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "m d"]
) -> Float64[np.ndarray, "n m"]:
    return (x @ y.T / x.shape[1] + 1) ** 3

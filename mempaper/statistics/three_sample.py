"""Are generated images nearer to training than to hold-out images? (Bounliphone et al. 2016)"""

from dataclasses import dataclass

import numpy as np
import scipy.stats
from jaxtyping import Float64

from ..errors import InputError, check_count
from .data_copying import p_value_of
from .distances import distance_blocks
from .exchanges import exchanges
from .feature_arrays import as_features

__all__ = ["ThreeSampleTest", "three_sample_test"]

_IMAGES_FOR_BANDWIDTH = 1000  # generated ones, as published


@dataclass(frozen=True)
class ThreeSampleTest:
    """MMD^2(generated, train) - MMD^2(generated, holdout): negative means copying.

    statistic    unbiased
    std          its asymptotic standard deviation
    p_value      published: normal, of a statistic as low as this where generated images are as far
                 from training as from hold-out images
    exchange_p_value  of the same where training and hold-out images are exchangeable
    bandwidth    sigma of the kernel exp(-|x - y|^2 / (2 sigma^2)), in feature units
    """

    statistic: float
    std: float
    p_value: float
    exchange_p_value: float
    bandwidth: float


def three_sample_test(
    train,
    holdout,
    generated,
    *,
    permutations: int = 1000,
    seed: int = 0,
) -> ThreeSampleTest:
    """Returns the relative MMD test (Bounliphone et al. 2016, Sec. 3), one-sided.

    Of the two p-values, `p_value` is theirs. It rests on a normal limit that needs generated images
    to differ in distribution from real ones. Where they do not, which is what a perfect generator
    does, the first-order variance vanishes, and noise of twice the statistic's variance is
    estimated in its place: far fewer than 5 % of null draws are below 0.05, and power is lost.
    `exchange_p_value` is ours: training and hold-out images are exchanged at random, which is exact
    at any size and for any generator that is independent of which are which.

    The variance is theirs (Appendix A) to first order, 4 zeta_1 / m, with sample variances and for
    any three numbers of images; the published code has 4 (m - 2) zeta_1 / (m (m - 1)). 2 sigma^2 is
    the median squared distance, zeros left out, of the first 1,000 generated images to all real
    ones. Theirs is the mean of one sigma for either set, which would change as images are
    exchanged.

    train, holdout, generated  (n, d), (r, d), (m, d), at least 2 each, finite

    >>> three_sample_test([[0.0], [1.0]], [[9.0], [10.0]], [[0.1], [1.1]]).statistic < 0
    True
    """
    train, holdout, generated = as_features(train=train, holdout=holdout, generated=generated)
    check_count("permutations", permutations, 1)
    check_count("seed", seed, 0)
    real = np.concatenate([train, holdout])
    median = _median(generated[:_IMAGES_FOR_BANDWIDTH], real)
    in_train = exchanges(len(train), len(holdout), permutations, np.random.default_rng(seed))
    m, n, r = len(generated), len(train), len(holdout)

    to_generated = np.zeros(n + r)  # sums of k over generated images
    witness = np.empty(m)  # of generated images: mean k to training less to hold-out images
    for rows, kernel in _kernel_blocks(generated, real, median):
        to_generated += kernel.sum(axis=0)
        witness[rows] = kernel[:, :n].mean(axis=1) - kernel[:, n:].mean(axis=1)

    own = np.empty(n + r)  # mean k of each real image to the others of its set
    totals = np.empty(n + r)  # sums of k over all other real images
    in_both = np.zeros(permutations + 1)  # sums of k over pairs of training images
    for rows, kernel in _kernel_blocks(real, real, median):
        kernel[np.arange(len(kernel)), np.arange(rows.start, rows.stop)] = 0
        to_train = kernel @ in_train
        totals[rows] = kernel.sum(axis=1)
        in_both += np.sum(in_train[rows] * to_train, axis=0)
        is_train = in_train[rows, 0] == 1
        own[rows] = np.where(
            is_train, to_train[:, 0] / (n - 1), (totals[rows] - to_train[:, 0]) / (r - 1)
        )
    out_of_both = totals.sum() - 2 * totals @ in_train + in_both
    near_train = to_generated @ in_train
    statistics = (
        in_both / (n * (n - 1))
        - out_of_both / (r * (r - 1))
        - 2 * near_train / (m * n)
        + 2 * (to_generated.sum() - near_train) / (m * r)
    )
    pull = own - to_generated / m
    std = 2 * np.sqrt(witness.var(ddof=1) / m + pull[:n].var(ddof=1) / n + pull[n:].var(ddof=1) / r)
    statistic = float(statistics[0])
    return ThreeSampleTest(
        statistic=statistic,
        std=float(std),
        p_value=float(scipy.stats.norm.cdf(statistic, scale=std) if std else statistic >= 0),
        exchange_p_value=p_value_of(statistic, statistics[1:]),
        bandwidth=float(np.sqrt(median / 2)),
    )


def _median(generated: Float64[np.ndarray, "m d"], real: Float64[np.ndarray, "l d"]) -> float:
    found = np.concatenate([d[d > 0] for _, d in distance_blocks(generated, real)])
    if not len(found):
        raise InputError("generated", "differ from the real images", "copies only", "Check both.")
    return float(np.median(found))


def _kernel_blocks(x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "m d"], median: float):
    """Yields (rows of x, their kernel with all of y), block by block."""
    for rows, distances in distance_blocks(x, y):
        with np.errstate(over="ignore"):  # so far that the kernel is 0
            kernel = np.exp(-distances / median)
        yield rows, kernel

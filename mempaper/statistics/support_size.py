"""How many different images a generator has: the birthday paradox (Arora, Risteski, Zhang 2018).

Of s people two share a birthday more often than not once s^2 / (2 ln 2) exceeds the days of the
year. So a generator of which s images mostly hold two that are the same has about s^2 different
ones. What is estimated is 1 / sum p_i^2, over images i of probability p_i: the number of images
where all are equally likely, and less otherwise. It is a lower bound of the support: a generator
that repeats a hundred images half of the time counts as four hundred, however many the others are.
"""

from dataclasses import dataclass

import numpy as np
import scipy.stats
from scipy.spatial.distance import cdist

from ..errors import InputError, check_count
from .bootstrap import Interval, check_confidence, share_interval
from .feature_arrays import as_features

__all__ = ["BirthdayTest", "SupportSize", "birthday_test", "support_size"]

_ELEMENTS_AT_ONCE = 2**22  # distances in one block: 32 MiB


@dataclass(frozen=True)
class SupportSize:
    """How often two images are the same.

    collisions   pairs that are, of all `pairs`
    probability  that two images are the same
    size         1 / probability, in images; infinite where no two are the same
    """

    collisions: int
    pairs: int
    probability: Interval
    size: Interval


@dataclass(frozen=True)
class BirthdayTest:
    """How often a batch of images holds two that are the same.

    with_collision  share of the batches
    size            images that would make it so often, were all equally likely
    """

    batches: int
    batch_size: int
    with_collision: Interval
    size: Interval


def support_size(features, *, threshold: float, confidence: float = 0.95) -> SupportSize:
    """Returns the share of pairs that are the same image, and its reciprocal.

    Unbiased for the probability at any number of images, where the paper asks one bit of each batch
    and needs batches of the right size: of n images all n (n - 1) / 2 pairs count, B times more
    than in B batches. Its size and the paper's agree where all images are equally likely.

    The interval takes the count of collisions for Poisson's, widened by its dispersion. That is
    above 1 where some images are likelier than others, for such an image collides with many: the
    variance of a U-statistic of pairs (Hoeffding 1948), with sum p_i^3 estimated from triples.

    features   (n, d), n >= 3, of images drawn independently
    threshold  >= 0, Euclidean distance up to which two images are the same. The paper has people
               look at the nearest pairs; real images, which are different, have a least distance.

    >>> found = support_size([[0.0], [0.0], [1.0], [2.0]], threshold=0.0)
    >>> found.collisions, found.pairs, round(found.size.estimate, 6)
    (1, 6, 6.0)
    """
    (features,) = as_features(features=features)
    _require_threshold(threshold)
    check_confidence(confidence)
    n = len(features)
    if n < 3:
        raise InputError("features", "hold at least 3 images", n, "Generate more.")
    others = _partners(features, threshold)  # of each image
    collisions, pairs = int(others.sum()) // 2, n * (n - 1) // 2
    probability = _quasi_poisson(collisions, pairs, _dispersion(others), confidence)
    with np.errstate(divide="ignore"):
        ends = 1 / np.array([probability.high, probability.low, probability.estimate])
    return SupportSize(collisions, pairs, probability, Interval(*ends.tolist(), confidence))


def birthday_test(
    features, *, threshold: float, batch_size: int, confidence: float = 0.95
) -> BirthdayTest:
    """Returns the share of batches with a collision and the size that explains it, as in the paper.

    Batches follow on each other in `features`; what does not fill one is left out. With K images
    equally likely, s of them are all different with probability exp(-s (s - 1) / (2 K)), about; at
    one half this is the paper's s^2 / (2 ln 2). Batches say little where nearly all of them, or
    nearly none, have a collision: see `support_size`. The interval is exact for the share.

    features    (n, d), n at least `batch_size`, of images drawn independently
    batch_size  >= 2

    >>> found = birthday_test([[0.0], [0.0], [1.0], [2.0]], threshold=0.0, batch_size=2)
    >>> found.with_collision.estimate, round(found.size.estimate, 3)  # 1 / ln 2
    (0.5, 1.443)
    """
    (features,) = as_features(features=features)
    _require_threshold(threshold)
    check_count("batch_size", batch_size, 2, len(features))
    batches = len(features) // batch_size
    found = share_interval(
        [
            _partners(features[low : low + batch_size], threshold).any()
            for low in range(0, batches * batch_size, batch_size)
        ],
        confidence=confidence,
    )
    pairs = batch_size * (batch_size - 1) / 2
    with np.errstate(divide="ignore"):
        ends = pairs / -np.log1p(-np.array([found.high, found.low, found.estimate]))
    return BirthdayTest(batches, batch_size, found, Interval(*ends.tolist(), confidence))


def _partners(features: np.ndarray, threshold: float) -> np.ndarray:
    """Returns how many other rows lie within the threshold of each row."""
    counts = np.zeros(len(features), dtype=np.int64)
    step = max(1, _ELEMENTS_AT_ONCE // len(features))
    for low in range(0, len(features), step):
        rows = slice(low, low + step)
        near = cdist(features[rows], features[low:]) <= threshold
        counts[rows] += near.sum(axis=1) - 1
        counts[low + len(near) :] += near[:, len(near) :].sum(axis=0)
    return counts


def _dispersion(others: np.ndarray) -> float:
    """Returns the variance of the number of collisions over its mean, at least 1."""
    n, counts = len(others), others.astype(np.float64)
    shared = np.sum(counts * (counts - 1)) / (n * (n - 1) * (n - 2))  # estimates sum p_i^3
    probability = counts.sum() / (n * (n - 1))
    if not probability:
        return 1.0
    return 1 + max(0.0, 2 * (n - 2) * (shared - probability**2) / probability)


def _quasi_poisson(count: int, pairs: int, dispersion: float, confidence: float) -> Interval:
    """Returns count / pairs with the exact interval of a Poisson count of count / dispersion."""
    effective, error = count / dispersion, (1 - confidence) / 2
    low = scipy.stats.chi2.ppf(error, 2 * effective) / 2 if count else 0.0
    high = scipy.stats.chi2.ppf(1 - error, 2 * effective + 2) / 2
    return Interval(
        float(low * dispersion / pairs),
        float(min(1.0, high * dispersion / pairs)),
        count / pairs,
        confidence,
    )


def _require_threshold(threshold: float) -> None:
    if not 0 <= threshold < np.inf:
        raise InputError(
            "threshold", "be finite and at least 0", threshold, "0 counts exact copies alone."
        )

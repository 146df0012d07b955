"""How far the means of several groups lie apart."""

from collections.abc import Sequence

import numpy as np
import scipy.stats

from ..errors import InputError, check_count
from .bootstrap import Interval, check_confidence

__all__ = ["range_interval"]


def range_interval(means: Sequence[Interval], count: int) -> Interval:
    """Returns the greatest difference of means, with Tukey's interval: that of all differences at
    once. Variances are pooled: the interval is exact for independent groups of equal variance, too
    short where one group varies far more than others, and too long where groups rise and fall
    together.

    means  of groups of `count` values each, with Student's intervals of one confidence

    >>> means = [mean_interval([1.0, 2.0, 3.0]), mean_interval([2.0, 3.0, 4.0])]
    >>> range_interval(means, 3).estimate
    1.0
    """
    check_count("count", count, 2)
    if len(means) < 2 or len({mean.confidence for mean in means}) != 1:
        raise InputError(
            "means",
            "be intervals of two groups or more, of one confidence",
            f"{len(means)} of {sorted({mean.confidence for mean in means})}",
            "Take all with the same confidence.",
        )
    if not np.isfinite([(mean.low, mean.high, mean.estimate) for mean in means]).all():
        raise InputError("means", "be finite", "NaN or infinity", "Leave out such groups.")
    confidence = means[0].confidence
    check_confidence(confidence)
    halves = np.array([(mean.high - mean.low) / 2 for mean in means])
    errors = halves / scipy.stats.t.ppf((1 + confidence) / 2, count - 1)
    freedom = len(means) * (count - 1)
    widest = scipy.stats.studentized_range.ppf(confidence, len(means), freedom)
    reach = widest * np.sqrt(np.mean(errors**2))
    estimates = [mean.estimate for mean in means]
    found = max(estimates) - min(estimates)
    return Interval(float(found - reach), float(found + reach), found, confidence)

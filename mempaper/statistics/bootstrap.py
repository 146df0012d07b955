"""How far a number computed from samples could have fallen elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import numpy as np
import scipy.stats

from ..errors import InputError, check_count

__all__ = ["Interval", "as_numbers", "as_sample", "bootstrap_interval", "check_confidence"]

_LARGEST = 1e100  # of a value: variances of larger ones overflow
_ELEMENTS_AT_ONCE = 2**22  # float64 drawn together: 32 MiB


@dataclass(frozen=True)
class Interval:
    """An estimate and the interval that covers the true value with probability `confidence`.

    >>> f"{Interval(-1.21, 9.88, 5.04, confidence=0.95):.1f}"
    '5.0 [-1.2, 9.9]'
    """

    low: float
    high: float
    estimate: float
    confidence: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __format__(self, spec: str) -> str:
        """Returns estimate and interval: f"{interval:.1f}" is 5.0 [-1.2, 9.9]."""
        return f"{self.estimate:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"

    def in_percent(self) -> str:
        """Returns a share in per cent, with one decimal place."""
        hundredfold = (100 * value for value in (self.low, self.high, self.estimate))
        return f"{Interval(*hundredfold, self.confidence):.1f}"


def bootstrap_interval(
    statistic: Callable[..., float],
    *samples,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Returns the percentile bootstrap interval of `statistic(*samples)`.

    Each sample is resampled by itself, with replacement, to its own size. A statistic with an
    `axis` keyword is called on stacked resamples, (resamples, n) each, and reduces that axis;
    any other is called once for each resample, which is slower.

    Percentiles, and not BCa: BCa's acceleration comes from the jackknife, which is inconsistent
    for medians (n leave-one-out medians take two or three values) and 0 / 0 where they tie. The
    statistic has to vary smoothly at the truth: a distance that is 0 when its samples agree, such
    as Wasserstein's or Kolmogorov-Smirnov's, does not, and the interval then never covers 0.

    samples     each (n,), n >= 2, finite; NumPy or torch
    confidence  in (0, 1)

    >>> f"{bootstrap_interval(np.mean, [2.0, 2.0, 2.0]):.1f}"
    '2.0 [2.0, 2.0]'
    """
    samples = [as_sample(f"samples[{i}]", sample) for i, sample in enumerate(samples)]
    if not samples:
        raise InputError("samples", "hold at least one sample", "none", "Pass one or more arrays.")
    check_confidence(confidence)
    check_count("resamples", resamples, 2)
    check_count("seed", seed, 0)
    # Of SciPy's standard error, where a resample gives infinity, or nearly.
    with np.errstate(invalid="ignore", over="ignore"):
        draws = scipy.stats.bootstrap(
            samples,
            statistic,
            n_resamples=resamples,
            batch=max(1, _ELEMENTS_AT_ONCE // max(len(sample) for sample in samples)),
            axis=-1,
            confidence_level=confidence,
            method="percentile",
            random_state=np.random.default_rng(seed),
        ).bootstrap_distribution
    ends = (1 - confidence) / 2, (1 + confidence) / 2
    # Between infinite draws there is nothing to interpolate.
    method = "linear" if np.isfinite(draws).all() else "inverted_cdf"
    low, high = np.quantile(draws, ends, method=method)
    return Interval(float(low), float(high), float(statistic(*samples)), confidence)


def share_interval(yes, *, confidence: float = 0.95) -> Interval:
    """Returns the share of True in `yes` (n,) with its exact (Clopper-Pearson) interval.

    >>> f"{share_interval([False] * 20):.3f}"  # the upper end is 1 - 0.025^(1/20)
    '0.000 [0.000, 0.168]'
    """
    found = as_numbers("yes", yes)
    if found.ndim != 1 or not len(found) or not np.isin(found, (0, 1)).all():
        raise InputError(
            "yes", "be a non-empty array (n,) of True and False", found.shape, "Pass one an item."
        )
    yes = found == 1
    check_confidence(confidence)
    ends = scipy.stats.binomtest(int(yes.sum()), len(yes)).proportion_ci(confidence, "exact")
    return Interval(float(ends.low), float(ends.high), float(yes.mean()), confidence)


def mean_interval(values, *, confidence: float = 0.95) -> Interval:
    """Returns the mean of `values` (n,), n >= 2, with Student's interval.

    Exact for normal values, such as means over images of several trainings roughly are.

    >>> f"{mean_interval([1.0, 2.0, 3.0]):.2f}"
    '2.00 [-0.48, 4.48]'
    """
    values = as_sample("values", values)
    check_confidence(confidence)
    half = scipy.stats.sem(values) * scipy.stats.t.ppf((1 + confidence) / 2, len(values) - 1)
    mean = float(values.mean())
    return Interval(float(mean - half), float(mean + half), mean, confidence)


def check_confidence(confidence: object) -> None:
    """Raises InputError where `confidence` is no number in (0, 1), or so near to an end of it that
    quantiles are lost in rounding."""
    if not (isinstance(confidence, Real) and 1e-6 <= confidence <= 1 - 1e-6):
        rule = "lie in (0, 1), a millionth from its ends"
        raise InputError("confidence", rule, repr(confidence), "Pass 0.95 for 95 %.")


def as_sample(argument: str, values) -> np.ndarray:
    """Returns `values`, NumPy or torch on any device, as (n,) float64, n >= 2, all finite and
    within 1e100 of 0.

    Raises
        InputError  naming `argument`, for any other shape or content
    """
    values = as_numbers(argument, values)
    if values.ndim != 1:
        raise InputError(
            argument, "have one axis, (n,)", f"shape {values.shape}", "Flatten or select first."
        )
    if len(values) < 2:
        raise InputError(
            argument, "hold at least 2 values", len(values), "Measure more images first."
        )
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise InputError(
            argument,
            "be finite",
            f"{values[bad[0]]} at index {bad[0]} ({len(bad)} of {len(values)} are not finite)",
            "Leave out these entries, and say so, or find out what made them.",
        )
    if np.abs(values).max() > _LARGEST:
        rule = f"lie within {_LARGEST:g} of 0"
        raise InputError(argument, rule, f"{np.abs(values).max():g}", "Use another unit.")
    return values


def as_numbers(argument: str, values) -> np.ndarray:
    """Returns `values`, NumPy or torch on any device, as float64 of whatever shape.

    Raises
        InputError  naming `argument`, where they are no real numbers
    """
    given = getattr(values, "dtype", type(values).__name__)
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values if values.is_complex() else values.double()
    try:
        values = np.asarray(values)
        real = values.dtype.kind in "biuf"
    except ValueError:  # ragged
        real = False
    if not real:
        raise InputError(argument, "be an array of numbers, real ones", given, "Convert it first.")
    with np.errstate(over="ignore"):  # infinity is not refused here
        return np.asarray(values, dtype=np.float64)

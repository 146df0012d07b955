"""What could have been detected: with so many images, at most that much copying stays unseen.

Simulations, to be done before an audit, or after one that found nothing: that a test is silent says
little where it would hardly ever have spoken.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64

from . import parallel
from .detectors import DETECTORS
from .errors import InputError, check_count, check_known
from .statistics import ks_test
from .statistics.bootstrap import as_sample

__all__ = ["gap", "share", "table"]

_PERMUTATIONS = 199


def share(
    count: int,  # training, hold-out and generated images, each
    features,
    *,
    detector: str = "nearness",  # in DETECTORS
    level: float = 0.05,  # rate of false alarms
    power: float = 0.8,
    replicates: int = 100,
    seed: int = 0,
) -> float | None:
    """Returns the smallest share of exact copies found with probability `power`; None for no share.

    In each replicate three sets of `count` rows are drawn from `features`: to train on, to hold
    out, and to be generated but for the copies. A detector finds what its p-value says, or, where
    it has none, a score among the highest share `level` of those without copies. The search halves
    intervals of the share's logarithm, from 1 / count on, down to a factor of 1.05.

    features  (n, d) of real images that are alike, n at least 3 x count; where n is not many times
              that, replicates resemble each other and the answer is less sure

    Raises
        InputError  an argument is out of range
    """
    check_count("count", count, 4)
    _check(level, power, replicates, seed)
    check_known("detector", detector, DETECTORS)
    features = torch.as_tensor(features)
    if features.ndim != 2 or len(features) < 3 * count:
        raise InputError(
            "features",
            f"have shape (n, d), n at least 3 x count = {3 * count:,}",
            tuple(features.shape),
            "Take fewer images, or more features.",
        )

    def detections(copied_share: float):
        for number in range(replicates):
            draws = np.random.default_rng([seed, number])
            order = torch.from_numpy(draws.permutation(len(features))[: 3 * count])
            train, holdout, generated = features[order].split(count)
            copied = torch.from_numpy(draws.random(count) < copied_share)
            sources = torch.from_numpy(draws.integers(count, size=count))
            generated = torch.where(copied[:, None], train[sources], generated)
            yield DETECTORS[detector].detect(
                train, holdout, generated, number, permutations=_PERMUTATIONS
            )

    with parallel.one_thread():
        without = [found.score for found in detections(0.0)]
        line = np.sort(without)[-int(level * (replicates + 1))]

        def found(copied_share: float) -> bool:
            misses = 0
            for each in detections(copied_share):
                by_score = each.p_value is None
                misses += each.score <= line if by_score else each.p_value > level
                if misses > (1 - power) * replicates + 1e-9:
                    return False
            return True

        return _smallest(found, 1 / count, 1.0)


def gap(
    count: int,  # training and hold-out images, each
    errors,
    *,
    test: str = "ks",  # or "median"
    level: float = 0.05,  # rate of false alarms
    power: float = 0.8,
    replicates: int = 400,
    seed: int = 0,
) -> float | None:
    """Returns the smallest MRE-gap found with probability `power`; None for no gap below 99.9 %.

    A model of gap g is taken to recover training images as it does others, with 1 - g times the
    error. Errors of `count` images of either kind are drawn from those given. The test "ks" is
    Kolmogorov and Smirnov's, of p-value at most `level`; "median" is a gap above what chance gives
    at a share `level` of replicates without memorization: less than the paper's threshold of 10 %
    where there are many images, and more where there are few.

    errors  (n,) recovery errors of hold-out images, positive

    Raises
        InputError  an argument is out of range
    """
    check_count("count", count, 2)
    _check(level, power, replicates, seed)
    errors = as_sample("errors", errors)
    if errors.min() <= 0:
        raise InputError("errors", "be positive", errors.min(), "Leave out what is copied.")
    if test not in ("ks", "median"):
        raise InputError("test", "be ks or median", repr(test), "Choose one of them.")
    draws = np.random.default_rng(seed)
    train, val = np.sort(draws.choice(errors, size=(2, replicates, count)), axis=-1)
    if test == "median":
        ratio = np.median(train, axis=1) / np.median(val, axis=1)
        found = float(1 - np.quantile(ratio, level) / np.quantile(ratio, power))
        return found if found < 1 else None
    least = _critical(count, level)
    if least is None:
        return None

    def found(g: float) -> bool:
        hits = [_differences(t * (1 - g), v) >= least for t, v in zip(train, val, strict=True)]
        return float(np.mean(hits)) >= power

    return _smallest(found, 1e-3, 0.999)


def table(
    counts: Sequence[int],
    *,
    features,  # as for `share`
    errors,  # as for `gap`
    detector: str = "nearness",
    replicates: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """Returns the smallest share and the smallest gaps found, in per cent, by number of images."""

    def percent(value: float | None) -> str:
        return "none" if value is None else f"{100 * value:.2g}"

    rows = {
        f"n = {count:,}": {
            "exact copies (%)": percent(
                share(count, features, detector=detector, replicates=replicates, seed=seed)
            ),
            "MRE-gap, KS test (%)": percent(gap(count, errors, seed=seed)),
            "MRE-gap, medians (%)": percent(gap(count, errors, test="median", seed=seed)),
        }
        for count in counts
    }
    return pd.DataFrame(rows).T


def _check(level: float, power: float, replicates: int, seed: int) -> None:
    for name, value in (("level", level), ("power", power)):
        if not 0 < value < 1:
            raise InputError(name, "lie in (0, 1)", value, "Pass 0.05 for 5 %.")
    check_count("replicates", replicates, int(np.ceil(1 / level)))
    check_count("seed", seed, 0)


def _smallest(found: Callable[[float], bool], low: float, high: float) -> float | None:
    """Returns where `found` begins to be true, to a factor of 1.05; None where not even at high."""
    if not found(high):
        return None
    if found(low):
        return low
    while high / low > 1.05:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if found(middle) else (middle, high)
    return high


def _critical(count: int, level: float) -> int | None:
    """Returns the least difference of counts that the KS test of two equal samples finds."""
    ranks = np.arange(count, dtype=np.float64)
    low, high = 0, count + 1
    while high - low > 1:
        middle = (low + high) // 2
        significant = ks_test(ranks, ranks + middle - 0.5).p_value <= level
        low, high = (low, middle) if significant else (middle, high)
    return high if high <= count else None


def _differences(train: Float64[np.ndarray, "n"], val: Float64[np.ndarray, "n"]) -> int:
    """Returns the largest difference of the two samples' numbers of errors below a bound."""
    bounds = np.concatenate([train, val])
    below = [np.searchsorted(of, bounds, side="right") for of in (train, val)]
    return int(np.abs(below[0] - below[1]).max())

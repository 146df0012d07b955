"""The clock of the benchmarks."""

from time import perf_counter

import numpy as np

from mempaper.statistics import Interval, mean_interval

__all__ = ["seconds", "times_as_fast"]


def seconds(function) -> float:
    """Returns how long a call takes."""
    begun = perf_counter()
    function()
    return perf_counter() - begun


def times_as_fast(before: np.ndarray, after: np.ndarray) -> Interval:
    """Returns the geometric mean of before / after over rounds, with Student's interval of its
    logarithm."""
    found = mean_interval(np.log(before / after))
    return Interval(*np.exp([found.low, found.high, found.estimate]).tolist(), found.confidence)

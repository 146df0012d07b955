"""Whether several measures put the same things in the same order."""

from dataclasses import dataclass

import numpy as np
import scipy.stats
from jaxtyping import Float64

from ..errors import InputError, check_count
from .bootstrap import Interval, as_numbers, check_confidence

__all__ = ["RankCorrelations", "rank_correlations"]


@dataclass(frozen=True, eq=False)
class RankCorrelations:
    """How alike k measures order n things.

    coefficients  (k, k), in [-1, 1]; NaN where a measure is the same for all things of each group
    p_values      (k, k), two-sided, of coefficients so far from 0 where the order of one measure
                  says nothing of that of the other
    things        n less the number of groups, plus 1
    """

    coefficients: Float64[np.ndarray, "k k"]
    p_values: Float64[np.ndarray, "k k"]
    things: int

    def interval(self, first: int, second: int, *, confidence: float = 0.95) -> Interval:
        """Returns a coefficient with Bonett and Wright's (2000) interval.

        Approximate, and too narrow where the things are not independent of each other, as models
        are not that differ in one setting. [-1, 1] for four things or fewer.
        """
        check_confidence(confidence)
        found = float(self.coefficients[first, second])
        if self.things <= 4 or np.isnan(found):
            return Interval(-1.0, 1.0, found, confidence)
        error = np.sqrt((1 + found**2 / 2) / (self.things - 3))
        centre = np.arctanh(np.clip(found, -1 + 1e-12, 1 - 1e-12))
        reach = scipy.stats.norm.ppf((1 + confidence) / 2) * error
        low, high = np.tanh([centre - reach, centre + reach])
        return Interval(float(low), float(high), found, confidence)


def rank_correlations(
    values,
    *,
    groups=None,  # (n,): things are ranked within their group only; None: one group
    permutations: int = 9999,
    seed: int = 0,
) -> RankCorrelations:
    """Returns Spearman's coefficients of the columns of `values` (n, k), which may be infinite.

    With groups it is the correlation of ranks within them, each divided by the size of the group
    plus 1, so that groups that differ in all measures alike do not count as agreement. p-values are
    by permutation within groups: exact where things can be exchanged, whatever the ties.

    Raises
        InputError  values are NaN, or of another shape

    >>> found = rank_correlations([[1, 10, 3], [2, 20, 2], [3, 90, 1]], permutations=9)
    >>> found.coefficients.round(6).tolist()[0]
    [1.0, 1.0, -1.0]
    """
    values = as_numbers("values", values)
    if values.ndim != 2 or len(values) < 2 or np.isnan(values).any():
        raise InputError(
            "values", "be an array (n, k), n >= 2, without NaN", values.shape, "One row a thing."
        )
    check_count("permutations", permutations, 1)
    check_count("seed", seed, 0)
    groups = np.zeros(len(values), int) if groups is None else np.asarray(groups)
    if groups.shape != (len(values),):
        rule = f"have shape ({len(values)},), one for each row of values"
        raise InputError("groups", rule, groups.shape, "Name the group of each thing.")
    places = [np.flatnonzero(groups == name) for name in np.unique(groups)]
    ranks = np.empty_like(values)
    for place in places:
        of_group = scipy.stats.rankdata(values[place], axis=0)
        ranks[place] = (of_group - of_group.mean(axis=0)) / (len(place) + 1)
    lengths = np.sqrt(np.sum(ranks**2, axis=0))
    ranks = np.divide(ranks, lengths, out=np.full_like(ranks, np.nan), where=lengths > 0)
    coefficients = ranks.T @ ranks
    draws = np.random.default_rng(seed)
    as_far = np.ones_like(coefficients)
    for _ in range(permutations):
        order = np.empty(len(values), int)
        for place in places:
            order[place] = draws.permutation(place)
        as_far += np.abs(ranks[order].T @ ranks) >= np.abs(coefficients) - 1e-9
    # The upper half permutes one measure, the lower the other.
    p_values = np.maximum(as_far, as_far.T) / (permutations + 1)
    p_values[np.isnan(coefficients)] = 1
    return RankCorrelations(coefficients, p_values, len(values) - len(places) + 1)

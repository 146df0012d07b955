"""Whether one set of positive scores is smaller than another, by their geometric means."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ..errors import InputError, check_count
from .bootstrap import as_numbers
from .exchanges import permuted

__all__ = ["LogScoreTest", "log_score_test"]

_LARGEST = 1e300
_SPAN = 1000.0
"""A score counts as at most so many times nearer to 0, or farther, than the median of all."""


@dataclass(frozen=True)
class LogScoreTest:
    """A one-sided test that members' scores are smaller than non-members'.

    ratio    of the geometric means, members' over non-members'; below 1 where members' are smaller
    p_value  by permutation; at least 1 / (permutations + 1)
    """

    ratio: float
    p_value: float


def log_score_test(
    members,
    nonmembers,
    *,
    permutations: int = 9999,
    seed: int = 0,
) -> LogScoreTest:
    """Returns the test of scores (n,) and (m,), n, m >= 2, in [0, infinity].

    Labels of members and non-members are permuted: where the scores do not know which is which, p
    is at most a with probability at most a.

    Logarithms, so that a few scores next to 0, as images have that a generator copies, weigh more
    than many that are a little smaller, and yet not all. Where n = m, less than 2^-k of the
    permutations leave k copied images among the members, so that p comes down to that where other
    scores vary little, and is larger where they vary much. Scores are clipped at a thousandth and
    at a thousand times the median of all, so that 0 and infinity are scores like others.

    Raises
        InputError  scores are NaN, negative, too few, or no arrays of one axis

    >>> round(log_score_test([1.0, 4.0], [4.0, 4.0]).ratio, 6)  # geometric means 2 and 4
    0.5
    """
    check_count("permutations", permutations, 1)
    check_count("seed", seed, 0)
    groups = [_scores(name, of) for name, of in (("members", members), ("nonmembers", nonmembers))]
    logs = _logs(np.concatenate(groups))
    n, total = len(groups[0]), logs.sum()
    observed = logs[:n].sum()
    as_low = 1
    for rows in permuted(logs, permutations, seed):
        as_low += int((rows[:, :n].sum(axis=1) <= observed + 1e-9 * np.abs(logs).sum()).sum())
    difference = observed / n - (total - observed) / (len(logs) - n)
    return LogScoreTest(float(np.exp(difference)), as_low / (permutations + 1))


def _logs(scores: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    usable = scores[(scores > 0) & np.isfinite(scores)]
    middle = max(np.median(usable), _SPAN * np.finfo(float).tiny) if len(usable) else 1.0
    return np.log(np.clip(scores, middle / _SPAN, middle * _SPAN))


def _scores(argument: str, values) -> Float64[np.ndarray, "n"]:
    values = as_numbers(argument, values)
    large = values[np.isfinite(values)] > _LARGEST
    if values.ndim != 1 or len(values) < 2 or not (values >= 0).all() or large.any():
        raise InputError(
            argument,
            "be an array (n,) of at least 2 scores, none of them negative, NaN or finite beyond "
            f"{_LARGEST:g}",
            f"shape {values.shape}",
            "Give a distance or an error for each image.",
        )
    return values

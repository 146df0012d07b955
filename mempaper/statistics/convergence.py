"""How much longer one optimiser needs than another."""

from functools import partial

import numpy as np

from ..errors import InputError, check_count
from .bootstrap import Interval, as_numbers, bootstrap_interval

__all__ = ["pass_ratio"]


def pass_ratio(
    reference,
    rival,
    *,
    at: int,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Returns how many times the passes `rival` needs for the median error of `reference`.

    reference, rival  (n, t) and (n, u): errors of the same n >= 2 images after pass 1, 2, ...;
                      NaN, of one that diverged, counts as infinity
    at                the pass of `reference` whose median error is to be reached, 1 to t

    Images are resampled, for both optimisers alike. Where the rival never gets there within its u
    passes the ratio is at least u / at: the estimate and the lower end count u, the upper end is
    infinite.

    >>> reference, rival = [[2.0, 1.0, 1.0, 1.0]] * 3, [[4.0, 3.0, 2.0, 1.0]] * 3
    >>> f"{pass_ratio(reference, rival, at=2, resamples=10):.1f}"  # 4 passes for 2
    '2.0 [2.0, 2.0]'
    """
    reference, rival = _table("reference", reference), _table("rival", rival)
    check_count("at", at, 1, reference.shape[1])
    if len(rival) != len(reference) or not rival.shape[1]:
        raise InputError(
            "rival",
            f"have shape ({len(reference)}, u), u >= 1, with a row for each image of reference",
            rival.shape,
            "Recover the same images with both.",
        )

    def ratio(images: np.ndarray, never: float) -> float:
        chosen = images.astype(int)
        goal = np.median(reference[chosen, at - 1])
        reached = np.median(rival[chosen], axis=0) <= goal
        return (reached.argmax() + 1 if reached.any() else never) / at

    if len(reference) < 2:
        raise InputError("reference", "hold at least 2 images", len(reference), "Recover more.")
    images = np.arange(len(rival))
    settings = {"resamples": resamples, "seed": seed}
    least = bootstrap_interval(partial(ratio, never=float(rival.shape[1])), images, **settings)
    most = bootstrap_interval(partial(ratio, never=np.inf), images, **settings)
    return Interval(least.low, most.high, least.estimate, least.confidence)


def _table(argument: str, errors) -> np.ndarray:
    errors = as_numbers(argument, errors)
    if errors.ndim != 2:
        raise InputError(
            argument,
            "be numbers of shape (n, t), a row for each image",
            f"shape {errors.shape}",
            "Stack the errors after each pass.",
        )
    if (errors < 0).any():
        raise InputError(argument, "be at least 0", errors.min(), "Pass errors, not logarithms.")
    return np.where(np.isnan(errors), np.inf, errors)

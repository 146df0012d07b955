"""How much longer one optimiser needs than another."""

from functools import partial

import numpy as np
from jaxtyping import Float

from ..errors import InputError
from .bootstrap import Interval, bootstrap_interval

__all__ = ["pass_ratio"]


def pass_ratio(
    reference: Float[np.ndarray, "n t"],
    rival: Float[np.ndarray, "m u"],
    *,
    at: int,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Returns how many times the passes `rival` needs for the median error of `reference`.

    reference, rival  errors of the same n = m images, n >= 2, after pass 1, 2, ...
    at                the pass of `reference` whose median error is to be reached, 1 to t

    Images are resampled, for both optimisers alike. Where the rival never gets there within its u
    passes the ratio is at least u / at: the estimate and the lower end count u, the upper end is
    infinite.
    """
    if not 1 <= at <= reference.shape[1]:
        raise InputError("at", f"lie in 1 to {reference.shape[1]}", at, "Choose a pass that ran.")
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

    images = np.arange(len(rival))
    settings = {"resamples": resamples, "seed": seed}
    least = bootstrap_interval(partial(ratio, never=float(rival.shape[1])), images, **settings)
    most = bootstrap_interval(partial(ratio, never=np.inf), images, **settings)
    return Interval(least.low, most.high, least.estimate, least.confidence)

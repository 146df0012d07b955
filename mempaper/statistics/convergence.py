"""How much longer one optimiser needs than another."""

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

    Images are resampled, for both optimisers alike. A rival that never gets there within its u
    passes counts as u, so the ratio is then a lower bound.
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

    def ratio(images: np.ndarray) -> float:
        chosen = images.astype(int)
        goal = np.median(reference[chosen, at - 1])
        reached = np.median(rival[chosen], axis=0) <= goal
        return (reached.argmax() + 1 if reached.any() else rival.shape[1]) / at

    return bootstrap_interval(ratio, np.arange(len(rival)), resamples=resamples, seed=seed)

"""What the distances between sets of features demand of their arguments."""

import numpy as np
from jaxtyping import Float64

from ..errors import InputError
from .bootstrap import as_numbers

__all__ = ["LARGEST", "as_features", "require_more_than"]

LARGEST = 1e45
"""Of a feature: cubes of products of larger ones, which some distances take, overflow."""


def as_features(**named) -> list[Float64[np.ndarray, "_ d"]]:
    """Returns each argument, NumPy or torch on any device, as (n, d) float64, n >= 2, all of them
    numbers within LARGEST.

    Raises
        InputError  naming the argument, for any other shape or content, or for a d of its own
    """
    arrays = [_checked(argument, values) for argument, values in named.items()]
    dims = [array.shape[1] for array in arrays]
    for argument, dim in zip(named, dims, strict=True):
        if dim != dims[0]:
            raise InputError(
                argument,
                f"have {dims[0]} features an image, as {next(iter(named))} has",
                dim,
                "Embed both sets with the same encoder.",
            )
    return arrays


def require_more_than(k: int, **named: np.ndarray) -> None:
    """Raises an InputError where a set is too small for k-th neighbours."""
    if k < 1:
        raise InputError("k", "be at least 1", k, "3 and 5 are usual.")
    for argument, array in named.items():
        if len(array) <= k:
            raise InputError(
                argument, f"hold more than k = {k} images", len(array), "Embed more, or reduce k."
            )


def _checked(argument: str, values) -> Float64[np.ndarray, "n d"]:
    array = as_numbers(argument, values)
    if array.ndim != 2 or len(array) < 2 or not array.shape[1]:
        raise InputError(
            argument, "have shape (n, d), n >= 2, d >= 1", array.shape, "Give a row for each image."
        )
    if not (array.min() >= -LARGEST and array.max() <= LARGEST):
        within = np.abs(array) <= LARGEST
        row = int(within.all(axis=1).argmin())
        found = array[row][~within[row]][0]
        rule = f"lie within {LARGEST:g} of 0" if np.isfinite(found) else "be finite"
        shown = f"{found:g}" if np.isfinite(found) else "NaN or infinity"
        raise InputError(argument, rule, f"{shown} in row {row}", "Find out what made it.")
    return array

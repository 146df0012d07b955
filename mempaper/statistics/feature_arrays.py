"""What the distances between sets of features demand of their arguments."""

import numpy as np
from jaxtyping import Float64

from ..errors import InputError

__all__ = ["as_features", "require_more_than"]


def as_features(**named) -> list[Float64[np.ndarray, "_ d"]]:
    """Returns each argument, NumPy or torch on any device, as (n, d) float64, n >= 2, all finite.

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
    if hasattr(values, "detach"):
        values = values.detach().cpu().double()
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            argument, "be an array of numbers", type(values).__name__, "Convert it first."
        ) from error
    if array.ndim != 2 or len(array) < 2 or not array.shape[1]:
        raise InputError(
            argument, "have shape (n, d), n >= 2, d >= 1", array.shape, "Give a row for each image."
        )
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise InputError(
            argument,
            "be finite",
            f"NaN or infinity in row {int(finite.argmin())}",
            "Find out what made it.",
        )
    return array

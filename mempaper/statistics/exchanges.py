"""Training and hold-out images, exchanged at random."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

__all__ = ["exchanges", "permuted"]

_ELEMENTS_AT_ONCE = 2**21  # float64 permuted together: 16 MiB


def exchanges(
    train: int, holdout: int, count: int, rng: np.random.Generator
) -> Float64[np.ndarray, "l p"]:
    """Returns 1 for each image that counts as a training image, else 0, training images first.

    The first column is the true one; `train` images are drawn anew for each other column.
    """
    true = np.repeat([1.0, 0.0], [train, holdout])
    drawn = rng.permuted(np.broadcast_to(true, (count, len(true))), axis=1)
    return np.column_stack([true, drawn.T])


def permuted(
    values: Float64[np.ndarray, "n"], count: int, seed: int
) -> Iterator[Float64[np.ndarray, "b n"]]:
    """Yields `count` random permutations of the values in all, some at a time."""
    draws = np.random.default_rng(seed)
    step = max(1, _ELEMENTS_AT_ONCE // len(values))
    for low in range(0, count, step):
        rows = np.tile(values, (min(step, count - low), 1))
        yield draws.permuted(rows, axis=1, out=rows)

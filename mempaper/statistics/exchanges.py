"""Training and hold-out images, exchanged at random."""

import numpy as np
from jaxtyping import Float64

__all__ = ["exchanges"]


def exchanges(
    train: int, holdout: int, count: int, rng: np.random.Generator
) -> Float64[np.ndarray, "l p"]:
    """Returns 1 for each image that counts as a training image, else 0, training images first.

    The first column is the true one; `train` images are drawn anew for each other column.
    """
    true = np.repeat([1.0, 0.0], [train, holdout])
    drawn = rng.permuted(np.broadcast_to(true, (count, len(true))), axis=1)
    return np.column_stack([true, drawn.T])

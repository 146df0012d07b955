"""How near generated images come to real ones, in units of how near real ones are to each other."""

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from .neighbors import nearest

__all__ = ["membership_scores", "relative_distance"]


def membership_scores(
    train: Float[Tensor, "n d"],
    holdout: Float[Tensor, "m d"],
    generated: Float[Tensor, "g d"],
    *,
    metric: str = "euclidean",  # as in neighbors.nearest
) -> tuple[Float64[np.ndarray, "n"], Float64[np.ndarray, "m"]]:
    """Returns the scores of training and of hold-out images: lower where a generated one is nearer.

    The black-box attack of Chen et al. (2020, Sec. 4.1) scores an image by its distance to the
    nearest generated one. Here that is divided by the distance to the nearest other real image, or
    images of which there are many alike would seem to be copied. Of two equal real images both
    score 0 where a generated one is equal to them, and infinity else.

    >>> train, holdout = torch.tensor([[0.0], [10.0]]), torch.tensor([[20.0], [30.0]])
    >>> members, others = membership_scores(train, holdout, torch.tensor([[1.0]]))
    >>> members.tolist(), others.tolist()
    ([0.1, 0.9], [1.9, 2.9])
    """
    real = torch.cat([train, holdout])
    to_generated, _ = nearest(real, generated, metric=metric)
    spacing, _ = nearest(real, real, metric=metric, exclude_self=True)
    scores = relative_distance(to_generated[:, 0].numpy(), spacing[:, 0].numpy())
    return scores[: len(train)], scores[len(train) :]


def relative_distance(
    distance: Float64[np.ndarray, "n"], spacing: Float64[np.ndarray, "n"]
) -> Float64[np.ndarray, "n"]:
    """Returns distance / spacing; where there is no spacing 0 of 0, and infinity of any other.

    >>> relative_distance(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.0, 2.0])).tolist()
    [0.0, inf, 0.5]
    """
    empty = np.where(distance > 0, np.inf, 0.0)
    return np.divide(distance, spacing, out=empty, where=spacing > 0)

"""How near generated images come to real ones, in units of how near real ones are to each other."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from .neighbors import nearest

__all__ = ["Real", "membership_scores", "relative_distance"]


@dataclass(frozen=True, eq=False)
class Real:
    """Features of training and of hold-out images.

    metric  as in neighbors.nearest
    """

    train: Float[Tensor, "n d"]
    holdout: Float[Tensor, "m d"]
    metric: str = "euclidean"

    @cached_property
    def both(self) -> Float[Tensor, "k d"]:
        """Returns training images, then hold-out images."""
        return torch.cat([self.train, self.holdout])

    @cached_property
    def spacing(self) -> Float64[np.ndarray, "k"]:
        """Returns the distance of each of both to the nearest other one."""
        distance, _ = nearest(self.both, self.both, metric=self.metric, exclude_self=True)
        return distance[:, 0].numpy()


def membership_scores(
    real: Real, generated: Float[Tensor, "g d"]
) -> tuple[Float64[np.ndarray, "n"], Float64[np.ndarray, "m"]]:
    """Returns the scores of training and of hold-out images: lower where a generated one is nearer.

    The black-box attack of Chen et al. (2020, Sec. 4.1) scores an image by its distance to the
    nearest generated one. Here that is divided by the distance to the nearest other real image, or
    images of which there are many alike would seem to be copied. Of two equal real images both
    score 0 where a generated one is equal to them, and infinity else.

    >>> train, holdout = torch.tensor([[0.0], [10.0]]), torch.tensor([[20.0], [30.0]])
    >>> members, others = membership_scores(Real(train, holdout), torch.tensor([[1.0]]))
    >>> members.tolist(), others.tolist()
    ([0.1, 0.9], [1.9, 2.9])
    """
    to_generated, _ = nearest(real.both, generated, metric=real.metric)
    scores = relative_distance(to_generated[:, 0].numpy(), real.spacing)
    return scores[: len(real.train)], scores[len(real.train) :]


def relative_distance(
    distance: Float64[np.ndarray, "n"], spacing: Float64[np.ndarray, "n"]
) -> Float64[np.ndarray, "n"]:
    """Returns distance / spacing; where there is no spacing 0 of 0, and infinity of any other.

    >>> relative_distance(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.0, 2.0])).tolist()
    [0.0, inf, 0.5]
    """
    empty = np.where(distance > 0, np.inf, 0.0)
    return np.divide(distance, spacing, out=empty, where=spacing > 0)

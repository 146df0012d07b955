"""Which images lie near generated ones, under one embedding."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from ..embeddings import Embedding, features
from ..nearness import Real, membership_scores, relative_distance
from ..neighbors import nearest
from ..runs import Store

__all__ = ["Neighbours", "Sets", "embed", "halved", "neighbours", "planted", "scores"]

_LINEAR = ("pixels", "pca")


@dataclass(frozen=True, eq=False)
class Sets:
    """Features of real and of generated images under one embedding.

    generated  of v views of each of g images: as it is, and mirrored
    """

    name: str
    real: Real
    generated: Float[Tensor, "v g d"]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """What lies nearest to each of g generated images, in any of its views.

    to_train, to_holdout  distances
    train                 number of the nearest training image
    ratio                 to_train over the distance of that training image to its own nearest real
                          image: far below 1 for a copy
    """

    to_train: Float64[np.ndarray, "g"]
    to_holdout: Float64[np.ndarray, "g"]
    train: Int[np.ndarray, "g"]
    ratio: Float64[np.ndarray, "g"]


def embed(
    embedding: Embedding,
    train: Float[Tensor, "n c h w"],
    holdout: Float[Tensor, "m c h w"],
    generated: Float[Tensor, "g c h w"],
    *,
    store: Store | None = None,
) -> Sets:
    """Returns the features of all images.

    Distances are Euclidean between pixels and their principal components, cosine else.
    """

    def of(images: Tensor) -> Tensor:
        return torch.from_numpy(features(embedding, images, store=store).values)

    metric = "euclidean" if embedding.name.startswith(_LINEAR) else "cosine"
    views = torch.stack([of(generated), of(generated.flip(-1))])
    return Sets(embedding.name, Real(of(train), of(holdout), metric), views)


def scores(sets: Sets) -> tuple[Float64[np.ndarray, "n"], Float64[np.ndarray, "m"]]:
    """Returns the membership_scores of training and of hold-out images, over all views."""
    return membership_scores(sets.real, sets.generated.flatten(0, 1))


def neighbours(sets: Sets) -> Neighbours:
    """Returns the nearest real images of each generated one."""
    views, count = sets.generated.shape[:2]
    flat, real = sets.generated.flatten(0, 1), sets.real
    to_train, index = (
        a[:, 0].reshape(views, count) for a in nearest(flat, real.train, metric=real.metric)
    )
    to_holdout, _ = nearest(flat, real.holdout, metric=real.metric)
    best = to_train.argmin(0)
    each = torch.arange(count)
    chosen = index[best, each]
    return Neighbours(
        to_train=to_train[best, each].numpy(),
        to_holdout=torch.as_tensor(to_holdout)[:, 0].reshape(views, count).amin(0).numpy(),
        train=chosen.numpy(),
        ratio=relative_distance(to_train[best, each].numpy(), real.spacing[chosen]),
    )


def planted(sets: Sets, share: float, *, seed: int) -> Sets:
    """Returns the sets with a share of the generated images replaced by training images.

    The positive control: a generator that copies, and whose other images are the audited one's.
    """
    draws = np.random.default_rng([seed, 1])
    count = sets.generated.shape[1]
    places = draws.permutation(count)[: round(share * count)]
    copied = draws.integers(len(sets.real.train), size=len(places))
    generated = sets.generated.clone()
    generated[:, places] = sets.real.train[copied]
    return replace(sets, generated=generated)


def halved(sets: Sets, *, seed: int) -> Sets:
    """Returns half of the training images as a training set, the others as if generated.

    The negative control: a generator without fault that has not seen its training set. What finds
    it to copy has found that training and hold-out images differ.
    """
    train = sets.real.train
    order = np.random.default_rng([seed, 2]).permutation(len(train))
    half = len(order) // 2
    real = replace(sets.real, train=train[order[:half]])
    return replace(sets, real=real, generated=train[order[half:]][None])

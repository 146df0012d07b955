"""Planted copiers: generators of which it is known what they copy, to calibrate detectors.

A good generator, that is fresh draws from the true distribution, gives with probability p a
training image instead, corrupted or as it is. And a kernel density estimate: training images and
noise, from copying at no bandwidth to blurring at a large one (Meehan et al. 2020).

Draw i is a function of the seed and of i, whatever number is asked for. Draws of the same seed and
of another probability, corruption, strength or bandwidth share all that they can: the copies at 5 %
are among those at 10 %, and of the same training images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64, Int64
from scipy.special import ndtri
from torch import Tensor

from ._counter import uniform
from .errors import InputError, check_count

__all__ = [
    "CORRUPTIONS",
    "Corruption",
    "Draws",
    "Planted",
    "blended",
    "exact",
    "flipped",
    "jittered",
    "kernel_density_draws",
    "noised",
    "plant",
    "shifted",
]

_WHETHER, _WHICH, _DIRECTION, _COLOUR, _NOISE = range(5)  # streams


@dataclass(frozen=True, eq=False)
class Planted:
    """What a planted copier generated, and the truth about it.

    images  float32, images (n, c, h, w) in [-1, 1], or draws (n, ...) of a density estimate
    copied  whether each is a copy
    source  the training image it is a copy of; -1 for none
    """

    images: Float32[Tensor, "n ..."]
    copied: Bool[np.ndarray, "n"]
    source: Int64[np.ndarray, "n"]


@dataclass(frozen=True, eq=False)
class Draws:
    """What a corruption has at hand for its b copies: random numbers, and images to blend with.

    index  places of the copies among the generated images
    fresh  the images that would have been generated there
    """

    seed: int
    index: Int64[np.ndarray, "b"]
    fresh: Float32[np.ndarray, "b c h w"]

    def uniform(self, stream: int, *shape: int) -> Float64[np.ndarray, "b ..."]:
        """Returns numbers in [0, 1), an array of `shape` for each copy."""
        return _uniform(self.seed, self.index, stream, shape)

    def normal(self, stream: int, *shape: int) -> Float64[np.ndarray, "b ..."]:
        """Returns standard normal numbers, an array of `shape` for each copy."""
        return _normal(self.seed, self.index, stream, shape)


Corruption = Callable[[np.ndarray, Draws], np.ndarray]
"""Training images (b, c, h, w) in [-1, 1] and draws -> as many images, of any float type."""


def exact(copies: Float[np.ndarray, "b c h w"], draws: Draws) -> Float[np.ndarray, "b c h w"]:
    """Returns the training images.

    >>> copy = np.array([[[[0.0, 1.0]]]])
    >>> plant(np.zeros((1, 1, 1, 2)), copy, share=1, corruption=exact).images.tolist()
    [[[[0.0, 1.0]]]]
    """
    return copies


def flipped(copies: Float[np.ndarray, "b c h w"], draws: Draws) -> Float[np.ndarray, "b c h w"]:
    """Returns the training images with left and right exchanged.

    >>> copy = np.array([[[[0.0, 1.0]]]])
    >>> plant(np.zeros((1, 1, 1, 2)), copy, share=1, corruption=flipped).images.tolist()
    [[[[1.0, 0.0]]]]
    """
    return copies[..., ::-1]


def shifted(
    copies: Float[np.ndarray, "b c h w"], draws: Draws, *, pixels: int = 1
) -> Float[np.ndarray, "b c h w"]:
    """Returns the training images moved up, down, left or right, each equally likely.

    pixels  >= 0; the border's values come in from outside

    >>> copy = np.zeros((1, 1, 3, 3))
    >>> copy[..., 1, 1] = 1
    >>> moved = plant(np.zeros((1, 1, 3, 3)), copy, share=1, corruption=shifted).images[0, 0]
    >>> moved.sum().item(), moved[1, 1].item()
    (1.0, 0.0)
    """
    check_count("pixels", pixels, 0)
    way = (4 * draws.uniform(_DIRECTION)).astype(np.int64)
    down = pixels * np.array([1, -1, 0, 0])[way]
    right = pixels * np.array([0, 0, 1, -1])[way]
    height, width = copies.shape[2:]
    rows = (np.arange(height) - down[:, None]).clip(0, height - 1)
    columns = (np.arange(width) - right[:, None]).clip(0, width - 1)
    moved = np.take_along_axis(copies, rows[:, None, :, None], axis=2)
    return np.take_along_axis(moved, columns[:, None, None, :], axis=3)


def jittered(
    copies: Float[np.ndarray, "b c h w"], draws: Draws, *, sigma: float | int = 0.1
) -> Float[np.ndarray, "b c h w"]:
    """Returns the training images with one number added to each colour channel.

    A change of hue and of brightness; of brightness alone where there is one channel.

    sigma  >= 0, standard deviation of that number; black to white is 2

    >>> made = plant(np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 2, 2)), share=1, corruption=jittered)
    >>> len(set(made.images.flatten().tolist()))  # one number for the whole channel
    1
    """
    _require_sigma("sigma", sigma)
    added = sigma * draws.normal(_COLOUR, copies.shape[1])
    return copies + added[:, :, None, None]


def noised(
    copies: Float[np.ndarray, "b c h w"], draws: Draws, *, sigma: float | int = 0.1
) -> Float[np.ndarray, "b c h w"]:
    """Returns the training images with independent normal noise at every value.

    sigma  >= 0, standard deviation of the noise; black to white is 2

    >>> made = plant(np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 2, 2)), share=1, corruption=noised)
    >>> len(set(made.images.flatten().tolist()))
    4
    """
    _require_sigma("sigma", sigma)
    return copies + sigma * draws.normal(_NOISE, *copies.shape[1:])


def blended(
    copies: Float[np.ndarray, "b c h w"], draws: Draws, *, weight: float | int = 0.75
) -> Float[np.ndarray, "b c h w"]:
    """Returns weighted means of the training images and of fresh ones.

    With a fresh image, not with a second training image, so that there is one source to be found
    and the weight says how much of it is there.

    weight  of the training image, in [0, 1]

    >>> made = plant(np.zeros((1, 1, 1, 1)), np.ones((1, 1, 1, 1)), share=1, corruption=blended)
    >>> made.images.item()
    0.75
    """
    _require_share("weight", weight)
    return weight * copies + (1 - weight) * draws.fresh


CORRUPTIONS: dict[str, Corruption] = {
    "exact": exact,
    "flipped": flipped,
    "shifted": shifted,
    "jittered": jittered,
    "noised": noised,
    "blended": blended,
}


def plant(
    fresh,
    train,
    *,
    share: float | int,  # probability that an image is a copy, in [0, 1]
    corruption: Corruption = exact,
    seed: int = 0,
) -> Planted:
    """Returns `fresh` with images replaced by corrupted training images, clipped to [-1, 1].

    Whether an image is a copy, and of which training image, is independent of the others: the same
    training image may be copied twice.

    fresh  (n, c, h, w), draws from the true distribution that no detector sees in another role
    train  (m, c, h, w), m >= 1; both float in [-1, 1], NumPy or torch

    >>> made = plant(np.zeros((100, 1, 2, 2)), np.ones((5, 1, 2, 2)), share=0.2)
    >>> bool((made.images.mean((1, 2, 3)).numpy() == made.copied).all()), bool(made.copied.any())
    (True, True)
    """
    fresh, train = _images("fresh", fresh), _images("train", train)
    if fresh.shape[1:] != train.shape[1:]:
        raise InputError(
            "train", f"have images of {fresh.shape[1:]}", train.shape[1:], "Resize one of the two."
        )
    _require_share("share", share)
    check_count("seed", seed, 0)
    number = np.arange(len(fresh))
    copied = uniform(seed, number, _WHETHER) < share
    source = np.where(copied, _sources(seed, number, len(train)), -1)
    images = fresh.copy()
    index = np.flatnonzero(copied)
    if len(index):
        draws = Draws(seed, index, fresh[index])
        images[index] = np.clip(corruption(train[source[index]], draws), -1, 1)
    return Planted(torch.from_numpy(images), copied, source)


def kernel_density_draws(train, count: int, *, bandwidth: float | int, seed: int = 0) -> Planted:
    """Returns draws from a Gaussian kernel density estimate: training rows and noise.

    All of them count as copies. Not clipped: noise takes images out of [-1, 1], as it must for the
    density to be the estimate's.

    train      (m, ...), m >= 1, images or features, NumPy or torch
    count      >= 1
    bandwidth  >= 0, standard deviation of the noise at every value, in units of `train`

    >>> kernel_density_draws(np.array([[1.0, 2.0]]), 2, bandwidth=0).images.tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    train = _floats("train", train)
    check_count("count", count, 1)
    check_count("seed", seed, 0)
    _require_sigma("bandwidth", bandwidth)
    number = np.arange(count)
    source = _sources(seed, number, len(train))
    noise = bandwidth * _normal(seed, number, _NOISE, train.shape[1:])
    drawn = torch.from_numpy((train[source] + noise).astype(np.float32))
    return Planted(drawn, np.ones(count, dtype=bool), source)


def _sources(seed: int, number: np.ndarray, count: int) -> Int64[np.ndarray, "n"]:
    return (uniform(seed, number, _WHICH) * count).astype(np.int64)


def _uniform(
    seed: int, index: np.ndarray, stream: int, shape: tuple[int, ...]
) -> Float64[np.ndarray, "b ..."]:
    size = int(np.prod(shape))
    places = index[:, None] * size + np.arange(size)
    return uniform(seed, places.ravel(), stream).reshape(len(index), *shape)


def _normal(
    seed: int, index: np.ndarray, stream: int, shape: tuple[int, ...]
) -> Float64[np.ndarray, "b ..."]:
    return ndtri(np.maximum(_uniform(seed, index, stream, shape), 2.0**-54))


def _images(argument: str, images) -> Float32[np.ndarray, "n c h w"]:
    array = _floats(argument, images)
    if array.ndim != 4:
        raise InputError(
            argument, "have shape (n, c, h, w)", array.shape, "Give a batch, such as images[:100]."
        )
    if np.abs(array).max() > 1:
        raise InputError(
            argument,
            "lie in [-1, 1]",
            f"{np.abs(array).max():.3g}",
            "Scale bytes by x / 127.5 - 1.",
        )
    return array


def _floats(argument: str, values) -> Float32[np.ndarray, "n ..."]:
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    array = np.asarray(values, dtype=np.float32)
    if array.ndim < 2 or not array.size:
        raise InputError(
            argument, "hold a row for each of at least one image", array.shape, "Check its shape."
        )
    if not np.isfinite(array).all():
        raise InputError(argument, "be finite", "NaN or infinity", "Find out what made it.")
    return array


def _require_sigma(argument: str, sigma: float | int) -> None:
    if not 0 <= sigma < np.inf:
        raise InputError(argument, "be finite and at least 0", sigma, "Correct it.")


def _require_share(argument: str, share: float | int) -> None:
    if not 0 <= share <= 1:
        raise InputError(argument, "lie in [0, 1]", share, "Pass 0.1 for 10 %.")

"""Distortions (Webster et al. 2019, Sec. 2.2): operators whose features are images.

Every image has a draw of its own: `distortion(images, index)` gives the image numbered i in its
data set the draw of (seed, i), whatever batch it comes in and beside whatever others; without
`index` the images are numbered from 0. Results stay in [-1, 1], clipped where they must be, so that
a distorted image is a legal target.

Distortions belong on the targets, before recovery and on all of them at once, with phi the
identity: the same noise added to G(z) and to y cancels, and measures nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from scipy.ndimage import gaussian_filter
from torch import Tensor

from ..errors import InputError

__all__ = [
    "AdditiveNoise",
    "NoisePatches",
    "Operator",
    "SmoothWarp",
    "UniformNoise",
    "displace",
    "identity",
]

Operator = Callable[[Tensor], Tensor]


def identity(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Returns the images themselves: phi in most of the paper.

    >>> images = torch.zeros(2, 1, 4, 4)
    >>> identity(images) is images
    True
    """
    return images


@dataclass(frozen=True, kw_only=True)
class SmoothWarp:
    """Moves pixels along a smooth random field (Fig. 2a).

    V * g: V(x, y) ~ N(0, sigma^2) independently in both directions, g a Gaussian. Each component
    of the smoothed field has standard deviation sigma / (2 sqrt(pi) smoothing), about, and the same
    at every pixel, since g wraps around the borders. The paper does not give g's width.

    sigma      pixels, >= 0; sigma_d of the paper; 0 is the identity
    smoothing  pixels, > 0: standard deviation of g

    >>> images = torch.ones(2, 1, 8, 8)  # nothing to see moves
    >>> torch.allclose(SmoothWarp(sigma=3.0, smoothing=2.0)(images), images)
    True
    """

    sigma: float
    smoothing: float
    seed: int = 0

    def __post_init__(self):
        _require("sigma", self.sigma, at_least=0)
        _require("seed", self.seed, at_least=0)
        if not 0 < self.smoothing < np.inf:
            raise InputError("smoothing", "be positive", self.smoothing, "Pass pixels, such as 4.")

    def __call__(
        self, images: Float[Tensor, "n c h w"], index: Iterable[int] | None = None
    ) -> Float[Tensor, "n c h w"]:
        def draw(rng):
            field = self.sigma * rng.standard_normal((2, *images.shape[2:]))
            return gaussian_filter(field, (0, self.smoothing, self.smoothing), mode="wrap")

        return displace(images, _draws(draw, images, index, seed=self.seed, stream=0))


@dataclass(frozen=True, kw_only=True)
class NoisePatches:
    """Replaces square patches, which may overlap, by Gaussian noise (Fig. 2b).

    count  patches in each image, >= 0
    size   pixels, side of a patch, at most the image's
    sigma  >= 0: standard deviation of the noise, clipped to [-1, 1]

    >>> patched = NoisePatches(count=1, size=2, sigma=0.0)(torch.ones(1, 1, 4, 4))
    >>> patched.sum().item()  # 16 pixels, less the 4 of the patch
    12.0
    """

    count: int
    size: int
    sigma: float
    seed: int = 0

    def __post_init__(self):
        _require("count", self.count, at_least=0)
        _require("size", self.size, at_least=1)
        _require("sigma", self.sigma, at_least=0)
        _require("seed", self.seed, at_least=0)

    def __call__(
        self, images: Float[Tensor, "n c h w"], index: Iterable[int] | None = None
    ) -> Float[Tensor, "n c h w"]:
        height, width = images.shape[2:]
        if self.size > min(height, width):
            raise InputError(
                "size", f"fit into images of {height} x {width} pixels", self.size, "Reduce it."
            )

        def draw(rng):  # noise, NaN outside the patches
            tops = rng.integers(0, height - self.size, self.count, endpoint=True)
            lefts = rng.integers(0, width - self.size, self.count, endpoint=True)
            outside = np.ones((height, width), dtype=bool)
            for top, left in zip(tops, lefts, strict=True):
                outside[top : top + self.size, left : left + self.size] = False
            noise = self.sigma * rng.standard_normal(images.shape[1:])
            return np.where(outside, np.nan, noise.clip(-1, 1))

        noise = _draws(draw, images, index, seed=self.seed, stream=1)
        return torch.where(noise.isnan(), images, noise)


@dataclass(frozen=True, kw_only=True)
class AdditiveNoise:
    """Adds Gaussian noise to every value (Fig. 2c), and clips to [-1, 1].

    Clipping takes away half of the noise where an image is black or white, as the ground of a
    digit is; the paper does not say what it did there.

    sigma  >= 0: standard deviation, sigma_d of the paper

    >>> noisy = AdditiveNoise(sigma=0.1)(torch.zeros(3, 1, 2, 2), index=[7, 8, 7])
    >>> bool((noisy[0] == noisy[2]).all()), bool((noisy[0] == noisy[1]).all())
    (True, False)
    """

    sigma: float
    seed: int = 0

    def __post_init__(self):
        _require("sigma", self.sigma, at_least=0)
        _require("seed", self.seed, at_least=0)

    def __call__(
        self, images: Float[Tensor, "n c h w"], index: Iterable[int] | None = None
    ) -> Float[Tensor, "n c h w"]:
        def draw(rng):
            return self.sigma * rng.standard_normal(images.shape[1:])

        noise = _draws(draw, images, index, seed=self.seed, stream=2)
        return (images + noise).clamp(-1, 1)


@dataclass(frozen=True, kw_only=True)
class UniformNoise:
    """Puts noise in an image's place: each value uniform in [-1, 1], off every manifold.

    >>> bool(UniformNoise()(torch.full((1, 1, 8, 8), 5.0)).abs().max() <= 1)
    True
    """

    seed: int = 0

    def __post_init__(self):
        _require("seed", self.seed, at_least=0)

    def __call__(
        self, images: Float[Tensor, "n c h w"], index: Iterable[int] | None = None
    ) -> Float[Tensor, "n c h w"]:
        def draw(rng):
            return rng.uniform(-1, 1, images.shape[1:])

        return _draws(draw, images, index, seed=self.seed, stream=3)


def displace(
    images: Float[Tensor, "n c h w"], field: Float[Tensor, "n 2 h w"]
) -> Float[Tensor, "n c h w"]:
    """Returns each image read, by bilinear interpolation, at every pixel plus its displacement.

    Places outside the image take the value of the nearest border pixel.

    field  pixels, (dx, dy): a constant (1, 0) moves the content one pixel to the left

    >>> field = torch.zeros(1, 2, 1, 3)
    >>> field[:, 0] = 1
    >>> displace(torch.tensor([[[[0.0, 1.0, 0.0]]]]), field).round().tolist()
    [[[[1.0, 0.0, 0.0]]]]
    """
    height, width = images.shape[2:]
    x = torch.arange(width, dtype=field.dtype, device=field.device) + field[:, 0]
    y = torch.arange(height, dtype=field.dtype, device=field.device)[:, None] + field[:, 1]
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    moved = F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return moved.clamp(-1, 1)  # interpolation may round to just above 1


def _draws(
    draw: Callable[[np.random.Generator], np.ndarray],
    images: Tensor,
    index: Iterable[int] | None,
    *,
    seed: int,
    stream: int,
) -> Tensor:
    """Returns the draw of each image, stacked; operators differ in `stream`, so never share one."""
    numbers = range(len(images)) if index is None else [int(i) for i in index]
    if len(numbers) != len(images):
        raise InputError(
            "index", f"number each of the {len(images)} images", len(numbers), "Pass one for each."
        )
    if not numbers:
        raise InputError("images", "hold at least one image", "none", "Check what selected them.")
    if min(numbers) < 0:
        raise InputError("index", "be at least 0", min(numbers), "Count images from 0.")
    draws = [draw(np.random.default_rng([seed, stream, i])) for i in numbers]
    return torch.as_tensor(np.stack(draws), dtype=images.dtype, device=images.device)


def _require(argument: str, value: int | float, *, at_least: int) -> None:
    if not at_least <= value < np.inf:
        raise InputError(argument, f"be finite and at least {at_least}", value, "Correct it.")

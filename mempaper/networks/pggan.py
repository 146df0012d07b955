"""The progressive GAN of Karras et al. (2018), at any size from 8 to 1024 px.

Both networks work at one resolution at a time, from the coarsest grid (4 to 7 pixels a side) to
full size. How far they have grown follows from a buffer of two integers, the updates made and the
updates planned, so that a checkpoint, a moving average and a finished generator all know it.
A grid of r pixels a side has min(width, 32 width / r) channels: at width 512 the paper's.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, leaky_relu, linear

from .dcgan import doublings

__all__ = [
    "EqualizedConv2d",
    "EqualizedLinear",
    "PGGANDiscriminator",
    "PGGANGenerator",
    "faded",
    "growth",
    "initialize_normally",
    "minibatch_deviation",
    "pixel_norm",
]

_SLOPE = 0.2
_GAIN = 2**0.5
_GROUP = 4


def growth(done: int, planned: int, resolutions: int) -> tuple[int, float]:
    """Returns (stage, fade) after `done` of `planned` updates.

    The training is divided into 2 * resolutions - 1 equal phases: the first resolution, then for
    each further one its fade-in and as long again with it in full (Karras et al. 2018, App. A).
    Stage 0 is the coarsest; `fade` in [0, 1] is the weight of the stage's own layers.
    """
    phase, rest = divmod(done * (2 * resolutions - 1), planned)
    if phase > 2 * resolutions - 2:
        return resolutions - 1, 1.0
    return (phase + 1) // 2, rest / planned if phase % 2 else 1.0


def pixel_norm(x: Float[Tensor, "n c *grid"]) -> Float[Tensor, "n c *grid"]:
    """Returns x with a mean square of 1 over the channels of each pixel (Sec. 4.2)."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def minibatch_deviation(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 1 h w"]:
    """Returns how much images differ: one more channel, constant over each image (Sec. 3).

    The standard deviation over a group of images, averaged over channels and pixels. As in the
    published code, groups have four images, a quarter of the batch apart; a batch that four does
    not divide is one group, as in the paper.
    """
    n, _, h, w = x.shape
    groups = x.unflatten(0, (_GROUP if n % _GROUP == 0 else n, -1))
    deviation = (groups.var(0, correction=0) + 1e-8).sqrt().mean((1, 2, 3))
    return deviation.repeat(len(groups)).view(n, 1, 1, 1).expand(n, 1, h, w)


def doubled(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c 2*h 2*w"]:
    return interpolate(x, scale_factor=2, mode="nearest")


def faded(
    images: Float[Tensor, "n c h w"], size: int, fade: float
) -> Float[Tensor, "n c {size} {size}"]:
    """Returns real images averaged down to `size` px, as far faded in as the networks are."""
    images = avg_pool2d(images, images.shape[2] // size)
    if fade == 1:
        return images
    return torch.lerp(doubled(avg_pool2d(images, 2)), images, fade)


class EqualizedLinear(nn.Linear):
    """A linear layer with weights from N(0, 1), scaled by gain / sqrt(fan-in) at run time.

    Sec. 4.1: Adam then changes all layers at the same rate.
    """

    def __init__(self, in_features: int, out_features: int, *, gain: float = _GAIN):
        super().__init__(in_features, out_features)
        self.scale = gain * in_features**-0.5

    def forward(self, x: Float[Tensor, "n c"]) -> Float[Tensor, "n d"]:
        return linear(x, self.weight * self.scale, self.bias)


class EqualizedConv2d(nn.Conv2d):
    """A convolution that keeps its size, with weights scaled as in EqualizedLinear."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, *, gain: float = _GAIN):
        super().__init__(in_channels, out_channels, kernel, padding=kernel // 2)
        self.scale = gain * (in_channels * kernel**2) ** -0.5

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        return conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


def initialize_normally(module: nn.Module, generator: torch.Generator) -> None:
    """Draws weights from N(0, 1) and sets biases to zero."""
    for m in module.modules():
        if isinstance(m, EqualizedLinear | EqualizedConv2d):
            nn.init.normal_(m.weight, generator=generator)
            nn.init.zeros_(m.bias)


class _Growing(nn.Module):
    """Grids from the coarsest to full size, their channels, and which of them is reached."""

    def __init__(self, size: int, width: int):
        super().__init__()
        start, k = doublings(size)
        self.sizes = [start * 2**i for i in range(k + 1)]
        self.widths = [max(1, min(width, 32 * width // grid)) for grid in self.sizes]
        self.register_buffer("progress", torch.tensor([1, 1]))  # updates made, updates planned

    def reached(self) -> tuple[int, float]:
        """Returns (stage, fade), see `growth`."""
        return growth(*self.progress.tolist(), len(self.sizes))


class PGGANGenerator(_Growing):
    """Latents (n, latent_dim) -> images (n, channels, r, r) of the resolution reached.

    The output is linear, as in the paper, so that in training images may leave [-1, 1]. In
    evaluation mode they are cut off there: what is shown, counted and recovered is an image. A
    pixel beyond the range then has no gradient, which costs recovery nothing that could be
    measured, neither on own samples nor on training images.
    """

    def __init__(self, *, size: int, channels: int, latent_dim: int, width: int):
        super().__init__(size, width)
        self.latent_dim = latent_dim
        start, first = self.sizes[0], self.widths[0]
        # The gain of the paper's first layer, a 4x4 convolution that looks at one latent pixel.
        self.project = EqualizedLinear(latent_dim, first * start**2, gain=_GAIN / start)
        inputs = [first, *self.widths[:-1]]
        self.blocks = nn.ModuleList(
            nn.ModuleList([EqualizedConv2d(a, b, 3)] + [EqualizedConv2d(b, b, 3)] * (i > 0))
            for i, (a, b) in enumerate(zip(inputs, self.widths, strict=True))
        )
        self.painters = nn.ModuleList(
            EqualizedConv2d(w, channels, 1, gain=1.0) for w in self.widths
        )

    def forward(self, latents: Float[Tensor, "n d"]) -> Float[Tensor, "n c h w"]:
        images = self.grown(latents, *self.reached())
        return images if self.training else images.clamp(-1, 1)

    def grown(
        self, latents: Float[Tensor, "n d"], stage: int, fade: float
    ) -> Float[Tensor, "n c h w"]:
        """Returns the linear output at a stage; fade 0 doubles the one of the stage before."""
        x = self.project(pixel_norm(latents))
        x = pixel_norm(leaky_relu(x.unflatten(1, (-1, self.sizes[0], self.sizes[0])), _SLOPE))
        for i, block in enumerate(self.blocks[: stage + 1]):
            before, x = x, x if i == 0 else doubled(x)
            for layer in block:
                x = pixel_norm(leaky_relu(layer(x), _SLOPE))
        images = self.painters[stage](x)
        if fade == 1:
            return images
        return torch.lerp(doubled(self.painters[stage - 1](before)), images, fade)


class PGGANDiscriminator(_Growing):
    """Images (n, channels, r, r) of the resolution reached -> scores (n,): larger says real."""

    def __init__(self, *, size: int, channels: int, width: int):
        super().__init__(size, width)
        coarsest = self.widths[0]
        self.readers = nn.ModuleList(EqualizedConv2d(channels, w, 1) for w in self.widths)
        self.blocks = nn.ModuleList(
            nn.ModuleList([EqualizedConv2d(fine, fine, 3), EqualizedConv2d(fine, coarse, 3)])
            for coarse, fine in pairwise(self.widths)
        )
        self.last = EqualizedConv2d(coarsest + 1, coarsest, 3)
        self.hidden = EqualizedLinear(coarsest * self.sizes[0] ** 2, coarsest)
        self.score = EqualizedLinear(coarsest, 1, gain=1.0)

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        return self.judged(images, *self.reached())

    def judged(
        self, images: Float[Tensor, "n c h w"], stage: int, fade: float
    ) -> Float[Tensor, "n"]:
        """Returns the scores at a stage; fade 0 sees what the stage before would."""
        x = self._read(images, stage)
        for i in range(stage - 1, -1, -1):
            for layer in self.blocks[i]:
                x = leaky_relu(layer(x), _SLOPE)
            x = avg_pool2d(x, 2)
            if i == stage - 1 and fade != 1:
                x = torch.lerp(self._read(avg_pool2d(images, 2), i), x, fade)
        x = leaky_relu(self.last(torch.cat([x, minibatch_deviation(x)], 1)), _SLOPE)
        x = leaky_relu(self.hidden(x.flatten(1)), _SLOPE)
        return self.score(x).flatten()

    def _read(self, images, stage: int):
        return leaky_relu(self.readers[stage](images), _SLOPE)

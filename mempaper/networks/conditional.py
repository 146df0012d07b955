"""What SAGAN and BigGAN are made of: residual networks that know the class, at 8 to 224 px.

Their form is that of PyTorch-StudioGAN, in which Bai et al. (2022) trained them: at 32 px as many
channels on every grid, at 64 and 128 px those of Brock et al. (2019), halving towards the image.
Attention sees half the image's resolution, 16 px on CIFAR-10. Every convolution and linear layer
has the spectral norm 1.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..errors import InputError
from .dcgan import doublings
from .spectral import spectral

__all__ = [
    "ConditionalBatchNorm",
    "ProjectionDiscriminator",
    "ResidualGenerator",
    "SelfAttention",
    "VotedClass",
    "grid_widths",
    "with_class",
]

_EPSILON = 1e-4  # of the variance in batch normalisation, as in PyTorch-StudioGAN


def grid_widths(size: int, width: int) -> list[int]:
    """Returns the channels of the generator's grids, from the coarsest to full size.

    Raises
        InputError  `size` is not 4, 5, 6 or 7 times 2, 4, 8, 16 or 32
    """
    _, k = doublings(size)
    if k > 5:
        raise InputError(
            "size", "be at most 224, or 128 as a power of two", size, "Use smaller images."
        )
    if k <= 3:
        return [width] * (k + 1)
    return [max(1, width >> max(0, i + 4 - k)) for i in range(k + 1)]


def _convolution(
    in_channels: int, out_channels: int, size: int = 3, *, bias: bool = True
) -> nn.Module:
    layer = nn.Conv2d(in_channels, out_channels, size, padding=size // 2, bias=bias)
    return spectral(layer)


class ConditionalBatchNorm(nn.Module):
    """Batch normalisation whose gain and bias depend on a condition (de Vries et al. 2017).

    condition  condition(channels) -> a module from conditions to (n, channels); the gain is 1 plus
               what one says, the bias what another says
    """

    def __init__(self, channels: int, condition: Callable[[int], nn.Module]):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, eps=_EPSILON, affine=False)
        self.gain, self.bias = condition(channels), condition(channels)

    def forward(self, maps: Float[Tensor, "n c h w"], given: Tensor) -> Float[Tensor, "n c h w"]:
        gain, bias = (part(given)[:, :, None, None] for part in (self.gain, self.bias))
        return self.norm(maps) * (1 + gain) + bias


class SelfAttention(nn.Module):
    """Adds to each pixel what it finds in all others (Zhang et al. 2019, Sec. 3).

    Keys and values are the maxima of 2 x 2 pixels, as in the authors' code. The gain is 0 at first.
    """

    def __init__(self, channels: int):
        super().__init__()
        keys, values = max(1, channels // 8), max(1, channels // 2)
        self.query = _convolution(channels, keys, 1, bias=False)
        self.key = _convolution(channels, keys, 1, bias=False)
        self.value = _convolution(channels, values, 1, bias=False)
        self.output = _convolution(values, channels, 1, bias=False)
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        query = self.query(maps).flatten(2)
        key = F.max_pool2d(self.key(maps), 2).flatten(2)
        value = F.max_pool2d(self.value(maps), 2).flatten(2)
        weights = torch.softmax(query.transpose(1, 2) @ key, dim=-1)
        found = (value @ weights.transpose(1, 2)).unflatten(2, maps.shape[2:])
        return maps + self.gain * self.output(found)


def _upsampled(maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c k l"]:
    return F.interpolate(maps, scale_factor=2, mode="nearest")


class _GeneratorBlock(nn.Module):
    """Doubles the resolution."""

    def __init__(self, in_channels: int, out_channels: int, condition: Callable[[int], nn.Module]):
        super().__init__()
        self.first_norm = ConditionalBatchNorm(in_channels, condition)
        self.first = _convolution(in_channels, out_channels)
        self.second_norm = ConditionalBatchNorm(out_channels, condition)
        self.second = _convolution(out_channels, out_channels)
        self.shortcut = _convolution(in_channels, out_channels, 1)

    def forward(self, maps: Float[Tensor, "n c h w"], given: Tensor) -> Float[Tensor, "n d k l"]:
        change = self.first(_upsampled(F.relu(self.first_norm(maps, given))))
        change = self.second(F.relu(self.second_norm(change, given)))
        return change + _upsampled(self.shortcut(maps))


class ResidualGenerator(nn.Module):
    """Codes (n, code_dim) and one condition a block -> images (n, channels, size, size).

    condition  see ConditionalBatchNorm
    """

    def __init__(
        self,
        *,
        size: int,
        channels: int,
        code_dim: int,
        width: int,
        condition: Callable[[int], nn.Module],
    ):
        super().__init__()
        start, _ = doublings(size)
        widths = grid_widths(size, width)
        self.project = spectral(nn.Linear(code_dim, widths[0] * start**2))
        self.grid = (widths[0], start, start)
        self.blocks = nn.ModuleList(
            _GeneratorBlock(coarse, fine, condition) for coarse, fine in pairwise(widths)
        )
        self.attention = SelfAttention(widths[-2])
        self.paint = nn.Sequential(
            nn.BatchNorm2d(widths[-1], eps=_EPSILON),
            nn.ReLU(),
            _convolution(widths[-1], channels),
            nn.Tanh(),
        )

    def forward(
        self, codes: Float[Tensor, "n d"], given: Sequence[Tensor]
    ) -> Float[Tensor, "n c h w"]:
        maps = self.project(codes).unflatten(1, self.grid)
        *before, last = zip(self.blocks, given, strict=True)
        for block, condition in before:
            maps = block(maps, condition)
        block, condition = last
        return self.paint(block(self.attention(maps), condition))


class _DiscriminatorBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, *, halve: bool, first: bool = False):
        super().__init__()
        self.first = _convolution(in_channels, out_channels)
        self.second = _convolution(out_channels, out_channels)
        same = in_channels == out_channels and not halve
        self.shortcut = nn.Identity() if same else _convolution(in_channels, out_channels, 1)
        self.before = nn.Identity() if first else nn.ReLU()
        self.pool = nn.AvgPool2d(2) if halve else nn.Identity()

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d k l"]:
        change = self.second(F.relu(self.first(self.before(maps))))
        return self.pool(change) + self.shortcut(self.pool(maps))


class ProjectionDiscriminator(nn.Module):
    """Images (n, channels, size, size) and labels (n,) -> logits (n,): positive says real.

    Miyato and Koyama (2018), Eq. (3). Up to 56 px it has `width` / 2 channels everywhere, halves
    the resolution twice, or once where images are 8 to 14 px, and has two blocks more.
    """

    def __init__(self, *, size: int, channels: int, classes: int, width: int):
        super().__init__()
        widths, halvings = grid_widths(size, width)[::-1], doublings(size)[1]
        if halvings <= 3:
            halvings = min(halvings, 2)
            widths = [max(1, width // 2)] * (halvings + 2)
        self.first = _DiscriminatorBlock(channels, widths[0], halve=True, first=True)
        self.attention = SelfAttention(widths[0])
        self.blocks = nn.Sequential(
            *(
                _DiscriminatorBlock(fine, coarse, halve=i < halvings)
                for i, (fine, coarse) in enumerate(pairwise(widths), start=1)
            )
        )
        self.score = spectral(nn.Linear(widths[-1], 1))
        self.embedding = spectral(nn.Embedding(classes, widths[-1]))

    def forward(
        self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]
    ) -> Float[Tensor, "n"]:
        maps = self.blocks(self.attention(self.first(images)))
        features = F.relu(maps).sum((2, 3))
        return self.score(features)[:, 0] + (self.embedding(labels) * features).sum(1)


class VotedClass(nn.Module):
    """Latents (n, latent_dim) -> images: a class-conditional generator of latents alone.

    The class is the place of the largest among the last `classes` latents. Of latents from N(0, I)
    every class is equally likely, so that whoever samples draws labels uniformly, and whoever
    recovers images by gradients keeps the class of the start.
    """

    def __init__(self, generator: nn.Module):
        super().__init__()
        self.generator = generator
        self.classes = generator.classes
        self.latent_dim = generator.latent_dim + generator.classes

    def forward(self, latents: Float[Tensor, "n d"]) -> Float[Tensor, "n c h w"]:
        return self.generator(latents[:, : -self.classes], self.labels(latents))

    def labels(self, latents: Float[Tensor, "n d"]) -> Int[Tensor, "n"]:
        """Returns the classes that the latents vote for."""
        return latents[:, -self.classes :].argmax(1)


def with_class(
    latents: Float[Tensor, "n d"], labels: Int[Tensor, "n"], classes: int
) -> Float[Tensor, "n e"]:
    """Returns the latents of a VotedClass that stand for `latents` and `labels`."""
    return torch.cat([latents, F.one_hot(labels, classes).to(latents)], dim=1)

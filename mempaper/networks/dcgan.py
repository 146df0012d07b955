"""DCGAN (Radford, Metz and Chintala 2016) and the generator of GLO, at any size from 8 to 1024 px.

Both generators double the resolution block by block while they halve the channels, from `width`
at the coarsest grid down to 16. They differ at the end: DCGAN's last transposed convolution paints
the image itself, GLO's brings the features to full size and a 3x3 convolution paints it. At 128 px
and width 512 the second is the GLO generator that Webster et al. (2019) describe, 512 channels
halving to 16.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import InputError

__all__ = [
    "NARROWEST",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "GLOGenerator",
    "doublings",
    "halving",
    "initialize",
]

NARROWEST = 16
"""Channels of the finest grid."""


def doublings(size: int) -> tuple[int, int]:
    """Returns (start, k) with size = start * 2**k and start in {4, 5, 6, 7}: 28 is 7 * 2**2.

    Raises
        InputError  no such pair exists or k = 0
    """
    start, k = size, 0
    while start >= 8 and start % 2 == 0:
        start, k = start // 2, k + 1
    if not (4 <= start <= 7 and k >= 1):
        raise InputError(
            "size",
            "be 4, 5, 6 or 7 times a power of two, at least 8",
            size,
            "Sizes that work: 8, 16, 28, 32, 64, 128, 256, 512, 1024.",
        )
    return start, k


def initialize(module: nn.Module, generator: torch.Generator) -> None:
    """Draws weights from N(0, 0.02^2) and batch-norm gains from N(1, 0.02^2).

    Radford et al. (2016), Sec. 4, and their published code for the gains. GLO's authors use DCGAN's
    generator and its initialisation.
    """
    for m in module.modules():
        if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(m.weight, 0.0, 0.02, generator=generator)
            if m.bias is not None:
                nn.init.zeros_(m.bias)
        elif isinstance(m, nn.BatchNorm2d):
            nn.init.normal_(m.weight, 1.0, 0.02, generator=generator)
            nn.init.zeros_(m.bias)


def _narrowed(width: int) -> int:
    return max(NARROWEST, width // 2)


def _normed(layer: nn.Module, channels: int) -> list[nn.Module]:
    return [layer, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]


def _project(latent_dim: int, channels: int, start: int) -> list[nn.Module]:
    grid = nn.Unflatten(1, (channels, start, start))
    project = nn.Linear(latent_dim, channels * start**2, bias=False)
    return _normed(nn.Sequential(project, grid), channels)


def _double(in_channels: int, out_channels: int) -> list[nn.Module]:
    return _normed(nn.ConvTranspose2d(in_channels, out_channels, 4, 2, 1, bias=False), out_channels)


class _Generator(nn.Sequential):
    def __init__(self, layers: list[nn.Module], latent_dim: int):
        super().__init__(*layers, nn.Tanh())
        self.latent_dim = latent_dim


class DCGANGenerator(_Generator):
    """Latents (n, latent_dim) -> images (n, channels, size, size) in [-1, 1]."""

    def __init__(self, *, size: int, channels: int, latent_dim: int, width: int):
        start, k = doublings(size)
        layers = _project(latent_dim, width, start)
        for _ in range(k - 1):
            layers += _double(width, _narrowed(width))
            width = _narrowed(width)
        layers.append(nn.ConvTranspose2d(width, channels, 4, 2, 1))
        super().__init__(layers, latent_dim)


class GLOGenerator(_Generator):
    """Latents (n, latent_dim) -> images (n, channels, size, size) in [-1, 1]."""

    def __init__(self, *, size: int, channels: int, latent_dim: int, width: int):
        start, k = doublings(size)
        layers = _project(latent_dim, width, start)
        for _ in range(k):
            layers += _double(width, _narrowed(width))
            width = _narrowed(width)
        layers.append(nn.Conv2d(width, channels, 3, padding=1))
        super().__init__(layers, latent_dim)


def halving(size: int, channels: int, width: int) -> list[nn.Module]:
    """Returns layers from images (n, channels, size, size) to features (n, width, 4..7, 4..7)."""
    _, k = doublings(size)
    widths = [width]
    for _ in range(k - 1):
        widths.insert(0, _narrowed(widths[0]))
    layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 4, 2, 1), nn.LeakyReLU(0.2)]
    for narrow, wide in pairwise(widths):
        layers += [
            nn.Conv2d(narrow, wide, 4, 2, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2),
        ]
    return layers


class DCGANDiscriminator(nn.Module):
    """Images (n, channels, size, size) -> logits (n,): positive says real."""

    def __init__(self, *, size: int, channels: int, width: int):
        super().__init__()
        start, _ = doublings(size)
        self.layers = nn.Sequential(*halving(size, channels, width), nn.Conv2d(width, 1, start))

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        return self.layers(images).flatten()

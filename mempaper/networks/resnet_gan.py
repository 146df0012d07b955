"""The residual GAN of Mescheder, Geiger and Nowozin (2018), at any size from 8 to 1024 px.

Their published ResNet without its labels: each block adds a tenth of two 3x3 convolutions to a
shortcut, every convolution follows a leaky ReLU of slope 0.2, and nothing is normalised. Channels
double from 16 at full size to at most `width` at the coarsest grid; at 1024 px and width 512 these
are the published widths for CelebA-HQ.
"""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from .dcgan import NARROWEST, doublings

__all__ = ["ResNetDiscriminator", "ResNetGenerator", "initialize_uniformly"]

_RESIDUAL = 0.1
_SLOPE = 0.2


def initialize_uniformly(module: nn.Module, generator: torch.Generator) -> None:
    """Draws weights and biases from U(-b, b) with b = 1 / sqrt(fan-in).

    torch's default, which the published code relies on, from an explicit source of randomness.
    """
    for m in module.modules():
        if isinstance(m, nn.Linear | nn.Conv2d):
            bound = m.weight[0].numel() ** -0.5
            for parameter in m.parameters(recurse=False):
                nn.init.uniform_(parameter, -bound, bound, generator=generator)


def _widths(k: int, width: int) -> list[int]:
    """Returns the channels of the grids from the coarsest to full size, k doublings away."""
    return [min(width, NARROWEST * 2**i) for i in range(k, -1, -1)]


class _Block(nn.Module):
    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        hidden = min(in_channels, out_channels)
        self.first = nn.Conv2d(in_channels, hidden, 3, padding=1)
        self.second = nn.Conv2d(hidden, out_channels, 3, padding=1)
        self.shortcut = (
            nn.Identity()
            if in_channels == out_channels
            else nn.Conv2d(in_channels, out_channels, 1, bias=False)
        )

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        change = self.second(leaky_relu(self.first(leaky_relu(x, _SLOPE)), _SLOPE))
        return self.shortcut(x) + _RESIDUAL * change


class ResNetGenerator(nn.Sequential):
    """Latents (n, latent_dim) -> images (n, channels, size, size) in [-1, 1]."""

    def __init__(self, *, size: int, channels: int, latent_dim: int, width: int):
        start, k = doublings(size)
        widths = _widths(k, width)
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, widths[0] * start**2),
            nn.Unflatten(1, (widths[0], start, start)),
        ]
        for coarse, fine in itertools.pairwise(widths):
            layers += [_Block(coarse, fine), nn.Upsample(scale_factor=2)]
        layers += [
            _Block(widths[-1], widths[-1]),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(widths[-1], channels, 3, padding=1),
            nn.Tanh(),
        ]
        super().__init__(*layers)
        self.latent_dim = latent_dim


class ResNetDiscriminator(nn.Module):
    """Images (n, channels, size, size) -> logits (n,): positive says real."""

    def __init__(self, *, size: int, channels: int, width: int):
        super().__init__()
        start, k = doublings(size)
        widths = _widths(k, width)[::-1]
        layers: list[nn.Module] = [
            nn.Conv2d(channels, widths[0], 3, padding=1),
            _Block(widths[0], widths[0]),
        ]
        for fine, coarse in itertools.pairwise(widths):
            layers += [nn.AvgPool2d(3, 2, 1), _Block(fine, coarse)]
        layers += [nn.LeakyReLU(_SLOPE), nn.Flatten(), nn.Linear(widths[-1] * start**2, 1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        return self.layers(images).flatten()

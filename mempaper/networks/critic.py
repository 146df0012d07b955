"""The critic of the neural net divergence (Gulrajani, Raffel and Metz 2019), at any size from 8 px.

Their published network: 5x5 convolutions halve the resolution and double the channels, from `width`
on, down to a grid of 4x4, and one linear layer reads it. Swish, a smooth nonlinearity, since the
penalty differentiates the gradient once more, and no normalisation, since it asks for the gradient
of each image alone.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .dcgan import doublings

__all__ = ["Critic", "initialize"]


class Critic(nn.Module):
    """Images (n, channels, size, size) -> scores (n,), high for real."""

    def __init__(self, *, size: int, channels: int, width: int):
        super().__init__()
        start, k = doublings(size)
        layers: list[nn.Module] = []
        for wide in [width * 2**i for i in range(k)]:
            layers += [nn.Conv2d(channels, wide, 5, 2, 2), nn.SiLU()]
            channels = wide
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * start**2, 1))

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n"]:
        return self.layers(images).flatten()


def initialize(network: nn.Module, generator: torch.Generator) -> None:
    """Draws the weights as He et al. (2015) do, biases 0; the linear layer's with a gain of 1."""
    for m in network.modules():
        if isinstance(m, nn.Conv2d | nn.Linear):
            kind = "relu" if isinstance(m, nn.Conv2d) else "linear"
            nn.init.kaiming_normal_(m.weight, nonlinearity=kind, generator=generator)
            nn.init.zeros_(m.bias)

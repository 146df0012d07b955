"""Maximum likelihood for an invertible generator (Dinh et al. 2017)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor

from ..networks.flow import Flow, initialize_flow
from .updates import adam, descend

__all__ = ["FlowConfig", "FlowLikelihood", "bits_per_dimension", "dequantized"]

_BIN = 2 / 255  # distance of two neighbouring bytes as values in [-1, 1]


@dataclass(frozen=True)
class FlowConfig:
    """Sizes and optimiser of a flow; its latents have as many numbers as its images."""

    size: int = 32  # height and width, pixels
    channels: int = 3
    width: int = 64  # channels inside a coupling
    couplings: int = 8
    learning_rate: float = 1e-3


def dequantized(
    images: Float[Tensor, "n c h w"], noise: Float[Tensor, "n c h w"]
) -> Float[Tensor, "n c h w"]:
    """Returns images of bytes spread evenly over the width of a byte, by noise from N(0, 1)."""
    return images + _BIN * (torch.special.ndtr(noise) - 0.5)


def bits_per_dimension(
    latents: Float[Tensor, "n d"], log_determinant: Float[Tensor, "n"]
) -> Float[Tensor, "n"]:
    """Returns minus log_2 of the likelihood of images of bytes, for each value of a pixel.

    The density of N(0, I) at the latents times |det| is that of the image, and times the width of a
    byte in every dimension a probability.
    """
    d = latents.shape[1]
    log_normal = -0.5 * (latents.square().sum(1) + d * math.log(2 * math.pi))
    return -((log_normal + log_determinant) / d + math.log(_BIN)) / math.log(2)


class FlowLikelihood:
    """Makes the training images likely: minimises their bits per dimension."""

    averaged = ("generator",)

    def __init__(self, config: FlowConfig, *, seed: int):
        flow = Flow(
            size=config.size,
            channels=config.channels,
            width=config.width,
            couplings=config.couplings,
        )
        initialize_flow(flow, torch.Generator().manual_seed(seed))
        # The generator, run backwards: from images to latents.
        self.networks = {"generator": flow}
        self.optimizers = adam(self.networks, learning_rate=config.learning_rate)

    def step(
        self,
        fabric: Fabric,
        images: Float[Tensor, "b c h w"],
        index: Int[Tensor, "b"],
        noise: Callable[..., Tensor],
    ) -> dict[str, Tensor]:
        """Raises the likelihood of the images, dequantised."""
        latents, determinant = self.networks["generator"](dequantized(images, noise(*images.shape)))
        loss = bits_per_dimension(latents, determinant).mean()
        descend(fabric, loss, self.optimizers["generator"])
        return {"bits_per_dimension": loss.detach()}

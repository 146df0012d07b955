"""Generative latent optimisation (Webster et al. 2019, Eq. (2); Bojanowski et al. 2018)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn.functional import mse_loss

from ..networks.dcgan import GLOGenerator, initialize
from .updates import adam, descend

__all__ = ["GLO", "GLOConfig"]


@dataclass(frozen=True)
class GLOConfig:
    """Sizes and optimiser of a GLO model; the defaults are Webster et al. (2019) at 128 px."""

    size: int = 128  # height and width, pixels
    channels: int = 3
    latent_dim: int = 512
    width: int = 512  # channels at the coarsest grid
    learning_rate: float = 1e-3  # neither the paper nor its code says


class GLO:
    """One fixed code z_i ~ N(0, I) for each training image x_i, and a generator with G(z_i) = x_i.

    As in the paper (footnote 1) the codes are drawn once and never optimised, which departs from
    Bojanowski et al. (2018), who train them too. The loss is the mean over pixels, the paper's sum
    divided by a constant.
    """

    averaged = ()

    def __init__(self, config: GLOConfig, *, count: int, seed: int):
        draws = torch.Generator().manual_seed(seed)
        generator = GLOGenerator(
            size=config.size,
            channels=config.channels,
            latent_dim=config.latent_dim,
            width=config.width,
        )
        initialize(generator, draws)
        self.codes = torch.randn(count, config.latent_dim, generator=draws)
        self.networks = {"generator": generator}
        self.optimizers = adam(self.networks, learning_rate=config.learning_rate)

    def step(
        self,
        fabric: Fabric,
        images: Float[Tensor, "b c h w"],
        index: Int[Tensor, "b"],
        noise: Callable[..., Tensor],
    ) -> dict[str, Tensor]:
        """Moves G(z_i) towards x_i for the images `index` of the training set."""
        codes = fabric.to_device(self.codes[index])
        loss = mse_loss(self.networks["generator"](codes), images)
        descend(fabric, loss, self.optimizers["generator"])
        return {"reconstruction_error": loss.detach()}

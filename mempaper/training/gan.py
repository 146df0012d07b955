"""Adversarial training of a DCGAN (Eq. (1) of Webster et al. 2019; Radford et al. 2016)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor

from ..networks.dcgan import DCGANDiscriminator, DCGANGenerator, initialize
from .losses import AdversarialLoss, non_saturating
from .updates import adam, descend, frozen

__all__ = ["GAN", "GANConfig", "discriminator"]


@dataclass(frozen=True)
class GANConfig:
    """Sizes and optimiser of a DCGAN; the defaults are Radford et al. (2016), Sec. 4.

    Their published code has a discriminator as wide as its generator.
    """

    size: int = 64  # height and width, pixels
    channels: int = 3
    latent_dim: int = 100
    width: int = 1024  # channels at the coarsest grid of the generator
    discriminator_width: int | None = None  # the same of the discriminator; None: as wide
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)


def discriminator(config: GANConfig) -> DCGANDiscriminator:
    """Returns the network that these settings ask for."""
    return DCGANDiscriminator(
        size=config.size,
        channels=config.channels,
        width=config.discriminator_width or config.width,
    )


class GAN:
    """Generator and discriminator take one step each on the same batch."""

    averaged = ("generator",)

    def __init__(self, config: GANConfig, *, seed: int, loss: AdversarialLoss = non_saturating):
        self.latent_dim = config.latent_dim
        self.loss = loss
        self.networks = {
            "generator": DCGANGenerator(
                size=config.size,
                channels=config.channels,
                latent_dim=config.latent_dim,
                width=config.width,
            ),
            "discriminator": discriminator(config),
        }
        draws = torch.Generator().manual_seed(seed)
        for network in self.networks.values():
            initialize(network, draws)
        self.optimizers = adam(
            self.networks, learning_rate=config.learning_rate, betas=config.betas
        )

    def step(
        self,
        fabric: Fabric,
        images: Float[Tensor, "b c h w"],
        index: Int[Tensor, "b"],
        noise: Callable[..., Tensor],
    ) -> dict[str, Tensor]:
        """Updates the discriminator, then the generator; both see the same latents."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        fake = generator(noise(len(images), self.latent_dim))

        loss_d = self.loss.discriminator(discriminator(images), discriminator(fake.detach()))
        descend(fabric, loss_d, self.optimizers["discriminator"])

        with frozen(discriminator):
            loss_g = self.loss.generator(discriminator(fake))
            descend(fabric, loss_g, self.optimizers["generator"])
        return {"discriminator_loss": loss_d.detach(), "generator_loss": loss_g.detach()}

"""Progressive growing with the Wasserstein loss (Karras et al. 2018): PGGAN."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor

from ..networks.pggan import (
    PGGANDiscriminator,
    PGGANGenerator,
    faded,
    growth,
    initialize_normally,
)
from .penalties import wgan_gp
from .updates import adam, descend, frozen

__all__ = ["PGGAN", "PGGANConfig", "discriminator"]


@dataclass(frozen=True)
class PGGANConfig:
    """Sizes, penalties and optimiser; the defaults are Karras et al. (2018), App. A."""

    size: int = 1024  # height and width, pixels
    channels: int = 3
    latent_dim: int = 512
    width: int = 512  # most channels of a layer
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.0, 0.99)
    penalty: float = 10.0  # lambda of WGAN-GP
    drift: float = 1e-3  # weight of the mean squared score of real images


def discriminator(config: PGGANConfig) -> PGGANDiscriminator:
    """Returns the network that these settings ask for."""
    return PGGANDiscriminator(size=config.size, channels=config.channels, width=config.width)


class PGGAN:
    """Generator, discriminator and real images grow together; Adam begins anew with each growth.

    The paper shows 800,000 images a phase and makes the minibatch smaller as images grow; here
    `steps` updates are divided into equal phases, with one batch size.
    """

    averaged = ("generator",)

    def __init__(self, config: PGGANConfig, *, steps: int, seed: int):
        self.config = config
        shape = {"size": config.size, "channels": config.channels, "width": config.width}
        self.networks = {
            "generator": PGGANGenerator(**shape, latent_dim=config.latent_dim),
            "discriminator": discriminator(config),
        }
        draws = torch.Generator().manual_seed(seed)
        for network in self.networks.values():
            initialize_normally(network, draws)
            network.progress.copy_(torch.tensor([0, steps]))
        self.sizes = self.networks["generator"].sizes
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
        """Updates the discriminator, then the generator, at the resolution that is due."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        stage, fade = self._grow()
        latents = noise(2, len(images), self.config.latent_dim)
        real = faded(images, self.sizes[stage], fade)

        with torch.no_grad():
            fake = generator(latents[0])
        scores = discriminator(real)
        distance = scores.mean() - discriminator(fake).mean()
        mix = torch.special.ndtr(noise(len(images), 1, 1, 1))
        penalty = wgan_gp(discriminator, real, fake, mix)
        loss_d = self.config.penalty * penalty - distance
        loss_d = loss_d + self.config.drift * scores.square().mean()
        descend(fabric, loss_d, self.optimizers["discriminator"])

        with frozen(discriminator):
            loss_g = -discriminator(generator(latents[1])).mean()
            descend(fabric, loss_g, self.optimizers["generator"])
        for network in self.networks.values():
            network.progress[0] += 1
        return {
            "wasserstein_distance": distance.detach(),
            "gradient_penalty": penalty.detach(),
            "generator_loss": loss_g.detach(),
        }

    def _grow(self) -> tuple[int, float]:
        """Returns (stage, fade) of this step, and forgets Adam's moments where the stage is new."""
        done, planned = self.networks["generator"].progress.tolist()
        stage, fade = growth(done, planned, len(self.sizes))
        if done and growth(done - 1, planned, len(self.sizes))[0] != stage:
            for optimizer in self.optimizers.values():
                optimizer.state.clear()
        return stage, fade

"""Adversarial training with a zero-centred gradient penalty (Mescheder et al. 2018): MESCH."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor

from ..networks.resnet_gan import ResNetDiscriminator, ResNetGenerator, initialize_uniformly
from .losses import AdversarialLoss, non_saturating
from .penalties import r1
from .updates import descend, frozen

__all__ = ["MESCH", "MESCHConfig", "discriminator"]


@dataclass(frozen=True)
class MESCHConfig:
    """Sizes, penalty and optimiser; the defaults are Mescheder et al. (2018), Sec. 6.2."""

    size: int = 128  # height and width, pixels
    channels: int = 3
    latent_dim: int = 256
    width: int = 512  # most channels of a layer
    learning_rate: float = 1e-4
    smoothing: float = 0.99  # of RMSprop's mean square
    penalty: float = 10.0  # gamma, the weight of R_1


def discriminator(config: MESCHConfig) -> ResNetDiscriminator:
    """Returns the network that these settings ask for."""
    return ResNetDiscriminator(size=config.size, channels=config.channels, width=config.width)


class MESCH:
    """The discriminator, penalised on real images, and the generator step in turn."""

    averaged = ("generator",)

    def __init__(self, config: MESCHConfig, *, seed: int, loss: AdversarialLoss = non_saturating):
        self.config, self.loss = config, loss
        shape = {"size": config.size, "channels": config.channels, "width": config.width}
        self.networks = {
            "generator": ResNetGenerator(**shape, latent_dim=config.latent_dim),
            "discriminator": discriminator(config),
        }
        draws = torch.Generator().manual_seed(seed)
        for network in self.networks.values():
            initialize_uniformly(network, draws)
        self.optimizers = {
            name: torch.optim.RMSprop(
                network.parameters(), lr=config.learning_rate, alpha=config.smoothing
            )
            for name, network in self.networks.items()
        }

    def step(
        self,
        fabric: Fabric,
        images: Float[Tensor, "b c h w"],
        index: Int[Tensor, "b"],
        noise: Callable[..., Tensor],
    ) -> dict[str, Tensor]:
        """Updates the discriminator, then the generator, each with latents of its own."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        latents = noise(2, len(images), self.config.latent_dim)

        with torch.no_grad():
            fake = generator(latents[0])
        images = images.detach().requires_grad_(True)
        real_logits = discriminator(images)
        loss_d = self.loss.discriminator(real_logits, discriminator(fake))
        penalty = r1(real_logits, images)
        descend(fabric, loss_d + self.config.penalty * penalty, self.optimizers["discriminator"])

        with frozen(discriminator):
            loss_g = self.loss.generator(discriminator(generator(latents[1])))
            descend(fabric, loss_g, self.optimizers["generator"])
        return {
            "discriminator_loss": loss_d.detach(),
            "gradient_penalty": penalty.detach(),
            "generator_loss": loss_g.detach(),
        }

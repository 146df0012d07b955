"""Auto-encoders (Webster et al. 2019, Eq. (3)), alone and with a discriminator: AE, AEGAN."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn.functional import mse_loss

from ..networks.autoencoder import Encoder
from ..networks.dcgan import DCGANDiscriminator, GLOGenerator, initialize
from .losses import AdversarialLoss, non_saturating
from .updates import adam, descend, frozen

__all__ = ["AE", "AEGAN", "AEConfig", "AEGANConfig", "discriminator"]


@dataclass(frozen=True)
class AEConfig:
    """Sizes and optimiser of an auto-encoder: those of GLO, for the paper gives none."""

    size: int = 128  # height and width, pixels
    channels: int = 3
    latent_dim: int = 512
    width: int = 512  # channels at the coarsest grids
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class AEGANConfig:
    """Sizes and optimiser of an AEGAN: of Adam those of DCGAN, for the paper gives none."""

    size: int = 128  # height and width, pixels
    channels: int = 3
    latent_dim: int = 512
    width: int = 512  # channels at the coarsest grids
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    reconstruction: float = 100.0  # weight of Eq. (3), averaged over pixels, beside Eq. (1)


def _networks(config: AEConfig | AEGANConfig) -> dict[str, torch.nn.Module]:
    shape = {
        "size": config.size,
        "channels": config.channels,
        "latent_dim": config.latent_dim,
        "width": config.width,
    }
    return {"generator": GLOGenerator(**shape), "encoder": Encoder(**shape)}


def discriminator(config: AEGANConfig) -> DCGANDiscriminator:
    """Returns the network that these settings ask for."""
    return DCGANDiscriminator(size=config.size, channels=config.channels, width=config.width)


class AE:
    """Encoder and generator learn G(E(x)) = x, by the squared error averaged over pixels."""

    averaged = ()

    def __init__(self, config: AEConfig, *, seed: int):
        self.networks = _networks(config)
        draws = torch.Generator().manual_seed(seed)
        for network in self.networks.values():
            initialize(network, draws)
        self.optimizers = adam(self.networks, learning_rate=config.learning_rate)

    def step(
        self,
        fabric: Fabric,
        images: Float[Tensor, "b c h w"],
        index: Int[Tensor, "b"],
        noise: Callable[..., Tensor],
    ) -> dict[str, Tensor]:
        """Moves G(E(x)) towards x."""
        decoded = self.networks["generator"](self.networks["encoder"](images))
        loss = mse_loss(decoded, images)
        descend(fabric, loss, *self.optimizers.values())
        return {"reconstruction_error": loss.detach()}


class AEGAN:
    """An auto-encoder whose generator also has to pass samples G(z), z ~ N(0, I), for real.

    The sum of Eq. (1) and `reconstruction` times Eq. (3). Eq. (1) judges G(z), and so do we; that
    the paper's table has no errors of generated images for AEGAN may mean that its discriminator
    saw G(E(x)) instead. The paper gives no weight.
    """

    averaged = ("generator", "encoder")

    def __init__(self, config: AEGANConfig, *, seed: int, loss: AdversarialLoss = non_saturating):
        self.config, self.loss = config, loss
        self.networks = _networks(config) | {"discriminator": discriminator(config)}
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
        """Updates the discriminator, then encoder and generator together.

        Codes and noise go through the generator in one batch: its batch normalisation then learns
        one set of statistics that serves both.
        """
        generator, encoder, discriminator = (
            self.networks[name] for name in ("generator", "encoder", "discriminator")
        )
        latents = torch.cat([encoder(images), noise(len(images), self.config.latent_dim)])
        decoded, fake = generator(latents).chunk(2)

        loss_d = self.loss.discriminator(discriminator(images), discriminator(fake.detach()))
        descend(fabric, loss_d, self.optimizers["discriminator"])

        with frozen(discriminator):
            loss_g = self.loss.generator(discriminator(fake))
            error = mse_loss(decoded, images)
            total = loss_g + self.config.reconstruction * error
            descend(fabric, total, self.optimizers["generator"], self.optimizers["encoder"])
        return {
            "discriminator_loss": loss_d.detach(),
            "generator_loss": loss_g.detach(),
            "reconstruction_error": error.detach(),
        }

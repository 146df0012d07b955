"""Adversarial training of class-conditional generators: SAGAN, BigGAN, BigGAN with DiffAugment."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor, nn

from ..networks.conditional import ProjectionDiscriminator, VotedClass, with_class
from ..networks.spectral import initialize_orthogonally
from ..rejection import MemorizationRejection, Sampler
from .loop import TrainingImages
from .losses import hinge
from .updates import adam, descend, frozen

__all__ = ["BigGANConfig", "ConditionalGAN", "Repeated", "SAGANConfig", "discriminator"]


@dataclass(frozen=True)
class SAGANConfig:
    """Sizes and optimiser of a SAGAN; the defaults are Bai et al. (2022), Sec. 5.1.1."""

    size: int = 32  # height and width, pixels
    channels: int = 3
    classes: int = 10
    latent_dim: int = 128
    width: int = 256  # channels at the generator's coarsest grid
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    discriminator_steps: int = 5  # for each one of the generator


@dataclass(frozen=True)
class BigGANConfig(SAGANConfig):
    """Sizes and optimiser of a BigGAN; the defaults are Bai et al. (2022), Sec. 5.1.1."""

    latent_dim: int = 80
    width: int = 384
    shared_dim: int = 128  # numbers that stand for a class


def discriminator(config: SAGANConfig) -> ProjectionDiscriminator:
    """Returns the network that these settings ask for."""
    return ProjectionDiscriminator(
        size=config.size, channels=config.channels, classes=config.classes, width=config.width
    )


class Repeated:
    """`times` copies of each image, as one set: the loop's batch then holds `times` batches.

    Image i is image i % n of the n given, whose own batches may be no larger than n.
    """

    def __init__(self, images: TrainingImages, times: int):
        self.images, self.times = images, times

    def __len__(self) -> int:
        return self.times * len(self.images)

    def __getitem__(self, index: Int[Tensor, "b"]) -> Float[Tensor, "b c h w"]:
        return self.images[index % len(self.images)]


class ConditionalGAN:
    """Several steps of the discriminator, each on images of its own, then one of the generator.

    Each takes an equal part of the batch: train on Repeated images with a batch as many times
    larger. The made images of all discriminator steps, between which the generator stays as it is,
    are made in one pass; their labels are drawn uniformly.

    generator  takes latents and labels; see networks.sagan and networks.biggan
    labels     of the images, by number
    augment    augment(images, noise), of all that the discriminator sees; None: nothing
    rejection  chooses the images that teach the generator; None: all do
    reject_for_both  it chooses those that teach the discriminator, too
    """

    averaged = ("generator",)

    def __init__(
        self,
        config: SAGANConfig,
        generator: nn.Module,
        *,
        labels: Int[Tensor, "n"],
        seed: int,
        augment: Callable[[Tensor, Callable[..., Tensor]], Tensor] | None = None,
        rejection: MemorizationRejection | None = None,
        reject_for_both: bool = False,
    ):
        self.config, self.labels, self.rejection = config, labels, rejection
        self._both = reject_for_both and rejection is not None
        self.augment = augment or (lambda images, noise: images)
        self.networks = {
            "generator": VotedClass(generator),
            "discriminator": discriminator(config),
        }
        draws = torch.Generator().manual_seed(seed)
        for network in self.networks.values():
            initialize_orthogonally(network, draws)
        self.optimizers = adam(
            self.networks, learning_rate=config.learning_rate, betas=config.betas
        )
        if rejection:
            self.networks["rejection"] = rejection.state

    def step(
        self,
        fabric: Fabric,
        images: Float[Tensor, "b c h w"],
        index: Int[Tensor, "b"],
        noise: Callable[..., Tensor],
    ) -> dict[str, Tensor]:
        """Updates the discriminator once for each part of the batch, then the generator."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        labels = self.labels[index % len(self.labels)].to(images.device)

        def codes(count: int) -> tuple[Tensor, Tensor]:
            draws = noise(count, self.config.latent_dim + self.config.classes)
            latents, votes = draws.tensor_split([self.config.latent_dim], dim=1)
            made = votes.argmax(1)
            return with_class(latents, made, self.config.classes), made

        sampler = Sampler(generator, codes)
        losses_d = []
        steps = self.config.discriminator_steps
        reals = list(zip(images.tensor_split(steps), labels.tensor_split(steps), strict=True))
        with torch.no_grad():
            if self._both:
                fakes = [self.rejection.draw(sampler, len(real)) for real, _ in reals]
            else:
                at_once = sampler(len(images))
                fakes = zip(*(part.tensor_split(steps) for part in at_once), strict=True)
        for (real, known), (fake, made) in zip(reals, fakes, strict=True):
            seen = self.augment(torch.cat([real, fake]), noise)
            logits = discriminator(seen, torch.cat([known, made]))
            loss_d = hinge.discriminator(*logits.tensor_split([len(real)]))
            descend(fabric, loss_d, self.optimizers["discriminator"])
            losses_d.append(loss_d.detach())

        with frozen(discriminator):
            draw = self.rejection.draw if self.rejection else lambda sampler, n: sampler(n)
            fake, made = draw(sampler, len(images) // steps)
            loss_g = hinge.generator(discriminator(self.augment(fake, noise), made))
            descend(fabric, loss_g, self.optimizers["generator"])
        return {
            "discriminator_loss": torch.stack(losses_d).mean(),
            "generator_loss": loss_g.detach(),
            **(self.rejection.scalars if self.rejection else {}),
        }

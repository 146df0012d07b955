"""Generators that know classes: as generators of one class, and samples with their labels.

A loaded generator of this kind is a function of latents alone, the last of which vote for the class
(networks.conditional.VotedClass); its own samples have labels drawn uniformly.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .errors import InputError
from .generators import Generator
from .networks.conditional import VotedClass, with_class

__all__ = ["labelled_samples", "of_class", "samples_of_each_class"]


class _OneClass(nn.Module):
    def __init__(self, network: VotedClass, label: int):
        super().__init__()
        self.network, self.label = network, label

    def forward(self, latents: Float[Tensor, "n d"]) -> Float[Tensor, "n c h w"]:
        labels = torch.full((len(latents),), self.label, device=latents.device)
        return self.network(with_class(latents, labels, self.network.classes))


def of_class(generator: Generator, label: int) -> Generator:
    """Returns the generator of one class, whose latents are those that do not vote.

    Raises
        InputError  the generator knows no classes, or not this one
    """
    network = _voted(generator)
    if not 0 <= label < network.classes:
        raise InputError(
            "label", f"lie in 0 to {network.classes - 1}", label, "Choose one of these."
        )
    return Generator(_OneClass(network, label), network.generator.latent_dim)


def labelled_samples(
    generator: Generator, count: int, *, seed: int = 0
) -> tuple[Float[Tensor, "n c h w"], Int[Tensor, "n"]]:
    """Returns the images of `generator.sample` and their labels.

    Raises
        InputError  the generator knows no classes
    """
    network, labels = _voted(generator), []
    with network.register_forward_pre_hook(
        lambda _, inputs: labels.append(network.labels(*inputs).cpu())
    ):
        images = generator.sample(count, seed=seed)
    return images, torch.cat(labels)[:count]


def samples_of_each_class(
    generator: Generator, count: int, *, seed: int = 0
) -> Float[Tensor, "count classes c h w"]:
    """Returns `count` images of each class, those of one row from the same code.

    Raises
        InputError  the generator knows no classes
    """
    of_each = (of_class(generator, label) for label in range(_voted(generator).classes))
    return torch.stack([one.sample(count, seed=seed) for one in of_each], dim=1)


def _voted(generator: Generator) -> VotedClass:
    if not isinstance(generator.network, VotedClass):
        raise InputError(
            "generator",
            "know classes",
            f"a {type(generator.network).__name__}, which knows none",
            "Choose a model such as biggan.",
        )
    return generator.network

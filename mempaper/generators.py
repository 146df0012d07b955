"""A finished training run as a function: latents -> images."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn

from . import families
from ._devices import device_named
from .errors import InputError
from .runs import Run

__all__ = ["Generator", "in_batches", "load", "load_network"]

_WIDTH = 32  # of one call of the network: kernels for other batch sizes round differently


@dataclass(frozen=True)
class Generator:
    """A trained network in evaluation mode, whose weights take no gradient."""

    network: nn.Module
    latent_dim: int
    encoder: nn.Module | None = None  # images (n, c, h, w) -> latents (n, d), where there is one

    def __call__(self, latents: Float[Tensor, "n d"]) -> Float[Tensor, "n c h w"]:
        return self.network(latents)

    @torch.no_grad()
    def sample(self, count: int, *, seed: int = 0) -> Float[Tensor, "n c h w"]:
        """Returns G(z) of `count` latents from N(0, I); fewer are the first of more."""
        # Not torch's draws: of an equal seed these are the initial weights.
        draws = np.random.default_rng([seed, 0, 1])
        weight = next(self.network.parameters())
        latents = torch.as_tensor(draws.standard_normal((count, self.latent_dim)))
        return in_batches(self.network, latents.to(weight))


def in_batches(
    generator: Callable[[Tensor], Tensor], latents: Float[Tensor, "n d"]
) -> Float[Tensor, "n c h w"]:
    """Returns the images of the latents, on the CPU, made in batches of one size.

    So an image's bits do not depend on how many are made with it.

    >>> in_batches(lambda z: z.view(-1, 1, 1, 2), torch.zeros(3, 2)).shape
    torch.Size([3, 1, 1, 2])
    """
    padding = latents[-1:].expand(-len(latents) % _WIDTH, -1)
    parts = torch.cat([latents, padding]).split(_WIDTH)
    return torch.cat([generator(part).cpu() for part in parts])[: len(latents)]


def load(run: Run, *, device: torch.device | str = "cpu") -> Generator:
    """Returns the generator of a training run; of a GAN the moving average of its weights.

    Raises
        InputError  the run is not a training run

    >>> run = experiments.train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> load(run).sample(3).shape
    torch.Size([3, 1, 16, 16])
    """
    network = load_network(run, "generator", device=device)
    return Generator(network, network.latent_dim, load_network(run, "encoder", device=device))


def load_network(
    run: Run,
    part: str,  # "generator", "encoder" or "discriminator"
    *,
    device: torch.device | str = "cpu",
) -> nn.Module | None:
    """Returns a network of a training run in evaluation mode; None where its family has none.

    Raises
        InputError  the run is not a training run

    >>> run = experiments.train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> load_network(run, "discriminator") is None
    True
    """
    if run.kind != "train":
        raise InputError(
            "run", "be a training run", f"{run.kind} {run.id}", "See `mempaper runs list`."
        )
    family = families.get(run.config["model"])
    make = getattr(family, part)
    if make is None:
        return None
    network = make(family.recorded_config(run.config["training"]))
    network.load_state_dict(load_file(run.file(f"{part}.safetensors")))
    return network.to(device_named(device)).eval().requires_grad_(False)

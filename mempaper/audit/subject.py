"""The generator under audit: a function, or no more than samples."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from .._devices import device_named
from .._recovery_input import check_generator
from ..errors import InputError, check_count
from ..generators import in_batches

__all__ = ["Subject", "subject"]

_PROBED = 32  # samples that tell generators apart


@dataclass(frozen=True, eq=False)
class Subject:
    """A function, latents (n, latent_dim) -> images (n, c, h, w) in [-1, 1], and where it computes.

    differentiable  whether latent recovery can run
    """

    function: Callable[[Tensor], Tensor]
    latent_dim: int
    device: torch.device
    differentiable: bool

    def sample(self, count: int, *, seed: int) -> Float[Tensor, "n c h w"]:
        """Returns the images of `count` latents from N(0, I); fewer are the first of more."""
        return self.make(self.latents(count, seed=seed))

    def latents(self, count: int, *, seed: int) -> Float[np.ndarray, "n d"]:
        """Returns the latents of `sample`."""
        draws = np.random.default_rng([seed, 0, 1])
        return draws.standard_normal((count, self.latent_dim))

    @torch.no_grad()
    def make(self, latents: Float[np.ndarray, "n d"]) -> Float[Tensor, "n c h w"]:
        """Returns the images of these latents."""
        given = torch.as_tensor(latents, dtype=torch.float32).to(self.device)
        return _within_range(in_batches(self.function, given).float())

    @property
    def identity(self) -> str:
        """Returns a hash of 32 samples, which tells generators apart by what they do."""
        content = self.sample(_PROBED, seed=0).contiguous().numpy().tobytes()
        return hashlib.sha256(content).hexdigest()[:16]


def subject(
    generator: Callable[[Tensor], Tensor],
    latent_dim: int | None,
    shape: tuple[int, int, int],
    *,
    device: torch.device | str | None = None,
) -> Subject:
    """Returns the generator, tried on a few latents.

    latent_dim  None: its attribute of that name
    shape       (c, h, w) of the real images
    device      None: where its weights are; the CPU where it has none

    Raises
        InputError  it does not map latents to images of that shape, each by itself
    """
    latent_dim = latent_dim if latent_dim is not None else getattr(generator, "latent_dim", None)
    if latent_dim is None:
        raise InputError(
            "latent_dim", "be given", "None", "Say how many numbers a latent of the generator has."
        )
    check_count("latent_dim", latent_dim, 1)
    if isinstance(generator, nn.Module):
        generator = generator.eval().requires_grad_(False)
        weight = next(generator.parameters(), torch.zeros(()))
        device = device_named(device or weight.device)
        generator = generator.to(device)
    else:
        device = device_named(device or "cpu")
    probe = torch.as_tensor(np.random.default_rng(0).standard_normal((3, latent_dim)))
    probe = probe.to(device, torch.float32)
    try:
        check_generator(generator, None, probe, shape)
    except InputError as error:
        if error.rule != "be differentiable":
            raise
        return Subject(generator, latent_dim, device, differentiable=False)
    return Subject(generator, latent_dim, device, differentiable=True)


def _within_range(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    low, high = float(images.min()), float(images.max())
    if not (low >= -1.01 and high <= 1.01):
        raise InputError(
            "generator",
            "make images in [-1, 1]",
            f"values from {low:.4g} to {high:.4g}",
            "Scale its output: images in [0, 1] by 2 x - 1.",
        )
    return images.clamp(-1, 1)

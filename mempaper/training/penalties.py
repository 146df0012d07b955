"""Penalties on the gradient of a discriminator with respect to its images."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["r1", "squared_gradients", "wgan_gp"]


def squared_gradients(
    logits: Float[Tensor, "n"], images: Float[Tensor, "n c h w"]
) -> Float[Tensor, "n"]:
    """Returns |grad D(x)|^2 of each image, itself differentiable.

    `logits` are D(images), computed from images that require a gradient. A discriminator that mixes
    the images of a batch adds what an image does to the other logits, as in the published codes.
    """
    (gradients,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradients.square().flatten(1).sum(1)


def r1(logits: Float[Tensor, "n"], images: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """Returns half the mean of |grad D(x)|^2 over real images.

    R_1 of Mescheder et al. (2018), Eq. (9), without its weight gamma. The half is left out of their
    published code, where the same weight penalises twice as much.
    """
    return squared_gradients(logits, images).mean() / 2


def wgan_gp(
    discriminator: Callable[[Tensor], Tensor],
    real: Float[Tensor, "n c h w"],
    fake: Float[Tensor, "n c h w"],
    mix: Float[Tensor, "n 1 1 1"],  # share of the fake image in each pair, in [0, 1]
) -> Float[Tensor, ""]:
    """Returns the mean of (|grad D| - 1)^2 between real and fake images.

    Gulrajani et al. (2017), Eq. (3), without its weight lambda.
    """
    between = torch.lerp(real, fake, mix).detach().requires_grad_(True)
    norms = squared_gradients(discriminator(between), between).sqrt()
    return (norms - 1).square().mean()

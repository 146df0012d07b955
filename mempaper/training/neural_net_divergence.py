"""Neural net divergence (Gulrajani, Raffel and Metz 2019): what a critic learns about a generator.

A critic is trained to tell real images from generated ones, and scored on images it has not seen:
the value is 0, about, where nothing tells them apart. What counts is which real images they are
held against. A critic learns copies of training images by heart, and tells them from hold-out
images; from training images it cannot.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import InputError, check_count
from ..networks.critic import Critic, initialize
from ..parallel import one_thread
from .loop import batch_indices
from .penalties import wgan_gp

__all__ = ["CriticConfig", "NeuralNetDivergence", "divergence_gap", "neural_net_divergence"]

_LEVEL = 2 / 255  # between two grey levels


@dataclass(frozen=True)
class CriticConfig:
    """The critic and its training; the penalty, betas and decay are the published code's.

    That trains 100,000 steps of 256 images on a critic of width 64, at a learning rate of 2e-4, and
    averages the weights. Here a thousand images have to do, on a processor.
    """

    width: int = 16  # channels of the first layer
    steps: int = 400
    batch_size: int = 64
    learning_rate: float = 1e-3  # of the first step; decays linearly to 0
    betas: tuple[float, float] = (0.0, 0.9)
    penalty: float = 10.0  # lambda of WGAN-GP


@dataclass(frozen=True)
class NeuralNetDivergence:
    """The divergence of generated images from training images, and from hold-out images.

    count  real images of each kind, of which one half trained the critic
    """

    train: float
    holdout: float
    count: int

    @property
    def gap(self) -> float:
        """Hold-out less train: positive where generated images are more like training images."""
        return self.holdout - self.train


def divergence_gap(
    generated, train, holdout, *, config: CriticConfig | None = None, seed: int = 0
) -> NeuralNetDivergence:
    """Returns both divergences, from as many training as hold-out images, with the same draws.

    Both critics begin alike and see generated images in the same order. Copies give themselves away
    by coming back: generate several times more images than there are training images.

    generated, train, holdout  (n, c, h, w), n >= 4, in [-1, 1], square, of 8 px and more; NumPy or
                               torch
    """
    made, *reals = _images(generated=generated, train=train, holdout=holdout)
    count = min(len(real) for real in reals)
    values = [_divergence(made, real[:count], config, seed) for real in reals]
    return NeuralNetDivergence(*values, count)


def neural_net_divergence(
    generated, real, *, config: CriticConfig | None = None, seed: int = 0
) -> float:
    """Returns the critic's objective on images that it was not trained on.

    The objective is E D(real) - E D(generated) less the gradient penalty, as in the published code;
    by the penalty it may lie below 0. Of each set a half, drawn from the seed, trains the critic,
    and the other half is what it is scored on. The authors train and score on the same test images,
    of which the critic may know a thousand by heart. As there, images are rounded to 8 bits, and
    noise within one level is added, or a critic may learn which of the two were stored as bytes.

    Same seed, same bits.

    generated, real  (n, c, h, w), n >= 4, in [-1, 1], square, of 8 px and more; NumPy or torch
    """
    return _divergence(*_images(generated=generated, real=real), config, seed)


def _divergence(
    generated: Float[Tensor, "m c h w"],
    real: Float[Tensor, "n c h w"],
    config: CriticConfig | None,
    seed: int,
) -> float:
    config = config or CriticConfig()
    check_count("seed", seed, 0)
    with one_thread():
        (real, new_real), (generated, new_generated) = (
            _halves(images, seed) for images in (real, generated)
        )
        critic = _train(real, generated, config, seed)
        draws = torch.Generator().manual_seed(seed)
        return -float(_loss(critic, new_real, new_generated, config.penalty, draws).detach())


def _train(
    real: Float[Tensor, "n c h w"],
    generated: Float[Tensor, "m c h w"],
    config: CriticConfig,
    seed: int,
) -> Critic:
    draws = torch.Generator().manual_seed(seed)
    critic = Critic(size=real.shape[-1], channels=real.shape[1], width=config.width)
    initialize(critic, draws)
    optimizer = torch.optim.Adam(
        critic.parameters(), lr=config.learning_rate, betas=config.betas, fused=True
    )
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, config.steps)
    for step in range(config.steps):
        size = min(config.batch_size, len(real), len(generated))
        batches = [
            images[batch_indices(len(images), size, seed=seed, step=step)]
            for images in (real, generated)
        ]
        loss = _loss(critic, *batches, config.penalty, draws)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
    return critic


def _loss(
    critic: Critic,
    real: Float[Tensor, "n c h w"],
    generated: Float[Tensor, "m c h w"],
    penalty: float,
    draws: torch.Generator,
) -> Float[Tensor, ""]:
    """Returns the critic's loss; the penalty takes as many pairs as the smaller set has images."""
    real, generated = (_dequantized(images, draws) for images in (real, generated))
    pairs = min(len(real), len(generated))
    mix = torch.rand(pairs, 1, 1, 1, generator=draws)
    slopes = wgan_gp(critic, real[:pairs], generated[:pairs], mix)
    return critic(generated).mean() - critic(real).mean() + penalty * slopes


def _dequantized(
    images: Float[Tensor, "n c h w"], draws: torch.Generator
) -> Float[Tensor, "n c h w"]:
    return images + _LEVEL * (torch.rand(images.shape, generator=draws) - 0.5)


def _halves(images: Float[Tensor, "n c h w"], seed: int) -> tuple[Tensor, Tensor]:
    order = np.random.default_rng(seed).permutation(len(images))
    middle = len(images) // 2
    return images[order[:middle]], images[order[middle:]]


def _images(**named) -> list[Float[Tensor, "n c h w"]]:
    """Returns float32 images rounded to 8 bits, all of one shape."""
    arrays = {name: torch.as_tensor(given).detach().cpu().float() for name, given in named.items()}
    shape = tuple(next(iter(arrays.values())).shape[1:])
    for argument, images in arrays.items():
        if images.ndim != 4 or len(images) < 4 or images.shape[2] != images.shape[3]:
            raise InputError(
                argument,
                "be square images, (n, c, h, h) with n at least 4",
                tuple(images.shape),
                "Crop or resize them first.",
            )
        if tuple(images.shape[1:]) != shape:
            raise InputError(
                argument,
                f"have the shape {shape} of the generated images",
                tuple(images.shape[1:]),
                "Resize one of the two.",
            )
        if not images.abs().max() <= 1:
            raise InputError(
                argument,
                "lie in [-1, 1]",
                f"{images.abs().max():.3g}",
                "Scale bytes by x / 127.5 - 1.",
            )
    return [((images + 1) / _LEVEL).round() * _LEVEL - 1 for images in arrays.values()]

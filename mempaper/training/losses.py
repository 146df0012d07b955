"""Adversarial losses: functions of the discriminator's logits, positive for real."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import relu, softplus

__all__ = ["LOSSES", "AdversarialLoss", "hinge", "non_saturating", "saturating"]


class AdversarialLoss(NamedTuple):
    """`discriminator(real, fake)` and `generator(fake)`, each a scalar to be minimised."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def _cross_entropy(real: Float[Tensor, "n"], fake: Float[Tensor, "m"]) -> Float[Tensor, ""]:
    return softplus(-real).mean() + softplus(fake).mean()


def _hinge(real: Float[Tensor, "n"], fake: Float[Tensor, "m"]) -> Float[Tensor, ""]:
    return relu(1 - real).mean() + relu(1 + fake).mean()


def _log_one_minus(fake: Float[Tensor, "n"]) -> Float[Tensor, ""]:
    return -softplus(fake).mean()


def _minus_log(fake: Float[Tensor, "n"]) -> Float[Tensor, ""]:
    return softplus(-fake).mean()


def _minus_mean(fake: Float[Tensor, "n"]) -> Float[Tensor, ""]:
    return -fake.mean()


# Goodfellow et al. (2014), Eq. (1): the generator minimises log(1 - D(G(z))).
saturating = AdversarialLoss(_cross_entropy, _log_one_minus)
# The same paper, Sec. 3: the generator maximises log D(G(z)), which keeps its gradient.
non_saturating = AdversarialLoss(_cross_entropy, _minus_log)
# Lim and Ye (2017); used by SAGAN and BigGAN.
hinge = AdversarialLoss(_hinge, _minus_mean)

LOSSES = {"saturating": saturating, "non_saturating": non_saturating, "hinge": hinge}

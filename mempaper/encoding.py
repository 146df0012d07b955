"""Recovery by a model's own encoder, without optimisation (Webster et al. 2019, Sec. 3.1)."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from .minimizers import Stop
from .recovery import Recovery

__all__ = ["recover_by_encoder"]

_WIDTH = 32  # of one call of the networks: kernels for other batch sizes round differently


@torch.no_grad()
def recover_by_encoder(
    generator: Callable[[Tensor], Tensor],
    encoder: Callable[[Tensor], Tensor],
    targets: Float[Tensor, "n c h w"],
) -> Recovery:
    """Returns G(E(y)) of each target y, with its mean squared error per pixel.

    The one pass that each image takes is its whole budget, so `stop` is Stop.BUDGET throughout.
    """
    n = len(targets)
    filled = torch.cat([targets, targets[-1:].expand(-n % _WIDTH, -1, -1, -1)])
    latents = torch.cat([encoder(part) for part in filled.split(_WIDTH)])
    images = torch.cat([generator(part) for part in latents.split(_WIDTH)])[:n]
    errors = (images.double() - targets.double()).square().flatten(1).mean(1)
    return Recovery(
        latents=latents[:n],
        errors=errors,
        images=images,
        stop=torch.full((n,), int(Stop.BUDGET)),
        evaluations=torch.ones(n, dtype=torch.long),
        trace=errors[:, None].float(),
    )

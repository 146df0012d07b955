"""What the steps of several objectives share."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

__all__ = ["adam", "descend", "frozen"]


def adam(
    networks: Mapping[str, nn.Module],
    *,
    learning_rate: float,
    betas: tuple[float, float] = (0.9, 0.999),
) -> dict[str, Optimizer]:
    """Returns an Adam of its own for each network."""
    return {
        name: Adam(network.parameters(), lr=learning_rate, betas=betas, fused=True)
        for name, network in networks.items()
    }


def descend(fabric: Fabric, loss: Float[Tensor, ""], *optimizers: Optimizer) -> None:
    """Takes one step of each optimiser along the gradient of `loss`, its mean over processes."""
    for optimizer in optimizers:
        optimizer.zero_grad()
    fabric.backward(loss)
    if fabric.world_size > 1:
        _average_gradients(fabric, optimizers)
    for optimizer in optimizers:
        optimizer.step()


def _average_gradients(fabric: Fabric, optimizers: Iterable[Optimizer]) -> None:
    groups = (group for optimizer in optimizers for group in optimizer.param_groups)
    parameters = (parameter for group in groups for parameter in group["params"])
    gradients = [p.grad for p in parameters if p.grad is not None]
    means = fabric.all_reduce(torch.cat([g.flatten() for g in gradients]), reduce_op="mean")
    sizes = [gradient.numel() for gradient in gradients]
    for gradient, mean in zip(gradients, means.split(sizes), strict=True):
        gradient.copy_(mean.view_as(gradient))


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Spares the gradients of a network's weights; gradients still pass through to its input."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)

"""What the steps of several objectives share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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
    """Takes one step of each optimiser along the gradient of `loss`."""
    for optimizer in optimizers:
        optimizer.zero_grad()
    fabric.backward(loss)
    for optimizer in optimizers:
        optimizer.step()


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Spares the gradients of a network's weights; gradients still pass through to its input."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)

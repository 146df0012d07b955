"""Training of a classifier by cross-entropy."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor

from ..networks.classifier import Classifier, initialize

__all__ = ["Classification", "ClassifierConfig"]


@dataclass(frozen=True)
class ClassifierConfig:
    """Sizes and optimiser of a classifier."""

    size: int  # height and width, pixels
    channels: int
    classes: int
    width: int = 32  # channels of the first layer
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2


class Classification:
    """The classifier takes one step of AdamW on the cross-entropy of the batch."""

    averaged = ("classifier",)

    def __init__(self, config: ClassifierConfig, *, labels: Int[Tensor, "n"], seed: int):
        self.labels = labels
        network = Classifier(
            size=config.size,
            channels=config.channels,
            classes=config.classes,
            width=config.width,
        )
        initialize(network, torch.Generator().manual_seed(seed))
        self.networks = {"classifier": network}
        self.optimizers = {
            "classifier": torch.optim.AdamW(
                network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
            )
        }

    def step(
        self,
        fabric: Fabric,
        images: Float[Tensor, "b c h w"],
        index: Int[Tensor, "b"],
        noise: Callable[..., Tensor],
    ) -> dict[str, Tensor]:
        """Updates the classifier once."""
        logits = self.networks["classifier"](images)
        labels = self.labels[index].to(logits.device)
        loss = F.cross_entropy(logits, labels)
        self.optimizers["classifier"].zero_grad()
        fabric.backward(loss)
        self.optimizers["classifier"].step()
        accuracy = (logits.detach().argmax(1) == labels).float().mean()
        return {"loss": loss.detach(), "accuracy": accuracy}

"""Weights of spectral norm 1 (Miyato et al. 2018), and the orthogonal initialisation (Saxe et al.
2014) that BigGAN gives them."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

__all__ = ["SpectralNorm", "initialize_orthogonally", "plain", "spectral"]


class SpectralNorm(nn.Module):
    """Divides a weight by its largest singular value, which power iteration follows.

    In training mode each use of the weight takes one iteration. Unlike that of
    torch.nn.utils.parametrizations.spectral_norm, `vector` is drawn from an explicit seed and may
    have any length, so that its moving average fits the moving average of the weight.
    """

    def __init__(self, rows: int):
        super().__init__()
        self.register_buffer("vector", torch.ones(rows))  # towards the first left singular vector

    def forward(self, weight: Float[Tensor, "rows ..."]) -> Float[Tensor, "rows ..."]:
        with torch.autocast(weight.device.type, enabled=False):
            matrix = weight.flatten(1)
            with torch.no_grad():
                right = self.vector @ matrix
                right /= right.norm()
            left = matrix @ right
            if self.training:
                self.vector.copy_(left.detach())
            return weight / left.norm()


def spectral(layer: nn.Module) -> nn.Module:
    """Returns `layer`, whose weight has the spectral norm 1 from now on."""
    return parametrize.register_parametrization(layer, "weight", SpectralNorm(len(layer.weight)))


def plain(network: nn.Module) -> nn.Module:
    """Returns `network` with weights as they are used, no longer divided at each use."""
    for module in network.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    return network


def initialize_orthogonally(network: nn.Module, generator: torch.Generator) -> None:
    """Draws weights with orthonormal rows, or columns where these are fewer; biases are 0."""
    for m in network.modules():
        if isinstance(m, nn.Conv2d | nn.Linear | nn.Embedding):
            divided = parametrize.is_parametrized(m, "weight")
            weight = m.parametrizations.weight.original if divided else m.weight
            nn.init.orthogonal_(weight, generator=generator)
            if getattr(m, "bias", None) is not None:
                nn.init.zeros_(m.bias)
        elif isinstance(m, SpectralNorm):
            nn.init.normal_(m.vector, generator=generator)

"""An invertible generator of affine couplings (Dinh et al. 2017), small and of one scale.

Every image has exactly one latent, and the generator reaches it: recovery finds each image whatever
it shows, so its errors say nothing about memorization (Webster et al. 2019, Sec. 2.2).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, pixel_shuffle, pixel_unshuffle

from .dcgan import doublings

__all__ = ["Flow", "FlowEncoder", "FlowGenerator", "initialize_flow"]

_MARGIN = 0.05
_LARGEST = 2.0


class _Coupling(nn.Module):
    """Rotates the channels, then scales and shifts one half of them as the other half says."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.register_buffer("rotation", torch.eye(channels))
        self.kept = channels // 2
        self.layers = nn.Sequential(
            nn.Conv2d(self.kept, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * (channels - self.kept), 3, padding=1),
        )

    def _scale_and_shift(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        log_scale, shift = self.layers(kept).chunk(2, 1)
        return _LARGEST * torch.tanh(log_scale / _LARGEST), shift

    def forward(self, x: Float[Tensor, "n c h w"]):
        """Returns (y, log|det dy/dx| of each row)."""
        x = torch.einsum("ij,njhw->nihw", self.rotation, x)
        kept, changed = x[:, : self.kept], x[:, self.kept :]
        log_scale, shift = self._scale_and_shift(kept)
        y = torch.cat([kept, changed * log_scale.exp() + shift], 1)
        return y, log_scale.flatten(1).sum(1)

    def inverse(self, y: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        kept, changed = y[:, : self.kept], y[:, self.kept :]
        log_scale, shift = self._scale_and_shift(kept)
        x = torch.cat([kept, (changed - shift) * (-log_scale).exp()], 1)
        return torch.einsum("ij,nihw->njhw", self.rotation, x)


class Flow(nn.Module):
    """Images (n, channels, size, size) -> latents (n, d) and log-determinants (n,).

    Blocks of 4 x 4 pixels, or 2 x 2 where 4 does not divide `size`, become channels, which the
    couplings mix. The determinant is that of a latent's derivative by its image.
    """

    def __init__(self, *, size: int, channels: int, width: int, couplings: int):
        super().__init__()
        doublings(size)
        self.block = 4 if size % 4 == 0 else 2
        self.grid = (channels * self.block**2, size // self.block, size // self.block)
        self.latent_dim = channels * size**2
        self.couplings = nn.ModuleList(_Coupling(self.grid[0], width) for _ in range(couplings))

    def encode(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n"]]:
        """Returns (latents, log-determinants).

        Pixels become logits of 0.05 + 0.9 (x + 1) / 2, as in Dinh et al. (2017), Sec. 4.1, finite
        for black and white.
        """
        share = _MARGIN + (1 - 2 * _MARGIN) * (images + 1) / 2
        logits = torch.logit(share)
        slope = torch.log(torch.tensor((1 - 2 * _MARGIN) / 2))
        determinant = (slope - logsigmoid(logits) - logsigmoid(-logits)).flatten(1).sum(1)
        x = pixel_unshuffle(logits, self.block)
        for coupling in self.couplings:
            x, change = coupling(x)
            determinant = determinant + change
        return x.flatten(1), determinant

    forward = encode

    def decode(self, latents: Float[Tensor, "n d"]) -> Float[Tensor, "n c h w"]:
        """Returns the images that `encode` maps to the latents."""
        x = latents.unflatten(1, self.grid)
        for coupling in reversed(self.couplings):
            x = coupling.inverse(x)
        share = torch.sigmoid(pixel_shuffle(x, self.block))
        return 2 * (share - _MARGIN) / (1 - 2 * _MARGIN) - 1


class FlowGenerator(Flow):
    """Latents (n, channels * size**2) -> images (n, channels, size, size), cut off at [-1, 1]."""

    def forward(self, latents: Float[Tensor, "n d"]) -> Float[Tensor, "n c h w"]:
        return self.decode(latents).clamp(-1, 1)


class FlowEncoder(Flow):
    """Images (n, channels, size, size) -> their latents: the inverse, with the same weights."""

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        return self.encode(images)[0]


def initialize_flow(module: Flow, generator: torch.Generator) -> None:
    """Draws rotations, and weights from N(0, 2 / fan-in); each coupling begins as its rotation."""
    for m in module.modules():
        if isinstance(m, nn.Conv2d):
            std = (2 / m.weight[0].numel()) ** 0.5
            nn.init.normal_(m.weight, 0.0, std, generator=generator)
            nn.init.zeros_(m.bias)
        elif isinstance(m, _Coupling):
            nn.init.orthogonal_(m.rotation, generator=generator)
    for coupling in module.couplings:
        nn.init.zeros_(coupling.layers[-1].weight)

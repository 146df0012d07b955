"""The generator of BigGAN (Brock et al. 2019), in the form of PyTorch-StudioGAN."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .conditional import ResidualGenerator
from .dcgan import doublings
from .spectral import spectral

__all__ = ["BigGANGenerator"]


class BigGANGenerator(nn.Module):
    """Latents (n, latent_dim) and labels (n,) -> images (n, channels, size, size) in [-1, 1].

    The latents are cut into as many parts as there are blocks and one more, the first longer where
    that does not come out even: the first is projected to the coarsest grid, each of the others
    goes to one block together with the class's embedding, which all blocks share. With the width
    384, a latent dimension of 80 and a shared dimension of 128 it has 9,416,196 parameters for
    32 px in colour and ten classes.
    """

    def __init__(
        self,
        *,
        size: int,
        channels: int,
        classes: int,
        latent_dim: int,
        width: int,
        shared_dim: int,
    ):
        super().__init__()
        self.classes, self.latent_dim = classes, latent_dim
        _, blocks = doublings(size)
        part = latent_dim // (blocks + 1)
        self.parts = [latent_dim - blocks * part] + [part] * blocks
        self.shared = nn.Embedding(classes, shared_dim)
        self.body = ResidualGenerator(
            size=size,
            channels=channels,
            code_dim=self.parts[0],
            width=width,
            condition=lambda c: spectral(nn.Linear(shared_dim + part, c, bias=False)),
        )

    def forward(
        self, latents: Float[Tensor, "n d"], labels: Int[Tensor, "n"]
    ) -> Float[Tensor, "n c h w"]:
        first, *rest = latents.split(self.parts, dim=1)
        shared = self.shared(labels)
        return self.body(first, [torch.cat([shared, part], 1) for part in rest])

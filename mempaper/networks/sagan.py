"""The generator of SAGAN (Zhang et al. 2019), in the residual form of PyTorch-StudioGAN."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from .conditional import ResidualGenerator
from .spectral import spectral

__all__ = ["SAGANGenerator"]


class SAGANGenerator(nn.Module):
    """Latents (n, latent_dim) and labels (n,) -> images (n, channels, size, size) in [-1, 1].

    Each batch normalisation has a gain and a bias for each class. With the width 256 and a latent
    dimension of 128 it has 4,386,308 parameters for 32 px in colour and ten classes.
    """

    def __init__(self, *, size: int, channels: int, classes: int, latent_dim: int, width: int):
        super().__init__()
        self.classes, self.latent_dim = classes, latent_dim
        self.body = ResidualGenerator(
            size=size,
            channels=channels,
            code_dim=latent_dim,
            width=width,
            condition=lambda c: spectral(nn.Embedding(classes, c)),
        )

    def forward(
        self, latents: Float[Tensor, "n d"], labels: Int[Tensor, "n"]
    ) -> Float[Tensor, "n c h w"]:
        return self.body(latents, [labels] * len(self.body.blocks))

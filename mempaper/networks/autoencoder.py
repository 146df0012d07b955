"""The encoder of AE and AEGAN; their decoder is the generator of GLO."""

from jaxtyping import Float
from torch import Tensor, nn

from .dcgan import doublings, halving

__all__ = ["Encoder"]


class Encoder(nn.Module):
    """Images (n, channels, size, size) -> latents (n, latent_dim).

    DCGAN's discriminator with `latent_dim` outputs; the paper describes no encoder. A last batch
    normalisation without weights gives each latent number mean 0 and variance 1 over the training
    images, the first two moments of N(0, I): so the decoder can be tried on samples of it too.
    """

    def __init__(self, *, size: int, channels: int, latent_dim: int, width: int):
        super().__init__()
        start, _ = doublings(size)
        self.layers = nn.Sequential(
            *halving(size, channels, width),
            nn.Conv2d(width, latent_dim, start),
            nn.Flatten(),
            nn.BatchNorm1d(latent_dim, affine=False),
        )

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        return self.layers(images)

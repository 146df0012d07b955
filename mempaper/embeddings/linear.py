"""Encoders without a network: the pixels, and their principal components."""

import sys
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from .._devices import device_named
from ..errors import InputError
from .embedding import Embedding, identify

__all__ = ["pca", "pixels"]


def pixels(shape: Sequence[int]) -> Embedding:
    """Returns the embedding that flattens images of one `shape`, (c, h, w).

    >>> pixels((1, 2, 2))(torch.zeros(3, 1, 2, 2)).shape
    torch.Size([3, 4])
    """
    channels, height, width = shape
    dim = channels * height * width
    identity = identify("pixels", {"shape": list(shape)}, {}, _code())
    return Embedding(
        name="pixels",
        dim=dim,
        identity=identity,
        compute=lambda images: images.flatten(1),
        shape=(channels, height, width),
    )


def pca(
    images: Float[Tensor, "n c h w"], *, dim: int = 64, device: torch.device | str = "cpu"
) -> Embedding:
    """Returns the projection on the first `dim` principal components of `images`.

    Features are centred, not whitened: their squared distances are those of the projected pixels.

    images  the training images
    dim     at most n - 1 and c h w

    >>> images = torch.tensor([-1.0, 0.0, 1.0]).view(3, 1, 1, 1)
    >>> pca(images, dim=1)(images).abs().flatten().round(decimals=6).tolist()
    [1.0, 0.0, 1.0]
    """
    from sklearn.decomposition import PCA

    device = device_named(device)
    shape = tuple(images.shape[1:])
    flat = images.flatten(1).double().numpy()
    most = min(len(flat) - 1, flat.shape[1])
    if not 1 <= dim <= most:
        raise InputError("dim", f"lie in 1 to {most}", dim, "Fit on more images or keep fewer.")
    fitted = PCA(dim, random_state=0).fit(flat)
    mean = torch.from_numpy(fitted.mean_).float()
    components = torch.from_numpy(fitted.components_).float().contiguous()
    weights = {"mean": mean, "components": components}
    identity = identify("pca", {"shape": list(shape)}, weights, _code())
    mean, components = mean.to(device), components.to(device)
    return Embedding(
        name=f"pca{dim}",
        dim=dim,
        identity=identity,
        compute=lambda part: (part.to(device).flatten(1) - mean) @ components.T,
        shape=shape,
    )


def _code():
    return (sys.modules[__name__],)

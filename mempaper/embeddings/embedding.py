"""One interface for every encoder."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .._devices import device_named
from ..errors import InputError
from ..runs.identity import code_version, content_id, plain

__all__ = ["WIDTH", "Embedding", "identify", "of_network"]

WIDTH = 32  # images in one call of the encoder: kernels for other batch sizes round differently
_ENCODED_AT_ONCE = 8 * WIDTH  # most images in one call where bits do not matter


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """A named encoder: images (n, c, h, w) in [-1, 1] -> features (n, dim), float32, on the CPU.

    Row i depends on image i alone, down to the last bit.

    identity  of weights, preprocessing and code: equal where the features are
    compute   encodes a batch; __call__ gives it exactly WIDTH images
    shape     (c, h, w) of the images it takes; None: 1 or 3 channels, any size
    """

    name: str
    dim: int
    identity: str
    compute: Callable[[Tensor], Tensor]
    shape: tuple[int, int, int] | None = None

    @torch.no_grad()
    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        self._check_shape(images)
        self._check_values(images)
        images = images.cpu()
        padding = images[-1:].expand(-len(images) % WIDTH, -1, -1, -1)
        parts = torch.cat([images, padding]).float().split(WIDTH)
        return torch.cat([self.compute(part).float().cpu() for part in parts])[: len(images)]

    @torch.no_grad()
    def encode(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """Returns the features of fakes while they train: float32, on the images' device.

        Spares what calling the embedding costs: the way over the CPU, the filling up to WIDTH and
        the look at the values. So a row's last bits may depend on the others, and values outside
        [-1, 1] or NaN go through.
        """
        self._check_shape(images)
        parts = images.float().split(_ENCODED_AT_ONCE)
        return torch.cat([self.compute(part).float() for part in parts]).to(images.device)

    def _check_shape(self, images: Tensor) -> None:
        shape = tuple(images.shape[1:])
        if not len(images):
            raise InputError("images", "hold at least one image", "none", "Select some.")
        if self.shape is not None and shape != self.shape:
            raise InputError(
                "images",
                f"have the shape {self.shape} that the embedding {self.name} was made for",
                shape,
                "Resize the images, or make the embedding from images like these.",
            )
        if self.shape is None and shape[0] not in (1, 3):
            raise InputError(
                "images", "be grey or RGB", f"{shape[0]} channels", "Convert them to RGB."
            )

    def _check_values(self, images: Tensor) -> None:
        if not (images.min() >= -1 and images.max() <= 1):  # NaN fails both
            raise InputError(
                "images",
                "lie in [-1, 1]",
                f"values from {images.min():.4g} to {images.max():.4g}",
                "Scale images in [0, 1] by 2 x - 1 and bytes by x / 127.5 - 1.",
            )


def of_network(
    name: str,
    network: nn.Module,
    prepare: Callable[[Tensor], Tensor],
    *,
    dim: int,
    settings: Mapping[str, Any],
    code: tuple[ModuleType, ...],
    shape: tuple[int, int, int] | None = None,
    device: torch.device | str = "cpu",
) -> Embedding:
    """Returns the embedding network(prepare(images)), identified by weights, settings and code.

    settings  what `prepare` depends on besides its code
    code      modules that define network and prepare
    """
    identity = identify(name, settings, network.state_dict(), code)
    network = network.to(device_named(device)).eval().requires_grad_(False)

    def compute(images: Tensor) -> Tensor:
        return network(prepare(images.to(device)))

    return Embedding(name=name, dim=dim, identity=identity, compute=compute, shape=shape)


def identify(
    name: str,
    settings: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    code: tuple[ModuleType, ...],
) -> str:
    """Returns a short hash of an encoder's name, settings, weights and code."""
    digest = hashlib.sha256()
    for key in sorted(weights):
        value = weights[key].detach().cpu().contiguous()
        digest.update(repr((key, str(value.dtype), tuple(value.shape))).encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    described = {"name": name, "settings": plain(dict(settings)), "code": code_version(*code)}
    return content_id(described | {"weights": digest.hexdigest()})

"""Fakes that can be judged before they are made for good."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Sampler", "without_trace"]


@dataclass(frozen=True)
class Sampler:
    """Fakes of a network, which can be made again from their latents.

    network  latents (n, ...) -> images (n, c, h, w)
    latents  latents(n) -> n latents, with all that the network takes, and their labels (n,) or None

    >>> sampler = Sampler(torch.nn.Identity(), lambda n: (torch.zeros(n, 1, 2, 2), None))
    >>> images, labels = sampler(3)
    >>> images.shape, labels is None
    (torch.Size([3, 1, 2, 2]), True)
    """

    network: nn.Module
    latents: Callable[[int], tuple[Tensor, Tensor | None]]

    def __call__(self, n: int) -> tuple[Tensor, Tensor | None]:
        """Returns n fakes, with gradients, and their labels."""
        latents, labels = self.latents(n)
        return self.network(latents), labels


@contextmanager
def without_trace(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Lets a network run, in the mode it is in, and leaves buffers and random streams as they were.

    What batch norm and spectral norm update are copies meanwhile: a pending backward pass may need
    the tensors themselves. The random streams are the global ones, which dropout draws from.
    """
    held = [
        (module, name, buffer)
        for module in network.modules()
        for name, buffer in module.named_buffers(recurse=False)
    ]
    accelerator = device.type != "cpu"
    with torch.random.fork_rng(
        devices=[device] if accelerator else [],
        device_type=device.type if accelerator else "cuda",
    ):
        try:
            for module, name, buffer in held:
                setattr(module, name, buffer.clone())
            yield
        finally:
            for module, name, buffer in held:
                setattr(module, name, buffer)

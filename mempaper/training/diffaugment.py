"""DiffAugment (Zhao et al. 2020): what a discriminator sees, changed alike for real and made ones.

The policy is the published code's default: colour, translation and cutout, one after the other.
Every image is changed by draws of its own, and gradients pass through.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = [
    "brightened",
    "contrasted",
    "cut_out",
    "diffaugment",
    "saturated",
    "translated",
]

_SHIFT = 1 / 8  # most, share of a side
_HOLE = 1 / 2  # side of the square cut out, share of a side


def brightened(
    images: Float[Tensor, "n c h w"], amounts: Float[Tensor, "n"]
) -> Float[Tensor, "n c h w"]:
    """Returns the images with `amounts` added."""
    return images + _spread(amounts)


def saturated(
    images: Float[Tensor, "n c h w"], factors: Float[Tensor, "n"]
) -> Float[Tensor, "n c h w"]:
    """Returns the images with each pixel's distances to its mean over channels times `factors`."""
    return torch.lerp(images.mean(1, keepdim=True), images, _spread(factors))


def contrasted(
    images: Float[Tensor, "n c h w"], factors: Float[Tensor, "n"]
) -> Float[Tensor, "n c h w"]:
    """Returns the images with the distances to the image's mean times `factors`."""
    return torch.lerp(images.mean((1, 2, 3), keepdim=True), images, _spread(factors))


def translated(
    images: Float[Tensor, "n c h w"], down: Int[Tensor, "n"], right: Int[Tensor, "n"]
) -> Float[Tensor, "n c h w"]:
    """Returns the images moved by whole pixels; zeros, which are grey, come in."""
    n, c, h, w = images.shape
    rows = _spread(torch.arange(h, device=images.device), 2) - _spread(down)
    columns = _spread(torch.arange(w, device=images.device), 3) - _spread(right)
    moved = images.gather(2, rows.clamp(0, h - 1).expand(n, c, h, w))
    moved = moved.gather(3, columns.clamp(0, w - 1).expand(n, c, h, w))
    return moved * ((rows >= 0) & (rows < h) & (columns >= 0) & (columns < w))


def cut_out(
    images: Float[Tensor, "n c h w"], top: Int[Tensor, "n"], left: Int[Tensor, "n"]
) -> Float[Tensor, "n c h w"]:
    """Returns the images with zeros in a rectangle of half their sides, which may begin outside."""
    inside = []
    for axis, begin in ((2, top), (3, left)):
        size = images.shape[axis]
        place = _spread(torch.arange(size, device=images.device), axis) - _spread(begin)
        inside.append((place >= 0) & (place < _hole(size)))
    return images * ~(inside[0] & inside[1])


def diffaugment(
    images: Float[Tensor, "n c h w"], noise: Callable[..., Tensor]
) -> Float[Tensor, "n c h w"]:
    """Returns the images, each changed at random; `noise(*shape)` draws from N(0, 1).

    As published: brightness within 1/2 of its own, saturation times 0 to 2, contrast times 1/2 to
    3/2, shifts of up to 1/8 of a side, and a hole whose centre lies anywhere.
    """
    uniform = torch.special.ndtr(noise(7, len(images)))
    images = brightened(images, uniform[0] - 0.5)
    images = saturated(images, 2 * uniform[1])
    images = contrasted(images, uniform[2] + 0.5)
    shifts, corners = [], []
    for size, shift, corner in zip(images.shape[2:], uniform[3:5], uniform[5:7], strict=True):
        most, hole = int(size * _SHIFT + 0.5), _hole(size)
        shifts.append(_whole(shift, -most, most))
        corners.append(_whole(corner, 0, size - hole % 2) - hole // 2)
    return cut_out(translated(images, *shifts), *corners)


def _hole(size: int) -> int:
    return int(size * _HOLE + 0.5)


def _spread(values: Tensor, axis: int = 0) -> Tensor:
    return values.view([-1 if i == axis else 1 for i in range(4)])


def _whole(uniform: Float[Tensor, "n"], low: int, high: int) -> Int[Tensor, "n"]:
    """Returns whole numbers from low to high, equally likely for `uniform` in [0, 1]."""
    return (low + (uniform * (high + 1 - low)).floor().long()).clamp(max=high)

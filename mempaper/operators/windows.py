"""Windows and patches: recovery of one part of an image, for local overfitting.

The supplement of Webster et al. (2019) looks for overfitting of image patches. Here each patch of a
target is recovered by itself: min_z over the mean squared error between the window of G(z) and the
same window of y, everywhere else G(z) is free. A generator that has memorized parts of images, but
not how they go together, comes closer to the patches of its training images than to others, even
where whole images show no gap.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import InputError

__all__ = ["Patches", "Window"]


@dataclass(frozen=True, kw_only=True)
class Window:
    """Cuts `size` x `size` pixels out of each image, from row `top` and column `left` on.

    >>> Window(top=1, left=0, size=1)(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).tolist()
    [[[[3.0]]]]
    """

    top: int
    left: int
    size: int

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c s s"]:
        height, width = images.shape[2:]
        inside = 0 <= self.top <= height - self.size and 0 <= self.left <= width - self.size
        if not inside or self.size < 1:
            raise InputError(
                "window",
                f"lie inside images of {height} x {width} pixels",
                f"{self.size} pixels a side from row {self.top} and column {self.left} on",
                "Reduce or move it.",
            )
        rows = slice(self.top, self.top + self.size)
        return images[:, :, rows, self.left : self.left + self.size]


@dataclass(frozen=True, kw_only=True)
class Patches:
    """All windows of `size` pixels a side whose corners lie `stride` pixels apart.

    Where the stride does not lead to the last row or column, one more window ends there.

    >>> Patches(size=2, stride=2)(torch.zeros(5, 1, 5, 5)).shape  # one more ends at the last pixel
    torch.Size([5, 9, 1, 2, 2])
    """

    size: int
    stride: int

    def __post_init__(self):
        for name in ("size", "stride"):
            if getattr(self, name) < 1:
                raise InputError(name, "be at least 1", getattr(self, name), "Give pixels.")

    def windows(self, height: int, width: int) -> list[Window]:
        """Returns the windows of images of that size, row by row: one operator for each patch."""
        return [
            Window(top=top, left=left, size=self.size)
            for top in self._starts(height)
            for left in self._starts(width)
        ]

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n p c s s"]:
        windows = self.windows(*images.shape[2:])
        return torch.stack([window(images) for window in windows], dim=1)

    def _starts(self, length: int) -> list[int]:
        last = length - self.size
        if last < 0:
            raise InputError(
                "size", f"fit into images of {length} pixels a side", self.size, "Reduce it."
            )
        return sorted({*range(0, last, self.stride), last})

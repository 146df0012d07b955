"""Masks (Webster et al. 2019, Sec. 4.1 and supplement): phi(x) = mask * x, hidden pixels left out.

A mask's features are the pixels that it keeps, (n, c k). Squared distances are those of mask * x,
but the mean that `recovery.recover` takes is over kept pixels, so errors under a small and a large
mask compare. `Covered(mask)` is the image mask * x itself, to show or to compose with an operator
that needs images.

`~mask` keeps what `mask` hides: recovered under `mask`, what was hidden is judged by the distance
under `~mask`.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..errors import InputError

__all__ = [
    "LAYOUTS",
    "ArrayMask",
    "BoxMask",
    "Covered",
    "FreeFormMask",
    "Inverse",
    "Mask",
    "eyes_mask",
    "mouth_mask",
]


class Mask:
    """What all masks share: a mask says which pixels of an image it hides."""

    def hidden(self, height: int, width: int) -> Bool[np.ndarray, "h w"]:
        """Returns True where the mask hides a pixel of an image of that size."""
        raise NotImplementedError

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        hidden = self.hidden(*images.shape[2:])
        if hidden.all():
            raise InputError("mask", "keep a pixel", "none", "Make what it hides smaller.")
        kept = torch.as_tensor(np.flatnonzero(~hidden), device=images.device)
        return images.flatten(2)[:, :, kept].flatten(1)

    def __invert__(self) -> "Mask":
        return Inverse(self)


@dataclass(frozen=True)
class Inverse(Mask):
    """Keeps what `mask` hides and hides what it keeps; written ~mask.

    >>> mask = BoxMask(top=0.0, left=0.0, height=0.25, width=1.0)
    >>> mask(torch.ones(1, 1, 4, 4)).shape, (~mask)(torch.ones(1, 1, 4, 4)).shape
    (torch.Size([1, 12]), torch.Size([1, 4]))
    """

    mask: Mask

    def hidden(self, height: int, width: int) -> Bool[np.ndarray, "h w"]:
        """Returns True where the inverted mask keeps a pixel."""
        return ~self.mask.hidden(height, width)

    def __invert__(self) -> Mask:
        return self.mask


@dataclass(frozen=True)
class Covered:
    """The image with its hidden pixels set to `value`: mask * x where that is 0, mid-grey.

    >>> upper = BoxMask(top=0.0, left=0.0, height=0.5, width=1.0)
    >>> Covered(upper)(torch.ones(1, 1, 2, 2)).tolist()
    [[[[0.0, 0.0], [1.0, 1.0]]]]
    """

    mask: Mask
    value: float = 0.0

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        hidden = torch.as_tensor(self.mask.hidden(*images.shape[2:]), device=images.device)
        return images.masked_fill(hidden, self.value)


@dataclass(frozen=True, kw_only=True)
class BoxMask(Mask):
    """Hides a box, given in shares of the image's height and width from its upper left corner.

    A pixel is hidden where its centre lies in the box.

    >>> BoxMask(top=0.0, left=0.5, height=1.0, width=0.5).hidden(1, 4).tolist()
    [[False, False, True, True]]
    """

    top: float
    left: float
    height: float
    width: float

    def __post_init__(self):
        for start, length in (("top", "height"), ("left", "width")):
            low, extent = getattr(self, start), getattr(self, length)
            if not (0 <= low < 1 and 0 < extent <= 1 - low + 1e-9):
                raise InputError(
                    f"{start} and {length}",
                    "describe a part of the image, in shares of it",
                    f"{low} and {extent}",
                    "Both lie in [0, 1], and so does their sum.",
                )

    def hidden(self, height: int, width: int) -> Bool[np.ndarray, "h w"]:
        """Returns True inside the box."""
        y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
        rows = (self.top <= y) & (y < self.top + self.height)
        columns = (self.left <= x) & (x < self.left + self.width)
        return rows[:, None] & columns


@dataclass(frozen=True, kw_only=True)
class FreeFormMask(Mask):
    """Hides random strokes, one after the other, until `share` of the pixels is hidden.

    A stroke is a walk of straight parts with a round brush: it starts anywhere, each part is up to
    a quarter of the image long and turns by up to a right angle. The last part may hide more than
    was wanted.

    share  in (0, 1), of the pixels
    brush  in (0, 1): the brush's diameter as a share of the shorter side

    >>> bool(FreeFormMask(share=0.25).hidden(16, 16).mean() >= 0.25)
    True
    """

    share: float = 0.25
    brush: float = 0.12
    seed: int = 0

    def __post_init__(self):
        for name in ("share", "brush"):
            if not 0 < getattr(self, name) < 1:
                raise InputError(name, "lie in (0, 1)", getattr(self, name), "0.2 is usual.")

    def hidden(self, height: int, width: int) -> Bool[np.ndarray, "h w"]:
        """Returns True under the strokes; another size is another draw."""
        rng = np.random.default_rng([self.seed, height, width])
        places = np.stack(np.mgrid[:height, :width], axis=-1) + 0.5
        side = min(height, width)
        radius = max(self.brush * side, 1) / 2
        hidden = np.zeros((height, width), dtype=bool)
        while hidden.mean() < self.share:
            place, angle = rng.uniform(0, (height, width)), rng.uniform(0, 2 * np.pi)
            for _ in range(4):
                angle += rng.uniform(-np.pi / 2, np.pi / 2)
                part = rng.uniform(0, side / 4) * np.array([np.sin(angle), np.cos(angle)])
                hidden |= _distance(places, place, part) <= radius
                place = place + part
                if hidden.mean() >= self.share:
                    break
        return hidden


def _distance(places: np.ndarray, start: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Returns how far each place lies from the line from `start` to `start + part`."""
    along = ((places - start) @ part / max(part @ part, 1e-12)).clip(0, 1)
    return np.linalg.norm(places - start - along[..., None] * part, axis=-1)


@dataclass(frozen=True, eq=False)
class ArrayMask(Mask):
    """Hides the pixels that are True in an array (h, w), for images of that size only.

    >>> ArrayMask(np.eye(2, dtype=bool))(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).tolist()
    [[2.0, 3.0]]
    """

    array: Bool[np.ndarray, "h w"]

    def hidden(self, height: int, width: int) -> Bool[np.ndarray, "h w"]:
        """Returns the array."""
        if self.array.shape != (height, width):
            raise InputError(
                "array",
                f"have the images' shape, {height} x {width}",
                " x ".join(map(str, self.array.shape)),
                "Make it anew for this size, or use a mask that is given in shares.",
            )
        return self.array


# Boxes around eyes and mouth. "faces": where the renderer of `mempaper.faces` puts the centres of
# 99 % of its eyes, and mouths, over all poses. "celeba_hq": its alignment (Karras et al. 2018,
# Appendix C) puts the eyes' midpoint 0.1 / 3.6 above the centre and the mouth 0.9 / 3.6 below it,
# with the eyes at most 1/4 of the side apart. "lfw": a tight crop, read off the mean face.
LAYOUTS = {
    "faces": {
        "eyes": BoxMask(top=0.40, left=0.25, height=0.22, width=0.50),
        "mouth": BoxMask(top=0.61, left=0.28, height=0.20, width=0.44),
    },
    "celeba_hq": {
        "eyes": BoxMask(top=0.41, left=0.28, height=0.13, width=0.44),
        "mouth": BoxMask(top=0.69, left=0.36, height=0.12, width=0.28),
    },
    "lfw": {
        "eyes": BoxMask(top=0.32, left=0.20, height=0.15, width=0.60),
        "mouth": BoxMask(top=0.70, left=0.33, height=0.15, width=0.36),
    },
}


def eyes_mask(layout: str = "faces") -> BoxMask:
    """Returns the mask that hides the eyes of faces aligned as LAYOUTS says.

    >>> eyes_mask("lfw")
    BoxMask(top=0.32, left=0.2, height=0.15, width=0.6)
    """
    return _part(layout, "eyes")


def mouth_mask(layout: str = "faces") -> BoxMask:
    """Returns the mask that hides the mouth of faces aligned as LAYOUTS says.

    >>> mouth_mask("lfw")
    BoxMask(top=0.7, left=0.33, height=0.15, width=0.36)
    """
    return _part(layout, "mouth")


def _part(layout: str, part: str) -> BoxMask:
    if layout not in LAYOUTS:
        raise InputError(
            "layout",
            f"be one of {', '.join(LAYOUTS)}",
            repr(layout),
            "Measure where your faces have eyes and mouth, and pass a BoxMask.",
        )
    return LAYOUTS[layout][part]

"""Cartoon faces with known factors: as many images as one likes, each made by its number alone.

Ten classes, one kind of face each, from easy to hard: class c moves only the factors whose `since`
is at most c, the others rest in the middle of their range, so the images of class c form a manifold
of `dimension(c)` dimensions. The label and every factor are independent and uniform, drawn by
counter from (seed, index).

| factor   | range         | since | effect                                                    |
|----------|---------------|-------|-----------------------------------------------------------|
| shift_x  | [-0.14, 0.14] | 0     | head and body to the right, in half image widths          |
| shift_y  | [-0.10, 0.10] | 0     | head and body down, in half image heights                 |
| light    | [-1, 1]       | 0     | light from the left (-1) to light from the right (1)      |
| skin     | [0, 1]        | 0     | skin from light to dark                                   |
| backdrop | [0, 1]        | 0     | background from green through blue to rose                |
| hair     | [0, 1]        | 1     | hair, brows and beard from black through red to blond     |
| turn     | [-1, 1]       | 2     | the face looks left (-1) to right (1)                     |
| smile    | [-1, 1]       | 3     | corners of the mouth down (-1) to up (1)                  |
| size     | [0.86, 1.12]  | 4     | scale of the head                                         |
| tilt     | [-0.16, 0.16] | 5     | tangent of half the head's angle of roll                  |
| cloth    | [0, 1]        | 6     | shirt and hat from red through violet to blue             |
| phase    | [0, 1]        | 7     | the stripes' position, in periods                         |
| angle    | [-0.5, 0.5]   | 8     | tangent of half the stripes' angle to the vertical        |
| lids     | [0.35, 1.15]  | 8     | eyes from narrow to wide open                             |
| mouth    | [0.018, 0.1]  | 9     | half the opening of the mouth, in head units              |
| nod      | [-1, 1]       | 9     | the face looks up (-1) to down (1)                        |

Every operation on pixels is an IEEE addition, product, quotient or square root of float32 numbers,
which are rounded alike by every processor: the same (seed, index) gives the same bits everywhere,
in whatever batch. Edges are smooth steps of signed distances, so each pixel moves smoothly with
each factor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._counter import uniform
from ._facepaint import paint
from .errors import InputError

__all__ = ["CLASSES", "FACTORS", "Factor", "dimension", "draw", "factors", "labels", "render"]

CLASSES = (
    "bald",
    "short hair",
    "long hair",
    "bun",
    "beard",
    "glasses",
    "cap",
    "curls",
    "top hat",
    "wizard",
)

SMALLEST = 16
_BLOCK_PIXELS = 1 << 15  # painted at a time, so that the layers stay in the processor's cache


@dataclass(frozen=True)
class Factor:
    """One smooth factor of variation, uniform on [low, high) in classes `since` and above."""

    name: str
    low: float
    high: float
    since: int

    @property
    def rest(self) -> float:
        return (self.low + self.high) / 2


FACTORS = (
    Factor("shift_x", -0.14, 0.14, 0),
    Factor("shift_y", -0.10, 0.10, 0),
    Factor("light", -1.0, 1.0, 0),
    Factor("skin", 0.0, 1.0, 0),
    Factor("backdrop", 0.0, 1.0, 0),
    Factor("hair", 0.0, 1.0, 1),
    Factor("turn", -1.0, 1.0, 2),
    Factor("smile", -1.0, 1.0, 3),
    Factor("size", 0.86, 1.12, 4),
    Factor("tilt", -0.16, 0.16, 5),
    Factor("cloth", 0.0, 1.0, 6),
    Factor("phase", 0.0, 1.0, 7),
    Factor("angle", -0.5, 0.5, 8),
    Factor("lids", 0.35, 1.15, 8),
    Factor("mouth", 0.018, 0.1, 9),
    Factor("nod", -1.0, 1.0, 9),
)


def dimension(label: int) -> int:
    """Returns the number of factors that move in class `label`."""
    return sum(factor.since <= label for factor in FACTORS)


def labels(indices: ArrayLike, *, seed: int = 0) -> np.ndarray:
    """Returns the classes (n,) int64 of the images numbered `indices` (n,)."""
    indices = _checked(indices)
    return (uniform(seed, indices, stream=0) * len(CLASSES)).astype(np.int64)


def factors(indices: ArrayLike, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Returns each factor's values (n,) float64 by name, at rest where the class holds it still."""
    kinds = labels(indices, seed=seed)
    values = {}
    for stream, factor in enumerate(FACTORS, start=1):
        drawn = factor.low + (factor.high - factor.low) * uniform(seed, np.asarray(indices), stream)
        values[factor.name] = np.where(kinds >= factor.since, drawn, factor.rest)
    return values


def render(
    indices: ArrayLike,
    *,
    size: int = 32,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images (n, 3, size, size) uint8 numbered `indices` (n,) and their labels (n,)."""
    kinds = labels(indices, seed=seed)
    return draw(kinds, factors(indices, seed=seed), size=size), kinds


def draw(kinds: np.ndarray, values: dict[str, np.ndarray], *, size: int = 32) -> np.ndarray:
    """Returns faces (n, 3, size, size) uint8 of the classes (n,) and factors (n,) given."""
    if size < SMALLEST:
        raise InputError("size", f"be at least {SMALLEST}", size, "Smaller faces show no features.")
    images = np.empty((len(kinds), 3, size, size), np.uint8)
    step = max(1, _BLOCK_PIXELS // size**2)
    for kind in np.unique(kinds):
        members = np.flatnonzero(kinds == kind)
        for start in range(0, len(members), step):
            block = members[start : start + step]
            pose = {
                name: value[block].astype(np.float32)[:, None, None]
                for name, value in values.items()
            }
            images[block] = paint(int(kind), pose, size)
    return images


def _checked(indices: ArrayLike) -> np.ndarray:
    indices = np.asarray(indices)
    if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer) or (indices < 0).any():
        raise InputError(
            "indices",
            "be a one-dimensional array of whole numbers from 0 on",
            f"{indices.dtype} {indices.shape}",
            "For one image write [123456].",
        )
    return indices

"""Images in rows."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from ..errors import InputError

__all__ = ["canvas", "image_grid", "pixels", "sample_grid"]


def image_grid(rows: Mapping[str, np.ndarray], *, ax: Axes, frame: str | None = None) -> Axes:
    """Draws one labelled row of images for each entry, column i of every row belonging together.

    rows   label -> (n, c, h, w) in [-1, 1], grey (c = 1) or RGB (c = 3), of one shape
    frame  colour of a frame around them all; None: none

    >>> image_grid({"targets": np.zeros((3, 1, 4, 4)), "found": np.ones((3, 1, 4, 4))}, ax=ax) is ax
    True
    """
    tiles = {label: pixels(f"rows[{label!r}]", images) for label, images in rows.items()}
    shapes = {tile.shape for tile in tiles.values()}
    if len(shapes) != 1:
        raise InputError("rows", "share one shape", sorted(shapes), "Select equally many images.")
    _show(list(tiles.values()), ax=ax)
    height = next(iter(shapes))[1] + 1
    ax.set_yticks([height * row + (height - 1) / 2 for row in range(len(tiles))], list(tiles))
    if frame is not None:
        ax.spines[:].set(visible=True, color=frame, linewidth=3)
    return ax


def sample_grid(images: np.ndarray, *, ax: Axes, columns: int = 8) -> Axes:
    """Draws images row by row, `columns` a row; the last row may be short.

    images  (n, c, h, w) in [-1, 1], grey (c = 1) or RGB (c = 3)

    >>> sample_grid(np.zeros((5, 3, 4, 4)), ax=ax, columns=3) is ax
    True
    """
    if columns < 1:
        raise InputError("columns", "be at least 1", columns, "8 is usual.")
    tiles = pixels("images", images)
    _show([tiles[start : start + columns] for start in range(0, len(tiles), columns)], ax=ax)
    return ax


def _show(rows: Sequence[np.ndarray], *, ax: Axes) -> None:
    ax.imshow(canvas(rows), interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def canvas(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Returns rows of tiles (n, h, w, 3) in one picture, one white pixel between any two."""
    _, height, width, _ = rows[0].shape
    columns = max(len(row) for row in rows)
    picture = np.ones((len(rows) * (height + 1) - 1, columns * (width + 1) - 1, 3))
    for i, row in enumerate(rows):
        for j, tile in enumerate(row):
            top, left = i * (height + 1), j * (width + 1)
            picture[top : top + height, left : left + width] = tile
    return picture


def pixels(argument: str, images) -> np.ndarray:
    """Returns (n, c, h, w) in [-1, 1], NumPy or torch, as (n, h, w, 3) in [0, 1]."""
    if hasattr(images, "detach"):
        images = images.detach().cpu()
    images = np.asarray(images, dtype=np.float64)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not len(images):
        raise InputError(
            argument, "have shape (n, 1 or 3, h, w), n >= 1", images.shape, "Reshape or select."
        )
    if not np.abs(images).max() <= 1:
        raise InputError(
            argument, "lie in [-1, 1]", f"[{images.min()}, {images.max()}]", "Rescale the images."
        )
    images = (images.transpose(0, 2, 3, 1) + 1) / 2
    return np.broadcast_to(images, (*images.shape[:3], 3))

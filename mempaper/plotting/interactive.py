"""A figure with a slider, for pages that book/_static/turn.js is on: data here, drawing there.

Elsewhere, as in JupyterLab, a line of text stands in its place. Nothing is fetched: images are part
of the data.
"""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from ..errors import InputError
from ..statistics import Interval
from .grids import canvas, pixels

__all__ = [
    "Curve",
    "Curves",
    "Histogram",
    "Histograms",
    "Interactive",
    "Pictures",
    "PointSet",
    "Points",
    "View",
    "pictures",
]

_STILL = "A figure with a slider: to be seen on the page of the book, with JavaScript."


@dataclass(frozen=True)
class Curve:
    """A line through points (x, estimate, low, high)."""

    name: str
    color: str
    points: Sequence[tuple[float, float, float, float]]

    @classmethod
    def of(cls, name: str, color: str, values: Mapping[Any, Interval]) -> "Curve":
        """Returns the curve of intervals by x, from left to right."""
        return cls(
            name,
            color,
            [(float(x), values[x].estimate, values[x].low, values[x].high) for x in sorted(values)],
        )


@dataclass(frozen=True)
class Curves:
    """Curves over one axis, with a cursor.

    at     where the cursor stands at each position of the slider
    lines  name -> height of a dashed line
    """

    title: str
    x: str
    y: str
    curves: Sequence[Curve]
    at: Sequence[float]
    lines: Mapping[str, float]
    log_x: bool = False
    log_y: bool = False
    percent: bool = False
    kind: str = "curves"


@dataclass(frozen=True)
class Histogram:
    """Heights (positions, bins) of one set of images, and its median (positions,)."""

    name: str
    color: str
    heights: Sequence[Sequence[float]]
    medians: Sequence[float]


@dataclass(frozen=True)
class Histograms:
    """Histograms over shared bins, others at each position of the slider, on a log axis."""

    title: str
    x: str
    edges: Sequence[float]
    sets: Sequence[Histogram]
    kind: str = "histograms"


@dataclass(frozen=True)
class Pictures:
    """Rows of images, others at each position of the slider.

    size     (width, height) of each picture in pixels
    sources  of each position, as data URIs
    """

    title: str
    rows: Sequence[str]
    size: tuple[int, int]
    sources: Sequence[str]
    kind: str = "pictures"


@dataclass(frozen=True)
class PointSet:
    """Points (x, y) of a plane."""

    name: str
    color: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Points:
    """Sets of points of a plane whose axes mean nothing; the last set has one point for each
    position of the slider, which pointing at it chooses."""

    title: str
    sets: Sequence[PointSet]
    kind: str = "points"


Panel = Curves | Histograms | Pictures | Points


@dataclass(frozen=True)
class View:
    """What one slider turns.

    name    by which it is chosen, where there are several
    label   of the slider
    values  what each of its positions is called
    told    what is said at each position
    """

    name: str
    label: str
    values: Sequence[str]
    told: Sequence[str]
    panels: Sequence[Panel]

    def __post_init__(self) -> None:
        if not len(self.values) == len(self.told) >= 1:
            raise InputError(
                "values",
                "be as many as told, one at least",
                f"{len(self.values)} and {len(self.told)}",
                "Say something at each position.",
            )


@dataclass(frozen=True)
class Interactive:
    """Views of which one is shown at a time; displays itself in a page."""

    choice: str  # what is chosen by the views' names
    views: Sequence[View]

    def _repr_html_(self) -> str:
        data = json.dumps(_plain(asdict(self)), allow_nan=False, separators=(",", ":"))
        data = data.replace("<", "\\u003c")
        return (
            f'<div class="mempaper-turn"><script type="application/json">{data}</script>'
            f"<p>{escape(_STILL)}</p></div>"
        )

    def __repr__(self) -> str:
        return f"<{_STILL}>"


def pictures(title: str, by_position: Sequence[Mapping[str, np.ndarray]]) -> Pictures:
    """Returns the panel of rows of images (n, c, h, w) in [-1, 1]: label -> images, by position.

    All positions have the same labels and shapes.
    """
    sheets = [
        canvas([pixels(f"the row {label}", images) for label, images in rows.items()])
        for rows in by_position
    ]
    height, width, _ = sheets[0].shape
    return Pictures(title, list(by_position[0]), (width, height), [_png(s) for s in sheets])


def _png(picture: np.ndarray) -> str:
    """Returns a picture (h, w, 3) in [0, 1] as a data URI."""
    levels = np.rint(255 * picture).astype(np.uint8)
    grey = (levels == levels[:, :, :1]).all()
    file = io.BytesIO()
    Image.fromarray(levels[:, :, 0] if grey else levels).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _plain(value: object) -> object:
    """Returns the value with numbers of five digits, enough to draw them; None where not finite."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.5g}") if np.isfinite(value) else None
    return value

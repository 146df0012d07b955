"""Arrays and an Axes in, the Axes out; one colour for one meaning throughout the book."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib
import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from .errors import InputError
from .statistics import MRE_GAP_THRESHOLD, Interval
from .statistics.bootstrap import as_sample

__all__ = [
    "COLORS",
    "CYCLE",
    "convergence_curves",
    "error_histograms",
    "fid_against_mre",
    "gap_intervals",
    "image_grid",
    "sample_grid",
    "style",
]

ERROR_LABEL = "recovery error (mean squared error per pixel)"

# Okabe and Ito's colours, which colour-blind readers can tell apart. The paper's Fig. 4 has green,
# red, yellow and blue.
COLORS = {
    "train": "#009E73",
    "validation": "#D55E00",
    "generated": "#F0E442",
    "distorted": "#0072B2",
}
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_LINES = ("-", "--", "-.", ":")
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "p", "*")
_INK = "#333333"


def style() -> None:
    """Sets matplotlib's defaults to the book's: 7 x 4 inches at 100 dots, so 700 pixels wide."""
    seaborn.set_theme(
        context="notebook",
        style="whitegrid",
        palette=list(CYCLE),
        rc={
            "figure.figsize": (7, 4),
            "figure.dpi": 100,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "savefig.dpi": 200,
            "savefig.facecolor": "white",
            "font.size": 11,
            "axes.labelsize": 11,
            "axes.titlesize": 12,
            "xtick.labelsize": 10,
            "ytick.labelsize": 10,
            "legend.fontsize": 10,
            "axes.edgecolor": _INK,
            "axes.labelcolor": _INK,
            "text.color": _INK,
            "grid.color": "#e4e4e4",
            "grid.linewidth": 0.8,
            "axes.linewidth": 0.8,
        },
    )


def error_histograms(
    errors: Mapping[str, np.ndarray], *, ax: Axes, log: bool = True, bins: int = 50
) -> Axes:
    """Draws one histogram for each set of images over shared bins, as Fig. 4 of Webster et al.

    Heights are shares of the set, so that sets of different sizes compare; a vertical line marks
    the median. Sets named as in COLORS have their colour, any other the next of CYCLE that none of
    these has.

    errors  name -> (n,), finite, and positive where `log`
    """
    errors = {name: as_sample(f"errors[{name!r}]", values) for name, values in errors.items()}
    if not errors:
        raise InputError("errors", "hold at least one set", "none", "Pass name -> errors.")
    pooled = np.concatenate(list(errors.values()))
    if log and pooled.min() <= 0:
        raise InputError("errors", "be positive on a log axis", pooled.min(), "Pass log=False.")
    edges = np.histogram_bin_edges(np.log10(pooled) if log else pooled, bins)
    edges = 10**edges if log else edges
    edges[0], edges[-1] = min(edges[0], pooled.min()), max(edges[-1], pooled.max())
    named = {COLORS[name] for name in errors if name in COLORS}
    spare = cycle([color for color in CYCLE if color not in named])
    for number, (name, values) in enumerate(errors.items()):
        color = COLORS[name] if name in COLORS else next(spare)
        median = np.median(values)
        ax.hist(
            values,
            edges,
            weights=np.full(len(values), 1 / len(values)),
            histtype="stepfilled",
            facecolor=matplotlib.colors.to_rgba(color, 0.45),
            edgecolor=_darker(color),
            linewidth=1.2,
            label=f"{name} (n = {len(values):,}, median {median:.2g})",
        )
        ax.axvline(median, color=_darker(color), linestyle=_LINES[number % 4], linewidth=1.6)
    if log:
        ax.set_xscale("log")
    ax.set(xlabel=ERROR_LABEL, ylabel="share of images (%)")
    ax.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    ax.legend(loc="best")
    return ax


def convergence_curves(errors: Mapping[str, np.ndarray], *, ax: Axes) -> Axes:
    """Draws the median recovery error against generator passes, with the quartiles as a band.

    errors  method -> (n, t): of n images after pass 1, 2, ..., t; positive
    """
    for number, (name, values) in enumerate(errors.items()):
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or not values.size:
            raise InputError(
                f"errors[{name!r}]",
                "have shape (n, t), n and t at least 1",
                values.shape,
                "Give a row for each image.",
            )
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0, method="nearest")
        passes = np.arange(1, values.shape[1] + 1)
        color = CYCLE[number % len(CYCLE)]
        ax.plot(passes, median, color=color, linestyle=_LINES[number % 4], linewidth=2, label=name)
        ax.fill_between(passes, low, high, color=color, alpha=0.18, linewidth=0)
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="generator passes for each image",
        ylabel="recovery error\n(mean squared error per pixel)",
    )
    ax.xaxis.set_major_formatter("{x:g}")
    ax.legend(title="median and quartiles")
    return ax


def gap_intervals(
    gaps: Mapping[str, Interval], *, ax: Axes, printed: Mapping[str, float] | None = None
) -> Axes:
    """Draws each generator's MRE-gap with its interval, and the paper's threshold of 10 %.

    A filled marker is a detected gap, a hollow one is not.

    gaps     name -> the signed gap, as a fraction; the first is drawn on top
    printed  name -> what the paper printed, for names that it has; a cross beside the marker
    """
    printed = printed or {}
    for row, (name, gap) in enumerate(gaps.items()):
        detected = gap.estimate > MRE_GAP_THRESHOLD
        ax.plot([gap.low, gap.high], [row, row], color=CYCLE[0], linewidth=2.2, zorder=2)
        ax.plot(
            gap.estimate,
            row,
            "o",
            markersize=8,
            markeredgewidth=1.8,
            markeredgecolor=CYCLE[0],
            markerfacecolor=CYCLE[0] if detected else "white",
            label=f"this book, {gap.confidence:.0%} interval" if row == 0 else None,
            zorder=3,
        )
        if name in printed:
            ax.plot(printed[name], row + 0.3, "x", color=CYCLE[1], markersize=7, markeredgewidth=2)
    if printed:
        ax.plot([], [], "x", color=CYCLE[1], markersize=7, markeredgewidth=2, label="paper")
    ax.axvline(0, color=_INK, linewidth=0.8)
    ax.axvline(
        MRE_GAP_THRESHOLD,
        color=_INK,
        linestyle="--",
        linewidth=1.4,
        label=f"threshold, {MRE_GAP_THRESHOLD:.0%}",
    )
    ax.set_yticks(range(len(gaps)), list(gaps))
    ax.set_ylim(len(gaps) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("MRE-gap (% of the validation images' median error)")
    ax.xaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    ax.legend(loc="best")
    return ax


def fid_against_mre(
    models: Mapping[str, Mapping[str, tuple[float, float]]], *, ax: Axes, encoder: str
) -> Axes:
    """Draws the Frechet distance against the median recovery error, as Fig. 5 of Webster et al.

    One mark a model: once in the colour of training, once in that of validation images, joined by
    a line. Where the line is long and flat, the error tells the two apart and the distance does
    not.

    models   name -> {"train": (MRE, distance), "validation": (MRE, distance)}; MRE positive
    encoder  whose features the distances are of
    """
    for number, (name, points) in enumerate(models.items()):
        if min(error for error, _ in points.values()) <= 0:
            raise InputError(
                f"models[{name!r}]", "have positive errors on a log axis", points, "Leave it out."
            )
        ax.plot(*zip(*points.values(), strict=True), color="#999999", linewidth=1, zorder=1)
        mark = _MARKS[number % len(_MARKS)]
        for kind, (error, distance) in points.items():
            ax.scatter(
                error, distance, s=70, marker=mark, color=COLORS[kind], edgecolor=_INK, zorder=2
            )
        ax.scatter([], [], s=50, marker=mark, color="white", edgecolor=_INK, label=name)
    for kind in ("train", "validation"):
        ax.plot([], [], color=COLORS[kind], linewidth=7, label=f"{kind} images")
    ax.set(
        xscale="log",
        xlabel=f"median {ERROR_LABEL}",
        ylabel=f"Fréchet distance to generated images\n(squared units of {encoder} features)",
    )
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return ax


def image_grid(rows: Mapping[str, np.ndarray], *, ax: Axes) -> Axes:
    """Draws one labelled row of images for each entry, column i of every row belonging together.

    rows  label -> (n, c, h, w) in [-1, 1], grey (c = 1) or RGB (c = 3), the same shape in every row
    """
    tiles = {label: _pixels(f"rows[{label!r}]", images) for label, images in rows.items()}
    shapes = {tile.shape for tile in tiles.values()}
    if len(shapes) != 1:
        raise InputError("rows", "share one shape", sorted(shapes), "Select equally many images.")
    _show(list(tiles.values()), ax=ax)
    height = next(iter(shapes))[1] + 1
    ax.set_yticks([height * row + (height - 1) / 2 for row in range(len(tiles))], list(tiles))
    return ax


def sample_grid(images: np.ndarray, *, ax: Axes, columns: int = 8) -> Axes:
    """Draws images row by row, `columns` a row; the last row may be short.

    images  (n, c, h, w) in [-1, 1], grey (c = 1) or RGB (c = 3)
    """
    if columns < 1:
        raise InputError("columns", "be at least 1", columns, "8 is usual.")
    tiles = _pixels("images", images)
    _show([tiles[start : start + columns] for start in range(0, len(tiles), columns)], ax=ax)
    return ax


def _show(rows: Sequence[np.ndarray], *, ax: Axes) -> None:
    """Draws rows of tiles (n, h, w, 3), one white pixel between any two."""
    _, height, width, _ = rows[0].shape
    columns = max(len(row) for row in rows)
    canvas = np.ones((len(rows) * (height + 1) - 1, columns * (width + 1) - 1, 3))
    for i, row in enumerate(rows):
        for j, tile in enumerate(row):
            top, left = i * (height + 1), j * (width + 1)
            canvas[top : top + height, left : left + width] = tile
    ax.imshow(canvas, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def _pixels(argument: str, images) -> np.ndarray:
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


def _darker(color: str) -> tuple[float, float, float]:
    return tuple(0.7 * channel for channel in matplotlib.colors.to_rgb(color))

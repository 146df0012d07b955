"""What generators copy: distances to training images, C_T, and its price in quality."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from ..errors import InputError
from ..statistics import Interval
from ..statistics.bootstrap import as_sample
from .distributions import shares
from .grids import image_grid
from .theme import CYCLE, DISTANCE_LABEL, INK, LINES, MARKS, colored, darker

__all__ = [
    "copying_against_threshold",
    "distance_bands",
    "distance_distributions",
    "fid_against_copying",
    "percentile_grid",
]

_C_T = "mean of $Z_U$ over cells; below 0: copying"
_PLACES = [(x, y) for y in (7, -15, 25, -33, 43, -51) for x in (6, -6)]
"""Of a text beside a point, in typographic points from it: the nearest first."""
_MARK = 5  # pixels from the middle of a mark to its edge


def distance_distributions(
    distances: Mapping[str, np.ndarray],
    *,
    ax: Axes,
    metric: str,  # of the distances, and of which features, such as "1 - cos of PCA features"
    marks: Mapping[str, float] | None = None,  # label -> distance, such as tau or d-bar
    bins: int = 50,
) -> Axes:
    """Draws distances to the nearest training image, as Figs. 1 and 5 of Bai et al. (2022).

    One histogram for each set of images, over shared bins; heights are shares of the set, and a
    line stands at each median. Colours are those of `error_histograms`.

    distances  name -> (n,), finite

    >>> distances = {"train": np.array([0.1, 0.2]), "generated": np.array([0.0, 0.1])}
    >>> distance_distributions(distances, ax=ax, metric="1 - cos", marks={"d-bar": 0.15}) is ax
    True
    """
    shares(distances, ax=ax, log=False, bins=bins, argument="distances")
    for number, (label, distance) in enumerate((marks or {}).items()):
        ax.axvline(
            distance,
            color=INK,
            linestyle=LINES[(number + 1) % 4],
            linewidth=2.2,
            label=f"{label} = {distance:.3g}",
        )
    ax.set(xlabel=f"{DISTANCE_LABEL}\n({metric})")
    ax.legend(loc="upper center", ncols=2, fontsize="small")
    return ax


def percentile_grid(
    images: np.ndarray,
    nearest: np.ndarray,
    distances: np.ndarray,
    *,
    ax: Axes,
    percentiles: Sequence[float | int] = (20, 40, 60, 80, 100),  # the paper's Fig. 3: 4, 8, ..., 20
    columns: int = 10,
) -> Axes:
    """Draws samples sorted by their distance, as Figs. 2 and 3 of Bai et al. (2022).

    For each percentile a row of the images that end there, in the order of their distances, and
    below each its nearest training image.

    images, nearest  (n, c, h, w) in [-1, 1], n at least `columns`
    distances        (n,)

    >>> images = np.zeros((10, 1, 4, 4))
    >>> percentile_grid(images, images, np.arange(10.0), ax=ax, percentiles=[100], columns=5) is ax
    True
    """
    distances = as_sample("distances", distances)
    if not len(images) == len(nearest) == len(distances) >= columns >= 1:
        raise InputError(
            "images",
            f"be as many as nearest and distances, and at least columns = {columns}",
            f"{len(images)}, {len(nearest)} and {len(distances)}",
            "Pass all of them, or ask for fewer columns.",
        )
    order = np.argsort(distances, kind="stable")
    rows = {}
    for percentile in percentiles:
        if not 0 <= percentile <= 100:
            raise InputError("percentiles", "lie in 0 to 100", percentile, "Pass 20 for 20 %.")
        end = max(columns, round(percentile / 100 * len(order)))
        chosen = order[end - columns : end]
        rows[f"{percentile:g} %, d = {distances[chosen[-1]]:.2g}"] = images[chosen]
        rows[f"nearest to {percentile:g} %"] = nearest[chosen]
    return image_grid(rows, ax=ax)


def distance_bands(
    curves: Mapping[str, Sequence[tuple[float | int, float | int, Interval]]],
    *,
    ax: Axes,
    to: str,  # the set that the means are distances to, such as "hold-out"
    metric: str,  # of the distances, and of which features
) -> Axes:
    """Draws mean distances of images in bands of their distance to the training images, each at
    the middle of its band.

    curves  name -> (lower percentile, upper percentile, mean), in this order

    >>> curves = {"SAGAN": [(0, 50, Interval(0.1, 0.3, 0.2, 0.95))]}
    >>> distance_bands(curves, ax=ax, to="hold-out", metric="1 - cos") is ax
    True
    """
    for number, (name, color) in enumerate(colored(curves).items()):
        lows, highs, means = zip(*curves[name], strict=True)
        middles, reach = _bars(means)
        ax.errorbar(
            np.add(lows, highs) / 2,
            middles,
            yerr=reach,
            fmt=MARKS[number % len(MARKS)],
            linestyle=LINES[number % 4],
            color=darker(color),
            markerfacecolor=color,
            markersize=7,
            elinewidth=1,
            label=name,
        )
    ax.set(
        xlabel="band of the distance to the nearest training image (percentiles)",
        ylabel=f"mean distance to the\nnearest {to} image\n({metric})",
        xlim=(0, 100),
    )
    ax.set_ylim(bottom=0)
    ax.legend()
    return ax


def fid_against_copying(
    models: Mapping[str, Mapping[float, tuple[Interval, Interval]]],
    *,
    ax: Axes,
    reference: str,  # the set of images that both are taken against
    encoder: str,
) -> Axes:
    """Draws the Frechet distance against C_T, as Figs. 6 and 9 of Bai et al. (2022).

    One line a model, from threshold to threshold, each a point with the intervals of both; its
    number stands beside it.

    models  name -> tau -> (C_T, Frechet distance)

    >>> point = Interval(-3.0, -1.0, -2.0, 0.95), Interval(9.0, 11.0, 10.0, 0.95)
    >>> models = {"SAGAN": {0.1: point}}
    >>> fid_against_copying(models, ax=ax, reference="hold-out", encoder="PCA") is ax
    True
    """
    points: list[tuple[str, tuple[float, float]]] = []
    for number, (name, by_threshold) in enumerate(models.items()):
        color, taus = CYCLE[number % len(CYCLE)], sorted(by_threshold)
        pairs = [by_threshold[tau] for tau in taus]
        (x, across), (y, up) = (_bars(values) for values in zip(*pairs, strict=True))
        ax.errorbar(
            x,
            y,
            xerr=across,
            yerr=up,
            fmt=MARKS[number % len(MARKS)],
            linestyle=LINES[number % 4],
            color=color,
            markersize=7,
            elinewidth=1,
            label=name,
        )
        points += [(f"τ = {tau:.3g}", (a, b)) for tau, a, b in zip(taus, x, y, strict=True)]
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set(
        xlabel=f"$C_T$ against {reference}\n({_C_T})",
        ylabel=f"Fréchet distance to {reference}\n(squared units of {encoder} features)",
    )
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
    _write_beside(ax, points)
    return ax


def copying_against_threshold(
    curves: Mapping[str, Mapping[float, Interval]], *, ax: Axes, metric: str
) -> Axes:
    """Draws C_T against the rejection threshold, as Figs. 8, 10 and 11 of Bai et al. (2022).

    One line for each class, encoder or reference set; its intervals as bars.

    curves  name -> tau -> C_T
    metric  of tau, such as "1 - cos of PCA features"

    >>> curve = {0.0: Interval(-3.0, -1.0, -2.0, 0.95), 0.1: Interval(-1.0, 1.0, 0.0, 0.95)}
    >>> copying_against_threshold({"all classes": curve}, ax=ax, metric="1 - cos") is ax
    True
    """
    for number, (name, by_threshold) in enumerate(curves.items()):
        taus = sorted(by_threshold)
        middles, reach = _bars([by_threshold[tau] for tau in taus])
        ax.errorbar(
            taus,
            middles,
            yerr=reach,
            fmt=MARKS[number % len(MARKS)],
            linestyle=LINES[number // len(CYCLE) % 4],
            color=CYCLE[number % len(CYCLE)],
            markersize=6,
            elinewidth=1,
            label=name,
        )
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set(
        xlabel=f"rejection threshold τ\n({metric})",
        ylabel=f"$C_T$\n({_C_T})",
    )
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return ax


def _write_beside(ax: Axes, points: Sequence[tuple[str, tuple[float, float]]]) -> None:
    """Writes to each point its text, at the nearest place that hides no other text and no point."""
    ax.autoscale_view()
    middles = ax.transData.transform([at for _, at in points])
    taken = [Bbox(middle + _MARK * np.array([[-1], [1]])) for middle in middles]
    for text, at in points:
        label = ax.annotate(
            text,
            at,
            xytext=_PLACES[0],
            textcoords="offset points",
            fontsize="small",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.5, "shrinkB": 5},
        )

        best = min(_PLACES, key=lambda place: _moved(label, place).count_overlaps(taken))
        taken.append(_moved(label, best))


def _moved(label: Annotation, place: tuple[int, int]) -> Bbox:
    """Returns where a label lies, without the line to its point, when it is moved to a place."""
    label.xyann = place
    label.set_horizontalalignment("left" if place[0] > 0 else "right")
    label.get_window_extent()  # moves it
    return Text.get_window_extent(label)


def _bars(values: Sequence[Interval]) -> tuple[np.ndarray, np.ndarray]:
    """Returns estimates (n,), and how far their intervals reach down and up (2, n)."""
    middles = np.array([value.estimate for value in values])
    ends = [[value.low for value in values], [value.high for value in values]]
    return middles, np.abs(middles - ends)

"""Errors against what they depend on."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator, PercentFormatter

from ..errors import InputError
from ..statistics import MRE_GAP_THRESHOLD, GapLaw, Interval
from .theme import COLORS, CYCLE, ERROR_LABEL, INK, LINES, MARKS

__all__ = ["convergence_curves", "error_against_strength", "fid_against_mre", "gap_against_count"]


def convergence_curves(errors: Mapping[str, np.ndarray], *, ax: Axes) -> Axes:
    """Draws the median recovery error against generator passes, with the quartiles as a band.

    errors  method -> (n, t): of n images after pass 1, 2, ..., t; positive

    >>> convergence_curves({"L-BFGS": np.array([[1.0, 0.1], [2.0, 0.2]])}, ax=ax) is ax
    True
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
        ax.plot(passes, median, color=color, linestyle=LINES[number % 4], linewidth=2, label=name)
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


def fid_against_mre(
    models: Mapping[str, Mapping[str, tuple[float, float]]], *, ax: Axes, encoder: str
) -> Axes:
    """Draws the Frechet distance against the median recovery error, as Fig. 5 of Webster et al.

    One mark a model: once in the colour of training, once in that of validation images, joined by
    a line. Where the line is long and flat, the error tells the two apart and the distance does
    not.

    models   name -> {"train": (MRE, distance), "validation": (MRE, distance)}; MRE positive
    encoder  whose features the distances are of

    >>> models = {"GLO-64": {"train": (0.01, 20.0), "validation": (0.05, 21.0)}}
    >>> fid_against_mre(models, ax=ax, encoder="PCA") is ax
    True
    """
    for number, (name, points) in enumerate(models.items()):
        if min(error for error, _ in points.values()) <= 0:
            raise InputError(
                f"models[{name!r}]", "have positive errors on a log axis", points, "Leave it out."
            )
        ax.plot(*zip(*points.values(), strict=True), color="#999999", linewidth=1, zorder=1)
        mark = MARKS[number % len(MARKS)]
        for kind, (error, distance) in points.items():
            ax.scatter(
                error, distance, s=70, marker=mark, color=COLORS[kind], edgecolor=INK, zorder=2
            )
        ax.scatter([], [], s=50, marker=mark, color="white", edgecolor=INK, label=name)
    for kind in ("train", "validation"):
        ax.plot([], [], color=COLORS[kind], linewidth=7, label=f"{kind} images")
    ax.set(
        xscale="log",
        xlabel=f"median {ERROR_LABEL}",
        ylabel=f"Fréchet distance to generated images\n(squared units of {encoder} features)",
    )
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return ax


def error_against_strength(
    curves: Mapping[str, Mapping[float, Interval]], *, ax: Axes, strength: str
) -> Axes:
    """Draws the median recovery error against a distortion's strength, as Fig. 2 of Webster et al.

    One line a model, its intervals as a band.

    curves    model -> strength -> the median error, positive
    strength  the label of the horizontal axis, with its unit

    >>> curve = {0.0: Interval(0.8, 1.2, 1.0, 0.95), 0.5: Interval(1.8, 2.2, 2.0, 0.95)}
    >>> error_against_strength({"DCGAN": curve}, ax=ax, strength="noise") is ax
    True
    """
    for number, (name, points) in enumerate(curves.items()):
        at = sorted(points)
        if min(points[s].estimate for s in at) <= 0:
            raise InputError(
                f"curves[{name!r}]", "have positive errors on a log axis", points, "Leave it out."
            )
        color = CYCLE[number % len(CYCLE)]
        ax.fill_between(
            at,
            [points[s].low for s in at],
            [points[s].high for s in at],
            color=color,
            alpha=0.18,
            linewidth=0,
        )
        ax.plot(
            at,
            [points[s].estimate for s in at],
            color=color,
            linestyle=LINES[number % 4],
            marker=MARKS[number % len(MARKS)],
            linewidth=2,
            label=name,
        )
    label = "median recovery error\n(mean squared error per pixel)"
    ax.set(yscale="log", xlabel=strength, ylabel=label)
    return ax


def gap_against_count(laws: Mapping[str, GapLaw], *, ax: Axes) -> Axes:
    """Draws the MRE-gap against the number of training images, its fit, and the threshold of 10 %.

    Points carry their intervals; those of one family are moved a little to the side of another's.

    laws  family -> its gaps and their fit

    >>> train, val = {1: np.ones(2), 2: 2 * np.ones(2)}, {1: 4 * np.ones(2), 2: 4 * np.ones(2)}
    >>> gap_against_count({"GLO": gap_law(train, val, resamples=10)}, ax=ax) is ax
    True
    """
    for number, (name, law) in enumerate(laws.items()):
        color, counts = CYCLE[number % len(CYCLE)], np.array(sorted(law.gaps))
        gaps = [law.gaps[n] for n in counts]
        middles = np.array([gap.estimate for gap in gaps])
        reach = [
            middles - [gap.low for gap in gaps],
            np.array([gap.high for gap in gaps]) - middles,
        ]
        ax.errorbar(
            counts * 1.04 ** (number - (len(laws) - 1) / 2),
            middles,
            np.clip(reach, 0, None),
            fmt=MARKS[number % len(MARKS)],
            color=color,
            markersize=7,
            elinewidth=2,
            label=name,
        )
        ends = counts[[0, -1]]
        ax.plot(ends, law.fitted(ends), color=color, linestyle=LINES[number % 4], linewidth=1.6)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.axhline(
        MRE_GAP_THRESHOLD,
        color=INK,
        linestyle="--",
        linewidth=1.4,
        label=f"threshold, {100 * MRE_GAP_THRESHOLD:.0f} %",
    )
    ax.set_xscale("log", base=2)
    ticks = sorted({n for law in laws.values() for n in law.gaps})
    ax.set_xticks(ticks, [f"{n:,}" for n in ticks])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    ax.set(xlabel="training images N", ylabel="MRE-gap (%)")
    ax.legend()
    return ax

"""Distributions of recovery errors, and the gap between two."""

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from ..errors import InputError
from ..statistics import MRE_GAP_THRESHOLD, Interval
from ..statistics.bootstrap import as_sample
from .theme import CYCLE, ERROR_LABEL, INK, LINES, colored, darker

__all__ = ["cumulative", "error_histograms", "gap_intervals", "shares"]


def error_histograms(
    errors: Mapping[str, np.ndarray], *, ax: Axes, log: bool = True, bins: int = 50
) -> Axes:
    """Draws one histogram for each set of images over shared bins, as Fig. 4 of Webster et al.

    Heights are shares of the set, so that sets of different sizes compare; a vertical line marks
    the median. Sets named as in COLORS have their colour, any other the next of CYCLE that none of
    these has.

    errors  name -> (n,), finite, and positive where `log`

    >>> errors = {"train": np.array([0.01, 0.02]), "validation": np.array([0.03, 0.05])}
    >>> error_histograms(errors, ax=ax) is ax
    True
    """
    shares(errors, ax=ax, log=log, bins=bins, argument="errors")
    ax.set(xlabel=ERROR_LABEL)
    ax.legend(loc="upper center", ncols=2, fontsize="small")
    return ax


def shares(
    sets: Mapping[str, np.ndarray], *, ax: Axes, log: bool, bins: int, argument: str
) -> None:
    """Draws the histograms of `error_histograms`, named `argument` in errors, without a legend."""
    sets = {name: as_sample(f"{argument}[{name!r}]", values) for name, values in sets.items()}
    if not sets:
        raise InputError(argument, "hold at least one set", "none", f"Pass name -> {argument}.")
    pooled = np.concatenate(list(sets.values()))
    if log and pooled.min() <= 0:
        raise InputError(argument, "be positive on a log axis", pooled.min(), "Pass log=False.")
    edges = np.histogram_bin_edges(np.log10(pooled) if log else pooled, bins)
    edges = 10**edges if log else edges
    edges[0], edges[-1] = min(edges[0], pooled.min()), max(edges[-1], pooled.max())
    colors = colored(sets)
    for number, (name, values) in enumerate(sets.items()):
        color = colors[name]
        median = np.median(values)
        ax.hist(
            values,
            edges.tolist(),
            weights=np.full(len(values), 1 / len(values)),
            histtype="stepfilled",
            facecolor=matplotlib.colors.to_rgba(color, 0.45),
            edgecolor=darker(color),
            linewidth=1.2,
            label=f"{name} (n = {len(values):,}, median {median:.2g})",
        )
        ax.axvline(median, color=darker(color), linestyle=LINES[number % 4], linewidth=1.6)
    if log:
        ax.set_xscale("log")
    ax.set(ylabel="share of images (%)")
    ax.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    ax.set_ylim(top=1.4 * ax.get_ylim()[1])  # room for the legend


def cumulative(scores: Mapping[str, np.ndarray], *, ax: Axes, xlabel: str) -> Axes:
    """Draws the share of each set whose score is at most x, on a log axis.

    Zeros are in the curve's height at the left edge; infinite scores lack to 100 % at the right
    one. Colours are those of `error_histograms`.

    scores  name -> (n,), at least 0

    >>> cumulative({"train": np.array([0.1, 0.2])}, ax=ax, xlabel="distance") is ax
    True
    """
    pooled = np.concatenate([np.asarray(values, dtype=np.float64) for values in scores.values()])
    drawn = pooled[(pooled > 0) & np.isfinite(pooled)]
    low, high = (drawn.min() / 1.5, drawn.max() * 1.5) if len(drawn) else (0.1, 1)
    colors = colored(scores)
    for number, (name, values) in enumerate(scores.items()):
        ordered = np.sort(np.clip(values, low, None))
        heights = np.arange(1, len(ordered) + 1) / len(ordered)
        ax.step(
            ordered,
            heights,
            where="post",
            color=darker(colors[name]),
            linestyle=LINES[number % 4],
            label=f"{name} (n = {len(ordered):,})",
        )
    ax.set(xscale="log", xlim=(low, high), ylim=(0, 1.02), xlabel=xlabel)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylabel("share of images (%)")
    ax.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    ax.legend(loc="best")
    return ax


def gap_intervals(
    gaps: Mapping[str, Interval], *, ax: Axes, printed: Mapping[str, float] | None = None
) -> Axes:
    """Draws each generator's MRE-gap with its interval, and the paper's threshold of 10 %.

    A filled marker is a detected gap, a hollow one is not.

    gaps     name -> the signed gap, as a fraction; the first is drawn on top
    printed  name -> what the paper printed, for names that it has; a cross beside the marker

    >>> gaps = {"GLO-64": Interval(0.4, 0.6, 0.5, 0.95), "DCGAN": Interval(-0.1, 0.1, 0.0, 0.95)}
    >>> gap_intervals(gaps, ax=ax, printed={"DCGAN": 0.01}) is ax
    True
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
            label=f"this book, {100 * gap.confidence:.0f} % interval" if row == 0 else None,
            zorder=3,
        )
        if name in printed:
            ax.plot(printed[name], row + 0.3, "x", color=CYCLE[1], markersize=7, markeredgewidth=2)
    if printed:
        ax.plot([], [], "x", color=CYCLE[1], markersize=7, markeredgewidth=2, label="paper")
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.axvline(
        MRE_GAP_THRESHOLD,
        color=INK,
        linestyle="--",
        linewidth=1.4,
        label=f"threshold, {100 * MRE_GAP_THRESHOLD:.0f} %",
    )
    ax.set_yticks(range(len(gaps)), list(gaps))
    ax.set_ylim(len(gaps) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("MRE-gap (% of the validation images' median error)")
    ax.xaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    ax.legend(loc="best")
    return ax

"""How often a detector finds what is there."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from ..statistics import Interval
from .theme import CYCLE, INK, LINES, MARKS

__all__ = ["power_against_share"]


def power_against_share(
    curves: Mapping[str, Mapping[float, Interval]],
    *,
    ax: Axes,
    level: float,  # rate of false alarms
    power: float,  # from which on a share counts as found
) -> Axes:
    """Draws the power of a detector against the share of copies, on a logarithmic axis.

    One line a corruption, its intervals as bars, moved a little to the side of each other.

    curves  name -> share -> power; shares above 0

    >>> curve = {0.01: Interval(0.0, 0.2, 0.1, 0.95), 0.1: Interval(0.8, 1.0, 0.9, 0.95)}
    >>> power_against_share({"exact": curve}, ax=ax, level=0.05, power=0.8) is ax
    True
    """
    for number, (name, of_share) in enumerate(curves.items()):
        shares = sorted(of_share)
        middles = np.array([of_share[share].estimate for share in shares])
        ends = [[of_share[s].low for s in shares], [of_share[s].high for s in shares]]
        ax.errorbar(
            [100 * share * 1.06 ** (number - (len(curves) - 1) / 2) for share in shares],
            100 * middles,
            100 * np.abs(middles - ends),
            color=CYCLE[number % len(CYCLE)],
            linestyle=LINES[number % 4],
            marker=MARKS[number % len(MARKS)],
            markersize=6,
            linewidth=1.6,
            elinewidth=0.7,
            label=name,
        )
    ax.axhline(100 * level, color=INK, linewidth=1)
    ax.axhline(100 * power, color=INK, linewidth=1, linestyle=":")
    ax.set_xscale("log")
    ticks = sorted({share for of_share in curves.values() for share in of_share})
    ax.set_xticks([100 * share for share in ticks], [f"{100 * share:g}" for share in ticks])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set(ylim=(-4, 104), yticks=(0, 20, 40, 60, 80, 100))
    return ax

"""One look, and one colour for one meaning, throughout the book."""

from collections.abc import Iterable
from itertools import cycle

import matplotlib
import pandas as pd
import seaborn

__all__ = [
    "COLORS",
    "CYCLE",
    "DISTANCE_LABEL",
    "ERROR_LABEL",
    "INK",
    "LINES",
    "MARKS",
    "colored",
    "darker",
    "style",
    "typeset",
]

ERROR_LABEL = "recovery error (mean squared error per pixel)"
DISTANCE_LABEL = "distance to the nearest training image"

# Okabe and Ito's colours, which colour-blind readers can tell apart. The paper's Fig. 4 has green,
# red, yellow and blue.
COLORS = {
    "train": "#009E73",
    "validation": "#D55E00",
    "generated": "#F0E442",
    "distorted": "#0072B2",
}
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
LINES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "p", "*")
INK = "#333333"


def style() -> None:
    """Sets matplotlib's defaults to the book's: 7 x 4 inches at 100 dots, so 700 pixels wide.
    Tables of pandas show their cells whole.

    >>> style()
    """
    pd.set_option("display.max_colwidth", None)
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
            "legend.framealpha": 1,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "text.color": INK,
            "grid.color": "#e4e4e4",
            "grid.linewidth": 0.8,
            "axes.linewidth": 0.8,
        },
    )


def colored(names: Iterable[str]) -> dict[str, str]:
    """Returns a colour for each set of images: that of COLORS, or the next of CYCLE that none of
    these has."""
    names = list(names)
    named = {COLORS[name] for name in names if name in COLORS}
    spare = cycle([color for color in CYCLE if color not in named])
    return {name: COLORS[name] if name in COLORS else next(spare) for name in names}


def darker(color: str) -> tuple[float, float, float]:
    """Returns the colour at 70 % of its brightness, for outlines."""
    red, green, blue = matplotlib.colors.to_rgb(color)
    return 0.7 * red, 0.7 * green, 0.7 * blue


def typeset(name: str) -> str:
    """Returns the name of a detector with its symbol set as a formula, for axes and titles.

    >>> typeset("C_T")
    '$C_T$'
    """
    return name.replace("C_T", "$C_T$")

"""Numbers in a matrix, as colours."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

from ..errors import InputError
from .theme import INK, typeset

__all__ = ["heat_map"]

_DARK = 0.6
"""Beyond this share of the limit a cell is so dark that its number is white."""


def heat_map(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    ax: Axes,
    limit: float | int,  # whose colour larger values share
    marked: np.ndarray | None = None,  # of the shape of values; cells with a star
    show: Callable[[float], str] = "{:.1f}".format,
    fontsize: float | int = 12,
) -> Axes:
    """Draws a matrix (r, c): numbers over colours from blue through white at 0 to red.

    Blue and red are of the kind that colour-blind readers can tell apart, and numbers carry the
    same. Cells that are NaN stay empty. C_T in a row's name is set as a formula.

    >>> heat_map(np.eye(2), ["a", "b"], ["c", "d"], ax=ax, limit=1) is ax
    True
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (len(rows), len(columns)) or limit <= 0:
        raise InputError(
            "values", f"be ({len(rows)}, {len(columns)}), limit above 0", values.shape, "See both."
        )
    ax.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            star = "*" if marked is not None and marked[row, column] else ""
            ax.text(
                column,
                row,
                show(value) + star,
                ha="center",
                va="center",
                fontsize=fontsize,
                color="white" if abs(value) > _DARK * limit else INK,
            )
    ax.set_xticks(range(len(columns)), columns, fontsize=fontsize, rotation=40, ha="right")
    ax.set_yticks(range(len(rows)), map(typeset, rows), fontsize=fontsize)
    ax.grid(visible=False)
    ax.tick_params(length=0)
    return ax

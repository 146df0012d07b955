"""Images as points of a plane, such as t-SNE's."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from ..errors import InputError
from .theme import INK, MARKS, colored

__all__ = ["embedding_scatter", "scatter_by_distance"]


def embedding_scatter(points: Mapping[str, np.ndarray], *, ax: Axes) -> Axes:
    """Draws sets of images as points, as Fig. 4 of Bai et al. (2022).

    The axes of such a plane mean nothing, and carry no numbers. The first set lies below.

    points  name -> (n, 2)

    >>> embedding_scatter({"train": np.zeros((3, 2)), "generated": np.ones((2, 2))}, ax=ax) is ax
    True
    """
    for number, (name, color) in enumerate(colored(points).items()):
        at = np.asarray(points[name], dtype=np.float64)
        if at.ndim != 2 or at.shape[1] != 2:
            raise InputError(
                f"points[{name!r}]", "have shape (n, 2)", at.shape, "Project to a plane first."
            )
        x, y = at.T
        ax.scatter(
            x,
            y,
            s=16,
            marker=MARKS[number % len(MARKS)],
            color=color,
            edgecolor=INK,
            linewidth=0.3,
            alpha=0.8,
            label=f"{name} (n = {len(at):,})",
            zorder=2 + number,
        )
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        ncols=2,
        fontsize="small",
        frameon=False,
        handletextpad=0.1,
        columnspacing=1,
    )
    return ax


def scatter_by_distance(
    train: np.ndarray,
    generated: np.ndarray,
    distances: np.ndarray,
    *,
    axes: tuple[Axes, Axes],
    threshold: float,
) -> tuple[Axes, Axes]:
    """Draws generated images nearer to the training images than a threshold in the first Axes, the
    farther ones in the second, each over all training images: Fig. 12 of Bai et al. (2022).

    train, generated  (m, 2) and (n, 2), points of one plane
    distances         (n,), of the generated images
    threshold         such as d-bar

    >>> axes = (ax.figure.add_subplot(121), ax.figure.add_subplot(122))
    >>> near, far = scatter_by_distance(
    ...     np.zeros((3, 2)), np.ones((2, 2)), np.array([0.1, 0.9]), axes=axes, threshold=0.5
    ... )
    """
    near = np.asarray(distances) <= threshold
    if near.shape != (len(generated),):
        raise InputError(
            "distances",
            f"have shape ({len(generated)},), one for each generated image",
            near.shape,
            "Pass those of these images.",
        )
    for ax, chosen, sign in ((axes[0], near, "≤"), (axes[1], ~near, ">")):
        embedding_scatter({"train": train, "generated": np.asarray(generated)[chosen]}, ax=ax)
        ax.set_title(f"d {sign} {threshold:.3g}")
        ax.update_datalim(np.concatenate([train, generated]))
        ax.autoscale_view()
    return axes

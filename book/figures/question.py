"""Draws book/_static/question.svg, the schematic of the introduction."""

from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from scipy.interpolate import CubicSpline
from sketch import LINE, TRAIN, UNSEEN, X, frame, nearest

from mempaper import plotting


def truth(x):
    return 0.4 * np.sin(1.3 * x)


def draw():
    draws = np.random.default_rng(0)
    x = np.linspace(0.2, 5.8, 16)
    y = truth(x) + draws.choice([-1, 1], x.size) * draws.uniform(0.2, 0.4, x.size)
    points = np.column_stack([x, y])
    train, validation = points[::2], points[1::2]
    fits = {
        "It learned the distribution": truth(X),
        "It learned the training images": CubicSpline(*train.T, bc_type="natural")(X),
    }
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.05), layout="none")
    for ax, (title, values) in zip(axes, fits.items(), strict=True):
        curve = np.column_stack([X, values])
        ax.plot(*curve.T, color=LINE, linewidth=2.2, label="images it can generate")
        for kind, chosen, color, marker in (
            ("training image", train, TRAIN, "o"),
            ("image it never saw", validation, UNSEEN, "D"),
        ):
            for a, b in zip(chosen, nearest(curve, chosen), strict=True):
                ax.plot(*zip(a, b, strict=True), color=color, linewidth=2.4, alpha=0.8)
            ax.plot(*chosen.T, marker, color=color, markersize=7, label=kind, linestyle="none")
        ax.set(title=title, xticks=[], yticks=[])
        frame(ax)
        for side in ax.spines.values():
            side.set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, frameon=False, columnspacing=1.2)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.17, top=0.86, wspace=0.06)
    return figure


if __name__ == "__main__":
    plotting.style()
    matplotlib.rcParams["svg.hashsalt"] = "mempaper"
    target = Path(__file__).parents[1] / "_static" / "question.svg"
    draw().savefig(target, metadata={"Date": None})

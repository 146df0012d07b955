"""What the sketches of the book share: panels without axes, marks of each kind of image, boxes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch

from mempaper import plotting

INK, LINE = "#333333", "#555555"
TRAIN, UNSEEN, SAMPLE = (plotting.COLORS[k] for k in ("train", "validation", "generated"))
BLUE = plotting.COLORS["distorted"]
PALE = "#d9f0e7"
"""Of boxes that hold training images."""
WIDTH = 6
"""Inches: on a phone, 390 pixels wide, letters keep 10 pixels."""
X = np.linspace(0, 6, 1200)
"""Where curves of images are drawn."""


def panels(*titles, height=2.1, bottom=0.17):
    """Returns a figure and one empty Axes for each title."""
    figure, axes = plt.subplots(1, len(titles), figsize=(WIDTH, height), layout="none")
    axes = np.atleast_1d(axes)
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    top = 0.86 if any(titles) else 0.98
    figure.subplots_adjust(left=0.02, right=0.98, bottom=bottom, top=top, wspace=0.08)
    return figure, axes


def frame(ax, *, x=(-0.1, 6.1), y=(-1.15, 1.15)):
    """Shows this part of the plane, both axes alike."""
    ax.set(xlim=x, ylim=y)
    ax.set_aspect("equal")


def legend(figure, *axes, columns=4):
    """Draws one legend for the labelled marks of `axes` below the panels."""
    found = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    figure.legend(
        found.values(), found.keys(), loc="lower center", ncols=columns, frameon=False,
        columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip


def training(ax, points, *, label="training image"):
    ax.plot(*np.transpose(points), "o", color=TRAIN, markersize=7, label=label, zorder=3)


def unseen(ax, points, *, label="image it never saw", color=UNSEEN):
    ax.plot(*np.transpose(points), "D", color=color, markersize=6.5, label=label, zorder=3)


def samples(ax, points, *, label="sample"):
    ax.plot(
        *np.transpose(points), "s", color=SAMPLE, markeredgecolor=INK, markersize=7.5, label=label,
        linestyle="none", zorder=4,
    )  # fmt: skip


def curve(ax, points, *, label="images it can generate"):
    ax.plot(*np.transpose(points), color=LINE, linewidth=2.2, label=label, zorder=1)


def nearest(bank, points):
    """Returns the point of `bank` (k, 2) nearest to each of `points` (n, 2)."""
    bank, points = np.asarray(bank), np.asarray(points)
    return bank[((points[:, None] - bank[None]) ** 2).sum(2).argmin(1)]


def bars(ax, points, ends, color, *, style="-"):
    for a, b in zip(points, ends, strict=True):
        ax.plot(*zip(a, b, strict=True), style, color=color, linewidth=2.2, alpha=0.85, zorder=2)


def density(ax, mean, width, color, *, label=None, at=0.0, height=1.0, x=(0, 10)):
    """Draws a bell on the line `at`; returns its grid and values."""
    grid = np.linspace(*x, 150)
    values = at + height * np.exp(-(((grid - mean) / width) ** 2) / 2)
    ax.fill_between(grid, at, values, color=color, alpha=0.55, linewidth=0)
    ax.plot(grid, values, color=color, linewidth=1.6, label=label)
    return grid, values


def box(ax, x, y, text, *, width=1.0, height=0.5, color="white"):
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0.02,rounding_size=0.08",
            facecolor=color,
            edgecolor=INK,
            linewidth=1.1,
            zorder=2,
        )
    )
    ax.text(x, y, text, ha="center", va="center", zorder=3)


def arrow(ax, start, end, *, color=INK, bend=0.0):
    style = {"arrowstyle": "-|>", "color": color, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0}
    style["connectionstyle"] = f"arc3,rad={bend}"
    ax.annotate("", end, start, arrowprops=style, zorder=1)

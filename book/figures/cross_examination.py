"""The sketches of the third part, one function for each page."""

import numpy as np
from scipy.interpolate import CubicSpline
from sketch import (
    BLUE,
    INK,
    LINE,
    PALE,
    TRAIN,
    UNSEEN,
    X,
    arrow,
    bars,
    box,
    curve,
    density,
    frame,
    legend,
    nearest,
    panels,
    samples,
    training,
    unseen,
)


def calibration():
    figure, axes = panels("Few copies: low power", "Many copies: high power", bottom=0.3)
    for ax, mean in zip(axes, (4.0, 6.6), strict=True):
        null, values = density(ax, 3.0, 1.0, LINE, label="nothing is copied")
        copied, found = density(ax, mean, 1.0, BLUE, label="something is copied")
        line = 3.0 + 1.645
        ax.plot([line, line], [0, 1.12], "--", color=INK, linewidth=1.6)
        ax.fill_between(copied, 0, found, where=copied >= line, color=BLUE, alpha=0.6, linewidth=0)
        ax.fill_between(null, 0, values, where=null >= line, color=UNSEEN, linewidth=0)
        ax.text(line + 0.15, 1.1, "alarm", va="center")
        ax.axhline(0, color=INK, linewidth=0.8)
        ax.set(xlim=(0, 10), ylim=(-0.02, 1.2), xlabel="score of the detector")
        ax.xaxis.labelpad = 1
    legend(figure, axes[0])
    return figure


def all_detectors():
    figure, (left, right) = panels("It can, and does not", "It does, and can make others, too")
    known = np.array([[0.8, 0.5], [1.9, -0.45], [3.0, 0.55], [4.1, -0.5], [5.2, 0.45]])
    others = np.array([[1.3, -0.5], [2.5, 0.62], [3.6, -0.55], [4.7, 0.6]])
    through = np.column_stack([X, CubicSpline(*known.T, bc_type="natural")(X)])
    smooth = np.column_stack([X, 0.62 * np.sin(np.pi * (X - 0.25) / 1.1)])
    drawn = {left: through[[0, 30, 1120, 1170, 1199]], right: nearest(smooth, known) * [1, 1]}
    jitter = np.array([[0.12, 0.05], [-0.1, 0.08], [0.0, -0.12], [0.14, 0.0], [-0.12, -0.05]])
    drawn[right] = np.concatenate([nearest(smooth, known + 0.4 * jitter), known + 0.5 * jitter])
    for ax, line in ((left, through), (right, smooth)):
        curve(ax, line)
        training(ax, known)
        unseen(ax, others)
        samples(ax, drawn[ax])
        bars(ax, others, nearest(line, others), UNSEEN)
        bars(ax, known, nearest(line, known), TRAIN)
        frame(ax, x=(-0.15, 6.15))
    legend(figure, left, columns=2)
    figure.subplots_adjust(bottom=0.27)
    return figure


def your_generator():
    figure, (ax,) = panels("", height=2.0, bottom=0.02)
    box(ax, 1.0, 1.65, "real images\nof one source", width=1.8, height=1.0)
    box(ax, 4.3, 2.6, "training", width=1.6, color=PALE)
    box(ax, 4.3, 0.7, "hold-out", width=1.6, color="#f8e0d2")
    box(ax, 7.0, 2.6, "generator", width=1.7)
    box(ax, 8.6, 1.2, "scores: how near\nis it to each?", width=2.3, height=0.95)
    arrow(ax, (1.95, 1.85), (3.45, 2.5))
    arrow(ax, (1.95, 1.45), (3.45, 0.8))
    ax.text(2.45, 1.65, "by chance", va="center")
    arrow(ax, (5.15, 2.6), (6.1, 2.6))
    arrow(ax, (7.4, 2.3), (8.2, 1.72))
    arrow(ax, (5.15, 2.4), (7.4, 1.4), color=TRAIN)
    arrow(ax, (5.15, 0.7), (7.4, 1.05), color=UNSEEN)
    arrow(ax, (4.1, 2.28), (4.1, 1.02), color=BLUE)
    arrow(ax, (4.1, 1.02), (4.1, 2.28), color=BLUE)
    ax.text(4.25, 1.45, "exchange?", color=BLUE, va="center")
    ax.set(xlim=(0, 10), ylim=(0, 3.3))
    return figure

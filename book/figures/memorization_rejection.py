"""The sketches of the second part, one function for each page.

Hold-out images are blue and other references orange, as in the figures of these pages.
"""

import numpy as np
from matplotlib.patches import Circle
from sketch import (
    BLUE,
    INK,
    PALE,
    SAMPLE,
    TRAIN,
    UNSEEN,
    arrow,
    bars,
    box,
    density,
    frame,
    legend,
    nearest,
    panels,
    samples,
    training,
    unseen,
)

KNOWN = np.array([[0.5, 0.5], [1.5, -0.5], [2.5, 0.55], [3.6, -0.4], [4.6, 0.5], [5.5, -0.45]])


def _discs(ax, centres, radius):
    for centre in centres:
        ax.add_patch(Circle(centre, radius, facecolor=TRAIN, alpha=0.18, edgecolor="none"))
        ax.add_patch(Circle(centre, radius, facecolor="none", edgecolor=TRAIN, linewidth=0.9))


def reference_sets():
    figure, (left, right) = panels("A reference of the same source", "A shifted one")
    copies = KNOWN[[0, 2, 4]] + [[0.22, -0.12], [-0.2, -0.15], [0.22, -0.1]]
    same = np.array([[1.0, 0.05], [3.05, 0.1], [4.1, 0.05]])
    shifted = np.array([[1.1, -1.0], [2.55, -0.95], [4.6, -1.0]])
    for ax, reference, color, name in (
        (left, same, BLUE, "hold-out image"),
        (right, shifted, UNSEEN, "other reference"),
    ):
        training(ax, KNOWN)
        samples(ax, copies)
        unseen(ax, reference, label=name, color=color)
        bars(ax, copies, nearest(KNOWN, copies), INK)
        bars(ax, reference, nearest(KNOWN, reference), color)
        frame(ax)
    legend(figure, left, right)
    return figure


def samples_by_distance():
    figure, (ax,) = panels("")
    known = np.array([[0.6, 0.5], [1.7, -0.45], [2.9, 0.5], [4.0, -0.35], [5.1, 0.45], [6.2, -0.4]])
    others = np.array([[1.15, 0.05], [2.3, 0.6], [3.3, -0.3], [4.6, 0.1], [5.7, -0.1], [6.6, 0.3]])
    chosen = np.array([[0.42, 0.36], [4.3, -0.08], [8.2, 0.55]])
    training(ax, known)
    unseen(ax, others, label="hold-out image", color=BLUE)
    samples(ax, chosen)
    bars(ax, chosen, nearest(known, chosen), TRAIN)
    bars(ax, chosen, nearest(others, chosen), BLUE)
    words = ("a copy: near to a\ntraining image only", "good: near to both", "bad: far from both")
    places = ((-0.3, -0.55), (4.3, -0.82), (8.2, -0.72))
    for (x, y), text in zip(places, words, strict=True):
        ax.text(x, y, text, ha="center", va="center")
    frame(ax, x=(-1.6, 9.6), y=(-1.05, 0.95))
    legend(figure, ax)
    return figure


def planes_of_samples():
    figure, (left, right) = panels("Each to its nearest other", r"On both sides of $\bar d$")
    known = np.array([[0.6, 0.4], [1.1, -0.2], [2.2, 0.35], [2.7, -0.3], [3.8, 0.3], [4.5, -0.2]])
    ends = np.array([nearest(np.delete(known, i, 0), p[None])[0] for i, p in enumerate(known)])
    mean = np.linalg.norm(known - ends, axis=1).mean()
    bars(left, known, ends, TRAIN)
    left.plot([1.2, 1.2 + mean], [-1.0, -1.0], color=INK, linewidth=2.5)
    left.text(1.4 + mean, -1.0, r"their mean, $\bar d$", va="center")
    near = known[[0, 2, 3]] + [[0.35, -0.25], [0.3, -0.35], [-0.35, 0.2]]
    far = np.array([[6.0, 0.7], [5.8, -0.95]])
    for ax in (left, right):
        training(ax, known)
        frame(ax, x=(-0.6, 6.6), y=(-1.3, 1.3))
    _discs(right, known, mean)
    samples(right, np.concatenate([near, far]))
    legend(figure, left, right)
    return figure


def threshold_sweep():
    figure, axes = panels(r"Small $\tau$: copies are rejected", r"Large $\tau$: good samples, too")
    drawn = np.array([
        [0.6, 0.42], [2.4, 0.63], [3.7, -0.3], [1.0, -0.2], [3.0, 0.05], [5.1, 0.05], [1.9, 0.95],
    ])  # fmt: skip
    reach = np.linalg.norm(drawn - nearest(KNOWN, drawn), axis=1)
    for ax, tau in zip(axes, (0.24, 0.6), strict=True):
        _discs(ax, KNOWN, tau)
        training(ax, KNOWN)
        samples(ax, drawn[reach > tau], label="sample that teaches")
        ax.plot(*drawn[reach <= tau].T, "x", color=INK, markersize=9, markeredgewidth=2.4,
                label="rejected sample", zorder=5)  # fmt: skip
        frame(ax, x=(-0.3, 6.3), y=(-1.2, 1.25))
    legend(figure, axes[0])
    return figure


def class_wise():
    figure, axes = panels("A class that is copied", "One that is not", bottom=0.3)
    unseen_at = np.array([3.2, 4.4, 5.2, 6.3, 7.5])
    for ax, at, told in zip(
        axes,
        (np.array([0.8, 1.5, 2.3, 3.7, 4.8]), np.array([2.7, 4.0, 5.7, 6.8, 7.1])),
        ("$Z_U$ far below 0", "$Z_U$ about 0"),
        strict=True,
    ):
        ax.annotate("", (9.5, 0), (0, 0), arrowprops={"arrowstyle": "->", "color": INK})
        samples(ax, np.column_stack([at, np.full(at.size, 0.22)]))
        unseen(ax, np.column_stack([unseen_at, np.full(at.size, -0.22)]), color=BLUE)
        ax.text(5, 0.62, told, ha="center")
        ax.set(xlim=(-0.2, 9.8), ylim=(-0.5, 0.85), xlabel="distance to the training images")
        ax.xaxis.labelpad = 1
    legend(figure, axes[0])
    return figure


def three_models():
    figure, (ax,) = panels("", height=2.2, bottom=0.12)
    start = np.array([3.1, 1.5])
    for end, color, text in (
        ((6.2, 1.5), TRAIN, "free"),
        ((5.6, 2.7), UNSEEN, "paid for with quality"),
        ((5.8, 0.5), BLUE, "better in both"),
    ):
        arrow(ax, start, end, color=color)
        ax.text(end[0] + 0.15, end[1], text, va="center", color=color)
    ax.plot(*start, "o", color=INK, markersize=8)
    ax.text(2.9, 1.5, "without rejection", ha="right", va="center")
    axis = {"arrowstyle": "->", "color": INK}
    ax.annotate("", (9.8, 0), (0, 0), arrowprops=axis)
    ax.annotate("", (0, 3.2), (0, 0), arrowprops=axis)
    ax.text(0.15, 3.0, "FID: worse samples", va="center")
    ax.text(9.8, -0.12, "$C_T$: less copying", ha="right", va="top")
    ax.set(xlim=(-0.1, 10), ylim=(-0.1, 3.3))
    return figure


def other_measures():
    figure, (left, right) = panels("Features that training saw", "Other features")
    away = np.array([[0.1, -0.6], [-0.5, 0.65], [-0.4, 0.6]])
    chosen = KNOWN[[0, 3, 5]]
    for ax, drawn in ((left, chosen + away), (right, chosen + 0.25 * away)):
        training(ax, KNOWN)
        samples(ax, drawn)
        bars(ax, drawn, nearest(KNOWN, drawn), INK)
        frame(ax)
    legend(figure, left)
    return figure


def guideline():
    figure, (ax,) = panels("", bottom=0.34)
    density(ax, 5.0, 1.1, TRAIN, label="training images among themselves")
    density(ax, 5.1, 1.1, BLUE, label="honest new images")
    density(ax, 1.2, 0.4, SAMPLE, label="copies", height=0.7)
    ax.plot([5.0, 5.0], [0, 1.1], color=INK, linewidth=2)
    ax.text(5.1, 1.12, r"$\bar d$", ha="left")
    ax.text(4.85, 1.12, "rejected", ha="right")
    ax.annotate("", (2.6, 1.15), (3.55, 1.15), arrowprops={"arrowstyle": "->", "color": INK})
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set(xlim=(0, 9), ylim=(-0.02, 1.3), xlabel="distance to the nearest (other) training image")
    ax.xaxis.labelpad = 1
    legend(figure, ax)
    return figure


def variants():
    figure, (ax,) = panels("", height=1.9, bottom=0.02)
    box(ax, 0.95, 2.2, "draw\n$x = G(z)$", width=1.5, height=0.95)
    box(ax, 3.6, 2.2, r"$d(x) > \tau$ ?", width=1.9, height=0.95)
    box(ax, 6.8, 2.2, "teaches the\ngenerator", width=2.0, height=0.95, color=PALE)
    box(ax, 3.6, 0.6, "rejected", width=1.6, height=0.6, color="#f8e0d2")
    arrow(ax, (1.75, 2.2), (2.62, 2.2))
    arrow(ax, (4.6, 2.2), (5.75, 2.2))
    arrow(ax, (3.6, 1.68), (3.6, 0.95))
    ax.text(5.15, 2.38, "yes", ha="center")
    ax.text(3.72, 1.3, "no", va="center")
    arrow(ax, (2.75, 0.6), (0.95, 1.68), color=BLUE, bend=-0.3)
    ax.text(0.05, 0.4, "Algorithm 1:\ndraw anew", color=BLUE, va="center")
    arrow(ax, (4.45, 0.6), (5.6, 0.6), color=UNSEEN)
    ax.text(
        5.75,
        0.6,
        "published code: leave it out,\nthe batch is smaller",
        color="#a34700",
        va="center",
    )
    ax.set(xlim=(-0.1, 10), ylim=(0, 2.9))
    return figure

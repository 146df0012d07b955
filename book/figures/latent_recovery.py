"""The sketches of the first part, one function for each page."""

import numpy as np
from matplotlib.patches import Circle, Rectangle
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize
from scipy.stats import norm
from sketch import (
    BLUE,
    INK,
    LINE,
    PALE,
    SAMPLE,
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


def _at(x):
    x = np.asarray(x, dtype=float)
    return np.column_stack([x, 0.4 * np.sin(1.3 * x)])


WAVE = _at(X)


def models():
    figure, axes = panels("GAN", "GLO", "AE, AEGAN", height=2.5, bottom=0.02)
    for ax, code, made, judge, wide, high, image in (
        (axes[0], "code", "sample", "discriminator:\nwhich is real?", 2.2, 0.85, 1.9),
        (axes[1], "its code", "image", "squared error", 2.2, 0.6, 3.0),
        (axes[2], "code", "image", "squared error\n(+ discriminator)", 2.4, 0.85, 3.0),
    ):
        judged = 0.57 + high / 2
        box(ax, 0.7, 3.0, code, width=1.1 if code == "its code" else 0.8)
        box(ax, 0.7, 1.9, made, width=1.1)
        box(ax, 2.3, image, "training\nimage", width=1.2, height=0.8, color=PALE)
        box(ax, 1.5, 0.5, judge, width=wide, height=high)
        arrow(ax, (0.7, 2.7), (0.7, 2.2))
        arrow(ax, (0.7, 1.6), (1.1, judged))
        arrow(ax, (2.3, image - 0.45), (1.9, judged))
        ax.set(xlim=(0, 3), ylim=(0, 3.5))
        ax.text(0.58, 2.45, "$G$", ha="right", va="center")
    arrow(axes[2], (1.65, 3.0), (1.15, 3.0))
    return figure


def optimizer_comparison():
    figure, (left, right) = panels("Codes z", "Images")
    stretch = np.array([[0.3, 0.28], [0.28, 1.3]])
    start = np.array([-2.6, -0.5])

    def error(z):
        return z @ stretch @ z

    grid = np.stack(np.meshgrid(np.linspace(-3.2, 3.2, 90), np.linspace(-1.25, 1.25, 60)), -1)
    height = np.einsum("abi,ij,abj->ab", grid, stretch, grid)
    left.contour(grid[..., 0], grid[..., 1], height, levels=9, colors="#bbbbbb", linewidths=0.9)
    slow = [start]
    for _ in range(24):
        slow.append(slow[-1] - 0.66 * 2 * stretch @ slow[-1])
    fast = [start]
    minimize(error, start, method="L-BFGS-B", callback=lambda z: fast.append(z.copy()))
    for path, color, name in ((slow, UNSEEN, "gradient descent"), (fast, BLUE, "L-BFGS")):
        left.plot(*np.transpose(path), "o-", color=color, markersize=3.5, linewidth=1.5, label=name)
    left.plot(0, 0, "*", color=INK, markersize=12, zorder=4)
    left.text(0.2, -0.45, "$z^*$")
    frame(left, x=(-3.2, 3.2), y=(-1.25, 1.25))
    curve(right, WAVE)
    target, first = np.array([[3.9, 0.75]]), _at([1.0])
    found = nearest(WAVE, target)
    bars(right, target, found, LINE)
    right.plot(*target.T, "D", color=INK, markersize=6.5)
    right.plot(*first.T, "o", color=LINE, markersize=7)
    right.plot(*found.T, "*", color=INK, markersize=12, zorder=4)
    right.text(4.1, 0.72, "target $y$")
    right.text(0.75, -0.15, "start")
    right.text(3.1, -0.75, "$G(z^*)$")
    frame(right)
    legend(figure, left, right)
    return figure


def nearest_images():
    figure, (left, right) = panels("Nearest training image", "Nearest generated image")
    bank = _at([0.5, 1.3, 2.1, 3.2, 4.8, 5.7])
    bank[:, 1] += [0.2, -0.25, 0.3, 0.75, -0.05, -0.2]
    hidden, seen = _at([4.1]), np.array([[4.0, 0.72]])
    found = {left: nearest(bank, seen), right: nearest(WAVE, seen)}
    for ax in (left, right):
        ax.plot(*hidden.T, "D", color="white", markeredgecolor=UNSEEN, markeredgewidth=1.8,
                markersize=7, label="image, undistorted", zorder=5)  # fmt: skip
        unseen(ax, seen, label="target $y$, distorted")
        arrow(ax, hidden[0] + [0, 0.14], seen[0] - [0, 0.14], color=UNSEEN)
        frame(ax)
    training(left, bank)
    curve(right, WAVE)
    for ax, neighbour in found.items():
        ax.plot(*neighbour.T, "*", color=INK, markersize=13, label="nearest", zorder=6)
    legend(figure, left, right, columns=3)
    figure.subplots_adjust(bottom=0.27)
    return figure


def distortions():
    figure, (left, right) = panels("Pushed off: errors grow", "Pushed along: they hardly do")
    base = _at([3.0])[0]
    off = np.array([base + k * np.array([0.07, 0.3]) for k in range(4)])
    along = np.array([_at([3.0 + 0.62 * k])[0] + [0, 0.05 * k] for k in range(4)])
    for ax, points in ((left, off), (right, along)):
        curve(ax, WAVE)
        reach = nearest(WAVE, points)
        bars(ax, points, reach, UNSEEN)
        shades = (0.25, 0.5, 0.75, 1.0)
        for point, shade in zip(points, shades, strict=True):
            ax.plot(*point, "D", color=UNSEEN, alpha=shade, markersize=7, zorder=4)
        ax.plot([], [], "D", color=UNSEEN, label="image, more and more distorted")
        frame(ax)
    legend(figure, left)
    return figure


def recoveries():
    figure, (left, right) = panels("A training image comes back", "An unseen image does not")
    known = np.column_stack([np.linspace(0.3, 5.7, 7), [0.1, 0.75, -0.35, 0.6, -0.6, 0.3, -0.2]])
    bent = np.column_stack([X, CubicSpline(*known.T, bc_type="natural")(X)])
    others = np.array([[2.05, 0.72], [4.3, 0.62]])
    for ax in (left, right):
        curve(ax, bent)
        frame(ax)
    training(left, known, label="target: training image")
    unseen(right, others, label="target: unseen image")
    reach = nearest(bent, others)
    bars(right, others, reach, UNSEEN)
    right.plot(*reach.T, "*", color=INK, markersize=11, label="what comes back", zorder=4)
    left.plot(*known.T, "*", color=INK, markersize=7, zorder=5)
    legend(figure, left, right, columns=2)
    figure.subplots_adjust(bottom=0.27)
    return figure


def error_histograms():
    figure, (left, right) = panels("It generalizes", "It has memorized", bottom=0.3)
    for ax, known in ((left, 6.0), (right, 3.8)):
        density(ax, 1.3, 0.5, SAMPLE, label="own samples")
        density(ax, known, 0.75, TRAIN, label="training")
        density(ax, 6.1, 0.75, UNSEEN, label="validation")
        density(ax, 8.6, 0.6, BLUE, label="distorted")
        ax.annotate("", (9.9, -0.04), (0, -0.04), arrowprops={"arrowstyle": "->", "color": INK})
        ax.set(xlim=(0, 10), ylim=(-0.1, 1.12), xlabel="recovery error, logarithmic")
        ax.xaxis.labelpad = 1
    legend(figure, left)
    return figure


def table_1():
    figure, (left, right) = panels(
        "MRE-gap: how far the medians", "KS: how far the shares", bottom=0.3
    )
    medians = {TRAIN: 4.0, UNSEEN: 6.2}
    names = {TRAIN: "training images", UNSEEN: "validation images"}
    for color, median in medians.items():
        density(left, median, 1.05, color, label=names[color])
        left.plot([median] * 2, [0, 1.0], color=color, linewidth=2.2)
        grid = np.linspace(0, 10, 400)
        right.plot(grid, norm.cdf(grid, median, 1.05), color=color, linewidth=2.2)
    both = {"arrowstyle": "<->", "color": INK, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    left.annotate("", (6.2, 1.08), (4.0, 1.08), arrowprops=both)
    middle = 5.1
    low, high = norm.cdf(middle, 6.2, 1.05), norm.cdf(middle, 4.0, 1.05)
    right.annotate("", (middle, high), (middle, low), arrowprops=both)
    left.set(xlim=(0, 10), ylim=(-0.02, 1.2), xlabel="recovery error")
    right.set(xlim=(0, 10), ylim=(-0.02, 1.2), xlabel="recovery error at most")
    for ax in (left, right):
        ax.axhline(0, color=INK, linewidth=0.8)
        ax.xaxis.labelpad = 1
    legend(figure, left)
    return figure


def gap_law():
    figure, axes = panels("5 images: through each", "15 images: between them")
    draws = np.random.default_rng(4)
    for ax, count in zip(axes, (5, 15), strict=True):
        x = np.linspace(0.2, 5.8, 2 * count)
        y = 0.35 * np.sin(1.3 * x) + draws.choice([-1, 1], x.size) * draws.uniform(
            0.2, 0.45, x.size
        )
        points = np.column_stack([x, y])
        known, others = points[::2], points[1::2]
        fitted = np.polynomial.Chebyshev.fit(*known.T, deg=4, domain=[0, 6])
        line = np.column_stack([X, fitted(X)])
        curve(ax, line)
        bars(ax, known, nearest(line, known), TRAIN)
        bars(ax, others, nearest(line, others), UNSEEN)
        training(ax, known)
        unseen(ax, others)
        frame(ax)
    legend(figure, axes[0])
    return figure


def fid_against_mre():
    figure, (left, right) = panels("Real images", "A generator that copies")
    draws = np.random.default_rng(5)
    spread = np.array([[1.25, 0.2], [0.2, 0.4]])
    known, others = (draws.standard_normal((14, 2)) @ spread + [3, 0] for _ in range(2))

    def ellipse(ax, points, color, style):
        around = np.linspace(0, 2 * np.pi, 200)
        root = np.linalg.cholesky(np.cov(points.T))
        circle = np.column_stack([np.cos(around), np.sin(around)])
        ax.plot(*(1.6 * circle @ root.T + points.mean(0)).T, style, color=color, linewidth=1.8)

    training(left, known)
    unseen(left, others)
    copies = known[draws.integers(0, len(known), 14)]
    samples(right, copies)
    for ax in (left, right):
        ellipse(ax, known, TRAIN, "-")
        ellipse(ax, others, UNSEEN, "--")
        frame(ax, x=(-0.6, 6.6), y=(-1.3, 1.3))
    ellipse(right, copies, INK, ":")
    legend(figure, left, right)
    return figure


def _flow(height):
    figure, (ax,) = panels("", height=height, bottom=0.02)
    ax.set(xlim=(0, 10), ylim=(0, 10 * height / 6))
    return figure, ax


def inpainting():
    figure, ax = _flow(2.0)
    box(ax, 0.9, 2.55, "code $z$", width=1.4)
    box(ax, 3.9, 2.55, "image $G(z)$", width=2.1)
    box(ax, 3.9, 0.75, "target $y$", width=2.1)
    box(ax, 7.2, 2.55, r"$\phi(G(z))$", width=1.7)
    box(ax, 7.2, 0.75, r"$\phi(y)$", width=1.7)
    arrow(ax, (1.65, 2.55), (2.8, 2.55))
    ax.text(2.2, 2.72, "$G$", ha="center")
    for y in (2.55, 0.75):
        arrow(ax, (5.0, y), (6.3, y))
        ax.text(5.6, y + 0.17, "hide", ha="center")
    arrow(ax, (7.2, 2.25), (7.2, 1.05))
    arrow(ax, (7.2, 1.05), (7.2, 2.25))
    ax.text(7.35, 1.65, "compare", va="center")
    arrow(ax, (7.1, 1.65), (0.9, 2.25), color=BLUE, bend=-0.18)
    ax.text(2.05, 1.1, "change $z$", ha="center", color=BLUE)
    return figure


def perceptual():
    titles = ("stripes", "moved by a pixel", "plain grey")
    figure, axes = panels(*titles, bottom=0.3)
    stripes = np.tile([0.0, 1.0], (8, 4))
    told = ("the target", "pixels: far\nfeatures: near", "pixels: nearer\nfeatures: far")
    for ax, tile, words in zip(
        axes, (stripes, 1 - stripes, np.full((8, 8), 0.5)), told, strict=True
    ):
        ax.imshow(tile, cmap="gray", vmin=0, vmax=1)
        ax.grid(visible=False)
        ax.spines[:].set(visible=True, color=INK)
        ax.set_xlabel(words)
    return figure


def _face(ax, x=0.0, y=0.0):
    ax.add_patch(Circle((x, y), 0.88, facecolor="#f2d6b8", edgecolor=INK))
    for side in (-0.33, 0.33):
        ax.add_patch(Circle((x + side, y + 0.25), 0.1, facecolor=INK))
    ax.plot([x - 0.3, x, x + 0.3], [y - 0.38, y - 0.5, y - 0.38], color="#a3320b", linewidth=2.2)
    ax.add_patch(Rectangle((x - 1, y - 1), 2, 2, facecolor="none", edgecolor=INK))


def local_overfitting():
    figure, axes = panels("whole: one code", "eyes: one code", "patches: a code each", bottom=0.04)
    for ax in axes:
        _face(ax)
        ax.set(xlim=(-1.6, 1.6), ylim=(-1.1, 1.1))
        ax.set_aspect("equal")
    axes[0].text(1.1, 0.8, "$z$")
    for low, tall in ((-1, 1.0), (0.5, 0.5)):
        axes[1].add_patch(Rectangle((-1, low), 2, tall, facecolor="#bbbbbb", edgecolor="none"))
    axes[1].text(1.1, 0.2, "$z$")
    axes[2].axhline(0, 0.19, 0.81, color=INK, linewidth=1.2)
    axes[2].plot([0, 0], [-1, 1], color=INK, linewidth=1.2)
    for number, (x, y) in enumerate(((-1.45, 0.5), (1.08, 0.5), (-1.45, -0.6), (1.08, -0.6)), 1):
        axes[2].text(x, y, f"$z_{number}$")
    return figure


def invertible():
    figure, (left, right) = panels("DCGAN: a thin part of all images", "Flow: all images")
    targets = np.array([[1.0, 0.85], [2.6, -0.65], [4.6, 0.6], [5.3, -0.1]])
    curve(left, WAVE)
    bars(left, targets, nearest(WAVE, targets), UNSEEN)
    for offset in np.linspace(-1.5, 1.5, 13):
        right.plot(X, 0.4 * np.sin(1.3 * X) + offset, color=LINE, linewidth=0.9)
    for x in np.linspace(0, 6, 17):
        y = np.linspace(-1.15, 1.15, 50)
        right.plot(x + 0.18 * np.sin(2 * y), y, color=LINE, linewidth=0.9)
    for ax in (left, right):
        unseen(ax, targets, label="any image")
        frame(ax)
    legend(figure, left)
    return figure

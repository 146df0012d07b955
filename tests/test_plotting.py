"""Figures by what they hold: labels, data, colours. Nothing is compared pixel by pixel."""

from itertools import combinations, pairwise

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from mempaper import plotting
from mempaper.errors import InputError
from mempaper.statistics import GapLaw, Interval


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    figure.canvas.draw()  # whatever cannot be drawn warns or fails here
    plt.close(figure)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def bars(patch, bins):
    """Edges and heights of a filled step histogram, whose outline goes up and down each bin."""
    outline = patch.get_xy()
    return outline[: 2 * bins + 2 : 2, 0], outline[1 : 2 * bins + 1 : 2, 1]


def refused(call, argument, *parts):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument
    for part in parts:
        assert part in str(caught.value)


# Histograms


def test_histogram_heights_are_shares(ax):
    """Of 1, 1, 1 and 9 three quarters lie below 5; of 9 and 9 none."""
    errors = {"train": np.array([1.0, 1.0, 1.0, 9.0]), "validation": np.array([9.0, 9.0])}
    assert plotting.error_histograms(errors, ax=ax, log=False, bins=2) is ax
    (edges, heights), (same_edges, others) = (bars(patch, 2) for patch in ax.patches)
    np.testing.assert_allclose(edges, [1, 5, 9])
    np.testing.assert_allclose(same_edges, edges)
    np.testing.assert_allclose(heights, [0.75, 0.25])
    np.testing.assert_allclose(others, [0, 1])
    assert ax.yaxis.get_major_formatter().format_pct(0.25, 1) == "25"


def test_histogram_on_a_log_axis_holds_every_error(ax):
    errors = {
        name: np.random.default_rng(i).lognormal(-3 + i, 2, 999 + i)
        for i, name in enumerate(["train", "validation", "generated", "distorted"])
    }
    plotting.error_histograms(errors, ax=ax, bins=20)
    assert ax.get_xscale() == "log"
    assert len(ax.patches) == 4
    pooled = np.concatenate(list(errors.values()))
    for patch, values in zip(ax.patches, errors.values(), strict=True):
        edges, heights = bars(patch, 20)
        assert edges[0] <= pooled.min()
        assert pooled.max() <= edges[-1]
        np.testing.assert_allclose(np.diff(np.log10(edges)), np.log10(edges[-1] / edges[0]) / 20)
        naive = [np.mean((values >= low) & (values < high)) for low, high in pairwise(edges)]
        np.testing.assert_allclose(heights[:-1], naive[:-1], atol=1e-12)
        assert heights.sum() == pytest.approx(1)


def test_histogram_says_what_it_shows(ax):
    errors = {"train": np.full(1234, 0.125), "validation": np.array([0.25, 0.5, 0.75, 1.5])}
    plotting.error_histograms(errors, ax=ax)
    assert ax.get_xlabel() == "recovery error (mean squared error per pixel)"
    assert ax.get_ylabel() == "share of images (%)"
    assert legend(ax) == [
        "train (n = 1,234, median 0.12)",
        "validation (n = 4, median 0.62)",
    ]


def test_a_line_marks_each_median(ax):
    errors = {"train": np.array([3.0, 1.0, 2.0]), "validation": np.array([4.0, 5.0])}
    plotting.error_histograms(errors, ax=ax)
    assert [list(line.get_xdata()) for line in ax.lines] == [[2, 2], [4.5, 4.5]]
    assert len({line.get_linestyle() for line in ax.lines}) == 2


def test_four_kinds_of_images_have_their_four_colors(ax):
    kinds = ["distorted", "generated", "validation", "train"]
    plotting.error_histograms({kind: np.array([1.0, 2.0]) for kind in kinds}, ax=ax)
    faces = [patch.get_facecolor()[:3] for patch in ax.patches]
    assert faces == [to_rgb(plotting.COLORS[kind]) for kind in kinds]
    assert len({line.get_linestyle() for line in ax.lines}) == 4


@pytest.mark.parametrize(
    "names",
    [
        ["a", "distorted"],
        ["train", "b", "c"],
        ["a", "b", "c", "train", "validation", "generated", "distorted"],
        ["a", "b", "c", "d", "e", "f", "g"],
    ],
)
def test_no_two_sets_share_a_color(ax, names):
    plotting.error_histograms({name: np.array([1.0, 2.0]) for name in names}, ax=ax)
    faces = {patch.get_facecolor()[:3] for patch in ax.patches}
    edges = {patch.get_edgecolor() for patch in ax.patches}
    assert len(faces) == len(edges) == len(names)


def test_palettes_hold_distinct_colors():
    assert len(set(map(to_rgb, plotting.CYCLE))) == 7
    assert len(set(map(to_rgb, plotting.COLORS.values()))) == 4
    assert set(plotting.COLORS) == {"train", "validation", "generated", "distorted"}


def test_histograms_refuse(ax):
    good = np.array([1.0, 2.0])
    refused(
        lambda: plotting.error_histograms({}, ax=ax),
        "errors",
        "errors must hold at least one set; got none. Pass name -> errors.",
    )
    refused(
        lambda: plotting.error_histograms({"a": good, "b": 0 * good}, ax=ax),
        "errors",
        "errors must be positive on a log axis; got 0.0. Pass log=False.",
    )
    refused(
        lambda: plotting.error_histograms({"a": good, "b": np.array([1.0, np.nan])}, ax=ax),
        "errors['b']",
        "must be finite; got nan at index 1",
    )
    assert len(plotting.error_histograms({"b": 0 * good}, ax=ax, log=False).patches) == 1


# Convergence


def test_convergence_shows_the_medians_and_quartiles(ax):
    """Of 1 to 5 the median is 3 and the quartiles are 2 and 4."""
    scale = np.array([1.0, 0.1, 0.01])
    errors = {"one": np.outer([5.0, 1.0, 3.0, 2.0, 4.0], scale), "two": np.ones((3, 2))}
    assert plotting.convergence_curves(errors, ax=ax) is ax
    one, two = ax.lines
    np.testing.assert_allclose(one.get_xydata(), np.column_stack([[1, 2, 3], 3 * scale]))
    np.testing.assert_allclose(two.get_xydata(), [[1, 1], [2, 1]])
    band = ax.collections[0].get_paths()[0].vertices
    for t in (1, 2, 3):
        at = band[band[:, 0] == t, 1]
        np.testing.assert_allclose([at.min(), at.max()], [2 * scale[t - 1], 4 * scale[t - 1]])
    assert len(ax.collections) == 2


def test_convergence_says_what_it_shows(ax):
    plotting.convergence_curves({"L-BFGS": np.ones((2, 3)), "SGD": np.ones((2, 5))}, ax=ax)
    assert ax.get_xlabel() == "generator passes for each image"
    assert ax.get_ylabel() == "recovery error\n(mean squared error per pixel)"
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert legend(ax) == ["L-BFGS", "SGD"]
    assert ax.get_legend().get_title().get_text() == "median and quartiles"


def test_passes_are_written_out(ax):
    plotting.convergence_curves({"SGD": np.ones((2, 300))}, ax=ax)
    ax.figure.canvas.draw()
    written = {label.get_text() for label in ax.get_xticklabels()}
    assert {"1", "10", "100"} <= written


def test_seven_methods_can_be_told_apart(ax):
    plotting.convergence_curves({str(i): np.ones((2, 3)) for i in range(7)}, ax=ax)
    assert len({line.get_color() for line in ax.lines}) == 7
    assert len({line.get_linestyle() for line in ax.lines}) == 4
    for line, band in zip(ax.lines, ax.collections, strict=True):
        assert to_rgb(line.get_color()) == tuple(band.get_facecolor()[0, :3])


def test_a_diverged_image_leaves_the_curve_to_the_others(ax):
    errors = np.array([[1.0, 0.5], [1.0, 0.4], [1.0, np.inf]])
    plotting.convergence_curves({"SGD": errors}, ax=ax)
    assert ax.lines[0].get_ydata().tolist() == [1, 0.5]
    assert np.isfinite(ax.get_ylim()).all()


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (0, 3), (3, 0)])
def test_convergence_refuses_what_is_no_table(ax, shape):
    refused(
        lambda: plotting.convergence_curves({"SGD": np.ones(shape)}, ax=ax),
        "errors['SGD']",
        f"must have shape (n, t), n and t at least 1; got {shape}. Give a row for each image.",
    )


# Gaps

GAPS = {
    "DCGAN": Interval(-0.02, 0.05, 0.01, 0.95),
    "at 10 %": Interval(0.05, 0.15, 0.10, 0.95),
    "GLO-128": Interval(0.8, 0.95, 0.9, 0.95),
}


def markers(ax, kind):
    return [line for line in ax.lines if line.get_marker() == kind and len(line.get_xdata())]


def test_gaps_are_drawn_with_their_intervals_the_first_on_top(ax):
    assert plotting.gap_intervals(GAPS, ax=ax) is ax
    points = markers(ax, "o")
    found = [(point.get_xdata()[0], point.get_ydata()[0]) for point in points]
    assert found == [(0.01, 0), (0.10, 1), (0.9, 2)]
    spans = [line.get_xydata().tolist() for line in ax.lines if line.get_linewidth() == 2.2]
    assert spans == [[[gap.low, i], [gap.high, i]] for i, gap in enumerate(GAPS.values())]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(GAPS)
    assert ax.get_yticks().tolist() == [0, 1, 2]
    assert ax.yaxis_inverted()
    low, high = sorted(ax.get_ylim())
    assert low < 0 < 2 < high


def test_only_a_detected_gap_has_a_filled_marker(ax):
    plotting.gap_intervals(GAPS, ax=ax)
    filled = [to_rgb(point.get_markerfacecolor()) != (1, 1, 1) for point in markers(ax, "o")]
    assert filled == [False, False, True]  # 10 % is not above 10 %


def test_threshold_and_zero_are_drawn(ax):
    plotting.gap_intervals(GAPS, ax=ax)
    vertical = {
        line.get_xdata()[0]: line.get_linestyle()
        for line in ax.lines
        if list(line.get_ydata()) == [0, 1] and line.get_xdata()[0] == line.get_xdata()[1]
    }
    assert vertical == {0: "-", 0.10: "--"}


def test_gaps_say_what_they_show(ax):
    plotting.gap_intervals(GAPS, ax=ax)
    assert ax.get_xlabel() == "MRE-gap (% of the validation images' median error)"
    assert ax.xaxis.get_major_formatter().format_pct(0.1, 1) == "10"
    assert legend(ax) == ["this book, 95 % interval", "threshold, 10 %"]
    assert markers(ax, "x") == []


def test_printed_gaps_stand_beside_those_that_the_paper_has(ax):
    plotting.gap_intervals(GAPS, ax=ax, printed={"GLO-128": 0.97, "PGGAN": 0.02})
    (cross,) = markers(ax, "x")
    assert cross.get_xdata()[0] == 0.97
    assert 2 < cross.get_ydata()[0] < 2.5
    assert cross.get_color() != markers(ax, "o")[0].get_markeredgecolor()
    assert legend(ax) == ["this book, 95 % interval", "paper", "threshold, 10 %"]


# Frechet distances

MODELS = {
    "DCGAN": {"train": (0.08, 12.0), "validation": (0.09, 12.5)},
    "GLO-128": {"train": (0.001, 30.0), "validation": (0.1, 31.0)},
}


def test_a_model_is_one_mark_in_two_colors_joined_by_a_line(ax):
    assert plotting.fid_against_mre(MODELS, ax=ax, encoder="PCA") is ax
    drawn = [dots for dots in ax.collections if len(dots.get_offsets())]
    expected = [
        (point, to_rgb(plotting.COLORS[kind]))
        for points in MODELS.values()
        for kind, point in points.items()
    ]
    found = [(tuple(d.get_offsets()[0]), tuple(d.get_facecolor()[0, :3])) for d in drawn]
    assert found == expected
    shapes = [dots.get_paths()[0].vertices.tolist() for dots in drawn]
    assert shapes[0] == shapes[1] != shapes[2] == shapes[3]
    lines = [line.get_xydata().tolist() for line in ax.lines if len(line.get_xdata())]
    assert lines == [[list(p) for p in points.values()] for points in MODELS.values()]


def test_distances_say_what_they_are_of(ax):
    plotting.fid_against_mre(MODELS, ax=ax, encoder="SqueezeNet 1.1")
    assert ax.get_xscale() == "log"
    assert ax.get_yscale() == "linear"
    assert ax.get_xlabel() == "median recovery error (mean squared error per pixel)"
    assert "squared units of SqueezeNet 1.1 features" in ax.get_ylabel()
    assert legend(ax) == ["DCGAN", "GLO-128", "train images", "validation images"]


def test_distances_refuse_an_error_of_zero(ax):
    broken = {"flow": {"train": (0.0, 1.0), "validation": (0.1, 1.0)}}
    refused(
        lambda: plotting.fid_against_mre(broken, ax=ax, encoder="PCA"),
        "models['flow']",
        "must have positive errors on a log axis",
    )


# The law of the gap


def test_gaps_stand_over_their_counts_with_intervals_and_fit(ax):
    """0.5 - 0.1 log2(N / 2), and gaps a little off it."""
    gaps = {8: Interval(0.25, 0.4, 0.3, 0.95), 2: Interval(0.4, 0.55, 0.5, 0.95)}
    laws = {"GLO": GapLaw(0.6, Interval(-0.2, 0.0, -0.1, 0.95), gaps)}
    assert plotting.gap_against_count(laws, ax=ax) is ax
    (container,) = ax.containers
    points, _, (bars,) = container.lines
    np.testing.assert_allclose(points.get_xydata(), [[2, 0.5], [8, 0.3]])
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    np.testing.assert_allclose(ends, [[0.4, 0.55], [0.25, 0.4]])
    fitted = ax.lines[1].get_xydata()
    np.testing.assert_allclose(fitted, [[2, 0.5], [8, 0.3]])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "8"]
    assert legend(ax) == ["threshold, 10 %", "GLO"]
    assert ax.get_xscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("training images N", "MRE-gap (%)")


# Images


def shown(ax):
    (image,) = ax.get_images()
    return np.asarray(image.get_array())


def test_an_image_grid_has_a_labelled_row_for_each_entry(ax):
    """Two rows of three 2 x 4 images, one white pixel between any two: 5 x 14 pixels."""
    black, grey = np.full((3, 1, 2, 4), -1.0), torch.zeros(3, 1, 2, 4, requires_grad=True)
    assert plotting.image_grid({"target": black, "recovered": grey}, ax=ax) is ax
    canvas = shown(ax)
    expected = np.ones((5, 14, 3))
    for left in (0, 5, 10):
        expected[0:2, left : left + 4] = 0
        expected[3:5, left : left + 4] = 0.5
    np.testing.assert_array_equal(canvas, expected)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["target", "recovered"]
    assert ax.get_yticks().tolist() == [0.5 + 0.5, 3.5 + 0.5]
    assert len(ax.get_xticks()) == 0


def test_a_frame_has_its_color(ax):
    images = {"row": np.zeros((2, 1, 2, 2))}
    plotting.image_grid(images, ax=ax)
    assert not any(spine.get_visible() for spine in ax.spines.values())
    plotting.image_grid(images, ax=ax, frame=plotting.COLORS["validation"])
    colors = {to_rgb(s.get_edgecolor()) for s in ax.spines.values() if s.get_visible()}
    assert colors == {to_rgb(plotting.COLORS["validation"])}


def test_channels_and_directions_are_kept(ax):
    images = np.random.default_rng(0).uniform(-1, 1, (2, 3, 4, 5))
    plotting.image_grid({"row": images}, ax=ax)
    canvas = shown(ax)
    for i, left in enumerate((0, 6)):
        for channel in range(3):
            expected = (images[i, channel] + 1) / 2
            np.testing.assert_allclose(canvas[:, left : left + 5, channel], expected)
    assert ax.yaxis_inverted()  # row 0 on top


def test_a_sample_grid_fills_rows_and_leaves_the_rest_white(ax):
    values = np.array([-1.0, -0.5, 0.0, 0.5, 0.75])
    images = np.broadcast_to(values[:, None, None, None], (5, 1, 2, 2))
    assert plotting.sample_grid(images, ax=ax, columns=3) is ax
    canvas = shown(ax)
    assert canvas.shape == (5, 8, 3)
    assert canvas[0::3, 0::3, 0].tolist() == [[0, 0.25, 0.5], [0.75, 0.875, 1]]
    assert (canvas[2] == 1).all()
    assert (canvas[:, [2, 5]] == 1).all()


def test_a_sample_grid_is_no_wider_than_its_images(ax):
    plotting.sample_grid(np.zeros((2, 1, 3, 3)), ax=ax)
    assert shown(ax).shape == (3, 7, 3)


@pytest.mark.parametrize(
    ("images", "rule", "value"),
    [
        (np.zeros((1, 3, 3)), "have shape (n, 1 or 3, h, w), n >= 1", "(1, 3, 3)"),
        (np.zeros((1, 2, 3, 3)), "have shape (n, 1 or 3, h, w), n >= 1", "(1, 2, 3, 3)"),
        (np.zeros((0, 1, 3, 3)), "have shape (n, 1 or 3, h, w), n >= 1", "(0, 1, 3, 3)"),
        (np.array([[[[0.0, 255.0]]]]), "lie in [-1, 1]", "[0.0, 255.0]"),
        (np.array([[[[-1.01, 0.5]]]]), "lie in [-1, 1]", "[-1.01, 0.5]"),
        (np.array([[[[np.nan, 0.5]]]]), "lie in [-1, 1]", "[nan, nan]"),
    ],
)
def test_what_is_no_image_is_refused(ax, images, rule, value):
    expected = f"must {rule}; got {value}."
    refused(lambda: plotting.sample_grid(images, ax=ax), "images", expected)
    refused(lambda: plotting.image_grid({"a": images}, ax=ax), "rows['a']", expected)


def test_grids_refuse_uneven_rows_and_no_columns(ax):
    one, two = np.zeros((1, 1, 2, 2)), np.zeros((2, 1, 2, 2))
    for rows in ({"a": one, "b": two}, {}):
        refused(
            lambda: plotting.image_grid(rows, ax=ax),  # noqa: B023
            "rows",
            "rows must share one shape; got [",
            "Select equally many images.",
        )
    refused(
        lambda: plotting.sample_grid(one, ax=ax, columns=0),
        "columns",
        "columns must be at least 1; got 0. 8 is usual.",
    )


# Style


def test_the_style_of_the_book():
    with matplotlib.rc_context():
        plotting.style()
        figure, ax = plt.subplots()
        try:
            assert (figure.get_size_inches() * figure.dpi).tolist() == [700, 400]
            assert to_rgb(figure.get_facecolor()) == (1, 1, 1)
            lines = [ax.plot([0, 1])[0] for _ in plotting.CYCLE]
            colors = [to_rgb(line.get_color()) for line in lines]
            assert colors == [to_rgb(color) for color in plotting.CYCLE]
        finally:
            plt.close(figure)


# Errors against a strength


def test_error_against_strength_has_a_line_and_a_band_for_each_model(ax):
    curves = {
        "a": {2.0: Interval(2.0, 5.0, 3.0, 0.95), 0.0: Interval(0.5, 1.5, 1.0, 0.95)},
        "b": {0.0: Interval(3.0, 5.0, 4.0, 0.95)},
    }
    assert plotting.error_against_strength(curves, ax=ax, strength="noise (grey levels)") is ax
    a, b = ax.get_lines()
    assert a.get_xydata().tolist() == [[0, 1], [2, 3]]
    assert b.get_xydata().tolist() == [[0, 4]]
    assert a.get_color() != b.get_color()
    band = ax.collections[0].get_paths()[0].vertices
    assert {tuple(point) for point in band.tolist()} == {(0, 0.5), (0, 1.5), (2, 2), (2, 5)}
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "noise (grey levels)"
    ax.legend()
    assert legend(ax) == ["a", "b"]


def test_error_against_strength_needs_positive_errors(ax):
    curves = {"a": {0.0: Interval(0.0, 1.0, 0.0, 0.95)}}
    refused(
        lambda: plotting.error_against_strength(curves, ax=ax, strength="s"),
        "curves['a']",
        "positive",
    )


# What generators copy


def test_distances_have_shares_medians_and_marks(ax):
    distances = {"generated": np.array([0.0, 0.1, 0.1, 0.4]), "CIFAR10.1": np.array([0.3, 0.4])}
    found = plotting.distance_distributions(
        distances, ax=ax, metric="1 - cos of pixels", marks={"d-bar": 0.25}, bins=2
    )
    assert found is ax
    (edges, heights), (_, others) = (bars(patch, 2) for patch in ax.patches)
    np.testing.assert_allclose(edges, [0, 0.2, 0.4])
    np.testing.assert_allclose(heights, [0.75, 0.25])
    np.testing.assert_allclose(others, [0, 1])
    assert to_rgb(ax.patches[0].get_facecolor()[:3]) == to_rgb(plotting.COLORS["generated"])
    assert [line.get_xdata()[0] for line in ax.lines] == pytest.approx([0.1, 0.35, 0.25])
    assert ax.get_xlabel() == "distance to the nearest training image\n(1 - cos of pixels)"
    assert set(legend(ax)) == {
        "generated (n = 4, median 0.1)",
        "CIFAR10.1 (n = 2, median 0.35)",
        "d-bar = 0.25",
    }
    refused(lambda: plotting.distance_distributions({}, ax=ax, metric=""), "distances", "one set")


def test_a_percentile_grid_pairs_sorted_samples_with_their_neighbours(ax):
    """Ten samples, whose grey level is their distance; of each the neighbour is its negative."""
    distances = np.array([9, 0, 8, 1, 7, 2, 6, 3, 5, 4]) / 10
    images = np.broadcast_to(distances[:, None, None, None], (10, 1, 2, 2))
    found = plotting.percentile_grid(
        images, -images, distances, ax=ax, percentiles=[10, 50, 100], columns=2
    )
    assert found is ax
    canvas = shown(ax)[::3, ::3, 0] * 2 - 1  # one pixel of each tile
    expected = [[0, 0.1], [0, -0.1], [0.3, 0.4], [-0.3, -0.4], [0.8, 0.9], [-0.8, -0.9]]
    np.testing.assert_allclose(canvas, expected, atol=1e-12)
    assert [label.get_text() for label in ax.get_yticklabels()][2:4] == [
        "50 %, d = 0.4",
        "nearest to 50 %",
    ]
    for wrong, argument in (
        ({"columns": 11}, "images"),
        ({"columns": 0}, "images"),
        ({"percentiles": [101]}, "percentiles"),
    ):
        refused(
            lambda: plotting.percentile_grid(images, images, distances, ax=ax, **wrong),  # noqa: B023
            argument,
        )


def between(low, high, estimate):
    return Interval(float(low), float(high), float(estimate), 0.95)


def error_bars(container):
    """Points of an error bar, and the ends of its bars by axis."""
    points, _, spans = container.lines
    return points.get_xydata().tolist(), [span.get_segments() for span in spans]


def test_bands_stand_at_their_middles(ax):
    curves = {
        "generated": [(0, 4, between(1, 3, 2)), (4, 100, between(5, 8, 6))],
        "hold-out": [(0, 100, between(4, 6, 5))],
    }
    assert plotting.distance_bands(curves, ax=ax, to="training", metric="1 - cos") is ax
    points, (up,) = error_bars(ax.containers[0])
    assert points == [[2, 2], [52, 6]]
    np.testing.assert_allclose(up, [[[2, 1], [2, 3]], [[52, 5], [52, 8]]])
    assert legend(ax) == ["generated", "hold-out"]
    assert "nearest training image\n(1 - cos)" in ax.get_ylabel()
    assert ax.get_ylim()[0] == 0


def test_fid_stands_over_copying_with_both_intervals(ax):
    copying = {0.0: between(-4, -2, -3), 0.2: between(-2, 1, -1)}
    distance = {0.0: between(5, 7, 6), 0.2: between(6, 9, 8)}
    models = {"BigGAN": {tau: (copying[tau], distance[tau]) for tau in (0.2, 0.0)}, "SAGAN": {}}
    models["SAGAN"] = {0.0: (copying[0.2], distance[0.2])}
    assert plotting.fid_against_copying(models, ax=ax, reference="test images", encoder="PCA") is ax
    first, second = ax.containers
    points, (across, up) = error_bars(first)
    assert points == [[-3, 6], [-1, 8]]
    np.testing.assert_allclose(across, [[[-4, 6], [-2, 6]], [[-2, 8], [1, 8]]])
    np.testing.assert_allclose(up, [[[-3, 5], [-3, 7]], [[-1, 6], [-1, 9]]])
    assert error_bars(second)[0] == [[-1, 8]]
    assert [(text.get_text(), text.xy) for text in ax.texts] == [
        ("τ = 0", (-3, 6)),
        ("τ = 0.2", (-1, 8)),
        ("τ = 0", (-1, 8)),
    ]
    assert legend(ax) == ["BigGAN", "SAGAN"]
    assert "test images" in ax.get_xlabel()
    assert "to test images\n(squared units of PCA features)" in ax.get_ylabel()


def test_labels_of_points_close_by_hide_no_other(ax):
    near = {tau: (between(-4, -2, -3 + tau), between(5, 7, 6 + tau)) for tau in (0.0, 0.02, 0.04)}
    models = {"BigGAN": near | {1.0: (between(0, 4, 2), between(8, 12, 10))}}
    plotting.fid_against_copying(models, ax=ax, reference="test images", encoder="PCA")
    renderer = ax.figure.canvas.get_renderer()
    boxes = [Text.get_window_extent(label, renderer) for label in ax.texts]
    assert len(boxes) == 4
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_copying_against_threshold_has_a_look_for_each_of_ten_classes(ax):
    curves = {str(i): {0.2: between(i, i + 3, i + 1), 0.0: between(-1, 1, 0)} for i in range(10)}
    assert plotting.copying_against_threshold(curves, ax=ax, metric="1 - cos of pixels") is ax
    points, (up,) = error_bars(ax.containers[3])
    assert points == [[0, 0], [0.2, 4]]
    np.testing.assert_allclose(up, [[[0, -1], [0, 1]], [[0.2, 3], [0.2, 6]]])
    lines = [container.lines[0] for container in ax.containers]
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 10
    assert legend(ax) == list(curves)
    assert ax.get_xlabel() == "rejection threshold τ\n(1 - cos of pixels)"


def test_near_and_far_points_stand_over_the_same_training_images():
    train, generated = np.array([[0.0, 0], [1, 1]]), np.array([[2.0, 0], [3, 1], [9, 9]])
    figure, axes = plt.subplots(1, 2)
    try:
        found = plotting.scatter_by_distance(
            train, generated, np.array([0.1, 0.5, 0.2]), axes=tuple(axes), threshold=0.2
        )
        assert found == tuple(axes)
        drawn = [[dots.get_offsets().tolist() for dots in ax.collections] for ax in axes]
        assert drawn == [[train.tolist(), [[2, 0], [9, 9]]], [train.tolist(), [[3, 1]]]]
        assert [ax.get_title() for ax in axes] == ["d ≤ 0.2", "d > 0.2"]
        assert axes[0].get_xlim() == axes[1].get_xlim()
        assert axes[0].get_xlim()[1] > 9  # though the far side has no such point
        for ax in axes:
            faces = [tuple(dots.get_facecolor()[0, :3]) for dots in ax.collections]
            assert faces == [to_rgb(plotting.COLORS[name]) for name in ("train", "generated")]
        assert legend(axes[1]) == ["train (n = 2)", "generated (n = 1)"]
        refused(
            lambda: plotting.scatter_by_distance(
                train, generated, np.zeros(2), axes=tuple(axes), threshold=0.2
            ),
            "distances",
            "(3,)",
        )
        refused(
            lambda: plotting.embedding_scatter({"a": np.zeros((3, 3))}, ax=axes[0]),
            "points['a']",
            "(3, 3)",
        )
        figure.canvas.draw()
    finally:
        plt.close(figure)


def test_cumulative_shares_begin_with_zeros_and_lack_infinities():
    fig, ax = plt.subplots()
    scores = {"train": np.array([0.0, 0.0, 1.0, 2.0]), "validation": np.array([1.0, 4.0, np.inf])}
    plotting.cumulative(scores, ax=ax, xlabel="distance")
    train, holdout = (line.get_xydata() for line in ax.lines)
    left = ax.get_xlim()[0]
    assert train[train[:, 0] <= left, 1].max() == 0.5
    assert holdout[np.isfinite(holdout[:, 0]), 1].max() == pytest.approx(2 / 3)
    fig.canvas.draw()
    plt.close(fig)

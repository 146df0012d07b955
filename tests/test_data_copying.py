"""C_T against cases worked by hand, naive versions, SciPy and the published sweep."""

import warnings

import numpy as np
import pytest
import scipy.stats
import torch
from sklearn.datasets import make_moons

from mempaper.errors import InputError
from mempaper.statistics import (
    FEW_TEST_IMAGES,
    FewTestImagesWarning,
    bai2022_cells,
    class_wise_copying_test,
    data_copying_test,
    kmeans_cells,
    z_u,
)

QUICK = {"permutations": 1, "resamples": 2}


def draws(*key):
    return np.random.default_rng(key)


def refused(call, argument, *parts):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument
    for part in parts:
        assert part in str(caught.value)


def kde(train, count, sigma, rng):
    """Images of a Gaussian kernel density estimate: training images and noise."""
    return train[rng.integers(0, len(train), count)] + sigma * rng.standard_normal((count, 2))


def scene(*key, train=300, test=200, generated=200, dim=3):
    rng = draws(*key)
    return [rng.standard_normal((n, dim)) for n in (train, test, generated)]


def one_cell(*features):
    return tuple(np.zeros(len(x), dtype=int) for x in features)


# Z_U


def test_z_by_hand():
    """Generated 1 and 3, test 2 and 4: only (3, 2) has the generated farther, so U = 1, and
    Z_U = (1 - (2 - 1/2)) / sqrt(2 * 2 * 5 / 12)."""
    assert z_u([2.0, 4.0], [1.0, 3.0]) == pytest.approx(-0.5 / np.sqrt(5 / 3))


def test_copying_is_negative_and_the_half_is_added_on_either_side():
    """U = 0 and U = 4 lie 2 below and above the mean, and 1/2 is added to both."""
    near, far = [0.1, 0.2], [5.0, 6.0]
    assert z_u(test_distances=far, generated_distances=near) == pytest.approx(-1.5 / np.sqrt(5 / 3))
    assert z_u(test_distances=near, generated_distances=far) == pytest.approx(2.5 / np.sqrt(5 / 3))


@pytest.mark.parametrize("decimals", [8, 1, 0])  # the last two with many ties
def test_z_is_the_naive_double_loops(decimals):
    rng = draws(1)
    test, generated = rng.exponential(2, 23).round(decimals), rng.exponential(1, 31).round(decimals)
    u = sum(
        1.0 if g > t else 0.5 if g == t else 0.0 for g in generated.tolist() for t in test.tolist()
    )
    n, m = 23, 31
    expected = (u - (n * m / 2 - 0.5)) / np.sqrt(n * m * (n + m + 1) / 12)
    assert z_u(test, generated) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("decimals", [8, 0])
def test_the_corrected_z_gives_scipys_p_value(decimals):
    """SciPy's continuity correction for "less" is the published 1/2; it corrects for ties."""
    rng = draws(2)
    for scale in (0.5, 1.0, 2.0):
        test = rng.exponential(2, 40).round(decimals)
        generated = rng.exponential(2 * scale, 60).round(decimals)
        scipys = scipy.stats.mannwhitneyu(
            generated, test, alternative="less", method="asymptotic", use_continuity=True
        )
        z = z_u(test, generated, tie_correction=True)
        assert scipy.stats.norm.cdf(z) == pytest.approx(scipys.pvalue, rel=1e-9)
        assert (abs(z) > abs(z_u(test, generated))) == (decimals == 0)


def test_equal_distances_say_nothing():
    assert z_u([1.0, 1.0], [1.0, 1.0, 1.0], tie_correction=True) == 0
    assert z_u([1.0, 1.0], [1.0, 1.0, 1.0]) == pytest.approx(0.5 / np.sqrt(3))  # as published


# C_T over cells


def cells_by_hand():
    """Two cells on a line, their training images at 0 and at 100; one without test images.

    Cell 7 is the case of `test_z_by_hand`, with one test image more at 2.5 (U = 2 of 6). In cell 3
    all generated images are nearer than all test images. In cell 9 one generated image is.
    """
    train = [[0.0], [100.0], [500.0]]
    test = [[2.0], [-4.0], [2.5], [105.0], [94.0]]
    generated = [[-1.0], [3.0], [100.1], [99.8], [100.0], [501.0]]
    labels = ([7, 3, 9], [7, 7, 7, 3, 3], [7, 7, 3, 3, 3, 9])
    return train, test, generated, tuple(map(np.array, labels))


def test_c_t_by_hand():
    train, test, generated, labels = cells_by_hand()
    with pytest.warns(FewTestImagesWarning):
        found = data_copying_test(
            train, test, generated, cells=labels, min_generated=1, permutations=50, resamples=50
        )
    z_7, z_3 = (2 - 2.5) / np.sqrt(6 * 6 / 12), (0 - 2.5) / np.sqrt(6 * 6 / 12)
    assert found.statistic == pytest.approx(3 / 5 * z_7 + 2 / 5 * z_3)
    third, seventh, ninth = found.cells
    assert (third.label, third.train, third.test, third.generated) == (3, 1, 2, 3)
    assert (third.z, third.weight) == pytest.approx((z_3, 0.4))
    assert (seventh.label, seventh.test, seventh.generated) == (7, 3, 2)
    assert (seventh.z, seventh.weight) == pytest.approx((z_7, 0.6))
    assert (ninth.label, ninth.test, ninth.generated, ninth.weight) == (9, 0, 1, 0)
    assert np.isnan(ninth.z)
    assert found.null_std == pytest.approx(np.sqrt(0.6**2 + 0.4**2))


def test_a_cell_counts_with_more_than_min_generated_and_weights_are_renormalised():
    train, test, generated, labels = cells_by_hand()
    options = {"cells": labels, **QUICK}
    with pytest.warns(FewTestImagesWarning, match="1 of 1 cells hold 20 test images or fewer"):
        found = data_copying_test(train, test, generated, min_generated=2, **options)
    assert [cell.weight for cell in found.cells] == [1, 0, 0]
    assert found.statistic == found.cells[0].z == pytest.approx(-2.5 / np.sqrt(3))
    assert found.cells[1].z == pytest.approx(-0.5 / np.sqrt(3))  # said, though it does not count
    refused(
        lambda: data_copying_test(train, test, generated, min_generated=3, **options),
        "generated",
        "more than min_generated = 3",
        "at most 3",
    )


def test_more_than_twenty_generated_images_by_default():
    train, test, generated = scene(3, generated=42, dim=1)
    halves = tuple(np.arange(len(x)) % 2 for x in (train, test, generated))
    found = data_copying_test(train, test, generated, cells=halves, **QUICK)
    assert [cell.generated for cell in found.cells] == [21, 21]
    assert [cell.weight for cell in found.cells] == [0.5, 0.5]
    fewer = (halves[0], halves[1], np.array([0] * 20 + [1] * 22))
    found = data_copying_test(train, test, generated, cells=fewer, **QUICK)
    assert [cell.weight for cell in found.cells] == [0, 1]


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "abs_cosine"])
def test_c_t_is_the_naive_loops(metric):
    train, test, generated = scene(4)
    rng = draws(5)
    labels = tuple(rng.integers(0, 4, len(x)) for x in (train, test, generated))

    def cosine(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    distance = {
        "euclidean": lambda a, b: np.sqrt(sum((a - b) ** 2)),
        "cosine": lambda a, b: 1 - cosine(a, b),
        "abs_cosine": lambda a, b: 1 - abs(cosine(a, b)),
    }[metric]
    expected = 0.0
    for cell in range(4):
        bank = train[labels[0] == cell]
        nearest = [
            np.array([min(distance(x, t) for t in bank) for x in images[where == cell]])
            for images, where in ((test, labels[1]), (generated, labels[2]))
        ]
        expected += len(nearest[0]) / len(test) * z_u(*nearest)
    found = data_copying_test(train, test, generated, cells=labels, metric=metric, **QUICK)
    assert found.statistic == pytest.approx(expected, rel=1e-9)


def test_the_neighbour_is_sought_in_the_cell_only():
    """Generated images copy the training images of the other cell: no copying within the cell."""
    train = np.concatenate([np.zeros((2, 1)), np.ones((2, 1))])
    rng = draws(6)
    test = rng.uniform(0.2, 0.3, (30, 1))
    generated = rng.uniform(0.98, 1.0, (30, 1))
    labels = (np.array([0, 0, 1, 1]), np.zeros(30, dtype=int), np.zeros(30, dtype=int))
    assert data_copying_test(train, test, generated, cells=labels, **QUICK).statistic > 6
    whole = one_cell(train, test, generated)
    assert data_copying_test(train, test, generated, cells=whole, **QUICK).statistic < -6


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "abs_cosine"])
def test_duplicates_are_at_distance_zero(metric):
    """Test and generated images repeat training images, far from 0: all pairs are ties."""
    train = 1e3 + draws(7).standard_normal((50, 40))
    test, generated = train[:25], train[25:] * (-1 if metric == "abs_cosine" else 1)
    cells = one_cell(train, test, generated)
    found = data_copying_test(train, test, generated, cells=cells, metric=metric, **QUICK)
    assert found.statistic == pytest.approx(0.5 / np.sqrt(25 * 25 * 51 / 12))
    assert found.null_std == 0
    assert found.p_value == 1


def test_torch_and_numpy_agree():
    arrays = scene(8)
    tensors = [torch.tensor(x, requires_grad=True) for x in arrays]
    found = data_copying_test(*tensors, cells=3)
    assert found == data_copying_test(*arrays, cells=3)
    labels = [torch.zeros(len(x), dtype=torch.int32) for x in arrays]
    ready = data_copying_test(*tensors, cells=labels)
    assert ready == data_copying_test(*arrays, cells=one_cell(*arrays))


# Cells by k-means


def blobs(rng, count, corners, dim=2):
    which = rng.integers(0, len(corners), count)
    return np.asarray(corners)[which] + 0.1 * rng.standard_normal((count, dim)), which


def test_k_means_finds_separate_heaps():
    corners = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    train, truth = blobs(draws(9), 300, corners)
    test, test_truth = blobs(draws(10), 90, corners)
    cells = kmeans_cells(train, 3)
    heap = {cell: truth[cells(train) == cell] for cell in range(3)}
    assert all(len(set(members)) == 1 for members in heap.values())
    assert [heap[cell][0] for cell in cells(test)] == test_truth.tolist()


def test_a_number_of_cells_is_k_means_fitted_to_train():
    train, test, generated = scene(11)
    assign = kmeans_cells(train, 4, seed=5)
    ready = tuple(assign(x) for x in (train, test, generated))
    found = data_copying_test(train, test, generated, cells=4, seed=5)
    assert found == data_copying_test(train, test, generated, cells=ready, seed=5)
    assert found == data_copying_test(train, test, generated, cells=4, seed=5)
    assert found != data_copying_test(train, test, generated, cells=4, seed=6)


def test_principal_components_change_the_cells_and_not_the_distances():
    """Heaps differ along the first axis only; noise along the others outweighs them for k-means,
    until one component is kept, which is that axis where its variance is the largest."""
    rng = draws(12)
    train, test, generated = (
        np.concatenate([rng.choice([-3.0, 3.0], (n, 1)), rng.uniform(-2, 2, (n, 60))], axis=1)
        for n in (200, 100, 100)
    )
    cells = kmeans_cells(train, 2, dimensions=1)(train)
    assert len(set(zip(cells.tolist(), (train[:, 0] > 0).tolist(), strict=True))) == 2
    sides = tuple((x[:, 0] > 0).astype(int) for x in (train, test, generated))
    raw = data_copying_test(train, test, generated, cells=sides, **QUICK)
    projected = data_copying_test(train, test, generated, cells=2, dimensions=1, **QUICK)
    assert projected.statistic == pytest.approx(raw.statistic, rel=1e-12)


def test_as_many_components_as_features_change_nothing():
    arrays = scene(13)
    plain = data_copying_test(*arrays, cells=4, **QUICK)
    assert plain == data_copying_test(*arrays, cells=4, dimensions=3, **QUICK)
    assert plain == data_copying_test(*arrays, cells=4, dimensions=64, **QUICK)


# The p-value and the interval


def test_the_p_value_is_that_of_all_exchanges():
    """Three test and three generated images have 20 exchanges; one gives U <= 0, two U <= 1."""
    train, cells = np.zeros((2, 1)), tuple(np.zeros(n, dtype=int) for n in (2, 3, 3))
    for test, expected in (([4, 5, 6], 1 / 20), ([3, 5, 6], 2 / 20), ([1, 2, 3], 1.0)):
        generated = [x for x in range(1, 7) if x not in test]
        with pytest.warns(FewTestImagesWarning):
            found = data_copying_test(
                train,
                np.array(test, dtype=float)[:, None],
                np.array(generated, dtype=float)[:, None],
                cells=cells,
                min_generated=0,
                permutations=20_000,
                resamples=2,
            )
        assert found.p_value == pytest.approx(expected, abs=5 * np.sqrt(expected / 20_000))


def test_the_p_value_counts_itself():
    train = np.zeros((2, 1))
    test, generated = 10 + draws(14).random((30, 1)), draws(15).random((30, 1))
    options = {"cells": one_cell(train, test, generated), "resamples": 2}
    assert data_copying_test(train, test, generated, permutations=99, **options).p_value == 0.01
    assert data_copying_test(train, generated, test, permutations=99, **options).p_value == 1


@pytest.mark.parametrize("tie_correction", [False, True])
@pytest.mark.parametrize("decimals", [8, 0])
def test_the_null_spread_is_that_of_naive_exchanges(tie_correction, decimals):
    rng = draws(16, decimals)
    distances = [
        (3 * rng.random(n).round(decimals), 3 * rng.random(m).round(decimals))
        for n, m in ((30, 60), (50, 25))
    ]
    train = np.zeros((2, 1))
    test, generated = (np.concatenate(both)[:, None] for both in zip(*distances, strict=True))
    labels = (np.arange(2), np.repeat([0, 1], [30, 50]), np.repeat([0, 1], [60, 25]))
    found = data_copying_test(
        train, test, generated, cells=labels, tie_correction=tie_correction, **QUICK
    )
    naive = []
    for _ in range(1000):
        score = 0.0
        for test_distances, generated_distances in distances:
            mixed = rng.permutation(np.concatenate([test_distances, generated_distances]))
            n = len(test_distances)
            score += n / 80 * z_u(mixed[:n], mixed[n:], tie_correction=tie_correction)
        naive.append(score)
    assert found.null_std == pytest.approx(np.std(naive), rel=4 / np.sqrt(2 * 1000))


def test_the_bootstrap_is_the_naive_one():
    """Whole samples are resampled; which cells count is decided anew."""
    train = np.zeros((2, 1))
    rng = draws(17)
    test, generated = rng.random((60, 1)), 0.8 * rng.random((50, 1))
    labels = (np.arange(2), np.repeat([0, 1], [35, 25]), np.repeat([0, 1], [29, 21]))
    found = data_copying_test(train, test, generated, cells=labels, resamples=4000, permutations=1)
    naive = []
    for _ in range(2000):
        i, j = rng.integers(0, 60, 60), rng.integers(0, 50, 50)
        counting = [
            (test[i][labels[1][i] == cell, 0], generated[j][labels[2][j] == cell, 0])
            for cell in (0, 1)
            if np.sum(labels[2][j] == cell) > 20
        ]
        total = sum(len(cell[0]) for cell in counting)
        naive.append(sum(len(cell[0]) / total * z_u(*cell) for cell in counting))
    low, high = np.quantile(naive, [0.025, 0.975])
    assert found.interval.estimate == found.statistic
    assert found.interval.low == pytest.approx(low, abs=0.08 * (high - low))
    assert found.interval.high == pytest.approx(high, abs=0.08 * (high - low))


@pytest.mark.parametrize("sigma", [0.01, 0.1])  # copying, and nearly none
def test_the_interval_covers_the_mean_of_new_samples(sigma):
    train, _ = make_moons(300, noise=0.2, random_state=0)
    assign = kmeans_cells(train, 3)
    found = []
    for seed in range(200):
        test, _ = make_moons(150, noise=0.2, random_state=1 + seed)
        generated = kde(train, 150, sigma, draws(18, seed))
        cells = tuple(assign(x) for x in (train, test, generated))
        found.append(
            data_copying_test(
                train, test, generated, cells=cells, permutations=1, resamples=200, seed=seed
            )
        )
    mean = float(np.mean([result.statistic for result in found]))
    covered = sum(mean in result.interval for result in found)
    assert scipy.stats.binomtest(covered, 200, 0.95).pvalue > 0.001


def calibration(k, draws_made=1000):
    """P-values where test and generated images are both new draws of what train was drawn from.

    Cells hold 30 of both on average; those with 20 or fewer, a third of 50 cells, do not count.
    """
    rng = draws(19, k)
    train = rng.standard_normal((20 * k, 2))
    assign = kmeans_cells(train, k)
    train_cells = assign(train)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewTestImagesWarning)
        for seed in range(draws_made):
            test, generated = rng.standard_normal((2, 30 * k, 2))
            cells = (train_cells, assign(test), assign(generated))
            found.append(
                data_copying_test(
                    train, test, generated, cells=cells, permutations=39, resamples=2, seed=seed
                )
            )
    return found


@pytest.mark.parametrize("k", [3, 10, pytest.param(50, marks=pytest.mark.slow)])
def test_five_per_cent_of_null_draws_are_alarms(k):
    """P-values take 40 values, so that p <= 0.05 has probability 0.05 exactly, and p <= 0.5 0.5;
    the spread of C_T is near 1 / sqrt(k), above it for cells of unlike size, and fewer."""
    found = calibration(k)
    p_values = np.array([result.p_value for result in found])
    for level in (0.05, 0.5):
        alarms = int(np.sum(p_values <= level))
        assert scipy.stats.binomtest(alarms, 1000, level).pvalue > 0.01
    scores = [result.statistic for result in found]
    stated = np.sqrt(np.mean([result.null_std**2 for result in found]))
    assert np.std(scores) == pytest.approx(stated, rel=0.1)
    assert 1 / np.sqrt(k) <= stated < 1.35 / np.sqrt(k)


# The published sweep


@pytest.mark.parametrize(
    ("sigma", "published", "std"),
    [(0.001, -17.38, 0.07), (0.01, -11.5, 0.45), (0.09, 0.15, 0.19), (10, 16.3, 0.45)],
)
def test_the_moons_of_the_paper(sigma, published, std):
    """Meehan et al. (2020), Sec. 5.1, run with their code: the mean over 5 seeds.

    Noise 0.2, as in their script. The standard deviation over seeds is theirs where it is known,
    else that of the null, 1 / sqrt(5). Two means of 5 seeds differ by sqrt(2 / 5) of it.
    """
    found = []
    for seed in range(5):
        train, _ = make_moons(2000, noise=0.2, random_state=seed)
        test, _ = make_moons(1000, noise=0.2, random_state=100 + seed)
        generated = kde(train, 1000, sigma, draws(20, seed))
        found.append(data_copying_test(train, test, generated, cells=5, seed=seed, **QUICK))
    statistics = [result.statistic for result in found]
    assert np.mean(statistics) == pytest.approx(published, abs=3 * std * np.sqrt(2 / 5))
    assert all(len(result.cells) == 5 for result in found)


def test_a_resample_where_no_cell_counts_keeps_the_weights():
    """All generated images but 21 lie where no test image does: half the resamples have fewer."""
    train = np.zeros((2, 1))
    test, generated = draws(31).random((40, 1)), draws(32).random((121, 1))
    labels = (np.arange(2), np.zeros(40, dtype=int), np.repeat([0, 1], [21, 100]))
    with pytest.warns(FewTestImagesWarning, match="as few as 0"):
        found = data_copying_test(train, test, generated, cells=labels, permutations=1)
    assert found.interval.low < found.statistic < found.interval.high


# Few test images


def test_few_test_images_are_warned_of():
    train, test, generated = scene(21, test=FEW_TEST_IMAGES)
    with pytest.warns(FewTestImagesWarning, match=r"as few as 20\).*sqrt\(12 / 20\) = 0.77"):
        data_copying_test(train, test, generated, cells=1, **QUICK)
    train, test, generated = scene(21, test=FEW_TEST_IMAGES + 1)
    data_copying_test(train, test, generated, cells=1, **QUICK)  # warnings are errors here


def test_why_few_test_images_are_warned_of():
    """One of n test images moves Z_U by up to sqrt(12 / n), and Z_U is never below -sqrt(3 n)."""
    n, generated = FEW_TEST_IMAGES, np.linspace(1, 2, 100_000)
    test = np.full(n, 1.5)
    moved = z_u(np.append(test[1:], 3.0), generated) - z_u(np.append(test[1:], 0.0), generated)
    assert abs(moved) == pytest.approx(np.sqrt(12 / n), rel=1e-3)
    assert z_u(test + 1, generated) == pytest.approx(-np.sqrt(3 * n), rel=1e-3)


# Class by class


def classes(*key, counts=(60, 80, 50), number=3):
    arrays = scene(*key, train=number * counts[0], test=number * counts[1], generated=number * 50)
    return arrays, tuple(np.arange(len(x)) % number for x in arrays)


def test_cells_of_bai_et_al():
    """10 for CIFAR10.1, 25 for CIFAR-10's test images, and never none."""
    assert bai2022_cells(2_000, 5_000) == 10
    assert bai2022_cells(10_000, 5_000) == 25
    assert bai2022_cells(150, 5_000) == 1


def test_class_wise_is_the_test_of_each_class_and_their_mean():
    arrays, labels = classes(22)
    options = {"metric": "cosine", "cells": 2, "min_generated": 5, **QUICK}
    found = class_wise_copying_test(*arrays, labels, **options, seed=3)
    alone = [
        data_copying_test(
            *(x[where == c] for x, where in zip(arrays, labels, strict=True)), **options, seed=3
        )
        for c in range(3)
    ]
    assert list(found.classes) == [0, 1, 2]
    for one, result in zip(alone, found.classes.values(), strict=True):
        assert result.statistic == one.statistic
        assert result.cells == one.cells
    assert found.statistic == pytest.approx(np.mean([one.statistic for one in alone]))
    variance = np.mean([one.null_std**2 for one in alone]) / 3
    assert found.null_std == pytest.approx(np.sqrt(variance))


def test_the_defaults_of_class_wise_are_bai_et_als():
    """400 training images a class, 600 of the reference in all: two cells, of 64 components."""
    arrays = scene(23, train=800, test=600, generated=200, dim=70)
    labels = tuple(np.arange(len(x)) % 2 for x in arrays)
    found = class_wise_copying_test(*arrays, labels, **QUICK)
    for c in (0, 1):
        own = [x[where == c] for x, where in zip(arrays, labels, strict=True)]
        one = data_copying_test(*own, cells=2, metric="abs_cosine", dimensions=64, **QUICK)
        assert found.classes[c].statistic == one.statistic
        assert sum(cell.test for cell in one.cells) == 300


def test_the_class_mean_has_a_p_value_and_an_interval_of_its_own():
    """Each class copies a little; their mean is narrower, and lower against its spread."""
    (train, test, _), labels = classes(24, counts=(60, 100, 50), number=6)
    generated = train[:300] + 0.45 * draws(25).standard_normal((300, 3))
    found = class_wise_copying_test(train, test, generated, labels, cells=1, metric="euclidean")
    widths = [result.interval.high - result.interval.low for result in found.classes.values()]
    width = found.interval.high - found.interval.low
    assert width == pytest.approx(np.sqrt(np.sum(np.square(widths))) / 6, rel=0.15)
    assert found.statistic in found.interval
    normal = scipy.stats.norm.cdf(found.statistic / found.null_std)
    assert found.p_value == pytest.approx(normal, abs=0.01)
    assert found.p_value < np.median([result.p_value for result in found.classes.values()])


def test_classes_have_exchanges_of_their_own():
    """Classes of the same images: were they exchanged alike, the null would not get narrower."""
    train, test, generated = scene(26, generated=200)
    twice = [np.concatenate([x, x]) for x in (train, test, generated)]
    labels = tuple(np.repeat([0, 1], len(x) // 2) for x in twice)
    found = class_wise_copying_test(*twice, labels, cells=1, metric="euclidean", permutations=2000)
    (first, second) = found.classes.values()
    assert first.statistic == second.statistic == found.statistic
    assert first.p_value != second.p_value
    assert found.null_std == pytest.approx(first.null_std / np.sqrt(2))


# Refusals


def test_bad_features_and_options_are_refused():
    train, test, generated = scene(27)
    broken = test.copy()
    broken[3, 1] = np.nan

    def call(*arrays, **options):
        return lambda: data_copying_test(*arrays, **{"cells": 2, **QUICK, **options})

    refused(call(train, broken, generated), "test", "finite", "row 3")
    refused(call(train, test, generated[:, :2]), "generated", "3 features")
    refused(call(train[0], test, generated), "train", "shape (n, d)")
    refused(call(train, test, generated, min_generated=-1), "min_generated", "at least 0")
    refused(call(train, test, generated, permutations=0), "permutations", "at least 1")
    refused(call(train, test, generated, resamples=1), "resamples", "at least 2")
    refused(call(train, test, generated, confidence=1.5), "confidence", "(0, 1)")
    refused(call(train, test, generated, seed=-1), "seed", "at least 0")
    refused(call(train, test, generated, metric="manhattan"), "metric", "abs_cosine", "manhattan")
    refused(call(train, test, generated, dimensions=0), "dimensions", "at least 1")
    zero = generated.copy()
    zero[5] = 0
    refused(call(train, test, zero, metric="cosine"), "generated", "zeros", "row 5")
    call(train, test, zero)()


def test_bad_cells_are_refused():
    train, test, generated = scene(28)
    good = one_cell(train, test, generated)

    def call(cells, **options):
        return lambda: data_copying_test(train, test, generated, cells=cells, **QUICK, **options)

    refused(call(0), "cells", "at least 1")
    refused(call(301), "cells", "at most 300")
    refused(call(True), "cells", "whole number")
    refused(call("ten"), "cells", "three arrays", "str")
    refused(call(good[:2]), "cells", "three arrays")
    refused(call((good[0], good[1], good[2][1:])), "cells[2]", "shape (200,)", "(199,)")
    refused(call((good[0], good[1] + 0.5, good[2])), "cells[1]", "whole numbers", "float64")
    refused(call((good[0], good[1], good[2] + 4)), "cells", "generated images in cell 4")
    refused(call((good[0], good[1] + 1, good[2])), "cells", "test images in cell 1")
    refused(call(good, dimensions=2), "dimensions", "ready cells")


def test_more_cells_than_different_training_images_are_refused():
    train, test, generated = scene(29)
    copies = np.repeat(train[:3], 50, axis=0)
    refused(
        lambda: data_copying_test(copies, test, generated, cells=4, **QUICK),
        "cells",
        "at most 3",
        "leave out duplicates",
    )


def test_bad_classes_are_refused():
    arrays, labels = classes(30)

    def call(labels, **options):
        return lambda: class_wise_copying_test(*arrays, labels, **{"cells": 1, **QUICK, **options})

    refused(call(labels[:2]), "labels", "three arrays")
    refused(call((labels[0], labels[1], labels[2][1:])), "labels[2]", "shape (150,)")
    missing = np.where(labels[2] == 1, 0, labels[2])
    refused(call((labels[0], labels[1], missing)), "labels[2]", "[0, 1, 2]", "Leave out")
    refused(call(labels, min_generated=50), "generated (in class 0)", "more than min_generated")
    refused(call(labels, cells=61), "cells (in class 0)", "at most 60")

"""Distances between sets of features, against closed forms, naive versions and published code."""

import numpy as np
import pytest
import torch

from mempaper._torchvision import torchvision  # noqa: F401  torch-fidelity imports it
from mempaper.errors import InputError
from mempaper.statistics import (
    density_coverage,
    frechet_distance,
    frechet_gap,
    kernel_distance,
    precision_recall,
    squared_discrepancy,
)

TWO_SETS = [
    frechet_distance,
    squared_discrepancy,
    lambda a, b: kernel_distance(a, b, subset_size=8),
    precision_recall,
    density_coverage,
]


def draws(*key):
    return np.random.default_rng(key)


def normal(n, mean, covariance, *key):
    """Rows whose sample mean and unbiased sample covariance are exactly the given ones."""
    rows = draws(*key).standard_normal((n, len(mean)))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False))).T
    return rows @ np.linalg.cholesky(covariance).T + mean


def refused(call, argument, *parts):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument
    for part in parts:
        assert part in str(caught.value)


# Frechet distance


def test_two_gaussians_with_a_known_distance():
    """With commuting covariances the distance is |mu_a - mu_b|^2 + sum (s_a - s_b)^2."""
    turn, _ = np.linalg.qr(draws(0).standard_normal((3, 3)))
    a = normal(50, np.zeros(3), turn @ np.diag([1.0, 4.0, 9.0]) @ turn.T, 1)
    b = normal(70, np.array([2.0, 0.0, 1.0]), turn @ np.diag([4.0, 16.0, 9.0]) @ turn.T, 2)
    expected = 5 + 1 + 4 + 0
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-10)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-10)
    assert frechet_distance(torch.tensor(a), torch.tensor(b).requires_grad_()) == pytest.approx(10)


def test_covariances_that_do_not_commute():
    """[[1, 0], [0, 4]] and [[5, 4], [4, 5]]: the product has trace 25 and determinant 36, so the
    roots of its eigenvalues add up to sqrt(25 + 2 sqrt(36)), and the distance is 5 + 10 - 2 of it.
    """
    a = normal(30, np.zeros(2), np.diag([1.0, 4.0]), 3)
    b = normal(30, np.zeros(2), np.array([[5.0, 4.0], [4.0, 5.0]]), 4)
    assert frechet_distance(a, b) == pytest.approx(15 - 2 * np.sqrt(37), rel=1e-10)


@pytest.mark.parametrize("shape", [(200, 16), (10, 40)])  # the second has singular covariances
def test_identical_sets_and_translations(shape):
    features = draws(5, *shape).standard_normal(shape)
    delta = draws(6).standard_normal(shape[1])
    assert frechet_distance(features, features[::-1]) == pytest.approx(0, abs=1e-6)
    moved = frechet_distance(features, features + delta)
    assert moved == pytest.approx(delta @ delta, rel=1e-6)


def test_a_scaled_set():
    """Scaling a centred set by t changes every standard deviation s to t s."""
    features = normal(40, np.zeros(2), np.diag([1.0, 9.0]), 7)
    assert frechet_distance(features, 3 * features) == pytest.approx((3 - 1) ** 2 * 10)


def test_sums_are_in_float64():
    """A spread of 0.01 around 1000 is below the rounding of float32 sums."""
    far = np.float32(1000) + (draws(8).standard_normal((5000, 4)) * 0.01).astype(np.float32)
    exact = np.cov(far.astype(np.float64), rowvar=False)
    doubled = np.float64(2) * (far.astype(np.float64) - 1000) + 1000
    expected = np.trace(exact) + ((doubled - far).mean(axis=0) ** 2).sum()
    assert frechet_distance(far, doubled) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [(300, 24), (60, 100)])
def test_frechet_distance_agrees_with_torch_fidelity(shape):
    from torch_fidelity.metric_fid import (
        KEY_METRIC_FID,
        fid_features_to_statistics,
        fid_statistics_to_metric,
    )

    a, b = (torch.tensor(draws(9, i).gamma(1 + i, size=shape)) for i in (0, 1))
    theirs = fid_statistics_to_metric(
        fid_features_to_statistics(a), fid_features_to_statistics(b), verbose=False
    )
    assert frechet_distance(a, b) == pytest.approx(theirs[KEY_METRIC_FID], abs=1e-5)


# Frechet gap


def test_the_gap_by_hand():
    """Train and validation lie 1 and 2 away from the generated images: F is 1 and 4."""
    generated = draws(10).standard_normal((100, 3))
    away = np.array([1.0, 0.0, 0.0])
    gap = frechet_gap(generated + away, generated - 2 * away, generated, resamples=20)
    assert gap.estimate == pytest.approx((4 - 1) / 4)
    swapped = frechet_gap(generated - 2 * away, generated + away, generated, resamples=20)
    assert swapped.estimate == pytest.approx((1 - 4) / 1)


def test_copies_of_training_images_have_a_positive_gap():
    train, validation = draws(11).standard_normal((2, 300, 4))
    validation[:, 0] += 0.5
    copies = train[draws(12).integers(0, 300, 300)]
    gap = frechet_gap(train, validation, copies)
    assert gap.low > 0
    assert gap.low < gap.estimate < gap.high <= 1.5
    assert gap == frechet_gap(train, validation, copies)
    assert gap != frechet_gap(train, validation, copies, seed=1)


def test_the_gap_interval_covers_zero_where_there_is_no_gap():
    """Sets from one distribution, 40 times: of 90 % intervals at least 30 hold 0 (p = 0.003)."""
    held = 0
    for repeat in range(40):
        train, validation = draws(13, repeat).standard_normal((2, 80, 3))
        generated = 1.5 * draws(14, repeat).standard_normal((80, 3))
        gap = frechet_gap(train, validation, generated, confidence=0.9, resamples=80)
        held += 0.0 in gap
    assert held >= 30


def test_a_wider_confidence_gives_a_wider_interval():
    train, validation, generated = draws(15).standard_normal((3, 60, 2))
    narrow = frechet_gap(train, validation, generated, confidence=0.5)
    wide = frechet_gap(train, validation, generated, confidence=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_gap_refuses_unequal_sets():
    features = draws(16).standard_normal((20, 2))
    refused(lambda: frechet_gap(features, features[:19], features), "validation", "got 19")
    refused(lambda: frechet_gap(features, np.zeros((20, 2)), np.zeros((9, 2))), "validation", "0")
    refused(lambda: frechet_gap(features, features, features + 1, confidence=1.0), "confidence")
    refused(lambda: frechet_gap(features, features, features + 1, resamples=1), "resamples")


# Kernel distance


def naive_discrepancy(a, b):
    def k(x, y):
        return (x @ y / len(x) + 1) ** 3

    def within(rows):
        return np.mean([k(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j])

    return within(a) + within(b) - 2 * np.mean([k(x, y) for x in a for y in b])


def test_discrepancy_against_the_sum_over_pairs():
    a, b = draws(17).standard_normal((9, 5)), draws(18).standard_normal((7, 5)) + 1
    assert squared_discrepancy(a, b) == pytest.approx(naive_discrepancy(a, b), rel=1e-12)
    assert squared_discrepancy(b, a) == pytest.approx(naive_discrepancy(a, b), rel=1e-12)


def test_discrepancy_is_unbiased_where_sets_agree():
    found = [squared_discrepancy(*draws(19, i).standard_normal((2, 10, 3))) for i in range(1000)]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 4 * error
    assert min(found) < 0


def test_kernel_distance_agrees_with_torch_fidelity():
    from torch_fidelity import KEY_METRIC_KID_MEAN
    from torch_fidelity.metric_kid import kid_features_to_metric

    a, b = (torch.tensor(draws(20, i).gamma(1 + i, size=(80, 12))) for i in (0, 1))
    theirs = kid_features_to_metric(a, b, kid_subsets=2, kid_subset_size=80, verbose=False)
    ours = kernel_distance(a, b, subsets=2, subset_size=80)
    assert ours.mean == pytest.approx(theirs[KEY_METRIC_KID_MEAN], abs=1e-5)
    assert ours.std == pytest.approx(0, abs=1e-9)  # the only subset is the whole set


def test_subsets_average_to_the_whole():
    """Both are unbiased for the same number; subsets of a set scatter around the set's own."""
    a, b = draws(21).standard_normal((60, 4)), draws(22).standard_normal((60, 4)) + 0.5
    found = kernel_distance(a, b, subsets=400, subset_size=20)
    assert found.mean == pytest.approx(squared_discrepancy(a, b), abs=4 * found.std / 20)
    assert found.std > 0
    assert found == kernel_distance(a, b, subsets=400, subset_size=20)
    assert found != kernel_distance(a, b, subsets=400, subset_size=20, seed=1)


def test_kernel_distance_refuses():
    a = draws(23).standard_normal((30, 2))
    refused(lambda: kernel_distance(a, a), "subset_size", "lie in 2 to 30", "got 1000")
    refused(lambda: kernel_distance(a, a, subset_size=1), "subset_size")
    refused(lambda: kernel_distance(a, a, subset_size=9, subsets=0), "subsets")


# Precision, recall, density, coverage


def test_precision_and_recall_on_a_line():
    """Real 0, 1, 10: balls of radius 1, 1, 9 with k = 1, closed: [-1, 1], [0, 2], [1, 19].

    Of the generated 2, 2.5, -5 the first two lie inside. Their own balls have radius .5, .5, 7:
    [1.5, 2.5], [2, 3], [-12, 2]; of the real 0 and 1 lie inside.
    """
    real, generated = np.array([[0.0], [1.0], [10.0]]), np.array([[2.0], [2.5], [-5.0]])
    found = precision_recall(real, generated, k=1)
    assert (found.precision, found.recall) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_density_and_coverage_on_a_line():
    """The same balls, open: 1.5 lies in (0, 2) and (1, 19), 30 in none, 0.5 in the first two."""
    real, generated = np.array([[0.0], [1.0], [10.0]]), np.array([[1.5], [30.0], [0.5], [30.0]])
    found = density_coverage(real, generated, k=1)
    assert found.density == 4 / (1 * 4)
    assert found.coverage == 1
    assert density_coverage(real, np.array([[30.0], [40.0]]), k=1).coverage == 0


def test_which_argument_is_the_generated_one():
    """A generator of one mode of two is precise and recalls half; the other way about is wrong."""
    modes = draws(24).standard_normal((100, 2)) * 0.1
    modes[50:] += 100
    one = draws(25).standard_normal((100, 2)) * 0.05
    found = precision_recall(modes, one)
    assert found.precision > 0.9
    assert found.recall < 0.5
    assert precision_recall(one, modes).recall > 0.9
    assert density_coverage(modes, one).coverage < 0.55
    assert density_coverage(one, modes).density < 0.6


def test_more_blocks_than_one(monkeypatch):
    from mempaper.statistics import distances

    real, generated = draws(26).standard_normal((57, 3)), draws(27).standard_normal((43, 3))
    whole = precision_recall(real, generated), density_coverage(real, generated)
    monkeypatch.setattr(distances, "_ELEMENTS_AT_ONCE", 300)
    assert (precision_recall(real, generated), density_coverage(real, generated)) == whole


@pytest.mark.parametrize("k", [1, 3, 5])
def test_manifold_numbers_agree_with_the_references(k, capsys):
    from prdc import compute_prdc
    from torch_fidelity.metric_prc import (
        KEY_METRIC_PRECISION,
        KEY_METRIC_RECALL,
        prc_features_to_metric,
    )

    real = draws(28).standard_normal((150, 6))
    generated = 1.2 * draws(29).standard_normal((130, 6)) + 0.3
    ours = precision_recall(real, generated, k=k)
    theirs = prc_features_to_metric(
        torch.tensor(generated),
        torch.tensor(real),
        prc_neighborhood=k,
        prc_batch_size=1000,
        save_cpu_ram=False,
        verbose=False,
    )
    assert ours.precision == pytest.approx(theirs[KEY_METRIC_PRECISION], abs=1e-5)
    assert ours.recall == pytest.approx(theirs[KEY_METRIC_RECALL], abs=1e-5)
    theirs = compute_prdc(real, generated, nearest_k=k)
    capsys.readouterr()
    assert ours.precision == pytest.approx(theirs["precision"], abs=1e-5)
    assert ours.recall == pytest.approx(theirs["recall"], abs=1e-5)
    ours = density_coverage(real, generated, k=k)
    assert ours.density == pytest.approx(theirs["density"], abs=1e-5)
    assert ours.coverage == pytest.approx(theirs["coverage"], abs=1e-5)


@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
def test_neighbours_must_exist(measure):
    few, many = np.arange(8.0).reshape(4, 2), np.arange(20.0).reshape(10, 2)
    refused(lambda: measure(few, many, k=4), "real", "hold more than k = 4 images; got 4")
    refused(lambda: measure(few, many, k=0), "k", "be at least 1; got 0")
    assert measure(few, many, k=3)


# What all refuse


@pytest.mark.parametrize("measure", TWO_SETS)
def test_features_are_checked(measure):
    good = draws(30).standard_normal((9, 3))
    assert measure(good, good + 1)
    for bad in (good[0], good[:1], good[:, :0], good[:, :, None]):
        with pytest.raises(InputError, match="have shape"):
            measure(good, bad)
    with pytest.raises(InputError, match="have 3 features an image"):
        measure(good, good[:, :2])
    broken = good.copy()
    broken[4, 1] = np.nan
    with pytest.raises(InputError, match="NaN or infinity in row 4"):
        measure(broken, good)
    with pytest.raises(InputError, match="be an array of numbers"):
        measure(good, "features")

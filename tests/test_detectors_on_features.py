"""Detectors of memorization on features, against closed forms, naive versions and known truth."""

import numpy as np
import pytest
import scipy.optimize
import scipy.spatial
import scipy.stats
import torch
from test_feature_distances import refused

from mempaper.statistics import (
    authenticity,
    distances,
    feature_likelihood,
    frechet_distance,
    memorization_informed_distance,
    nearest_neighbor_gap,
    nearest_neighbor_test,
    three_sample_test,
)
from mempaper.statistics.exchanges import exchanges
from mempaper.statistics.gaussians import fit_gaussians


def normal(shape, *key):
    return np.random.default_rng(key).standard_normal(shape)


def three_sets(n, d, *key):
    return np.split(normal((3 * n, d), *key), 3)


def false_alarms(p_values, *, exact=True):
    """Asserts that 5 % of null draws are alarms, or at most as many, within binomial error."""
    alarms = np.sum(np.array(p_values) <= 0.05)
    low, high = scipy.stats.binom.ppf([0.001, 0.999], len(p_values), 0.05)
    assert alarms <= high
    assert not exact or low <= alarms


def squared(x, y):
    return scipy.spatial.distance.cdist(x, y, "sqeuclidean")


@pytest.fixture(params=["one block", "blocks"])
def blocks(request, monkeypatch):
    if request.param == "blocks":
        monkeypatch.setattr(distances, "_ELEMENTS_AT_ONCE", 100)


DETECTORS = [
    lambda train, holdout, generated: authenticity(train, generated),
    lambda train, holdout, generated: memorization_informed_distance(train, generated),
    lambda train, holdout, generated: nearest_neighbor_test(train, generated, permutations=9),
    lambda *sets: nearest_neighbor_gap(*sets, permutations=9),
    lambda *sets: three_sample_test(*sets, permutations=9),
    feature_likelihood,
]


@pytest.mark.parametrize("detector", DETECTORS)
def test_takes_tensors_and_refuses_what_has_no_features(detector):
    sets = three_sets(12, 3, 0)
    assert str(detector(*map(torch.tensor, sets))) == str(detector(*sets))
    refused(lambda: detector(*sets[:2], sets[2][:, :2]), "generated", "3 features", "got 2")
    refused(lambda: detector(*sets[:2], sets[2][:1]), "generated", "n >= 2")


# Distances


def test_distances_equal_those_by_subtraction_and_copies_are_at_zero(blocks):
    x, y = normal((30, 40), 1) + 5, normal((20, 40), 2) + 5
    y[:3] = x[[7, 7, 29]]
    expected = squared(x, y)
    np.testing.assert_allclose(distances.squared_distances(x, y), expected, rtol=1e-9)
    indices, found = distances.nearest(y, x)
    np.testing.assert_array_equal(indices[:3], [7, 7, 29])
    np.testing.assert_array_equal(found[:3], 0)
    np.testing.assert_array_equal(distances.nearest(x, y)[0], expected.argmin(axis=1))


def test_neighbours_leave_out_the_image_itself(blocks):
    x = normal((40, 3), 3)
    between = squared(x, x) + np.diag(np.full(40, np.inf))
    indices, found = distances.nearest(x, x, exclude_self=True)
    np.testing.assert_array_equal(indices, between.argmin(axis=1))
    np.testing.assert_allclose(found, between.min(axis=1))
    np.testing.assert_allclose(distances.squared_radii(x, 2), np.sort(between)[:, 1])


# Authenticity


def test_authentic_images_by_loops(blocks):
    train, generated = normal((25, 3), 4), normal((30, 3), 5)
    expected = []
    for image in generated:
        lengths = np.linalg.norm(train - image, axis=1)
        nearest = lengths.argmin()
        others = np.delete(np.linalg.norm(train - train[nearest], axis=1), nearest)
        expected.append(lengths[nearest] > others.min())
    found = authenticity(train, generated)
    np.testing.assert_array_equal(found.authentic, expected)
    assert found.percentage == pytest.approx(100 * np.mean(expected))
    assert 0 < found.percentage < 100


def test_no_copy_is_authentic_and_every_outlier_is():
    train = normal((30, 8), 6)
    train[1] = train[0]
    assert authenticity(train, train).percentage == 0
    assert authenticity(train, train + 100).percentage == 100


def test_a_third_of_fresh_draws_from_a_circle_are_authentic():
    """Of the gaps beside a draw, and beyond the nearer neighbour, the draw's own is the smallest
    with probability 2/3, for gaps between points on a circle are exchangeable."""
    turns = np.random.default_rng(7).uniform(0, 2 * np.pi, (1000, 24))
    points = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    found = np.concatenate([authenticity(rows[:20], rows[20:]).authentic for rows in points])
    assert found.mean() == pytest.approx(1 / 3, abs=4 * np.sqrt(2 / 9 / 1000))


# Memorization-informed Frechet distance


@pytest.mark.parametrize(("angle", "penalised"), [(0.2, True), (0.6, False)])
def test_penalty_of_a_known_angle(angle, penalised):
    """Every generated image is at this angle to the only direction of training images."""
    train = np.array([[1.0, 0, 0], [2.0, 0, 0], [-4.0, 0, 0]])
    generated = np.array([[1, 1, 0], [-3, 3, 0], [2, 0, 2]]) * np.array(
        [np.cos(angle), np.sin(angle), np.sin(angle)]
    )
    found = memorization_informed_distance(train, generated)
    distance = 1 - np.cos(angle)
    assert found.distance == pytest.approx(distance)
    assert found.frechet == frechet_distance(train, generated)
    assert found.penalty == pytest.approx(1 / distance if penalised else 1)
    assert found.value == pytest.approx(found.penalty * found.frechet)


def test_the_nearest_training_image_counts():
    train, generated = normal((20, 4), 8), normal((15, 4), 9)
    each = [
        min(1 - abs(g @ t) / np.linalg.norm(g) / np.linalg.norm(t) for t in train)
        for g in generated
    ]
    assert memorization_informed_distance(train, generated).distance == pytest.approx(np.mean(each))


def test_copies_are_penalised():
    train, _, fresh = three_sets(100, 16, 10)
    copies = train[np.random.default_rng(11).integers(100, size=100)]
    found = memorization_informed_distance(train, fresh)
    copied = memorization_informed_distance(train, copies)
    assert copied.frechet < found.frechet
    assert copied.distance < 1e-12 < 0.1 < found.distance
    assert copied.value > 1e6 * found.value
    assert found.value == found.frechet


def test_refuses_images_without_direction():
    train, _, fresh = three_sets(5, 3, 12)
    train[3] = 0
    refused(lambda: memorization_informed_distance(train, fresh), "train", "row 3")
    refused(lambda: memorization_informed_distance(fresh, fresh, threshold=2.0), "threshold", "2")


# Nearest-neighbour test


def test_accuracies_by_loops(blocks):
    real, generated = normal((25, 2), 13), normal((35, 2), 14) + 0.5
    pooled, labels = np.concatenate([real, generated]), np.repeat([0, 1], [25, 35])
    right = []
    for i, image in enumerate(pooled):
        lengths = np.linalg.norm(pooled - image, axis=1)
        lengths[i] = np.inf
        right.append(labels[lengths.argmin()] == labels[i])
    found = nearest_neighbor_test(real, generated, permutations=9)
    assert found.accuracy == pytest.approx(np.mean(right))
    assert found.on_real == pytest.approx(np.mean(right[:25]))
    assert found.on_generated == pytest.approx(np.mean(right[25:]))
    assert found.on_real != found.on_generated


def test_accuracy_of_copies_and_of_strangers():
    real = normal((40, 5), 15)
    copied = nearest_neighbor_test(real, real, permutations=99)
    assert (copied.accuracy, copied.on_real, copied.on_generated, copied.p_value) == (0, 0, 0, 1)
    other = nearest_neighbor_test(real, real + 100, permutations=99)
    assert (other.accuracy, other.on_real, other.on_generated, other.p_value) == (1, 1, 1, 0.01)


@pytest.mark.parametrize("ties", [False, True])
def test_false_alarms_of_the_accuracy(ties):
    p_values = []
    for i in range(500):
        rows = normal((70, 2), 16, i)
        rows = np.round(rows, 1) if ties else rows
        found = nearest_neighbor_test(rows[:40], rows[40:], permutations=99, seed=i)
        p_values.append(found.p_value)
    false_alarms(p_values, exact=False)


def naive_accuracy(real, generated):
    """Ties count as mistakes."""
    right = 0
    for own, other in ((real, generated), (generated, real)):
        among = squared(own, own) + np.diag(np.full(len(own), np.inf))
        right += np.sum(among.min(axis=1) < squared(own, other).min(axis=1))
    return right / (len(real) + len(generated))


@pytest.mark.parametrize("copies", [0, 5])
def test_gap_and_its_p_value_by_exchanging_images(copies, blocks):
    train, holdout, _ = three_sets(20, 3, 17)
    generated = normal((30, 3), 18)
    generated[:copies] = train[0]
    found = nearest_neighbor_gap(train, holdout, generated, permutations=60, seed=3)
    assert found.train == pytest.approx(naive_accuracy(train, generated))
    assert found.holdout == pytest.approx(naive_accuracy(holdout, generated))
    assert found.gap == pytest.approx(found.train - found.holdout)
    real = np.concatenate([train, holdout])
    null = []
    for chosen in exchanges(20, 20, 60, np.random.default_rng(3)).T[1:] == 1:
        gap = naive_accuracy(real[chosen], generated) - naive_accuracy(real[~chosen], generated)
        null.append(gap)
    assert found.p_value == (1 + np.sum(np.array(null) <= found.gap + 1e-9)) / 61
    assert found.p_value > 1 / 61


def test_exchanges_keep_the_numbers():
    drawn = exchanges(3, 5, 400, np.random.default_rng(19))
    np.testing.assert_array_equal(drawn[:, 0], [1, 1, 1, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(drawn.sum(axis=0), 3)
    np.testing.assert_allclose(drawn[:, 1:].mean(axis=1), 3 / 8, atol=4 * np.sqrt(15 / 64 / 400))


def test_gap_is_negative_for_copies():
    train, holdout, fresh = three_sets(60, 8, 20)
    copied = nearest_neighbor_gap(train, holdout, train, permutations=99)
    assert copied.train == 0
    assert copied.gap < -0.3
    assert copied.p_value == 0.01
    assert nearest_neighbor_gap(holdout, train, train, permutations=99).gap == -copied.gap
    assert nearest_neighbor_gap(train, holdout, fresh, permutations=99).p_value > 0.05


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_false_alarms_of_the_gap(shift):
    p_values = []
    for i in range(500):
        train, holdout, generated = three_sets(20, 2, 21, i)
        found = nearest_neighbor_gap(train, holdout, generated + shift, permutations=99, seed=i)
        p_values.append(found.p_value)
    false_alarms(p_values, exact=False)


def test_gap_refuses_sets_of_two_sizes():
    train, holdout, generated = three_sets(10, 2, 22)
    refused(lambda: nearest_neighbor_gap(train, holdout[:9], generated), "holdout", "10", "got 9")


# Three-sample test


def naive_statistic(train, holdout, generated, bandwidth):
    def k(x, y):
        return np.exp(-np.sum((x - y) ** 2) / (2 * bandwidth**2))

    def mmd(x, y):
        """Unbiased."""
        own = sum(
            np.mean([k(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j])
            for z in (x, y)
        )
        return own - 2 * np.mean([k(a, b) for a in x for b in y])

    return mmd(generated, train) - mmd(generated, holdout)


def test_statistic_is_the_difference_of_unbiased_discrepancies(blocks):
    train, holdout, generated = normal((9, 2), 23), normal((12, 2), 24), normal((7, 2), 25)
    found = three_sample_test(train, holdout, generated, permutations=20, seed=4)
    real = np.concatenate([train, holdout])
    assert found.bandwidth == pytest.approx(np.sqrt(np.median(squared(generated, real)) / 2))
    expected = naive_statistic(train, holdout, generated, found.bandwidth)
    assert found.statistic == pytest.approx(expected)
    null = [
        naive_statistic(real[chosen], real[~chosen], generated, found.bandwidth)
        for chosen in exchanges(9, 12, 20, np.random.default_rng(4)).T[1:] == 1
    ]
    assert found.exchange_p_value == (1 + np.sum(np.array(null) <= found.statistic)) / 21
    assert found.p_value == pytest.approx(scipy.stats.norm.cdf(found.statistic / found.std))


def test_variance_is_the_published_one(blocks):
    """4 zeta_1 / m by the nine terms of Appendix A, which differ from ours in 1 / m."""
    m = 150
    y, z, x = three_sets(m, 2, 26)
    x = x + 1
    found = three_sample_test(y, z, x, permutations=1)
    yy, zz, xy, xz = (
        np.exp(-squared(*pair) / (2 * found.bandwidth**2))
        for pair in ((y, y), (z, z), (x, y), (x, z))
    )
    np.fill_diagonal(yy, 0)
    np.fill_diagonal(zz, 0)
    u_yy, u_zz = yy.sum() / (m * (m - 1)), zz.sum() / (m * (m - 1))
    u_xy, u_xz = xy.mean(), xz.mean()
    zeta = (
        np.sum(yy.T @ yy) / m**3
        - u_yy**2
        + np.sum(xy.T @ xy) / m**3
        - u_xy**2
        + np.sum(xy @ xy.T) / m**3
        - u_xy**2
        + np.sum(zz.T @ zz) / m**3
        - u_zz**2
        + np.sum(xz @ xz.T) / m**3
        - u_xz**2
        + np.sum(xz.T @ xz) / m**3
        - u_xz**2
        - 2 * (np.sum(yy @ xy.T) / m**3 - u_yy * u_xy)
        - 2 * (np.sum(xy.T @ xz) / m**3 - u_xz * u_xy)
        - 2 * (np.sum(zz @ xz.T) / m**3 - u_zz * u_xz)
    )
    assert found.std == pytest.approx(np.sqrt(4 * zeta / m), rel=10 / m)


def test_false_alarms_of_the_three_sample_test():
    """Of a poor generator both p-values are right; of a perfect one the normal one is too large."""
    poor, perfect = [], []
    for i in range(300):
        train, holdout, generated = three_sets(50, 2, 27, i)
        poor.append(three_sample_test(train, holdout, generated + 1, permutations=99, seed=i))
        perfect.append(three_sample_test(train, holdout, generated, permutations=99, seed=i))
    false_alarms([found.exchange_p_value for found in poor])
    false_alarms([found.exchange_p_value for found in perfect])
    false_alarms([found.p_value for found in poor])
    false_alarms([found.p_value for found in perfect], exact=False)
    z = np.array([found.statistic / found.std for found in poor])
    assert z.std() == pytest.approx(1, abs=4 / np.sqrt(2 * 300))


def test_a_copier_is_nearer_to_its_training_images():
    train, holdout, fresh = three_sets(100, 8, 28)
    copied = three_sample_test(train, holdout, train, permutations=99)
    assert copied.statistic < 0
    assert copied.p_value < 0.05
    assert copied.exchange_p_value == 0.01
    turned = three_sample_test(holdout, train, train, permutations=99)
    assert turned.statistic == pytest.approx(-copied.statistic)
    assert turned.p_value == pytest.approx(1 - copied.p_value)
    assert three_sample_test(train, holdout, fresh, permutations=99).exchange_p_value > 0.05


def test_refuses_a_median_of_nothing():
    rows = np.ones((4, 2))
    refused(lambda: three_sample_test(rows, rows, rows), "generated", "copies only")


# Feature likelihood


def objective(log_variances, images, centres):
    """The mean log of mixture plus base likelihood; the last log-variance is the base's."""
    dim = images.shape[1]
    densities = [
        scipy.stats.multivariate_normal.logpdf(images, centre, np.exp(value))
        for centre, value in zip(centres, log_variances[:-1], strict=True)
    ]
    shrunk = 0.9 * (images - images.mean(axis=0))
    base = scipy.stats.multivariate_normal.logpdf(shrunk, np.zeros(dim), np.exp(log_variances[-1]))
    mixture = scipy.special.logsumexp(densities, axis=0) - np.log(len(centres))
    return np.logaddexp(mixture, base).mean()


def fitted(images, centres):
    to_mean = np.sum((images - images.mean(axis=0)) ** 2, axis=1)
    return fit_gaussians(squared(images, centres), to_mean, dim=images.shape[1])


def with_best_base(log_variances, images, centres):
    """Appends the log-variance of the base likelihood that maximises the objective."""
    best = scipy.optimize.minimize_scalar(
        lambda base: -objective([*log_variances, base], images, centres),
        bounds=(-5, 5),
        method="bounded",
    )
    return np.array([*log_variances, best.x])


def test_fitted_variances_maximise_the_likelihood():
    images, centres = normal((60, 3), 29), normal((12, 3), 30)
    found = fitted(images, centres)
    assert found.converged
    at = with_best_base(found.log_variances, images, centres)
    slopes = scipy.optimize.approx_fprime(at, objective, 1e-5, images, centres)
    first = with_best_base(np.zeros(12), images, centres)
    slopes_at_first = scipy.optimize.approx_fprime(first, objective, 1e-5, images, centres)
    assert np.abs(slopes).max() < 1e-3 < 5e-3 < np.abs(slopes_at_first).max()


def test_fit_is_as_good_as_the_published_steps():
    """50 steps of Adam at a rate of 0.5, from the same first variances; both may end in maxima of
    their own, a thousandth of a nat per feature apart."""
    images, centres = normal((100, 8), 31), normal((100, 8), 32)
    found = fitted(images, centres)
    between = torch.tensor(squared(images, centres))
    shrunk = 0.81 * torch.tensor(np.sum((images - images.mean(axis=0)) ** 2, axis=1))
    values = torch.cat([((between.min(dim=0).values + 1e-3) / 8).log(), torch.zeros(1)])
    mean, square = torch.zeros(2, 101)

    def log_density(distances, log_variances):
        return -0.5 * (distances / log_variances.exp() + 8 * log_variances + 8 * np.log(2 * np.pi))

    for step in range(1, 51):
        values.requires_grad_()
        mixture = log_density(between, values[:-1]).logsumexp(dim=1) - np.log(100)
        loss = -torch.logaddexp(mixture, log_density(shrunk, values[-1])).mean() / 8
        (slope,) = torch.autograd.grad(loss, values)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        scaled = (square / (1 - 0.999**step)).sqrt() + 1e-8
        values = values.detach() - 0.5 * mean / (1 - 0.9**step) / scaled
    theirs = objective(values.numpy(), images, centres)
    ours = objective(with_best_base(found.log_variances, images, centres), images, centres)
    assert ours / 8 > theirs / 8 - 1e-3


def test_variances_of_clusters_far_apart(monkeypatch):
    """Each Gaussian has its own images, whose mean squared distance per feature is its variance."""
    monkeypatch.setattr("mempaper.statistics.gaussians._ELEMENTS_AT_ONCE", 7)
    centres = 1e3 * normal((4, 5), 33)
    scales = np.array([0.1, 1.0, 2.0, 5.0])
    images = (centres[:, None] + scales[:, None, None] * normal((4, 30, 5), 34)).reshape(-1, 5)
    expected = np.mean((images.reshape(4, 30, 5) - centres[:, None]) ** 2, axis=(1, 2))
    np.testing.assert_allclose(np.exp(fitted(images, centres).log_variances), expected, rtol=1e-6)


def test_a_copy_has_the_smallest_variance_and_an_image_out_of_reach_a_plain_one():
    images = normal((40, 6), 35)
    centres = np.stack([images[3], np.full(6, 1e3)])
    found = fitted(images, centres)
    assert found.log_variances[0] == pytest.approx(-40)
    afar = squared(images, centres)[:, 1] / 6
    assert afar.min() <= np.exp(found.log_variances[1]) <= afar.max()
    densities = found.log_densities(squared(images, centres))
    assert densities[3, 0] / 6 == pytest.approx(20 - 0.5 * np.log(2 * np.pi))


def test_divergence_gap_and_scores_by_their_formulas():
    train, holdout, generated = normal((50, 3), 36), normal((30, 3), 37), normal((40, 3), 38)
    found = feature_likelihood(train, holdout, generated, seed=5)
    std = train.std(axis=0, ddof=1)
    sets = train, holdout, generated
    train, holdout, generated = ((x - train.mean(axis=0)) / std for x in sets)

    def each(images, centres, log_variances):
        return np.array(
            [
                scipy.stats.multivariate_normal.logpdf(images, centre, np.exp(value))
                for centre, value in zip(centres, log_variances, strict=True)
            ]
        )

    def nll(images, centres, log_variances):
        return -np.log(np.mean(np.exp(each(images, centres, log_variances)), axis=0)).mean()

    variances = fitted(train, generated).log_variances
    halves = train[np.random.default_rng(5).permutation(50)]
    baseline = fitted(halves[25:], halves[:25]).log_variances
    of_holdout = nll(holdout, generated, variances)
    fresh = nll(holdout, halves[:25], baseline)
    assert found.divergence == pytest.approx(100 / 3 * (of_holdout - fresh))
    gap = nll(train, generated, variances) - of_holdout
    assert found.gap == pytest.approx(100 / 3 * gap)
    on_train, on_holdout = (np.exp(each(x, generated, variances)) for x in (train, holdout))
    np.testing.assert_allclose(found.memorization_scores, np.log(on_train.max(axis=1)) / 3)
    likelier = on_train.mean(axis=1) > on_holdout.mean(axis=1)
    assert found.overfit_share == likelier.mean()
    assert 0 < found.overfit_share < 1
    assert found.converged


def test_units_and_constant_features_do_not_matter():
    sets = three_sets(30, 4, 39)
    found = feature_likelihood(*sets)
    units = np.array([1.0, 10.0, 0.1, 3.0])
    changed = feature_likelihood(*(np.column_stack([x * units + 7, np.ones(30)]) for x in sets))
    assert changed.divergence == pytest.approx(found.divergence)
    assert changed.gap == pytest.approx(found.gap)
    np.testing.assert_allclose(changed.memorization_scores, found.memorization_scores)
    refused(lambda: feature_likelihood(np.ones((5, 2)), *sets[:2]), "holdout", "2 features")
    same = np.ones((5, 4))
    refused(lambda: feature_likelihood(same, *sets[:2]), "train", "equal rows")


def test_copies_show_in_every_number():
    train, holdout, fresh = three_sets(200, 16, 40)
    mixed = np.concatenate([train[:20], fresh[20:]])
    clean, some, all_copies = (feature_likelihood(train, holdout, x) for x in (fresh, mixed, train))
    assert abs(clean.divergence) < 10
    assert clean.divergence < some.divergence < all_copies.divergence
    assert all_copies.gap < some.gap < clean.gap < 0
    assert clean.overfit_share < some.overfit_share < all_copies.overfit_share == 1
    assert some.memorization_scores[:20].min() > some.memorization_scores[20:].max()
    poor = feature_likelihood(train, holdout, fresh + 1)
    assert poor.divergence > clean.divergence

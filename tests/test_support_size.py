"""Support sizes against uniform and uneven distributions on points, and double loops."""

import importlib
import itertools

import numpy as np
import pytest
import scipy.stats

from mempaper.errors import InputError
from mempaper.statistics import birthday_test, support_size


def draws(probabilities, count, *key):
    """Images drawn from so many points on a line, one apart."""
    rng = np.random.default_rng(key)
    return rng.choice(len(probabilities), count, p=probabilities)[:, None].astype(float)


def uniform(size):
    return np.full(size, 1 / size)


def uneven(frequent=100, rare=20_000):
    """Half of all draws are of a hundred points: sum p_i^2 is 1 / 400, nearly."""
    return np.concatenate([np.full(frequent, 0.5 / frequent), np.full(rare, 0.5 / rare)])


def often_enough(hits, count, share):
    return scipy.stats.binom.cdf(hits, count, share) > 1e-4


def test_every_image_twice_by_hand():
    """Of the 66 pairs of 12 images, 6 are the same: the size is 11."""
    points = np.repeat(10.0 * np.arange(6), 2)[:, None]
    found = support_size(points, threshold=0.5)
    assert (found.collisions, found.pairs) == (6, 66)
    assert found.probability.estimate == pytest.approx(1 / 11)
    assert found.size.estimate == pytest.approx(11)


@pytest.mark.parametrize("at_once", [2**22, 100])
def test_pairs_are_the_naive_double_loops(at_once, monkeypatch):
    module = importlib.import_module("mempaper.statistics.support_size")
    monkeypatch.setattr(module, "_ELEMENTS_AT_ONCE", at_once)
    points = np.random.default_rng(0).standard_normal((80, 3))
    expected = sum(np.linalg.norm(x - y) <= 1.0 for x, y in itertools.combinations(points, 2))
    assert support_size(points, threshold=1.0).collisions == expected > 50


def test_the_threshold_is_a_euclidean_distance_and_counts():
    points = np.array([[0.0, 0.0], [3.0, 4.0], [100.0, 0.0]])
    assert support_size(points, threshold=5.0).collisions == 1
    assert support_size(points, threshold=4.999).collisions == 0
    assert support_size(points[[0, 0, 1]], threshold=0.0).collisions == 1


def test_unbiased_at_any_number_of_images():
    """K points collide with probability 1 / K, in thirty draws as in three."""
    size, repeats = 50, 500
    for count in (3, 30):
        found = [
            support_size(draws(uniform(size), count, 1, i), threshold=0.5).probability.estimate
            for i in range(repeats)
        ]
        error = np.sqrt((1 / size) * (1 - 1 / size) / (count * (count - 1) / 2) / repeats)
        assert np.mean(found) == pytest.approx(1 / size, abs=4 * error)


@pytest.mark.parametrize(
    ("probabilities", "count"), [(uniform(1000), 60), (uniform(1000), 300), (uneven(), 400)]
)
def test_the_interval_covers(probabilities, count):
    true, repeats = float(1 / np.sum(probabilities**2)), 300
    hits = sum(
        true in support_size(draws(probabilities, count, 2, i), threshold=0.5).size
        for i in range(repeats)
    )
    assert often_enough(hits, repeats, 0.95)


def test_uneven_images_widen_the_interval():
    """A Poisson interval of the collisions alone is too narrow where some images are frequent."""
    found = support_size(draws(uneven(), 1500, 3), threshold=0.5)
    poisson = scipy.stats.chi2.ppf(0.975, 2 * found.collisions + 2) / 2 / found.pairs
    assert found.probability.high > 1.05 * poisson
    assert 400.0 in found.size


def test_uneven_images_count_less_than_their_number():
    found = support_size(draws(uneven(), 3000, 4), threshold=0.5)
    assert found.size.estimate == pytest.approx(400, rel=0.1)
    assert found.size.high < 20_100 / 10


def test_no_collision_bounds_the_size_from_below():
    """Poisson's upper limit of no event is -log(0.025) at 95 %."""
    found = support_size(10.0 * np.arange(100)[:, None], threshold=1.0)
    assert found.size.low == pytest.approx(4950 / -np.log(0.025))
    assert (found.size.estimate, found.size.high) == (np.inf, np.inf)
    assert found.probability.low == 0


def test_one_image_alone():
    found = support_size(np.zeros((40, 2)), threshold=0.0)
    assert found.collisions == found.pairs == 780
    assert found.size.estimate == 1
    assert 1.0 in found.size


# The paper's batches


def test_at_one_half_the_size_is_the_papers():
    """One batch of two holds a pair: s (s - 1) / (2 log 2)."""
    points = 10.0 * np.arange(60)[:, None]
    points[7] = points[3]
    found = birthday_test(points, threshold=1.0, batch_size=30)
    assert (found.batches, found.with_collision.estimate) == (2, 0.5)
    assert found.size.estimate == pytest.approx(30 * 29 / (2 * np.log(2)))


def test_twenty_three_people_share_a_birthday():
    """With probability 0.5073 (the classical table); so their year is found."""
    found = birthday_test(draws(uniform(365), 23 * 4000, 5), threshold=0.5, batch_size=23)
    assert found.with_collision.estimate == pytest.approx(0.5073, abs=0.03)
    assert found.size.estimate == pytest.approx(365, rel=0.1)


def test_a_pair_in_two_batches_is_none():
    points = 10.0 * np.arange(9)[:, None]
    points[[3, 8]] = points[[0, 2]]  # in the next batch; in what fills no batch
    found = birthday_test(points, threshold=1.0, batch_size=3)
    assert (found.batches, found.with_collision.estimate) == (3, 0)
    assert (found.size.estimate, found.size.high) == (np.inf, np.inf)
    assert np.isfinite(found.size.low)
    assert birthday_test(points[:8], threshold=1.0, batch_size=3).batches == 2


def test_pairs_agree_with_batches_and_say_more():
    probabilities, repeats = uniform(1000), 100
    widths, both = [], 0
    for i in range(repeats):
        points = draws(probabilities, 600, 6, i)
        batches = birthday_test(points, threshold=0.5, batch_size=40).with_collision
        pairs = support_size(points, threshold=0.5)
        widths.append(pairs.probability.high / pairs.probability.low)
        both += 1000.0 in pairs.size
        both += float(-np.expm1(-40 * 39 / 2000)) in batches
    assert both > 0.9 * 2 * repeats
    assert np.median(widths) < 1.5  # 180 collisions, where 8 of 15 batches have one
    batched = birthday_test(points, threshold=0.5, batch_size=40).size
    assert batched.high / batched.low > 2


def test_the_interval_of_batches_covers():
    repeats = 300
    hits = sum(
        1000.0 in birthday_test(draws(uniform(1000), 800, 7, i), threshold=0.5, batch_size=40).size
        for i in range(repeats)
    )
    assert often_enough(hits, repeats, 0.95)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: support_size(np.zeros((2, 1)), threshold=1.0), "features"),
        (lambda: support_size(np.zeros(5), threshold=1.0), "features"),
        (lambda: support_size(np.zeros((5, 1)), threshold=-1.0), "threshold"),
        (lambda: support_size(np.zeros((5, 1)), threshold=1.0, confidence=2.0), "confidence"),
        (lambda: birthday_test(np.zeros((5, 1)), threshold=1.0, batch_size=6), "batch_size"),
        (lambda: birthday_test(np.zeros((5, 1)), threshold=1.0, batch_size=1), "batch_size"),
    ],
)
def test_refusals(call, argument):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument

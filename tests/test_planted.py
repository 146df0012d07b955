"""Planted copiers: what they copy, how often, and how strongly it is corrupted."""

from functools import partial

import numpy as np
import pytest
import scipy.stats
import torch
from sklearn.datasets import make_moons

from mempaper import faces, planted
from mempaper.errors import InputError
from mempaper.planted import kernel_density_draws, plant
from mempaper.statistics import data_copying_test


def images(*key, count=40, channels=3, size=6, most=0.5):
    """Images of noise within [-most, most], far from where clipping begins."""
    rng = np.random.default_rng(key)
    return rng.uniform(-most, most, (count, channels, size, size)).astype(np.float32)


FRESH, TRAIN = images(0, count=300), images(1)


def copies(corruption, fresh=FRESH, train=TRAIN, **settings):
    """Returns the corrupted images, and the training images that they are copies of."""
    found = plant(fresh, train, share=1.0, corruption=corruption, **settings)
    return found.images.numpy(), train[found.source]


# Which images are copies


def test_without_copies_the_draws_stay():
    found = plant(FRESH, TRAIN, share=0.0)
    assert torch.equal(found.images, torch.from_numpy(FRESH))
    assert not found.copied.any()
    assert (found.source == -1).all()


def test_the_truth_is_told():
    found = plant(FRESH, TRAIN, share=0.3, seed=5)
    for image, copied, source, fresh in zip(
        found.images.numpy(), found.copied, found.source, FRESH, strict=True
    ):
        assert np.array_equal(image, TRAIN[source] if copied else fresh)
        assert copied == (source >= 0)


def test_copies_are_as_many_as_their_probability_says():
    fresh = np.zeros((20_000, 1, 1, 1), np.float32)
    train = np.zeros((10, 1, 1, 1), np.float32)
    for seed in range(3):
        found = plant(fresh, train, share=0.1, seed=seed)
        assert scipy.stats.binomtest(int(found.copied.sum()), 20_000, 0.1).pvalue > 1e-3
        sources = np.bincount(found.source[found.copied], minlength=10)
        assert scipy.stats.chisquare(sources).pvalue > 1e-3


def test_same_bits_whatever_the_count():
    for corruption in planted.CORRUPTIONS.values():
        whole = plant(FRESH, TRAIN, share=0.5, corruption=corruption, seed=3)
        part = plant(FRESH[:70], TRAIN, share=0.5, corruption=corruption, seed=3)
        assert torch.equal(part.images, whole.images[:70])
        assert np.array_equal(part.source, whole.source[:70])


def test_more_copies_hold_the_fewer():
    few, many = (plant(FRESH, TRAIN, share=share) for share in (0.1, 0.4))
    assert few.copied.sum() < many.copied.sum()
    assert np.array_equal(few.source[few.copied], many.source[few.copied])


def test_seeds_differ():
    one, other = (plant(FRESH, TRAIN, share=0.5, seed=seed) for seed in (0, 1))
    both = one.copied & other.copied
    assert 0.15 < both.mean() < 0.35
    assert (one.source[both] == other.source[both]).mean() < 0.2


def test_arguments_are_left_alone():
    fresh, train = FRESH.copy(), TRAIN.copy()
    for corruption in planted.CORRUPTIONS.values():
        plant(fresh, train, share=0.5, corruption=corruption)
    assert np.array_equal(fresh, FRESH)
    assert np.array_equal(train, TRAIN)


# Corruptions


def test_exact_copies():
    found, sources = copies(planted.exact)
    assert np.array_equal(found, sources)


def test_flips_exchange_left_and_right():
    found, sources = copies(planted.flipped)
    for column in range(6):
        assert np.array_equal(found[..., column], sources[..., 5 - column])


def test_shifts_are_the_naive_loops():
    found, sources = copies(partial(planted.shifted, pixels=2))
    seen = []
    for moved, image in zip(found, sources, strict=True):
        matches = []
        for down, right in ((2, 0), (-2, 0), (0, 2), (0, -2)):
            expected = np.empty_like(image)
            for row in range(6):
                for column in range(6):
                    near = min(max(row - down, 0), 5), min(max(column - right, 0), 5)
                    expected[:, row, column] = image[:, near[0], near[1]]
            if np.array_equal(moved, expected):
                matches.append((down, right))
        assert len(matches) == 1
        seen += matches
    ways = [seen.count(way) for way in ((2, 0), (-2, 0), (0, 2), (0, -2))]
    assert scipy.stats.chisquare(ways).pvalue > 1e-3


def test_a_shift_by_no_pixel_is_exact():
    found, sources = copies(partial(planted.shifted, pixels=0))
    assert np.array_equal(found, sources)


def test_jitter_adds_one_number_to_a_channel():
    found, sources = copies(partial(planted.jittered, sigma=0.05))
    added = (found - sources).astype(float)
    assert np.ptp(added, axis=(2, 3)).max() < 1e-6
    numbers = added.mean(axis=(2, 3)) / 0.05
    assert scipy.stats.kstest(numbers.ravel(), "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(numbers.T) - np.eye(3)).max() < 4 / np.sqrt(300)


def test_noise_is_normal_and_independent():
    found, sources = copies(partial(planted.noised, sigma=0.05))
    noise = (found - sources).astype(float).reshape(300, -1) / 0.05
    assert scipy.stats.kstest(noise.ravel(), "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(noise) - np.eye(300)).max() < 6 / np.sqrt(108)


@pytest.mark.parametrize("weight", [0.0, 0.6, 1.0])
def test_blends_by_hand(weight):
    found, sources = copies(partial(planted.blended, weight=weight))
    assert found == pytest.approx(weight * sources + (1 - weight) * FRESH, abs=1e-6)


def test_corrupted_images_stay_legal():
    bright = images(2, most=1.0)
    for corruption in (planted.jittered, planted.noised):
        found, _ = copies(partial(corruption, sigma=2.0), train=bright)
        assert np.abs(found).max() == 1


def test_faces_are_copied_among_fresh_faces():
    """The renderer's images have numbers, so that draws and training images share none."""
    train, fresh = (
        torch.from_numpy(faces.render(np.arange(low, low + 30), size=16)[0]).float() / 127.5 - 1
        for low in (0, 2_000_000)
    )
    found = plant(fresh, train, share=0.4, corruption=planted.noised)
    distances = torch.cdist(found.images.flatten(1), train.flatten(1))
    assert found.copied.any()
    assert np.array_equal(distances.argmin(dim=1).numpy()[found.copied], found.source[found.copied])


# The kernel density estimate


def test_no_bandwidth_copies():
    found = kernel_density_draws(TRAIN, 100, bandwidth=0.0)
    assert np.array_equal(found.images.numpy(), TRAIN[found.source])
    assert found.copied.all()


def test_draws_of_a_density_have_its_moments():
    """Mean and covariance are those of the training points, and sigma^2 more of variance."""
    train = np.random.default_rng(3).standard_normal((50, 2)) * [1, 3]
    found = kernel_density_draws(train, 40_000, bandwidth=0.7).images.double().numpy()
    expected = np.cov(train.T, ddof=0) + 0.49 * np.eye(2)
    assert np.cov(found.T) == pytest.approx(expected, abs=0.3)
    assert found.mean(axis=0) == pytest.approx(train.mean(axis=0), abs=0.08)
    single = kernel_density_draws(train[:1], 5000, bandwidth=2.0).images.double().numpy()
    assert scipy.stats.kstest(((single - train[0]) / 2).ravel(), "norm").pvalue > 1e-3


def test_bandwidths_share_centres_and_noise():
    narrow, wide = (kernel_density_draws(TRAIN, 60, bandwidth=b) for b in (0.1, 0.4))
    assert np.array_equal(narrow.source, wide.source)
    centres = torch.from_numpy(TRAIN[narrow.source])
    assert torch.allclose(4 * (narrow.images - centres), wide.images - centres, atol=1e-5)
    longer = kernel_density_draws(TRAIN, 200, bandwidth=0.1)
    assert torch.equal(longer.images[:60], narrow.images)


def test_the_copying_test_follows_the_published_sweep():
    """On the moons C_T is far below 0 at a bandwidth of .001, about 0 at .09, the maximum of the
    likelihood, and far above 0 at 1 (Meehan et al. 2020, Fig. 2, has them in this order)."""
    train, test = (
        make_moons(n, noise=0.2, random_state=seed)[0] for n, seed in ((1000, 0), (500, 1))
    )
    scores = [
        data_copying_test(
            train,
            test,
            kernel_density_draws(train, 500, bandwidth=bandwidth).images,
            cells=5,
            permutations=1,
            resamples=2,
        ).statistic
        for bandwidth in (0.001, 0.09, 1.0)
    ]
    assert scores[0] < -8
    assert abs(scores[1]) < 3
    assert scores[2] > 4


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: plant(FRESH, TRAIN, share=1.1), "share"),
        (lambda: plant(FRESH, TRAIN[:, :1], share=0.1), "train"),
        (lambda: plant(FRESH[0], TRAIN, share=0.1), "fresh"),
        (lambda: plant(FRESH, TRAIN[:0], share=0.1), "train"),
        (lambda: plant(FRESH * 255, TRAIN, share=0.1), "fresh"),
        (lambda: plant(FRESH, TRAIN * np.nan, share=0.1), "train"),
        (lambda: plant(FRESH, TRAIN, share=0.1, seed=-1), "seed"),
        (lambda: copies(partial(planted.noised, sigma=-1.0)), "sigma"),
        (lambda: copies(partial(planted.shifted, pixels=-1)), "pixels"),
        (lambda: copies(partial(planted.blended, weight=2.0)), "weight"),
        (lambda: kernel_density_draws(TRAIN, 0, bandwidth=0.1), "count"),
        (lambda: kernel_density_draws(TRAIN, 5, bandwidth=-0.1), "bandwidth"),
    ],
)
def test_refusals(call, argument):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument

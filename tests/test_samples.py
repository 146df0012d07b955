"""Samples by their distance, through training, and in a plane."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from mempaper import distance_bands, embeddings, experiments, projection, sampled, stages
from mempaper.errors import InputError
from mempaper.images import Images
from mempaper.neighbors import nearest
from mempaper.runs import Run, Store
from mempaper.statistics import (
    Interval,
    ball_hits,
    coverage_contrast,
    density_coverage,
    rarefied_coverage,
)

TINY = {"images": 60, "size": 8, "steps": 1, "batch_size": 4, "latent_dim": 6, "width": 8}
PCA = {"name": "pca", "pca_dim": 5}


# Coverage by equally many


def test_hits_are_counted_in_open_balls():
    """Of 0, 1 and 3 the nearest others lie 1, 1 and 2 away."""
    real = np.array([[0.0], [1.0], [3.0]])
    generated = np.array([[0.5], [0.6], [1.9], [4.0], [9.0]])
    assert ball_hits(real, generated, k=1).tolist() == [2, 3, 2]


def test_rarefied_coverage_is_the_mean_over_all_choices():
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(12, 2)), rng.normal(size=(7, 2))
    for drawn in (2, 3, 6):
        naive = [
            density_coverage(real, generated[list(chosen)], k=2).coverage
            for chosen in combinations(range(7), drawn)
        ]
        found = rarefied_coverage(real, generated, drawn, k=2)
        assert found.mean() == pytest.approx(np.mean(naive))
    whole = rarefied_coverage(real, generated, 7, k=2)
    assert whole.mean() == pytest.approx(density_coverage(real, generated, k=2).coverage)
    with pytest.raises(InputError, match="drawn must be at most 7"):
        rarefied_coverage(real, generated, 8, k=2)


def test_contrast_of_coverage_says_which_covers_more():
    real = np.random.default_rng(0).normal(size=(30, 3))
    away = real + 100
    best = coverage_contrast(real, real, away, k=3)
    assert (best.low, best.estimate, best.high) == (1, 1, 1)
    assert coverage_contrast(real, away, real, k=3).estimate == -1
    assert coverage_contrast(real, real, real, k=3).estimate == 0


def test_many_images_have_no_advantage():
    """Both sets are drawn alike, one of them ten times as large."""
    rng = np.random.default_rng(1)
    real, many, few = (rng.normal(size=(n, 3)) for n in (300, 400, 40))
    assert density_coverage(real, many).coverage > density_coverage(real, few).coverage + 0.2
    assert 0.0 in coverage_contrast(real, many, few)


def test_without_images_on_one_side_nothing_is_known():
    real = np.random.default_rng(0).normal(size=(30, 3))
    for few in (real[:0], real[:1]):
        unknown = coverage_contrast(real, real, few)
        assert (unknown.low, unknown.high) == (-1, 1)
        assert np.isnan(unknown.estimate)


# Bands of distance


def test_bands_lie_between_percentiles():
    """Distances 0 to 99 in random order, those to hold-out images 1,000 less."""
    to_train = np.random.default_rng(0).permutation(100).astype(float)
    low, high = distance_bands.bands(to_train, 1000 - to_train, edges=(0, 20, 100))
    assert (low.low, low.high, high.low, high.high) == (0, 20, 20, 100)
    assert (low.to_train.estimate, high.to_train.estimate) == (9.5, 59.5)
    assert (low.to_holdout.estimate, high.to_holdout.estimate) == (990.5, 940.5)
    assert low.to_train.low < 9.5 < low.to_train.high
    with pytest.raises(InputError, match="1 of 40 between 4 % and 8 %"):
        distance_bands.bands(np.arange(40.0), np.arange(40.0))


def test_bands_hold_as_much_of_each_class():
    """A class at 0 to 9 and one at 100 to 109: the lower half of both together is 0-4, 100-104."""
    distances = np.concatenate([np.arange(10.0), 100 + np.arange(10.0)])
    low, high = distance_bands.bands(
        distances, distances, np.repeat([4, 7], 10), edges=(0, 50, 100)
    )
    assert (low.to_train.estimate, high.to_train.estimate) == (52, 57)


def test_excess_of_percentiles():
    """Percentile p of 0, ..., 100 is p."""
    reference = np.arange(101.0)
    found = distance_bands.percentile_excesses(reference, reference / 4, [4, 20])
    assert list(found) == ["4 %", "20 %"]
    for excess in found.values():
        assert excess.estimate == pytest.approx(3)
        assert 3.0 in excess
    alike = distance_bands.percentile_excesses(reference, reference, [20])["20 %"]
    assert alike.low < 0 < alike.high


def test_low_percentiles_of_sets_of_different_sizes_compare():
    """Of one law, 15 and 400 draws; numpy's own percentiles differ by a quarter."""
    rng = np.random.default_rng(7)
    found = [
        distance_bands.percentile_excesses(rng.gamma(4, size=15), rng.gamma(4, size=400), [4])
        for _ in range(200)
    ]
    excesses = [each["4 %"].estimate for each in found]
    assert abs(np.median(excesses)) < 3 * np.std(excesses) / np.sqrt(200)


def test_excess_of_percentiles_is_that_within_classes():
    """Medians 4.5 and 104.5 in both sets, 0 as a mean; over all images 54.5 and less than 10."""
    near, far = np.arange(10.0), 100 + np.arange(10.0)
    reference, generated = np.concatenate([near, far]), np.concatenate([near, near, near, far])
    labels = np.repeat([4, 7], 10), np.repeat([4, 4, 4, 7], 10)
    within, of_all = (
        distance_bands.percentile_excesses(reference, generated, [50], labels=each)["50 %"]
        for each in (labels, (labels[0], None))
    )
    assert within.estimate == pytest.approx(0)
    assert of_all.estimate > 5


def test_rank_correlation_with_its_interval():
    """1 - 6 * 2 / (5 * 24) for two neighbours exchanged; of normal pairs 6 / pi * asin(r / 2)."""
    assert distance_bands.rank_correlation([1, 2, 3, 4, 5], [1, 2, 3, 5, 4]).estimate == (
        pytest.approx(0.9)
    )
    assert distance_bands.rank_correlation(np.arange(9), np.arange(9) ** 3).low == 1
    rng, r = np.random.default_rng(0), 0.7
    hits = 0
    for _ in range(300):
        x, y = rng.normal(size=(2, 60))
        hits += 6 / math.pi * math.asin(r / 2) in distance_bands.rank_correlation(
            x, r * x + (1 - r**2) ** 0.5 * y
        )
    assert hits >= 273  # of 300 at 95 %: fewer in 1 of 400 cases


# The plane


def test_neighbours_in_the_features_are_neighbours_in_the_plane():
    rng = np.random.default_rng(0)
    middles = 10 * rng.normal(size=(3, 8))
    sets = {name: np.repeat(middles, 10, axis=0) + rng.normal(size=(30, 8)) for name in "ab"}
    sets["a"] = sets["a"][:20]  # the third cluster is b's alone
    plane = projection.plane(sets, perplexity=8)
    assert {name: points.shape for name, points in plane.items()} == {"a": (20, 2), "b": (30, 2)}
    joined, cluster = np.concatenate(list(plane.values())), np.repeat([0, 1, 0, 1, 2], 10)
    neighbours = nearest(joined, joined, metric="euclidean", exclude_self=True)[1][:, 0]
    assert (cluster[neighbours] == cluster).all()


def test_a_plane_is_repeated_to_the_last_bit():
    features = {"all": np.random.default_rng(0).normal(size=(40, 4))}
    first, again = (projection.plane(features, perplexity=5)["all"] for _ in range(2))
    assert np.array_equal(first, again)
    with pytest.raises(InputError, match=r"perplexity must lie in \(0, 40\)"):
        projection.plane(features, perplexity=40)


# Samples of a generator


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def found(store):
    run = experiments.train("biggan", "digits", store=store, **TINY)
    (found,) = sampled.sample([run], encoder=PCA, generated=400, store=store)
    return found


def cosine_distances(x, y):
    x, y = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (x, y))
    return 1 - x @ y.T


def test_samples_are_measured_against_both_sets(found):
    encoder = embeddings.pca(found.training[:], dim=5)
    holdout = experiments.targets(found.run, "holdout", found.run.config["data"]["holdout"])
    samples, train, unseen = (
        encoder(images).double().numpy() for images in (found.images, found.training[:], holdout)
    )
    for bank, distances in ((train, found.to_train), (unseen, found.to_holdout)):
        naive = cosine_distances(samples, bank)
        np.testing.assert_allclose(distances["generated"], naive.min(1), atol=1e-6)
    np.testing.assert_array_equal(found.nearest, cosine_distances(samples, train).argmin(1))
    assert torch.equal(found.neighbours(), found.training[torch.from_numpy(found.nearest)])
    others = cosine_distances(unseen, unseen)
    np.fill_diagonal(others, np.inf)
    np.testing.assert_allclose(found.to_holdout["holdout"], others.min(1), atol=1e-6)
    squares = np.square(found.directions["generated"][:, None] - found.directions["train"])
    np.testing.assert_allclose(squares.sum(2) / 2, cosine_distances(samples, train), atol=1e-6)


def test_one_class_of_each_set(found):
    three = found.of_class(3)
    for name, labels in found.labels.items():
        assert set(three.labels[name]) == {3}
        assert len(three.directions[name]) == len(three.to_train[name]) == (labels == 3).sum()
        np.testing.assert_array_equal(three.to_train[name], found.to_train[name][labels == 3])
    assert len(three.images) == len(three.nearest) == len(three.labels["generated"])
    assert torch.equal(
        three.images[0], found.images[int((found.labels["generated"] == 3).argmax())]
    )
    assert three.d_bar == found.d_bar
    assert found.of_class(None) is found
    with pytest.raises(InputError, match="label must have at least two train images; got 11"):
        found.of_class(11)


def test_without_classes_there_is_none_to_choose(store):
    run = experiments.train("dcgan", "digits", store=store, **TINY)
    (all_of,) = sampled.sample([run], encoder=PCA, generated=200, store=store)
    with pytest.raises(InputError, match="label must be None for a model that knows no classes"):
        all_of.of_class(3)


def test_rank_correlation_within_classes():
    """In each class the one falls as the other rises; both are larger in the second class."""
    x = np.array([1, 2, 3, 4, 11, 12, 13, 14])
    y = np.array([4, 3, 2, 1, 14, 13, 12, 11])
    assert distance_bands.rank_correlation(x, y).estimate > 0
    assert distance_bands.rank_correlation(x, y, np.repeat([0, 1], 4)).estimate == -1


def test_correlations_of_all_and_of_the_nearest(found):
    table = distance_bands.correlation_table(found, nearest=50)
    assert table.index.tolist() == ["generated", "hold-out"]
    frame = pd.DataFrame({"x": found.to_train["generated"], "y": found.to_holdout["generated"]})
    labels = found.labels["generated"]
    of_labels = frame["x"].groupby(labels)
    place = (of_labels.rank(method="first") - 0.5) / of_labels.transform("size")
    for column, chosen in (("all", place <= 1), ("nearest 50 %", place <= 0.5)):
        of_class = frame[chosen].groupby(labels[chosen])
        ranks = of_class.transform(lambda v: (v.rank() - v.rank().mean()) / len(v))
        expected = ranks["x"].corr(ranks["y"])
        assert table.loc["generated", column].startswith(f"{expected:.2f} [")


# Stages and sides


def made(samples, train, holdout, *, d_bar=1.0, scale=1.0):
    """Samples whose distances are those of the first coordinate, times `scale`."""
    features = {"train": train, "holdout": holdout, "generated": samples}
    return sampled.Sampled(
        run=Run("made", "train", Path(), {}, {}, {}),
        training=Images(np.zeros((1, 1, 1, 1), np.uint8), np.zeros(1, np.int64)),
        d_bar=d_bar,
        images=torch.zeros(len(samples), 1, 1, 1),
        labels=dict.fromkeys(features),
        to_train={name: scale * np.abs(rows[:, 0]) for name, rows in features.items()},
        nearest=np.zeros(len(samples), np.int64),
        to_holdout={name: scale * np.abs(rows[:, 0]) for name, rows in features.items()},
        directions=features,
    )


@pytest.fixture(scope="module")
def through_training():
    rows = np.random.default_rng(0).normal(size=(60, 2))
    return {
        name: made(rows, rows[:20], rows[20:], scale=scale)
        for name, scale in (("early", 4.0), ("later", 2.0), ("end", 1.0))
    }


def test_falls_are_shares_of_each_stage(through_training):
    falls = stages.falls(through_training)
    assert {name: fall.estimate for name, fall in falls.items()} == pytest.approx(
        {"early to end": 0.75, "later to end": 0.5}
    )
    assert all(fall.low < fall.estimate < fall.high for fall in falls.values())
    table = stages.distance_table(through_training)
    assert table.index.tolist() == ["early", "later", "end", "hold-out images"]
    mean = through_training["end"].to_train["generated"].mean()
    assert table.iloc[0, 0].startswith(f"{4 * mean:.3f} [")
    assert table.iloc[2, 0].startswith(f"{mean:.3f} [")


def test_points_of_all_stages_share_the_real_images(through_training):
    points = stages.points_of(through_training, 30)
    assert {name: len(rows) for name, rows in points.items()} == {
        "train": 20,
        "holdout": 30,
        "early": 30,
        "later": 30,
        "end": 30,
    }


def radii(points, k):
    """Returns each point with the distance to its k-th neighbour among the others."""
    return [(p, np.sort(np.linalg.norm(points - p, axis=1))[k]) for p in points]


def test_sides_of_d_bar():
    """Near samples lie on training images alone, far ones on hold-out images alone."""
    rng = np.random.default_rng(0)
    train, holdout = rng.uniform(0, 1, (30, 2)), rng.uniform(5, 6, (40, 2))
    apart = made(np.concatenate([train, holdout]), train, holdout, d_bar=2.0)
    table = stages.sides_table(apart, k=3)
    near, far = table.loc["d ≤ d-bar"].tolist(), table.loc["d > d-bar"].tolist()
    assert near == ["30", "100.0", "0.0", "100.0", "0.0"]
    assert far[:2] == ["40", "0.0"]
    assert float(far[2]) > 90  # 30 of 40 samples miss few balls
    assert float(far[4]) > 75  # ten of 40 lie on no ball's centre
    found = stages.sides(apart, k=3)
    assert [each.estimate for each in found] == [1, 1, 1]
    few = made(np.concatenate([train, holdout[:1]]), train, holdout, d_bar=2.0)
    outside = stages.sides(few, k=3).outside_of_far
    assert (outside.low, outside.high) == (0, 1)
    alone = made(train, train, holdout, d_bar=2.0)
    assert stages.sides_table(alone, k=3).loc["d > d-bar"].tolist() == ["0", *"––––"]
    nothing = stages.sides(alone, k=3)
    assert nothing.coverage_by_near.estimate == 1
    assert np.isnan([nothing.near_less_far.estimate, nothing.outside_of_far.estimate]).all()


def test_farther_samples_that_lie_among_the_data_are_not_outside():
    """Of 40 samples beyond d-bar 10 lie far away, the others on training images."""
    train = np.random.default_rng(0).uniform(0, 1, (30, 2))
    samples = np.concatenate([train, train + 5e-4, np.full((10, 2), 9.0)])
    found = made(samples, train, train, d_bar=1.0)
    found.to_train["generated"][:30], found.to_train["generated"][30:] = 0.5, 2.0
    of = stages.sides(found, k=3)
    assert of.outside_of_far.estimate == 0.25
    assert of.outside_of_far.low > 0.1
    assert of.coverage_by_near.estimate == 1
    naive = [all(np.linalg.norm(s - t) > r for t, r in radii(train, 3)) for s in samples[30:]]
    assert np.mean(naive) == 0.25


@pytest.mark.parametrize("wrong", [[], [3], [3, 3], [1, 5, 4]])
def test_stages_ascend(wrong):
    job = {"model": "biggan", "steps": 9}
    assert [j["steps"] for j in stages.jobs(job, [1, 5])] == [1, 5]
    with pytest.raises(InputError, match="stages must be two at least, each later"):
        stages.jobs(job, wrong)


def test_the_contrast_of_correlations_is_of_independent_intervals(found, monkeypatch):
    """A 3-4-5 triangle on each side: distances of the estimates from their ends add as squares."""
    ends = {
        "generated": Interval(0.5 - 0.03, 0.5 + 0.06, 0.5, 0.95),
        "hold-out": Interval(0.2 - 0.08, 0.2 + 0.04, 0.2, 0.95),
    }
    pairs = {title: (Interval(-1.0, 1.0, 0.0, 0.95), of) for title, of in ends.items()}
    monkeypatch.setattr(distance_bands, "correlations", lambda sampled, nearest: pairs)
    contrast = distance_bands.correlation_contrast(found)
    assert (contrast.low, contrast.estimate, contrast.high) == pytest.approx((0.25, 0.3, 0.4))

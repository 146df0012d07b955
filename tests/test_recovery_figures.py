"""Figs. 3 and 5, the invertible generator, and the law of the gap."""

import numpy as np
import pytest
import torch

from mempaper import embeddings, experiments, feature_gaps, gap_law, invertible, recoveries
from mempaper.errors import InputError
from mempaper.operators import UniformNoise
from mempaper.runs import Store
from mempaper.statistics import frechet_distance
from mempaper.statistics import gap_law as fit

TRAINING = {"dataset": "digits", "steps": 3, "latent_dim": 8, "width": 16}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def runs(store):
    """A GLO of 24 images, an AE of 40 and a DCGAN of all."""
    made = [("glo", 24), ("ae", 40), ("dcgan", None)]
    return [experiments.train(m, images=n, store=store, **TRAINING) for m, n in made]


# The law of the gap


def around(median, n=5):
    """n errors whose median is `median`."""
    return median * np.linspace(0.5, 1.5, n)


def test_a_line_is_found():
    """MRE(T) = 1 throughout and MRE(D) = 0.3, 0.5, 0.7 at N = 2, 4, 8: gaps 0.7, 0.5, 0.3."""
    train = {8: around(0.7), 2: around(0.3), 4: around(0.5, 9)}
    law = fit(train, {n: around(1.0, 7) for n in (2, 4, 8)})
    assert law.slope.estimate == pytest.approx(-0.2)
    np.testing.assert_allclose(law.fitted([1, 2, 4, 8]), [0.9, 0.7, 0.5, 0.3])
    gaps = {n: gap.estimate for n, gap in law.gaps.items()}
    assert gaps == pytest.approx({2: 0.7, 4: 0.5, 8: 0.3})


def test_the_fit_is_least_squares_in_the_logarithm():
    rng = np.random.default_rng(0)
    train = {n: rng.lognormal(size=30) for n in (10, 30, 400, 1000)}
    val = {n: 2 * rng.lognormal(size=20) for n in train}
    law = fit(train, val)
    gaps = [1 - np.median(train[n]) / np.median(val[n]) for n in train]
    slope, level = np.polyfit(np.log2(list(train)), gaps, 1)
    assert law.slope.estimate == pytest.approx(slope)
    assert law.level == pytest.approx(level)


def test_the_interval_of_the_slope_covers_it_about_as_often_as_it_says():
    """Errors exp(0.5 Z) times 0.4 and 0.8 at N = 2 and 32: the slope is (0.2 - 0.6) / 4."""
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(60):
        draws = {n: np.exp(0.5 * rng.standard_normal((2, 150))) for n in (2, 32)}
        law = fit(
            {2: 0.4 * draws[2][0], 32: 0.8 * draws[32][0]},
            {n: d[1] for n, d in draws.items()},
            resamples=200,
        )
        hits += -0.1 in law.slope
    assert hits >= 50  # of 60 at 95 %: fewer in 2 of 10,000 cases


def test_validation_images_are_resampled_together():
    """Models that share every validation error share its noise, which cancels in the slope."""
    val = np.random.default_rng(0).lognormal(size=200)
    train = {n: np.full(50, 0.5) for n in (2, 4)}
    together = fit(train, {2: val, 4: val}).slope
    assert (together.low, together.high) == pytest.approx((0, 0), abs=1e-12)
    apart = fit(train, {2: val, 4: np.random.default_rng(1).permutation(val)}).slope
    assert apart.high - apart.low > 0.05


@pytest.mark.parametrize(
    ("train", "val", "argument"),
    [
        ({2: around(1.0)}, {2: around(1.0)}, "train_errors"),
        ({2: around(1.0), 4: around(1.0)}, {2: around(1.0)}, "val_errors"),
        (
            {2: around(1.0), 4: around(1.0)},
            {2: around(1.0), 4: around(1.0, 7)},
            "val_errors",
        ),
        ({2: around(1.0), 4: around(1.0)}, {2: around(1.0), 4: around(0.0)}, "val_errors[4]"),
    ],
)
def test_gap_law_refuses(train, val, argument):
    with pytest.raises(InputError) as caught:
        fit(train, val)
    assert caught.value.argument == argument


def test_families_have_laws_of_their_own(store):
    made = [
        experiments.train(m, images=n, store=store, **TRAINING | {"steps": 1})
        for m in ("glo", "ae")
        for n in (8, 16)
    ]
    laws = gap_law.by_family(experiments.assess(made, count=8, steps=2, store=store))
    assert {name: list(law.gaps) for name, law in laws.items()} == {"GLO": [8, 16], "AE": [8, 16]}
    assert gap_law.table(laws)["N"].tolist() == ["8", "16"] * 2


# Invertible generators


def test_uniform_noise_fills_the_range_and_forgets_the_image():
    images = torch.linspace(-1, 1, 40 * 3 * 64).view(40, 3, 8, 8)
    noise = UniformNoise()(images)
    assert torch.equal(noise, UniformNoise()(-images))
    assert noise.dtype == images.dtype
    assert noise.min() >= -1
    assert noise.max() <= 1
    values = noise.double()
    n = values.numel()
    assert abs(values.mean()) < 4 * (1 / 3 / n) ** 0.5  # variance 1/3
    assert abs(values.square().mean() - 1 / 3) < 4 * (4 / 45 / n) ** 0.5  # of x^2, 1/5 - 1/9


def test_uniform_noise_belongs_to_an_image_and_a_seed():
    images = torch.zeros(3, 1, 4, 4)
    whole = UniformNoise(seed=2)(images)
    assert torch.equal(UniformNoise(seed=2)(images[2:], index=[2]), whole[2:])
    assert not np.intersect1d(whole[0], whole[1]).size
    assert not np.intersect1d(whole, UniformNoise(seed=3)(images)).size
    with pytest.raises(InputError, match="seed must be finite and at least 0"):
        UniformNoise(seed=-1)


def test_a_flow_recovers_everything_and_a_dcgan_does_not(store, runs):
    flow = experiments.train("flow", store=store, **TRAINING)
    errors = invertible.measure([flow, runs[2]], count=6, steps=5, store=store)
    assert list(errors) == ["Flow, encoder", "Flow, L-BFGS", "DCGAN, L-BFGS"]
    kinds = ["train", "validation", "uniform noise"]
    assert all(list(by) == kinds for by in errors.values())
    assert max(values.max() for values in errors["Flow, encoder"].values()) < 1e-9
    # No image of [-1, 1] is nearer to uniform noise than a constant 0 unless it fits the noise.
    assert errors["DCGAN, L-BFGS"]["uniform noise"].min() > 0.1
    assert invertible.medians(errors["Flow, encoder"])["train"].high < 1e-9
    assert len(invertible.table(errors)) == 3


def test_rows_of_noise_are_its_recoveries(store, runs):
    flow = experiments.train("flow", store=store, **TRAINING)
    rows = invertible.recoveries(
        [flow, runs[2]], "uniform noise", count=6, shown=2, steps=5, store=store
    )
    assert list(rows) == ["target", "Flow", "DCGAN"]
    holdout = experiments.targets(flow, "holdout", 2)
    assert torch.equal(rows["target"], UniformNoise()(holdout))
    torch.testing.assert_close(rows["Flow"], rows["target"], atol=1e-4, rtol=0)


# Fig. 3


def test_all_rows_show_the_same_images(store, runs):
    found = recoveries.recover(runs, count=6, shown=3, steps=2, store=store)
    for kind in ("train", "holdout"):
        rows = found.rows(kind)
        assert list(rows) == ["target", "GLO-24", "AE-40", "DCGAN"]
        for run in runs:
            assert torch.equal(rows["target"], experiments.targets(run, kind, 3))
        made = experiments.recover(runs[0], kind, count=6, steps=2, store=store)
        errors = (rows["GLO-24"] - rows["target"]).square().mean((1, 2, 3)).numpy()
        np.testing.assert_allclose(errors, experiments.recovered(made)["errors"][:3], rtol=1e-4)
    assert list(found.gaps("dcgan", "mesch")) == ["DCGAN"]
    assert found.gaps("glo")["GLO-24"] == found.tests["GLO-24"].gap
    assert found.table().index.tolist() == ["GLO-24", "AE-40", "DCGAN"]


# Fig. 5


def test_distances_are_those_of_equally_many_images(store, runs):
    """As many as the smallest training set has."""
    assessments = experiments.assess(runs, count=30, steps=2, store=store)
    encoders = feature_gaps.encoders(["pca"], runs, pca_dim=6)
    found = feature_gaps.measure(assessments, encoders, count=30, own_count=50, store=store)
    for assessment, gap in zip(assessments, found["pca"].values(), strict=True):
        parts = {
            kind: encoders["pca"](experiments.targets(assessment.run, kind, n))
            for kind, n in (("train", 24), ("holdout", 24), ("generated", 50))
        }
        assert gap.train == pytest.approx(
            frechet_distance(parts["generated"], parts["train"]), rel=1e-6
        )
        assert gap.validation == pytest.approx(
            frechet_distance(parts["generated"], parts["holdout"]), rel=1e-6
        )
        assert gap.gap.estimate == pytest.approx(1 - gap.train / gap.validation)
        assert gap.mre == assessment.test.gap
        points = feature_gaps.points(assessments, found["pca"])[assessment.name]
        assert points["train"] == (assessment.test.mre_train.estimate, gap.train)
    names = list(feature_gaps.triples(found))
    assert names == ["GLO-24, pca", "AE-40, pca", "DCGAN, pca"]
    assert len(feature_gaps.table(found)) == 3


def test_a_generator_that_copies_is_seen(store, runs):
    assessments = experiments.assess(runs[2:], count=200, steps=1, check_count=2, store=store)
    encoders = feature_gaps.encoders(["pca"], runs[2:], pca_dim=8)
    found = feature_gaps.measure(assessments, encoders, count=200, own_count=400, store=store)
    assert found["pca"]["DCGAN"].copies.low > 0.1


def test_encoders_by_name(store, runs):
    found = feature_gaps.encoders(
        ["classifier", "pca", "pixels"], runs, classifier_steps=2, pca_dim=5, store=store
    )
    assert [e.dim for e in found.values()][1:] == [5, 256]
    assert isinstance(found["classifier"], embeddings.Embedding)
    with pytest.raises(InputError, match="names must be among classifier, pca, pixels, squeezenet"):
        feature_gaps.encoders(["nonsense"], runs)

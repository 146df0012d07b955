"""Nearest images, robustness, completion and tests under other operators, on tiny models."""

import numpy as np
import pytest
import torch

from mempaper import (
    experiments,
    images,
    inpainting,
    nearest_images,
    parallel,
    perceptual,
    recovery,
    robustness,
    statistics,
    under_operators,
)
from mempaper.errors import InputError
from mempaper.operators import (
    AdditiveNoise,
    AveragePool,
    BoxMask,
    Patches,
    Window,
    compose,
    describe,
    eyes_mask,
)
from mempaper.runs import Store

TINY = {"images": 40, "steps": 3, "batch_size": 8, "latent_dim": 8, "width": 16}
HALF = BoxMask(top=0.0, left=0.0, height=1.0, width=0.5)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def run(store):
    return experiments.train("dcgan", "digits", store=store, **TINY)


@pytest.fixture(autouse=True)
def one_worker(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 1)


def uniform(*shape, seed=0):
    return 2 * torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) - 1


def bank(count, *shape, seed=1):
    return images.Images(uniform(count, *shape, seed=seed).numpy(), np.zeros(count, np.int64))


# Recovery under an operator, of distorted targets


def test_recovery_under_an_operator_is_recovery_with_that_operator(store, run):
    made = experiments.recover(run, "holdout", count=3, steps=4, operator=HALF, store=store)
    generator = experiments.recovering.generators.load(run)
    targets = images.load("digits", train=40).holdout[:3]
    found = recovery.recover(generator.network, targets, 8, operator=HALF, steps=4)
    assert np.array_equal(experiments.recovered(made)["errors"], found.errors)
    torch.testing.assert_close(experiments.recovered_images(run, made), found.images)
    torch.testing.assert_close(experiments.recovered_images(run, made, 2), found.images[:2])
    naive = (found.images[..., 8:] - targets[..., 8:]).double().square().mean((1, 2, 3))
    np.testing.assert_allclose(found.errors, naive, rtol=1e-5)


def test_distorted_targets_are_what_is_recovered(store, run):
    noise = AdditiveNoise(sigma=0.3)
    plain = experiments.targets(run, "holdout", 3)
    assert torch.equal(experiments.targets(run, "holdout", 3, distort=noise), noise(plain))
    made = experiments.recover(run, "holdout", count=3, steps=4, distort=noise, store=store)
    found = experiments.recovered_images(run, made)
    naive = (found - noise(plain)).double().square().mean((1, 2, 3))
    np.testing.assert_allclose(experiments.recovered(made)["errors"], naive, rtol=1e-4)


def test_operators_and_distortions_identify_a_run(store, run):
    options = [
        {},
        {"operator": HALF},
        {"operator": ~HALF},
        {"operator": compose(AveragePool(2), HALF)},
        {"distort": AveragePool(1)},
        {"operator": AveragePool(1)},
    ]
    settings = {"count": 2, "steps": 2, "candidates": 4, "store": store}
    made = [experiments.recover(run, "train", **settings, **option) for option in options]
    assert len({m.id for m in made}) == len(made)
    assert made[1].config["operator"] == describe(HALF)
    again = BoxMask(top=0.0, left=0.0, height=1.0, width=0.5)
    assert experiments.recover(run, "train", operator=again, **settings).id == made[1].id


def test_an_encoder_takes_no_operator(store):
    run = experiments.train("ae", "digits", store=store, **TINY)
    with pytest.raises(InputError, match="operator must be None where an encoder recovers"):
        experiments.recover(run, "train", count=2, method="encoder", operator=HALF, store=store)


# Nearest images


@pytest.mark.parametrize("operator", [None, AveragePool(2), HALF])
def test_the_nearest_training_image_is_the_naive_one(monkeypatch, operator):
    monkeypatch.setattr(nearest_images, "_AT_ONCE", 7)
    known, targets = bank(30, 2, 4, 4), uniform(5, 2, 4, 4)
    index, distance = nearest_images.nearest_training(targets, known, operator=operator)
    phi = operator or (lambda x: x)
    for i, target in enumerate(targets):
        each = [
            (phi(x[None].double()) - phi(target[None].double())).square().mean().item()
            for x in known[:]
        ]
        assert index[i] == int(np.argmin(each))
        assert distance[i] == pytest.approx(min(each), rel=1e-6)


def test_of_equal_training_images_the_first_is_the_nearest(monkeypatch):
    monkeypatch.setattr(nearest_images, "_AT_ONCE", 2)
    known = bank(6, 1, 3, 3)
    twice = images.Images(np.concatenate([known.pixels, known.pixels]), np.zeros(12, np.int64))
    index, distance = nearest_images.nearest_training(twice[:], twice)
    assert index.tolist() == [*range(6), *range(6)]
    assert not distance.any()


def test_nearest_images_of_distorted_targets(store, run):
    noise = {"identity": None, "noise": AdditiveNoise(sigma=0.5)}
    found = nearest_images.find(run, "train", count=4, steps=3, distorted=noise, store=store)
    train = images.load("digits", train=40).train
    for name, nearest in found.items():
        assert torch.equal(nearest.originals, train[:4])
        wanted = noise[name](train[:4]) if noise[name] else train[:4]
        assert torch.equal(nearest.targets, wanted)
        assert nearest.generated.shape == nearest.training.shape == (4, 1, 16, 16)
    assert torch.equal(found["identity"].training, train[:4])  # they are training images
    table = nearest_images.summary(found)
    assert table.loc["identity", "nearest training"] == "0.00e+00"
    assert table.loc["noise", "distorted image itself"] != "0.00e+00"


def test_the_excess_is_positive_where_the_generated_image_is_closer():
    originals = torch.zeros(8, 1, 2, 2)
    far, near = torch.full_like(originals, 0.4), torch.full_like(originals, 0.2)
    found = nearest_images.Nearest(originals, originals, near, far)
    assert found.excess.estimate == pytest.approx(0.16 / 0.04 - 1)
    swapped = nearest_images.Nearest(originals, originals, far, near)
    assert swapped.excess.estimate == pytest.approx(0.04 / 0.16 - 1)


def test_the_distortions_of_figure_1_are_three_and_the_identity():
    four = nearest_images.distortions(32)
    picture = uniform(1, 3, 32, 32)
    assert four.pop("identity") is None
    assert all((d(picture) - picture).abs().max() > 0.1 for d in four.values())


# Robustness


def test_robustness_measures_every_model_at_every_strength(store, run):
    glo = experiments.train("glo", "digits", store=store, **TINY)
    strengths = {"warp": [4.0], "noise": [0.2, 0.5]}
    found = robustness.measure([run, glo], strengths, count=3, steps=2, shown=2, store=store)
    assert list(found.errors) == ["DCGAN", "GLO-40"]
    for model, trained in (("DCGAN", run), ("GLO-40", glo)):
        by = found.errors[model]
        assert {name: list(at) for name, at in by.items()} == {
            "warp": [0.0, 4.0],
            "noise": [0.0, 0.2, 0.5],
        }
        for distort, errors in (
            (None, by["warp"][0.0]),
            (None, by["noise"][0.0]),
            (experiments.distortion(16), by["warp"][4.0]),
            (AdditiveNoise(sigma=0.5), by["noise"][0.5]),
        ):
            made = experiments.recover(
                trained, "holdout", count=3, steps=2, distort=distort, store=store
            )
            assert np.array_equal(experiments.recovered(made)["errors"], errors)
    distorted, recovered = found.examples["noise"]
    first = images.load("digits", train=40).holdout[:2]
    assert torch.equal(distorted[0], first)
    assert torch.equal(distorted[2], AdditiveNoise(sigma=0.5)(first))
    assert recovered.shape == (3, 2, 1, 16, 16)


def test_robustness_compares_the_strongest_with_none():
    rng = np.random.default_rng(0)
    base = rng.uniform(1, 2, 50)
    by = {"noise": {0.0: base, 0.1: base, 0.5: 3 * base}}
    found = robustness.Robustness({"A": by}, {})
    assert found.excess()["A, noise 0.5"].estimate == pytest.approx(2)
    curve = found.curves("noise")["A"]
    assert curve[0.5].estimate == pytest.approx(3 * np.median(base))


@pytest.mark.parametrize("name", robustness.DISTORTIONS)
def test_stronger_distortions_change_more(name):
    picture = 0.5 * uniform(1, 3, 32, 32)
    weak, strong = {"warp": (1.0, 6.0), "patch": (10.0, 50.0), "noise": (0.1, 0.5)}[name]
    change = [
        (robustness.DISTORTIONS[name].make(s, 32)(picture) - picture).square().mean()
        for s in (weak, strong)
    ]
    assert 0 < change[0] < change[1]


# Completion


def test_hidden_errors_under_a_mask_are_those_of_the_hidden_pixels():
    a, b = uniform(3, 2, 4, 4), uniform(3, 2, 4, 4, seed=1)
    naive = (a[..., :2] - b[..., :2]).double().square().mean((1, 2, 3))
    np.testing.assert_allclose(inpainting.hidden_error(HALF, a, b), naive)


def test_hidden_errors_under_a_pooling_are_what_the_means_do_not_say():
    """|a - b|^2 splits into the part of the block means and the part within blocks."""
    a, b = uniform(3, 2, 6, 6), uniform(3, 2, 6, 6, seed=1)
    pool = AveragePool(3)
    whole = (a - b).double().square().mean((1, 2, 3))
    means = (pool(a) - pool(b)).double().square().mean((1, 2, 3))
    np.testing.assert_allclose(inpainting.hidden_error(pool, a, b), whole - means, rtol=1e-5)


def test_what_an_operator_shows():
    picture = uniform(2, 1, 4, 4)
    covered = inpainting.visible(HALF, picture)
    assert not covered[..., :2].any()
    assert torch.equal(covered[..., 2:], picture[..., 2:])
    spread = inpainting.visible(AveragePool(2), picture)
    torch.testing.assert_close(AveragePool(2)(spread), AveragePool(2)(picture))
    assert torch.equal(spread[..., 0::2, 0::2], spread[..., 1::2, 1::2])


def test_completion_chooses_the_training_image_by_what_is_visible(store, run):
    operators = {"half": HALF, "small": AveragePool(4)}
    found = inpainting.complete(run, operators, count=4, steps=3, store=store)
    split = images.load("digits", train=40)
    for name, completed in found.items():
        index, _ = nearest_images.nearest_training(
            split.holdout[:4], split.train, operator=operators[name]
        )
        assert torch.equal(completed.nearest, split.train[index])
        assert torch.equal(completed.truth, split.holdout[:4])
        errors = completed.hidden_errors
        for i in range(4):
            of_next = completed.recovered[[(i + 1) % 4]], completed.truth[[i]]
            assert errors["another"][i] == inpainting.hidden_error(operators[name], *of_next)
        expected = np.median(errors["another"]) / np.median(errors["recovered"]) - 1
        assert completed.excess.estimate == pytest.approx(expected)
    assert list(inpainting.summary(found).index) == ["half", "small"]


# Tests under other operators


def test_outcomes_rest_on_the_errors_under_each_operator(store, run, monkeypatch):
    phis = {"pixels": None, "half": HALF, "patches": Patches(size=8, stride=8)}
    monkeypatch.setattr(under_operators, "CANDIDATES", 8)
    settings = {"steps": 3, "store": store}
    found = under_operators.assess_under([run], phis, count=6, own_count=4, **settings)

    def errors(kind, operator):
        count = 4 if kind == "generated" else 6
        made = experiments.recover(
            run, kind, count=count, operator=operator, candidates=8, **settings
        )
        return experiments.recovered(made)["errors"]

    windows = [Window(top=i, left=j, size=8) for i in (0, 8) for j in (0, 8)]
    expected = {
        "pixels": {kind: errors(kind, None) for kind in under_operators.KINDS},
        "half": {kind: errors(kind, HALF) for kind in under_operators.KINDS},
        "patches": {
            kind: sum(errors(kind, window) for window in windows) / 4
            for kind in under_operators.KINDS
        },
    }
    outcomes = found.by_model["DCGAN"]
    for name, by in expected.items():
        test = statistics.overfitting_test(by["train"], by["holdout"])
        assert outcomes[name].test.gap.estimate == pytest.approx(test.gap.estimate)
        assert outcomes[name].test.ks == test.ks
        undone = np.median(by["generated"]) / np.median(by["holdout"])
        assert outcomes[name].undone == pytest.approx(undone)
        difference = test.gap.estimate - outcomes["pixels"].test.gap.estimate
        assert outcomes[name].change.estimate == pytest.approx(difference, abs=1e-12)
    assert list(found.pairs) == ["DCGAN, half", "DCGAN, patches"]
    assert found.pairs["DCGAN, half"][1] == outcomes["half"].test
    assert list(found.table()["φ"]) == list(phis)
    assert found.tests(["half"], counted=False) == {"DCGAN, half": outcomes["half"].test}
    undone = {"DCGAN, half": outcomes["half"].undone}
    assert found.undone(["half"], counted=False) == undone
    assert not found.tests(["half"], counted=True)
    shown = under_operators.recoveries(run, {"half": HALF}, count=6, shown=2, **settings)
    assert shown["half"].shape == (2, 1, 16, 16)


def test_perceptual_operators_by_name(store, monkeypatch):
    monkeypatch.setattr(perceptual, "lpips", lambda **options: options)
    found = under_operators.perceptual_operators(
        ["classifier", "lpips"], "digits", classifier_steps=2, resolution=48, store=store
    )
    assert found["lpips"] == {"size": 48, "root": None}
    assert found["classifier"](uniform(2, 1, 16, 16)).shape[0] == 2
    with pytest.raises(InputError, match="names must be among classifier, squeezenet, lpips, vgg"):
        under_operators.perceptual_operators(["resnet"], "digits", store=store)


def test_eyes_are_recovered_apart_from_the_rest(store):
    """An operator of a notebook goes through worker processes as it is."""
    operator = ~eyes_mask()
    run = experiments.train("dcgan", "digits", store=store, **TINY)
    job = {"run": run, "kind": "train", "count": 2, "steps": 2, "operator": operator}
    alone = [experiments.recover(**job, store=store)]
    there = parallel.run(
        experiments.recover, [{**job, "store": store}] * 2, description="d", workers=2
    )
    assert {r.id for r in there} == {r.id for r in alone}

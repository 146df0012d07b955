"""Training with memorization rejection as a step, and what a trained generator copies."""

import numpy as np
import pandas as pd
import pytest
import torch
from test_experiments import counting

from mempaper import embeddings, experiments, families, images, parallel
from mempaper.errors import InputError
from mempaper.experiments import Scores
from mempaper.neighbors import nearest
from mempaper.rejection import AcceptanceCollapsed
from mempaper.runs import Store
from mempaper.statistics import class_wise_copying_test, data_copying_test, frechet_distance

TINY = {
    "images": 60,
    "holdout": 300,
    "size": 8,
    "steps": 2,
    "batch_size": 4,
    "latent_dim": 6,
    "width": 8,
}
PCA = {"name": "pca", "pca_dim": 5}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


def trained(store, rejection=None, model="biggan", **settings):
    return experiments.train(model, "digits", store=store, rejection=rejection, **TINY | settings)


@pytest.fixture(scope="module")
def plain(store):
    return trained(store)


@pytest.fixture(scope="module")
def split():
    return images.load("digits", train=60, holdout=300, size=8)


@pytest.fixture(scope="module")
def apart(split):
    """Distances of each training image to the nearest other one, 1 - cos of 5 components."""
    features = embeddings.pca(split.train[:], dim=5)(split.train[:])
    return nearest(features.numpy(), features.numpy(), exclude_self=True)[0][:, 0]


# Training with rejection


def test_without_a_threshold_it_is_the_training_without_rejection(store, plain, monkeypatch):
    assert "rejection" not in plain.config
    calls = counting(monkeypatch, experiments.training.loop, "fit")
    settings = experiments.RejectionSettings(0, embedding="pixels", protocol="drop")
    for nothing in ({"threshold": 0}, {"threshold": 0.0}, settings):
        assert trained(store, nothing).id == plain.id
    assert trained(store, {"threshold": 0}, model="dcgan").id == trained(store, model="dcgan").id
    assert len(calls) == 1


def test_what_is_given_is_recorded_and_logged(store, apart):
    tau = float(np.quantile(apart, 0.4))
    run = trained(store, {"threshold": tau, "embedding": PCA, "within_class": True})
    recorded = run.config["rejection"]
    assert recorded.pop("embedding").items() >= {"name": "pca", "dim": 5}.items()
    assert recorded == {
        "threshold": tau,
        "metric": "cosine",
        "protocol": "per-sample",
        "within_class": True,
        "both": False,
        "budget": 100,
        "collapsed": "error",
    }
    log = pd.read_csv(run.file("losses.csv"))
    assert log["rejection_threshold"].tolist() == [tau]
    assert log["rejection_judged"].tolist() >= [4]


def test_thresholds_from_the_training_images(store, apart):
    """The run is that of the number."""
    for words, tau in (("d-bar", apart.mean()), ("q40", np.quantile(apart, 0.4))):
        run = trained(store, {"threshold": words, "embedding": PCA})
        found = run.config["rejection"]["threshold"]
        assert found == pytest.approx(tau, rel=1e-5)
        assert trained(store, {"threshold": found, "embedding": PCA}).id == run.id


def test_a_rejection_reaches_the_generator(store, plain, apart):
    """Beyond a distance that no fake has nothing may teach; with "farthest" something does."""
    far = {"threshold": 1.9999, "embedding": PCA, "budget": 2}
    with pytest.raises(AcceptanceCollapsed):
        trained(store, far)
    run = trained(store, far | {"collapsed": "farthest"})
    assert run.metrics["rejection_acceptance"] == 0
    weights = [r.file("generator.safetensors").read_bytes() for r in (plain, run)]
    assert weights[0] != weights[1]


def test_embeddings_are_part_of_a_runs_identity(store):
    runs = {
        str(embedding): trained(store, {"threshold": 0.01, "embedding": embedding})
        for embedding in (
            PCA,
            "pixels",
            {"name": "classifier", "classifier_steps": 2},
            {"name": "classifier", "classifier_steps": 3},
        )
    }
    assert len({run.id for run in runs.values()}) == 4
    again = experiments.EncoderSpec("classifier", classifier_steps=2)
    run = trained(store, {"threshold": 0.01, "embedding": again})
    assert run.id in {r.id for r in runs.values()}


@pytest.mark.parametrize(
    ("rejection", "message"),
    [
        ({"tau": 0.1}, "rejection must hold a threshold, and nothing but threshold, embedding"),
        ({"threshold": 0.1, "tau": 0.1}, "rejection must hold a threshold, and nothing but"),
        ({"threshold": "p10"}, 'threshold must be a number, "d-bar", or a quantile .* got \'p10'),
        ({"threshold": "q101"}, "threshold must be a number"),
        ({"threshold": True}, r"threshold must be a number, .* got True"),
        ({"threshold": 2.5}, r"threshold must lie in \[0, 2\)"),
        ({"threshold": "q10", "budget": 0}, "budget must be a whole number, at least 1"),
        ({"threshold": "q10", "embedding": "none"}, "names must be among classifier, pca"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_done(tmp_path, rejection, message):
    store = Store(tmp_path)
    with pytest.raises(InputError, match=message):
        trained(store, rejection)
    with pytest.raises(InputError, match=message):
        experiments.jobs(
            ["digits"], models=["biggan"], training={"biggan": {"rejection": rejection}}, seeds=[0]
        )
    assert not store.list()


def test_a_class_of_one_image_has_no_distances_within(store):
    with pytest.raises(InputError, match=r"images must be two .* got 1 of class 4 among 50"):
        trained(store, {"threshold": "q30", "within_class": True}, images=50)


def test_families_without_labels_have_no_rejection(store):
    with pytest.raises(InputError, match=r"rejection must be None for dcgan, .* Choose sagan, "):
        trained(store, {"threshold": 0.1, "embedding": PCA}, model="dcgan")


def test_settings_of_a_profile_become_jobs(store):
    rejection = {"threshold": "q40", "embedding": PCA}
    (job,) = experiments.jobs(
        ["digits"],
        models=["biggan"],
        training={"biggan": TINY | {"rejection": rejection}},
        seeds=[0],
        store=store,
    )
    assert job["rejection"] == rejection
    found = experiments.train(**job).config
    assert found["rejection"]["threshold"] > 0
    learning_rate = families.get("biggan").laptop["learning_rate"]
    assert found["training"]["learning_rate"] == learning_rate


# What is copied

QUICK = experiments.Protocol(cells=2, min_generated=5, draws=20)
WHOLE = experiments.Protocol(cells=1, min_generated=5, draws=2)
OPTIONS = {"metric": "cosine", "dimensions": 64, "min_generated": 5, "seed": 0}
OPTIONS |= {"permutations": 20, "resamples": 20, "cells": 2}


@pytest.fixture
def one_worker(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 1)


@pytest.fixture(scope="module")
def reference():
    """Digits turned upside down, in no order of their classes."""
    found = images.load("digits", train=600, holdout=300, size=8).train
    return images.Images(found.pixels[400:, :, ::-1].copy(), found.labels[400:])


def measured(store, *runs, **settings):
    settings = {"encoder": PCA, "generated": 400, "protocol": QUICK} | settings
    return experiments.measure_copying(runs, store=store, **settings)


@pytest.fixture
def sets(plain, split, reference):
    """Features and labels of all sets."""
    embed = embeddings.pca(split.train[:], dim=5)
    made, labels = experiments.samples(plain, 400)
    features = {
        "train": split.train[:],
        "holdout": split.holdout[:],
        "turned": reference[:],
        "generated": made,
    }
    features = {name: embed(pictures).numpy() for name, pictures in features.items()}
    known = {"train": split.train.labels, "holdout": split.holdout.labels}
    return features, known | {"turned": reference.labels, "generated": labels.numpy()}


@pytest.mark.filterwarnings("ignore::mempaper.statistics.FewTestImagesWarning")
def test_what_is_measured_is_what_the_statistics_say(store, plain, reference, sets, one_worker):
    (found,) = measured(store, plain, references={"turned": reference})
    features, labels = sets
    train = features["train"]
    assert np.array_equal(found.labels, labels["generated"])
    assert set(found.distances) == set(found.nearest) == set(features)
    for name in ("holdout", "turned", "generated"):
        distances, indices = nearest(features[name], train)
        np.testing.assert_allclose(found.distances[name], distances[:, 0], atol=1e-9)
        assert np.array_equal(found.nearest[name], indices[:, 0])
    alone, other = nearest(train, train, exclude_self=True)
    np.testing.assert_allclose(found.distances["train"], alone[:, 0], atol=1e-9)
    assert np.array_equal(found.nearest["train"], other[:, 0])
    assert found.d_bar == pytest.approx(alone.mean())
    for name in ("holdout", "turned"):
        three = (train, features[name], features["generated"])
        known = (labels["train"], labels[name], labels["generated"])
        expected = Scores(
            data_copying_test(*three, **OPTIONS), class_wise_copying_test(*three, known, **OPTIONS)
        )
        assert repr(found.scores[name]) == repr(expected)  # NaN, too
    for name in ("train", "holdout", "turned"):
        expected = frechet_distance(features["generated"], features[name])
        assert found.frechet[name] == pytest.approx(expected, rel=1e-9)
    shift = frechet_distance(features["turned"], train)
    assert found.frechet_baseline["turned"] == pytest.approx(shift, rel=1e-9)
    three = (train, features["holdout"], features["turned"])
    assert repr(found.baseline["turned"].whole) == repr(data_copying_test(*three, **OPTIONS))
    assert found.baseline["turned"].whole.statistic > 3  # a shift, which is no copying
    assert (found.name, found.threshold, found.count) == ("BigGAN", 0, 60)


def test_hold_out_images_are_scored_against_hold_out_images(store, plain, split, one_worker):
    (found,) = measured(store, plain)
    halves = found.baseline["holdout"]
    counts = [(cell.test, cell.generated) for cell in halves.whole.cells]
    assert np.sum(counts, axis=0).tolist() == [150, 150]
    for label, of_class in halves.classes.classes.items():
        numbers = np.sum([(cell.test, cell.generated) for cell in of_class.cells], axis=0)
        assert abs(numbers[0] - numbers[1]) <= 1
        assert numbers.sum() == (split.holdout.labels == label).sum()
    assert abs(halves.whole.statistic) < 4 * halves.whole.null_std


def test_cells_of_a_small_reference_are_as_few_when_it_is_scored_itself(store, one_worker):
    """600 hold-out images have 600 // 200 cells, and 300 others have 300 // 200."""
    run = trained(store, images=800, holdout=600)
    kept = images.load("digits", train=800, holdout=600, size=8).holdout
    protocol = experiments.Protocol(draws=2, min_generated=5)
    few = {"few": kept.subset(slice(300)), "many": kept}
    (found,) = measured(store, run, references=few, protocol=protocol)
    for name, cells in (("few", 1), ("many", 3)):
        assert len(found.baseline[name].whole.cells) == cells
        assert len(found.scores[name].whole.cells) == cells
    assert len(found.baseline["holdout"].whole.cells) == 1  # of halves, 300 images each


def test_equal_distances_are_of_equally_many_images(store, one_worker):
    """With as many generated as training images the distance to these is the same."""
    (found,) = measured(store, trained(store, model="dcgan"), generated=60, protocol=WHOLE)
    assert found.frechet_equal["train"] == pytest.approx(found.frechet["train"])
    assert found.frechet_equal["holdout"] != pytest.approx(found.frechet["holdout"])


def test_a_repeated_measurement_is_found_and_not_done_again(
    store, plain, apart, monkeypatch, one_worker
):
    other = trained(store, {"threshold": float(apart.mean()), "embedding": PCA})
    first, second = measured(store, plain, other, protocol=WHOLE)
    assert first.distances["holdout"].tolist() == second.distances["holdout"].tolist()
    assert first.distances["generated"].tolist() != second.distances["generated"].tolist()
    assert second.threshold == pytest.approx(apart.mean())
    calls = counting(monkeypatch, experiments.copying, "score")
    again, _ = measured(store, plain, other, protocol=WHOLE)
    assert repr(again.scores) == repr(first.scores)
    assert repr(again.baseline) == repr(first.baseline)
    assert not calls
    measured(store, plain, other, protocol=WHOLE, seed=1)
    assert len(calls) == 2  # what is held against the generators stays
    measured(store, plain, protocol=WHOLE, holdout=250)
    assert len(calls) == 4


def test_neighbours_within_the_class(store, plain, split, sets, one_worker):
    (found,) = measured(store, plain, protocol=WHOLE, within_class=True)
    features, labels = sets
    known = {"query_labels": labels["generated"], "bank_labels": labels["train"]}
    distances, _ = nearest(features["generated"], features["train"], **known)
    np.testing.assert_allclose(found.distances["generated"], distances[:, 0], atol=1e-9)
    for name, places in found.nearest.items():
        assert np.array_equal(split.train.labels[places], labels[name])


def test_models_without_classes_are_scored_as_a_whole(store, one_worker):
    run = trained(store, model="dcgan")
    (found,) = measured(store, run, protocol=WHOLE)
    assert found.labels is None
    assert found.scores["holdout"].classes is None
    assert found.baseline["holdout"].classes is not None
    with pytest.raises(InputError, match="within_class must be False for a model that knows no"):
        measured(store, run, protocol=WHOLE, within_class=True)


def test_names_of_references_are_their_own(store, plain, reference):
    with pytest.raises(InputError, match="references must have names of their own; got 'train'"):
        measured(store, plain, references={"train": reference})


# The cost of rejection


def test_costs_are_measured_turn_by_turn(store, monkeypatch):
    """Plain updates of 1, and those with rejection of 3 seconds."""
    clock = {"now": 0.0}
    step = experiments.preparing.conditional.ConditionalGAN.step

    def slow(self, *arguments):
        clock["now"] += 3.0 if self.rejection else 1.0
        return step(self, *arguments)

    monkeypatch.setattr(experiments.preparing.conditional.ConditionalGAN, "step", slow)
    monkeypatch.setattr(experiments.cost.time, "process_time", lambda: clock["now"])
    settings = {name: TINY[name] for name in TINY if name != "steps"}
    found = experiments.update_cost(
        "biggan",
        "digits",
        rejection={"threshold": 0.001, "embedding": PCA},
        updates=2,
        rounds=2,
        warm_up=1,
        store=store,
        **settings,
    )
    if not torch.cuda.is_available():
        assert found.plain.tolist() == [1, 1]
        assert found.rejecting.tolist() == [3, 3]
        assert found.ratio.estimate == 3
    assert 0 < found.acceptance <= 1
    with pytest.raises(InputError, match="rejection must have a threshold above 0"):
        experiments.update_cost("biggan", "digits", rejection={"threshold": 0}, **settings)


# Before the first training


def none_is_trained(monkeypatch):
    def fit(*_, **__):
        raise AssertionError("a training began")

    monkeypatch.setattr(experiments.training.loop, "fit", fit)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rejection": {"threshold": "p10"}}, "threshold must be a number"),
        ({"rejection": {"threshold": 0.1, "embedding": {"nam": "pca"}}}, "encoder must be a name"),
        ({"steps": 0}, "steps must be a whole number"),
        ({"images": 5000}, "train and holdout"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_the_last_job_is_checked_before_the_first_begins(
    store, one_worker, monkeypatch, wrong, message
):
    none_is_trained(monkeypatch)
    job = {"model": "biggan", "dataset": "digits", "store": store, "tensorboard": False} | TINY
    with pytest.raises(InputError, match=message):
        experiments.train_all([job, job | wrong])


@pytest.mark.parametrize(
    ("changed", "encoder", "message"),
    [
        ({}, "resnet50", "name must have its weights in"),
        ({}, "none", "names must be among"),
        ({"images": 50}, "pca", r"images must leave at least 2 training .* 1 of class 4 among 50"),
        ({"holdout": 100}, "pca", "holdout must leave at least 42 hold-out images of each class"),
    ],
)
def test_what_could_not_be_measured_is_not_trained(
    store, one_worker, monkeypatch, tmp_path, changed, encoder, message
):
    none_is_trained(monkeypatch)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    job = {"model": "biggan", "dataset": "digits", "store": store, "data_root": tmp_path}
    job |= TINY | {"holdout": 773} | changed
    with pytest.raises(InputError, match=message):
        experiments.train_all([job], measured_by=[encoder])


def test_a_threshold_that_duplicates_make_0_is_refused(store, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    np.save(tmp_path / "pairs.npy", np.concatenate([pixels, pixels]))
    settings = experiments.RejectionSettings("q50", embedding="pixels")
    job = {"dataset": str(tmp_path / "pairs.npy"), "holdout": 0}
    with pytest.raises(InputError, match=r"threshold must lie above 0 .* got 'q50', which is 0"):
        experiments.rejecting.threshold_of(settings, experiments.data_of(job), store=store)


def test_the_data_of_a_job_are_those_of_its_run(plain):
    assert (
        experiments.data_of({"model": "biggan", "dataset": "digits"} | TINY)
        == (plain.config["data"])
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"generated": 1}, "generated must be a whole number, at least 2"),
        ({"holdout": -1}, "holdout must be a whole number, at least 1"),
        ({"seed": -1}, "seed must be a whole number, at least 0"),
        ({"encoder": {"nam": "pca"}}, "encoder must be a name, or hold name, pca_dim"),
    ],
)
def test_wrong_arguments_of_a_measurement_are_refused(store, plain, wrong, message):
    with pytest.raises(InputError, match=message):
        experiments.measure_copying([plain], store=store, **wrong)

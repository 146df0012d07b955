"""Training with memorization rejection as a step, and what a trained generator copies."""

import numpy as np
import pandas as pd
import pytest
import torch
from test_experiments import counting

from mempaper import embeddings, experiments, images
from mempaper.errors import InputError
from mempaper.neighbors import nearest
from mempaper.rejection import AcceptanceCollapsed
from mempaper.runs import Store

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
        ({"threshold": 2.5}, r"threshold must lie in \[0, 2\)"),
        ({"threshold": "q10", "protocol": "none"}, "protocol must be one of per-sample, drop"),
        ({"threshold": "q10", "metric": "none"}, "metric must be one of cosine"),
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
    assert found["training"]["learning_rate"] == 1e-3  # the family's on a laptop


# Its cost


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

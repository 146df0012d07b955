import dataclasses
import html
import inspect
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from mempaper import (
    claims,
    comparison,
    experiments,
    families,
    generators,
    images,
    parallel,
    recovery,
    results,
    sources,
    statistics,
    table_1,
)
from mempaper.errors import InputError
from mempaper.minimizers import SGD, Adam
from mempaper.runs import Run, Store

TINY = {"images": 40, "steps": 3, "batch_size": 8, "latent_dim": 8, "width": 16}
QUICK = {"steps": 4, "candidates": 16}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def glo(store):
    return experiments.train("glo", "digits", store=store, **TINY)


@pytest.fixture(scope="module")
def dcgan(store):
    return experiments.train("dcgan", "digits", store=store, **TINY)


@pytest.fixture
def one_worker(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 1)


def assert_same_arrays(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert np.array_equal(a[name], b[name]), name
        assert a[name].dtype == b[name].dtype


def counting(monkeypatch, module, name, *, fail_at=None):
    """Returns a list that grows with every call; the call of that number raises instead."""
    calls, function = [], getattr(module, name)

    def counted(*arguments, **options):
        calls.append(options)
        if len(calls) == fail_at:
            raise KeyboardInterrupt
        return function(*arguments, **options)

    monkeypatch.setattr(module, name, counted)
    return calls


# Training


def test_a_repeated_training_is_found_and_not_done_again(store, glo, monkeypatch):
    calls = counting(monkeypatch, experiments.training.loop, "fit")
    assert experiments.train("glo", "digits", store=store, **TINY).id == glo.id
    assert not calls
    assert experiments.train("glo", "digits", store=store, **TINY | {"steps": 2}).id != glo.id
    assert len(calls) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"images": 41},
        {"batch_size": 9},
        {"latent_dim": 9},
        {"size": 8},
        {"holdout": 30},
        {"learning_rate": 2e-3},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_option_is_part_of_a_runs_identity(store, glo, changed):
    other = experiments.train("glo", "digits", store=store, **TINY | changed)
    assert other.id != glo.id
    assert other.id == experiments.train("glo", "digits", store=store, **TINY | changed).id


def test_the_loss_names_another_gan_and_no_other_glo(store, glo, dcgan):
    assert experiments.train("dcgan", "digits", loss="hinge", store=store, **TINY).id != dcgan.id
    assert experiments.train("glo", "digits", loss="hinge", store=store, **TINY).id == glo.id


def test_a_runs_config_and_metrics_say_what_was_trained(glo):
    split = images.load("digits", train=40)
    assert glo.config["data"] == {
        "source": "digits",
        "size": 16,
        "train": 40,
        "holdout": 773,
        "fingerprint": split.train.fingerprint,
    }
    assert glo.config["seed"] == 0
    last = pd.read_csv(glo.file("losses.csv")).iloc[-1]
    assert glo.metrics["step"] == last["step"] == 3
    assert glo.metrics["reconstruction_error"] == last["reconstruction_error"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": "vae"}, "model must be one of dcgan, .*, glo, .*; got 'vae'"),
        ({"loss": "none"}, "loss must be one of .*non_saturating.*; got 'none'"),
        ({"steps": 0}, "steps must be a whole number, at least 1; got 0"),
        ({"images": 2000}, "at most the 1,797 images"),
        ({"size": 9}, "size must be 4, 5, 6 or 7 times a power of two"),
        ({"dataset": "digit"}, "Did you mean digits"),
    ],
)
def test_wrong_arguments_of_training_are_refused(tmp_path, wrong, message):
    arguments = {"model": "glo", "dataset": "digits", **TINY} | wrong
    with pytest.raises(InputError, match=message):
        experiments.train(**arguments, store=Store(tmp_path))


def test_oblong_images_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((60, 3, 16, 20), np.uint8))
    with pytest.raises(InputError, match="hold square images; got 16 x 20"):
        experiments.train("glo", str(tmp_path / "a.npy"), store=Store(tmp_path), steps=1)


# Generators


@pytest.mark.parametrize(("model", "kept"), [("glo", "generator"), ("dcgan", "generator_ema")])
def test_the_loaded_generator_is_the_trained_one(tmp_path, monkeypatch, model, kept):
    trained, fit = {}, experiments.training.loop.fit

    def recorded(*arguments, **options):
        trained.update(fit(*arguments, **options))
        return trained

    monkeypatch.setattr(experiments.training.loop, "fit", recorded)
    run = experiments.train(model, "digits", store=Store(tmp_path), **TINY)
    network = generators.load(run).network
    stored = load_file(run.file("generator.safetensors"))
    assert stored.keys() == network.state_dict().keys()
    for name, value in trained[kept].state_dict().items():
        assert torch.equal(network.state_dict()[name], value)
    if model == "dcgan":
        averaged, last = (next(trained[n].parameters()) for n in ("generator_ema", "generator"))
        assert not torch.equal(averaged, last)
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


def test_fewer_samples_are_the_first_of_more(dcgan):
    generator = generators.load(dcgan)
    many = generator.sample(300, seed=4)
    assert many.shape == (300, 1, 16, 16)
    for count in (1, 2, 33, 257):
        assert torch.equal(generator.sample(count, seed=4), many[:count])
    assert not torch.equal(generator.sample(1, seed=5), many[:1])
    assert many.abs().max() <= 1


def test_samples_are_the_images_of_standard_normal_latents(glo):
    generator = generators.load(glo)
    seen = []
    spied = generators.Generator(generator.network, generator.latent_dim)
    handle = spied.network.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    sampled = spied.sample(1024)
    handle.remove()
    latents = torch.cat(seen)
    assert abs(latents.mean()) < 5 / latents.numel() ** 0.5
    assert abs(latents.std() - 1) < 5 / (2 * latents.numel()) ** 0.5
    assert torch.allclose(generator(latents), sampled, atol=1e-5)


def test_only_training_runs_hold_generators(store, glo):
    made = experiments.recover(glo, "train", count=2, store=store, **QUICK)
    with pytest.raises(InputError, match=f"run must be a training run; got recover {made.id}"):
        generators.load(made)


# Targets


def test_targets_of_the_four_kinds(glo):
    split = images.load("digits", train=40)
    assert torch.equal(experiments.targets(glo, "train", 6), split.train[:6])
    assert torch.equal(experiments.targets(glo, "holdout", 6), split.holdout[:6])
    own = experiments.targets(glo, "generated", 6, seed=3)
    assert torch.equal(own, generators.load(glo).sample(6, seed=3))
    distorted = experiments.targets(glo, "distorted", 6, seed=3)
    assert torch.equal(distorted, experiments.distortion(16, seed=3)(split.train[:6]))
    assert (distorted - split.train[:6]).abs().mean() > 0.05
    assert distorted.abs().max() <= 1


def test_targets_end_where_the_images_do(glo):
    assert len(experiments.targets(glo, "train", 1000)) == 40
    assert len(experiments.targets(glo, "distorted", 1000)) == 40
    assert len(experiments.targets(glo, "holdout", 1000)) == 773
    assert len(experiments.targets(glo, "generated", 1000)) == 1000


def test_unknown_kinds_and_counts_below_one_are_refused(glo):
    with pytest.raises(InputError, match="kind must be one of train, holdout, generated, dist"):
        experiments.targets(glo, "validation", 3)
    for kind in experiments.KINDS:
        with pytest.raises(InputError, match="count must be at least 1; got 0"):
            experiments.targets(glo, kind, 0)


def test_other_images_than_those_trained_on_are_refused(tmp_path):
    path = tmp_path / "a.npy"
    pixels = np.random.default_rng(0).integers(0, 256, (100, 1, 16, 16), dtype=np.uint8)
    np.save(path, pixels)
    run = experiments.train("glo", str(path), store=Store(tmp_path / "runs"), **TINY)
    assert len(experiments.targets(run, "train", 3)) == 3
    pixels[7, 0, 3, 3] ^= 1
    np.save(path, pixels)
    experiments.splits.load_split.cache_clear()  # as in a new process
    for kind in experiments.KINDS:
        with pytest.raises(InputError, match=f"hold the images that run {run.id} was trained on"):
            experiments.targets(run, kind, 3)


def test_distortions_move_pixels_by_four_per_cent_of_the_side():
    """The displacement of each pixel, read off two images that are linear ramps."""
    size = 64
    ramp = torch.linspace(-1, 1, size)
    ramps = torch.stack([ramp.expand(size, size), ramp[:, None].expand(size, size)])[:, None]
    moved = []
    for seed in range(40):
        warped = experiments.distortion(size, seed=seed)(ramps[:1].clone())
        inner = (warped - ramps[:1])[0, 0, 16:48, 16:48]  # the borders cannot move outwards
        moved.append(inner * (size - 1) / 2)
    spread = float(torch.stack(moved).square().mean().sqrt())
    # About 40 fields with some 10 independent displacements each.
    assert spread == pytest.approx(0.04 * size, rel=0.2)


# Recovery


def test_recovery_is_recovery_of_the_targets(store, glo):
    made = experiments.recover(glo, "holdout", count=7, store=store, restarts=2, **QUICK)
    generator = generators.load(glo)
    direct = recovery.recover(
        generator,
        experiments.targets(glo, "holdout", 7),
        8,
        restarts=2,
        seed=0,
        trace=True,
        **QUICK,
    )
    arrays = experiments.recovered(made)
    assert set(arrays) == {"latents", "errors", "stop", "evaluations", "trace"}
    for name in arrays:
        assert np.array_equal(arrays[name], getattr(direct, name).numpy()), name
    assert made.metrics["median_recovery_error"] == np.median(arrays["errors"])
    assert made.metrics["evaluations"] == arrays["evaluations"].mean()
    assert arrays["trace"].shape == (7, 4)


def test_a_repeated_recovery_is_found_and_not_done_again(store, glo, monkeypatch):
    first = experiments.recover(glo, "train", count=5, store=store, **QUICK)
    calls = counting(monkeypatch, recovery, "recover")
    assert experiments.recover(glo, "train", count=5, store=store, **QUICK).id == first.id
    assert not calls
    others = [
        experiments.recover(glo, "distorted", count=5, store=store, **QUICK),
        experiments.recover(glo, "train", count=4, store=store, **QUICK),
        experiments.recover(glo, "train", count=5, store=store, seed=1, **QUICK),
        experiments.recover(glo, "train", count=5, store=store, method="adam", **QUICK),
    ]
    assert len({first.id, *(other.id for other in others)}) == 5


@pytest.mark.parametrize("candidates", [16, 0])
def test_shards_change_no_bit(store, glo, tmp_path, monkeypatch, candidates):
    options = {"count": 12, "steps": 4, "candidates": candidates}
    whole = experiments.recover(glo, "generated", store=store, **options)
    monkeypatch.setattr(experiments.recovering, "_SHARD", 5)
    calls = counting(monkeypatch, recovery, "recover")
    parts = experiments.recover(glo, "generated", store=Store(tmp_path), **options)
    assert [call["first"] for call in calls] == [0, 5, 10]
    assert parts.id == whole.id
    assert_same_arrays(experiments.recovered(parts), experiments.recovered(whole))


def test_an_interrupted_recovery_goes_on_after_its_last_shard(store, glo, tmp_path, monkeypatch):
    options = {"count": 12, **QUICK}
    whole = experiments.recover(glo, "train", store=store, **options)
    monkeypatch.setattr(experiments.recovering, "_SHARD", 5)
    with monkeypatch.context() as interrupted:
        counting(interrupted, recovery, "recover", fail_at=2)
        with pytest.raises(KeyboardInterrupt):
            experiments.recover(glo, "train", store=Store(tmp_path), **options)
    assert [r.state for r in Store(tmp_path).list()] == ["unfinished"]
    calls = counting(monkeypatch, recovery, "recover")
    resumed = experiments.recover(glo, "train", store=Store(tmp_path), **options)
    assert [call["first"] for call in calls] == [5, 10]
    assert_same_arrays(experiments.recovered(resumed), experiments.recovered(whole))
    assert not (resumed.path / "checkpoints").exists()


def test_unknown_methods_are_refused(store, glo):
    with pytest.raises(InputError, match="method must be one of lbfgs"):
        experiments.recover(glo, "train", count=2, method="newton", store=store)


# Assessment


def test_an_assessment_is_what_its_errors_say(store, glo, dcgan, one_worker):
    first, second = experiments.assess([glo, dcgan], count=10, check_count=6, steps=4, store=store)
    assert [a.name for a in (first, second)] == ["GLO-40", "DCGAN"]
    assert [a.run for a in (first, second)] == [glo, dcgan]
    counts = {"train": 10, "holdout": 10, "generated": 6, "distorted": 6}
    assert {kind: len(found) for kind, found in first.errors.items()} == counts
    generator = generators.load(dcgan)
    errors = {
        kind: recovery.recover(
            generator, experiments.targets(dcgan, kind, n), 8, steps=4
        ).errors.numpy()
        for kind, n in counts.items()
    }
    assert_same_arrays(dict(second.errors), errors)
    gap = 1 - np.median(errors["train"]) / np.median(errors["holdout"])
    assert second.test.gap.estimate == pytest.approx(gap)
    assert second.test.ks == statistics.ks_test(errors["train"], errors["holdout"])
    assert (second.test.train_count, second.test.val_count) == (10, 10)
    bound = float(np.sort(errors["generated"])[3:5].mean())
    assert second.recovered_share(bound).estimate == 4 / 6
    assert (second.dataset, second.count, second.seed) == ("digits", 40, 0)
    assert list(second.labelled_errors) == ["train", "validation", "generated", "distorted"]
    assert second.labelled_errors["validation"] is second.errors["holdout"]


@pytest.mark.slow
def test_workers_change_no_bit_of_a_training_or_an_assessment(glo, tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    other = Store(tmp_path)
    jobs = [
        {"model": "glo", "dataset": "digits", "store": other, "seed": seed, **TINY}
        for seed in (0, 1)
    ]
    runs = experiments.train_all(jobs)
    assert [run.config["seed"] for run in runs] == [0, 1]
    assert runs[0].id == glo.id
    same = [run.file("generator.safetensors").read_bytes() for run in (glo, runs[0])]
    assert same[0] == same[1]
    options = {"count": 4, "steps": 4, "seed": 0}
    twice = experiments.assess(runs[:1], **options, store=other)
    monkeypatch.setattr(parallel, "cores", lambda: 1)
    once = experiments.assess([glo], **options, store=Store(tmp_path / "alone"))
    assert_same_arrays(dict(twice[0].errors), dict(once[0].errors))


# Comparison of optimisers


def constant_traces(**final):
    return {name: np.full((4, 3), value) for name, value in final.items()}


def test_of_every_family_the_best_rate_is_kept():
    traces = constant_traces(
        **{
            "L-BFGS": 9.0,
            "SGD, rate 1": 3.0,
            "SGD, rate 10": np.inf,
            "SGD, rate 0.1": 4.0,
            "Adam, rate 0.1": 2.0,
            "Adam, rate 0.01": 1.0,
        }
    )
    traces["SGD, rate 0.1"][:, 0] = 0.0  # better at first, but not at the end
    kept = comparison._keep_best_rates(traces)
    assert list(kept) == ["L-BFGS", "SGD, rate 1", "Adam, rate 0.01"]
    assert kept["SGD, rate 1"] is traces["SGD, rate 1"]


def test_a_family_without_rates_is_left_out():
    assert list(comparison._keep_best_rates(constant_traces(**{"L-BFGS": 1.0}))) == ["L-BFGS"]


def test_the_table_of_a_comparison_holds_medians():
    traces = {
        "L-BFGS": np.array([[1.0, 0.1], [2.0, 0.0001], [6.0, 0.2]]),
        "SGD, rate 1": np.array([[1.0, 1.0, 3.0], [1.0, np.inf, np.inf], [1.0, np.inf, np.inf]]),
    }
    table = comparison.Comparison(traces).table([1, 2, 3])
    assert table.loc["L-BFGS", "median error, pass 1"] == "2.00e+00"
    assert table.loc["L-BFGS", "median error, pass 2"] == "1.00e-01"
    assert table.loc["L-BFGS", "median error, pass 3"] == ""
    assert table["passes"].tolist() == [2, 3]
    assert table["below 0.001 (%)"].tolist() == ["33", "0"]
    lbfgs, sgd = table["median error at the end"]
    assert lbfgs == "1.00e-01 [1.00e-04, 2.00e-01]"
    assert sgd == "inf [3.00e+00, inf]"


def test_optimizers_are_held_against_each_other_and_against_half_their_passes():
    errors = np.linspace(1, 2, 9)[:, None]
    traces = {
        "L-BFGS": errors * [8.0, 4.0, 2.0, 1.0],
        "L-BFGS as published": errors * [8.0, 4.0, 3.0, 3.0],
        "diverged": np.where([[False, False, False, True]], np.inf, errors * np.ones(4)),
    }
    found = comparison.Comparison(traces)
    worse = found.excess("L-BFGS as published", "L-BFGS")
    assert (worse.low, worse.estimate, worse.high) == pytest.approx((2, 2, 2))
    assert found.excess_of_half("L-BFGS").estimate == pytest.approx(3)
    assert found.excess("diverged", "L-BFGS").low > 1e6


def test_optimizers_are_compared_on_the_same_images_and_starts(store, glo, one_worker):
    found = comparison.compare_optimizers(
        glo,
        "holdout",
        count=3,
        lbfgs_passes=4,
        gradient_passes=6,
        sgd_rates=[0.1, 1e6],
        adam_rates=[0.05],
        store=store,
    )
    assert list(found.traces)[:3] == ["L-BFGS", "L-BFGS, nearest start", "L-BFGS as published"]
    assert {name.split(",")[0] for name in list(found.traces)[3:]} == {"SGD", "Adam"}
    assert "Adam, rate 0.05" in found.traces
    first = {name: trace[:, 0] for name, trace in found.traces.items()}
    for name in ("L-BFGS as published", "Adam, rate 0.05"):
        assert np.array_equal(first[name], first["L-BFGS"])
    assert (first["L-BFGS, nearest start"] <= first["L-BFGS"]).all()
    targets = experiments.targets(glo, "holdout", 3)
    for name, method, steps in (
        ("Adam, rate 0.05", Adam(learning_rate=0.05), 6),
        ("SGD, rate 0.1", SGD(learning_rate=0.1), 6),
    ):
        if name in found.traces:
            direct = recovery.recover(
                generators.load(glo),
                targets,
                8,
                method=method,
                steps=steps,
                candidates=0,
                trace=True,
            )
            assert np.array_equal(found.traces[name], direct.trace.double().numpy())


# Table 1


def test_jobs_are_the_models_that_the_data_suffice_for():
    planned = experiments.jobs(
        ["digits"],
        models=["dcgan", "glo-64", "ae-1025", "glo-all"],
        training={"glo": {"steps": 7, "width": 8}},
        seeds=[0, 5],
        batch_size=3,
    )
    laptop = {name: families.FAMILIES[name].laptop for name in ("dcgan", "glo")}
    glo = {"steps": 7, "width": 8}
    assert planned == [
        {"dataset": "digits", "model": model, **laptop[model], **settings, "batch_size": 3}
        | {"seed": seed}
        for model, settings in (("dcgan", {}), ("glo", glo | {"images": 64}), ("glo", glo))
        for seed in (0, 5)
    ]


def test_jobs_count_the_images_that_their_options_leave(tmp_path):
    plan = {"models": ["glo-1000", "glo-1100"], "training": {"glo": {"steps": 1}}, "seeds": [0]}
    planned = experiments.jobs(["digits"], **plan, holdout=700)
    assert [job["images"] for job in planned] == [1000]
    planned = experiments.jobs(["digits"], **plan, holdout=500, data_root=tmp_path)
    assert [job["images"] for job in planned] == [1000, 1100]
    planned = experiments.jobs(["celeba_hq"], **plan, data_root=tmp_path)  # nothing is there
    assert [job["images"] for job in planned] == [1000, 1100]
    with pytest.raises(InputError, match=str(tmp_path)):
        experiments.jobs(["mnist"], **plan, holdout=500, data_root=tmp_path)


@pytest.mark.parametrize("name", sources.NAMED)
def test_sources_hold_the_training_images_that_plans_count_on(name):
    source = sources.NAMED[name]
    if not sources.present(source, sources.data_root()):
        pytest.skip(f"{name} is not on this machine")
    assert len(images.load(name).train) == source.training


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("glo", r"say how many training images it sees; got 'glo'. Write glo-1024"),
        ("glo-", "say how many"),
        ("glo-few", "say how many"),
        ("dcgan-128", r"be a name without a number; got 'dcgan-128'. Write dcgan\."),
        ("gl0-128", "model must be one of dcgan, "),
    ],
)
def test_models_that_cannot_be_planned_are_refused(model, message):
    with pytest.raises(InputError, match=message):
        experiments.jobs(["digits"], models=[model], training={"glo": {"steps": 1}}, seeds=[0])


def test_settings_that_no_training_takes_are_refused():
    with pytest.raises(InputError, match=r"training must hold .*steps.*; got 'step' for GLO"):
        experiments.jobs(["digits"], models=["glo-8"], training={"glo": {"step": 1}}, seeds=[0])
    plan = inspect.unwrap(experiments.jobs)
    for training in (["glo"], {"glo": 3}):
        with pytest.raises(InputError, match=r"training must .* mapping"):
            plan(["digits"], models=["glo-8"], training=training, seeds=[0])


def test_settings_of_all_families_are_no_settings_of_one():
    with pytest.raises(InputError, match=r"training must leave out size, .* got 'size' for GLO"):
        experiments.jobs(
            ["digits"], models=["glo-8"], training={"glo": {"size": 8}}, seeds=[0], size=16
        )


def assessment(model="glo", *, count=100, seed=0, dataset="mnist", shift=1.0):
    """Returns one with train errors 1, 2, ... and hold-out errors `shift` times these."""
    config = {"model": model, "seed": seed, "data": {"source": dataset, "train": count}}
    run = Run("0" * 16, "train", Path("nowhere"), config, {}, {})
    train = np.arange(1.0, 100)
    errors = {
        "train": train,
        "holdout": shift * train,
        "generated": np.array([1e-5, 5e-4, 2e-3, 1.0]),
        "distorted": 7 * train,
    }
    return experiments.Assessment(run, errors, statistics.overfitting_test(train, shift * train))


def test_the_disjoint_share_is_of_images_beyond_every_training_image():
    """Of 2, 4, ..., 198 those above 99 are 100, 102, ..., 198."""
    assert assessment(shift=2.0).disjoint_share().estimate == 50 / 99
    assert assessment(shift=100.0).disjoint_share().estimate == 1


def test_rows_are_the_numbers_of_the_assessments():
    a = assessment(shift=4.0, seed=3)
    (row,) = table_1.rows([a]).to_dict("records")
    assert (row["dataset"], row["model"], row["seed"]) == ("mnist", "GLO-100", 3)
    assert row["mre_train"] == 50
    assert row["mre_val"] == 200
    assert row["mre_gap"] == 0.75
    assert row["mre_gap_low"] < 0.75 < row["mre_gap_high"]
    assert row["mre_generated"] == (5e-4 + 2e-3) / 2
    assert row["mre_distortion"] == 350
    assert row["own_recovered"] == 0.5
    assert row["wasserstein"] == pytest.approx(3 * 50)
    assert row["ks_p_value"] == a.test.ks.p_value
    assert (row["train_count"], row["val_count"]) == (99, 99)


def test_where_an_encoder_recovers_own_samples_are_left_out():
    a = assessment("ae", count=64)
    a = dataclasses.replace(a, errors={k: v for k, v in a.errors.items() if k != "generated"})
    assert not a.checked
    assert assessment("ae").checked
    (row,) = table_1.rows([a]).to_dict("records")
    assert np.isnan(row["mre_generated"])
    assert np.isnan(row["own_recovered"])
    text = table_1.as_text(table_1.rows([a, assessment("glo")]))
    assert text["MRE generated"].tolist()[0] == text["own samples recovered (%)"].tolist()[0] == ""
    assert text["own samples recovered (%)"].tolist()[1] == "50"
    undone = table_1.undone([a, assessment("glo")])
    assert undone == {"mnist, GLO-100": pytest.approx((5e-4 + 2e-3) / 2 / 50)}


def test_an_auto_encoder_is_assessed_by_its_encoder_unless_told_otherwise(store):
    run = experiments.train("ae", "digits", store=store, **TINY)
    usual, optimised = (
        experiments.assess([run, run], count=4, steps=3, method=method, store=store)
        for method in (None, "lbfgs")
    )
    assert [set(a.errors) for a in usual] == [set(experiments.KINDS) - {"generated"}] * 2
    assert [set(a.errors) for a in optimised] == [set(experiments.KINDS)] * 2
    encoded = experiments.recover(run, "holdout", count=4, method="encoder", store=store)
    assert np.array_equal(usual[1].errors["holdout"], experiments.recovered(encoded)["errors"])


@pytest.mark.parametrize(
    ("p_value", "gap", "words"),
    [
        (0.0099, 0.1001, "KS and gap"),
        (0.0099, 0.1, "KS"),
        (0.01, 0.1001, "gap"),
        (0.01, 0.1, "neither"),
        (0.5, -0.9, "neither"),
    ],
)
def test_detected_applies_the_papers_thresholds(p_value, gap, words):
    table = table_1.rows([assessment()]).assign(ks_p_value=p_value, mre_gap=gap)
    assert table_1.as_text(table)["detected by"].tolist() == [words]


def test_the_text_has_percent_intervals_and_seeds_where_they_differ():
    table = table_1.rows([assessment(shift=4.0, seed=s) for s in (0, 1)])
    table = table.assign(mre_gap_low=0.701, mre_gap_high=0.8)
    text = table_1.as_text(table)
    assert text["MRE-gap (%)"].tolist() == ["75.0 [70.1, 80.0]"] * 2
    assert text["own samples recovered (%)"].tolist() == ["50", "50"]
    assert text["MRE validation"].tolist() == ["2.00e+02"] * 2
    assert text["seed"].tolist() == [0, 1]
    assert text.index.tolist() == ["mnist", "mnist"]
    assert "seed" not in table_1.as_text(table[:1])
    chosen = pd.concat([table, table], ignore_index=True)[2:]
    assert table_1.as_text(chosen)["seed"].tolist() == [0, 1]


def test_the_published_table_has_a_text_too():
    text = table_1.as_text(table_1.published_table_1()).reset_index(names="dataset")
    assert len(text) == 25
    row = text[text["model"] == "GLO-8192"].iloc[0]  # Table 1, CelebA-HQ
    assert row["MRE-gap (%)"] == "17.5"
    assert row["KS p-value"] == "2.2e-18"
    assert row["detected by"] == "KS and gap"
    assert text[text["model"] == "AE-128"].iloc[0]["MRE generated"] == ""
    assert "own samples recovered (%)" not in text


def test_rows_stand_beside_the_papers_rows_of_the_same_name():
    table = table_1.rows(
        [assessment(count=1024, shift=4.0), assessment("dcgan"), assessment(count=99)]
    )
    text = table_1.beside_paper(table, paper_dataset="MNIST")
    glo, gan, unknown = text.to_dict("records")
    assert glo["model"] == "GLO-1024"
    assert glo["MRE-gap in the paper (%)"] == "67.8"
    assert glo["MRE-gap here (%)"].startswith("75.0 [")
    assert glo["detected in the paper by"] == glo["detected here by"] == "KS and gap"
    assert (gan["model"], gan["p-value in the paper"]) == ("DCGAN", "0.24")
    assert gan["detected in the paper by"] == gan["detected here by"] == "neither"
    assert unknown["model"] == "GLO-99"
    assert [unknown[f"{c} in the paper{e}"] for c, e in (("p-value", ""), ("MRE-gap", " (%)"))] == [
        "",
        "",
    ]
    assert unknown["detected in the paper by"] == ""


def test_groups_of_models():
    found = [
        assessment(count=16, seed=1),
        assessment("dcgan", count=64),
        assessment(count=64, shift=2.0),
        assessment(count=4, shift=4.0),
    ]
    assert list(table_1.gans(found)) == ["mnist, DCGAN, seed 0"]
    assert list(table_1.smallest(found, "glo")) == ["mnist, GLO-4, seed 0", "mnist, GLO-16, seed 1"]
    assert list(table_1.largest(found, "glo")) == ["mnist, GLO-64, seed 0", "mnist, GLO-16, seed 1"]
    by_count = table_1.gaps_by_count(found)
    gaps = by_count["mnist, GLO, seed 0"]
    assert {n: gap.estimate for n, gap in gaps.items()} == {4: 0.75, 64: 0.5}
    assert list(by_count) == ["mnist, GLO, seed 0"]
    more = [assessment("ae", count=n, shift=s) for n, s in ((64, 2.0), (4, 4.0))]
    assert list(table_1.gaps_by_count(more)["mnist, AE"]) == [4, 64]
    assert list(table_1.smallest(more, "ae")) == ["mnist, AE-4"]
    assert not table_1.smallest(more, "glo")
    assert not table_1.gans(more)
    assert len(table_1.gaps(found)) == 4
    printed = table_1.printed_gaps([assessment(count=1024), assessment()], paper_dataset="MNIST")
    assert printed == {"mnist, GLO-1024": 0.678}


def test_seeds_are_summed_up_beside_the_paper():
    found = [
        assessment(count=1024, seed=0, shift=2.0),
        assessment(count=1024, seed=1, shift=4.0),
        assessment("dcgan", seed=0),
        assessment("dcgan", seed=1),
    ]
    glo, dcgan = (
        table_1.over_seeds(table_1.rows(found), paper_dataset="MNIST")
        .reset_index(names="model")
        .to_dict("records")
    )
    half = 12.706204736432095 * 12.5  # t of 1 degree; standard error of 50 and 75 per cent
    assert glo["model"] == "GLO-1024"
    assert glo["MRE-gap (%)"] == f"62.5 [{62.5 - half:.1f}, {62.5 + half:.1f}]"
    assert glo["in the paper (%)"] == "67.8"
    assert glo["detected"] == "2 of 2"
    assert glo["MRE validation"] == "1.50e+02"
    assert dcgan["MRE-gap (%)"] == "0.0 [0.0, 0.0]"
    assert dcgan["detected"] == "0 of 2"
    assert dcgan["KS p-values"] == "1, 1"
    assert dcgan["MRE generated"] == "1.25e-03"


# Recorded results

MADE = {
    "notebook": "latent_recovery/table_1",
    "profile": "real",
    "parameters": {"dataset": "mnist", "seed": 7},
    "version": "0.1",
    "commit": "0123456789abcdef",
    "executed": "2026-01-02T03:04:05+00:00",
    "seconds": 5400.0,
    "machine": "a <fast> & cheap CPU, 2 cores",
}


def executed(path, *offers, **parameters):
    """Writes an executed notebook whose cells end in `offers` as Jupyter stores them."""
    outputs = [
        {"output_type": "execute_result", "data": offer._repr_mimebundle_(), "metadata": {}}
        for offer in offers
    ]
    cells = [
        {"cell_type": "markdown", "source": "# Title"},
        {"cell_type": "code", "outputs": [{"output_type": "stream", "text": "hello"}]},
        *({"cell_type": "code", "outputs": [output]} for output in outputs),
    ]
    made = MADE | {"parameters": MADE["parameters"] | parameters}
    path.write_text(json.dumps({"cells": cells, "metadata": {"mempaper": made}}))
    return path


def test_what_a_notebook_offers_is_recorded_and_read_back(tmp_path):
    table = pd.DataFrame({"name": ["a, b", "ü"], "x": [1 / 3, 1e-12], "n": [1, 2]})
    other = pd.DataFrame({"y": [2.5]})
    notebook = executed(
        tmp_path / "a.ipynb", results.Offer("first", table), results.Offer("second", other)
    )
    written = results.record([notebook], root=tmp_path)
    assert written == [tmp_path / "results" / f"{name}.csv" for name in ("first", "second")]
    found = results.recorded("first", root=tmp_path)
    pd.testing.assert_frame_equal(found.table, table, rtol=1e-5)
    pd.testing.assert_frame_equal(results.recorded("second", root=tmp_path).table, other)
    assert found.source | MADE == found.source
    assert {"torch", "python", "processor"} <= found.source.keys()


def test_recording_again_replaces(tmp_path):
    for value in (1.0, 2.0):
        table = pd.DataFrame({"x": [value]})
        copy = executed(tmp_path / "a.ipynb", results.Offer("t", table))
        results.record([copy], root=tmp_path)
    assert results.recorded("t", root=tmp_path).table["x"].tolist() == [2.0]
    assert sorted(p.name for p in (tmp_path / "results").iterdir()) == ["t.csv", "t.json"]


def test_a_recorded_table_is_shown_with_its_provenance_escaped(tmp_path):
    offer = results.Offer("t", pd.DataFrame({"x": [1.0]}))
    results.record([executed(tmp_path / "a.ipynb", offer)], root=tmp_path)
    shown = results.recorded("t", root=tmp_path).show(pd.DataFrame({"<script>": ["<b>x</b>"]}))
    line = (
        "Recorded 2026-01-02: profile real, seed 7, latent_recovery/table_1.py at commit "
        "0123456789, mempaper 0.1, a <fast> & cheap CPU, 2 cores, 1.5 h."
    )
    page = shown._repr_html_()
    assert html.escape(line) in page
    assert "<fast>" not in page
    assert "<script>" not in page
    assert "<b>" not in page
    assert repr(shown).endswith(line)


@pytest.mark.parametrize(
    ("seconds", "words"), [(36.4, "36 s"), (1500.0, "25 min"), (4588.6, "1.3 h")]
)
def test_how_long_a_recording_took_is_said_in_a_fitting_unit(seconds, words):
    made = MADE | {"profile": "real", "seeds": [0], "machine": "m", "seconds": seconds}
    assert results.described(made).endswith(f", m, {words}.")


def test_an_offer_shows_its_size():
    bundle = results.Offer("t", pd.DataFrame({"x": [1, 2]}))._repr_mimebundle_()
    assert bundle["text/plain"] == "t: 2 rows"
    assert bundle[results.TABLE_MIME] == {"name": "t", "csv": "x\n1\n2\n"}


def test_a_notebook_that_offers_nothing_is_refused(tmp_path):
    with pytest.raises(InputError, match="offers a table or judges a claim; got a"):
        results.record([executed(tmp_path / "a.ipynb")], root=tmp_path)
    assert not (tmp_path / "results").exists()


def test_unknown_results_name_the_known(tmp_path):
    with pytest.raises(InputError, match="be a recorded result; got 't'"):
        results.recorded("t", root=tmp_path)
    offer = results.Offer("known", pd.DataFrame({"x": [1.0]}))
    results.record([executed(tmp_path / "a.ipynb", offer)], root=tmp_path)
    with pytest.raises(InputError, match=r"Recorded: known\."):
        results.recorded("t", root=tmp_path)
    (tmp_path / "results" / "known.json").unlink()
    with pytest.raises(InputError, match="must be a recorded result; got 'known'"):
        results.recorded("known", root=tmp_path)


def test_tables_of_several_seeds_are_recorded_as_one(tmp_path):
    copies = [
        executed(tmp_path / f"{n}.ipynb", results.Offer("t", pd.DataFrame({"x": [n]})), seed=n)
        for n in (3, 5)
    ]
    results.record(copies, root=tmp_path)
    found = results.recorded("t", root=tmp_path)
    assert found.table["x"].tolist() == [3, 5]
    assert found.source["seeds"] == [3, 5]
    assert found.source["seconds"] == 2 * MADE["seconds"]
    assert "seeds 3, 5," in found.line


def judged(estimates, low):
    shares = {
        name: statistics.Interval(low, 1.0, estimate, 0.95) for name, estimate in estimates.items()
    }
    return claims.judge("own-samples-recovered", shares=shares, bound=1e-3)


def test_recorded_verdicts_are_shown_over_seeds(tmp_path):
    made = [judged({"A": e, "B": 1.0}, low) for e, low in ((0.96, 0.955), (0.98, 0.96), (1.0, 0.9))]
    copies = [executed(tmp_path / f"{n}.ipynb", verdict, seed=n) for n, verdict in enumerate(made)]
    (path,) = results.record(copies, root=tmp_path)
    assert path.name == "table_1_mnist_verdicts.csv"
    shown = results.verdicts("own-samples-recovered", root=tmp_path)
    first, second = shown.text.reset_index(names="data set").to_dict("records")
    half = 0.02 * 4.302652729911275 / 3**0.5  # standard deviation .02, t of 2 degrees at 97.5 %
    assert first == {
        "data set": "mnist",
        "quantity": "A",
        "mean [95 % interval]": f"98.0 % [{98 - 100 * half:.1f} %, {98 + 100 * half:.1f} %]",
        "seeds": "3",
        "verdict on the claim": "not testable (1 of 3 seeds)",
    }
    assert (second["quantity"], second["mean [95 % interval]"]) == (
        "B",
        "100.0 % [100.0 %, 100.0 %]",
    )
    assert "seeds 0, 1, 2," in shown.line
    with pytest.raises(InputError, match="be one with recorded verdicts; got 'gan-generalizes'"):
        results.verdicts("gan-generalizes", root=tmp_path)


def test_a_bound_in_one_training_leaves_no_mean(tmp_path):
    made = [
        claims.judge(
            "lbfgs-ten-times-faster", ratio=statistics.Interval(9.0, high, 10.0, 0.95), rival="SGD"
        )
        for high in (11.0, np.inf)
    ]
    copies = [executed(tmp_path / f"{n}.ipynb", verdict, seed=n) for n, verdict in enumerate(made)]
    results.record(copies, root=tmp_path)
    (row,) = results.verdicts("lbfgs-ten-times-faster", root=tmp_path).text.to_dict("records")
    assert row["mean [95 % interval]"] == ""
    assert row["verdict on the claim"] == "reproduced (2 of 2 seeds)"


def test_verdicts_of_one_data_set_alone(tmp_path):
    copies = [
        executed(tmp_path / f"{name}.ipynb", judged({"A": 1.0}, 0.99), datasets=[name])
        for name in ("mnist", "faces")
    ]
    for copy in copies:
        results.record([copy], root=tmp_path)
    both = results.verdicts("own-samples-recovered", root=tmp_path)
    assert sorted(both.text.index) == ["faces", "mnist"]
    one = results.verdicts("own-samples-recovered", dataset="faces", root=tmp_path)
    assert one.text.index.tolist() == ["faces"]
    with pytest.raises(InputError, match="be one with recorded verdicts"):
        results.verdicts("own-samples-recovered", dataset="digits", root=tmp_path)


def test_an_execution_over_several_seeds_has_its_own_intervals(tmp_path):
    copy = executed(tmp_path / "a.ipynb", judged({"A": 0.98}, 0.96), seeds=[0, 4, 7])
    results.record([copy], root=tmp_path)
    shown = results.verdicts("own-samples-recovered", root=tmp_path)
    (row,) = shown.text.to_dict("records")
    assert row == {
        "quantity": "A",
        "mean [95 % interval]": "98.0 % [96.0 %, 100.0 %]",
        "seeds": "3",
        "verdict on the claim": "reproduced",
    }


def test_the_numbers_of_a_claim_are_named_by_what_leads_to_them():
    interval = statistics.Interval(1.0, 3.0, 2.0, 0.95)
    test = assessment(shift=2.0).test
    found = claims.numbers(
        {
            "ratio": interval,
            "rival": "SGD",
            "tests": {"GLO": test},
            "gaps": {"mnist": {16: interval}},
            "pairs": {"DCGAN": claims.Pair(test, test, interval)},
        }
    )
    assert found == {
        "ratio": interval,
        "GLO, MRE-gap": test.gap,
        "mnist, N = 16": interval,
        "DCGAN, on pixels, MRE-gap": test.gap,
        "DCGAN, under phi, MRE-gap": test.gap,
        "DCGAN, change": interval,
    }

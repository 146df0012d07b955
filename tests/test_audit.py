"""Audits of generators whose truth is known: copiers, and generators that learned."""

import json
import pickle
import sys
import time
import zipfile
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
import scipy.stats
import torch
from typer.testing import CliRunner

from mempaper import audit, families
from mempaper.audit.budget import affordable
from mempaper.audit.examination import Controls, Scores, adjusted, controls, examine_samples
from mempaper.audit.examination import Test as AuditTest
from mempaper.audit.proximity import Sets, halved, neighbours, planted, scores
from mempaper.audit.subject import subject
from mempaper.audit.verdict import decide
from mempaper.cli import app
from mempaper.cli.audit import _seconds
from mempaper.errors import InputError
from mempaper.nearness import Real
from mempaper.runs import Store
from mempaper.statistics import Interval

SIDE = 8
SCHEMA = json.loads(files("mempaper.audit").joinpath("report.schema.json").read_text())


def normal_images(count, *, seed):
    """Returns independent images of one smooth distribution, in [-1, 1]."""
    draws = np.random.default_rng([99, *np.atleast_1d(seed)])
    low = torch.from_numpy(draws.standard_normal((count, 1, 3, 3))).float()
    return torch.nn.functional.interpolate(low, size=SIDE, mode="bilinear").tanh()


def sets(train, holdout, generated):
    flat = [images.flatten(1) for images in (train, holdout, generated)]
    return Sets("pixels", Real(flat[0], flat[1]), flat[2][None])


def copied(images, share, *, seed):
    """Returns fresh images, a share of them copies of `images`, and which are."""
    draws = np.random.default_rng(seed)
    fresh = normal_images(200, seed=[seed, 5])
    places = draws.permutation(200)[: round(200 * share)]
    fresh[places] = images[draws.integers(len(images), size=len(places))]
    return fresh, places


class Copier(torch.nn.Module):
    """Makes the training image that the largest of the first latents names; or a smooth image."""

    latent_dim = 9

    def __init__(self, bank=None):
        super().__init__()
        self.register_buffer("bank", bank)
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, latents):
        if self.bank is None:
            low = (self.scale * latents).reshape(-1, 1, 3, 3)
            return torch.nn.functional.interpolate(low, size=SIDE, mode="bilinear").tanh()
        shares = (30 * self.scale * latents[:, : len(self.bank)]).softmax(1)
        return torch.einsum("bn,nchw->bchw", shares, self.bank)


def naive_scores(train, holdout, generated):
    real = torch.cat([train, holdout]).flatten(1).double().numpy()
    made = generated.flatten(1).double().numpy()
    found = []
    for i, image in enumerate(real):
        others = np.delete(real, i, axis=0)
        nearest_made = np.sqrt(((made - image) ** 2).sum(1)).min()
        nearest_real = np.sqrt(((others - image) ** 2).sum(1)).min()
        found.append(nearest_made / nearest_real)
    return np.array(found[: len(train)]), np.array(found[len(train) :])


def test_scores_are_distances_to_samples_in_units_of_the_distance_to_real_images():
    images = [normal_images(n, seed=n) for n in (7, 6, 11)]
    found = scores(sets(*images))
    for ours, expected in zip(found, naive_scores(*images), strict=True):
        assert ours == pytest.approx(expected, rel=1e-5)


def test_equal_real_images_are_suspicious_only_where_a_sample_equals_them():
    train, holdout, made = (normal_images(n, seed=n) for n in (5, 4, 6))
    holdout[0] = train[0]
    assert scores(sets(train, holdout, made))[0][0] == np.inf
    made[2] = train[0]
    assert scores(sets(train, holdout, made))[0][0] == 0


def test_the_auc_counts_pairs():
    train, holdout, made = (normal_images(n, seed=n) for n in (12, 15, 30))
    holdout[0] = train[0]
    test = examine_samples(sets(train, holdout, made), seed=0)
    ours, theirs = test.scores.train[:, None], test.scores.holdout
    assert np.isinf(ours).sum() == np.isinf(theirs).sum() == 1
    assert test.auc.estimate == pytest.approx(((ours < theirs) + 0.5 * (ours == theirs)).mean())


def test_a_mirrored_copy_is_found():
    train, holdout, made = (normal_images(n, seed=n) for n in (5, 4, 6))
    made[3] = train[2].flip(-1)
    plain = sets(train, holdout, made)
    views = torch.stack([made.flatten(1), made.flip(-1).flatten(1)])
    both = Sets("pixels", plain.real, views)
    found = neighbours(both)
    assert found.train[3] == 2
    assert found.ratio[3] == 0
    assert found.ratio.argmin() == 3


def test_planted_copies_are_training_images_in_the_asked_share():
    given = sets(*(normal_images(n, seed=n) for n in (30, 30, 40)))
    made = planted(given, 0.25, seed=0).generated[0]
    copies = (made[:, None] == given.real.train).all(2).any(1)
    assert int(copies.sum()) == 10
    assert torch.equal(made[~copies], given.generated[0][~copies])


def test_the_negative_control_finds_a_shifted_holdout_set():
    train, holdout = normal_images(200, seed=0), normal_images(200, seed=1)
    shifted = (0.5 * holdout + 0.4).clamp(-1, 1)
    made = normal_images(200, seed=2)
    assert controls([sets(train, holdout, made)], others=0, seed=0).passed_negative
    assert not controls([sets(train, shifted, made)], others=0, seed=0).passed_negative


def test_halves_of_the_training_images_share_none():
    given = sets(*(normal_images(n, seed=n) for n in (31, 30, 40)))
    half = halved(given, seed=0)
    assert len(half.real.train) + half.generated.shape[1] == 31
    assert torch.cdist(half.real.train, half.generated[0]).min() > 0


def test_false_alarms_keep_to_the_level_and_copies_are_found_each_time():
    null, copying = 0, 0
    for seed in range(200):
        train, holdout = (normal_images(60, seed=[seed, i]) for i in range(2))
        fresh, _ = copied(train, 0.0, seed=seed)
        made, _ = copied(train, 0.1, seed=seed)
        null += min(_adjusted(train, holdout, fresh, seed)) <= 0.05
        copying += min(_adjusted(train, holdout, made, seed)) <= 0.05
    assert scipy.stats.binomtest(null, 200, 0.05, alternative="greater").pvalue > 0.001
    assert copying == 200


def _adjusted(train, holdout, made, seed):
    pixels = sets(train, holdout, made)
    coarse = Real(pixels.real.train[:, ::3], pixels.real.holdout[:, ::3], "cosine")
    both = (pixels, Sets("coarse", coarse, pixels.generated[..., ::3]))
    return [t.adjusted_p_value for t in adjusted([examine_samples(s, seed=seed) for s in both])]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


def test_a_copier_is_caught_and_its_copies_rank_first(store):
    train, holdout = normal_images(150, seed=0), normal_images(150, seed=1)
    made, places = copied(train, 0.1, seed=2)
    report = audit.audit(None, train, holdout, samples=made, store=store)
    assert report.verdict == "memorization"
    assert set(report.suspects.order[: len(places)]) == set(places)
    assert "latent recovery" in report.left_out
    jsonschema.validate(report.as_json(), SCHEMA)


def test_fresh_samples_pass_with_the_share_that_would_have_been_found(store):
    train, holdout, made = (normal_images(150, seed=seed) for seed in range(3))
    report = audit.audit(None, train, holdout, samples=made, store=store)
    assert report.verdict == "no memorization found"
    assert report.controls.sensitivity(0.05) in (0.005, 0.01, 0.02, 0.05, 0.1)


def test_too_few_images_cannot_tell(store):
    train, holdout, made = (normal_images(20, seed=seed) for seed in range(3))
    report = audit.audit(None, train, holdout, samples=made, store=store)
    assert report.verdict == "cannot tell"
    assert "More images" in report.reasons[0]


def test_recovery_catches_a_generator_that_can_make_its_training_images(store):
    bank, holdout = normal_images(9, seed=0), normal_images(40, seed=1)
    train = torch.cat([bank, bank, bank])
    options = {"generated": 60, "recovered": 27, "steps": 30, "store": store}
    report = audit.audit(Copier(bank), train, holdout, **options)
    test = {t.name: t for t in report.tests}["recovery"]
    assert test.adjusted_p_value < 0.05
    assert np.median(test.scores.train) < 0.1 * np.median(test.scores.holdout)


def test_recovery_acquits_a_generator_that_makes_all_images_alike(store):
    train, holdout = normal_images(60, seed=0), normal_images(60, seed=1)
    options = {"generated": 100, "recovered": 40, "steps": 30, "store": store}
    report = audit.audit(Copier(), train, holdout, **options)
    assert {t.name: t for t in report.tests}["recovery"].p_value > 0.01
    assert report.own_samples.ratio < 1.5


def test_equal_seeds_give_equal_reports_and_the_second_audit_recovers_nothing(store, monkeypatch):
    train, holdout = normal_images(60, seed=0), normal_images(60, seed=1)
    options = {"generated": 50, "recovered": 20, "steps": 10, "store": store}
    first = audit.audit(Copier(), train, holdout, **options).as_json()
    jsonschema.validate(first, SCHEMA)
    monkeypatch.setattr("mempaper.recovery.recover", None)
    assert audit.audit(Copier(), train, holdout, **options).as_json() == first


def test_the_report_is_whole_and_escapes_what_it_is_given(store, tmp_path):
    train, holdout, made = (normal_images(40, seed=seed) for seed in range(3))
    report = audit.audit(None, train, holdout, samples=made, store=store)
    report.left_out["<script>alert(1)</script>"] = "<img src=x>"
    page = report.write(tmp_path / "out").read_text()
    assert "<script" not in page
    assert "http" not in page
    content = json.loads((tmp_path / "out" / "report.json").read_text())
    jsonschema.validate(content, SCHEMA)
    assert content["verdict"] == report.verdict
    import pandas as pd

    table = pd.read_parquet(tmp_path / "out" / "generated.parquet")
    assert sorted(table["image"]) == list(range(40))
    real = pd.read_parquet(tmp_path / "out" / "real.parquet")
    assert real.groupby(["test", "kind"]).size().eq(40).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"train": np.zeros((5, 1, 8, 8), np.float32)}, "train must hold at least 20"),
        ({"holdout": torch.zeros(30, 1, 4, 4)}, "holdout must have images of shape"),
        ({"train": torch.full((30, 1, 8, 8), 3.0)}, "train must lie in"),
        ({"train": "nowhere"}, "train must"),
        ({"samples": None}, "generator must be given"),
        ({"seed": -1}, "seed must"),
        ({"encoders": ["resnet9000"]}, "encoders must be among pca, pixels"),
        ({"encoders": []}, "encoders must name"),
        ({"level": 7.0}, "level must"),
    ],
)
def test_wrong_arguments_are_named(change, words, store):
    given = {
        "generator": None,
        "train": normal_images(30, seed=0),
        "holdout": normal_images(30, seed=1),
        "samples": normal_images(30, seed=2),
        "store": store,
    }
    with pytest.raises(InputError, match=words):
        audit.audit(**{**given, **change})


def test_training_images_as_holdout_are_refused(store):
    train = normal_images(30, seed=0)
    with pytest.raises(InputError, match="not trained on"):
        audit.audit(None, train, train.clone(), samples=train, store=store)


def test_generators_of_another_range_or_without_latents_are_refused(store):
    train, holdout = normal_images(30, seed=0), normal_images(30, seed=1)
    with pytest.raises(InputError, match=r"latent_dim must be given"):
        audit.audit(lambda z: z, train, holdout, store=store)
    loud = lambda z: 5 * torch.ones(len(z), 1, SIDE, SIDE) * z.mean()  # noqa: E731
    with pytest.raises(InputError, match="generator must"):
        audit.audit(loud, train, holdout, latent_dim=4, store=store)


def test_without_gradients_recovery_is_left_out_with_its_reason(store):
    train, holdout = normal_images(30, seed=0), normal_images(30, seed=1)
    inner = Copier()

    @torch.no_grad()
    def blind(latents):
        return inner(latents)

    report = audit.audit(blind, train, holdout, latent_dim=9, generated=40, store=store)
    assert "gradient" in report.left_out["latent recovery"]


LATENTS = torch.from_numpy(np.random.default_rng(0).standard_normal((4, 9))).float()


def test_an_exported_program_makes_what_the_module_makes_and_is_audited(store, tmp_path):
    module = Copier().eval()
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(module, (LATENTS,), dynamic_shapes=({0: batch},))
    torch.export.save(program, tmp_path / "generator.pt2")
    loaded = audit.load_generator(tmp_path / "generator.pt2")
    seven = torch.cat([LATENTS, LATENTS[:3]])
    assert torch.allclose(loaded(seven), module(seven))
    train, holdout = normal_images(30, seed=0), normal_images(30, seed=1)
    report = audit.audit(loaded, train, holdout, latent_dim=9, generated=40, steps=2, store=store)
    assert "recovery" in [test.name for test in report.tests]


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_makes_what_the_module_makes(tmp_path):
    module = Copier().eval()
    torch.jit.save(torch.jit.trace(module, LATENTS), tmp_path / "generator.pt")
    assert torch.equal(audit.load_generator(tmp_path / "generator.pt")(LATENTS), module(LATENTS))


def test_weights_of_a_named_architecture_are_read(tmp_path):
    from safetensors.torch import save_file

    config = {"size": 8, "channels": 1, "latent_dim": 16, "width": 8}
    family = families.get("glo")
    network = family.generator(family.recorded_config(config)).eval()
    save_file(network.state_dict(), tmp_path / "g.safetensors")
    options = {"architecture": "glo", "config": config}
    loaded = audit.load_generator(tmp_path / "g.safetensors", **options)
    latents = torch.zeros(2, 16)
    assert torch.equal(loaded.eval()(latents), network(latents))
    with pytest.raises(InputError, match="architecture"):
        audit.load_generator(tmp_path / "g.safetensors")
    with pytest.raises(InputError, match="weights of GLO"):
        audit.load_generator(
            tmp_path / "g.safetensors", architecture="glo", config={**config, "width": 16}
        )


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return (open, (self.mark, "w"))


def repacked(source, target, change):
    """Writes a copy of an archive; `change` maps an entry's name and bytes to its new bytes."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))


def _pickled_weights(name, content, mark):
    if name.endswith("_config.json") and b"use_pickle" in content:
        return content.replace(b'"use_pickle": false', b'"use_pickle": true')
    if "/data/weights/weight_" in name:
        return pickle.dumps(Bomb(mark))
    return content


def _foreign_call(name, content, mark):
    return content.replace(b"torch.ops.aten.tanh.default", b"torch.hub.load")


@pytest.mark.parametrize("attack", [_pickled_weights, _foreign_call])
def test_an_exported_program_with_code_in_it_is_refused_unread(attack, tmp_path):
    torch.export.save(torch.export.export(Copier().eval(), (LATENTS,)), tmp_path / "good.pt2")
    mark, bad = tmp_path / "mark", tmp_path / "bad.pt2"
    repacked(tmp_path / "good.pt2", bad, lambda name, content: attack(name, content, mark))
    with pytest.raises(InputError, match="without running code"):
        audit.load_generator(bad)
    assert not mark.exists()


def test_pickles_and_other_files_are_refused_unread(tmp_path):
    mark = tmp_path / "mark"
    torch.save({"a": Bomb(mark)}, tmp_path / "whole.pt")
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(Bomb(mark)))
    for name in ("whole.pt", "plain.pkl"):
        with pytest.raises(InputError, match=r"torch\.export"):
            audit.load_generator(tmp_path / name)
    assert not mark.exists()


def test_a_factory_is_called_and_what_is_none_is_named(tmp_path, monkeypatch):
    (tmp_path / "mine_for_audit.py").write_text(
        "def make():\n    return lambda z: z\nnothing = 3\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert audit.load_generator("mine_for_audit:make")(3) == 3
    for wrong in ("mine_for_audit:absent", "no_such_module:make", "no/such/file.pt2"):
        with pytest.raises(InputError, match="generator must"):
            audit.load_generator(wrong)


def test_the_command_writes_a_report_and_fails_where_it_is_told_to(tmp_path, monkeypatch):
    monkeypatch.setenv("MEMPAPER_RUNS", str(tmp_path / "runs"))
    train, holdout = normal_images(120, seed=0), normal_images(120, seed=1)
    for name, images in (("train", train), ("holdout", holdout), ("same", train.clone())):
        np.save(tmp_path / f"{name}.npy", images.numpy())
    copies, _ = copied(train, 0.3, seed=0)
    np.save(tmp_path / "copies.npy", copies.numpy())
    command = ["audit", "--train", str(tmp_path / "train.npy"), "--out", str(tmp_path / "out")]
    command += ["--holdout", str(tmp_path / "holdout.npy"), "--samples"]
    command += [str(tmp_path / "copies.npy")]
    runner = CliRunner()
    assert runner.invoke(app, command).exit_code == 0
    failed = runner.invoke(app, [*command, "--fail-on", "memorization"])
    assert failed.exit_code == 1
    assert "memorization" in failed.output
    assert (tmp_path / "out" / "report.html").is_file()
    refused = runner.invoke(app, ["audit", "--out", str(tmp_path / "x")])
    assert refused.exit_code == 2
    (tmp_path / "file").touch()
    for wrong, words in (
        (["--budget", "soon"], "10min"),
        (["--setting", "size=32"], "safetensors"),
        (["--out", str(tmp_path / "file")], "out must"),
    ):
        stopped = runner.invoke(app, [*command, *wrong])
        assert stopped.exit_code == 2
        assert words in stopped.output


@pytest.mark.parametrize(("p_value", "verdict"), [(1e-4, "cannot tell"), (0.01, "memorization")])
def test_a_failed_negative_control_overrules_and_a_doubtful_one_warns(p_value, verdict):
    numbers = np.arange(30)
    scores = Scores("samples", "", *np.ones((2, 30)), numbers, numbers)
    controls = Controls({"a": p_value, "b": 0.5}, {0.1: 1e-4})
    found, reasons = decide(
        [AuditTest(scores, 0.5, Interval(0.6, 0.8, 0.7, 0.95), 1e-4, 1e-4)],
        controls,
        None,
        level=0.05,
    )
    assert found == verdict
    assert ("negative control" in reasons[-1]) == (verdict == "memorization")


def test_an_interrupted_audit_goes_on_with_the_samples_it_has(store):
    train, holdout = normal_images(30, seed=0), normal_images(30, seed=1)
    inner, calls = Copier(), []

    @torch.no_grad()
    def generator(latents):
        calls.append(len(latents))
        if len(calls) == stop:
            raise KeyboardInterrupt
        return inner(latents)

    options = {"latent_dim": 9, "generated": 600, "store": store}
    stop = 16  # 1 to try it, 1 for its identity, 8 for each 256 samples
    with pytest.raises(KeyboardInterrupt):
        audit.audit(generator, train, holdout, **options)
    stop = None
    calls.clear()
    report = audit.audit(generator, train, holdout, **options)
    assert len(calls) == 1 + 1 + 8 + 3
    assert torch.equal(report.generated, _whole(inner, 600))


def _whole(module, count):
    return subject(module, 9, (1, SIDE, SIDE)).sample(count, seed=0)


def test_a_budget_buys_images_by_what_a_pass_costs():
    slow = Copier()
    audited = subject(slow, 9, (1, SIDE, SIDE))
    assert affordable(audited, 1e6, 50, 2000, 250) == (2000, 250)
    assert affordable(audited, 1e-9, 50, 2000, 250) == (20, 20)
    slow.register_forward_hook(lambda *_: time.sleep(0.032))  # a millisecond for each of 32
    generated, recovered = affordable(audited, 2.0, 10, 10**6, 10**6)
    assert 200 < generated <= 1000
    assert 5 < recovered <= 25


def test_the_command_reads_times():
    assert [_seconds(text) for text in ("90s", "10min", "1.5 h")] == [90, 600, 5400]

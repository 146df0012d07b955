"""Reference sets examined by themselves, and then held against generated images."""

import dataclasses

import numpy as np
import pytest

from mempaper import claims, experiments, reference_shift, references
from mempaper.claims import verdicts
from mempaper.runs import Store
from mempaper.statistics import Interval, z_u

TINY = {"images": 100, "size": 8, "steps": 2, "batch_size": 4, "latent_dim": 6, "width": 8}
QUICK = experiments.Protocol(cells=1, min_generated=5, draws=40)


def measured(store, model="biggan"):
    run = experiments.train(model, "digits", store=store, **TINY)
    sets = references.load(["warped"], run.config["data"])
    (found,) = experiments.measure_copying(
        [run],
        encoder=experiments.EncoderSpec("pca", pca_dim=10),
        generated=300,
        references=sets,
        protocol=QUICK,
        store=store,
    )
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def copying(store):
    return measured(store)


def with_interval(scores, low, high):
    """Returns scores whose class-mean C_T has this interval."""
    middle = (low + high) / 2
    mean = dataclasses.replace(
        scores.classes, statistic=middle, interval=Interval(low, high, middle, 0.95)
    )
    return dataclasses.replace(scores, classes=mean)


def test_warped_images_are_seen_to_be_shifted(copying):
    """They copy nothing; hold-out images are never excluded, whatever their halves say."""
    scores = copying.baseline["warped"].classes
    assert scores.interval.low > 0
    assert scores.p_value > 0.9
    assert reference_shift.unshifted(copying) == ["hold-out"]
    chance = with_interval(copying.baseline["holdout"], 0.1, 0.3)
    unlucky = dataclasses.replace(copying, baseline=copying.baseline | {"holdout": chance})
    assert reference_shift.unshifted(unlucky) == ["hold-out"]


@pytest.mark.parametrize(
    ("low", "high", "trusted"), [(-0.1, 0.4, True), (0.1, 0.4, False), (-0.4, -0.1, False)]
)
def test_a_reference_is_trusted_where_its_interval_holds_0(copying, low, high, trusted):
    scores = with_interval(copying.baseline["warped"], low, high)
    found = dataclasses.replace(copying, baseline=copying.baseline | {"warped": scores})
    assert ("hold-out, warped" in reference_shift.unshifted(found)) == trusted


def test_the_excess_is_of_means_over_images(copying):
    made = np.array([0.1, 0.2, 0.3, 0.4] * 50)
    sets = {"generated": made, "holdout": 1.5 * made, "warped": made[::-1].copy()}
    found = dataclasses.replace(copying, distances=copying.distances | sets)
    excess = reference_shift.nearer(found)
    assert list(excess) == ["hold-out", "hold-out, warped"]
    assert excess["hold-out"].estimate == pytest.approx(0.5)
    assert excess["hold-out, warped"].estimate == pytest.approx(0)
    # the relative standard deviation of each mean is sqrt(0.0125 / 200) / 0.25
    spread = np.sqrt(2 * 0.0125 / 200) / 0.25
    width = excess["hold-out, warped"].high - excess["hold-out, warped"].low
    assert width == pytest.approx(2 * 1.96 * spread, rel=0.15)


def test_the_bias_of_a_reference_is_its_own_c_t(copying):
    scores = with_interval(copying.baseline["warped"], 2.0, 4.0)
    found = dataclasses.replace(copying, baseline=copying.baseline | {"warped": scores})
    (bias,) = reference_shift.biases(found).values()
    assert (bias.low, bias.high) == (2.0, 4.0)


def test_sets_come_by_their_mean_distance(copying):
    far = dataclasses.replace(
        copying, distances=copying.distances | {"holdout": np.full(9, 1.0), "warped": np.zeros(9)}
    )
    assert list(reference_shift.by_distance(far)) == ["hold-out, warped", "hold-out"]
    assert list(reference_shift.by_distance(copying)) == ["hold-out", "hold-out, warped"]
    for name, interval in zip(
        ("holdout", "warped"), reference_shift.by_distance(copying).values(), strict=True
    ):
        assert interval == copying.scores[name].classes.interval


def test_tables_have_one_row_a_set(copying):
    alone = reference_shift.examined(copying)
    against = reference_shift.held_against(copying)
    assert list(alone.index) == list(against.index) == ["hold-out", "hold-out, warped"]
    assert alone.loc["hold-out", "images"] == "773"
    assert alone.loc["hold-out", "mean distance"] == f"{copying.distances['holdout'].mean():.4f}"
    shift = copying.baseline["warped"].classes.statistic
    assert against.loc["hold-out, warped", "C_T of hold-out images"] == f"{-shift:.1f}"


def test_the_shift_reversed_is_about_what_hold_out_images_score(copying):
    """C_T with the sets exchanged, over the same cells: U turns into n m - U."""
    kept, warped = copying.distances["holdout"], copying.distances["warped"]
    there, back = z_u(kept, warped), z_u(warped, kept)
    assert there == pytest.approx(-back, abs=0.01)


def test_models_without_classes_are_scored_whole(store):
    found = measured(store, "dcgan")
    interval = found.scores["warped"].whole.interval
    assert reference_shift.by_distance(found)["hold-out, warped"] == interval


@pytest.mark.parametrize(
    ("times", "verdict"), [(0.5, verdicts.REPRODUCED), (2.0, verdicts.NOT_REPRODUCED)]
)
def test_generated_images_are_judged_against_what_is_trusted(copying, times, verdict):
    kept = copying.distances["holdout"]
    found = dataclasses.replace(
        copying, distances=copying.distances | {"generated": times * kept, "warped": 9 * kept}
    )
    excess = reference_shift.nearer(found)
    trusted = {name: excess[name] for name in reference_shift.unshifted(found)}
    judged = claims.judge("generated-nearer-than-reference", values=trusted)
    assert judged.verdict == verdict
    assert "warped" not in judged.detail


def test_the_stricter_reference_is_the_one_farther_away(copying):
    scores = {
        "holdout": with_interval(copying.scores["holdout"], -2.0, -1.0),
        "warped": with_interval(copying.scores["warped"], -6.0, -5.0),
    }
    found = dataclasses.replace(copying, scores=scores)
    turned = {name: found.distances[name] for name in ("warped", "holdout")}
    turned = dict(zip(("holdout", "warped"), turned.values(), strict=True))
    other = dataclasses.replace(found, distances=found.distances | turned)
    for each, expected in ((found, verdicts.REPRODUCED), (other, verdicts.NOT_REPRODUCED)):
        ordered = reference_shift.by_distance(each)
        judged = claims.judge("distinct-references-are-stricter", statistics=ordered)
        assert judged.verdict == expected

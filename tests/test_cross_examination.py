"""Every detector on every generator: one scale, who fires, who agrees, and where they do not."""

from dataclasses import replace
from itertools import permutations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.stats
import torch

from mempaper import (
    calibration,
    cross_examination,
    discriminators,
    examined,
    experiments,
    findings,
    images,
    parallel,
    plotting,
)
from mempaper.detectors import Detection, Detector, detect_all
from mempaper.errors import InputError
from mempaper.findings import RECOVERY, TITLES, Finding
from mempaper.runs import Store
from mempaper.statistics import (
    FewTestImagesWarning,
    data_copying_test,
    mre_gap,
    rank_correlations,
)
from mempaper.training.neural_net_divergence import CriticConfig, divergence_gap

TINY = {"dataset": "digits", "steps": 2, "latent_dim": 8, "width": 8}
SETTINGS = {"generated": 40, "passes": 3, "exchanges": 2}


def draws(count, *seed, dim=5):
    return torch.from_numpy(np.random.default_rng([11, *seed]).standard_normal((count, dim)))


# One scale


def test_recovery_errors_speak_by_one_sided_p_values():
    rng = np.random.default_rng(0)
    low, high = rng.lognormal(0, 1, 40), rng.lognormal(1.5, 1, 40)
    copies, reverse = findings.on_errors(low, high), findings.on_errors(high, low)
    assert list(copies) == list(RECOVERY)
    assert all(each.exact and each.p_value < 0.001 for each in copies.values())
    assert all(each.z < -2 and each.p_value > 0.99 for each in reverse.values())
    assert copies["gap"].score == pytest.approx(1 - np.median(low) / np.median(high))
    assert copies["ks"].z == pytest.approx(scipy.stats.norm.isf(copies["ks"].p_value))


def test_the_gaps_p_value_is_that_of_all_ways_to_label_the_errors():
    train, holdout = np.array([1.0, 2.0, 4.0, 7.0]), np.array([3.0, 5.0, 6.0, 8.0])
    both = np.concatenate([train, holdout])
    all_gaps = [
        1 - np.median(both[list(order[:4])]) / np.median(both[list(order[4:])])
        for order in permutations(range(8))
    ]
    expected = np.mean(np.array(all_gaps) >= mre_gap(train, holdout) - 1e-12)
    found = findings.on_errors(train, holdout)["gap"]
    assert found.p_value == pytest.approx(expected, abs=4 * np.sqrt(expected / 9999))


def test_a_detector_without_a_p_value_is_held_against_exchanges():
    """As written out: the mean and the standard deviation of scores under exchanged labels."""
    train, holdout, generated = (draws(30, i) for i in range(3))
    generated[:15] = train[:15]
    found = findings.on_features(train, holdout, generated, exchanges=5, seed=3)
    rng, real = np.random.default_rng(3), torch.cat([train, holdout])
    scores = []
    for _ in range(5):
        order = rng.permutation(60)
        inner = torch.cdist(generated, real[order[:30]])
        spacing = torch.cdist(real[order[:30]], real[order[:30]])
        spacing.fill_diagonal_(torch.inf)
        distance, place = inner.min(dim=1)
        scores.append(-100 * float((distance > spacing.min(dim=1).values[place]).double().mean()))
    unit = np.std(scores, ddof=1) * np.sqrt(1 + 1 / 5)
    assert not found["authpct"].exact
    p_value = scipy.stats.t.sf((found["authpct"].score - np.mean(scores)) / unit, df=4)
    assert found["authpct"].p_value == pytest.approx(p_value, rel=1e-9)
    assert found["authpct"].z == pytest.approx(scipy.stats.norm.isf(p_value))


def test_logan_takes_high_logits_for_training_images():
    """Of 2 x 3 pairs 5 are in this order, and U = 1 has the p-value of its normal approximation."""
    train, holdout = np.array([4.0, 2.0]), np.array([3.0, 1.0, np.nan, 0.0])
    found = findings.on_logits(train, holdout)["logan"]
    assert found.score == pytest.approx(5 / 6)
    assert found.p_value == pytest.approx(
        scipy.stats.mannwhitneyu(
            train, [3.0, 1.0, 0.0], alternative="greater", method="asymptotic"
        ).pvalue
    )
    assert found.z == pytest.approx(scipy.stats.norm.isf(found.p_value))
    assert findings.on_logits(holdout, train)["logan"].score == pytest.approx(1 / 6)


def test_two_readings_of_one_measure_take_one_measurement():
    calls = []

    def measure(train, holdout, generated, seed, permutations=1000):
        calls.append(permutations)
        return 3.0

    both = {
        "high": Detector("", "", measure, lambda found: Detection(found)),
        "low": Detector("", "", measure, lambda found: Detection(-found)),
    }
    said = detect_all(both, *(draws(4, i) for i in range(3)), seed=0)
    assert (said["high"].score, said["low"].score) == (3.0, -3.0)
    assert calls == [1000]


@pytest.mark.parametrize("name", ["authpct", "fid_gap"])
def test_students_p_values_are_about_at_level_without_copying(name, monkeypatch):
    chosen = {name: findings.DETECTORS[name]}
    monkeypatch.setattr(findings, "DETECTORS", chosen)
    alarms = sum(
        findings.on_features(*(draws(24, s, i) for i in range(3)), exchanges=9, seed=s)[
            name
        ].p_value
        <= 0.1
        for s in range(60)
    )
    assert scipy.stats.binomtest(alarms, 60, 0.1, alternative="greater").pvalue > 0.001


def test_scores_that_never_change_are_no_finding():
    """Samples far from all real images: each is authentic whatever the labels."""
    found = findings.on_features(draws(20, 0), draws(20, 1), draws(40, 2) + 50, exchanges=3)
    assert found["authpct"] == Finding(-100.0, 0.5, 0.0, exact=False)


def test_what_fires_is_corrected_for_the_number_of_detectors():
    """Holm: 0.01 x 4 = 0.04, then 0.02 x 3 = 0.06."""
    p_values = {"a": 0.9, "b": 0.02, "c": 0.01, "d": 0.5}
    said = {name: Finding(0.0, p, 0.0, exact=True) for name, p in p_values.items()}
    assert findings.fired(said) == ["c"]
    assert findings.fired(said, level=0.07) == ["b", "c"]


# Rank correlations


def test_coefficients_are_spearmans_and_p_values_those_of_all_orders():
    values = np.random.default_rng(1).integers(0, 5, (6, 3)).astype(float)
    found = rank_correlations(values, permutations=4000)
    np.testing.assert_allclose(found.coefficients, scipy.stats.spearmanr(values).statistic)
    observed = abs(found.coefficients[0, 1])
    everything = [
        abs(scipy.stats.spearmanr(values[list(order), 0], values[:, 1]).statistic)
        for order in permutations(range(6))
    ]
    expected = np.mean(np.array(everything) >= observed - 1e-9)
    error = np.sqrt(expected * (1 - expected) / 4000)
    assert found.p_values[0, 1] == pytest.approx(expected, abs=4 * error + 1e-3)


def test_groups_that_differ_alike_are_no_agreement():
    """Within each group the orders are opposite, and both values are larger in the second."""
    values = np.array([[1, 3], [2, 2], [3, 1], [11, 13], [12, 12], [13, 11]])
    assert rank_correlations(values).coefficients[0, 1] > 0
    found = rank_correlations(values, groups=[0, 0, 0, 1, 1, 1])
    assert found.coefficients[0, 1] == pytest.approx(-1)
    # 2 of (3!)^2 orders are as far from none: these and their mirror.
    assert found.p_values[0, 1] == pytest.approx(2 / 36, abs=0.01)
    assert found.things == 5


def test_a_measure_that_never_changes_agrees_with_none():
    found = rank_correlations(np.array([[1, 1], [2, 1], [3, 1]]), permutations=9)
    assert np.isnan(found.coefficients[0, 1])
    assert found.p_values[0, 1] == 1
    assert (found.interval(0, 1).low, found.interval(0, 1).high) == (-1, 1)


def test_the_interval_of_a_coefficient():
    """Of 0 among 28 things: +-tanh(1.95996 / 5) = +-0.3731."""
    rng = np.random.default_rng(0)
    found = replace(
        rank_correlations(rng.random((28, 2)), permutations=1), coefficients=np.zeros((2, 2))
    )
    assert found.interval(0, 1).high == pytest.approx(np.tanh(1.959964 / 5))
    assert found.interval(0, 1).low == pytest.approx(-np.tanh(1.959964 / 5))


def test_values_that_cannot_be_ranked_are_refused():
    with pytest.raises(InputError, match="without NaN"):
        rank_correlations([[1.0, np.nan], [2.0, 3.0]])


# Models


@pytest.fixture(scope="module", autouse=True)
def alone():
    """One process, for starting others takes longer than what they would do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "cores", lambda: 1)
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def glos(store):
    runs = [experiments.train("glo", images=n, store=store, **TINY) for n in (12, 20)]
    return examined.examine(runs, count=16, store=store, **SETTINGS)


@pytest.fixture(scope="module")
def rejecting(store):
    """BigGANs with tau 0 and 0.5 for each of two seeds, the greater first."""
    settings = TINY | {"images": 60, "size": 8, "batch_size": 4}
    runs = [
        experiments.train("biggan", store=store, seed=seed, rejection=rejection, **settings)
        for seed in (1, 0)
        for rejection in ({"threshold": "q10", "embedding": "pixels"}, None)
    ]
    return examined.examine(runs, count=20, store=store, **SETTINGS)


def test_all_detectors_see_as_many_images_of_each_kind(glos):
    for each, count in zip(glos, (12, 16), strict=True):
        assert list(each.findings) == list(TITLES)[:-2]
        shapes = {kind: images.shape for kind, images in each.images.items()}
        assert shapes == {
            "train": (count, 1, 16, 16),
            "holdout": (count, 1, 16, 16),
            "generated": (40, 1, 16, 16),
        }
        assert {kind: len(rows) for kind, rows in each.features.items()} == {
            "train": count,
            "holdout": count,
            "generated": 40,
        }
        assert {kind: errors.shape for kind, errors in each.errors.items()} == {
            "train": (count,),
            "holdout": (count,),
        }
    assert [each.label for each in glos] == ["GLO-12", "GLO-20"]


def test_errors_are_those_of_the_images_that_features_are_of(glos):
    for each in glos:
        for kind in ("train", "holdout"):
            made = experiments.recovered_images(each.run, each.recovered[kind])
            mean_square = (made.numpy()[: len(each.images[kind])] - each.images[kind]) ** 2
            np.testing.assert_allclose(
                mean_square.mean(axis=(1, 2, 3)), each.errors[kind], rtol=1e-4
            )
            flat = each.images[kind].reshape(len(each.images[kind]), -1)
            np.testing.assert_allclose(each.features[kind], flat, rtol=1e-6)


def test_classes_are_recovered_and_named_by_threshold_and_seed(rejecting):
    taus = {each.threshold for each in rejecting}
    assert len(taus) == 2
    assert rejecting[1].label == "BigGAN, τ = 0, seed 1"
    grouped = cross_examination.by_threshold(rejecting)
    assert list(grouped) == sorted(taus)
    assert [[each.seed for each in of] for of in grouped.values()] == [[0, 1], [0, 1]]
    ((name, change),) = cross_examination.changes_of_gap(rejecting).items()
    without, with_tau = ([each.gap for each in of] for of in grouped.values())
    assert name == f"tau = {max(taus):.3g}"
    assert change.estimate == pytest.approx(np.mean(with_tau) - np.mean(without))
    assert list(cross_examination.over_seeds(rejecting).index) == ["0", f"{max(taus):.3g}"]


def test_c_t_of_the_smallest_is_that_of_its_features(glos):
    ((name, found),) = cross_examination.copying_of_smallest(glos, "glo").items()
    assert name == "GLO-12"
    with pytest.warns(FewTestImagesWarning):
        expected = data_copying_test(*glos[0].features.values(), cells=1)
    assert found == expected.interval


def said(each, **z):
    """The model, whose detectors find what is given, and nothing else."""
    found = {
        name: Finding(z.get(name, 0.0), float(scipy.stats.norm.sf(z.get(name, 0.0))), value, True)
        for name, value in ((name, z.get(name, 0.0)) for name in TITLES)
    }
    return replace(each, findings=found)


def test_the_matrix_has_means_and_shares_that_fire(glos):
    models = [said(glos[0], ks=4.0, mmd=-1.0), said(glos[1], ks=1.0, mmd=np.inf)]
    (ks, mmd), share = cross_examination.matrix([models, models[:1]], ["ks", "mmd"])
    assert (ks.tolist(), share[0].tolist()) == ([2.5, 4.0], [0.5, 1.0])
    assert (mmd.tolist(), share[1].tolist()) == ([4.0, -1.0], [0.5, 0.0])
    row = cross_examination.table(models).loc["GLO-12"]
    assert row["detectors that fire"] == "recovery: KS"
    assert (row["highest u"], row["lowest u"]) == ("recovery: KS (4.0)", "three-sample MMD (-1.0)")


def test_agreement_is_by_the_detectors_names(glos):
    first = [said(glos[0], gap=g, c_t=c) for g, c in ((1.0, 3.0), (2.0, 2.0), (3.0, 1.0))]
    second = [said(glos[0], gap=g, c_t=c) for g, c in ((0.1, 0.3), (0.2, 0.2), (0.3, 0.1))]
    alike = cross_examination.agreement([first, second])
    found = cross_examination.correlation(alike, TITLES, "gap", "c_t")
    assert found.estimate == pytest.approx(-1)


def test_a_detector_that_looked_at_some_models_only(glos, rejecting):
    """LOGAN needs a discriminator, which a GLO has not; the divergence was not asked for."""
    models = [*glos, *rejecting]
    everywhere = list(TITLES)[:-2]
    assert list(cross_examination.titles(models)) == [*everywhere, "logan"]
    assert list(cross_examination.titles(models, among=all)) == everywhere
    assert len(cross_examination.agreement([glos, rejecting]).coefficients) == len(everywhere)
    ((none, some),), ((never, _),) = cross_examination.matrix([glos, rejecting], ["logan"])
    assert np.isnan(none)
    assert never == 0
    assert some == pytest.approx(np.mean([each.findings["logan"].z for each in rejecting]))


def test_logan_attacks_the_images_that_the_others_see(rejecting):
    for each in rejecting:
        split = images.load("digits", size=8, train=60)
        real = (split.train.subset(slice(20)), split.holdout.subset(slice(20)))
        train, holdout = (discriminators.logits(each.run, of) for of in real)
        auc = np.mean((train[:, None] > holdout) + (train[:, None] == holdout) / 2)
        assert each.findings["logan"].score == pytest.approx(auc)
        row = cross_examination.attacks([each]).loc[each.label]
        assert row["AUC"].startswith(f"{auc:.2f} [")
        assert row["found at 1 % (%)"] == "unknown"  # of 20 hold-out images


def test_the_divergence_is_of_the_same_images_and_made_once(store, glos, monkeypatch):
    run = glos[0].run
    asked = SETTINGS | {"critic_steps": 2, "critic_exchanges": 2, "store": store}
    (found,) = examined.examine([run], count=16, **asked)
    sets = (torch.from_numpy(found.images[kind]) for kind in ("generated", "train", "holdout"))
    gap = divergence_gap(*sets, config=CriticConfig(steps=2)).gap
    assert found.findings["divergence"].score == gap
    monkeypatch.setattr(findings, "on_images", None)
    (again,) = examined.examine([run], count=16, **asked)
    assert again.findings["divergence"] == found.findings["divergence"]
    with pytest.raises(InputError, match=r"critic_steps must be .*at least 0; got -1"):
        examined.examine([run], count=16, critic_steps=-1)


def test_models_are_tabled_by_p_value(glos):
    found = calibration.on_models(glos, ["authpct", "mmd"])["GLO-20"]
    p_values = {name: f"{glos[1].findings[name].p_value:.2g}" for name in ("authpct", "mmd")}
    assert found["AuthPct"] == p_values["authpct"]
    assert found["three-sample MMD"] == p_values["mmd"]
    assert found["MRE-gap (%)"].startswith(f"{100 * glos[1].gap:.1f} [")


def test_below_the_diagonal_is_each_pair_once():
    found = cross_examination.below_diagonal(np.array([[1, 2, 3], [2, 1, 4], [3, 4, 1.0]]))
    np.testing.assert_array_equal(found, [[2, np.nan], [3, 4]])


def test_a_model_in_which_nothing_is_seen_is_not_disputed_while_another_is(glos):
    silent, seen = said(glos[0], log_errors=-3.0), said(glos[1], nearness=2.0)
    assert cross_examination.dispute([silent, seen], shown=1).model is seen
    assert cross_examination.dispute([silent], shown=1).model is silent


def test_the_dispute_is_about_the_model_and_the_images_that_differ_most(glos):
    agreed = said(glos[0], log_errors=3.0, nearness=3.0)
    model = said(glos[1], log_errors=3.0, nearness=0.0)
    # Image 0 is recovered without error and far from all samples; image 1 the other way round.
    holdout = np.linspace(1, 2, 16)
    train = np.full(16, 1.5)
    train[:2] = 0.0, 9.0
    features = {kind: rows.astype(np.float64) for kind, rows in model.features.items()}
    features["train"][0] += 50
    features["holdout"][0] = features["train"][0] + 0.01
    features["generated"][7] = features["train"][1]
    model = replace(model, features=features, errors={"train": train, "holdout": holdout})
    found = cross_examination.dispute([agreed, model], shown=1)
    assert found.model is model
    np.testing.assert_array_equal(
        found.rows["recovery"]["training image"], model.images["train"][:1]
    )
    nearness = found.rows["nearness"]
    np.testing.assert_array_equal(nearness["training image"], model.images["train"][1:2])
    np.testing.assert_array_equal(nearness["nearest sample"], model.images["generated"][7:8])


# The figure


def test_a_heat_map_writes_its_numbers_and_leaves_out_what_is_none():
    fig, ax = plt.subplots()
    values = np.array([[1.0, -3.9], [np.nan, 0.04]])
    marked = np.array([[True, False], [True, False]])
    plotting.heat_map(values, ["a", "C_T"], ["c", "d"], ax=ax, limit=4, marked=marked)
    assert [text.get_text() for text in ax.texts] == ["1.0*", "-3.9", "0.0"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "$C_T$"]
    assert ax.texts[1].get_color() == "white"
    with pytest.raises(InputError, match="values must"):
        plotting.heat_map(values, ["a"], ["c", "d"], ax=ax, limit=4)
    plt.close(fig)

"""Calibration: thresholds and powers by hand, replicates against a naive version, closed forms."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.stats
import torch

from mempaper import calibration, detectable, embeddings, images, planted, plotting
from mempaper.detectors import DETECTORS
from mempaper.errors import InputError
from mempaper.experiments import DENSITY, NULL, Observed, calibrate, pool_features
from mempaper.experiments.calibrating import drawn
from mempaper.images import Images
from mempaper.runs import Store
from mempaper.statistics import Interval

COUNT = 16
SMALL = {
    "count": COUNT,
    "shares": {"flipped": [0.3, 1.0], "exact": [0.3]},
    "bandwidths": [0.2],
    "detectors": ["nearness", "authpct"],
    "encoder": {"name": "pca", "pca_dim": 8},
    "pool": 200,
    "images": 40,
    "size": 16,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def observed(store):
    return calibrate("faces", replicates=3, nulls=4, store=store, **SMALL)


def test_replicates_are_what_planting_encoding_and_detecting_give(observed):
    split = images.load("faces", size=16, train=40, holdout=200)
    encode = embeddings.pca(split.train[:], dim=8)
    for number in range(4):
        first = 3 * COUNT * number
        train, holdout, fresh = split.holdout[first : first + 3 * COUNT].split(COUNT)
        seed = int(np.random.SeedSequence([0, number]).generate_state(1)[0])
        for (name, share), scores in observed.scores.items():
            if number == 3 and (name, share) != NULL:
                assert all(len(values) == 3 for values in scores.values())
                continue
            if name == DENSITY:
                made = planted.kernel_density_draws(train, COUNT, bandwidth=share, seed=seed).images
                features = encode.encode(made)
            else:
                how = planted.CORRUPTIONS.get(name, planted.exact)
                made = planted.plant(fresh, train, share=share, corruption=how, seed=seed).images
                features = encode(made)
            for detector, values in scores.items():
                found = DETECTORS[detector].detect(
                    encode(train), encode(holdout), features, number, permutations=199
                )
                assert values[number] == pytest.approx(found.score, rel=1e-6)
                if found.p_value is not None:
                    assert observed.p_values[name, share][detector][number] == found.p_value


def test_conditions_are_the_null_then_copies_then_densities(observed):
    assert list(observed.scores) == [
        NULL,
        ("flipped", 0.3),
        ("flipped", 1.0),
        ("exact", 0.3),
        (DENSITY, 0.2),
    ]
    assert all(list(rows) == ["nearness"] for rows in observed.p_values.values())
    assert all(seconds > 0 for seconds in observed.seconds.values())


def test_a_repeated_call_computes_nothing(observed, store, monkeypatch):
    monkeypatch.setattr("mempaper.experiments.calibrating._replicate", None)
    again = calibrate("faces", replicates=3, nulls=4, store=store, **SMALL)
    assert np.array_equal(again.scores[NULL]["nearness"], observed.scores[NULL]["nearness"])


def test_replicates_do_not_depend_on_their_number(observed, store):
    fewer = calibrate("faces", replicates=2, nulls=2, store=store, **SMALL)
    for condition, rows in fewer.scores.items():
        for name, values in rows.items():
            assert np.array_equal(values, observed.scores[condition][name][:2])


def numbered(count):
    return Images(np.arange(count, dtype=np.float32).reshape(-1, 1, 1, 1), np.zeros(count, int))


def test_sets_are_disjoint_in_all_replicates_or_within_each():
    whole = [drawn(numbered(24), r, 2, 0, True).pixels.ravel().tolist() for r in range(4)]
    assert sorted(number for each in whole for number in each) == list(range(24))
    drawn_anew = [drawn(numbered(24), r, 5, 0, False).pixels.ravel().tolist() for r in range(4)]
    assert all(len(set(each)) == 15 for each in drawn_anew)
    assert len(set(map(tuple, drawn_anew))) == 4


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"pool": 40}, "pool"),
        ({"nulls": 1}, "nulls"),
        ({"detectors": ["nearnes"]}, "detectors must be among nearness"),
        ({"shares": {"mirrored": [1.0]}}, "shares must be among exact"),
        ({"shares": {"exact": [1.5]}}, r"shares must lie in \(0, 1\]"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(store, changed, words):
    with pytest.raises(InputError, match=words):
        calibrate("faces", store=store, **SMALL | {"replicates": 2, "nulls": 2} | changed)


def test_features_of_the_pool_are_those_of_its_images(store):
    given = {"pool": 30, "images": 40, "size": 16}
    found = pool_features("faces", encoder="pixels", store=store, **given)
    split = images.load("faces", size=16, train=40, holdout=30)
    assert torch.equal(found, split.holdout[:].flatten(1))


def said(null, copies, *, p_null=None, p_copies=None):
    scores = {NULL: {"authpct": np.array(null)}, ("exact", 0.1): {"authpct": np.array(copies)}}
    p_values = {NULL: {}, ("exact", 0.1): {}}
    if p_null is not None:
        p_values[NULL]["authpct"] = np.array(p_null)
        p_values["exact", 0.1]["authpct"] = np.array(p_copies)
    return Observed(50, "pca", scores, p_values, {"authpct": 0.002})


def test_a_score_is_found_above_the_other_replicates_without_copies():
    null = np.random.default_rng(0).permutation(40).astype(float)
    copies = np.random.default_rng(1).uniform(30, 44, 40)
    by_hand = []
    for number, score in enumerate(copies):
        others = [null[j] for j in range(40) if j != number]
        by_hand.append((1 + sum(other >= score for other in others)) / 40 <= 0.05)
    found = calibration.power(said(null, copies))["exact", 0.1]["authpct"]
    assert found.estimate == np.mean(by_hand)
    assert 0 < found.estimate < 1


@pytest.mark.parametrize(("count", "expected"), [(20, 1 / 20), (40, 2 / 40), (50, 2 / 50)])
def test_without_copies_the_rate_of_what_is_found_is_the_level(count, expected):
    null = np.arange(count, dtype=float)
    assert calibration.power(said(null, null))["exact", 0.1]["authpct"].estimate == expected


def test_replicates_without_copies_may_be_more():
    null, copies = np.arange(40.0), np.array([37.5, 38.0, 38.5, 50.0])
    found = calibration.power(said(null, copies))["exact", 0.1]["authpct"]
    assert found.estimate == 1 / 2  # 2, 2, 1 and 0 are as high; at 5 % of 40, one may be


def test_equal_scores_are_not_found():
    assert calibration.power(said(np.ones(30), np.ones(30)))["exact", 0.1]["authpct"].estimate == 0


def test_too_few_replicates_for_the_level_are_refused():
    with pytest.raises(InputError, match=r"nulls must be at least 1 / level = 20; got 19"):
        calibration.power(said(np.arange(19.0), np.arange(19.0)))


def test_false_alarms_have_the_exact_interval():
    p = np.full(20, 0.5)
    found = calibration.false_alarms(said(p, p, p_null=p, p_copies=p))["authpct"]
    assert (found.estimate, found.low) == (0, 0)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 20))


def powers(values):
    return {share: Interval(0.0, 1.0, value, 0.95) for share, value in values.items()}


@pytest.mark.parametrize(
    ("values", "expected", "text"),
    [
        ({0.1: 0.6, 0.4: 1.0}, 0.2, "20"),
        ({0.4: 1.0, 0.1: 0.6}, 0.2, "20"),
        ({0.1: 0.9, 0.4: 1.0}, 0.1, "≤ 10"),
        ({0.1: 0.1, 0.4: 0.7}, None, "none"),
        ({0.01: 0.9, 0.1: 0.6, 0.4: 1.0}, 0.2, "20"),
        ({0.1: 0.1, 1.0: 0.8}, 1.0, "100"),
    ],
)
def test_the_smallest_share_lies_where_the_power_crosses(values, expected, text):
    found = calibration.smallest_share(powers(values))
    assert found == (None if expected is None else pytest.approx(expected))
    assert calibration.as_percent(powers(values)) == text


def test_tables_hold_what_was_found():
    null, copies, p = np.arange(20.0), np.arange(20.0) + 100, np.full(20, 0.01)
    one = said(null, copies, p_null=np.full(20, 0.5), p_copies=p)
    table = calibration.table([one])
    assert table.loc["AuthPct", "exact"] == "≤ 10"
    assert table.loc["AuthPct", "false alarms of its test (%)"].startswith("0.0 [")
    assert table.loc["AuthPct", "milliseconds"] == "2.0"
    counts = calibration.by_count([said(null, null), one])
    assert list(counts) == [f"{how}, n = 50" for how in ("score", "own test")]
    assert calibration.best(one).loc["exact", "found first by"] == "AuthPct"
    assert calibration.best(said(null, null)).loc["exact", "found first by"] == "no detector"


def normal(count, dim, seed):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((count, dim)))


def test_nearness_detects_what_its_closed_form_says():
    """k copied images give p of about 2^-k, so six are enough for 5 %; one or two never are."""
    count = 60
    found = detectable.share(count, normal(600, 12, 0), replicates=20)

    def distinct(share):  # mean number of copied training images
        return count * (1 - (1 - share / count) ** count)

    assert distinct(found) > 2
    enough = next(
        share for share in np.linspace(0, 1, 1001) if scipy.stats.binom.sf(6, count, share) > 0.9
    )
    assert found < enough


def test_a_score_without_a_test_is_calibrated_before_it_detects():
    found = detectable.share(40, normal(600, 6, 1), detector="authpct", replicates=20)
    assert 1 / 40 < found < 1
    larger = detectable.share(160, normal(600, 6, 1), detector="authpct", replicates=20)
    assert larger < found


def test_no_copy_is_detectable_where_training_and_holdout_images_are_the_same():
    few = normal(3, 4, 2)[torch.arange(150) % 3]
    assert detectable.share(40, few, replicates=20) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"count": 60}, r"features must have shape \(n, d\), n at least 3 x count = 180"),
        ({"detector": "fid"}, "detector must be among nearness"),
        ({"level": 0.0}, r"level must lie in \(0, 1\)"),
        ({"replicates": 10}, "replicates"),
    ],
)
def test_a_search_that_cannot_be_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        detectable.share(**{"count": 20, "features": normal(100, 3, 0)} | given)


def quantiles_of_lognormal(sigma):
    return np.exp(sigma * scipy.stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000))


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_the_gap_that_medians_find_has_a_closed_form(sigma):
    """The logarithm of a ratio of two medians has variance pi sigma^2 / n for normal logarithms."""
    n = 401
    z = scipy.stats.norm.ppf(0.95) + scipy.stats.norm.ppf(0.8)
    expected = 1 - math.exp(-z * sigma * math.sqrt(math.pi / n))
    found = detectable.gap(n, quantiles_of_lognormal(sigma), test="median", replicates=4000)
    assert found == pytest.approx(expected, rel=0.06)


def test_the_gap_that_the_ks_test_finds_is_where_scipys_test_has_its_power():
    found = detectable.gap(100, quantiles_of_lognormal(0.5))
    draws = np.random.default_rng(5)

    def power(gap):
        train, val = np.exp(0.5 * draws.standard_normal((2, 300, 100)))
        p = [scipy.stats.ks_2samp(t * (1 - gap), v).pvalue for t, v in zip(train, val, strict=True)]
        return np.mean(np.array(p) <= 0.05)

    assert power(found / 1.25) < 0.8 < power(1.25 * found)


def test_gaps_do_not_depend_on_the_unit_of_the_errors():
    errors = quantiles_of_lognormal(0.5)[::20]
    for test in ("ks", "median"):
        one, other = (detectable.gap(50, c * errors, test=test) for c in (1, 8))
        assert one == pytest.approx(other)


def test_three_images_are_too_few_for_any_ks_test():
    """Its smallest p-value is 2 / C(6, 3) = 0.1; with four it is 2 / C(8, 4) = 0.029."""
    assert detectable.gap(3, [1.0, 1.001, 1.002]) is None
    assert detectable.gap(4, [1.0, 1.001, 1.002]) == pytest.approx(0.002, rel=0.06)


def test_the_table_has_a_row_for_each_number():
    table = detectable.table(
        [8, 12], features=normal(100, 3, 0), errors=np.linspace(1, 2, 50), replicates=20
    )
    assert list(table.index) == ["n = 8", "n = 12"]


def test_power_is_drawn_in_per_cent_with_both_lines():
    _, ax = plt.subplots()
    curves = {"exact": powers({0.1: 0.25, 1.0: 1.0})}
    plotting.power_against_share(curves, ax=ax, level=0.05, power=0.8)
    heights = [line.get_ydata() for line in ax.lines]
    assert any(np.allclose(height, [25, 100]) for height in heights if len(height) == 2)
    assert {float(np.ravel(h)[0]) for h in heights} >= {5.0, 80.0}
    plt.close()

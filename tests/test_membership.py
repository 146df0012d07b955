"""Membership inference against two normals, double loops and cases worked by hand."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from mempaper.errors import InputError
from mempaper.statistics import (
    black_box_scores,
    calibrated_scores,
    membership_auc,
    membership_inference,
    true_positive_rate,
)

Z = scipy.stats.norm.ppf(0.975)


def phi(x):
    return float(scipy.special.ndtr(x))


def two_normals(*key, members=200, nonmembers=200, shift=1.0):
    """Scores of N(-shift, 1) and N(0, 1): the AUC is Phi(shift / sqrt(2))."""
    rng = np.random.default_rng(key)
    return rng.standard_normal(members) - shift, rng.standard_normal(nonmembers)


def often_enough(hits, count, share):
    """Whether so many hits are likely, up to one in ten thousand, where each has `share`."""
    return scipy.stats.binom.cdf(hits, count, share) > 1e-4


# AUC


def test_the_auc_of_two_normals():
    found = membership_auc(*two_normals(0, members=40_000, nonmembers=40_000, shift=0.7))
    assert found.estimate == pytest.approx(phi(0.7 / np.sqrt(2)), abs=0.01)
    assert phi(0.7 / np.sqrt(2)) in found
    assert found.high - found.low < 0.01


def test_low_scores_are_members():
    low, high = [1.0, 2.0, 4.0], [3.0, 5.0]
    assert membership_auc(member_scores=low, nonmember_scores=high).estimate == 5 / 6
    assert membership_auc(member_scores=high, nonmember_scores=low).estimate == pytest.approx(1 / 6)
    assert membership_inference(low, high).p_value < membership_inference(high, low).p_value


@pytest.mark.parametrize("decimals", [8, 0])  # the last with many ties
def test_auc_and_interval_are_the_naive_double_loops(decimals):
    members, others = (x.round(decimals) for x in two_normals(1, members=23, nonmembers=31))
    wins = np.array([[(x < y) + (x == y) / 2 for y in others] for x in members])
    auc = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / 23 + wins.mean(axis=0).var(ddof=1) / 31
    half = Z * np.sqrt(variance) / (auc * (1 - auc))
    found = membership_auc(members, others)
    assert found.estimate == pytest.approx(auc, rel=1e-12)
    assert (found.low, found.high) == pytest.approx(
        (expit(logit(auc) - half), expit(logit(auc) + half)), rel=1e-9
    )
    labels = [1] * 23 + [0] * 31
    scikits = roc_auc_score(labels, -np.concatenate([members, others]))
    assert found.estimate == pytest.approx(scikits, rel=1e-12)


def test_the_variance_is_that_of_a_published_package():
    """The example in the documentation of `pauc`, whose interval is not on the scale of logits:
    0.708, from 0.378 to above 1."""
    labels = np.array([0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1], dtype=bool)
    scores = [0.1, 0.35, 0.24, 0.8, 0.2, 0.85, 0.13, 0.85, 0.74, 0.58, 0.71, 0.25]
    scores = -np.array(scores)
    found = membership_auc(scores[labels], scores[~labels])
    assert found.estimate == pytest.approx(0.708, abs=5e-4)
    slope = found.estimate * (1 - found.estimate)
    half = slope * (logit(found.high) - logit(found.low)) / 2
    assert found.estimate - half == pytest.approx(0.378, abs=5e-4)


@pytest.mark.parametrize(
    ("shift", "members", "nonmembers"), [(0.0, 40, 40), (1.0, 30, 60), (2.2, 60, 60)]
)
def test_the_interval_of_the_auc_covers(shift, members, nonmembers):
    true, repeats = phi(shift / np.sqrt(2)), 400
    hits = sum(
        true
        in membership_auc(*two_normals(2, i, members=members, nonmembers=nonmembers, shift=shift))
        for i in range(repeats)
    )
    assert often_enough(hits, repeats, 0.95)
    assert hits < repeats


@pytest.mark.parametrize("count", [2, 20, 500])
def test_complete_separation_leaves_doubt(count):
    """The lower end is the AUC that lies z standard deviations of Hanley and McNeil below 1."""
    found = membership_auc(np.zeros(count) - np.arange(count), 1.0 + np.arange(count))
    assert (found.estimate, found.high) == (1, 1)
    a = found.low
    q1, q2 = a / (2 - a), 2 * a**2 / (1 + a)
    variance = (a * (1 - a) + (count - 1) * (q1 - a**2 + q2 - a**2)) / count**2
    assert 1 - a == pytest.approx(Z * np.sqrt(variance), rel=1e-6)
    mirrored = membership_auc(1.0 + np.arange(count), np.zeros(count) - np.arange(count))
    assert (mirrored.low, mirrored.estimate) == (0, 0)
    assert mirrored.high == pytest.approx(1 - a, rel=1e-9)


def test_equal_scores_say_nothing():
    found = membership_inference(np.ones(150), np.ones(120))
    assert found.auc.estimate == 0.5
    assert found.auc.low == pytest.approx(1 - found.auc.high)
    assert found.auc.low < 0.45
    assert found.p_value == 0.5
    assert (found.true_positive_rate.low, found.true_positive_rate.estimate) == (0, 0)


# True positives


def test_the_threshold_by_hand():
    """Of 200 non-members two may fall below: the threshold is the third lowest, 2."""
    others = np.arange(200.0)
    assert true_positive_rate([-1.0, 1.5, 2.0, 7.0], others).estimate == 0.5
    assert true_positive_rate([-1.0, 1.5, 2.0, 7.0], others[:199]).estimate == 0.25  # one, below 1
    half = true_positive_rate([-1.0, 1.5, 2.0, 7.0, 150.0], others, false_positive_rate=0.5)
    assert half.estimate == 0.8


@pytest.mark.parametrize("decimals", [8, 1, 0])
def test_no_more_false_positives_than_allowed(decimals):
    """Non-members in the members' place score below the threshold as often as it allows."""
    for key, rate in ((3, 0.01), (4, 0.05), (5, 0.29)):
        scores = np.random.default_rng(key).standard_normal(700).round(decimals)
        found = true_positive_rate(scores, scores, false_positive_rate=rate).estimate
        assert found <= rate
        if decimals == 8:
            assert found == np.floor(rate * 700 + 1e-9) / 700


def test_the_rate_of_two_normals():
    """Below the 1 % quantile q of N(0, 1) lies a share Phi(q + 2) of N(-2, 1)."""
    true = phi(scipy.stats.norm.ppf(0.01) + 2)
    found = true_positive_rate(*two_normals(6, members=40_000, nonmembers=40_000, shift=2))
    assert found.estimate == pytest.approx(true, abs=0.02)
    assert true in found
    assert found.high - found.low < 0.1


@pytest.mark.parametrize(("nonmembers", "shift"), [(120, 1.0), (600, 2.0)])
def test_the_interval_of_the_rate_covers(nonmembers, shift):
    true, repeats = phi(scipy.stats.norm.ppf(0.01) + shift), 300
    hits = sum(
        true in true_positive_rate(*two_normals(7, i, nonmembers=nonmembers, shift=shift))
        for i in range(repeats)
    )
    assert often_enough(hits, repeats, 0.95)


def test_below_a_hundred_nonmembers_nothing_is_known():
    low, high = -np.arange(1.0, 51), np.arange(100.0)
    unknown = true_positive_rate(low, high[:99])
    assert np.isnan(unknown.estimate)
    assert (unknown.low, unknown.high) == (0, 1)
    assert true_positive_rate(low, high).estimate == 1
    assert not np.isnan(true_positive_rate(low, high[:20], false_positive_rate=0.05).estimate)


def test_the_lower_end_wants_nonmembers_enough():
    """0.99^437 < 0.0125 < 0.99^436: with fewer, none may lie below the population's threshold."""
    members = -np.arange(1.0, 101)
    assert true_positive_rate(members, np.arange(436.0)).low == 0
    assert true_positive_rate(members, np.arange(437.0)).low > 0.9


# p-values


@pytest.mark.parametrize("decimals", [8, 0])
def test_the_p_value_is_scipys(decimals):
    members, others = (x.round(decimals) for x in two_normals(8, members=50, shift=0.3))
    scipys = scipy.stats.mannwhitneyu(members, others, alternative="less", method="asymptotic")
    assert membership_inference(members, others).p_value == pytest.approx(scipys.pvalue, rel=1e-9)


def test_the_p_value_holds_its_level():
    repeats = 300
    p = [
        membership_inference(*two_normals(9, i, members=60, shift=0)).p_value
        for i in range(repeats)
    ]
    assert scipy.stats.kstest(p, "uniform").pvalue > 1e-3


# Scores of GAN-Leaks


def test_calibration_takes_out_what_makes_images_hard():
    """Errors of difficulty d ~ N(0, 9) and noise: the AUC is Phi(1 / sqrt(20)), calibrated
    Phi(1 / sqrt(2))."""
    rng = np.random.default_rng(10)
    hard = 3 * rng.standard_normal((2, 20_000))
    errors = hard + rng.standard_normal(hard.shape) - [[1], [0]]
    raw = membership_auc(*errors)
    calibrated = membership_auc(*map(calibrated_scores, errors, hard))
    assert raw.estimate == pytest.approx(phi(1 / np.sqrt(20)), abs=0.01)
    assert calibrated.estimate == pytest.approx(phi(1 / np.sqrt(2)), abs=0.01)


def test_an_image_easier_for_the_attacked_model_scores_lower():
    assert calibrated_scores([1.0, 5.0], [3.0, 4.0]).tolist() == [-2, 1]


def test_the_black_box_score_is_the_nearest_distance():
    generated = torch.randn(30, 4, generator=torch.Generator().manual_seed(0)).double().numpy()
    images = generated[:5] + 0.01
    distances = np.array([[np.linalg.norm(x - y) for y in generated] for x in images])
    assert black_box_scores(distances) == pytest.approx([0.02] * 5)
    assert black_box_scores([[3.0, 1.0], [2.0, 5.0]]).tolist() == [1, 2]


# Interface


def test_the_whole_is_its_parts_from_torch_too():
    members, others = two_normals(11)
    found = membership_inference(torch.tensor(members), others, confidence=0.9)
    assert (found.member_count, found.nonmember_count) == (200, 200)
    assert found.auc == membership_auc(members, others, confidence=0.9)
    assert found.true_positive_rate == true_positive_rate(members, others, confidence=0.9)
    assert found.false_positive_rate == 0.01


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: membership_inference([1.0], [1.0, 2.0]), "member_scores"),
        (lambda: membership_auc([1.0, 2.0], [1.0, np.nan]), "nonmember_scores"),
        (lambda: membership_auc([1.0, 2.0], [1.0, 2.0], confidence=1.0), "confidence"),
        (
            lambda: true_positive_rate([1.0, 2.0], [1.0, 2.0], false_positive_rate=1.0),
            "false_positive_rate",
        ),
        (lambda: calibrated_scores([1.0, 2.0], [1.0, 2.0, 3.0]), "reference_errors"),
        (lambda: black_box_scores([1.0, 2.0]), "distances"),
    ],
)
def test_refusals(call, argument):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument

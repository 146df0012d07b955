"""Statistics against closed forms, cases worked by hand and naive versions."""

import inspect
from math import comb

import numpy as np
import pytest
import scipy.stats
import torch

from mempaper.errors import InputError
from mempaper.statistics import (
    KS_P_VALUE_THRESHOLD,
    MRE_GAP_THRESHOLD,
    Interval,
    KSResult,
    OverfittingTest,
    bootstrap_interval,
    gap_change,
    ks_test,
    mean_interval,
    median_recovery_error,
    mre_gap,
    overfitting_test,
    paired_excess,
    pass_ratio,
    relative_excess,
    share_interval,
    wasserstein,
)

TWO_SAMPLES = [ks_test, mre_gap, overfitting_test, wasserstein]


def draws(*key):
    return np.random.default_rng(key)


def refused(call, argument, *, rule, value, remedy):
    with pytest.raises(InputError) as caught:
        call()
    error = caught.value
    assert error.argument == argument
    for part, text in ((error.rule, rule), (str(error.value), value), (error.remedy, remedy)):
        assert text in part
    assert str(error) == f"{argument} must {error.rule}; got {error.value}. {error.remedy}"


# Recovery errors


def test_median_of_an_odd_and_of_an_even_count():
    assert median_recovery_error([5.0, 1.0, 3.0]) == 3
    assert median_recovery_error([4.0, 1.0, 3.0, 2.0]) == 2.5
    assert torch.median(torch.tensor([4.0, 1.0, 3.0, 2.0])) == 2  # the published code


def test_the_gap_by_hand():
    """MRE(train) = 3, MRE(val) = 4: the gap is (4 - 3) / 4."""
    assert mre_gap([1.0, 3.0, 9.0], [4.0, 2.0, 5.0]) == 0.25


def test_validation_above_training_is_a_positive_gap():
    low, high = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]
    assert mre_gap(train_errors=low, val_errors=high) == pytest.approx(0.6)
    assert mre_gap(train_errors=high, val_errors=low) == pytest.approx(-1.5)
    assert mre_gap(low, high) == mre_gap(train_errors=low, val_errors=high)


def test_the_unsigned_gap_is_the_absolute_value():
    low, high = [1.0, 1.0], [2.0, 2.0]
    assert mre_gap(low, high, signed=False) == mre_gap(low, high) == 0.5
    assert mre_gap(high, low, signed=False) == -mre_gap(high, low) == 1.0


def test_the_gap_ignores_the_unit_and_is_at_most_one():
    train, val = draws(0).random(30), draws(1).random(31)
    assert mre_gap(1000 * train, 1000 * val) == pytest.approx(mre_gap(train, val), rel=1e-12)
    assert mre_gap(train, train) == 0
    assert mre_gap([0.0, 0.0], [3.0, 3.0]) == 1


def test_relative_excess_by_hand_and_along_an_axis():
    """Medians 3 and 2: an excess of one half; positive where the first errors are the larger."""
    errors, reference = np.array([3.0, 1.0, 9.0]), np.array([2.0, 2.0, 0.0])
    assert relative_excess(errors, reference) == 0.5
    assert relative_excess(reference, errors) == pytest.approx(-1 / 3)
    stacked = relative_excess(np.stack([errors, reference]), np.stack([reference, reference]))
    assert stacked.tolist() == [0.5, 0]
    assert relative_excess(errors[:, None], reference[:, None], axis=0).tolist() == [0.5]


def test_the_paired_excess_resamples_images():
    """Twice the error of each image is an excess of 1 in every resample."""
    errors = draws(5).lognormal(size=30)
    found = paired_excess(2 * errors, errors)
    assert (found.low, found.estimate, found.high) == pytest.approx((1, 1, 1))
    unpaired = paired_excess(2 * errors[::-1], errors)
    assert unpaired.low < 0.99 < 1.01 < unpaired.high
    refused(
        lambda: paired_excess([1.0, 2.0, 3.0], [1.0, 2.0]),
        "reference_errors",
        rule="hold 3 errors",
        value="2",
        remedy="Pair the images.",
    )
    with pytest.raises(InputError, match="reference_errors must have a positive median"):
        paired_excess([1.0, 2.0], [0.0, 0.0])


def test_the_change_of_the_gap_by_hand():
    """Gaps (4 - 3) / 4 and (10 - 2) / 10: the second is larger by 0.55."""
    found = gap_change([1.0, 3.0, 9.0], [4.0, 2.0, 5.0], [2.0, 1.0, 3.0], [9.0, 10.0, 11.0])
    assert found.estimate == pytest.approx(0.8 - 0.25)


def test_the_change_of_the_gap_resamples_images_not_errors():
    """Errors in another unit are other errors of the same images: no resample changes the gap."""
    train, val = draws(1).lognormal(size=30), 1 + draws(2).lognormal(size=40)
    found = gap_change(train, val, 7 * train, 7 * val)
    assert (found.low, found.high) == pytest.approx((0, 0), abs=1e-12)
    mixed = gap_change(train, val, 7 * train[::-1], 7 * val)
    assert mixed.low < -0.01 < 0.01 < mixed.high


def test_the_change_of_the_gap_is_the_naive_loops():
    train, val, *others = (draws(k).lognormal(k % 2, 1, 200) for k in range(4))
    found = gap_change(train, val, *others, resamples=4000)
    rng = draws(9)

    def gap(a, b):
        return 1 - np.median(a) / np.median(b)

    naive = []
    for _ in range(4000):
        i, j = rng.integers(0, 200, (2, 200))
        naive.append(gap(others[0][i], others[1][j]) - gap(train[i], val[j]))
    width = found.high - found.low
    expected = np.quantile(naive, [0.025, 0.975])
    np.testing.assert_allclose([found.low, found.high], expected, atol=0.08 * width)


def test_the_change_of_the_gap_needs_pairs():
    refused(
        lambda: gap_change([1.0, 2.0], [1.0, 2.0], [1.0, 2.0, 3.0], [1.0, 2.0]),
        "other_train_errors",
        rule="hold 2 errors",
        value="3",
        remedy="Pair the images.",
    )


@pytest.mark.parametrize("shapes", [(7, 7), (8, 5), (40, 23)])
def test_ks_statistic_is_the_largest_distance_of_the_distribution_functions(shapes):
    train, val = draws(2, *shapes).random(shapes[0]), draws(3, *shapes).random(shapes[1]) ** 2
    naive = max(abs((train <= x).mean() - (val <= x).mean()) for x in (*train, *val))
    assert ks_test(train, val).statistic == pytest.approx(naive, rel=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_ks_p_value_of_separated_samples(n):
    """Of the C(2n, n) orders two separate the samples entirely; either side counts."""
    result = ks_test(np.arange(n), 100 + np.arange(n))
    assert result.statistic == 1
    assert result.p_value == pytest.approx(2 / comb(2 * n, n), rel=1e-10)
    assert ks_test(100 + np.arange(n), np.arange(n)) == result


@pytest.mark.parametrize(("n", "method"), [(10_000, "exact"), (10_001, "asymp")])
def test_ks_p_value_is_exact_up_to_ten_thousand(n, method):
    train, val = draws(4).random(n), 0.99 * draws(5).random(n)
    other = {"exact": "asymp", "asymp": "exact"}[method]
    p_value = ks_test(train, val).p_value
    assert p_value == scipy.stats.ks_2samp(train, val, method=method).pvalue
    assert p_value != scipy.stats.ks_2samp(train, val, method=other).pvalue


def test_wasserstein_is_the_mean_distance_of_sorted_errors():
    train, val = draws(6).random(50), draws(7).random(50)
    naive = np.abs(np.sort(train) - np.sort(val)).mean()
    assert wasserstein(train, val) == pytest.approx(naive, rel=1e-12)
    assert wasserstein(val, train) == wasserstein(train, val)
    assert wasserstein(train, train + 3) == pytest.approx(3, rel=1e-12)
    assert wasserstein([0.0, 1.0], [0.0, 0.0, 1.0, 1.0, 1.0]) == pytest.approx(0.1)


def test_the_overfitting_test_collects_its_parts():
    train, val = draws(8).random(40), 1 + draws(9).random(31)
    found = overfitting_test(train, val, resamples=200, confidence=0.9, seed=3)
    options = {"resamples": 200, "confidence": 0.9, "seed": 3}
    assert (found.train_count, found.val_count) == (40, 31)
    assert found.ks == ks_test(train, val)
    assert found.wasserstein == wasserstein(train, val)
    assert found.gap.estimate == mre_gap(train, val)
    assert found.mre_train == bootstrap_interval(np.median, train, **options)
    assert found.mre_val == bootstrap_interval(np.median, val, **options)
    assert found.gap == bootstrap_interval(mre_gap_along, train, val, **options)
    assert found.gap.confidence == 0.9


def mre_gap_along(train, val):
    return (np.median(val) - np.median(train)) / np.median(val)


def with_numbers(*, p_value=1.0, gap=0.0):
    nowhere = Interval(0.0, 0.0, 0.0, 0.95)
    return OverfittingTest(
        train_count=9,
        val_count=9,
        ks=KSResult(0.0, p_value),
        gap=Interval(gap, gap, gap, 0.95),
        mre_train=nowhere,
        mre_val=nowhere,
        wasserstein=0.0,
    )


def test_thresholds_are_those_of_the_paper_and_strict():
    """Sec. 3.3: "a threshold of 1%", "values of MRE-gap that are above 10%"."""
    assert (KS_P_VALUE_THRESHOLD, MRE_GAP_THRESHOLD) == (0.01, 0.10)
    assert with_numbers(p_value=0.0099).detected_by_ks
    assert not with_numbers(p_value=0.01).detected_by_ks
    assert with_numbers(gap=0.101).detected_by_gap
    assert not with_numbers(gap=0.10).detected_by_gap


def test_a_negative_gap_is_never_overfitting():
    worse, better = 1 + draws(10).random(200), draws(11).random(200)
    found = overfitting_test(worse, better, resamples=100)
    assert found.gap.estimate < -MRE_GAP_THRESHOLD
    assert not found.detected_by_gap
    assert found.detected_by_ks  # the test is two-sided
    assert overfitting_test(better, worse, resamples=100).detected_by_gap


def test_resamples_with_a_median_of_zero_count_as_infinitely_negative_gaps():
    """Of 27 resamples of (0, 1, 1) 7 have median 0, where (0 - 1) / 0; the others give (1 - 1)."""
    gap = overfitting_test([1.0, 1.0, 1.0], [0.0, 1.0, 1.0]).gap
    assert (gap.low, gap.estimate, gap.high) == (-np.inf, 0, 0)


def test_torch_and_single_precision_are_taken_as_doubles():
    train, val = draws(12).random(9).astype("f"), draws(13).random(9).astype("f")
    tensors = torch.from_numpy(train).requires_grad_(), torch.from_numpy(val)
    for statistic in TWO_SAMPLES:
        assert statistic(*tensors) == statistic(train.astype(float), val.astype(float))


# Bootstrap


def naive_bootstrap(statistic, *samples, confidence, resamples, seed):
    rng = draws(seed, 99)
    found = [
        statistic(*(sample[rng.integers(0, len(sample), len(sample))] for sample in samples))
        for _ in range(resamples)
    ]
    return np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])


def test_the_interval_is_the_naive_loops():
    """Both have quantiles of R draws, of standard error sqrt(p (1 - p) / R) / density.

    The bootstrap distribution of a difference of means is normal, all but exactly, with variance
    s1^2 / n + s2^2 / m, s^2 dividing by n.
    """
    first, second = draws(14).normal(5, 1, 150), draws(15).normal(2, 3, 220)
    confidence, resamples = 0.8, 4000

    def difference(a, b, axis=-1):
        return a.mean(axis=axis) - b.mean(axis=axis)

    options = {"confidence": confidence, "resamples": resamples}
    found = bootstrap_interval(difference, first, second, seed=1, **options)
    naive = naive_bootstrap(difference, first, second, seed=1, **options)
    scale = np.sqrt(first.var() / 150 + second.var() / 220)
    normal = scipy.stats.norm(first.mean() - second.mean(), scale)
    tail = (1 - confidence) / 2
    error = np.sqrt(tail * (1 - tail) / resamples) / normal.pdf(normal.ppf(tail))
    np.testing.assert_allclose([found.low, found.high], naive, atol=4 * np.sqrt(2) * error)
    np.testing.assert_allclose([found.low, found.high], normal.interval(0.8), atol=4 * error)
    assert found.estimate == difference(first, second)
    assert found.confidence == confidence


def median_limits(n, confidence):
    """Which order statistics, from 0, bound a resample's median (n odd), and how sure that is.

    A resample's median is at most the k-th smallest value if more than half of its n draws are:
    P(Bin(n, k / n) > n / 2).
    """
    below = 1 - scipy.stats.binom.cdf(n // 2, n, np.arange(n + 1) / n)
    tails = (1 - confidence) / 2, (1 + confidence) / 2
    distance = min(abs(below - tail).min() for tail in tails)
    return [int(np.argmax(below >= tail)) - 1 for tail in tails], distance


@pytest.mark.parametrize("n", [17, 27, 51])
def test_the_interval_of_a_median_ends_at_known_order_statistics(n):
    expected, distance = median_limits(n, 0.95)
    resamples = 20_000
    assert distance > 4 * np.sqrt(0.025 * 0.975 / resamples)  # else chance could decide
    found = bootstrap_interval(np.median, draws(16).permutation(n), resamples=resamples)
    assert [found.low, found.high] == expected


def test_the_median_is_covered_as_often_as_its_order_statistics_say():
    """The truth lies between the values a and b (from 0) if a < Bin(n, 1/2) <= b."""
    n, trials = 27, 300
    (a, b), _ = median_limits(n, 0.95)
    coverage = scipy.stats.binom.cdf(b, n, 0.5) - scipy.stats.binom.cdf(a, n, 0.5)
    assert 0.93 < coverage < 0.97
    covered = sum(
        0.0 in bootstrap_interval(np.median, draws(17, trial).standard_normal(n), seed=trial)
        for trial in range(trials)
    )
    assert covered / trials == pytest.approx(
        coverage, abs=4 * np.sqrt(coverage * (1 - coverage) / trials)
    )


def test_the_interval_of_the_gap_covers_the_true_gap():
    """Exponential errors, means 1 and 2: medians log 2 and 2 log 2, so the gap is 1/2."""
    trials, confidence = 200, 0.9
    covered = 0
    for trial in range(trials):
        rng = draws(18, trial)
        train, val = rng.exponential(1, 101), rng.exponential(2, 101)
        found = overfitting_test(train, val, confidence=confidence, resamples=400, seed=trial)
        covered += 0.5 in found.gap
    # 4 binomial standard errors, and 2 % for so small a sample
    error = 4 * np.sqrt(confidence * (1 - confidence) / trials) + 0.02
    assert covered / trials == pytest.approx(confidence, abs=error)


def test_two_values_have_three_resamples():
    """Means of (0, 1): 0, 1/2, 1/2 or 1."""
    assert bootstrap_interval(np.mean, [0.0, 1.0]) == Interval(0.0, 1.0, 0.5, 0.95)
    assert bootstrap_interval(np.mean, [0.0, 1.0], confidence=0.4) == Interval(0.5, 0.5, 0.5, 0.4)


def test_samples_are_resampled_each_by_itself():
    """Drawn together, equal samples would always have the difference 0."""
    same = draws(19).random(50)
    found = bootstrap_interval(lambda a, b: a.mean() - b.mean(), same, same)
    assert found.low < 0 < found.high


def test_a_statistic_without_an_axis_is_looped_over():
    sample = draws(20).random(30)
    stacked = bootstrap_interval(np.median, sample, resamples=300)
    assert bootstrap_interval(lambda x: np.median(x), sample, resamples=300) == stacked


def test_the_seed_decides():
    sample = draws(21).random(30)
    assert bootstrap_interval(np.mean, sample, seed=4) == bootstrap_interval(
        np.mean, sample, seed=4
    )
    assert bootstrap_interval(np.mean, sample, seed=4) != bootstrap_interval(
        np.mean, sample, seed=5
    )


def test_an_interval_holds_its_ends():
    interval = Interval(1.0, 2.0, 1.5, 0.95)
    assert 1.0 in interval
    assert 2.0 in interval
    assert 0.999 not in interval
    assert 2.001 not in interval


# Passes


def test_pass_ratio_by_hand():
    """Reference: median 2 after pass 2. Rival: at most 2 from pass 6 on. So 6 / 2."""
    reference = np.tile([8.0, 2.0, 1.0], (3, 1))
    rival = np.tile([9.0, 8.0, 7.0, 5.0, 3.0, 2.0, 1.0], (3, 1))
    assert pass_ratio(reference, rival, at=2, resamples=20) == Interval(3.0, 3.0, 3.0, 0.95)
    assert pass_ratio(reference, rival, at=1, resamples=20).estimate == 2  # 8 at pass 2, of 1
    assert pass_ratio(reference, rival, at=3, resamples=20).estimate == 7 / 3


def test_a_faster_rival_has_a_ratio_below_one():
    slow, fast = np.tile([4.0, 3.0, 2.0, 1.0], (2, 1)), np.tile([1.0, 0.5], (2, 1))
    assert pass_ratio(slow, fast, at=4, resamples=20).estimate == 0.25
    assert pass_ratio(fast, slow, at=1, resamples=20).estimate == 4


def test_a_rival_that_never_gets_there_counts_as_all_its_passes():
    reference = np.tile([2.0, 1.0], (3, 1))
    never = np.tile([9.0, 8.0, 7.0, 1.5, np.inf], (3, 1))
    assert pass_ratio(reference, never, at=2, resamples=20).estimate == 5 / 2


def test_medians_over_images_decide_and_the_first_time_counts():
    """Rival's medians: 3, 1, 3. No image by itself gets from 3 to 1 and back."""
    reference = np.full((3, 1), 2.0)
    rival = np.array([[1.0, 1.0, 3.0], [3.0, 1.0, 1.0], [3.0, 3.0, 3.0]])
    assert np.median(rival, axis=0).tolist() == [3, 1, 3]
    assert pass_ratio(reference, rival, at=1, resamples=20).estimate == 2


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ([1.0, 2.0], r"numbers of shape \(n, t\), .* got shape \(2,\)"),
        ("errors", "an array of numbers, real ones; got str"),
        ([[1.0], [2.0, 3.0]], "an array of numbers, real ones; got list"),
        (np.ones((2, 2, 2)), r"numbers of shape \(n, t\), .* got shape \(2, 2, 2\)"),
    ],
)
def test_errors_of_passes_have_a_row_for_each_image(wrong, rule):
    right = [[2.0, 1.0], [2.0, 1.0]]
    assert pass_ratio(right, right, at=2, resamples=20).estimate == 1
    for name, arguments in (("reference", (wrong, right)), ("rival", (right, wrong))):
        with pytest.raises(InputError, match=f"{name} must be {rule}"):
            pass_ratio(*arguments, at=1)


def test_both_optimisers_get_the_same_resamples_of_images():
    """Image i starts with the error i for both, so every resample reaches its goal at pass 1."""
    errors = np.arange(1.0, 12.0)[:, None]
    rival = np.concatenate([errors, 0 * errors], axis=1)
    assert pass_ratio(errors, rival, at=1) == Interval(1.0, 1.0, 1.0, 0.95)


def test_the_interval_of_a_ratio_by_hand():
    """Three images reach the goal at pass 1, 2 and 3: a resample's median image decides."""
    reference = np.full((3, 1), 1.0)
    rival = np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 1.0], [2.0, 2.0, 1.0]])
    found = pass_ratio(reference, rival, at=1)
    # 7 of the 27 resamples hold the slowest image twice or more, 7 the fastest
    assert found == Interval(1.0, 3.0, 2.0, 0.95)


# What is refused


@pytest.mark.parametrize(
    ("values", "rule", "value", "remedy"),
    [
        (np.ones((2, 3)), "have one axis, (n,)", "shape (2, 3)", "Flatten or select"),
        (1.0, "have one axis, (n,)", "shape ()", "Flatten or select"),
        ([1.0], "hold at least 2 values", "1", "Measure more images"),
        ([1.0, 2.0, np.nan, np.inf], "be finite", "nan at index 2 (2 of 4", "Leave out"),
        (torch.tensor([1.0, -torch.inf]), "be finite", "-inf at index 1 (1 of 2", "Leave out"),
        ([1.0, -0.5], "be at least 0", "-0.5 at index 1", "not their logarithms"),
        (["a", "b"], "be an array of numbers", "list", "Convert it"),
        ({1.0: 2.0}, "be an array of numbers", "dict", "Convert it"),
        ([[1.0], [2.0, 3.0]], "be an array of numbers", "list", "Convert it"),
    ],
)
def test_errors_must_be_a_finite_sample_and_not_negative(values, rule, value, remedy):
    good, expected = [1.0, 2.0], {"rule": rule, "value": value, "remedy": remedy}
    refused(lambda: median_recovery_error(values), "errors", **expected)
    for statistic in TWO_SAMPLES:
        refused(lambda: statistic(values, good), "train_errors", **expected)  # noqa: B023
        refused(lambda: statistic(good, values), "val_errors", **expected)  # noqa: B023


@pytest.mark.parametrize("statistic", [mre_gap, overfitting_test])
def test_a_gap_needs_a_positive_validation_median(statistic):
    refused(
        lambda: statistic([1.0, 2.0], [0.0, 0.0, 1.0]),
        "val_errors",
        rule="have a positive median",
        value="median 0",
        remedy="ks_test or wasserstein",
    )


def test_bootstrap_takes_negative_values_but_no_other_sample_than_finite():
    assert bootstrap_interval(np.mean, [-2.0, -2.0]).estimate == -2
    refused(
        lambda: bootstrap_interval(np.mean, [1.0, 2.0], [np.nan, 1.0]),
        "samples[1]",
        rule="be finite",
        value="nan at index 0",
        remedy="Leave out",
    )
    refused(
        lambda: bootstrap_interval(np.mean),
        "samples",
        rule="hold at least one sample",
        value="none",
        remedy="Pass one or more",
    )


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, float("nan")])
def test_confidence_is_a_probability(confidence):
    for call in (
        lambda: bootstrap_interval(np.mean, [1.0, 2.0], confidence=confidence),
        lambda: overfitting_test([1.0, 2.0], [1.0, 2.0], confidence=confidence),
    ):
        refused(call, "confidence", rule="(0, 1)", value=str(confidence), remedy="0.95 for 95 %")


def test_two_resamples_are_enough():
    assert bootstrap_interval(np.mean, [2.0, 2.0], resamples=2).low == 2


@pytest.mark.parametrize("at", [0, 4, -1])
def test_the_pass_to_compare_at_has_to_have_run(at):
    refused(
        lambda: pass_ratio(np.ones((2, 3)), np.ones((2, 9)), at=at),
        "at",
        rule="at least 1 and at most 3",
        value=str(at),
        remedy="Give such a number",
    )


@pytest.mark.parametrize("shape", [(3, 5), (2, 0)])
def test_both_optimisers_have_to_have_run_on_the_same_images(shape):
    refused(
        lambda: pass_ratio(np.ones((2, 3)), np.ones(shape), at=1),
        "rival",
        rule="have shape (2, u), u >= 1",
        value=str(shape),
        remedy="the same images",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("resamples", value) for value in (1, 2.5, "many", None)),
        *(("seed", value) for value in (-1, 0.5)),
        *(("confidence", value) for value in (0, 1, 1.5, "x", None, float("nan"))),
    ],
)
def test_bootstrap_settings_are_checked(name, value):
    with pytest.raises(InputError, match=f"{name} must") as caught:
        inspect.unwrap(bootstrap_interval)(np.mean, [1.0, 2.0], **{name: value})
    assert repr(value) in str(caught.value)


def test_the_confidence_of_a_share_is_checked():
    with pytest.raises(InputError, match="confidence must"):
        inspect.unwrap(share_interval)([True, False], confidence=95)


def test_mean_interval_is_students():
    found = mean_interval([1.0, 2.0, 4.0, 5.0], confidence=0.9)
    scale = (10 / 3 / 4) ** 0.5  # standard error of the mean
    low, high = scipy.stats.t.interval(0.9, 3, loc=3.0, scale=scale)
    assert (found.low, found.estimate, found.high) == pytest.approx((low, 3.0, high))
    with pytest.raises(InputError, match="at least 2 values; got 1"):
        mean_interval([1.0])


def test_mean_interval_covers_as_often_as_it_says():
    draws = np.random.default_rng(0).normal(5.0, 2.0, (2000, 3))
    covered = [5.0 in mean_interval(row) for row in draws]
    share = share_interval(covered, confidence=0.999)
    assert 0.95 in share

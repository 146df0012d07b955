"""The test of geometric means against its definition, closed forms and its level."""

import itertools

import numpy as np
import pytest
import scipy.stats

from mempaper.errors import InputError
from mempaper.statistics import log_score_test


def test_ratio_and_p_value_are_those_of_all_permutations():
    draws = np.random.default_rng(0)
    members, nonmembers = np.exp(draws.normal(size=4)), np.exp(draws.normal(size=5))
    found = log_score_test(members, nonmembers)
    ratio = scipy.stats.gmean(members) / scipy.stats.gmean(nonmembers)
    assert found.ratio == pytest.approx(ratio)
    pool = np.concatenate([members, nonmembers])
    every = [
        scipy.stats.gmean(pool[list(chosen)]) / scipy.stats.gmean(np.delete(pool, chosen))
        for chosen in itertools.combinations(range(9), 4)
    ]
    exact = np.mean(np.array(every) <= ratio * (1 + 1e-12))
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 9999))


def test_a_factor_between_the_sets_is_their_ratio():
    scores = np.exp(np.random.default_rng(1).normal(size=50))
    assert log_score_test(scores / 2, scores).ratio == pytest.approx(0.5)
    assert log_score_test(scores, scores / 2).p_value > 0.9


@pytest.mark.parametrize("k", [4, 7])
def test_k_copies_give_p_values_uniform_below_2_to_the_minus_k(k):
    draws = np.random.default_rng(2)
    found = []
    for seed in range(60):
        members, nonmembers = np.exp(0.1 * draws.normal(size=(2, 300)))
        members[:k] = 0
        found.append(log_score_test(members, nonmembers, permutations=1999, seed=seed).p_value)
    assert np.mean(found) == pytest.approx(2.0**-k / 2, rel=0.25)


def test_zero_and_infinity_are_a_thousandth_and_a_thousand_times_the_median():
    nonmembers = np.ones(9)
    assert log_score_test([0, 1, 1], nonmembers).ratio == pytest.approx(1000 ** (-1 / 3))
    assert log_score_test([np.inf, 1, 1], nonmembers).ratio == pytest.approx(1000 ** (1 / 3))
    assert log_score_test([0.0, 0.0], [np.inf, np.inf]).ratio == pytest.approx(1e-6)


def test_false_alarms_keep_to_the_level():
    draws = np.random.default_rng(3)
    alarms = sum(
        log_score_test(*np.exp(draws.normal(size=(2, 40))), permutations=199, seed=seed).p_value
        <= 0.05
        for seed in range(600)
    )
    assert scipy.stats.binomtest(alarms, 600, 0.05).pvalue > 0.001


@pytest.mark.parametrize("bad", [[1.0], [[1.0, 2.0]], [1.0, np.nan], [1.0, -1.0]])
def test_what_is_no_set_of_scores_is_refused(bad):
    with pytest.raises(InputError, match="nonmembers"):
        log_score_test([1.0, 2.0], bad)

"""All detectors: larger scores and smaller p-values where there are more copies."""

import numpy as np
import pytest
import scipy.stats
import torch

from mempaper.detectors import DETECTORS


def draws(count, *seed):
    return torch.from_numpy(np.random.default_rng([7, *seed]).standard_normal((count, 6)))


def sets(seed, share, n=80):
    train, holdout, generated = (draws(n, seed, i) for i in range(3))
    generated[: round(share * n)] = train[: round(share * n)]
    return train, holdout, generated


@pytest.mark.parametrize("name", DETECTORS)
def test_copies_raise_the_score(name):
    detect = DETECTORS[name].detect
    for seed in range(3):
        none, half, all_ = (detect(*sets(seed, share), seed).score for share in (0, 0.5, 1))
        assert none < half < all_


WITH_P = [name for name in DETECTORS if DETECTORS[name].detect(*sets(0, 0), 0).p_value is not None]


@pytest.mark.parametrize("name", WITH_P)
def test_p_values_are_small_for_copies_and_at_level_without(name):
    detect = DETECTORS[name].detect
    assert detect(*sets(0, 1), 0).p_value < 0.01
    alarms = sum(detect(*sets(seed, 0, 40), seed).p_value <= 0.1 for seed in range(60))
    assert scipy.stats.binomtest(alarms, 60, 0.1, alternative="greater").pvalue > 0.001


def test_at_least_four_have_exact_p_values():
    assert set(WITH_P) == {"nearness", "c_t", "nn_gap", "mmd"}

"""Holm's adjustment by its definition, and its level."""

import numpy as np
import pytest
import scipy.stats

from mempaper.errors import InputError
from mempaper.statistics import holm


def rejected_by_steps(p_values, level):
    """Returns which are rejected by Holm's procedure, step by step."""
    rejected = [False] * len(p_values)
    for step, i in enumerate(np.argsort(p_values)):
        if p_values[i] > level / (len(p_values) - step):
            break
        rejected[i] = True
    return rejected


def test_adjusted_values_reject_what_the_procedure_rejects():
    draws = np.random.default_rng(0)
    for _ in range(200):
        p = draws.random(5) ** 3
        assert list(holm(p) <= 0.05) == rejected_by_steps(p, 0.05)


def test_any_false_alarm_keeps_to_the_level():
    draws = np.random.default_rng(1)
    alarms = sum(bool((holm(draws.random(4)) <= 0.05).any()) for _ in range(2000))
    assert scipy.stats.binomtest(alarms, 2000, 0.05, alternative="greater").pvalue > 0.001


@pytest.mark.parametrize("bad", [[], [[0.1]], [1.2], [np.nan]])
def test_what_are_no_p_values_is_refused(bad):
    with pytest.raises(InputError, match="p_values"):
        holm(bad)

"""The gap of images by themselves."""

import numpy as np
import pandas as pd
import pytest

from mempaper import difficulty, images
from mempaper.errors import InputError
from mempaper.statistics import mre_gap


def test_errors_are_what_components_of_the_other_images_leave():
    split = images.load("digits")
    train, holdout, others = (
        part.flatten(1).double().numpy()
        for part in (
            split.train[:100],
            split.holdout[:100],
            split.train[100:],
        )
    )
    mean = others.mean(axis=0)
    basis = np.linalg.svd(others - mean, full_matrices=False)[2][:8]
    errors = []
    for part in (train, holdout):
        centred = part - mean
        errors.append(np.square(centred - centred @ basis.T @ basis).mean(axis=1))
    test = difficulty.without_training("digits", count=100, dimensions=8)
    assert test.gap.estimate == pytest.approx(mre_gap(*errors), abs=1e-3)
    assert test.mre_train.estimate == pytest.approx(np.median(errors[0]), rel=1e-3)
    assert test.mre_val.estimate == pytest.approx(np.median(errors[1]), rel=1e-3)


def test_images_must_be_left_for_the_components():
    with pytest.raises(InputError, match=r"count must be .*; got 1000"):
        difficulty.without_training("digits", count=1000)


def test_a_row_is_shown_with_its_interval():
    row = difficulty.row("digits", count=50)
    assert row["mre_gap_low"] < row["mre_gap"] < row["mre_gap_high"]
    numbers = {"mre_gap": 0.07, "mre_gap_low": -0.05, "mre_gap_high": 0.125, "ks_p_value": 0.0123}
    text = difficulty.as_text(pd.DataFrame([row | numbers]))
    assert text.loc["digits"].tolist() == [50, "7.0 [-5.0, 12.5]", "0.012"]

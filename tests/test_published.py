"""Table 1 of Webster et al. 2019 as printed, against itself."""

from decimal import Decimal

import pandas
import pytest

from mempaper.published import published_table_1
from mempaper.statistics import KS_P_VALUE_THRESHOLD, MRE_GAP_THRESHOLD

TABLE = published_table_1()
NAMES = (TABLE["dataset"] + " " + TABLE["model"]).to_list()
PRINTED_WITHOUT_ITS_SIGN = {"LSUN GLO-32768 (bedroom)", "MNIST DCGAN", "CIFAR10 DCGAN"}
NUMBERS = ["ks_p_value", "mre_gap", "mre_train", "mre_val", "mre_generated", "mre_distortion"]


def row(name):
    return TABLE.iloc[NAMES.index(name)]


def possible(value):
    """The interval of numbers that print as `value` with three significant digits."""
    exact = Decimal(f"{value:.2e}")
    half = Decimal(5).scaleb(exact.adjusted() - 3)
    return float(exact - half), float(exact + half)


def test_columns_and_rows():
    assert TABLE.columns.to_list() == ["dataset", "model", *NUMBERS, "erratum"]
    assert TABLE["dataset"].value_counts().to_dict() == {
        "CelebA-HQ": 14,
        "LSUN": 4,
        "MNIST": 4,
        "CIFAR10": 3,
    }
    assert len(TABLE) == len(set(NAMES)) == 25


def test_a_row_in_the_middle_as_printed():
    expected = [0.212, 0.0369, 0.00427, 0.00444, 0.000408, 0.00443]
    assert row("CelebA-HQ GLO-26000")[NUMBERS].to_list() == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_printed_errors_give_the_printed_gap(name):
    """Every row agrees, within the three digits printed, if the gap is |val - train| / val."""
    train, val, gap = (
        possible(row(name)[column]) for column in ("mre_train", "mre_val", "mre_gap")
    )
    low, high = 1 - train[1] / val[0], 1 - train[0] / val[1]
    if name in PRINTED_WITHOUT_ITS_SIGN:
        low, high = -high, -low
    assert low <= gap[1]
    assert gap[0] <= high


def test_the_gap_is_relative_to_validation_and_not_to_training():
    """CelebA-HQ GLO-8192: 0.64 / 3.64 = 0.1758, printed 0.175, while 0.64 / 3.00 = 0.213."""
    glo = row("CelebA-HQ GLO-8192")
    difference = glo["mre_val"] - glo["mre_train"]
    assert difference / glo["mre_val"] == pytest.approx(glo["mre_gap"], rel=0.01)
    assert difference / glo["mre_train"] != pytest.approx(glo["mre_gap"], rel=0.1)


def test_errata():
    negative = {
        name
        for name, val, train in zip(NAMES, TABLE["mre_val"], TABLE["mre_train"], strict=True)
        if val < train
    }
    assert negative == PRINTED_WITHOUT_ITS_SIGN
    unsigned = TABLE["erratum"].str.startswith("gap printed without its sign")
    assert {name for name, is_one in zip(NAMES, unsigned, strict=True) if is_one} == negative
    assert (TABLE["mre_gap"] > 0).all()

    copied = TABLE["erratum"].str.startswith("repeats MNIST GLO-16384")
    assert [name for name, is_one in zip(NAMES, copied, strict=True) if is_one] == [
        "CIFAR10 GLO-16384"
    ]
    pandas.testing.assert_series_equal(
        row("CIFAR10 GLO-16384")[NUMBERS], row("MNIST GLO-16384")[NUMBERS], check_names=False
    )
    others = ~(unsigned | copied)
    assert (TABLE["erratum"][others] == "").all()


def test_no_other_two_rows_share_their_numbers():
    assert TABLE.duplicated(NUMBERS).sum() == 1


def test_missing_values():
    autoencoders = TABLE["model"].str.startswith("AE")
    assert (TABLE["mre_generated"].isna() == autoencoders).all()
    assert (TABLE["mre_distortion"].isna() == TABLE["dataset"].isin(["MNIST", "CIFAR10"])).all()
    assert TABLE.drop(columns=["mre_generated", "mre_distortion"]).notna().all(axis=None)


def test_ranges():
    assert TABLE["ks_p_value"].between(0, 1).all()
    assert TABLE["mre_gap"].between(0, 1).all()
    assert (TABLE[["mre_train", "mre_val"]] > 0).all(axis=None)


def test_both_thresholds_give_the_same_verdict_in_every_row():
    """Sec. 3.3 speaks of "the consistency between the two proposed metric[s]"."""
    by_ks = TABLE["ks_p_value"] < KS_P_VALUE_THRESHOLD
    by_gap = TABLE["mre_gap"] > MRE_GAP_THRESHOLD
    assert (by_ks == by_gap).all()
    assert set(TABLE["model"][by_ks]) == {
        *("GLO-128", "GLO-1024", "GLO-8192", "GLO-8192 (bedroom)"),
        *("AE-128", "AE-1024", "AE-8192"),
        *("AEGAN-128", "AEGAN-1024", "AEGAN-8192"),
    }

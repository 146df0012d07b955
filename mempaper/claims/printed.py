"""What numbers that a paper printed, or its authors published, say by themselves.

They are compared as they stand, without an interval: what is decided is whether a paper agrees with
its own numbers, whatever another run would have given.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..statistics import KS_P_VALUE_THRESHOLD, MRE_GAP_THRESHOLD
from .bai2022 import LOSS
from .verdicts import NOT_REPRODUCED, REPRODUCED, Predicate, percent

__all__ = ["CLAIMS"]

_NUMBERS = ["ks_p_value", "mre_gap", "mre_train", "mre_val", "mre_generated", "mre_distortion"]
_VALUES_OF_A_FACE = 3 * 128**2
_HALF_A_GREY_LEVEL = 1 / 255
"""Of 256 levels over [-1, 1]."""

_MIDDLE = 0.13
"""The threshold that Bai et al. (2022) found best."""


def _verdict(holds: bool) -> str:
    return REPRODUCED if holds else NOT_REPRODUCED


def _all_but(rows: pd.DataFrame, wrong: np.ndarray | pd.Series, intro: str) -> tuple[str, str]:
    """Returns the verdict that no row is wrong, and which are."""
    names = [
        f"{row['dataset']} {row['model']}"
        for (_, row), is_wrong in zip(rows.iterrows(), wrong, strict=True)
        if is_wrong
    ]
    found = f"not so in {len(names)}: {', '.join(names)}" if names else "so in all"
    return _verdict(not names), f"{intro} Of {len(rows)} rows {found}."


def _repeats(printed: pd.DataFrame) -> pd.Series:
    return printed.duplicated(subset=_NUMBERS)


def _rounded(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Returns the least and the greatest number that three digits are rounded from."""
    half = 0.5 * 10.0 ** (np.floor(np.log10(values)) - 2)
    return (values - half).to_numpy(), (values + half).to_numpy()


def _fits(printed: pd.DataFrame, sign: int) -> np.ndarray:
    """Returns (rows,), whether Eq. (5) of the printed MREs may be the printed gap, times `sign`."""
    train, val = (_rounded(printed[name]) for name in ("mre_train", "mre_val"))
    low, high = 1 - train[1] / val[0], 1 - train[0] / val[1]
    ends = sorted((sign * end for end in _rounded(printed["mre_gap"])), key=lambda end: end[0])
    return (ends[0] <= high + 1e-9) & (ends[1] >= low - 1e-9)


def _gap_sizes(*, printed: pd.DataFrame) -> tuple[str, str]:
    wrong = ~(_fits(printed, 1) | _fits(printed, -1))
    return _all_but(printed, wrong, "The printed gap is |1 - train / val|, but for rounding.")


def _gap_signs(*, printed: pd.DataFrame) -> tuple[str, str]:
    return _all_but(printed, ~_fits(printed, 1), "The printed gap has the sign of Eq. (5).")


def _rows_differ(*, printed: pd.DataFrame) -> tuple[str, str]:
    return _all_but(printed, _repeats(printed), "The numbers are not those of a row above.")


def _own_samples(*, printed: pd.DataFrame) -> tuple[str, str]:
    rows = printed[~_repeats(printed) & printed["mre_generated"].notna()]
    intro = "Own samples have a smaller MRE than training images."
    return _all_but(rows, rows["mre_generated"] >= rows["mre_train"], intro)


def _tests_agree(*, printed: pd.DataFrame) -> tuple[str, str]:
    by_ks = printed["ks_p_value"] < KS_P_VALUE_THRESHOLD
    by_gap = printed["mre_gap"] > MRE_GAP_THRESHOLD
    return _all_but(printed, by_ks != by_gap, "Both tests detect overfitting, or neither does.")


def _sums(*, printed: pd.DataFrame) -> tuple[str, str]:
    faces = printed[printed["dataset"] == "CelebA-HQ"]
    greatest = float(np.sqrt(faces["mre_val"].max() / _VALUES_OF_A_FACE)) / _HALF_A_GREY_LEVEL
    detail = (
        "As a sum over the values of a face of 128 px, the greatest printed MRE of validation "
        f"images is a root mean square of {percent(greatest)} of half a grey level; below "
        "100 % a recovery is exact."
    )
    return _verdict(greatest > 1), detail


def _value(published: pd.DataFrame, number: str, model: str, against: str, tau: float) -> float:
    chosen = published[
        (published["number"] == number)
        & (published["model"] == model)
        & (published["against"] == against)
        & (published["threshold"] == tau)
    ]
    return float(chosen["value"].item())


def _maintained_to(against: str) -> Callable[..., tuple[str, str]]:
    def decide(*, published: pd.DataFrame) -> tuple[str, str]:
        before, after = (_value(published, "FID", "BigGAN", against, t) for t in (0.0, _MIDDLE))
        growth = after / before - 1
        detail = (
            f"FID of BigGAN to {against}: {before:g} at tau = 0 and {after:g} at {_MIDDLE:g}, "
            f"{percent(growth)} more; {percent(LOSS)} count as maintained."
        )
        return _verdict(growth <= LOSS), detail

    return decide


def _negative_by_test(*, published: pd.DataFrame) -> tuple[str, str]:
    models = ("BigGAN", "BigGAN+DiffAug")
    values = {model: _value(published, "C_T", model, "test", 0.0) for model in models}
    each = ", ".join(f"{model} {value:.2f}" for model, value in values.items())
    return _verdict(all(value < 0 for value in values.values())), f"C_T at tau = 0: {each}."


def _ct_decreases(*, published: pd.DataFrame) -> tuple[str, str]:
    before, after = (_value(published, "C_T", "BigGAN", "CIFAR-10.1", t) for t in (0.0, _MIDDLE))
    detail = f"C_T of BigGAN: {before:.2f} at tau = 0 and {after:.2f} at {_MIDDLE:g}."
    return _verdict(after < before), detail


def _diffaugment_lowest(*, published: pd.DataFrame) -> tuple[str, str]:
    models = ("SAGAN", "BigGAN", "BigGAN+DiffAug")
    values = {model: _value(published, "C_T", model, "CIFAR-10.1", 0.0) for model in models}
    each = ", ".join(f"{model} {value:.2f}" for model, value in values.items())
    return _verdict(min(values, key=values.__getitem__) == models[-1]), f"C_T at tau = 0: {each}."


def _distances(published: pd.DataFrame) -> pd.Series:
    return published[published["number"] == "mean distance"].set_index("model")["value"]


def _ordered(*, published: pd.DataFrame) -> tuple[str, str]:
    found = _distances(published)[["test", "ciFAIR-10", "CIFAR-10.1"]]
    each = ", ".join(f"{name} {value:.5f}" for name, value in found.items())
    return _verdict(found.is_monotonic_increasing), f"Mean distances to training images: {each}."


def _d_bar(*, published: pd.DataFrame) -> tuple[str, str]:
    found = float(_distances(published)["train"])
    return _verdict(round(found, 2) == 0.15), f"{found:.5f}, which two digits round to {found:.2f}."


def _class_agrees(*, published: pd.DataFrame) -> tuple[str, str]:
    cat = published[published["number"].str.startswith("C_T of cat")]["value"]
    each = " and ".join(f"{value:.2f}" for value in cat)
    return _verdict(cat.nunique() == 1), f"C_T of cat with DiffAugment at tau = 0: {each}."


def _repeated(*, published: pd.DataFrame) -> tuple[str, str]:
    both = published[published["model"] == "BigGAN rejecting for both"].set_index("number")
    runs = int(both.loc["C_T", "runs"])
    return _verdict(runs >= 4), f"{runs} published run{'s' * (runs != 1)} of four."


def _settings_alike(*, settings: pd.DataFrame) -> tuple[str, str]:
    said = settings.dropna(subset="paper")
    other = said[said["paper"] != said["code"]]
    each = "; ".join(
        f"{row.model}, {row.setting}: {row.paper:g} in the paper, {row.code:g} in the code"
        for row in other.itertuples()
    )
    return _verdict(other.empty), f"{each or 'All are the same'}."


def _counts_alike(*, settings: pd.DataFrame) -> tuple[str, str]:
    counts = settings[settings["setting"] == "generated images for FID"].set_index("model")["code"]
    each = ", ".join(f"{model} {count:,}" for model, count in counts.items())
    return _verdict(counts.nunique() == 1), f"Generated images for FID: {each}."


CLAIMS = {
    "table-1-gap-sizes": Predicate(_gap_sizes),
    "table-1-gap-signs": Predicate(_gap_signs),
    "table-1-rows-differ": Predicate(_rows_differ),
    "table-1-own-samples": Predicate(_own_samples),
    "table-1-tests-agree": Predicate(_tests_agree),
    "table-1-is-a-sum": Predicate(_sums),
    "published-test-farther": Predicate(_negative_by_test),
    "published-both-repeated": Predicate(_repeated),
    "published-settings-alike": Predicate(_settings_alike),
    "published-references-ordered": Predicate(_ordered),
    "published-ct-decreases": Predicate(_ct_decreases),
    "published-fid-to-reference": Predicate(_maintained_to("CIFAR-10.1")),
    "published-fid-to-train": Predicate(_maintained_to("train")),
    "published-fid-to-test": Predicate(_maintained_to("test")),
    "published-class-agrees": Predicate(_class_agrees),
    "published-complex-most": Predicate(_diffaugment_lowest),
    "published-fid-counts-alike": Predicate(_counts_alike),
    "published-d-bar": Predicate(_d_bar),
}

"""Table 1 of Webster et al. (2019): its rows, and the paper's beside them."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from . import families
from .experiments import Assessment
from .published import published_table_1
from .statistics import (
    KS_P_VALUE_THRESHOLD,
    MRE_GAP_THRESHOLD,
    Interval,
    OverfittingTest,
    mean_interval,
)

__all__ = [
    "as_printed",
    "as_text",
    "beside_paper",
    "gans",
    "gaps",
    "gaps_by_count",
    "labelled",
    "largest",
    "over_seeds",
    "printed_gaps",
    "rows",
    "smallest",
    "undone",
]

RECOVERED = 1e-3
"""Below this error an own sample counts as recovered."""


def rows(assessments: Iterable[Assessment]) -> pd.DataFrame:
    """Returns the columns of Table 1 as numbers, with the signed gap and its 95 % interval.

    mre_gap is a fraction; own_recovered is the share of own samples with an error below 0.001, and
    like mre_generated not a number where an encoder recovers.
    """
    return pd.DataFrame([_row(assessment) for assessment in assessments])


def _row(assessment: Assessment) -> dict[str, Any]:
    test, checked = assessment.test, assessment.checked
    return {
        "dataset": assessment.dataset,
        "model": assessment.name,
        "ks_p_value": test.ks.p_value,
        "mre_gap": test.gap.estimate,
        "mre_gap_low": test.gap.low,
        "mre_gap_high": test.gap.high,
        "mre_train": test.mre_train.estimate,
        "mre_val": test.mre_val.estimate,
        "mre_generated": np.median(assessment.errors["generated"]) if checked else np.nan,
        "mre_distortion": float(np.median(assessment.errors["distorted"])),
        "own_recovered": assessment.recovered_share(RECOVERED).estimate if checked else np.nan,
        "wasserstein": test.wasserstein,
        "train_count": test.train_count,
        "val_count": test.val_count,
        "seed": assessment.seed,
    }


_HEADINGS = {
    "ks_p_value": "KS p-value",
    "mre_gap": "MRE-gap (%)",
    "detected": "detected by",
    "mre_train": "MRE train",
    "mre_val": "MRE validation",
    "mre_generated": "MRE generated",
    "mre_distortion": "MRE distorted",
    "own_recovered": "own samples recovered (%)",
}


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Returns `rows`, or the published table, as a reader sees it.

    Gaps are in per cent, with their 95 % interval in brackets; errors are mean squared errors per
    pixel of images in [-1, 1]. "detected by" applies the paper's thresholds of 1 % and 10 %.
    """
    text = pd.DataFrame([_text(row) for row in table.to_dict("records")])
    if table.get("seed", pd.Series(0)).nunique() > 1:
        text.insert(2, "seed", table["seed"].to_numpy())
    text = text.dropna(axis="columns", how="all").rename(columns=_HEADINGS)
    return text.set_index("dataset").rename_axis(None)


def _text(row: Mapping[str, Any]) -> dict[str, Any]:
    errors = ("mre_train", "mre_val", "mre_generated", "mre_distortion")
    own = row.get("own_recovered")
    return {
        "dataset": row["dataset"],
        "model": row["model"],
        "ks_p_value": _form(row["ks_p_value"], "{:.2g}"),
        "mre_gap": _gap(row),
        "detected": _detected(row),
        **{name: _form(row[name], "{:.2e}") for name in errors},
        "own_recovered": None if own is None else _form(100 * own, "{:.0f}"),
    }


def _form(value: float, form: str) -> str:
    return "" if pd.isna(value) else form.format(value)


def _gap(row: Mapping[str, Any]) -> str:
    if "mre_gap_low" not in row:
        return f"{100 * row['mre_gap']:.1f}"
    return Interval(row["mre_gap_low"], row["mre_gap_high"], row["mre_gap"], 0.95).in_percent()


def _detected(row: Mapping[str, Any]) -> str:
    by_ks = "KS" * (row["ks_p_value"] < KS_P_VALUE_THRESHOLD)
    by_gap = "gap" * (row["mre_gap"] > MRE_GAP_THRESHOLD)
    return " and ".join(filter(None, (by_ks, by_gap))) or "neither"


def as_printed() -> pd.DataFrame:
    """Returns the paper's whole table as text, with what is wrong with a row beside it."""
    printed = published_table_1()
    return as_text(printed).assign(note=printed["erratum"].to_numpy())


def beside_paper(table: pd.DataFrame, *, paper_dataset: str) -> pd.DataFrame:
    """Returns p-values and gaps of `rows` beside those that the paper printed for `paper_dataset`.

    Rows are matched by the model's name. The paper prints gaps without their sign.
    """
    printed = _printed(paper_dataset)
    matched = printed.reindex(table["model"]).to_dict("records")
    pairs = zip(table.to_dict("records"), matched, strict=True)
    several = table["seed"].nunique() > 1
    return (
        pd.DataFrame(
            [
                {
                    "dataset": here["dataset"],
                    "model": here["model"],
                    **({"seed": here["seed"]} if several else {}),
                    "p-value here": _form(here["ks_p_value"], "{:.2g}"),
                    "p-value in the paper": _form(there["ks_p_value"], "{:.2g}"),
                    "MRE-gap here (%)": _gap(here),
                    "MRE-gap in the paper (%)": _form(100 * there["mre_gap"], "{:.1f}"),
                    "detected here by": _detected(here),
                    "detected in the paper by": ""
                    if pd.isna(there["mre_gap"])
                    else _detected(there),
                }
                for here, there in pairs
            ]
        )
        .set_index("dataset")
        .rename_axis(None)
    )


def over_seeds(table: pd.DataFrame, *, paper_dataset: str) -> pd.DataFrame:
    """Returns one row for each model of `rows` with several seeds, beside the paper's.

    Gaps are means over seeds in per cent, with Student's 95 % interval in brackets; errors are
    means over seeds of the median errors. The paper prints gaps without their sign.
    """
    printed = _printed(paper_dataset)
    found = []
    for model, of_seeds in table.groupby("model", sort=False):
        there = printed.reindex([model]).iloc[0]
        detected = sum(_detected(row) != "neither" for row in of_seeds.to_dict("records"))
        found.append(
            {
                "model": model,
                "MRE-gap (%)": mean_interval(of_seeds["mre_gap"]).in_percent(),
                "in the paper (%)": _form(100 * there["mre_gap"], "{:.1f}"),
                "KS p-values": ", ".join(f"{p:.1g}" for p in of_seeds["ks_p_value"]),
                "in the paper": _form(there["ks_p_value"], "{:.2g}"),
                "detected": f"{detected} of {len(of_seeds)}",
                "MRE train": f"{of_seeds['mre_train'].mean():.2e}",
                "MRE validation": f"{of_seeds['mre_val'].mean():.2e}",
                "MRE generated": _form(of_seeds["mre_generated"].mean(), "{:.2e}"),
            }
        )
    return pd.DataFrame(found).set_index("model").rename_axis(None)


def labelled(assessments: Iterable[Assessment]) -> dict[str, Assessment]:
    """Returns the assessments by data set and model, and by seed where there are several."""
    assessments = list(assessments)
    several = len({a.seed for a in assessments}) > 1
    return {_label(a, a.name, several): a for a in assessments}


def _label(assessment: Assessment, name: str, with_seed: bool) -> str:
    seed = f", seed {assessment.seed}" if with_seed else ""
    return f"{assessment.dataset}, {name}{seed}"


def _printed(paper_dataset: str) -> pd.DataFrame:
    """Returns the paper's rows for a data set by model, without the row that repeats another."""
    printed = published_table_1()
    printed = printed[~printed["erratum"].str.startswith("repeats")]
    return printed.set_index(["dataset", "model"]).loc[paper_dataset]


def gaps(assessments: Iterable[Assessment]) -> dict[str, Interval]:
    """Returns the MRE-gap of each model with its interval."""
    return {label: a.test.gap for label, a in labelled(assessments).items()}


def printed_gaps(assessments: Iterable[Assessment], *, paper_dataset: str) -> dict[str, float]:
    """Returns what the paper printed for models of the same names, by the keys of `gaps`."""
    printed = _printed(paper_dataset)["mre_gap"]
    found = labelled(assessments).items()
    return {label: printed[a.name] for label, a in found if a.name in printed}


def gans(assessments: Iterable[Assessment]) -> dict[str, OverfittingTest]:
    """Returns the tests of the models that are trained by an adversarial loss alone."""
    found = labelled(assessments).items()
    return {label: a.test for label, a in found if not families.get(a.model).counted}


def undone(assessments: Iterable[Assessment]) -> dict[str, float]:
    """Returns the MRE of own samples over that of validation images, by the keys of `gaps`."""
    found = labelled(assessments).items()
    return {
        label: float(np.median(a.errors["generated"])) / a.test.mre_val.estimate
        for label, a in found
        if a.checked
    }


def _counted(assessments: Iterable[Assessment]) -> dict[tuple[str, str], dict[str, Assessment]]:
    """Returns the models trained on a number of images by label, the smallest number first.

    Keys are the family, and data set, family and seed in words.
    """
    found = labelled(assessments)
    several = len({a.seed for a in found.values()}) > 1
    groups: dict[tuple[str, str], dict[str, Assessment]] = {}
    for label, a in sorted(found.items(), key=lambda item: item[1].count):
        family = families.get(a.model)
        if family.counted:
            key = a.model, _label(a, family.title, several)
            groups.setdefault(key, {})[label] = a
    return groups


def _at(assessments: Iterable[Assessment], family: str, place: int) -> dict[str, OverfittingTest]:
    """Returns the test of the model at a place in a family, on each data set and seed."""
    groups = [group for (model, _), group in _counted(assessments).items() if model == family]
    chosen = (list(group.items())[place] for group in groups)
    return {label: a.test for label, a in chosen}


def smallest(assessments: Iterable[Assessment], family: str) -> dict[str, OverfittingTest]:
    """Returns the tests of a family's models of the fewest images, by data set and seed."""
    return _at(assessments, family, 0)


def largest(assessments: Iterable[Assessment], family: str) -> dict[str, OverfittingTest]:
    """Returns the tests of a family's models of the most images, by data set and seed."""
    return _at(assessments, family, -1)


def gaps_by_count(assessments: Iterable[Assessment]) -> dict[str, dict[int, Interval]]:
    """Returns the MRE-gaps by the number of training images, for data set, family and seed.

    Families of which a data set has one model only are left out.
    """
    return {
        name: {a.count: a.test.gap for a in group.values()}
        for (_, name), group in _counted(assessments).items()
        if len(group) > 1
    }

"""Sweeps as tables: a row for each training, from which figures and recorded results are made."""

from collections.abc import Mapping, Sequence

import pandas as pd

from .references import TITLES
from .statistics import Interval, mean_interval
from .sweep import Sweep, c_t, fid

__all__ = ["against_each_other", "rows", "summary"]

_TRAIN = "train"


def rows(sweeps: Mapping[str, Sweep], *, references: Sequence[str]) -> pd.DataFrame:
    """Returns a row for each model, tau, seed and set of images: C_T against it, c_t, and the
    Frechet distance to it, fid.

    references  sets beside the training images, "train", against which there is no C_T
    """
    return pd.DataFrame(
        {
            "model": model,
            "tau": tau,
            "seed": copying.seed,
            "set": name,
            "c_t": float("nan") if name == _TRAIN else c_t(name)(copying),
            "fid": fid(name)(copying),
        }
        for model, sweep in sweeps.items()
        for tau, found in sweep.by_threshold.items()
        for copying in found
        for name in (_TRAIN, *references)
    )


def against_each_other(
    table: pd.DataFrame, *, reference: str
) -> dict[str, dict[float, tuple[Interval, Interval]]]:
    """Returns (C_T, Frechet distance) by model and tau, both against `reference`, means of `rows`
    over seeds with Student's intervals."""
    pairs: dict[str, dict[float, tuple[Interval, Interval]]] = {}
    chosen = table[table["set"] == reference]
    for (model, tau), of_tau in chosen.groupby(["model", "tau"], sort=False):
        values = mean_interval(of_tau["c_t"]), mean_interval(of_tau["fid"])
        pairs.setdefault(model, {})[tau] = values
    return pairs


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Returns one row for each model and tau of `rows`: C_T and Frechet distances, means over
    seeds with Student's intervals, ready to be read."""
    found = []
    for (model, tau), of_tau in table.groupby(["model", "tau"], sort=False):
        row = {"model": model, "τ": f"{tau:.3g}"}
        for name, of_set in of_tau.groupby("set", sort=False):
            if name != _TRAIN:
                row[f"C_T against {TITLES[name]}"] = f"{mean_interval(of_set['c_t']):.2f}"
            row[f"FID to {TITLES.get(name, name)}"] = f"{mean_interval(of_set['fid']):.2f}"
        found.append(row)
    return pd.DataFrame(found).set_index("model").rename_axis(None)

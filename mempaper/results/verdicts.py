"""Recorded verdicts: the numbers that decided a claim on each seed, and over seeds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ..claims import CLAIMS, combined
from ..errors import InputError
from ..notebooks.catalogue import find_root
from ..statistics import mean_interval
from .recording import VERDICTS, Sourced, recorded

__all__ = ["verdicts"]


def verdicts(claim: str, *, root: Path | None = None) -> Sourced:
    """Returns what is recorded of a claim: each number's mean over seeds with its 95 % interval.

    The interval is Student's, of the mean over trainings; those that a page computes are over
    images, of one training.

    Raises
        InputError  no verdict on the claim is recorded
    """
    root = root or find_root()
    names = sorted(path.stem for path in (root / "results").glob(f"*{VERDICTS}.csv"))
    found = [recorded(name, root=root) for name in names]
    found = [f for f in found if claim in set(f.table["claim"])]
    if not found:
        raise InputError(
            "claim",
            "be one with recorded verdicts",
            repr(claim),
            f"Known claims: {', '.join(CLAIMS)}. `mempaper notebook record` records verdicts.",
        )
    show = CLAIMS[claim].show
    text = pd.concat([_over_seeds(f.table[f.table["claim"] == claim], show) for f in found])
    lines = dict.fromkeys(f.line for f in found)
    return Sourced(text, " ".join(lines))


def _over_seeds(table: pd.DataFrame, show: Callable[[float], str]) -> pd.DataFrame:
    by_seed = table.groupby("seed", sort=True)["verdict"].first()
    verdict = combined(by_seed)
    if len(by_seed) > 1:
        verdict += f" ({(by_seed == verdict).sum()} of {len(by_seed)} seeds)"
    rows = []
    for quantity, values in table.groupby("quantity", sort=False):
        mean, span = _mean(values, show)
        rows.append(
            {
                "data set": values["dataset"].iloc[0],
                "quantity": quantity,
                "mean over seeds": mean,
                "95 % interval": span,
                "seeds": sum(len(str(seed).split("+")) for seed in values["seed"]),
                "verdict": verdict,
            }
        )
    return pd.DataFrame(rows).set_index("data set").rename_axis(None)


def _mean(values: pd.DataFrame, show: Callable[[float], str]) -> tuple[str, str]:
    """Returns mean and interval as text; empty where one seed, or an infinite value, gives none.

    One execution with several seeds has the interval over them that its page computed.
    """
    estimates = values["estimate"].to_numpy()
    if len(values) == 1 and "+" in str(values["seed"].iloc[0]):
        mean, low, high = (show(float(values[end].iloc[0])) for end in ("estimate", "low", "high"))
        return mean, f"{low} to {high}"
    if len(estimates) < 2 or not np.isfinite(estimates).all():
        return "", ""
    mean = mean_interval(estimates)
    return show(mean.estimate), f"{show(mean.low)} to {show(mean.high)}"

"""Which detector sees what, and how many images it needs, from replicates of known truth.

Scores of different detectors do not compare, so power is taken at one rate of false alarms: a score
counts as found where at most a share `level` of the scores without copies is as high.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from .detectors import DETECTORS
from .errors import InputError
from .examined import Examined
from .experiments import DENSITY, NULL, Observed
from .statistics import Interval, overfitting_test, share_interval

__all__ = [
    "LEVEL",
    "POWER",
    "as_percent",
    "best",
    "by_count",
    "by_detector",
    "densities",
    "false_alarms",
    "on_models",
    "own_power",
    "power",
    "smallest_share",
    "table",
]

LEVEL = 0.05
POWER = 0.8


def false_alarms(observed: Observed, *, level: float = LEVEL) -> dict[str, Interval]:
    """Returns the share of replicates without copies that each detector's own test calls copied.

    Of the detectors that have a p-value.
    """
    return own_power(observed, level=level)[NULL]


def own_power(observed: Observed, *, level: float = LEVEL) -> dict[tuple, dict[str, Interval]]:
    """Returns the share of replicates whose own p-value is at most `level`, for each condition."""
    return {
        condition: {name: share_interval(p <= level) for name, p in rows.items()}
        for condition, rows in observed.p_values.items()
    }


def power(observed: Observed, *, level: float = LEVEL) -> dict[tuple, dict[str, Interval]]:
    """Returns the share of replicates found by each detector's score, for each condition.

    A replicate's score is held against those without copies of all other replicates, so that the
    rate of false alarms is `level` at most, on average over calibrations. Intervals take the
    replicates for independent, and do not cover that they share their thresholds.

    Raises
        InputError  there are fewer replicates without copies than 1 / level
    """
    count = len(next(iter(observed.scores[NULL].values())))
    if count * level < 1 - 1e-9:
        raise InputError(
            "nulls", f"be at least 1 / level = {1 / level:.3g}", count, "Ask for more."
        )
    return {
        condition: {
            name: share_interval(_found(scores, observed.scores[NULL][name], level))
            for name, scores in rows.items()
        }
        for condition, rows in observed.scores.items()
        if condition != NULL
    }


def _found(scores: np.ndarray, null: np.ndarray, level: float) -> np.ndarray:
    own = null[: len(scores)] >= scores
    as_high = np.sum(null >= scores[:, None], axis=1) - own
    return (1 + as_high) / len(null) <= level + 1e-9


def by_detector(
    powers: Mapping[tuple, Mapping[str, Interval]],
) -> dict[str, dict[str, dict[float, Interval]]]:
    """Returns detector -> corruption -> share -> power; without density estimates."""
    found: dict[str, dict[str, dict[float, Interval]]] = {}
    for (corruption, share), rows in powers.items():
        if corruption not in (NULL[0], DENSITY):
            for name, value in rows.items():
                found.setdefault(name, {}).setdefault(corruption, {})[share] = value
    return found


def smallest_share(powers: Mapping[float, Interval], *, power: float = POWER) -> float | None:
    """Returns the share of copies from which on the power is at least `power`; None where it is not
    at the largest share.

    Interpolated in the logarithm of the share between those measured; where the power suffices at
    all of them, the smallest of these.
    """
    shares = sorted(powers)
    short = [i for i, share in enumerate(shares) if powers[share].estimate < power]
    if not short:
        return shares[0]
    if short[-1] == len(shares) - 1:
        return None
    ends = shares[short[-1] : short[-1] + 2]
    low, high = (powers[share].estimate for share in ends)
    return float(np.exp(np.interp(power, [low, high], np.log(ends))))


def as_percent(powers: Mapping[float, Interval]) -> str:
    """Returns `smallest_share` in per cent; "at most" the smallest that was measured, or none."""
    found = smallest_share(powers)
    if found is None:
        return "none"
    bound = "≤ " if found == min(powers) else ""
    return f"{bound}{100 * found:.2g}" if found < 0.995 else "100"


def best(observed: Observed) -> pd.DataFrame:
    """Returns, for each corruption, the detectors that find the smallest share of copies.

    All that find it within a tenth, for small differences are within what chance does.
    """
    found: dict[str, dict[str, float]] = {}
    curves = by_detector(power(observed))
    for name, corruptions in curves.items():
        for corruption, powers in corruptions.items():
            smallest = smallest_share(powers)
            of_all = found.setdefault(corruption, {})
            if smallest is not None:
                of_all[name] = smallest
    rows = {}
    for corruption, shares in found.items():
        first = min(shares, key=shares.get, default=None)
        chosen = [DETECTORS[n].title for n, s in shares.items() if s <= 1.1 * shares[first]]
        rows[corruption] = {
            "found first by": ", ".join(chosen) or "no detector",
            "at a share of (%)": "none" if first is None else as_percent(curves[first][corruption]),
            "found at all by": f"{len(shares)} of {len(observed.seconds)}",
        }
    return pd.DataFrame(rows).T


def table(observed: Sequence[Observed]) -> pd.DataFrame:
    """Returns what each detector sees under each encoder: a row for each pair of them."""
    rows = []
    for each in observed:
        alarms = false_alarms(each)
        for name, corruptions in by_detector(power(each)).items():
            rows.append(
                {
                    "detector": DETECTORS[name].title,
                    "encoder": each.encoder,
                    **{corruption: as_percent(of) for corruption, of in corruptions.items()},
                    "false alarms of its test (%)": alarms[name].in_percent()
                    if name in alarms
                    else "no test",
                    "milliseconds": f"{1000 * each.seconds[name]:.1f}",
                }
            )
    return pd.DataFrame(rows).fillna("").set_index("detector").rename_axis(None)


def by_count(observed: Sequence[Observed], *, corruption: str = "exact") -> pd.DataFrame:
    """Returns the smallest share found by number of images, by calibrated score and by own test."""
    columns = {}
    for how, of in (("score", power), ("own test", own_power)):
        for each in observed:
            found = by_detector(of(each))
            columns[f"{how}, n = {each.count}"] = {
                DETECTORS[name].title: as_percent(found[name][corruption])
                if name in found
                else "no test"
                for name in each.seconds
            }
    return pd.DataFrame(columns)


def densities(observed: Observed) -> pd.DataFrame:
    """Returns the power in per cent along the bandwidths of density estimates, by detector."""
    found = power(observed)
    widths = [condition[1] for condition in found if condition[0] == DENSITY]
    return pd.DataFrame(
        {
            f"{width:g}": {
                DETECTORS[name].title: f"{100 * value.estimate:.0f}"
                for name, value in found[DENSITY, width].items()
            }
            for width in widths
        }
    )


def on_models(examined: Sequence[Examined], detectors: Sequence[str]) -> pd.DataFrame:
    """Returns a column for each model: its MRE-gap, and p-values of recovery and of detectors."""
    columns = {}
    for each in examined:
        recovery = overfitting_test(each.errors["train"], each.errors["holdout"])
        columns[each.label] = {
            "MRE-gap (%)": recovery.gap.in_percent(),
            "KS p-value": f"{recovery.ks.p_value:.2g}",
            **{DETECTORS[name].title: f"{each.findings[name].p_value:.2g}" for name in detectors},
        }
    return pd.DataFrame(columns)

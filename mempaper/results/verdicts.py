"""Recorded verdicts: the numbers that decided a claim on each seed, and over seeds."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..claims import CLAIMS, combined
from ..claims.numbers import presented
from ..claims.verdicts import listed, span
from ..errors import InputError
from ..notebooks.catalogue import find_root
from ..statistics import Interval, mean_interval
from .recording import VERDICTS, Sourced, described, recorded

__all__ = ["RecordedVerdict", "recorded_verdicts", "verdicts"]


@dataclass(frozen=True)
class RecordedVerdict:
    """What executions with several seeds say of a claim on one data set.

    verdict     of all executions together
    executions  verdict -> how many gave it
    seeds       how many
    numbers     quantity -> its mean over seeds with Student's 95 % interval; None where one seed,
                or an infinite value, gives none
    source      what made it, see `Recorded`
    """

    claim: str
    dataset: str
    verdict: str
    executions: Mapping[str, int]
    seeds: int
    numbers: Mapping[str, Interval | None]
    source: Mapping[str, Any]

    @property
    def agreement(self) -> str:
        """Returns the verdict, and how many of several executions gave it."""
        count = sum(self.executions.values())
        if count == 1:
            return self.verdict
        return f"{self.verdict} ({self.executions[self.verdict]} of {count} seeds)"

    @property
    def detail(self) -> str:
        """Returns the numbers that have an interval over seeds, in words."""
        show = CLAIMS[self.claim].show
        found = ((*presented(name, show), mean) for name, mean in self.numbers.items() if mean)
        each = {title: span(mean, as_text) for title, as_text, mean in found}
        return listed(each) if each else "No interval over seeds."


def recorded_verdicts(
    claims: Collection[str] | None = None, *, root: Path | None = None
) -> list[RecordedVerdict]:
    """Returns what results/ holds of verdicts on these claims, or on all, file by file.

    >>> "small-glo-detected" in {found.claim for found in recorded_verdicts()}
    True
    """
    root = root or find_root()
    names = sorted(path.stem for path in (root / "results").glob(f"*{VERDICTS}.csv"))
    return [
        _over_seeds(claim, of_claim, found.source)
        for found in (recorded(name, root=root) for name in names)
        for claim, of_claim in found.table.groupby("claim", sort=False)
        if claims is None or claim in claims
    ]


def verdicts(
    claim: str,
    *,
    dataset: str | None = None,  # None: all on which it is recorded
    root: Path | None = None,
) -> Sourced:
    """Returns what is recorded of a claim: each number's mean over seeds with its 95 % interval.

    The interval is Student's, of the mean over trainings; those that a page computes are over
    images, of one training. Numbers that are bounds in one of the trainings have neither.

    Raises
        InputError  no verdict on the claim is recorded

    >>> verdicts("small-glo-detected").line.startswith("Recorded")
    True
    """
    found = [
        each for each in recorded_verdicts([claim], root=root) if dataset in (None, each.dataset)
    ]
    if not found:
        raise InputError(
            "claim",
            "be one with recorded verdicts",
            repr(claim),
            f"Known claims: {', '.join(CLAIMS)}. `mempaper notebook record` records verdicts.",
        )
    text = pd.DataFrame([row for each in found for row in _rows(each)])
    lines = dict.fromkeys(described(each.source) for each in found)
    return Sourced(text.set_index("data set").rename_axis(None), " ".join(lines))


def _over_seeds(claim: str, table: pd.DataFrame, source: Mapping[str, Any]) -> RecordedVerdict:
    by_seed = table.groupby("seed", sort=True)["verdict"].first()
    return RecordedVerdict(
        claim,
        table["dataset"].iloc[0],
        combined(by_seed),
        by_seed.value_counts().to_dict(),
        sum(len(str(seed).split("+")) for seed in by_seed.index),
        {name: _mean(values) for name, values in table.groupby("quantity", sort=False)},
        source,
    )


def _mean(values: pd.DataFrame) -> Interval | None:
    """One execution with several seeds has the interval over them that its page computed."""
    numbers = values[["low", "high", "estimate"]].to_numpy()
    if len(values) == 1 and "+" in str(values["seed"].iloc[0]):
        low, high, estimate = numbers[0].tolist()
        return Interval(low, high, estimate, 0.95)
    if len(numbers) < 2 or not np.isfinite(numbers).all():
        return None
    return mean_interval(numbers[:, 2])


def _by_number(item: tuple[str, Any]) -> list[str | float]:
    """Returns the name of an item so that N = 128 comes before N = 1024, and 0.05 before 0.1."""
    parts = re.split(r"(\d+(?:\.\d+)?)", item[0])
    return [float(part) if at % 2 else part for at, part in enumerate(parts)]


def _rows(found: RecordedVerdict) -> list[dict[str, Any]]:
    """One row for each number; what is said of all stands in the first."""
    rows: list[dict[str, Any]] = []
    for quantity, mean in sorted(found.numbers.items(), key=_by_number):
        title, show = presented(quantity, CLAIMS[found.claim].show)
        span = f"{show(mean.estimate)} [{show(mean.low)}, {show(mean.high)}]" if mean else ""
        first = not rows
        rows.append(
            {
                "data set": found.dataset if first else "",
                "quantity": title.removeprefix(f"{found.dataset}, "),
                "mean [95 % interval]": span,
                "seeds": str(found.seeds) if first else "",
                "verdict on the claim": found.agreement if first else "",
            }
        )
    return rows

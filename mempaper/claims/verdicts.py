"""Predicates, verdicts, and what predicates share."""

import html
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..statistics import Interval

__all__ = [
    "NOT_REPRODUCED",
    "NOT_TESTABLE",
    "REPRODUCED",
    "VERDICT_MIME",
    "Predicate",
    "Verdict",
    "above",
    "apart",
    "below",
    "combined",
    "each_by",
    "listed",
    "percent",
    "points",
    "span",
    "within",
]

VERDICT_MIME = "application/vnd.mempaper.verdict+json"
REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE = "reproduced", "not reproduced", "not testable"


def percent(value: float) -> str:
    """Returns a share in per cent."""
    return f"{100 * value:,.1f} %"


@dataclass(frozen=True)
class Predicate:
    """The function that decides a statement from a run's numbers.

    show  number -> text
    """

    decide: Callable[..., tuple[str, str]]
    show: Callable[[float], str] = percent


@dataclass(frozen=True)
class Verdict:
    """A claim judged; shows itself in a notebook and, as JSON, in its executed copy."""

    claim: str
    statement: str
    source: str
    verdict: str
    detail: str
    numbers: Mapping[str, Interval]  # that decided it

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        shown = ("statement", "source", "verdict", "detail")
        escaped = {name: html.escape(getattr(self, name)) for name in shown}
        numbers = {
            name: {key: value if math.isfinite(value) else None for key, value in of.items()}
            for name, of in asdict(self)["numbers"].items()
        }
        box = (
            '<div class="mempaper-verdict" data-verdict="{verdict}">'
            '<span class="mempaper-badge">{verdict}</span> {statement} '
            '<span class="mempaper-source">{source}</span>'
            '<div class="mempaper-detail">{detail}</div></div>'
        )
        return {
            VERDICT_MIME: asdict(self) | {"numbers": numbers},
            "text/html": box.format(**escaped),
            "text/plain": f"{self.verdict}: {self.statement} ({self.source}) {self.detail}",
        }


def above(interval: Interval, line: float) -> str:
    """Returns the verdict that the true value lies above `line`."""
    if interval.low > line:
        return REPRODUCED
    return NOT_REPRODUCED if interval.high <= line else NOT_TESTABLE


def below(interval: Interval, line: float) -> str:
    """Returns the verdict that the true value does not lie above `line`."""
    if interval.high <= line:
        return REPRODUCED
    return NOT_REPRODUCED if interval.low > line else NOT_TESTABLE


def apart(higher: Interval, lower: Interval) -> str:
    """Returns the verdict that one true value lies above another."""
    if higher.low > lower.high:
        return REPRODUCED
    return NOT_REPRODUCED if higher.high < lower.low else NOT_TESTABLE


def within(interval: Interval, line: float) -> str:
    """Returns the verdict that the true value lies no farther from 0 than `line`."""
    return combined((below(interval, line), above(interval, -line)))


def points(value: float) -> str:
    """Returns the difference of two shares in percentage points."""
    return f"{100 * value:.1f} points"


def span(interval: Interval, show: Callable[[float], str]) -> str:
    """Returns an estimate with its interval."""
    return (
        f"{show(interval.estimate)} ({100 * interval.confidence:.0f} % interval "
        f"{show(interval.low)} to {show(interval.high)})"
    )


def combined(verdicts: Iterable[str]) -> str:
    """Returns the verdict on a claim about several models, from those on each.

    >>> combined(["reproduced", "not testable"]), combined(["reproduced", "not reproduced"])
    ('not testable', 'not reproduced')
    """
    verdicts = set(verdicts)
    for verdict in (NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED):
        if verdict in verdicts:
            return verdict
    return NOT_TESTABLE


def listed(parts: Mapping[str, str]) -> str:
    """Returns name: text; name: text."""
    joined = "; ".join(f"{name}: {text}" for name, text in parts.items())
    return f"{joined}." if joined else "No such model was trained."


def each_by(
    verdict: Callable[[Interval, float], str],
    line: float,
    intro: str,
    show: Callable[[float], str] = percent,
) -> Callable[..., tuple[str, str]]:
    """Returns the predicate, of values=, that each lies on one side of a line.

    verdict  `above`, `below` or `within`
    intro    says what the values are
    """

    def decide(*, values: Mapping[str, Interval]) -> tuple[str, str]:
        each = listed({name: span(value, show) for name, value in values.items()})
        return combined(verdict(value, line) for value in values.values()), f"{intro} {each}"

    return decide

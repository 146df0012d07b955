"""The papers' checkable claims, each with the predicate that decides it.

A verdict is computed from numbers, never written by hand. Where an interval straddles the line the
verdict is "not testable": the run was too small to decide.
"""

import html
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .errors import InputError
from .statistics import (
    KS_P_VALUE_THRESHOLD,
    MRE_GAP_THRESHOLD,
    Interval,
    OverfittingTest,
)

__all__ = ["CLAIMS", "VERDICT_MIME", "Claim", "Verdict", "judge"]

VERDICT_MIME = "application/vnd.mempaper.verdict+json"
REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE = "reproduced", "not reproduced", "not testable"


@dataclass(frozen=True)
class Claim:
    """A statement of a paper and the function that decides it from a run's numbers."""

    id: str
    statement: str
    source: str
    decide: Callable[..., tuple[str, str]]


@dataclass(frozen=True)
class Verdict:
    """A claim judged; shows itself in a notebook and, as JSON, in its executed copy."""

    claim: str
    statement: str
    source: str
    verdict: str
    detail: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        escaped = {key: html.escape(value) for key, value in asdict(self).items()}
        box = (
            '<div class="mempaper-verdict" data-verdict="{verdict}">'
            '<span class="mempaper-badge">{verdict}</span> {statement} '
            '<span class="mempaper-source">{source}</span>'
            '<div class="mempaper-detail">{detail}</div></div>'
        )
        return {
            VERDICT_MIME: asdict(self),
            "text/html": box.format(**escaped),
            "text/plain": f"{self.verdict}: {self.statement} ({self.source}) {self.detail}",
        }


def _above(interval: Interval, line: float) -> str:
    if interval.low > line:
        return REPRODUCED
    return NOT_REPRODUCED if interval.high <= line else NOT_TESTABLE


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _span(interval: Interval, show: Callable[[float], str]) -> str:
    return (
        f"{show(interval.estimate)} ({interval.confidence:.0%} interval "
        f"{show(interval.low)} to {show(interval.high)})"
    )


def _ten_times_faster(*, ratio: Interval, rival: str) -> tuple[str, str]:
    detail = (
        f"{rival} needs {_span(ratio, '{:.1f}'.format)} times the passes to reach the median "
        f"error of L-BFGS; five times counts as roughly ten."
    )
    return _above(ratio, 5.0), detail


def _own_samples(*, shares: Mapping[str, Interval], bound: float) -> tuple[str, str]:
    verdicts = {_above(share, 0.99) if share.low < 1 else REPRODUCED for share in shares.values()}
    listed = "; ".join(f"{name} {_percent(s.estimate)}" for name, s in shares.items())
    detail = f"Share of own samples recovered below an error of {bound:g}: {listed}."
    if verdicts == {REPRODUCED}:
        return REPRODUCED, detail
    return (NOT_REPRODUCED if NOT_REPRODUCED in verdicts else NOT_TESTABLE), detail


def _distorted_above_train(*, difference: Interval, model: str) -> tuple[str, str]:
    detail = f"{model}: MRE(distorted) / MRE(train) - 1 is {_span(difference, _percent)}."
    return _above(difference, 0.0), detail


def _fit(test: OverfittingTest) -> str:
    return f"p = {test.ks.p_value:.2g}, MRE-gap {_span(test.gap, _percent)}"


def _undetected(*, tests: Mapping[str, OverfittingTest]) -> tuple[str, str]:
    detail = "; ".join(f"{name}: {_fit(test)}" for name, test in tests.items()) + "."
    found = [test.detected_by_ks or test.detected_by_gap for test in tests.values()]
    return (NOT_REPRODUCED if any(found) else REPRODUCED), detail


def _detected(*, tests: Mapping[str, OverfittingTest]) -> tuple[str, str]:
    detail = "; ".join(f"{name}: {_fit(test)}" for name, test in tests.items()) + "."
    found = [test.detected_by_ks and test.gap.low > MRE_GAP_THRESHOLD for test in tests.values()]
    return (REPRODUCED if all(found) else NOT_REPRODUCED), detail


def _gap_falls(*, gaps: Mapping[str, Mapping[int, Interval]]) -> tuple[str, str]:
    detail = "; ".join(
        f"{dataset}, N = {n}: {_span(by_count[n], _percent)}"
        for dataset, by_count in gaps.items()
        for n in sorted(by_count)
    )
    ends = [(by_count[min(by_count)], by_count[max(by_count)]) for by_count in gaps.values()]
    if all(first.low > last.high for first, last in ends):
        return REPRODUCED, detail + "."
    risen = any(first.high < last.low for first, last in ends)
    return (NOT_REPRODUCED if risen else NOT_TESTABLE), detail + "."


_WEBSTER = "Webster et al. 2019, "

CLAIMS = {
    claim.id: claim
    for claim in (
        Claim(
            "lbfgs-ten-times-faster",
            "L-BFGS recovers in about 50 iterations what gradient descent needs about 500 for.",
            _WEBSTER + "Sec. 2.1",
            _ten_times_faster,
        ),
        Claim(
            "own-samples-recovered",
            "Every network recovers its own samples verbatim.",
            _WEBSTER + "Sec. 2.1",
            _own_samples,
        ),
        Claim(
            "distorted-above-train",
            "A network rejects distorted images: their errors are above those of training images.",
            _WEBSTER + "Sec. 2.2",
            _distorted_above_train,
        ),
        Claim(
            "gan-generalizes",
            f"Overfitting of GANs is undetectable: p above {KS_P_VALUE_THRESHOLD:.0%} and an "
            f"MRE-gap below {MRE_GAP_THRESHOLD:.0%}.",
            _WEBSTER + "Sec. 3.2 and Table 1",
            _undetected,
        ),
        Claim(
            "small-glo-detected",
            "GLO overfits a small training set, and both tests detect it.",
            _WEBSTER + "Sec. 3.2 and Table 1",
            _detected,
        ),
        Claim(
            "large-glo-undetected",
            "With enough training images the overfitting of GLO is no longer detectable.",
            _WEBSTER + "Sec. 3.3 and Table 1",
            _undetected,
        ),
        Claim(
            "gap-falls-with-n",
            "The gap between training and validation errors of GLO falls with the number N of "
            "training images.",
            _WEBSTER + "Sec. 3.2 and Fig. 4",
            _gap_falls,
        ),
    )
}


def judge(claim: str, **evidence: Any) -> Verdict:
    """Returns the verdict on a claim, decided by its predicate from the run's numbers.

    Raises
        InputError  the claim is not in CLAIMS
    """
    if claim not in CLAIMS:
        raise InputError("claim", f"be one of {', '.join(CLAIMS)}", repr(claim), "See claims.py.")
    known = CLAIMS[claim]
    verdict, detail = known.decide(**evidence)
    return Verdict(known.id, known.statement, known.source, verdict, detail)

"""The papers' checkable claims, each with the predicate that decides it.

A verdict is computed from numbers, never written by hand. Where an interval straddles the line the
verdict is "not testable": the run was too small to decide. That overfitting is *not* detected says
something only of a generator whose own samples are recovered: an optimiser that fails on all images
alike hides every difference.
"""

import html
from collections.abc import Callable, Iterable, Mapping
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

VALID_SHARE = 0.9
"""Of a generator's own samples so many must be recovered before "undetected" means anything."""


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


def _combined(verdicts: Iterable[str]) -> str:
    """Returns the verdict on a claim about several models, from those on each."""
    verdicts = set(verdicts)
    for verdict in (NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED):
        if verdict in verdicts:
            return verdict
    return NOT_TESTABLE


def _listed(parts: Mapping[str, str]) -> str:
    listed = "; ".join(f"{name}: {text}" for name, text in parts.items())
    return f"{listed}." if listed else "No such model was trained."


def _ten_times_faster(*, ratio: Interval, rival: str) -> tuple[str, str]:
    detail = (
        f"{rival} needs {_span(ratio, '{:.1f}'.format)} times the passes to reach the median "
        f"error of L-BFGS; five times counts as roughly ten."
    )
    return _above(ratio, 5.0), detail


def _own_samples(*, shares: Mapping[str, Interval], bound: float) -> tuple[str, str]:
    listed = _listed({name: _span(share, _percent) for name, share in shares.items()})
    detail = f"Own samples recovered below an error of {bound:g}; 95 % are asked for. {listed}"
    return _combined(_above(share, 0.95) for share in shares.values()), detail


def _distorted_above_train(*, difference: Interval, model: str) -> tuple[str, str]:
    detail = f"{model}: MRE(distorted) / MRE(train) - 1 is {_span(difference, _percent)}."
    return _above(difference, 0.0), detail


def _fit(test: OverfittingTest) -> str:
    return f"p = {test.ks.p_value:.2g}, MRE-gap {_span(test.gap, _percent)}"


def _is_undetected(test: OverfittingTest, recovered: float) -> str:
    if test.detected_by_ks or test.gap.low > MRE_GAP_THRESHOLD:
        return NOT_REPRODUCED
    clear = test.gap.high <= MRE_GAP_THRESHOLD and recovered >= VALID_SHARE
    return REPRODUCED if clear else NOT_TESTABLE


def _undetected(
    *, tests: Mapping[str, OverfittingTest], recovered: Mapping[str, float]
) -> tuple[str, str]:
    detail = _listed(
        {
            name: f"{_fit(test)}, {_percent(recovered[name])} of own samples recovered"
            for name, test in tests.items()
        }
    )
    return _combined(_is_undetected(test, recovered[n]) for n, test in tests.items()), detail


def _is_detected(test: OverfittingTest) -> str:
    if test.detected_by_ks and test.gap.low > MRE_GAP_THRESHOLD:
        return REPRODUCED
    missed = not test.detected_by_ks or test.gap.high <= MRE_GAP_THRESHOLD
    return NOT_REPRODUCED if missed else NOT_TESTABLE


def _detected(*, tests: Mapping[str, OverfittingTest]) -> tuple[str, str]:
    detail = _listed({name: _fit(test) for name, test in tests.items()})
    return _combined(map(_is_detected, tests.values())), detail


def _falls(by_count: Mapping[int, Interval]) -> str:
    first, last = by_count[min(by_count)], by_count[max(by_count)]
    if first.low > last.high:
        return REPRODUCED
    return NOT_REPRODUCED if first.high < last.low else NOT_TESTABLE


def _gap_falls(*, gaps: Mapping[str, Mapping[int, Interval]]) -> tuple[str, str]:
    detail = _listed(
        {
            f"{dataset}, N = {n}": _span(by_count[n], _percent)
            for dataset, by_count in gaps.items()
            for n in sorted(by_count)
        }
    )
    return _combined(map(_falls, gaps.values())), detail


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

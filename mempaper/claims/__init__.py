"""What decides the papers' statements: a predicate for each that some page computes.

A verdict is computed from numbers, never written by hand. Where an interval straddles the line the
verdict is "not testable": the run was too small to decide. The statements themselves are in
`mempaper.statements`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..errors import InputError
from ..statements import statements
from . import bai2022, printed, questions, webster2019
from .bai2022 import Contrast, Sides, Sufficiency, Tradeoff
from .numbers import numbers
from .verdicts import (
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    VERDICT_MIME,
    Predicate,
    Verdict,
    combined,
)
from .webster2019 import Gaps, Pair

__all__ = [
    "CLAIMS",
    "NOT_REPRODUCED",
    "NOT_TESTABLE",
    "REPRODUCED",
    "VERDICT_MIME",
    "Contrast",
    "Gaps",
    "Pair",
    "Sides",
    "Sufficiency",
    "Tradeoff",
    "Verdict",
    "combined",
    "judge",
    "numbers",
]

CLAIMS: Mapping[str, Predicate] = MappingProxyType(
    webster2019.CLAIMS | bai2022.CLAIMS | printed.CLAIMS | questions.CLAIMS
)
"""The predicates by the id of their statement."""


def judge(claim: str, **evidence: Any) -> Verdict:
    """Returns the verdict on a statement, decided by its predicate from the run's numbers.

    Raises
        InputError  no predicate decides it

    >>> from mempaper.statistics import Interval
    >>> ratio = Interval(7.5, 12.0, 9.0, 0.95)
    >>> judge("lbfgs-ten-times-faster", ratio=ratio, rival="Adam").verdict
    'reproduced'
    """
    if claim not in CLAIMS:
        raise InputError(
            "claim", f"be one of {', '.join(CLAIMS)}", repr(claim), "See mempaper/claims/."
        )
    verdict, detail = CLAIMS[claim].decide(**evidence)
    said = statements()[claim]
    return Verdict(claim, said.statement, said.source, verdict, detail, numbers(evidence))

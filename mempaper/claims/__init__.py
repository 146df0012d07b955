"""The papers' checkable claims, each with the predicate that decides it.

A verdict is computed from numbers, never written by hand. Where an interval straddles the line the
verdict is "not testable": the run was too small to decide.
"""

from typing import Any

from ..errors import InputError
from . import bai2022, webster2019
from .bai2022 import Contrast, Sides, Sufficiency, Tradeoff
from .numbers import numbers
from .verdicts import VERDICT_MIME, Claim, Verdict, combined
from .webster2019 import Gaps, Pair

__all__ = [
    "CLAIMS",
    "VERDICT_MIME",
    "Claim",
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

CLAIMS = {claim.id: claim for claim in (*webster2019.CLAIMS, *bai2022.CLAIMS)}


def judge(claim: str, **evidence: Any) -> Verdict:
    """Returns the verdict on a claim, decided by its predicate from the run's numbers.

    Raises
        InputError  the claim is not in CLAIMS
    """
    if claim not in CLAIMS:
        raise InputError("claim", f"be one of {', '.join(CLAIMS)}", repr(claim), "See claims.py.")
    known = CLAIMS[claim]
    verdict, detail = known.decide(**evidence)
    return Verdict(known.id, known.statement, known.source, verdict, detail, numbers(evidence))

"""How the MRE-gap of one family depends on the number of training images."""

from collections.abc import Iterable

import pandas as pd

from . import families
from .experiments import Assessment
from .statistics import GapLaw, gap_law

__all__ = ["by_family", "table"]


def by_family(assessments: Iterable[Assessment]) -> dict[str, GapLaw]:
    """Returns the law of each family, by title; all models saw one data set, each N once."""
    groups: dict[str, dict[int, Assessment]] = {}
    for assessment in assessments:
        groups.setdefault(families.get(assessment.model).title, {})[assessment.count] = assessment
    return {
        title: gap_law(
            {n: a.errors["train"] for n, a in found.items()},
            {n: a.errors["holdout"] for n, a in found.items()},
        )
        for title, found in groups.items()
    }


def table(laws: dict[str, GapLaw]) -> pd.DataFrame:
    """Returns each gap in per cent beside its fit, with 95 % intervals in brackets."""
    rows = [
        {
            "family": title,
            "N": f"{n:,}",
            "MRE-gap (%)": gap.in_percent(),
            "fit (%)": f"{100 * law.fitted(n):.1f}",
        }
        for title, law in laws.items()
        for n, gap in sorted(law.gaps.items())
    ]
    return pd.DataFrame(rows).set_index("family").rename_axis(None)

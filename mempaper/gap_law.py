"""How the MRE-gap of one family depends on the number of training images."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from . import families
from .experiments import Assessment
from .statistics import GapLaw, gap_law

__all__ = ["by_family", "errors_by_family", "table"]


def by_family(assessments: Iterable[Assessment]) -> dict[str, GapLaw]:
    """Returns the law of each family, by title; all models saw one data set, each N once."""
    return {
        title: gap_law(
            {n: a.errors["train"] for n, a in found.items()},
            {n: a.errors["holdout"] for n, a in found.items()},
        )
        for title, found in _grouped(assessments).items()
    }


def errors_by_family(
    assessments: Iterable[Assessment],
) -> dict[str, dict[int, Mapping[str, np.ndarray]]]:
    """Returns the recovery errors that the laws of `by_family` are of: family -> N -> kind -> (n,);
    hold-out images are "validation"."""
    return {
        title: {n: a.labelled_errors for n, a in found.items()}
        for title, found in _grouped(assessments).items()
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


def _grouped(assessments: Iterable[Assessment]) -> dict[str, dict[int, Assessment]]:
    groups: dict[str, dict[int, Assessment]] = {}
    for assessment in assessments:
        groups.setdefault(families.get(assessment.model).title, {})[assessment.count] = assessment
    return groups

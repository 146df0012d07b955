"""Every detector on every generator: who finds what, who agrees, and where they do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from . import experiments, findings
from .examined import Examined
from .findings import TITLES
from .nearness import membership_scores
from .neighbors import nearest
from .statistics import Interval, RankCorrelations, mean_interval, rank_correlations

__all__ = [
    "Dispute",
    "agreement",
    "below_diagonal",
    "by_threshold",
    "changes_of_gap",
    "copying_of_smallest",
    "correlation",
    "dispute",
    "matrix",
    "over_seeds",
    "table",
]

_ONE_IN_TWENTY = 1.645  # z


def by_threshold(examined: Sequence[Examined]) -> dict[float, list[Examined]]:
    """Returns the models by tau, from 0 upwards, each in the order of their seeds."""
    grouped: dict[float, list[Examined]] = {}
    for each in sorted(examined, key=lambda each: (each.threshold, each.seed)):
        grouped.setdefault(each.threshold, []).append(each)
    return grouped


def matrix(
    columns: Sequence[Sequence[Examined]],
) -> tuple[Float[np.ndarray, "d k"], Float[np.ndarray, "d k"]]:
    """Returns a row for each of findings.TITLES: mean z of the models of each column, and in how
    many of them, as a share, the detector fires at 5 % for all detectors together, by Holm.

    A z beyond 9 counts as 9.
    """
    z = [[[each.findings[d].z for each in column] for column in columns] for d in TITLES]
    fires = [[findings.fired(each.findings) for each in column] for column in columns]
    shares = [[np.mean([d in one for one in column]) for column in fires] for d in TITLES]
    means = [[np.clip(of, -9, 9).mean() for of in row] for row in z]
    return np.array(means), np.array(shares)


def table(examined: Sequence[Examined]) -> pd.DataFrame:
    """Returns one row for each model: which detectors fire, and which two differ most.

    Those that fire do so at 5 % for all detectors together, by Holm.
    """
    rows = []
    for each in examined:
        ordered = sorted(each.findings, key=lambda name: each.findings[name].z)
        fires = [TITLES[name] for name in findings.fired(each.findings)]
        low, high = (f"{TITLES[d]} ({each.findings[d].z:.1f})" for d in (ordered[0], ordered[-1]))
        rows.append(
            {
                "model": each.label,
                "images of each kind": len(each.errors["train"]),
                "MRE-gap (%)": f"{100 * each.gap:.1f}",
                "detectors that fire": ", ".join(fires) or "none",
                "highest u": high,
                "lowest u": low,
            }
        )
    return pd.DataFrame(rows).set_index("model").rename_axis(None)


def over_seeds(examined: Sequence[Examined]) -> pd.DataFrame:
    """Returns one row for each tau: MRE-gap and C_T, means over seeds with 95 % intervals, and how
    many models some detector finds, of recovery errors and of samples."""
    rows = []
    for tau, models in by_threshold(examined).items():
        fires = [set(findings.fired(each.findings)) for each in models]
        by_errors = sum(bool(of & findings.RECOVERY.keys()) for of in fires)
        by_samples = sum(bool(of - findings.RECOVERY.keys()) for of in fires)
        rows.append(
            {
                "tau": f"{tau:.3g}",
                "MRE-gap (%)": mean_interval([each.gap for each in models]).in_percent(),
                "C_T": f"{mean_interval([-each.findings['c_t'].score for each in models]):.1f}",
                "seen by recovery": f"{by_errors} of {len(models)}",
                "seen by samples": f"{by_samples} of {len(models)}",
            }
        )
    return pd.DataFrame(rows).set_index("tau").rename_axis(None)


def changes_of_gap(examined: Sequence[Examined]) -> dict[str, Interval]:
    """Returns the MRE-gap at each tau above 0 less that at 0, by seed: means over seeds."""
    without, *others = by_threshold(examined).items()
    return {
        f"tau = {tau:.3g}": mean_interval(
            [each.gap - plain.gap for each, plain in zip(models, without[1], strict=True)]
        )
        for tau, models in others
    }


def copying_of_smallest(examined: Sequence[Examined], family: str) -> dict[str, Interval]:
    """Returns C_T of a family's model of the fewest images."""
    chosen = min((each for each in examined if each.model == family), key=lambda each: each.count)
    return {chosen.label: chosen.copying()}


def agreement(groups: Sequence[Sequence[Examined]]) -> RankCorrelations:
    """Returns how alike detectors, in the order of findings.TITLES, rank the models of each group.

    Models of one group have learned from images of one data set, so that scores of one detector
    compare, unlike z without the ends at which p-values by permutation stop.
    """
    values = [[each.findings[d].score for d in TITLES] for group in groups for each in group]
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return rank_correlations(values, groups=labels)


def below_diagonal(square: Float[np.ndarray, "k k"]) -> Float[np.ndarray, "k-1 k-1"]:
    """Returns the entries of a symmetric matrix below its diagonal, and NaN beside them."""
    kept = np.tri(len(square) - 1, dtype=bool)
    return np.where(kept, square[1:, :-1], np.nan)


def correlation(found: RankCorrelations, first: str, second: str) -> Interval:
    """Returns the coefficient of two detectors by their names, with its interval."""
    names = list(TITLES)
    return found.interval(names.index(first), names.index(second))


@dataclass(frozen=True, eq=False)
class Dispute:
    """Training images of one model on which recovery errors and nearness to samples disagree.

    rows  "recovery" or "nearness", which sees them -> label of a row -> (k, c, h, w): training
          images, what recovery makes of them, the samples nearest to them
    """

    model: Examined
    rows: Mapping[str, Mapping[str, np.ndarray]]

    @property
    def z(self) -> tuple[float, float]:
        """Returns z of recovery errors and of nearness."""
        return _both(self.model)


def _both(examined: Examined) -> tuple[float, float]:
    return tuple(examined.findings[name].z for name in ("log_errors", "nearness"))


def dispute(examined: Sequence[Examined], *, shown: int) -> Dispute:
    """Returns the model on which the same test of recovery errors and of nearness disagrees most,
    among those in which either says something at 5 %, if there are any.

    Of its training images those are chosen that one of the two ranks low among the hold-out images,
    and the other high; both scores are lower for copies.
    """
    seen = [each for each in examined if max(_both(each)) > _ONE_IN_TWENTY]
    model = max(seen or examined, key=lambda each: abs(np.subtract(*_both(each))))
    train, holdout, samples = (
        torch.from_numpy(model.features[kind]) for kind in ("train", "holdout", "generated")
    )
    near = _below(*membership_scores(train, holdout, samples))
    recovered = _below(model.errors["train"], model.errors["holdout"])
    made = experiments.recovered_images(model.run, model.recovered["train"], len(train)).numpy()
    closest = nearest(train, samples)[1][:, 0].numpy()

    def rows(advantage: np.ndarray) -> dict[str, np.ndarray]:
        chosen = np.argsort(-advantage, kind="stable")[:shown]
        return {
            "training image": model.images["train"][chosen],
            "recovered": made[chosen],
            "nearest sample": model.images["generated"][closest[chosen]],
        }

    return Dispute(model, {"recovery": rows(near - recovered), "nearness": rows(recovered - near)})


def _below(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Returns for each score the share of the others below it."""
    return np.searchsorted(np.sort(others), scores) / len(others)

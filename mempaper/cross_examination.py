"""Every detector on every generator: who finds what, who agrees, and where they do not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from . import experiments, findings
from .examined import Examined
from .findings import TITLES
from .nearness import Real, membership_scores
from .neighbors import nearest
from .statistics import Interval, RankCorrelations, mean_interval, rank_correlations

__all__ = [
    "Dispute",
    "agreement",
    "attacks",
    "below_diagonal",
    "by_threshold",
    "changes_of_gap",
    "copying_of_smallest",
    "correlation",
    "dispute",
    "matrix",
    "over_seeds",
    "table",
    "titles",
]

_ONE_IN_TWENTY = 1.645  # z


def by_threshold(examined: Sequence[Examined]) -> dict[float, list[Examined]]:
    """Returns the models by tau, from 0 upwards, each in the order of their seeds."""
    grouped: dict[float, list[Examined]] = {}
    for each in sorted(examined, key=lambda each: (each.threshold, each.seed)):
        grouped.setdefault(each.threshold, []).append(each)
    return grouped


def titles(
    examined: Sequence[Examined], *, among: Callable[[Iterable[bool]], bool] = any
) -> dict[str, str]:
    """Returns the title of each detector by its name, if it looked at any of the models; at all of
    them with among=all."""
    return {
        name: title
        for name, title in TITLES.items()
        if among(name in each.findings for each in examined)
    }


def matrix(
    columns: Sequence[Sequence[Examined]], detectors: Iterable[str]
) -> tuple[Float[np.ndarray, "d k"], Float[np.ndarray, "d k"]]:
    """Returns a row for each detector: mean z of the models of each column, and in how many of
    them, as a share, the detector fires at 5 % for all detectors together, by Holm.

    A z beyond 9 counts as 9; it is NaN where the detector did not look at all models of the column.
    """
    fires = [[findings.fired(each.findings) for each in column] for column in columns]
    means, shares = [], []
    for name in detectors:
        z = [
            [each.findings[name].z if name in each.findings else np.nan for each in column]
            for column in columns
        ]
        means.append([np.clip(of, -9, 9).mean() for of in z])
        shares.append([np.mean([name in one for one in column]) for column in fires])
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
        by_samples = sum(bool(of - findings.RECOVERY.keys() - {"logan"}) for of in fires)
        rows.append(
            {
                "τ": f"{tau:.3g}",
                "MRE-gap (%)": mean_interval([each.gap for each in models]).in_percent(),
                "C_T": f"{mean_interval([-each.findings['c_t'].score for each in models]):.1f}",
                "seen by recovery": f"{by_errors} of {len(models)}",
                "seen by samples": f"{by_samples} of {len(models)}",
            }
        )
    return pd.DataFrame(rows).set_index("τ").rename_axis(None)


def attacks(examined: Sequence[Examined]) -> pd.DataFrame:
    """Returns one row for each model that has a discriminator: LOGAN's AUC, and the share of
    training images found where 1 % of hold-out images are taken for them, with 95 % intervals."""
    rows = {}
    for each in examined:
        if each.logits is not None:
            attack = findings.logan(**each.logits)
            rate = attack.true_positive_rate
            rows[each.label] = {
                "AUC": f"{attack.auc:.2f}",
                "found at 1 % (%)": "unknown" if np.isnan(rate.estimate) else rate.in_percent(),
                "p-value": f"{attack.p_value:.2g}",
            }
    return pd.DataFrame.from_dict(rows, orient="index")


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
    """Returns how alike the detectors that looked at all models rank those of each group.

    Models of one group have learned from images of one data set, so that scores of one detector
    compare, unlike z without the ends at which p-values by permutation stop.
    """
    models = [each for group in groups for each in group]
    ranked = titles(models, among=all)
    values = [[each.findings[name].score for name in ranked] for each in models]
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return rank_correlations(values, groups=labels)


def below_diagonal(square: Float[np.ndarray, "k k"]) -> Float[np.ndarray, "k-1 k-1"]:
    """Returns the entries of a symmetric matrix below its diagonal, and NaN beside them."""
    kept = np.tri(len(square) - 1, dtype=bool)
    return np.where(kept, square[1:, :-1], np.nan)


def correlation(
    found: RankCorrelations, detectors: Iterable[str], first: str, second: str
) -> Interval:
    """Returns the coefficient of two of the detectors by their names, with its interval."""
    names = list(detectors)
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
    near = _below(*membership_scores(Real(train, holdout), samples))
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

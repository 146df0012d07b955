"""What memorization rejection leaves open: for whom it rejects, by which distance, and how.

The variants are named choices of experiments.RejectionSettings; what they are held against is
Algorithm 1 of Bai et al. (2022).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from . import experiments, sweep
from .claims import Sufficiency
from .errors import check_known
from .experiments import UpdateCost
from .statistics import Interval, mean_interval
from .sweep import Sweep, c_t, fid

__all__ = [
    "VARIANTS",
    "cost_table",
    "jobs",
    "measure",
    "published_code_apart",
    "sufficiency",
    "table",
]

VARIANTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "Algorithm 1": {},
        "for both": {"both": True},
        "published code": {"protocol": "drop", "metric": "abs_cosine"},
        "within the class": {"within_class": True},
    }
)
"""Algorithm 1: draws anew for the generator only, by 1 - cos to all training images.

for both          for the discriminator, too (Sec. 3.1)
published code    drops what is too near and goes on with fewer, by 1 - |cos|
within the class  by the distance to training images of the same class
"""


def jobs(
    dataset: str,
    *,
    model: str,
    variants: Sequence[str],  # names in VARIANTS
    threshold: float | int | str,
    seeds: Sequence[int],
    training: Mapping[str, Mapping[str, Any]],  # family -> arguments of experiments.train
    encoder: str,
    **common: Any,  # more arguments of experiments.train
) -> list[list[dict[str, Any]]]:
    """Returns arguments of experiments.train, first at tau = 0, then of each variant.

    Raises
        InputError  a variant is none, the threshold is 0, or there is only one seed
    """
    for name in variants:
        check_known("variants", name, VARIANTS)
    sweep.check([0, threshold], seeds)
    return [
        experiments.jobs(
            [dataset],
            models=[model],
            seeds=seeds,
            training=training,
            rejection={"embedding": encoder, "threshold": tau, **VARIANTS.get(name, {})},
            **common,
        )
        for name, tau in [("none", 0), *((name, threshold) for name in variants)]
    ]


def measure(
    dataset: str,
    *,
    variants: Sequence[str],  # names in VARIANTS
    encoder: str,
    generated: int,  # images of each generator
    **arguments: Any,  # of `jobs`
) -> dict[str, Sweep]:
    """Returns, by variant, what models copy that are trained at tau = 0 and at the threshold.

    C_T and distances are the same for all: 1 - cos to all training images.

    Raises
        InputError  as `jobs`
    """
    parts = jobs(dataset, variants=variants, encoder=encoder, **arguments)
    runs = experiments.train_all([job for part in parts for job in part], measured_by=[encoder])
    found = iter(experiments.measure_copying(runs, encoder=encoder, generated=generated))
    plain, *rejecting = ([next(found) for _ in part] for part in parts)
    swept = (sweep.by_model([*plain, *of_variant]) for of_variant in rejecting)
    return {name: alone for name, of in zip(variants, swept, strict=True) for alone in of.values()}


def sufficiency(swept: Mapping[str, Sweep]) -> dict[str, Sufficiency]:
    """Returns what Algorithm 1 brings, and by how much it is more than half of what rejection for
    both does, by seed; nothing where one of the two is not among the variants."""
    found = _rises(swept, "Algorithm 1", "for both")
    if not found:
        return {}
    alone, both = found
    return {"Algorithm 1": Sufficiency(mean_interval(alone), mean_interval(alone - both / 2))}


def published_code_apart(swept: Mapping[str, Sweep]) -> dict[str, Interval]:
    """Returns the rise of C_T with the published variant less that with Algorithm 1, by seed;
    nothing where one of the two is not among the variants."""
    found = _rises(swept, "published code", "Algorithm 1")
    return {"published code": mean_interval(found[0] - found[1])} if found else {}


def _rises(swept: Mapping[str, Sweep], *names: str) -> list[np.ndarray]:
    """Returns the rises of C_T by seed, of each variant named; nothing where one is missing."""
    if not set(names) <= set(swept):
        return []
    return [swept[name].rises(swept[name].thresholds[-1], c_t()) for name in names]


def table(swept: Mapping[str, Sweep]) -> pd.DataFrame:
    """Returns one row for each variant: what it changes against tau = 0, means over seeds.

    The accepted are a share of the fakes judged at the end of the training.
    """
    rows = []
    for name, each in swept.items():
        (tau,) = each.thresholds
        accepted = [c.run.metrics["rejection_acceptance"] for c in each.by_threshold[tau]]
        rows.append(
            {
                "variant": name,
                "τ": f"{tau:.3g}",
                "accepted (%)": mean_interval(accepted).in_percent(),
                "rise of C_T": f"{each.rise(tau, c_t()):.2f}",
                "growth of FID to train (%)": each.growth(tau, fid("train")).in_percent(),
                "growth of FID to hold-out (%)": each.growth(tau, fid("holdout")).in_percent(),
            }
        )
    return pd.DataFrame(rows).set_index("variant").rename_axis(None)


def cost_table(costs: Mapping[str, UpdateCost]) -> pd.DataFrame:
    """Returns one row for each model: milliseconds of an update, and their ratio."""
    rows = [
        {
            "model": name,
            "without rejection (ms)": f"{1e3 * np.median(cost.plain):.1f}",
            "with rejection (ms)": f"{1e3 * np.median(cost.rejecting):.1f}",
            "ratio": f"{cost.ratio:.2f}",
            "accepted (%)": f"{100 * cost.acceptance:.0f}",
        }
        for name, cost in costs.items()
    ]
    return pd.DataFrame(rows).set_index("model").rename_axis(None)

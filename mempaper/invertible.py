"""An invertible generator recovers everything (Webster et al. 2019, Sec. 2.2)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from . import experiments, families, parallel
from .experiments.models import TrainedModel
from .operators import UniformNoise
from .runs import Run, Store
from .statistics import Interval, bootstrap_interval, relative_excess

__all__ = ["KINDS", "excess_of_noise", "measure", "medians", "recoveries", "table"]

KINDS = {"train": ("train", None), "validation": ("holdout", None)}
"""What is recovered: name -> (kind of experiments.targets, what distorts it)."""
KINDS |= {"uniform noise": ("holdout", UniformNoise())}

_TITLES = {"encoder": "encoder", "lbfgs": "L-BFGS"}


def measure(
    runs: Sequence[Run],
    *,
    count: int,  # images of each kind
    steps: int,  # of L-BFGS
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> dict[str, dict[str, np.ndarray]]:
    """Returns errors (n,) by model and method, and by the names in KINDS.

    Each model is recovered by L-BFGS, and by its encoder where it has one.
    """
    cases = [
        (run, method)
        for run in runs
        for method in ("encoder", "lbfgs")
        if method == "lbfgs" or families.get(run.config["model"]).encoder
    ]
    common = {"count": count, "steps": steps, "seed": seed, "store": store}
    common["data_root"] = data_root
    jobs = [
        {"run": run, "method": method, "kind": kind, "distort": distort, **common}
        for run, method in cases
        for kind, distort in KINDS.values()
    ]
    found = iter(parallel.run(experiments.recover, jobs, description="recovering"))
    return {
        f"{TrainedModel(run).name}, {_TITLES[method]}": {
            name: experiments.recovered(next(found))["errors"] for name in KINDS
        }
        for run, method in cases
    }


def recoveries(
    runs: Sequence[Run],
    name: str,  # in KINDS
    *,
    count: int,
    shown: int,  # of the `count` images
    steps: int,
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> dict[str, Tensor]:
    """Returns targets and their recoveries (shown, c, h, w), by the encoder where there is one."""
    kind, distort = KINDS[name]
    common = {"kind": kind, "distort": distort, "seed": seed, "data_root": data_root}
    rows = {"target": experiments.targets(runs[0], count=shown, **common)}
    for run in runs:
        family = families.get(run.config["model"])
        found = experiments.recover(
            run, method=family.method, count=count, steps=steps, store=store, **common
        )
        rows[family.title] = experiments.recovered_images(run, found, shown)
    return rows


def medians(errors: Mapping[str, np.ndarray]) -> dict[str, Interval]:
    """Returns the median error of each kind with its interval."""
    return {name: bootstrap_interval(np.median, values) for name, values in errors.items()}


def excess_of_noise(errors: Mapping[str, np.ndarray]) -> Interval:
    """Returns MRE(uniform noise) / MRE(validation) - 1."""
    return bootstrap_interval(relative_excess, errors["uniform noise"], errors["validation"])


def table(errors: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """Returns the median errors, and the largest error of any image, by model and method."""
    rows = [
        {
            "model": name,
            **{f"MRE {kind}": f"{np.median(values):.2e}" for kind, values in by.items()},
            "largest error": f"{max(values.max() for values in by.values()):.2e}",
        }
        for name, by in errors.items()
    ]
    return pd.DataFrame(rows).set_index("model").rename_axis(None)

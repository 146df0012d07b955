"""Recovery errors of trained generators, and what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import families, parallel, statistics
from ..runs import Run, Store
from .models import TrainedModel
from .recovering import recover, recovered
from .targeting import KINDS

__all__ = ["Assessment", "assess", "recoveries"]


@dataclass(frozen=True, eq=False)
class Assessment(TrainedModel):
    """The recovery errors of one generator by kind of image, and what they say."""

    errors: Mapping[str, np.ndarray]  # kind -> (n,)
    test: statistics.OverfittingTest

    @property
    def labelled_errors(self) -> dict[str, np.ndarray]:
        """Returns the errors by the names that figures use: hold-out images are "validation"."""
        return {{"holdout": "validation"}.get(k, k): v for k, v in self.errors.items()}

    @property
    def checked(self) -> bool:
        """Returns whether own samples were recovered, which they are not by an encoder."""
        return "generated" in self.errors

    def recovered_share(self, bound: float) -> statistics.Interval:
        """Returns the share of the generator's own samples with an error below `bound`."""
        return statistics.share_interval(self.errors["generated"] < bound)

    def disjoint_share(self) -> statistics.Interval:
        """Returns the share of hold-out images with a larger error than every training image."""
        return statistics.share_interval(self.errors["holdout"] > self.errors["train"].max())


def assess(
    runs: Sequence[Run],
    *,
    count: int,  # training and as many hold-out images
    check_count: int = 100,  # own samples and as many distorted images, at most `count`; or 0
    steps: int = 100,
    restarts: int = 1,
    method: str | None = None,  # None: the encoder of a model that has one, else L-BFGS
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> list[Assessment]:
    """Returns an assessment of each training run: images of all four kinds, recovered.

    As in the paper (Sec. 3.1) a model with an encoder needs no optimisation, and, as in Table 1,
    its own samples are left out: its encoder has never seen such images.

    >>> run = train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> (assessment,) = assess([run], count=2, check_count=0, steps=2)
    >>> sorted(assessment.errors), assessment.test.train_count
    (['holdout', 'train'], 2)
    """
    planned = recoveries(
        [run.config["model"] for run in runs],
        count=count,
        check_count=check_count,
        steps=steps,
        restarts=restarts,
        method=method,
        seed=seed,
    )
    places = {"store": store, "data_root": data_root}
    jobs = [{"run": runs[i]} | options | places for i, options in planned]
    errors: list[dict[str, np.ndarray]] = [{} for _ in runs]
    for (i, options), made in zip(
        planned, parallel.run(recover, jobs, description="recovering"), strict=True
    ):
        errors[i][options["kind"]] = recovered(made)["errors"]
    return [
        Assessment(run, row, statistics.overfitting_test(row["train"], row["holdout"]))
        for run, row in zip(runs, errors, strict=True)
    ]


def recoveries(
    models: Sequence[str],  # names of families
    *,
    count: int,
    check_count: int = 100,
    steps: int = 100,
    restarts: int = 1,
    method: str | None = None,
    seed: int = 0,
) -> list[tuple[int, dict[str, Any]]]:
    """Returns what `assess` has recovered: which of the models, and arguments of `recover`.

    >>> [(i, what["kind"]) for i, what in recoveries(["ae"], count=200)]
    [(0, 'train'), (0, 'holdout'), (0, 'distorted')]
    """
    counts = dict.fromkeys(KINDS, min(count, check_count)) | {"train": count, "holdout": count}
    common = {"steps": steps, "restarts": restarts, "seed": seed}
    methods = [method or families.get(model).method for model in models]
    return [
        (i, {"kind": kind, "count": counts[kind], "method": how, **common})
        for i, how in enumerate(methods)
        for kind in KINDS
        if counts[kind] and (how, kind) != ("encoder", "generated")
    ]

"""Recovery errors of trained generators, and what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import families, parallel, statistics
from ..runs import Run, Store
from .models import TrainedModel
from .recovering import KINDS, recover, recovered

__all__ = ["Assessment", "assess"]


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
    counts = dict.fromkeys(KINDS, min(count, check_count)) | {"train": count, "holdout": count}
    kinds = [kind for kind in KINDS if counts[kind]]
    settings = {
        "steps": steps,
        "restarts": restarts,
        "seed": seed,
        "store": store,
        "data_root": data_root,
    }
    methods = [method or families.get(run.config["model"]).method for run in runs]
    plan = [
        (i, kind)
        for i, how in enumerate(methods)
        for kind in kinds
        if (how, kind) != ("encoder", "generated")
    ]
    jobs = [
        {"run": runs[i], "kind": kind, "count": counts[kind], "method": methods[i]} | settings
        for i, kind in plan
    ]
    errors: list[dict[str, np.ndarray]] = [{} for _ in runs]
    for (i, kind), made in zip(
        plan, parallel.run(recover, jobs, description="recovering"), strict=True
    ):
        errors[i][kind] = recovered(made)["errors"]
    return [
        Assessment(run, row, statistics.overfitting_test(row["train"], row["holdout"]))
        for run, row in zip(runs, errors, strict=True)
    ]

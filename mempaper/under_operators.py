"""The overfitting test under other phi than the identity (Webster et al. 2019, supplement).

Perceptual losses look at images as a network sees them; masks and patches look at parts of images.
Training, hold-out and own images are recovered under each phi, and compared by the errors that phi
gives. Under `Patches` each patch is recovered by itself and an image's error is the mean of its
patches'.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from . import experiments, families, parallel, perceptual
from .claims import Pair
from .errors import InputError
from .experiments.models import TrainedModel
from .operators import Operator, Patches, Perceptual
from .runs import Run, Store
from .statistics import (
    Interval,
    OverfittingTest,
    gap_change,
    overfitting_test,
)

__all__ = ["Outcome", "Outcomes", "assess_under", "perceptual_operators", "recoveries"]

KINDS = ("train", "holdout", "generated")

CANDIDATES = 1024
"""Random latents among which starts are sought: every phi of every model needs them anew."""


@dataclass(frozen=True)
class Outcome:
    """What the errors of one model under one phi say.

    change  of the MRE-gap against that under the first phi, on the same images; a fraction
    undone  the MRE of own samples, whose true errors are 0, over that of hold-out images
    """

    test: OverfittingTest
    change: Interval
    undone: float


@dataclass(frozen=True)
class Outcomes:
    """The outcome of each model under each phi; the first phi is what others are held against.

    counted  the models that are named after their number of training images, such as GLO-128
    """

    by_model: Mapping[str, Mapping[str, Outcome]]
    counted: frozenset[str]

    @property
    def pairs(self) -> dict[str, Pair]:
        """Returns the test under the first phi and under each other, and the change of the gap."""
        return {
            f"{model}, {name}": Pair(next(iter(by.values())).test, outcome.test, outcome.change)
            for model, by in self.by_model.items()
            for name, outcome in list(by.items())[1:]
        }

    def tests(self, phis: Sequence[str], *, counted: bool) -> dict[str, OverfittingTest]:
        """Returns the tests under some phi, of the counted models or of all others."""
        return {name: outcome.test for name, outcome in self._chosen(phis, counted)}

    def undone(self, phis: Sequence[str], *, counted: bool) -> dict[str, float]:
        """Returns what recovery left undone, by the keys of `tests`."""
        return {name: outcome.undone for name, outcome in self._chosen(phis, counted)}

    def _chosen(self, phis: Sequence[str], counted: bool) -> Iterator[tuple[str, Outcome]]:
        for model, by in self.by_model.items():
            if (model in self.counted) == counted:
                yield from ((f"{model}, {phi}", by[phi]) for phi in phis)

    def table(self) -> pd.DataFrame:
        """Returns one row for each model and phi; errors of different phi do not compare."""
        rows = [
            {
                "model": model,
                "φ": name,
                "KS p-value": f"{outcome.test.ks.p_value:.2g}",
                "MRE-gap (%)": outcome.test.gap.in_percent(),
                "change of the gap (points)": "" if not number else outcome.change.in_percent(),
                "MRE train": f"{outcome.test.mre_train.estimate:.2e}",
                "MRE validation": f"{outcome.test.mre_val.estimate:.2e}",
                "MRE own / validation (%)": f"{100 * outcome.undone:.2g}",
            }
            for model, by in self.by_model.items()
            for number, (name, outcome) in enumerate(by.items())
        ]
        return pd.DataFrame(rows).set_index("model").rename_axis(None)


def perceptual_operators(
    names: Sequence[str],  # classifier, squeezenet, lpips or vgg19
    dataset: str,  # whose training images the classifier learns
    *,
    classifier_steps: int = 200,
    resolution: int = 64,  # pixels to which images are resized for networks from ImageNet
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> dict[str, Perceptual]:
    """Returns perceptual operators by name.

    Raises
        InputError  a name is unknown, or the network's weights are not on this machine
    """
    published = {"squeezenet": perceptual.squeezenet, "lpips": perceptual.lpips}
    published["vgg19"] = perceptual.vgg19
    found = {}
    for name in names:
        if name == "classifier":
            run = experiments.classify(
                dataset, steps=classifier_steps, seed=seed, store=store, data_root=data_root
            )
            found[name] = perceptual.classifier(run)
        elif name in published:
            found[name] = published[name](size=resolution, root=data_root)
        else:
            known = ", ".join(["classifier", *published])
            raise InputError("names", f"be among {known}", repr(name), "Choose from these.")
    return found


def assess_under(
    runs: Sequence[Run],
    operators: Mapping[str, Operator | Patches | None],  # name -> phi; None: the identity
    *,
    count: int,  # training and as many hold-out images
    own_count: int = 50,  # own samples, at most `count`
    steps: int,
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Outcomes:
    """Returns what the recovery errors of each model under each phi say about overfitting."""
    counts = {"train": count, "holdout": count, "generated": min(count, own_count)}
    jobs = [
        {
            "run": run,
            "kind": kind,
            "count": counts[kind],
            "operator": phi,
            "steps": steps,
            "candidates": CANDIDATES,
            "seed": seed,
            "store": store,
            "data_root": data_root,
        }
        for run in runs
        for operator in operators.values()
        for phi in _parts(operator, run)
        for kind in KINDS
    ]
    found = iter(parallel.run(experiments.recover, jobs, description="recovering"))
    by_model, counted = {}, set()
    for run in runs:
        errors = {}
        for name, operator in operators.items():
            parts = [[next(found) for _ in KINDS] for _ in _parts(operator, run)]
            errors[name] = {
                kind: np.mean([experiments.recovered(made)["errors"] for made in several], axis=0)
                for kind, several in zip(KINDS, zip(*parts, strict=True), strict=True)
            }
        title = TrainedModel(run).name
        by_model[title] = _outcomes(errors)
        if families.get(run.config["model"]).counted:
            counted.add(title)
    return Outcomes(by_model, frozenset(counted))


def recoveries(
    run: Run,
    operators: Mapping[str, Operator | None],
    *,
    count: int,
    shown: int,  # of the `count` images
    steps: int,
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> dict[str, Tensor]:
    """Returns the images G(z*) (shown, c, h, w) that `assess_under` found for hold-out images."""
    settings = {"count": count, "steps": steps, "candidates": CANDIDATES, "seed": seed}
    settings |= {"store": store, "data_root": data_root}
    return {
        name: experiments.recovered_images(
            run, experiments.recover(run, "holdout", operator=operator, **settings), shown
        )
        for name, operator in operators.items()
    }


def _parts(operator: Operator | Patches | None, run: Run) -> Sequence[Operator | None]:
    if not isinstance(operator, Patches):
        return [operator]
    size = run.config["data"]["size"]
    return operator.windows(size, size)


def _outcomes(errors: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, Outcome]:
    first = next(iter(errors.values()))
    return {
        name: Outcome(
            overfitting_test(e["train"], e["holdout"]),
            gap_change(first["train"], first["holdout"], e["train"], e["holdout"]),
            float(np.median(e["generated"]) / np.median(e["holdout"])),
        )
        for name, e in errors.items()
    }

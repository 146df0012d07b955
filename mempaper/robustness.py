"""Fig. 2 of Webster et al. (2019): recovery errors of ever more distorted images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import experiments, parallel
from .experiments.models import TrainedModel
from .operators import AdditiveNoise, NoisePatches, Operator
from .runs import Run, Store
from .statistics import Interval, bootstrap_interval, paired_excess

__all__ = ["DISTORTIONS", "Distortion", "Robustness", "measure"]


@dataclass(frozen=True)
class Distortion:
    """A distortion of Fig. 2.

    strength  what its strength is, with the unit
    make      make(strength, size) -> the operator for images of `size` pixels a side
    """

    strength: str
    make: Callable[[float, int], Operator]


DISTORTIONS = {
    "warp": Distortion(
        "displacement\n(standard deviation,\n% of the side)",
        lambda strength, size: experiments.distortion(size, share=strength / 100),
    ),
    "patch": Distortion(
        "noise patch\n(its side, % of the image's)",
        lambda strength, size: NoisePatches(
            count=1, size=max(1, round(strength / 100 * size)), sigma=0.5
        ),
    ),
    "noise": Distortion(
        "noise\n(standard deviation,\nimages in [-1, 1])",
        lambda strength, size: AdditiveNoise(sigma=strength),
    ),
}
"""The paper gives neither the width of the warp nor the number of patches and their noise."""


@dataclass(frozen=True)
class Robustness:
    """Recovery errors (n,) by model, distortion and strength; strength 0 is the image itself.

    examples  distortion -> the first images as distorted, and as recovered by the first model, at
              each strength, both (k, n, c, h, w)
    """

    errors: Mapping[str, Mapping[str, Mapping[float, np.ndarray]]]
    examples: Mapping[str, tuple[Tensor, Tensor]]

    def curves(self, distortion: str) -> dict[str, dict[float, Interval]]:
        """Returns the median error with its interval, model -> strength -> median."""
        return {
            model: {s: bootstrap_interval(np.median, e) for s, e in by[distortion].items()}
            for model, by in self.errors.items()
        }

    def excess(self) -> dict[str, Interval]:
        """Returns MRE at the greatest strength / MRE at strength 0, less 1."""
        return {
            f"{model}, {name} {max(by):g}": paired_excess(by[max(by)], by[0.0])
            for model, distortions in self.errors.items()
            for name, by in distortions.items()
        }


def measure(
    runs: Sequence[Run],
    strengths: Mapping[str, Sequence[float]],  # by name in DISTORTIONS, without 0
    *,
    kind: str = "holdout",  # see experiments.targets; the paper takes test images
    count: int,
    steps: int,
    shown: int = 6,  # examples, at most `count`
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Robustness:
    """Returns the recovery errors of `count` images with each model, at each strength and at 0."""
    points = [("", 0.0), *((name, s) for name, several in strengths.items() for s in several)]
    common = {"kind": kind, "count": count, "steps": steps, "seed": seed, "store": store}
    jobs = [
        {"run": run, "distort": _operator(name, s, run), **common, "data_root": data_root}
        for run in runs
        for name, s in points
    ]
    found = parallel.run(experiments.recover, jobs, description="recovering")
    errors: dict[str, dict[str, dict[float, np.ndarray]]] = {}
    for number, run in enumerate(runs):
        mine = found[number * len(points) : (number + 1) * len(points)]
        by = {p: experiments.recovered(m)["errors"] for p, m in zip(points, mine, strict=True)}
        errors[TrainedModel(run).name] = {
            name: {0.0: by["", 0.0]} | {s: by[name, s] for s in several}
            for name, several in strengths.items()
        }
    first = {p: pair for p, *pair in zip(points, jobs, found, strict=False)}
    examples = {}
    for name, several in strengths.items():
        chosen = [("", 0.0), *((name, s) for s in several)]
        pairs = [_examples(*first[p], min(shown, count)) for p in chosen]
        examples[name] = tuple(torch.stack(images) for images in zip(*pairs, strict=True))
    return Robustness(errors, examples)


def _examples(job: Mapping[str, Any], made: Run, shown: int) -> tuple[Tensor, Tensor]:
    """Returns the first targets and their recoveries, (shown, c, h, w) each."""
    wanted = {name: job[name] for name in ("run", "kind", "distort", "seed", "data_root")}
    targets = experiments.targets(**wanted, count=shown)
    return targets, experiments.recovered_images(job["run"], made, shown)


def _operator(name: str, strength: float, run: Run) -> Operator | None:
    if not strength:
        return None
    return DISTORTIONS[name].make(strength, run.config["data"]["size"])

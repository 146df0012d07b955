"""Samples through training, and on both sides of d-bar (Bai et al. 2022, Figs. 4 and 12)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from .claims import Sides
from .errors import InputError
from .sampled import Sampled
from .statistics import (
    Interval,
    ball_hits,
    bootstrap_interval,
    coverage_contrast,
    inside,
    rarefied_coverage,
    share_interval,
)

__all__ = ["distance_table", "falls", "jobs", "points_of", "sides", "sides_table"]

_SETS = {"train": "training images", "holdout": "hold-out images"}


def jobs(job: Mapping[str, Any], stages: Sequence[int]) -> list[dict[str, Any]]:
    """Returns the arguments of experiments.train for each stage, a number of steps.

    Raises
        InputError  there is only one, or one is not later than that before it
    """
    if len(stages) < 2 or any(later <= stage for stage, later in pairwise(stages)):
        raise InputError(
            "stages",
            "be two at least, each later than that before it, for the last is the whole training",
            list(stages),
            "Give [50, 100, 400], say.",
        )
    return [{**job, "steps": steps} for steps in stages]


def falls(stages: Mapping[str, Sampled]) -> dict[str, Interval]:
    """Returns by which share the mean distance to the training images falls from each stage to the
    last."""
    *early, last = stages
    return {
        f"{stage} to {last}": bootstrap_interval(
            _fall, stages[stage].to_train["generated"], stages[last].to_train["generated"]
        )
        for stage in early
    }


def distance_table(stages: Mapping[str, Sampled]) -> pd.DataFrame:
    """Returns the mean distances of each stage's samples, and of hold-out images, to both sets."""
    rows = {stage: (sampled, "generated") for stage, sampled in stages.items()}
    rows["hold-out images"] = (list(stages.values())[-1], "holdout")
    return pd.DataFrame.from_dict(
        {
            title: {
                f"to the nearest {of}": f"{bootstrap_interval(np.mean, distances[name]):.3f}"
                for of, distances in (
                    ("training image", sampled.to_train),
                    ("hold-out image", sampled.to_holdout),
                )
            }
            for title, (sampled, name) in rows.items()
        },
        orient="index",
    )


def points_of(stages: Mapping[str, Sampled], shown: int) -> dict[str, np.ndarray]:
    """Returns features for one plane: the first training and hold-out images and samples of each
    stage, `shown` at most, by "train", "holdout" and stage."""
    last = list(stages.values())[-1]
    return {name: last.directions[name][:shown] for name in _SETS} | {
        stage: sampled.directions["generated"][:shown] for stage, sampled in stages.items()
    }


def sides(sampled: Sampled, *, k: int = 5) -> Sides:
    """Returns what samples on each side of d-bar cover of the training images, and how many of the
    farther ones lie outside of these.

    Of as many training images as there are hold-out images at most, as in `sides_table`. Intervals
    of coverage resample the training images, that of the share is Clopper and Pearson's. All
    shares are possible where a side has fewer than two samples.

    k  neighbours to which the ball of a training image reaches
    """
    near, far = _sides(sampled).values()
    train = _real(sampled)["train"]
    coverage = outside = Interval(0.0, 1.0, float("nan"), 0.95)
    if len(near) >= 2:
        coverage = bootstrap_interval(np.mean, ball_hits(train, near, k=k) > 0)
    if len(far) >= 2:
        outside = share_interval(~inside(train, far, k=k))
    return Sides(coverage, coverage_contrast(train, near, far, k=k), outside)


def sides_table(sampled: Sampled, *, k: int = 5) -> pd.DataFrame:
    """Returns what samples on each side of d-bar cover, by as many of each side, and the share of
    them that lie in the ball of a real image; for equally many training and hold-out images.

    A side of fewer samples than two has no numbers, and a larger one no coverage beside it.
    """
    of_side = _sides(sampled)
    drawn = min(map(len, of_side.values()))
    rows = {}
    for side, samples in of_side.items():
        row = rows[side] = {"samples": f"{len(samples):,}"}
        for name, real in _real(sampled).items():
            row[f"{_SETS[name]} covered (%)"] = (
                f"{100 * rarefied_coverage(real, samples, drawn, k=k).mean():.1f}"
                if drawn >= 2
                else "–"
            )
        for name, real in _real(sampled).items():
            row[f"inside the {_SETS[name]} (%)"] = (
                f"{100 * inside(real, samples, k=k).mean():.1f}" if len(samples) >= 2 else "–"
            )
    return pd.DataFrame.from_dict(rows, orient="index")


def _fall(early, late, axis: int = -1):
    return 1 - np.mean(late, axis=axis) / np.mean(early, axis=axis)


def _sides(sampled: Sampled) -> dict[str, np.ndarray]:
    near = sampled.to_train["generated"] <= sampled.d_bar
    samples = sampled.directions["generated"]
    return {"d ≤ d-bar": samples[near], "d > d-bar": samples[~near]}


def _real(sampled: Sampled) -> dict[str, np.ndarray]:
    """Returns equally many training and hold-out images: balls shrink with their number."""
    count = min(len(sampled.directions[name]) for name in _SETS)
    return {name: sampled.directions[name][:count] for name in _SETS}

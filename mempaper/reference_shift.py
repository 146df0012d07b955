"""What a reference set says by itself, before it is held against generated images.

Images that copy nothing may still lie farther from the training images than hold-out images do, or
nearer. Held against them, a generator that copies nothing seems to copy, or one that copies does
not.
"""

import numpy as np
import pandas as pd

from .experiments import Copying, Scores
from .references import TITLES
from .statistics import ClassWiseResult, DataCopyingResult, Interval, bootstrap_interval

__all__ = [
    "biases",
    "by_distance",
    "distances",
    "examined",
    "held_against",
    "nearer",
    "unshifted",
]


def distances(copying: Copying) -> dict[str, np.ndarray]:
    """Returns the distances of hold-out images and references by title."""
    return {TITLES[name]: copying.distances[name] for name in copying.scores}


def c_t(scores: Scores) -> DataCopyingResult | ClassWiseResult:
    """Returns the mean over classes, as Bai et al. (2022) report it; without classes the whole."""
    return scores.classes or scores.whole


def unshifted(copying: Copying) -> list[str]:
    """Returns the titles of the hold-out images and of the references that might be as they are.

    These are references whose C_T, had they been generated, has 0 in its interval. Hold-out images
    are what training images are but for chance, so that no outcome of their halves excludes them.
    """
    return [
        TITLES[name]
        for name, scores in copying.baseline.items()
        if name == "holdout" or 0.0 in c_t(scores).interval
    ]


def biases(copying: Copying) -> dict[str, Interval]:
    """Returns C_T of each reference, had it been generated, by title; hold-out images apart."""
    return {
        TITLES[name]: c_t(scores).interval
        for name, scores in copying.baseline.items()
        if name != "holdout"
    }


def examined(copying: Copying) -> pd.DataFrame:
    """Returns what is known of each set without the generator; 95 % intervals in brackets."""
    rows = [
        {
            "set": TITLES[name],
            "images": f"{len(copying.distances[name]):,}",
            "mean distance": f"{copying.distances[name].mean():.4f}",
            "C_T as if generated": f"{c_t(scores).interval:.2f}",
            "Fréchet distance to train": f"{copying.frechet_baseline[name]:.3g}",
        }
        for name, scores in copying.baseline.items()
    ]
    return pd.DataFrame(rows).set_index("set").rename_axis(None)


def held_against(copying: Copying) -> pd.DataFrame:
    """Returns what the generated images score against each set; 95 % intervals in brackets.

    The last column is C_T of the set as if generated, its sign reversed: about what hold-out
    images would have scored in the place of the generated ones; 0 against themselves.
    """
    excess = nearer(copying)
    rows = [
        {
            "set": TITLES[name],
            "farther than generated (%)": excess[TITLES[name]].in_percent(),
            "C_T of generated": f"{c_t(scores).interval:.1f}",
            "C_T of hold-out images": f"{_in_their_place(copying, name):.1f}",
        }
        for name, scores in copying.scores.items()
    ]
    return pd.DataFrame(rows).set_index("set").rename_axis(None)


def _in_their_place(copying: Copying, name: str) -> float:
    return 0.0 if name == "holdout" else -c_t(copying.baseline[name]).statistic


def nearer(copying: Copying) -> dict[str, Interval]:
    """Returns the mean distance of each set over that of generated images, less 1, by title.

    The interval is a bootstrap over the images of both.
    """
    generated = copying.distances["generated"]

    def excess(reference, made, axis=-1):
        return reference.mean(axis=axis) / made.mean(axis=axis) - 1

    return {
        title: bootstrap_interval(excess, found, generated)
        for title, found in distances(copying).items()
    }


def by_distance(copying: Copying) -> dict[str, Interval]:
    """Returns C_T of the generated images by title, against the set with the least mean distance to
    the training images first."""
    names = sorted(copying.scores, key=lambda name: copying.distances[name].mean())
    return {TITLES[name]: c_t(copying.scores[name]).interval for name in names}

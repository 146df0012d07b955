"""The tests that decide an audit's verdict, each with its controls.

All ask one question: could one tell from the generator which of the real images it was trained on?
If it learned the distribution and nothing else, training and hold-out images can be exchanged, and
every score of an image is as likely to be any of its ranks. So the tests are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64, Int
from scipy.stats import rankdata

from ..statistics import Interval, holm, log_score_test, membership_auc
from . import proximity
from .proximity import Sets, halved, planted

__all__ = ["Controls", "Scores", "Test", "adjusted", "controls", "examine", "examine_samples"]

SHARES = (0.005, 0.01, 0.02, 0.05, 0.1)
"""Shares of planted copies. The largest is the positive control."""

NEGATIVE_LEVEL = 0.001
"""Below this p-value the negative control fails: by chance for one audit in a thousand."""

DOUBTFUL = 0.05
"""Below this p-value of the negative control a report warns."""


@dataclass(frozen=True, eq=False)
class Scores:
    """One number for each real image, lower where it is nearer to the generator.

    unit                          of the scores, in words
    train_images, holdout_images  numbers of the images that the scores belong to
    """

    name: str
    unit: str
    train: Float64[np.ndarray, "n"]
    holdout: Float64[np.ndarray, "m"]
    train_images: Int[np.ndarray, "n"]
    holdout_images: Int[np.ndarray, "m"]


@dataclass(frozen=True, eq=False)
class Test:
    """Whether training images score lower than hold-out images, one-sided.

    ratio             of the geometric means of training and hold-out images' scores
    auc               probability that a training image scores lower than a hold-out image
    adjusted_p_value  for the number of tests in the audit, by Holm
    """

    scores: Scores
    ratio: float
    auc: Interval
    p_value: float
    adjusted_p_value: float

    @property
    def name(self) -> str:
        """Returns what was scored."""
        return self.scores.name


@dataclass(frozen=True)
class Controls:
    """Whether the tests on samples find what is there, and nothing where nothing is.

    negative  p-values by embedding of a generator without fault, see proximity.halved
    positive  by share of planted copies, the least adjusted p-value of the tests on samples
    """

    negative: dict[str, float]
    positive: dict[float, float]

    @property
    def passed_negative(self) -> bool:
        """Returns whether training and hold-out images can be exchanged, for all one can see."""
        return self._negative >= NEGATIVE_LEVEL

    @property
    def doubtful(self) -> bool:
        """Returns whether the negative control came near to failing."""
        return self._negative < DOUBTFUL

    @property
    def _negative(self) -> float:
        return min(1.0, len(self.negative) * min(self.negative.values()))

    def sensitivity(self, level: float) -> float | None:
        """Returns the smallest share of planted copies from which on all were found, if any."""
        found = None
        for share in sorted(self.positive, reverse=True):
            if self.positive[share] > level:
                break
            found = share
        return found


def examine(scores: Scores, *, seed: int) -> Test:
    """Returns the test of one kind of scores, its p-value not yet adjusted."""
    found = log_score_test(scores.train, scores.holdout, seed=seed)
    ranks = rankdata(np.concatenate([scores.train, scores.holdout]))  # finite where scores are not
    auc = membership_auc(*np.split(ranks, [len(scores.train)]))
    return Test(scores, found.ratio, auc, found.p_value, found.p_value)


def examine_samples(sets: Sets, *, seed: int) -> Test:
    """Returns the test of how near real images lie to samples, its p-value not yet adjusted."""
    train, holdout = proximity.scores(sets)
    scores = Scores(
        name=f"samples, {sets.name}",
        unit="distance to the nearest sample / to the nearest other real image",
        train=train,
        holdout=holdout,
        train_images=np.arange(len(train)),
        holdout_images=np.arange(len(holdout)),
    )
    return examine(scores, seed=seed)


def adjusted(tests: Sequence[Test]) -> list[Test]:
    """Returns the tests with p-values adjusted for their number."""
    values = holm([test.p_value for test in tests])
    return [replace(t, adjusted_p_value=float(p)) for t, p in zip(tests, values, strict=True)]


def controls(sets: Sequence[Sets], *, others: int, seed: int) -> Controls:
    """Returns the controls of the tests on samples, beside which the audit has `others`."""
    negative = {s.name: examine_samples(halved(s, seed=seed), seed=seed).p_value for s in sets}
    positive = {}
    for share in SHARES:
        copying = [planted(s, share, seed=seed) for s in sets]
        found = [examine_samples(s, seed=seed).p_value for s in copying]
        positive[share] = float(min(holm([*found, *[1.0] * others])))
    return Controls(negative, positive)

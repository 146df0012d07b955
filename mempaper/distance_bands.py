"""Samples in bands of their distance to the training images (Bai et al. 2022, Figs. 2 and 3).

A sample near to the training images may be good, or a copy. Images that training never saw tell the
two apart: a good sample is near to these, too. Bands of hold-out images, made in the same way, say
what a band of real images looks like, for the nearest images lie where all images are dense.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import scipy.stats

from .errors import InputError
from .sampled import Sampled
from .statistics import Interval, bootstrap_interval

__all__ = [
    "Band",
    "bands",
    "correlation_contrast",
    "correlation_table",
    "correlations",
    "percentile_excesses",
    "rank_correlation",
]

EDGES = (0, 4, 8, 12, 16, 20, 40, 60, 80, 100)
"""The percentiles of the paper's Figs. 3 and 2."""


@dataclass(frozen=True)
class Band:
    """Images between two percentiles of their distance to the nearest training image.

    to_train, to_holdout  mean distances to the nearest training and hold-out image
    """

    low: float
    high: float
    to_train: Interval
    to_holdout: Interval


def bands(to_train, to_holdout, labels=None, *, edges: Sequence[float | int] = EDGES) -> list[Band]:
    """Returns the bands between each two of `edges`, of distances (n,) of the same n images.

    Percentiles are those of each class, so that all bands hold as much of each: without that the
    lowest would mostly hold the classes whose images are alike.

    labels  (n,); None: all images are of one class

    Raises
        InputError  a band has fewer than two images
    """
    at = _percentiles(to_train, labels)
    found = []
    for low, high in pairwise(edges):
        chosen = (low < at) & (at <= high)
        if chosen.sum() < 2:
            raise InputError(
                "to_train",
                "have at least two images in each band",
                f"{chosen.sum()} of {len(at)} between {low} % and {high} %",
                "Take more images, or wider bands.",
            )
        means = (bootstrap_interval(np.mean, of[chosen]) for of in (to_train, to_holdout))
        found.append(Band(float(low), float(high), *means))
    return found


def percentile_excesses(
    reference, generated, percentiles: Iterable[float | int], *, labels=(None, None)
) -> dict[str, Interval]:
    """Returns each percentile of the reference's distances over that of the generated, less 1.

    Percentiles are means of those of each class that has two images in both sets, as in `bands`:
    over all images the lowest would be of the classes whose images are alike. Percentiles are
    median-unbiased (Hyndman and Fan 1996), so that sets of different sizes compare. The bootstrap
    resamples each class by itself.

    reference, generated  (n,) and (m,)
    labels                of both, (n,) and (m,); a None: all images are of one class
    """
    if any(of is None for of in labels):
        labels = np.zeros(len(reference), int), np.zeros(len(generated), int)
    sets = _by_class(reference, labels[0]), _by_class(generated, labels[1])
    classes = sorted(set(sets[0]) & set(sets[1]))

    def excess(p):
        def of(*distances, axis=-1):
            each = np.stack(
                [np.percentile(d, p, axis=axis, method="median_unbiased") for d in distances]
            )
            reference, generated = each[: len(classes)].mean(0), each[len(classes) :].mean(0)
            with np.errstate(divide="ignore"):  # copies down to the last bit
                return reference / generated - 1

        return of

    distances = [of[label] for of in sets for label in classes]
    return {f"{p:g} %": bootstrap_interval(excess(p), *distances) for p in percentiles}


def _by_class(values, labels) -> dict[int, np.ndarray]:
    """Returns the values of each class that has two."""
    values, labels = np.asarray(values), np.asarray(labels)
    names, counts = np.unique(labels, return_counts=True)
    return {int(name): values[labels == name] for name in names[counts > 1]}


def rank_correlation(x, y, labels=None, *, confidence: float = 0.95) -> Interval:
    """Returns Spearman's correlation of x and y (n,), with the interval of Fisher's z.

    With labels (n,) ranks are those within each class. The variance of z is (1 + r^2 / 2) / (n - 3)
    (Bonett and Wright 2000), with one image less for each further class.
    """
    of_x, of_y = (_percentiles(values, labels, average=True) - 50 for values in (x, y))
    r = float(np.clip(of_x @ of_y / np.sqrt((of_x @ of_x) * (of_y @ of_y)), -1, 1))
    free = len(of_x) - 2 - (1 if labels is None else len(np.unique(labels)))
    half = scipy.stats.norm.ppf((1 + confidence) / 2) * np.sqrt((1 + r**2 / 2) / free)
    with np.errstate(divide="ignore"):
        low, high = np.tanh(np.arctanh(r) + np.array([-half, half]))
    return Interval(float(low), float(high), r, confidence)


def correlations(
    sampled: Sampled, *, nearest: float | int = 20
) -> dict[str, tuple[Interval, Interval]]:
    """Returns how the distance to training images goes with that to hold-out images, within
    classes: rank correlations of all images and of the nearest, of generated and of hold-out ones.

    nearest  per cent of each class
    """
    found = {}
    for title, name in (("generated", "generated"), ("hold-out", "holdout")):
        x, y, labels = sampled.to_train[name], sampled.to_holdout[name], sampled.labels[name]
        if sampled.labels["generated"] is None:
            labels = None
        near = _percentiles(x, labels) <= nearest
        nearer = rank_correlation(x[near], y[near], None if labels is None else labels[near])
        found[title] = rank_correlation(x, y, labels), nearer
    return found


def correlation_table(sampled: Sampled, *, nearest: float | int = 20) -> pd.DataFrame:
    """Returns `correlations` as text."""
    rows = [
        {"images": title, "all": f"{of_all:.2f}", f"nearest {nearest:g} %": f"{of_nearest:.2f}"}
        for title, (of_all, of_nearest) in correlations(sampled, nearest=nearest).items()
    ]
    return pd.DataFrame(rows).set_index("images").rename_axis(None)


def correlation_contrast(sampled: Sampled, *, nearest: float | int = 20) -> Interval:
    """Returns by how much the correlation among the nearest is larger for generated than for
    hold-out images, which are independent of each other: the interval of Zou (2007)."""
    generated, holdout = (of for _, of in correlations(sampled, nearest=nearest).values())
    difference = generated.estimate - holdout.estimate
    down = np.hypot(generated.estimate - generated.low, holdout.high - holdout.estimate)
    up = np.hypot(generated.high - generated.estimate, holdout.estimate - holdout.low)
    return Interval(
        float(difference - down), float(difference + up), difference, generated.confidence
    )


def _percentiles(values, labels, *, average: bool = False) -> np.ndarray:
    """Returns at which percentile of its class each value lies, in (0, 100) and 50 on average.

    average  equal values share their mean percentile; else the first is lower
    """
    values = np.asarray(values)
    labels = np.zeros(len(values)) if labels is None else np.asarray(labels)
    at = np.empty(len(values))
    for label in np.unique(labels):
        chosen = labels == label
        ranks = scipy.stats.rankdata(values[chosen], "average" if average else "ordinal")
        at[chosen] = 100 * (ranks - 0.5) / chosen.sum()
    return at

"""The MRE-gap as a function of the number of training images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .bootstrap import Interval, bootstrap_interval
from .recovery_errors import as_errors, gap_of_medians

__all__ = ["GapLaw", "gap_law"]


@dataclass(frozen=True)
class GapLaw:
    """MRE-gap = level + slope log2(N), fitted by least squares; gaps are fractions.

    slope  of the gap for each doubling of N
    gaps   N -> the gap of the model trained on N images
    """

    level: float
    slope: Interval
    gaps: Mapping[int, Interval]

    def fitted(self, counts) -> float | np.ndarray:
        """Returns the fit at these numbers of training images."""
        return self.level + self.slope.estimate * np.log2(counts)


def gap_law(
    train_errors: Mapping[int, np.ndarray],
    val_errors: Mapping[int, np.ndarray],
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> GapLaw:
    """Returns the fit of MRE-gaps against N, with a bootstrap over images.

    The validation images are the same for every N, and are resampled together; training images are
    resampled for each N by themselves, though those of a smaller N may be among those of a larger,
    which makes the interval of the slope rather too wide. It covers the choice of images, not that
    of the models: each was trained once. The line describes the range of N that was measured; no
    gap is above 1, so none goes on for ever.

    train_errors  N -> (n,), at least two N
    val_errors    N -> (m,), entry i of the same image for each N, with a positive median

    Raises
        InputError  fewer than two N, other N in val_errors, or other numbers of images

    >>> train, val = {1: np.ones(2), 2: 2 * np.ones(2)}, {1: 4 * np.ones(2), 2: 4 * np.ones(2)}
    >>> law = gap_law(train, val, resamples=10)
    >>> f"{law.gaps[1].estimate} {law.gaps[2].estimate} {law.slope.estimate} {law.fitted(4)}"
    '0.75 0.5 -0.25 0.25'
    """
    counts = sorted(train_errors)
    if len(counts) < 2 or min(counts) < 1:
        raise InputError(
            "train_errors", "have two N at least, positive", counts, "Train on more numbers."
        )
    if sorted(val_errors) != counts:
        raise InputError("val_errors", f"have the N {counts}", sorted(val_errors), "Add the rest.")
    train = [as_errors(f"train_errors[{n}]", train_errors[n]) for n in counts]
    val = [as_errors(f"val_errors[{n}]", val_errors[n]) for n in counts]
    if len({len(errors) for errors in val}) != 1:
        raise InputError(
            "val_errors",
            "hold the same images for each N",
            {n: len(errors) for n, errors in zip(counts, val, strict=True)},
            "Recover the same validation images with each model.",
        )
    for n, errors in zip(counts, val, strict=True):
        if np.median(errors) == 0:
            raise InputError(
                f"val_errors[{n}]", "have a positive median", np.median(errors), "Leave it out."
            )
    x = np.log2(counts)
    x = x - x.mean()

    def gaps(i, *js, axis=-1):
        i, js = i.astype(int), [j.astype(int) for j in js]
        return [
            gap_of_medians(t[j], v[i], axis=axis) for t, v, j in zip(train, val, js, strict=True)
        ]

    def slope(i, *js, axis=-1):
        return np.tensordot(x, gaps(i, *js, axis=axis), 1) / (x @ x)

    options = {"confidence": confidence, "resamples": resamples, "seed": seed}
    images = [np.arange(len(val[0])), *(np.arange(len(errors)) for errors in train)]
    with np.errstate(invalid="ignore"):  # refused below
        found = bootstrap_interval(slope, *images, **options)
    if not np.isfinite([found.low, found.high]).all():
        raise InputError(
            "val_errors",
            "be above 0 for so many images that resampled medians are",
            "medians of 0",
            "Use more images, or leave out those that are recovered without error.",
        )
    each = {
        n: bootstrap_interval(gap_of_medians, t, v, **options)
        for n, t, v in zip(counts, train, val, strict=True)
    }
    level = np.mean([each[n].estimate for n in counts]) - found.estimate * np.log2(counts).mean()
    return GapLaw(float(level), found, each)

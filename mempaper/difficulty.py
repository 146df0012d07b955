"""How hard images are by themselves: the tests of Table 1 on a model that saw neither set."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from . import images
from .errors import check_count
from .parallel import one_thread
from .statistics import Interval, OverfittingTest, overfitting_test

__all__ = ["as_text", "row", "without_training"]


def without_training(
    dataset: str,
    *,
    count: int,  # of the first training and the first hold-out images, each
    dimensions: int = 64,
    data_root: Path | None = None,
) -> OverfittingTest:
    """Returns the tests of errors that no model can have memorized.

    Principal components are fitted to the other training images, and the error of an image is the
    mean square of what they leave of it. Training and hold-out images have the same distribution
    of such errors. What gap there is, is that of these images, and a trained model inherits it.

    Raises
        InputError  fewer than `dimensions` other training images, or fewer than `count` held out

    >>> test = without_training("digits", count=100, dimensions=8)
    >>> test.train_count, test.val_count
    (100, 100)
    """
    split = images.load(dataset, root=data_root)
    check_count("count", count, 2, min(len(split.holdout), len(split.train) - dimensions))
    train, holdout = (part[:count].flatten(1).numpy() for part in (split.train, split.holdout))
    others = split.train[count:].flatten(1).numpy()
    with one_thread():
        fitted = PCA(dimensions, svd_solver="randomized", random_state=0).fit(others)
        left = [x - fitted.inverse_transform(fitted.transform(x)) for x in (train, holdout)]
    return overfitting_test(*(np.square(rest).mean(axis=1) for rest in left))


def row(dataset: str, *, count: int, data_root: Path | None = None) -> dict[str, object]:
    """Returns what a table says of a data set; the gap is a fraction."""
    test = without_training(dataset, count=count, data_root=data_root)
    return {
        "data set": dataset,
        "images of each kind": count,
        "mre_gap": test.gap.estimate,
        "mre_gap_low": test.gap.low,
        "mre_gap_high": test.gap.high,
        "ks_p_value": test.ks.p_value,
    }


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Returns rows as a reader sees them."""
    gaps = rows[["mre_gap_low", "mre_gap_high", "mre_gap"]].to_numpy().tolist()
    shown = [Interval(*gap, 0.95).in_percent() for gap in gaps]
    text = rows[["data set", "images of each kind"]].assign(
        **{"MRE-gap (%)": shown, "KS p-value": rows["ks_p_value"].map("{:.2g}".format)}
    )
    return text.set_index("data set").rename_axis(None)

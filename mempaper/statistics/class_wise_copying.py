"""C_T class by class, as Bai et al. (2022) report it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from ..errors import InputError, check_count
from .bootstrap import Interval
from .cells import as_labels, in_cells, kmeans_cells, require_metric
from .data_copying import (
    DataCopyingResult,
    examine,
    interval_of,
    p_value_of,
    warn_of_few_test_images,
)
from .feature_arrays import as_features

__all__ = ["ClassWiseResult", "bai2022_cells", "class_wise_copying_test"]

_IMAGES_PER_CELL = 200
_SETS = ("train", "test", "generated")


@dataclass(frozen=True)
class ClassWiseResult:
    """The mean of C_T over classes, and C_T of each class.

    p_value, null_std, interval  as in DataCopyingResult, of the mean; classes are independent
    classes                      label -> result
    """

    statistic: float
    p_value: float
    null_std: float
    interval: Interval
    classes: Mapping[int, DataCopyingResult]


def bai2022_cells(reference: int, train: int) -> int:
    """Returns k of protocol `bai2022`: min(reference, train) // 200, and at least 1.

    reference  number of test images of all classes
    train      number of training images of the class

    >>> bai2022_cells(2000, 5000), bai2022_cells(10000, 5000)
    (10, 25)
    """
    for name, count in (("reference", reference), ("train", train)):
        check_count(name, count, 0)
    return max(1, min(reference, train) // _IMAGES_PER_CELL)


def class_wise_copying_test(
    train,
    test,
    generated,
    labels,
    *,
    cells: int | Callable[[int, int], int] = bai2022_cells,  # k, or (reference, train) -> k
    min_generated: int = 20,
    metric: str = "abs_cosine",
    dimensions: int | None = 64,
    tie_correction: bool = False,
    permutations: int = 1000,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> ClassWiseResult:
    """Returns `data_copying_test` of each class by itself, and the mean of C_T over classes.

    The defaults are the protocol `bai2022`, of the code published with Bai et al. (2022): 10 cells
    a class with CIFAR10.1 as the reference and 25 with CIFAR-10's test images, by k-means on 64
    principal components of the class's training features; distances 1 - |cos| in the raw features.
    Their paper has distances 1 - cos, metric "cosine". Their k-means is unseeded. Classes count
    alike, whatever their size; none is left out, for the mean of others would be another number.

    train, test, generated  (l, d), (n, d), (m, d), at least 2 of each class, finite
    labels                  the classes of each: whole numbers of shapes (l,), (n,), (m,)
    others                  as in `data_copying_test`

    Warns
        FewTestImagesWarning  as in `data_copying_test`, once for all classes

    Raises
        InputError  as in `data_copying_test`, and where the three sets differ in their classes

    >>> train, labels = np.arange(60.0)[:, None], np.arange(60) % 2
    >>> found = class_wise_copying_test(
    ...     train, train + 0.25, train, [labels] * 3, cells=1, metric="euclidean"
    ... )
    >>> f"{found.statistic:.2f} {found.classes[0].statistic:.2f} {found.classes[1].statistic:.2f}"
    '-6.65 -6.65 -6.65'
    """
    features = as_features(train=train, test=test, generated=generated)
    check_count("seed", seed, 0)
    require_metric(metric, **dict(zip(_SETS, features, strict=True)))
    labels = _checked(labels, features)
    classes = np.unique(labels[0]).tolist()
    results, draws = {}, []
    for label, rng in zip(classes, np.random.default_rng(seed).spawn(len(classes)), strict=True):
        own = [x[where == label] for x, where in zip(features, labels, strict=True)]
        k = cells if isinstance(cells, Integral) else cells(len(features[1]), len(own[0]))
        try:
            assign = kmeans_cells(own[0], k, dimensions=dimensions, seed=seed)
            results[label], drawn = examine(
                in_cells(own, [assign(x) for x in own], metric),
                rng,
                min_generated=min_generated,
                tie_correction=tie_correction,
                permutations=permutations,
                resamples=resamples,
                confidence=confidence,
            )
        except InputError as error:
            where = f"{error.argument} (in class {label})"
            raise InputError(where, error.rule, error.value, error.remedy) from error
        draws.append(drawn)
    found = [cell for result in results.values() for cell in result.cells]
    warn_of_few_test_images(found, min_generated)
    statistic = float(np.mean([result.statistic for result in results.values()]))
    null, bootstrap = (np.mean(both, axis=0) for both in zip(*draws, strict=True))
    spread = np.linalg.norm([result.null_std for result in results.values()]) / len(classes)
    return ClassWiseResult(
        statistic=statistic,
        p_value=p_value_of(statistic, null),
        null_std=float(spread),
        interval=interval_of(statistic, bootstrap, confidence),
        classes=results,
    )


def _checked(labels, features: list[np.ndarray]) -> list[np.ndarray]:
    if not isinstance(labels, tuple | list) or len(labels) != 3:
        raise InputError(
            "labels",
            "be three arrays of classes: (train, test, generated)",
            type(labels).__name__,
            "Pass the classes of all three sets.",
        )
    labels = [
        as_labels(f"labels[{i}]", each, len(x))
        for i, (each, x) in enumerate(zip(labels, features, strict=True))
    ]
    classes = np.unique(labels[0])
    for i, name in enumerate(_SETS):
        found, counts = np.unique(labels[i], return_counts=True)
        if not np.array_equal(found, classes) or counts.min() < 2:
            raise InputError(
                f"labels[{i}]",
                f"hold the classes {classes.tolist()}, at least 2 {name} images of each",
                dict(zip(found.tolist(), counts.tolist(), strict=True)),
                "Leave out the other classes from all three sets.",
            )
    return labels

"""The Frechet distance, made large where images are memorized (Bai et al. 2021)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ..errors import InputError
from .feature_arrays import as_features
from .frechet import frechet_distance

__all__ = ["MemorizationInformed", "memorization_informed_distance"]

_EPSILON = 1e-14  # keeps the penalty of exact copies finite, as in the competition's code


@dataclass(frozen=True)
class MemorizationInformed:
    """Larger means poorer images or more copying; only `distance` is about copying alone.

    value     penalty times frechet
    frechet   squared feature units; to the training images
    distance  mean over generated images of 1 - |cos| to the nearest training image, in [0, 1]:
              smaller means more copying
    penalty   1 / distance below the threshold, else 1
    """

    value: float
    frechet: float
    distance: float
    penalty: float


def memorization_informed_distance(
    train,
    generated,
    *,
    threshold: float = 0.1,  # of the distance; published for Inception features of dogs
) -> MemorizationInformed:
    """Returns MiFID where the features are Inception's (Bai et al. 2021).

    The threshold is tied to the features: two sets of other features that have nothing to do with
    each other may be nearer than 0.1. Of a generator that returns every training image once, the
    value is 0, for the Frechet distance is. No test.

    Rows of zeros have no direction and are refused; the published code leaves out rows whose sum
    is 0.

    train, generated  (n, d) and (m, d), n and m at least 2, finite

    Raises
        InputError  a row of zeros, or a threshold outside (0, 1]

    >>> found = memorization_informed_distance([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]])
    >>> round(found.distance, 3), found.penalty  # 0 and 1 - 1 / sqrt(2); above the threshold
    (0.146, 1.0)
    """
    arrays = as_features(train=train, generated=generated)
    if not 0 < threshold <= 1:
        raise InputError("threshold", "lie in (0, 1]", threshold, "0.1 is published.")
    frechet = max(frechet_distance(*arrays), 0.0)  # of equal sets, rounding may make it negative
    distance = _distance(*map(_unit, ("train", "generated"), arrays))
    penalty = 1 / (distance + _EPSILON) if distance < threshold else 1.0
    return MemorizationInformed(penalty * frechet, frechet, distance, penalty)


def _unit(argument: str, rows: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise InputError(
            argument,
            "have no rows of zeros, for they have no direction",
            f"zeros in row {int(lengths.argmin())}",
            "Leave them out.",
        )
    return rows / lengths


def _distance(train: Float64[np.ndarray, "n d"], generated: Float64[np.ndarray, "m d"]) -> float:
    most = [np.abs(rows @ train.T).max(axis=1) for rows in _parts(generated, len(train))]
    return float(np.maximum(1 - np.concatenate(most), 0).mean())


def _parts(rows: Float64[np.ndarray, "m d"], columns: int) -> list[np.ndarray]:
    """Returns `rows` in parts whose products with `columns` rows stay within 64 MiB."""
    step = max(1, 2**23 // columns)
    return [rows[low : low + step] for low in range(0, len(rows), step)]

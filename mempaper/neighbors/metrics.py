"""The distances, in float64: what the search ranks by and returns."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from ..errors import InputError

__all__ = ["Metric", "metric_named"]


@dataclass(frozen=True)
class Metric:
    """A distance of two rows as a growing function of |a - b|.

    unit         rows count as a / |a|, and the distance is |a - b|^2 / 2; else it is |a - b|
    either_sign  b and -b count as one

    1 - cos, computed as |a - b|^2 / 2 of unit vectors, has no cancellation: copies are at exactly
    0, and near-duplicates at a distance that is right to 1e-15 of itself and 1e-16 of a's length.
    """

    unit: bool
    either_sign: bool

    def between(
        self, a: Float64[Tensor, "pairs d"], b: Float64[Tensor, "pairs d"]
    ) -> Float64[Tensor, "pairs"]:
        """Returns the distances of a[i] and b[i], unit vectors where the metric takes them.

        Each depends on its own pair only, to the last bit.
        """
        apart = torch.linalg.vector_norm(a - b, dim=1)
        if self.either_sign:
            apart = torch.minimum(apart, torch.linalg.vector_norm(a + b, dim=1))
        return apart.square() / 2 if self.unit else apart

    def squared(self, distances: Float64[Tensor, "n"]) -> Float64[Tensor, "n"]:
        """Returns |a - b|^2 of these distances."""
        return 2 * distances if self.unit else distances.square()


_METRICS = {
    "cosine": Metric(unit=True, either_sign=False),
    "abs_cosine": Metric(unit=True, either_sign=True),
    "euclidean": Metric(unit=False, either_sign=False),
}


def metric_named(name: str) -> Metric:
    """Returns "cosine" (1 - cos), "abs_cosine" (1 - |cos|) or "euclidean"."""
    if name not in _METRICS:
        raise InputError("metric", f"be one of {', '.join(_METRICS)}", repr(name), "Choose one.")
    return _METRICS[name]

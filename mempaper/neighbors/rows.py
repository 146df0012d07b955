"""Rows of an array, on disk or in memory, read a few at a time."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float64, Int64, Shaped
from torch import Tensor

from ..errors import InputError
from .metrics import Metric

__all__ = ["Rows"]

_ELEMENTS_AT_ONCE = 2**23  # of the rows that are read together: 64 MiB in float64
_LEAST_AT_ONCE = 16


class Rows:
    """Some rows of a matrix, as tensors on one device; nothing is read before it is asked for.

    places   which rows of the matrix, (n,), ascending; None: all
    on_disk  the matrix is a memory map, so its rows may not fit into memory
    """

    def __init__(
        self,
        argument: str,
        values,  # (m, d) real numbers; NumPy, torch, or nested lists
        *,
        places: Int64[np.ndarray, "n"] | None = None,
        device: torch.device | None = None,  # None: where the values are
    ):
        self.argument, self.places = argument, places
        self.values = _matrix(argument, values)
        self.on_disk = isinstance(self.values, np.memmap)
        here = self.values.device if isinstance(self.values, Tensor) else torch.device("cpu")
        self.device = here if device is None else device

    def __len__(self) -> int:
        return len(self.values) if self.places is None else len(self.places)

    @property
    def dim(self) -> int:
        """Returns the number of columns."""
        return self.values.shape[1]

    def at(self, places: Int64[np.ndarray, "n"]) -> "Rows":
        """Returns only these of the rows."""
        inner = places if self.places is None else self.places[places]
        return Rows(self.argument, self.values, places=inner, device=self.device)

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yields (low, high) of the blocks to read one after the other."""
        step = max(_LEAST_AT_ONCE, _ELEMENTS_AT_ONCE // self.dim)
        for low in range(0, len(self), step):
            yield low, min(low + step, len(self))

    def read(self, low: int, high: int) -> Shaped[Tensor, "n d"]:
        """Returns these rows as they are stored."""
        return self._take(slice(low, high) if self.places is None else self.places[low:high])

    def gather(self, numbers: Int64[Tensor, "n"]) -> Shaped[Tensor, "n d"]:
        """Returns the rows of these numbers as they are stored, in this order."""
        numbers = numbers.cpu().numpy()
        return self._take(numbers if self.places is None else self.places[numbers])

    def norms(self, rows: Shaped[Tensor, "n d"], numbers, metric: Metric) -> Float64[Tensor, "n"]:
        """Returns the lengths of rows that were read, with which `metric` can take them.

        numbers  of these rows, n of them, for the error

        Raises
            InputError  a row is not finite, or zero where the metric takes unit vectors
        """
        found = torch.linalg.vector_norm(rows.double(), dim=1)
        if not found.isfinite().all():
            rule = "be finite, and so each row's length"
            self._refuse(found.isfinite(), numbers, rule, "NaN or infinity")
        if metric.unit and not found.all():
            self._refuse(found > 0, numbers, "hold no zero vector, for a cosine", "zeros")
        return found

    def _refuse(self, good: Tensor, numbers, rule: str, found: str) -> None:
        number = int(numbers[int(good.int().argmin())])
        place = number if self.places is None else int(self.places[number])
        remedy = "Leave out such rows, or find out what made them."
        raise InputError(self.argument, rule, f"{found} in row {place}", remedy)

    def _take(self, which) -> Tensor:
        if isinstance(self.values, Tensor):
            which = torch.from_numpy(which) if isinstance(which, np.ndarray) else which
            return self.values[which].to(self.device)
        part = np.ascontiguousarray(self.values[which])
        if self.on_disk or not part.flags.writeable or not part.dtype.isnative:
            part = np.array(part, dtype=part.dtype.newbyteorder("="))
        return torch.from_numpy(part).to(self.device)


def _matrix(argument: str, values) -> Shaped[np.ndarray, "m d"] | Shaped[Tensor, "m d"]:
    if isinstance(values, Tensor):
        values, real = values.detach(), not values.is_complex()
    else:
        if not isinstance(values, np.ndarray):
            try:
                values = np.asarray(values)
            except ValueError as error:
                raise InputError(
                    argument, "be a matrix of numbers", "ragged rows", "Convert it first."
                ) from error
        real = values.dtype.kind in "biuf" and values.dtype.itemsize <= 8
    if not real:
        rule = "hold real numbers of at most 8 bytes"
        raise InputError(argument, rule, values.dtype, "Convert it first.")
    if values.ndim != 2 or 0 in values.shape:
        raise InputError(
            argument, "have shape (n, d), n and d at least 1", tuple(values.shape), "Embed images."
        )
    return values

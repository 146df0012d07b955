"""Exact search: candidates from a matrix product in low precision, ranked in float64."""

from collections.abc import Iterator

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from .candidates import Block, candidates, frame, prepare
from .metrics import Metric
from .rows import Rows

__all__ = ["Exact", "Ranking"]

_QUERIES_AT_ONCE = 512
_SCORES_AT_ONCE = 2**22  # 16 MiB in float32
_FIRST = {torch.float32: 8192, torch.bfloat16: 1024}
"""Rows of the bank that a search begins with, to have distances to beat: the less is certain of a
score, the more pairs would be measured without them."""
_ELEMENTS_AT_ONCE = 2**19  # of pairs that are measured together in float64: 4 MiB


class Ranking:
    """The k nearest found so far for n queries, nearest first, ties by the lower row of the bank.

    distances  (n, k), infinity where there is none yet
    numbers    (n, k), rows of the bank; beyond all rows where there is none yet
    """

    def __init__(self, n: int, k: int, device: torch.device):
        self.distances = torch.full((n, k), torch.inf, dtype=torch.float64, device=device)
        self.numbers = torch.full((n, k), torch.iinfo(torch.int64).max, device=device)

    def add(
        self,
        span: slice,
        rows: Int64[Tensor, "pairs"],
        numbers: Int64[Tensor, "pairs"],
        distances: Float64[Tensor, "pairs"],
    ) -> None:
        """Takes in distances of queries `rows`, counted from the span's first, to the bank's."""
        if not len(rows):
            return
        held, kept = self.distances[span], self.numbers[span]
        n, k = held.shape
        rows = torch.cat([torch.arange(n, device=rows.device).repeat_interleave(k), rows])
        numbers = torch.cat([kept.flatten(), numbers])
        distances = torch.cat([held.flatten(), distances])
        order = numbers.argsort()
        for key in (distances, rows):
            order = order[key[order].argsort(stable=True)]
        counts = rows.bincount(minlength=n)
        first = counts.cumsum(0) - counts
        chosen = order[first[:, None] + torch.arange(k, device=rows.device)]
        self.distances[span], self.numbers[span] = distances[chosen], numbers[chosen]


class Exact:
    """A bank to search without error.

    keep  holds on to what is computed of the bank, for the next search: half the size of float32
          rows where the processor computes in bfloat16, else the whole
    """

    def __init__(self, bank: Rows, metric: Metric, *, keep: bool):
        self._bank, self._metric = bank, metric
        self._frame = frame(bank, metric)
        self._kept: dict[int, Block] | None = {} if keep else None

    def search(
        self, queries: Rows, own: Int64[Tensor, "n"] | None, k: int
    ) -> tuple[Float64[Tensor, "n k"], Int64[Tensor, "n k"]]:
        """Returns distances and rows of the bank; k at most the rows that count.

        own  the row of the bank that does not count for each query; -1: all count
        """
        found = Ranking(len(queries), k, self._bank.device)
        for low, high in queries.spans():
            x = prepare(queries, low, high, self._frame, bank=False)
            for start, y in self._blocks():
                for at in range(0, high - low, _QUERIES_AT_ONCE):
                    part = x[at : at + _QUERIES_AT_ONCE]
                    span = slice(low + at, low + at + len(part))
                    self._rank(found, span, part, start, y, None if own is None else own[span])
        return found.distances, found.numbers

    def _blocks(self) -> Iterator[tuple[int, Block]]:
        for low, high in self._bank.spans():
            block = None if self._kept is None else self._kept.get(low)
            if block is None:
                block = prepare(self._bank, low, high, self._frame, bank=True)
                if self._kept is not None:
                    self._kept[low] = block
            yield low, block

    def _rank(
        self,
        found: Ranking,
        span: slice,
        x: Block,
        start: int,
        y: Block,
        own: Int64[Tensor, "n"] | None,
    ) -> None:
        k = found.distances.shape[1]
        exact = x.exact(slice(None))
        whole = max(1, _SCORES_AT_ONCE // len(x))
        first = min(whole, _FIRST[self._frame.dtype]) if start == 0 else whole
        for low, high in _tiles(len(y), first, whole):
            part = y[low:high]
            rows, columns = candidates(
                x,
                part,
                self._frame,
                k=k,
                reached=found.distances[span][:, -1],
                own=None if own is None else own - start - low,
            )
            distances = measured(exact, rows, part.exact, columns, self._metric)
            found.add(span, rows, columns + start + low, distances)


def measured(a, rows, exact, numbers, metric: Metric) -> Float64[Tensor, "pairs"]:
    """Returns the distances of a[rows] and exact(numbers), a few pairs at a time."""
    step = max(1, _ELEMENTS_AT_ONCE // a.shape[1])
    parts = zip(rows.split(step), numbers.split(step), strict=True)
    return torch.cat([metric.between(a[row], exact(number)) for row, number in parts])


def _tiles(m: int, first: int, width: int) -> Iterator[tuple[int, int]]:
    """Yields (low, high) of m rows: of the first ones, then of `width` at a time."""
    yield 0, min(first, m)
    for low in range(first, m, width):
        yield low, min(low + width, m)

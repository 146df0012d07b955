"""Approximate search with faiss: candidates from an index, ranked in float64."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from torch import Tensor

from ..errors import InputError
from .exact import Exact, Ranking, measured
from .metrics import Metric
from .rows import Rows

__all__ = ["HNSW", "IVFPQ", "Approximate", "backend_named"]

_TRAINED = 39  # rows for each centroid, at least; faiss warns below


@dataclass(frozen=True)
class HNSW:
    """A navigable graph (Malkov and Yashunin 2018); holds all rows in memory, as float32.

    Built on one thread: on several, faiss builds another graph each time.
    """

    links: int = 32  # of a row; twice as many on the lowest layer
    construction: int = 100  # rows kept in view while a row is linked
    search: int = 128  # rows kept in view while a query is answered; at least twice what is asked

    def candidates(self, k: int) -> int:
        """Returns how many rows to ask for, to find k."""
        return k

    def index(self, rows: Rows, metric: Metric):
        """Returns the faiss index of the rows."""
        faiss = _faiss()
        index = faiss.IndexHNSWFlat(rows.dim, self.links)
        index.hnsw.efConstruction = self.construction
        with _one_thread(faiss):
            for low, high in rows.spans():
                index.add(_forms(rows, range(low, high), metric))
        return index

    def answer(self, index, queries: Float32[np.ndarray, "n d"], count: int):
        """Returns (n, count) rows, -1 where there are fewer."""
        parameters = _faiss().SearchParametersHNSW(efSearch=max(self.search, 2 * count))
        return index.search(queries, count, params=parameters)[1]


@dataclass(frozen=True)
class IVFPQ:
    """Lists of product-quantized rows (Jegou et al. 2011): a sixteenth of float32's size.

    Trained on rows spread evenly over the bank, which must have 10,000.
    """

    lists: int | None = None  # None: the square root of the number of rows
    probes: int = 64  # lists that are searched
    refine: int = 20  # rows ranked in float64 for each neighbour asked for, 100 at least
    values: int = 4  # of a row, to a byte

    def candidates(self, k: int) -> int:
        """Returns how many rows to ask for, to find k."""
        return max(100, self.refine * k)

    def index(self, rows: Rows, metric: Metric):
        """Returns the faiss index of the rows."""
        faiss = _faiss()
        if len(rows) < 256 * _TRAINED:
            raise InputError(
                "bank",
                f'hold at least {256 * _TRAINED:,} rows, of each class, for backend "ivfpq"',
                f"{len(rows):,}",
                'Search exactly, or with "hnsw".',
            )
        lists = min(self.lists or round(len(rows) ** 0.5), len(rows) // _TRAINED)
        dim = self._padded(rows.dim)
        index = faiss.IndexIVFPQ(faiss.IndexFlatL2(dim), dim, lists, dim // self.values, 8)
        count = min(len(rows), 64 * max(256, lists))
        sample = np.arange(count) * len(rows) // count
        index.train(self._pad(_forms(rows, sample, metric)))
        for low, high in rows.spans():
            index.add(self._pad(_forms(rows, range(low, high), metric)))
        return index

    def answer(self, index, queries: Float32[np.ndarray, "n d"], count: int):
        """Returns (n, count) rows, -1 where there are fewer."""
        parameters = _faiss().SearchParametersIVF(nprobe=self.probes)
        return index.search(self._pad(queries), count, params=parameters)[1]

    def _padded(self, dim: int) -> int:
        return -(-dim // self.values) * self.values

    def _pad(self, vectors: Float32[np.ndarray, "n d"]) -> Float32[np.ndarray, "n e"]:
        more = self._padded(vectors.shape[1]) - vectors.shape[1]
        return np.pad(vectors, ((0, 0), (0, more)))


_BACKENDS = {"exact": None, "hnsw": HNSW(), "ivfpq": IVFPQ()}


def backend_named(backend: str | HNSW | IVFPQ) -> HNSW | IVFPQ | None:
    """Returns how to search approximately; None: exactly."""
    if isinstance(backend, str) and backend in _BACKENDS:
        return _BACKENDS[backend]
    if isinstance(backend, HNSW | IVFPQ):
        return backend
    names = ", ".join(_BACKENDS)
    raise InputError(
        "backend", f"be one of {names}, or an HNSW or IVFPQ", repr(backend), "Choose one."
    )


class Approximate:
    """A bank to search with few errors; what is found is ranked, and measured, as `Exact` does.

    A query for which the index gives fewer than k rows is searched exactly.
    """

    def __init__(self, bank: Rows, metric: Metric, backend: HNSW | IVFPQ):
        self._bank, self._metric, self._backend = bank, metric, backend
        self._index = backend.index(bank, metric)

    def search(
        self, queries: Rows, own: Int64[Tensor, "n"] | None, k: int
    ) -> tuple[Float64[Tensor, "n k"], Int64[Tensor, "n k"]]:
        """Returns distances and rows of the bank, as `Exact.search` does."""
        found = Ranking(len(queries), k, self._bank.device)
        for low, high in queries.spans():
            span = slice(low, high)
            a = _exact(queries, range(low, high), self._metric)
            rows, numbers = self._candidates(a, None if own is None else own[span], k)
            distances = measured(
                a, rows, lambda n: _exact(self._bank, n, self._metric), numbers, self._metric
            )
            found.add(span, rows, numbers, distances)
        short = found.distances[:, -1].isinf().nonzero()[:, 0]
        if len(short):
            exact = Exact(self._bank, self._metric, keep=False)
            fewer = queries.at(short.cpu().numpy())
            found.distances[short], found.numbers[short] = exact.search(
                fewer, None if own is None else own[short], k
            )
        return found.distances, found.numbers

    def _candidates(
        self, a: Float64[Tensor, "n d"], own: Int64[Tensor, "n"] | None, k: int
    ) -> tuple[Int64[Tensor, "pairs"], Int64[Tensor, "pairs"]]:
        count = min(len(self._bank), self._backend.candidates(k) + (own is not None))
        vectors = a.float().cpu().numpy()
        signs = (vectors, -vectors) if self._metric.either_sign else (vectors,)
        answers = [self._backend.answer(self._index, v, count) for v in signs]
        numbers = torch.from_numpy(np.concatenate(answers, 1)).to(a.device).sort(1).values
        new = numbers >= 0
        new[:, 1:] &= numbers[:, 1:] != numbers[:, :-1]
        if own is not None:
            new &= numbers != own[:, None]
        rows, columns = new.nonzero(as_tuple=True)
        return rows, numbers[rows, columns]


def _exact(rows: Rows, numbers, metric: Metric) -> Float64[Tensor, "n d"]:
    """Returns rows in float64, as unit vectors where the metric takes them."""
    if isinstance(numbers, range):
        stored = rows.read(numbers.start, numbers.stop)
    else:
        stored = rows.gather(torch.as_tensor(numbers))
    norms = rows.norms(stored, numbers, metric)
    return stored.double() / norms[:, None] if metric.unit else stored.double()


def _forms(rows: Rows, numbers, metric: Metric) -> Float32[np.ndarray, "n d"]:
    return _exact(rows, numbers, metric).float().cpu().numpy()


@contextmanager
def _one_thread(faiss) -> Iterator[None]:
    """Builds on one thread; faiss shares its setting with PyTorch where one OpenMP serves both."""
    before, of_torch = faiss.omp_get_max_threads(), torch.get_num_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
        torch.set_num_threads(of_torch)


def _faiss():
    try:
        import faiss
    except ImportError as error:
        raise InputError(
            "backend",
            "be exact where faiss is not installed",
            "an approximate one",
            "pip install 'mempaper[scale]'",
        ) from error
    return faiss

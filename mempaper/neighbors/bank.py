"""A bank of features, and what is nearest in it."""

from collections.abc import Hashable, Iterator

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from .._devices import device_named
from ..errors import InputError, check_count
from .approximate import HNSW, IVFPQ, Approximate, backend_named
from .exact import Exact
from .metrics import metric_named
from .rows import Rows

__all__ = ["Bank", "nearest", "recall"]


def nearest(
    queries,
    bank,
    *,
    metric: str = "cosine",  # 1 - cos; "abs_cosine": 1 - |cos|; "euclidean"
    k: int = 1,
    exclude_self: bool = False,  # query i does not count row i of the bank
    backend: str | HNSW | IVFPQ = "exact",  # "hnsw", "ivfpq": approximate, through faiss
    query_labels=None,  # (n,), with bank_labels (m,): search among rows of the query's label
    bank_labels=None,
    device: torch.device | str | None = None,  # to compute on; None: where the bank is
) -> tuple[np.ndarray, np.ndarray] | tuple[Tensor, Tensor]:
    """Returns distances (n, k) float64 and indices (n, k) int64, nearest first.

    Ties go to the lowest index. Distances are measured in float64 between float64 unit vectors, as
    |a - b|^2 / 2 for the cosines: copies are at exactly 0, and nearly equal rows at a distance
    that a float32 1 - cos would have lost. So they do not depend on blocks, threads or processor,
    and with "exact" the indices do not either.

    Reads both arguments block by block: beside the answer, memory does not grow with them, but for
    the approximate backends. Both may be memory-mapped (`np.load(..., mmap_mode="r")`) and larger
    than memory. For many searches of one bank, `Bank` prepares it once.

    queries  (n, d) and
    bank     (m, d), real, finite, and without zero vectors under a cosine: NumPy or torch; the
             answer is what the queries are, on their device

    >>> queries, bank = np.array([[0.0, 3.0]]), np.array([[0.0, 0.0], [4.0, 0.0]])
    >>> distances, indices = nearest(queries, bank, metric="euclidean", k=2)
    >>> distances.tolist(), indices.tolist()
    ([[3.0, 5.0]], [[0, 1]])
    """
    found = Bank(
        bank, metric=metric, labels=bank_labels, backend=backend, device=device, keep=False
    )
    return found.nearest(queries, k=k, labels=query_labels, exclude_self=exclude_self)


def recall(
    queries,
    bank,
    *,
    backend: str | HNSW | IVFPQ,
    metric: str = "cosine",
    k: int = 1,
    exclude_self: bool = False,
    sample: int = 1000,
    seed: int = 0,
) -> np.ndarray:
    """Returns what share of their k nearest an approximate search finds: `Bank.recall`.

    >>> bank = np.random.default_rng(0).normal(size=(50, 4))
    >>> recall(bank, bank, backend="hnsw", exclude_self=True).mean().item()
    1.0
    """
    found = Bank(bank, metric=metric, backend=backend)
    return found.recall(queries, k=k, exclude_self=exclude_self, sample=sample, seed=seed)


class Bank:
    """Rows to search more than once, prepared when they are searched first.

    What was prepared stays in memory, but for a memory-mapped bank, whose rows are read again in
    each search. The vectors must not change meanwhile.

    vectors  (m, d), as the bank of `nearest`
    labels   (m,), to search within a class
    keep     False: prepares anew in each search, in constant memory

    >>> bank = Bank(np.eye(3), labels=[0, 0, 1])
    >>> bank.nearest(np.eye(3)[:1], labels=[1])[1].tolist()  # the only row of class 1
    [[2]]
    """

    def __init__(
        self,
        vectors,
        *,
        metric: str = "cosine",
        labels=None,
        backend: str | HNSW | IVFPQ = "exact",
        device: torch.device | str | None = None,
        keep: bool = True,
    ):
        self._metric = metric_named(metric)
        self._backend = backend_named(backend)
        self._rows = Rows("bank", vectors, device=None if device is None else device_named(device))
        self._labels = None if labels is None else _labels("bank_labels", labels, self._rows)
        self._keep = keep and not self._rows.on_disk
        self._parts: dict[Hashable, Exact | Approximate] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def nearest(
        self, queries, *, k: int = 1, labels=None, exclude_self: bool = False
    ) -> tuple[np.ndarray, np.ndarray] | tuple[Tensor, Tensor]:
        """Returns distances and indices as `nearest` does; `labels` are those of the queries."""
        rows, own = self._queries(queries, exclude_self)
        found = self._search(rows, own, k, self._labels_of(rows, labels))
        if isinstance(queries, Tensor):
            return tuple(part.to(queries.device) for part in found)
        return tuple(part.cpu().numpy() for part in found)

    def recall(
        self,
        queries,
        *,
        k: int = 1,
        labels=None,
        exclude_self: bool = False,
        sample: int = 1000,  # queries, drawn without replacement; all where there are fewer
        seed: int = 0,
    ) -> np.ndarray:
        """Returns for each query of a sample the share of its k nearest that a search finds.

        (sample,) float64 in [0, 1], in the order of the queries. What is found at the distance of
        the k-th nearest counts, also where another row is as near.
        """
        check_count("sample", sample, 1)
        check_count("seed", seed, 0)
        rows, own = self._queries(queries, exclude_self)
        labels = self._labels_of(rows, labels)
        drawn = np.sort(np.random.default_rng(seed).permutation(len(rows))[:sample])
        rows, own, labels = rows.at(drawn), *(a if a is None else a[drawn] for a in (own, labels))
        found, _ = self._search(rows, own, k, labels)
        true, _ = self._search(rows, own, k, labels, exactly=True)
        return (found <= true[:, -1:]).double().mean(1).cpu().numpy()

    def _queries(self, queries, exclude_self: bool) -> tuple[Rows, np.ndarray | None]:
        rows = Rows("queries", queries, device=self._rows.device)
        if rows.dim != self._rows.dim:
            raise InputError(
                "queries",
                f"have {self._rows.dim} columns, as the bank has",
                rows.dim,
                "Embed both with the same encoder.",
            )
        if exclude_self and len(rows) > len(self):
            raise InputError(
                "exclude_self",
                "be False where there are more queries than rows of the bank",
                f"{len(rows):,} queries, {len(self):,} rows",
                "Query i is row i of the bank, or leave it False.",
            )
        return rows, np.arange(len(rows)) if exclude_self else None

    def _labels_of(self, queries: Rows, labels) -> np.ndarray | None:
        if (labels is None) != (self._labels is None):
            raise InputError(
                "query_labels" if labels is None else "bank_labels",
                "be given with the labels of the other",
                "none",
                "Give both, or neither to search the whole bank.",
            )
        return None if labels is None else _labels("query_labels", labels, queries)

    def _search(
        self,
        queries: Rows,
        own: np.ndarray | None,
        k: int,
        labels: np.ndarray | None,
        *,
        exactly: bool = False,
    ) -> tuple[Float64[Tensor, "n k"], Int64[Tensor, "n k"]]:
        check_count("k", k, 1)
        device = self._rows.device
        distances = torch.empty((len(queries), k), dtype=torch.float64, device=device)
        indices = torch.empty((len(queries), k), dtype=torch.int64, device=device)
        for label, which in _classes(labels):
            bank, some = self._of_class(label), queries if label is None else queries.at(which)
            part = None if own is None else torch.from_numpy(_numbers(bank, own[which])).to(device)
            left = len(bank) - int(part is not None and bool((part >= 0).any()))
            if k > left:
                within = "" if label is None else f" in class {label!r}"
                raise InputError(
                    "k", f"be at most {left:,}, the rows that count{within}", k, "Ask for fewer."
                )
            searched = Exact(bank, self._metric, keep=False) if exactly else self._part(label, bank)
            distances[which], numbers = searched.search(some, part, k)
            if bank.places is not None:
                numbers = torch.from_numpy(bank.places).to(device)[numbers]
            indices[which] = numbers
        return distances, indices

    def _of_class(self, label: Hashable | None) -> Rows:
        if label is None:
            return self._rows
        return self._rows.at(np.flatnonzero(self._labels == label))

    def _part(self, label: Hashable | None, bank: Rows) -> Exact | Approximate:
        if label not in self._parts:
            self._parts[label] = (
                Exact(bank, self._metric, keep=self._keep)
                if self._backend is None
                else Approximate(bank, self._metric, self._backend)
            )
        return self._parts[label]


def _classes(labels: np.ndarray | None) -> Iterator[tuple[Hashable | None, slice | np.ndarray]]:
    """Yields each label and the places of its queries; (None, all) where there are no labels."""
    if labels is None:
        yield None, slice(None)
    else:
        for label in np.unique(labels).tolist():
            yield label, np.flatnonzero(labels == label)


def _numbers(rows: Rows, places: np.ndarray) -> np.ndarray:
    """Returns which of the rows lie at these places of the matrix; -1 where none does."""
    if rows.places is None:
        return places
    found = np.searchsorted(rows.places, places)
    return np.where(np.append(rows.places, -1)[found] == places, found, -1)


def _labels(argument: str, labels, rows: Rows) -> np.ndarray:
    try:
        labels = labels.detach().cpu().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
    except ValueError:  # ragged
        labels = np.empty((0, 0))
    if labels.shape != (len(rows),):
        raise InputError(
            argument,
            f"have shape ({len(rows)},), a label for each of {rows.argument}",
            labels.shape,
            "Give the labels of these rows.",
        )
    if labels.dtype.kind not in "biuUS":
        rule = "be whole numbers or names, of one kind"
        raise InputError(argument, rule, labels.dtype, "Number the classes.")
    return labels

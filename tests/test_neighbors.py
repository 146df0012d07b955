"""Nearest neighbours, against closed forms and the naive search in float64."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mempaper.errors import InputError
from mempaper.neighbors import HNSW, IVFPQ, Bank, approximate, candidates, exact, nearest, recall
from mempaper.neighbors import rows as rows_module
from mempaper.neighbors.metrics import metric_named

METRICS = ["cosine", "abs_cosine", "euclidean"]
TYPES = [torch.float32, torch.bfloat16]


def draws(*key):
    return np.random.default_rng(key)


def normal(n, d, *key):
    return draws(n, d, *key).standard_normal((n, d)).astype(np.float32)


def naive(queries, bank, metric, k, *, exclude_self=False, labels=(None, None)):
    """All distances in float64, sorted; ties by the lower index."""
    a, b = np.asarray(queries, np.float64), np.asarray(bank, np.float64)
    if metric == "euclidean":
        distances = np.linalg.norm(a[:, None] - b, axis=2)
    else:
        a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
        distances = np.linalg.norm(a[:, None] - b, axis=2) ** 2 / 2
        if metric == "abs_cosine":
            distances = np.minimum(distances, np.linalg.norm(a[:, None] + b, axis=2) ** 2 / 2)
    if exclude_self:
        distances[np.arange(len(a)), np.arange(len(a))] = np.inf
    if labels[0] is not None:
        distances[labels[0][:, None] != labels[1]] = np.inf
    indices = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, indices, 1), indices


def among_all(queries, bank, metric, indices):
    """The naive distances of these rows of the bank."""
    distances, order = naive(queries, bank, metric, len(bank))
    return np.take_along_axis(distances, np.take_along_axis(order.argsort(1), indices, 1), 1)


def agrees(found, expected):
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-9, atol=1e-15)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks so small that everything below takes many."""
    monkeypatch.setattr(rows_module, "_ELEMENTS_AT_ONCE", 4000)
    monkeypatch.setattr(candidates, "_ELEMENTS_AT_ONCE", 1000)
    monkeypatch.setattr(candidates, "_SAMPLE", 7)
    monkeypatch.setattr(exact, "_QUERIES_AT_ONCE", 40)
    monkeypatch.setattr(exact, "_SCORES_AT_ONCE", 6000)
    monkeypatch.setattr(exact, "_FIRST", dict.fromkeys(exact._FIRST, 17))
    monkeypatch.setattr(exact, "_ELEMENTS_AT_ONCE", 400)


@pytest.fixture(params=TYPES, ids=str)
def fast(request, monkeypatch):
    """Candidates in this type, whatever the processor is good at."""
    monkeypatch.setattr(candidates, "fast_dtype", lambda device: request.param)


# Distances


@pytest.mark.parametrize(
    ("metric", "expected", "order"),
    [
        ("cosine", [0, 1 - np.sqrt(0.5), 1, 2], [1, 3, 0, 2]),
        ("abs_cosine", [0, 0, 1 - np.sqrt(0.5), 1], [1, 2, 3, 0]),
        ("euclidean", [2, np.sqrt(5), np.sqrt(17), 6], [1, 3, 0, 2]),
    ],
)
def test_angles_and_lengths_that_are_known(metric, expected, order):
    bank = [[0.0, 4.0], [3.0, 0.0], [-5.0, 0.0], [2.0, 2.0]]
    distances, indices = nearest([[1.0, 0.0]], bank, metric=metric, k=4)
    np.testing.assert_allclose(distances, [expected], rtol=1e-14, atol=1e-30)
    np.testing.assert_array_equal(indices, [order])


@pytest.mark.parametrize("metric", METRICS)
def test_copies_are_at_zero(metric, fast):
    bank = normal(500, 64, 0)
    distances, indices = nearest(bank, bank, metric=metric)
    np.testing.assert_array_equal(indices[:, 0], np.arange(500))
    np.testing.assert_array_equal(distances, 0)


@pytest.mark.parametrize("turn", [1e-3, 1e-6, 1e-9])
def test_near_copies_keep_their_distance(turn, fast):
    """Turned by an angle t, a vector is 1 - cos t = 2 sin^2(t / 2) away: 5e-19 at t = 1e-9."""
    bank = normal(300, 32, 1).astype(np.float64)
    other = normal(300, 32, 2).astype(np.float64)
    unit = bank / np.linalg.norm(bank, axis=1, keepdims=True)
    other -= (other * unit).sum(axis=1, keepdims=True) * unit
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    distances, indices = nearest(np.cos(turn) * unit + np.sin(turn) * other, bank)
    np.testing.assert_array_equal(indices[:, 0], np.arange(300))
    np.testing.assert_allclose(distances, 2 * np.sin(turn / 2) ** 2, rtol=1e-6)


def test_length_does_not_count_for_a_cosine():
    bank = normal(200, 16, 3)
    scale = draws(4).uniform(1e-20, 1e20, (200, 1))
    distances, indices = nearest(bank * scale, bank)
    np.testing.assert_array_equal(indices[:, 0], np.arange(200))
    assert distances.max() < 1e-12


# Equal to the naive search


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("n", "m", "d", "k"), [(70, 500, 24, 1), (40, 300, 3, 7), (5, 40, 50, 39), (1, 2, 1, 1)]
)
@pytest.mark.parametrize("exclude_self", [False, True])
def test_equals_the_naive_search(metric, n, m, d, k, exclude_self, fast, small_blocks):
    bank = normal(m, d, 0) + normal(1, d, 1)
    queries = bank[:n] + np.float32(0.3) * normal(n, d, 2)
    found = nearest(queries, bank, metric=metric, k=k, exclude_self=exclude_self)
    agrees(found, naive(queries, bank, metric, k, exclude_self=exclude_self))


@pytest.mark.parametrize("metric", METRICS)
def test_equals_the_naive_search_in_whole_blocks(metric, fast):
    bank, queries = np.abs(normal(2000, 30, 5)), np.abs(normal(100, 30, 6))
    found = nearest(queries, bank, metric=metric, k=3)
    agrees(found, naive(queries, bank, metric, 3))


HARD = {
    "far from the origin": lambda x: x + 1e4,
    "closer than float32 can tell": lambda x: 1 + 1e-9 * x,
    "one row far out": lambda x: np.concatenate([1e6 * x[:1], x[1:]]),
    "of all sizes": lambda x: x * np.logspace(-12, 12, len(x))[:, None],
    "too large for float32": lambda x: np.concatenate([x[:-1], 1e60 * x[-1:]]),
    "tiny": lambda x: 1e-60 * x,
    "few values": lambda x: np.round(x) + 5,
}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("hard", HARD)
def test_no_spread_of_the_bank_is_too_hard(metric, hard, fast, small_blocks):
    bank = HARD[hard](draws(7).standard_normal((150, 6)))
    distances, indices = nearest(bank[::5], bank, metric=metric, k=4)
    expected, _ = naive(bank[::5], bank, metric, 4)
    np.testing.assert_allclose(distances, expected, rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(among_all(bank[::5], bank, metric, indices), expected, rtol=1e-6)
    assert all(len(set(row)) == 4 for row in indices.tolist())


@pytest.mark.parametrize("metric", METRICS)
def test_ties_go_to_the_lowest_index(metric, fast, small_blocks):
    distinct = normal(20, 8, 8)
    bank = distinct[draws(9).integers(0, 20, 300)]
    found = nearest(distinct, bank, metric=metric, k=12)
    agrees(found, naive(distinct, bank, metric, 12))
    _, indices = nearest(np.ones((40, 8)), np.ones((300, 8)), metric=metric, k=3)
    np.testing.assert_array_equal(indices, np.tile([0, 1, 2], (40, 1)))


@pytest.mark.parametrize("metric", METRICS)
def test_bits_do_not_depend_on_blocks_types_or_company(metric, monkeypatch):
    bank, queries = normal(700, 33, 10), normal(15, 33, 11)
    whole = nearest(queries, bank, metric=metric, k=4)
    alone = [nearest(queries[i : i + 1], bank, metric=metric, k=4) for i in range(15)]
    np.testing.assert_array_equal(np.concatenate([d for d, _ in alone]), whole[0])
    np.testing.assert_array_equal(np.concatenate([i for _, i in alone]), whole[1])
    monkeypatch.setattr(exact, "_SCORES_AT_ONCE", 999)
    monkeypatch.setattr(rows_module, "_ELEMENTS_AT_ONCE", 5000)
    for dtype in TYPES:
        monkeypatch.setattr(candidates, "fast_dtype", lambda device, dtype=dtype: dtype)
        for part, expected in zip(nearest(queries, bank, metric=metric, k=4), whole, strict=True):
            np.testing.assert_array_equal(part, expected)


def test_float32_products_that_pytorch_may_round(monkeypatch):
    """With "medium" precision, oneDNN multiplies float32 matrices as bfloat16."""
    monkeypatch.setattr(candidates, "fast_dtype", lambda device: torch.float32)
    bank = normal(2000, 64, 12) + 3
    queries = bank[:100] + np.float32(0.01) * normal(100, 64, 13)
    exactly = nearest(queries, bank, k=5)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        agrees(nearest(queries, bank, k=5), exactly)
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("spread", [1e-3, 1.0, 1e3])
def test_scores_are_wrong_by_no_more_than_the_bound(metric, spread, fast):
    """Against the scores in float64, of rows in the same frame, with and without a shift."""
    measure = metric_named(metric)
    bank = normal(500, 48, 14) * np.float32(spread) + 1
    queries = normal(60, 48, 15) * np.float32(spread) + 1
    rows = [rows_module.Rows("rows", x) for x in (queries, bank)]
    frame = candidates.frame(rows[1], measure)
    x = candidates.prepare(rows[0], 0, 60, frame, bank=False)
    y = candidates.prepare(rows[1], 0, 500, frame, bank=True)
    a, b = ((part.exact(slice(None)) - frame.centre) / frame.scale for part in (x, y))
    for shift in (torch.zeros(60).double(), torch.linspace(-3, 3, 60).double()):
        scores, error = candidates._scores(x, y, frame, shift)
        if measure.either_sign:
            true = (a @ b.T).abs()
        else:
            true = a @ b.T - b.square().sum(1) / 2 + shift[:, None]
        rounding = candidates._UNIT[frame.dtype] * scores.double().abs()
        assert ((scores.double() - true).abs() <= error[:, None] + rounding).all()
        assert (error < 0.1 * (x.sizes + 1) * (y.sizes.max() + 1) + 0.01).all()


def test_few_pairs_are_measured_in_float64(fast, monkeypatch):
    measured, pairs = exact.measured, []
    monkeypatch.setattr(
        exact,
        "measured",
        lambda a, rows, *rest: pairs.append(len(rows)) or measured(a, rows, *rest),
    )
    bank, queries = normal(20_000, 64, 16), normal(200, 64, 17)
    nearest(queries, bank)
    assert sum(pairs) < 50 * len(queries)


# Memory


class Largest(TorchDispatchMode):
    """The most elements that any tensor had while this was entered."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for part in out if isinstance(out, tuple | list) else (out,):
            if isinstance(part, torch.Tensor):
                self.elements = max(self.elements, part.numel())
        return out


@pytest.mark.parametrize("metric", METRICS)
def test_memory_grows_with_neither_argument(metric, small_blocks, tmp_path):
    largest = []
    for n, m in ((130, 300), (260, 300), (130, 900)):
        paths = [tmp_path / f"{m}.{n}.{name}.npy" for name in "qb"]
        for path, count in zip(paths, (n, m), strict=True):
            np.save(path, normal(count, 16, 18))
        queries, bank = (np.load(path, mmap_mode="r") for path in paths)
        with Largest() as seen:
            nearest(queries, bank, metric=metric)
        largest.append(seen.elements)
    assert largest[1:] == largest[:1] * 2
    assert largest[0] <= 6000


def test_a_memory_mapped_bank_is_read_in_blocks(small_blocks, tmp_path, monkeypatch):
    bank, queries = normal(1000, 10, 19), normal(100, 10, 20)
    np.save(tmp_path / "bank.npy", bank)
    mapped = np.load(tmp_path / "bank.npy", mmap_mode="r")
    taken, take = [], rows_module.Rows._take
    monkeypatch.setattr(
        rows_module.Rows,
        "_take",
        lambda self, which: taken.append(len(out := take(self, which))) or out,
    )
    labels = np.arange(1000) % 3
    agrees(nearest(queries, mapped, k=2), naive(queries, bank, "cosine", 2))
    found = nearest(queries, mapped, query_labels=labels[:100], bank_labels=labels)
    agrees(found, naive(queries, bank, "cosine", 1, labels=(labels[:100], labels)))
    assert max(taken) <= 400
    prepared = Bank(mapped)
    prepared.nearest(queries)
    before = sum(taken)
    prepared.nearest(queries)
    assert sum(taken) - before == 1100  # read again, not kept


def test_a_bank_is_prepared_once(small_blocks, monkeypatch):
    bank, queries = normal(900, 10, 21), normal(60, 10, 22)
    prepared = Bank(bank, metric="euclidean")
    first = prepared.nearest(queries, k=2)
    names, prepare = [], exact.prepare
    monkeypatch.setattr(
        exact,
        "prepare",
        lambda rows, *rest, **more: names.append(rows.argument) or prepare(rows, *rest, **more),
    )
    agrees(prepared.nearest(queries, k=2), first)
    assert set(names) == {"queries"}
    agrees(first, naive(queries, bank, "euclidean", 2))
    assert len(prepared) == 900


# Within a class, and what goes in and out


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exclude_self", [False, True])
def test_search_within_a_class(metric, exclude_self, fast, small_blocks):
    bank, queries = normal(600, 12, 23), normal(150, 12, 24)
    names = np.array(["cat", "dog", "owl"])
    labels = names[draws(25).integers(0, 3, 150)], names[draws(26).integers(0, 3, 600)]
    found = nearest(
        queries,
        bank,
        metric=metric,
        k=4,
        exclude_self=exclude_self,
        query_labels=labels[0],
        bank_labels=labels[1],
    )
    agrees(found, naive(queries, bank, metric, 4, exclude_self=exclude_self, labels=labels))


def test_the_answer_is_what_the_queries_are():
    bank, queries = normal(80, 6, 27), normal(9, 6, 28)
    expected = nearest(queries, bank, k=2)
    assert expected[0].dtype == np.float64
    assert expected[1].dtype == np.int64
    found = nearest(torch.tensor(queries).requires_grad_(), bank, k=2)
    assert found[0].dtype == torch.float64
    assert found[1].dtype == torch.int64
    agrees([part.numpy() for part in found], expected)
    agrees(nearest(queries, torch.tensor(bank), k=2), expected)
    agrees(nearest(queries.tolist(), bank[:, ::-1].copy()[:, ::-1], k=2), expected)
    big_endian = bank.astype(">f8")
    big_endian.flags.writeable = False
    agrees(nearest(queries, big_endian, k=2), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float64])
def test_any_real_type(dtype):
    bank, queries = ((10 * np.abs(normal(n, 30, 29)) + 1).astype(dtype) for n in (200, 20))
    for metric in METRICS:
        agrees(nearest(queries, bank, metric=metric, k=3), naive(queries, bank, metric, 3))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("metric", METRICS)
def test_on_a_gpu(metric):
    bank, queries = normal(5000, 64, 30), normal(500, 64, 31)
    expected = naive(queries, bank, metric, 3)
    agrees(nearest(queries, bank, metric=metric, k=3, device="cuda"), expected)
    found = nearest(torch.tensor(queries).cuda(), torch.tensor(bank).cuda(), metric=metric, k=3)
    assert found[0].is_cuda
    agrees([part.cpu().numpy() for part in found], expected)


# Refused


BAD = [
    ({"queries": np.ones((3, 5))}, "queries", "4 columns"),
    ({"queries": np.ones(4)}, "queries", "shape"),
    ({"queries": [[1.0, 2.0], [3.0]]}, "queries", "ragged"),
    ({"queries": np.ones((3, 4)) * 1j}, "queries", "real"),
    ({"bank": np.ones((0, 4))}, "bank", "at least 1"),
    ({"bank": [["a", "b", "c", "d"]]}, "bank", "real"),
    ({"metric": "manhattan"}, "metric", "manhattan"),
    ({"backend": "annoy"}, "backend", "annoy"),
    ({"k": 0}, "k", "at least 1"),
    ({"k": 11}, "k", "at most 10"),
    ({"k": 10, "exclude_self": True}, "k", "at most 9"),
    ({"queries": np.ones((11, 4)), "exclude_self": True}, "exclude_self", "11 queries"),
    ({"bank_labels": [0] * 10}, "query_labels", "none"),
    ({"query_labels": [0] * 3}, "bank_labels", "none"),
    ({"query_labels": [0] * 4, "bank_labels": [0] * 10}, "query_labels", "(3,)"),
    ({"query_labels": [0] * 3, "bank_labels": [0] * 9}, "bank_labels", "(10,)"),
    ({"query_labels": [0, 0, 7], "bank_labels": [0] * 10}, "k", "class 7"),
    ({"query_labels": [0, 0, 1], "bank_labels": [0] * 8 + [1] * 2, "k": 3}, "k", "class 1"),
    (
        {"query_labels": [0] * 3, "bank_labels": [0] * 3 + [1] * 7, "k": 3, "exclude_self": True},
        "k",
        "at most 2",
    ),
]


@pytest.mark.parametrize(("changed", "argument", "part"), BAD)
def test_refuses(changed, argument, part):
    given = {"queries": normal(3, 4, 0), "bank": normal(10, 4, 1)} | changed
    with pytest.raises(InputError) as caught:
        nearest(given.pop("queries"), given.pop("bank"), **given)
    assert caught.value.argument == argument
    assert part in str(caught.value)


@pytest.mark.parametrize("argument", ["queries", "bank"])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("labelled", [False, True])
def test_names_the_row_that_cannot_be_taken(argument, metric, labelled, small_blocks):
    arrays = {"queries": normal(300, 12, 32), "bank": normal(900, 12, 33)}
    labels = {"query_labels": np.arange(300) % 2, "bank_labels": np.arange(900) % 2}
    for value, part in ((np.nan, "NaN"), (np.inf, "infinity"), (0, "zeros")):
        broken = {name: array.copy() for name, array in arrays.items()}
        broken[argument][251] = value
        if value == 0 and metric == "euclidean":
            nearest(broken["queries"], broken["bank"], metric=metric)
            continue
        with pytest.raises(InputError, match="row 251") as caught:
            nearest(**broken, metric=metric, **(labels if labelled else {}))
        assert caught.value.argument == argument
        assert part in str(caught.value)


# faiss


def clustered(n, d, *key):
    """Rows in 40 clusters, as features of images are."""
    centres = normal(40, d, 34)
    return centres[draws(*key).integers(0, 40, n)] + np.float32(0.3) * normal(n, d, *key)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("backend", "rows", "least"),
    [("hnsw", 3000, 0.98), (IVFPQ(lists=64, probes=8), 10_000, 0.9)],
    ids=["hnsw", "ivfpq"],
)
def test_approximate_search(metric, backend, rows, least):
    bank, queries = clustered(rows, 18, 35), clustered(100, 18, 36)
    index = Bank(bank, metric=metric, backend=backend)
    found = index.nearest(queries, k=5)
    true = nearest(queries, bank, metric=metric, k=5)
    shares = index.recall(queries, k=5, sample=100)
    hits = [len(set(a) & set(b)) / 5 for a, b in zip(found[1], true[1], strict=True)]
    np.testing.assert_allclose(shares, hits)
    assert shares.mean() >= least
    expected = among_all(queries, bank, metric, found[1])
    np.testing.assert_allclose(found[0], expected, rtol=1e-9)


def test_approximate_search_leaves_out_the_query_and_other_classes():
    bank = clustered(2000, 16, 37)
    labels = np.arange(2000) % 2
    given = {"k": 3, "exclude_self": True, "query_labels": labels[:100], "bank_labels": labels}
    found = nearest(bank[:100], bank, backend="hnsw", **given)
    true = nearest(bank[:100], bank, **given)
    assert (found[1] != np.arange(100)[:, None]).all()
    assert (labels[found[1]] == labels[:100, None]).all()
    assert (found[1] == true[1]).mean() > 0.97


def test_recall_counts_what_was_missed(monkeypatch):
    """An index that knows every second row finds every second neighbour, on average."""
    bank, queries = normal(1000, 8, 38), normal(400, 8, 39)
    true = naive(queries, bank, "cosine", 4)[1]
    monkeypatch.setattr(
        HNSW,
        "answer",
        lambda self, index, vectors, count: np.tile(np.arange(0, 1000, 2), (len(vectors), 1)),
    )
    shares = recall(queries, bank, backend="hnsw", k=4, sample=400)
    np.testing.assert_allclose(shares, (true % 2 == 0).mean(axis=1))
    some = recall(queries, bank, backend="hnsw", k=4, sample=50, seed=1)
    assert some.shape == (50,)
    assert some.tolist() == recall(queries, bank, backend="hnsw", k=4, sample=50, seed=1).tolist()
    assert recall(queries, bank, backend="exact", k=4, sample=50).min() == 1


def test_queries_that_the_index_cannot_answer_are_searched_exactly():
    bank, queries = clustered(10_000, 16, 40), clustered(20, 16, 41)
    few = IVFPQ(lists=200, probes=1)
    true = nearest(queries, bank, k=400)
    found = nearest(queries, bank, k=400, backend=few)
    assert (found[1] == true[1]).all(axis=1).any()
    assert found[1].max() < 10_000


def test_an_index_is_built_the_same_each_time():
    bank, queries = normal(3000, 24, 42), normal(300, 24, 43)
    light = HNSW(links=4, construction=8, search=8)
    first, second = (nearest(queries, bank, k=5, backend=light) for _ in range(2))
    np.testing.assert_array_equal(first[1], second[1])
    assert (first[1] != nearest(queries, bank, k=5)[1]).any()


def test_threads_are_given_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        faiss = pytest.importorskip("faiss")
        several = faiss.omp_get_max_threads()
        with approximate._one_thread(faiss):
            assert faiss.omp_get_max_threads() == 1
        assert faiss.omp_get_max_threads() == several
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_too_few_rows_to_quantize():
    with pytest.raises(InputError, match="9,984"):
        nearest(normal(3, 4, 0), normal(300, 4, 1), backend="ivfpq")


def test_without_faiss(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(InputError, match=r"mempaper\[scale\]"):
        nearest(normal(3, 4, 0), normal(300, 4, 1), backend="hnsw")


def test_exact_search_does_not_import_faiss():
    code = "import sys, numpy as np; from mempaper.neighbors import nearest; "
    code += "nearest(np.ones((2, 2)), np.ones((3, 2))); print('faiss' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

"""Exact nearest neighbours against scikit-learn's brute force, in one run on one machine.

Run with `make bench`. `speedup` is to scikit-learn's median time for the same arrays and metric,
`GFLOP/s` counts two operations for each of queries x bank x dim.
"""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from mempaper.neighbors import Bank, nearest

QUERIES, ROWS, DIM, K = 4_000, 25_000, 512, 5
ROUNDS = 3


@pytest.fixture(scope="module")
def features():
    """Rows such as an encoder gives: not negative, in clusters, far from the origin."""
    draws = np.random.default_rng(0)
    mixing = draws.standard_normal((32, DIM)) / np.sqrt(32)

    def rows(count):
        of_images = draws.standard_normal((count, 32)) @ mixing
        noise = 0.3 * draws.standard_normal((count, DIM))
        return np.maximum(of_images + noise, 0).astype(np.float32)

    return rows(QUERIES), rows(ROWS)


@pytest.fixture(scope="module")
def baseline():
    return {}


def gflops(benchmark, queries=QUERIES):
    return round(2e-9 * queries * ROWS * DIM / benchmark.stats.stats.median, 1)


@pytest.mark.benchmark(group="nearest neighbours")
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_scikit_learn(benchmark, features, baseline, metric):
    queries, bank = features
    search = NearestNeighbors(n_neighbors=K, algorithm="brute", metric=metric).fit(bank)
    found = benchmark.pedantic(
        search.kneighbors, (queries,), rounds=ROUNDS, warmup_rounds=1, iterations=1
    )
    baseline[metric] = benchmark.stats.stats.median, found
    benchmark.extra_info["GFLOP/s"] = gflops(benchmark)


@pytest.mark.benchmark(group="nearest neighbours")
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_target(benchmark, features, baseline, metric):
    """At least 1.5 times as fast, at equal results.

    Equal: the same distances, as far as float32 gives scikit-learn's, and the same indices where
    the next distance is farther away than that.
    """
    queries, bank = features
    distances, indices = benchmark.pedantic(
        nearest,
        (queries, bank),
        {"metric": metric, "k": K},
        rounds=ROUNDS,
        warmup_rounds=1,
        iterations=1,
    )
    seconds, (expected, of_baseline) = baseline[metric]
    speedup = seconds / benchmark.stats.stats.median
    benchmark.extra_info |= {"speedup": round(speedup, 2), "GFLOP/s": gflops(benchmark)}
    np.testing.assert_allclose(distances, expected, rtol=1e-4, atol=1e-6)
    clear = (np.diff(distances, axis=1) > 1e-5).all(axis=1)
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(indices[clear, :-1], of_baseline[clear, :-1])
    assert speedup >= 1.5


@pytest.mark.benchmark(group="nearest neighbours")
def test_a_batch_in_a_prepared_bank(benchmark, features):
    """What a training step with memorization rejection asks for: 64 fakes."""
    queries, bank = features
    prepared = Bank(bank)
    benchmark.pedantic(prepared.nearest, (queries[:64],), rounds=10, warmup_rounds=1, iterations=1)
    benchmark.extra_info["GFLOP/s"] = gflops(benchmark, 64)

"""Exact nearest neighbours against brute force elsewhere."""

from functools import partial

import faiss
import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from mempaper.neighbors import nearest
from mempaper.neighbors.candidates import fast_dtype

QUERIES, ROWS, DIM, K = 4_000, 25_000, 512, 5


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


@pytest.fixture
def held(against, products):
    """Returns `against` with what all searches are held to: a product of queries and bank."""
    return partial(
        against,
        **products(2e-9 * QUERIES * ROWS * DIM, fast_dtype(torch.device("cpu"))),
    )


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_against_scikit_learn(held, features, metric):
    """At least 1.5 times as fast, at equal results.

    Equal: the same distances, as far as float32 gives scikit-learn's, and the same indices where
    the next distance is farther away than that.
    """
    queries, bank = features
    search = NearestNeighbors(n_neighbors=K, algorithm="brute", metric=metric).fit(bank)
    ratio = held(
        lambda: nearest(queries, bank, metric=metric, k=K),
        lambda: search.kneighbors(queries),
        what=f"{K} nearest of {ROWS:,}, {metric}",
        named="scikit-learn: brute force",
        goal="1.5 times as fast",
    )
    distances, indices = nearest(queries, bank, metric=metric, k=K)
    expected, of_baseline = search.kneighbors(queries)
    np.testing.assert_allclose(distances, expected, rtol=1e-4, atol=1e-6)
    clear = (np.diff(distances, axis=1) > 1e-5).all(axis=1)
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(indices[clear, :-1], of_baseline[clear, :-1])
    assert ratio >= 1.5


def test_against_faiss(held, features):
    queries, bank = features
    index = faiss.IndexFlatL2(DIM)
    index.add(bank)
    held(
        lambda: nearest(queries, bank, metric="euclidean", k=K),
        lambda: index.search(queries, K),
        what=f"{K} nearest of {ROWS:,}, euclidean",
        named="faiss-cpu: IndexFlatL2",
        goal="90 % of the limit",
    )


def test_growth(held, features):
    """A row of the bank among eight times as many takes at most 1.25 times as long."""
    queries, bank = features
    ratio = held(
        lambda: nearest(queries, bank, k=K),
        lambda: nearest(queries, bank[: ROWS // 8], k=K),
        what=f"{K} nearest, a row of a bank of {ROWS:,}",
        named=f"the same of a bank of {ROWS // 8:,}",
        goal="no slower",
        share=1 / 8,
    )
    assert ratio >= 1 / 1.25

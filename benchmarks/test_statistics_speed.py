"""C_T and the Frechet distance against their published codes and other packages."""

import numpy as np
import pytest
import scipy.stats
import torch
from pytorch_fid.fid_score import calculate_frechet_distance
from sklearn.neighbors import NearestNeighbors
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from mempaper.neighbors.candidates import fast_dtype
from mempaper.statistics import data_copying_test, frechet_distance, kmeans_cells

DIM, IMAGES = 2048, 5_000
# Two covariances; of d^3 a third for Cholesky's factor, one for the product, 4 / 3 for its
# tridiagonal form (Golub and Van Loan 2013).
FLOPS = 2 * IMAGES * DIM**2 + 8 / 3 * DIM**3


@pytest.fixture(scope="module")
def features():
    """Two sets of features as wide as Inception's, correlated as an encoder's are."""
    draws = np.random.default_rng(0)
    mixing = draws.standard_normal((DIM, DIM)) * (1 + np.arange(DIM)) ** -0.5
    a, b = draws.standard_normal((2, IMAGES, DIM))
    return (a @ mixing.T).astype(np.float32), (b @ mixing.T + 0.1).astype(np.float32)


def by_pytorch_fid(a, b):
    fitted = [(x.mean(0), np.cov(x, rowvar=False)) for x in (a, b)]
    return calculate_frechet_distance(*fitted[0], *fitted[1])


def by_torch_fidelity(a, b):
    fitted = [fid_features_to_statistics(torch.as_tensor(x)) for x in (a, b)]
    return fid_statistics_to_metric(*fitted, verbose=False)["frechet_inception_distance"]


@pytest.mark.parametrize(
    ("named", "other"),
    [
        ("torch-fidelity: its Gaussians", by_torch_fidelity),
        ("pytorch-fid: NumPy's Gaussians", by_pytorch_fid),
    ],
)
def test_frechet_distance(against, features, products, named, other):
    a, b = features
    against(
        lambda: frechet_distance(a, b),
        lambda: other(a, b),
        what=f"Fréchet distance of {IMAGES:,} x {DIM:,} features",
        named=named,
        goal="3 times as fast",
        **products(1e-9 * FLOPS, torch.float64),
        rounds=3,
    )
    assert frechet_distance(a, b) == pytest.approx(other(a, b), rel=1e-4)


def published_c_t(train, test, generated, cells):
    """Returns C_T as Meehan et al. (2020) publish it: scikit-learn's neighbours, SciPy's ranks."""
    statistics, weights = [], []
    of_train, of_test, of_generated = cells
    for cell in np.unique(of_train):
        here, there = test[of_test == cell], generated[of_generated == cell]
        if len(there) <= 20 or not len(here):
            continue
        search = NearestNeighbors(n_neighbors=1).fit(train[of_train == cell])
        d_test, d_generated = (search.kneighbors(x)[0][:, 0] for x in (here, there))
        n, m = len(here), len(there)
        u = scipy.stats.mannwhitneyu(d_generated, d_test, alternative="less").statistic
        statistics.append((u - (n * m / 2 - 0.5)) / np.sqrt(n * m * (n + m + 1) / 12))
        weights.append(n)
    return np.average(statistics, weights=weights)


def test_c_t(against, products):
    """The same statistic; the p-value and the interval, which the published test lacks, beside."""
    draws = np.random.default_rng(1)
    train, test, generated = (
        draws.standard_normal((n, 256)).astype(np.float32) for n in (20_000, 5_000, 5_000)
    )
    assigned = kmeans_cells(train, 10)
    cells = [assigned(x) for x in (train, test, generated)]
    of_train, *others = (np.bincount(labels, minlength=10) for labels in cells)
    pairs = float(of_train @ sum(others))

    def ours():
        return data_copying_test(
            train, test, generated, cells=cells, permutations=1000, resamples=1000
        )

    against(
        ours,
        lambda: published_c_t(train, test, generated, cells),
        what="C_T of 5,000 images, with p-value and interval",
        named="the published test, without either",
        goal="",
        **products(2e-9 * pairs * 256, fast_dtype(torch.device("cpu"))),
    )
    exact = [x.astype(np.float64) for x in (train, test, generated)]  # float32 exchanges ranks
    assert ours().statistic == pytest.approx(published_c_t(*exact, cells), abs=1e-6)

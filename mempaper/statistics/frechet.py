"""The Frechet distance between Gaussians fitted to features (Heusel et al. 2017)."""

from functools import cached_property

import numpy as np
from jaxtyping import Float64
from scipy.linalg import blas, lapack

from ..errors import InputError, check_count
from .bootstrap import Interval, check_confidence
from .feature_arrays import as_features

__all__ = ["frechet_distance", "frechet_gap"]


_ROUNDING = 1e-12  # of the traces, in a distance
_ROWS_AT_ONCE = 512


class _Gaussian:
    """Mean (d,) and unbiased covariance of an array (n, d), row i counted repeats[i] times."""

    def __init__(
        self, array: Float64[np.ndarray, "n d"], repeats: Float64[np.ndarray, "n"] | None = None
    ):
        self._array = array
        self._repeats = np.ones(len(array)) if repeats is None else repeats
        self.mean = np.average(array, axis=0, weights=repeats)

    @property
    def rank(self) -> int:
        """Returns the greatest that the covariance can have."""
        return min(self._array.shape)

    @property
    def few(self) -> bool:
        """Whether rows are no more than columns."""
        return self.rank == len(self._array)

    def rows(self, part: slice = slice(None)) -> Float64[np.ndarray, "rows d"]:
        """Returns these rows of the R with covariance R^T R."""
        rows = self._array[part] - self.mean
        rows *= np.sqrt(self._repeats[part] / (len(self._array) - 1))[:, None]
        return rows

    @cached_property
    def covariance(self) -> Float64[np.ndarray, "d d"]:
        """Returns its lower triangle, with zeros above."""
        count, width = self._array.shape
        found = np.zeros((width, width), order="F")
        for low in range(0, count, _ROWS_AT_ONCE):
            rows = self.rows(slice(low, low + _ROWS_AT_ONCE))
            found = blas.dsyrk(1.0, rows.T, beta=1.0, c=found, lower=1, overwrite_c=1)
        return found

    @cached_property
    def trace(self) -> float:
        if not self.few:
            return float(np.trace(self.covariance))
        rows = self.rows()
        return float(np.vdot(rows, rows))

    @cached_property
    def triangle(self) -> Float64[np.ndarray, "d d"] | None:
        """Returns Cholesky's L with covariance L L^T, zeros above; None where that is singular."""
        if self.few:
            return None
        factor, failed = lapack.dpotrf(self.covariance, lower=1)
        pivots = np.diagonal(factor) ** 2
        return None if failed or pivots.min() <= self._floor * pivots.max() else factor

    @cached_property
    def root(self) -> Float64[np.ndarray, "r d"]:
        """Returns R with covariance R^T R and no more rows than columns.

        Of many rows the spectral root, without the directions that are rounding error only.
        """
        if self.few:
            return self.rows()
        values, vectors = np.linalg.eigh(self.covariance)
        kept = values > self._floor * values[-1]
        return (vectors[:, kept] * np.sqrt(values[kept])).T

    @property
    def _floor(self) -> float:
        return self._array.shape[1] * float(np.finfo(np.float64).eps)


def frechet_distance(features_a, features_b) -> float:
    """Returns |mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)), in squared feature units.

    Symmetric, and FID where the features are Inception's. S are the unbiased covariances, as in
    all published code. It is biased upwards, by about c / n with a c that depends on the features
    and on the generator: compare distances of equally many images only.

    tr (S_a S_b)^(1/2) is the sum of the square roots of the eigenvalues of R S_b R^T, where
    S_a = R^T R: symmetric, so no matrix root fails or turns complex where the covariances are
    singular, and of the smaller set's size where that has fewer images than features.

    features_a, features_b  (n, d) and (m, d), n and m at least 2, finite

    >>> features = np.array([[0.0], [1.0], [2.0]])
    >>> round(frechet_distance(features, features + 3), 6)
    9.0
    """
    a, b = as_features(features_a=features_a, features_b=features_b)
    return _distance(_Gaussian(a), _Gaussian(b))


def frechet_gap(
    train,
    validation,
    generated,
    *,
    confidence: float = 0.95,
    resamples: int = 200,
    seed: int = 0,
) -> Interval:
    """Returns (F(validation) - F(train)) / F(validation), F the Frechet distance to `generated`.

    The counterpart of the MRE-gap: positive where generated images resemble training images more
    than validation images. Train and validation are equally many, so that the bias of F cancels in
    the difference; it does not in the denominator, which makes gaps of few images small.

    The interval is a bootstrap over the images of all three sets. A resample repeats images, and so
    has the bias of a smaller set; the quantiles are therefore taken of the deviations from the
    resamples' mean, and set around the estimate. Resamples of which F(validation) is 0 are left
    out.

    train, validation  (n, d) each
    generated          (m, d)

    Raises
        InputError  train and validation differ in number, or F(validation) is 0

    >>> train = np.array([[0.0], [1.0], [2.0]])
    >>> round(frechet_gap(train, train + 3, train, resamples=10).estimate, 6)
    1.0
    """
    arrays = as_features(train=train, validation=validation, generated=generated)
    if len(arrays[0]) != len(arrays[1]):
        raise InputError(
            "validation",
            f"hold as many images as train, {len(arrays[0])}, for the distance depends on it",
            len(arrays[1]),
            "Leave out the surplus.",
        )
    check_confidence(confidence)
    check_count("resamples", resamples, 2)
    check_count("seed", seed, 0)
    estimate = _gap(*map(_Gaussian, arrays))
    if not np.isfinite(estimate):
        raise InputError(
            "validation",
            "differ from generated, for the gap is relative to their distance",
            "distance 0",
            "Compare other sets.",
        )
    draws = np.random.default_rng(seed)
    resampled = np.array(
        [
            _gap(*(_Gaussian(array, _repeats(draws, len(array))) for array in arrays))
            for _ in range(resamples)
        ]
    )
    resampled = resampled[np.isfinite(resampled)]
    if len(resampled) < 2:
        raise InputError("validation", "hold more different images", "few", "Embed more of them.")
    tail = (1 - confidence) / 2
    low, high = estimate + np.quantile(resampled - resampled.mean(), [tail, 1 - tail])
    return Interval(float(low), float(high), estimate, confidence)


def _gap(train: _Gaussian, validation: _Gaussian, generated: _Gaussian) -> float:
    to_train, to_validation = (_distance(generated, real) for real in (train, validation))
    rounding = _ROUNDING * (validation.trace + generated.trace)
    return (to_validation - to_train) / to_validation if to_validation > rounding else np.inf


def _repeats(draws: np.random.Generator, count: int) -> Float64[np.ndarray, "n"]:
    return draws.multinomial(count, np.full(count, 1 / count)).astype(np.float64)


def _distance(a: _Gaussian, b: _Gaussian) -> float:
    between = np.sum((a.mean - b.mean) ** 2)
    return float(between + a.trace + b.trace - 2 * _shared(a, b))


def _shared(a: _Gaussian, b: _Gaussian) -> float:
    """Returns tr (S_a S_b)^(1/2). Cholesky's factor is a tenth of the cost of another root."""
    small, large = sorted((a, b), key=lambda fitted: fitted.rank)
    if small.triangle is not None:
        product, _ = lapack.dsygst(large.covariance, small.triangle, itype=2, lower=1)
    else:
        root = small.root
        product = blas.dsymm(1.0, large.covariance, root, side=1, lower=1) @ root.T
    return np.sqrt(np.linalg.eigvalsh(product).clip(0)).sum()  # of the lower triangle

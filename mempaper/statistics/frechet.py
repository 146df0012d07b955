"""The Frechet distance between Gaussians fitted to features (Heusel et al. 2017)."""

from functools import cached_property

import numpy as np
import scipy.linalg
from jaxtyping import Float64

from ..errors import InputError, check_count
from .bootstrap import Interval, check_confidence
from .feature_arrays import as_features

__all__ = ["frechet_distance", "frechet_gap"]


_ROUNDING = 1e-12  # of the traces, in a distance


class _Gaussian:
    """Mean and unbiased covariance of an array (n, d), row i counted repeats[i] times.

    mean    (d,)
    rows    (n, d), R with covariance R^T R
    """

    def __init__(
        self, array: Float64[np.ndarray, "n d"], repeats: Float64[np.ndarray, "n"] | None = None
    ):
        self.mean = np.average(array, axis=0, weights=repeats)
        weights = np.ones(len(array)) if repeats is None else repeats
        self.rows = array - self.mean
        self.rows *= np.sqrt(weights / (len(array) - 1))[:, None]

    @cached_property
    def covariance(self) -> Float64[np.ndarray, "d d"]:
        return self.rows.T @ self.rows

    @cached_property
    def trace(self) -> float:
        return float(np.vdot(self.rows, self.rows))

    @cached_property
    def root(self) -> Float64[np.ndarray, "r d"]:
        """Returns R with covariance R^T R and no more rows than columns.

        Of many rows, Cholesky's, a tenth of the cost of a spectral root; where the covariance is
        singular, the spectral root without the directions that are rounding error only.
        """
        count, width = self.rows.shape
        if count <= width:
            return self.rows
        floor = width * np.finfo(np.float64).eps
        factor, failed = scipy.linalg.lapack.dpotrf(self.covariance, lower=0, clean=1)
        pivots = np.diagonal(factor) ** 2
        if not failed and pivots.min() > floor * pivots.max():
            return factor
        values, vectors = np.linalg.eigh(self.covariance)
        kept = values > floor * values[-1]
        return (vectors[:, kept] * np.sqrt(values[kept])).T


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
    small, large = sorted((a, b), key=lambda fitted: min(fitted.rows.shape))
    product = small.root @ large.covariance @ small.root.T
    shared = np.sqrt(np.linalg.eigvalsh(product).clip(0)).sum()
    between = np.sum((a.mean - b.mean) ** 2)
    return float(between + a.trace + b.trace - 2 * shared)

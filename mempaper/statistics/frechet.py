"""The Frechet distance between Gaussians fitted to features (Heusel et al. 2017)."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from ..errors import InputError, check_count
from .bootstrap import Interval, check_confidence
from .feature_arrays import as_features

__all__ = ["frechet_distance", "frechet_gap"]


_ROUNDING = 1e-12  # of the traces, in a distance


class _Gaussian(NamedTuple):
    mean: Float64[np.ndarray, "d"]
    covariance: Float64[np.ndarray, "d d"]


def frechet_distance(features_a, features_b) -> float:
    """Returns |mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)), in squared feature units.

    Symmetric, and FID where the features are Inception's. S are the unbiased covariances, as in
    all published code. It is biased upwards, by about c / n with a c that depends on the features
    and on the generator: compare distances of equally many images only.

    tr (S_a S_b)^(1/2) is the sum of the square roots of the eigenvalues of R^T S_b R, where
    S_a = R R^T: symmetric, so one `eigh` and one `eigvalsh` do, and no matrix root fails or turns
    complex where the covariances are singular.

    features_a, features_b  (n, d) and (m, d), n and m at least 2, finite
    """
    a, b = as_features(features_a=features_a, features_b=features_b)
    fitted = _fit(a)
    return _distance(fitted, _root(fitted), _fit(b))


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
    estimate = _gap(*map(_fit, arrays))
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
            _gap(*(_fit(array, _repeats(draws, len(array))) for array in arrays))
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
    root = _root(generated)
    to_train = _distance(generated, root, train)
    to_validation = _distance(generated, root, validation)
    rounding = _ROUNDING * np.trace(validation.covariance + generated.covariance)
    return (to_validation - to_train) / to_validation if to_validation > rounding else np.inf


def _fit(array: Float64[np.ndarray, "n d"], repeats: np.ndarray | None = None) -> _Gaussian:
    """Returns mean and unbiased covariance, row i counted repeats[i] times."""
    mean = np.average(array, axis=0, weights=repeats)
    centred = array - mean
    weighted = centred if repeats is None else centred * repeats[:, None]
    return _Gaussian(mean, weighted.T @ centred / (len(array) - 1))


def _repeats(draws: np.random.Generator, count: int) -> Float64[np.ndarray, "n"]:
    return draws.multinomial(count, np.full(count, 1 / count)).astype(np.float64)


def _root(fitted: _Gaussian) -> Float64[np.ndarray, "d r"]:
    """Returns R with S = R R^T; directions in which S is rounding error only are left out."""
    values, vectors = np.linalg.eigh(fitted.covariance)
    kept = values > len(values) * np.finfo(np.float64).eps * values[-1]
    return vectors[:, kept] * np.sqrt(values[kept])


def _distance(a: _Gaussian, root_a: Float64[np.ndarray, "d r"], b: _Gaussian) -> float:
    shared = np.sqrt(np.linalg.eigvalsh(root_a.T @ b.covariance @ root_a).clip(0)).sum()
    between = np.sum((a.mean - b.mean) ** 2)
    return float(between + np.trace(a.covariance) + np.trace(b.covariance) - 2 * shared)

"""Real images' likelihood under Gaussians on generated ones (Jiralerspong et al. 2023)."""

from dataclasses import dataclass

import numpy as np
import scipy.special
from jaxtyping import Float64

from ..errors import InputError, check_count
from .distances import squared_distances
from .feature_arrays import LARGEST, as_features, require_more_than
from .gaussians import Gaussians, fit_gaussians

__all__ = ["FeatureLikelihood", "feature_likelihood"]


@dataclass(frozen=True)
class FeatureLikelihood:
    """In hundredths of a nat per feature, but for shares and scores.

    divergence  FLD: how much less likely hold-out images are than under fresh images; smaller is
                better, and both poor images and copies make it larger, without bound for copies
    gap         negative log-likelihood of training images less that of hold-out images: negative
                means copying; somewhat negative without, for the variances are fitted to training
                images
    overfit_share  of Gaussians under which training images are likelier than hold-out images,
                   in [0, 1]: larger means more copying; somewhat above one half without
    memorization_scores  (m,) log-likelihood per feature, in nats, of the training image likeliest
                         under the Gaussian of each generated image: larger means more of a copy
    converged   whether both fits stopped because they no longer improved
    """

    divergence: float
    gap: float
    overfit_share: float
    memorization_scores: Float64[np.ndarray, "m"]
    converged: bool


def feature_likelihood(
    train,
    holdout,
    generated,
    *,
    seed: int = 0,  # of the halves of train that the divergence is measured from
) -> FeatureLikelihood:
    """Returns feature likelihood divergence, its gap and scores (Jiralerspong et al. 2023, Sec. 3).

    A Gaussian of its own variance stands on each generated image; `fit_gaussians` fits the
    variances to the training images. The divergence is 100 / d times the mean negative
    log-likelihood of hold-out images, less that under Gaussians on a random half of the training
    images fitted to the other half, of no more Gaussians than there are generated images.

    Kept from the published package: the factor 100 / d and the baseline. Not kept: features have
    mean 0 and variance 1 over the training images, not over the hold-out images, and features that
    are constant there are left out; all generated images are used, not 10,000 at most. The share of
    overfit Gaussians is in the package's earlier versions only, where it adds likelihoods over
    equally many images of both sets; here they are averaged over all.

    Costs about 5 n m steps an iteration and 8 n m bytes, n training and m generated images.

    train, holdout, generated  (n, d), (h, d), (m, d), n at least 4, h and m at least 2, finite

    >>> train, holdout = np.random.default_rng(0).normal(size=(2, 50, 2))
    >>> copies, fresh = (feature_likelihood(train, holdout, of) for of in (train, holdout))
    >>> copies.gap < fresh.gap
    True
    """
    train, holdout, generated = as_features(train=train, holdout=holdout, generated=generated)
    require_more_than(3, train=train)
    check_count("seed", seed, 0)
    train, holdout, generated = _standardised(train, holdout, generated)
    fitted, to_train = _fitted(generated, train)
    to_holdout = squared_distances(holdout, generated)
    dim = train.shape[1]

    shuffled = train[np.random.default_rng(seed).permutation(len(train))]
    half = min(len(generated), len(train) // 2)
    baseline, _ = _fitted(shuffled[:half], shuffled[half:])
    fresh = baseline.log_likelihoods(squared_distances(holdout, shuffled[:half])).mean()

    on_train = fitted.log_likelihoods(to_train).mean()
    on_holdout = fitted.log_likelihoods(to_holdout).mean()
    each = fitted.log_densities(to_train)
    likelier = _log_mean(each) > _log_mean(fitted.log_densities(to_holdout))
    return FeatureLikelihood(
        divergence=float(100 / dim * (fresh - on_holdout)),
        gap=float(100 / dim * (on_holdout - on_train)),
        overfit_share=float(likelier.mean()),
        memorization_scores=each.max(axis=0) / dim,
        converged=fitted.converged and baseline.converged,
    )


def _fitted(
    centres: Float64[np.ndarray, "m d"], images: Float64[np.ndarray, "n d"]
) -> tuple[Gaussians, Float64[np.ndarray, "n m"]]:
    """Returns Gaussians on `centres`, fitted to `images`, and the squared distances between."""
    between = squared_distances(images, centres)
    to_mean = np.sum((images - images.mean(axis=0)) ** 2, axis=1)
    return fit_gaussians(between, to_mean, dim=images.shape[1]), between


def _standardised(train: Float64[np.ndarray, "n d"], *others: np.ndarray) -> list[np.ndarray]:
    mean, std = train.mean(axis=0), train.std(axis=0, ddof=1)
    # What rounding leaves of the variance of equal numbers is none.
    varying = std > 1e-12 * np.abs(train).max(axis=0)
    if not varying.any():
        raise InputError("train", "hold different images", "equal rows", "Check the encoder.")
    found = [(features[:, varying] - mean[varying]) / std[varying] for features in (train, *others)]
    if max(np.abs(features).max() for features in found) > LARGEST:
        raise InputError(
            "holdout and generated",
            f"lie within {LARGEST:g} standard deviations of train",
            "features farther away",
            "Leave out features that hardly vary.",
        )
    return found


def _log_mean(logs: Float64[np.ndarray, "n m"]) -> Float64[np.ndarray, "m"]:
    return scipy.special.logsumexp(logs, axis=0) - np.log(len(logs))

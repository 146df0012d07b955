"""Equally weighted isotropic Gaussians on given centres, their variances fitted by likelihood."""

from typing import NamedTuple

import numpy as np
import scipy.special
from jaxtyping import Float64

__all__ = ["Gaussians", "fit_gaussians"]

LOG_VARIANCES = -40.0, 20.0  # bounds, as published
ORIGIN_SHRINKAGE = 0.1  # by which images move towards their mean for the base likelihood
_FIRST_SLACK = 1e-3  # added to the smallest squared distance for the first variances
_IMPROVEMENT = 1e-8  # nats per dimension: an iteration that gains less is the last
_MOST_ITERATIONS = 1000
_LEAST_MASS = 1e-200  # shares of images below it are rounded too coarsely to divide by
_ELEMENTS_AT_ONCE = 2**21


class Gaussians(NamedTuple):
    """An equally weighted mixture.

    converged  whether the fit stopped because it no longer improved
    """

    log_variances: Float64[np.ndarray, "m"]
    dim: int
    converged: bool

    def log_densities(self, squared: Float64[np.ndarray, "n m"]) -> Float64[np.ndarray, "n m"]:
        """Returns the log-density under each Gaussian at these squared distances from them."""
        return _log_density(squared, self.log_variances, self.dim)

    def log_likelihoods(self, squared: Float64[np.ndarray, "n m"]) -> Float64[np.ndarray, "n"]:
        """Returns the log-density under the mixture."""
        each = self.log_densities(squared)
        return scipy.special.logsumexp(each, axis=1) - np.log(squared.shape[1])


def fit_gaussians(
    squared: Float64[np.ndarray, "n m"], to_mean: Float64[np.ndarray, "n"], *, dim: int
) -> Gaussians:
    """Returns variances that maximise the likelihood (Jiralerspong et al. 2023, Sec. 3).

    What is maximised is the sum over images of log(1/m sum_j N_j + L). The base likelihood L keeps
    images that no Gaussian reaches from ruling the fit; as in the published code it is a Gaussian
    at the images' mean, of a variance fitted along, at 0.9 of their distance from it. First
    variances, bounds and 0.9 are those of the code. A variance at the lower bound, e^-40, belongs
    to an exact copy.

    The code takes 50 steps of Adam at a rate of 0.5, wherever they lead. Here it is expectation
    maximisation, which needs no rate and never makes the likelihood smaller, until an iteration
    gains less than 1e-8 nats per dimension. The likelihood has several maxima, and both may end in
    different ones.

    squared  of distances from images to centres
    to_mean  squared distances of images from their mean
    """
    log_variances = np.log((squared.min(axis=0) + _FIRST_SLACK) / dim)
    shrunk = (1 - ORIGIN_SHRINKAGE) ** 2 * to_mean
    log_base, last = 0.0, -np.inf
    for _ in range(_MOST_ITERATIONS):
        masses, moments = np.zeros((2, len(log_variances)))
        total = base_mass = base_moment = 0.0
        base = _log_density(shrunk, log_base, dim)
        step = max(1, _ELEMENTS_AT_ONCE // len(log_variances))
        for low in range(0, len(squared), step):
            rows = slice(low, low + step)
            logs = _log_density(squared[rows], log_variances, dim) - np.log(len(log_variances))
            top = np.maximum(logs.max(axis=1), base[rows])
            shares, base_shares = np.exp(logs - top[:, None]), np.exp(base[rows] - top)
            likelihoods = shares.sum(axis=1) + base_shares
            shares /= likelihoods[:, None]
            base_shares /= likelihoods
            masses += shares.sum(axis=0)
            moments += np.einsum("nm,nm->m", shares, squared[rows])
            base_mass += base_shares.sum()
            base_moment += base_shares @ shrunk[rows]
            total += (top + np.log(likelihoods)).sum()
        gained = total - last
        if gained < _IMPROVEMENT * squared.shape[0] * dim:
            return Gaussians(log_variances, dim, True)
        last = total
        log_variances = _log_variance(moments, masses, log_variances, dim)
        log_base = float(_log_variance(base_moment, base_mass, log_base, dim))
    return Gaussians(log_variances, dim, False)


def _log_density(squared, log_variances, dim: int) -> np.ndarray:
    return -0.5 * (squared * np.exp(-log_variances) + dim * (log_variances + np.log(2 * np.pi)))


def _log_variance(moments, masses, kept, dim: int) -> np.ndarray:
    """Returns log(moments / (dim masses)) within bounds, or `kept` where no image has a share."""
    least, most = np.exp(LOG_VARIANCES)
    with np.errstate(invalid="ignore", divide="ignore"):
        variances = np.clip(moments / (dim * masses), least, most)
    return np.where(masses > _LEAST_MASS, np.log(variances), kept)

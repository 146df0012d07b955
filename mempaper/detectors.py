"""Every detector of memorization that needs no more than features, behind one interface.

Each takes features of training, hold-out and generated images, (n, d), (m, d) and (g, d), all under
one encoder, and answers with a score, larger where there is more copying. Scores of different
detectors do not compare; p-values do, where a detector has one that is exact if training and
hold-out images can be exchanged. That of C_T is exact if generated and hold-out images can be: it
is small, too, where samples merely vary less than images do.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from .nearness import Real, membership_scores
from .statistics import (
    DataCopyingResult,
    FeatureLikelihood,
    FewTestImagesWarning,
    authenticity,
    data_copying_test,
    feature_likelihood,
    frechet_distance,
    log_score_test,
    memorization_informed_distance,
    nearest_neighbor_gap,
    three_sample_test,
)

__all__ = [
    "DETECTORS",
    "Detection",
    "Detector",
    "data_copying",
    "detect_all",
    "exchanged_scores",
]

_CELL = 30
_MOST_CELLS = 10


@dataclass(frozen=True)
class Detection:
    """What a detector says; without a p-value its score has to be calibrated first."""

    score: float
    p_value: float | None = None


@dataclass(frozen=True)
class Detector:
    """A way to see copying.

    source   key in references.bib
    measure  measure(train, holdout, generated, seed, permutations=1000) -> Detection, or what
             `read` makes one of; permutations of its test, where it has one
    """

    title: str
    source: str
    measure: Callable[..., Any]
    read: Callable[[Any], Detection] = lambda detection: detection

    def detect(self, *sets: Tensor | int, **options: int) -> Detection:
        """Returns what it says; arguments as of `measure`."""
        return self.read(self.measure(*sets, **options))


def _nearness(train, holdout, generated, seed, permutations=1000) -> Detection:
    scores = membership_scores(Real(train, holdout), generated)
    found = log_score_test(*scores, permutations=permutations, seed=seed)
    return Detection(1 - found.ratio, found.p_value)


def data_copying(
    train: Tensor,
    holdout: Tensor,
    generated: Tensor,
    *,
    permutations: int = 1000,
    resamples: int = 1000,
    seed: int = 0,
) -> DataCopyingResult:
    """Returns C_T with so few cells that each has 30 hold-out images on average, and 10 at most.

    >>> train = torch.arange(60.0)[:, None]
    >>> found = data_copying(train, train + 0.25, train, resamples=10)
    >>> found.statistic < -3, found.p_value < 0.01
    (True, True)
    """
    cells = max(1, min(_MOST_CELLS, len(holdout) // _CELL))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewTestImagesWarning)
        return data_copying_test(
            train,
            holdout,
            generated,
            cells=cells,
            permutations=permutations,
            resamples=resamples,
            seed=seed,
        )


def _data_copying(train, holdout, generated, seed, permutations=1000) -> Detection:
    found = data_copying(
        train, holdout, generated, permutations=permutations, resamples=2, seed=seed
    )
    return Detection(-found.statistic, found.p_value)


def _authenticity(train, holdout, generated, seed, permutations=1000) -> Detection:
    return Detection(-authenticity(train, generated).percentage)


def _likelihood(train, holdout, generated, seed, permutations=1000) -> FeatureLikelihood:
    return feature_likelihood(train, holdout, generated, seed=seed)


def _nearest_neighbor(train, holdout, generated, seed, permutations=1000) -> Detection:
    found = nearest_neighbor_gap(train, holdout, generated, permutations=permutations, seed=seed)
    return Detection(-found.gap, found.p_value)


def _three_sample(train, holdout, generated, seed, permutations=1000) -> Detection:
    found = three_sample_test(train, holdout, generated, permutations=permutations, seed=seed)
    return Detection(-found.statistic, found.exchange_p_value)


def _memorization_informed(train, holdout, generated, seed, permutations=1000) -> Detection:
    return Detection(-memorization_informed_distance(train, generated).distance)


def _frechet(train, holdout, generated, seed, permutations=1000) -> Detection:
    return Detection(frechet_distance(generated, holdout) - frechet_distance(generated, train))


DETECTORS: dict[str, Detector] = {
    "nearness": Detector("nearness to samples", "chen2020", _nearness),
    "c_t": Detector("C_T", "meehan2020", _data_copying),
    "authpct": Detector("AuthPct", "alaa2022", _authenticity),
    "fld_gap": Detector(
        "FLD gap", "jiralerspong2023", _likelihood, lambda found: Detection(-found.gap)
    ),
    "overfit_gaussians": Detector(
        "overfit Gaussians",
        "jiralerspong2023",
        _likelihood,
        lambda found: Detection(found.overfit_share),
    ),
    "nn_gap": Detector("1-NN gap", "lopezpaz2017", _nearest_neighbor),
    "mmd": Detector("three-sample MMD", "bounliphone2016", _three_sample),
    "mifid_distance": Detector("MiFID's distance", "bai2021", _memorization_informed),
    "fid_gap": Detector("FID gap", "heusel2017", _frechet),
}


def detect_all(
    detectors: Mapping[str, Detector],
    train: Tensor,
    holdout: Tensor,
    generated: Tensor,
    seed: int,
    permutations: int = 1000,
) -> dict[str, Detection]:
    """Returns what each detector says; what several of them read is measured once.

    >>> sets = torch.randn(3, 10, 2, generator=torch.Generator().manual_seed(0))
    >>> list(detect_all({"mifid_distance": DETECTORS["mifid_distance"]}, *sets, seed=0))
    ['mifid_distance']
    """
    measured = {
        measure: measure(train, holdout, generated, seed, permutations=permutations)
        for measure in {of.measure for of in detectors.values()}
    }
    return {name: of.read(measured[of.measure]) for name, of in detectors.items()}


def exchanged_scores(
    detectors: Mapping[str, Detector],
    train: Tensor,
    holdout: Tensor,
    generated: Tensor,
    *,
    exchanges: int,
    seed: int,
) -> dict[str, Float64[np.ndarray, "exchanges"]]:
    """Returns the detectors' scores after random exchanges of training and hold-out images.

    Where a generator does not know which are which, its own score is as likely to have any rank
    among these.

    >>> sets = torch.randn(3, 10, 2, generator=torch.Generator().manual_seed(0))
    >>> chosen = {name: DETECTORS[name] for name in ("mifid_distance",)}
    >>> exchanged_scores(chosen, *sets, exchanges=4, seed=0)["mifid_distance"].shape
    (4,)
    """
    real, draws = torch.cat([train, holdout]), np.random.default_rng(seed)
    said = []
    for _ in range(exchanges):
        order = torch.from_numpy(draws.permutation(len(real)))
        sets = real[order].split([len(train), len(holdout)])
        said.append(detect_all(detectors, *sets, generated, seed, permutations=1))
    return {name: np.array([each[name].score for each in said]) for name in detectors}

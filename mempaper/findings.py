"""What each detector finds of one generator, on one scale.

Scores of different detectors do not compare: one is a difference of distances, another a share.
Here they become p-values, or are held against what the detector says where training and hold-out
images are exchanged at random. A generator that has learned the distribution and nothing else does
not know which are which, so that its own score is one of these. C_T's p-value alone is of another
exchange, of generated and hold-out images. It asks whether samples lie nearer to training images
than hold-out images do: poor samples hide copies from it, and samples that vary less than images do
look like copies to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import scipy.stats
from jaxtyping import Float, Float64
from torch import Tensor

from .detectors import DETECTORS, Detection, Detector, detect_all, exchanged_scores
from .errors import check_count
from .statistics import MembershipInference, holm, log_score_test, membership_inference, mre_gap
from .statistics.exchanges import permuted
from .training.neural_net_divergence import CriticConfig, divergence_gap

__all__ = [
    "RECOVERY",
    "TITLES",
    "Finding",
    "fired",
    "logan",
    "on_errors",
    "on_features",
    "on_images",
    "on_logits",
]

_PERMUTATIONS = 9999
_LARGEST_P = 0.999
"""A p-value of 1, as permutations give, would have a score of minus infinity."""


@dataclass(frozen=True)
class Finding:
    """What a detector says of one generator.

    score    its own, larger where there is more copying
    p_value  one-sided
    z        on the scale that all detectors share: 0 is expected without copying, and 1.64 is
             exceeded once in twenty times
    exact    whether the p-value is; else it is that of a normal score
    """

    score: float
    p_value: float
    z: float
    exact: bool


def _kolmogorov_smirnov(train: np.ndarray, holdout: np.ndarray, seed: int) -> Detection:
    found = scipy.stats.ks_2samp(train, holdout, alternative="greater")
    return Detection(float(found.statistic), float(found.pvalue))


def _gap(train: np.ndarray, holdout: np.ndarray, seed: int) -> Detection:
    observed = mre_gap(train, holdout)
    as_large = 0
    for errors in permuted(np.concatenate([train, holdout]), _PERMUTATIONS, seed):
        of_train, of_holdout = (
            np.median(part, axis=1) for part in np.split(errors, [len(train)], axis=1)
        )
        as_large += int(np.sum(of_train <= (1 - observed + 1e-12) * of_holdout))
    return Detection(observed, (1 + as_large) / (1 + _PERMUTATIONS))


def _logarithms(train: np.ndarray, holdout: np.ndarray, seed: int) -> Detection:
    found = log_score_test(train, holdout, permutations=_PERMUTATIONS, seed=seed)
    return Detection(1 - found.ratio, found.p_value)


RECOVERY: dict[str, tuple[str, Callable[[np.ndarray, np.ndarray, int], Detection]]] = {
    "ks": ("recovery: KS", _kolmogorov_smirnov),
    "gap": ("recovery: MRE-gap", _gap),
    "log_errors": ("recovery: log errors", _logarithms),
}
"""Title and detector of recovery errors; KS is one-sided, where the paper's has two sides."""

TITLES = {name: title for name, (title, _) in RECOVERY.items()}
TITLES |= {name: detector.title for name, detector in DETECTORS.items()}
TITLES |= {"logan": "discriminator: LOGAN", "divergence": "neural net divergence"}
"""Of all detectors; the last two do not look at every model."""


def on_errors(
    train: Float64[np.ndarray, "n"], holdout: Float64[np.ndarray, "m"], *, seed: int = 0
) -> dict[str, Finding]:
    """Returns what each detector of RECOVERY finds in the recovery errors of two sets of images."""
    return {name: _as_it_says(of(train, holdout, seed)) for name, (_, of) in RECOVERY.items()}


def on_features(
    train: Float[Tensor, "n d"],
    holdout: Float[Tensor, "n d"],
    generated: Float[Tensor, "g d"],
    *,
    exchanges: int = 39,  # two at least
    seed: int = 0,
) -> dict[str, Finding]:
    """Returns what each of DETECTORS finds.

    z is the normal deviate of the p-value. Where a detector has no exact one, its score is
    standardised by its scores under exchanges, and p is Student's: exact where these are normal.
    """
    return _found(DETECTORS, train, holdout, generated, exchanges, seed)


def on_images(
    train: Float[Tensor, "n c h w"],
    holdout: Float[Tensor, "n c h w"],
    generated: Float[Tensor, "g c h w"],
    *,
    critic: CriticConfig,
    exchanges: int = 4,  # two at least; each trains two critics
    seed: int = 0,
) -> dict[str, Finding]:
    """Returns what the gap of the neural net divergence finds, standardised as in `on_features`.

    train, holdout, generated  in [-1, 1], as for divergence_gap
    """

    def measure(train, holdout, generated, seed, permutations=1000) -> Detection:
        return Detection(divergence_gap(generated, train, holdout, config=critic, seed=seed).gap)

    detector = Detector(TITLES["divergence"], "gulrajani2019", measure)
    return _found({"divergence": detector}, train, holdout, generated, exchanges, seed)


def _found(
    detectors: Mapping[str, Detector],
    train: Tensor,
    holdout: Tensor,
    generated: Tensor,
    exchanges: int,
    seed: int,
) -> dict[str, Finding]:
    check_count("exchanges", exchanges, 2)
    found = detect_all(detectors, train, holdout, generated, seed)
    silent = {name: of for name, of in detectors.items() if found[name].p_value is None}
    others = exchanged_scores(silent, train, holdout, generated, exchanges=exchanges, seed=seed)
    return {
        name: _standardised(said.score, others[name]) if name in silent else _as_it_says(said)
        for name, said in found.items()
    }


def logan(
    train: Float64[np.ndarray, "n"], holdout: Float64[np.ndarray, "m"]
) -> MembershipInference:
    """Returns LOGAN (Hayes et al. 2019): who has a high logit is taken for a training image.

    train, holdout  logits of the discriminator; NaN is left out
    """
    return membership_inference(*(-logits[~np.isnan(logits)] for logits in (train, holdout)))


def on_logits(
    train: Float64[np.ndarray, "n"], holdout: Float64[np.ndarray, "m"]
) -> dict[str, Finding]:
    """Returns what `logan` finds: its score is the AUC, whose p-value takes ranks for normal."""
    attack = logan(train, holdout)
    return {"logan": Finding(attack.auc.estimate, attack.p_value, _z(attack.p_value), exact=False)}


def _z(p_value: float) -> float:
    return float(scipy.stats.norm.isf(min(p_value, _LARGEST_P)))


def _as_it_says(said: Detection) -> Finding:
    return Finding(said.score, said.p_value, _z(said.p_value), exact=True)


def _standardised(score: float, exchanged: Float64[np.ndarray, "e"]) -> Finding:
    count, above = len(exchanged), score - exchanged.mean()
    unit = exchanged.std(ddof=1) * np.sqrt(1 + 1 / count)
    if unit > 0:
        standardised = float(above / unit)
    elif above:
        standardised = float(np.copysign(np.inf, above))
    else:
        standardised = 0.0
    p_value = float(scipy.stats.t.sf(standardised, count - 1))
    return Finding(score, p_value, float(scipy.stats.norm.isf(p_value)), exact=False)


def fired(findings: dict[str, Finding], *, level: float = 0.05) -> list[str]:
    """Returns the detectors that find copying where the probability of any false alarm is at most
    `level`, by Holm over all of them.

    For C_T a false alarm is one where generated images are drawn as hold-out images are. A
    generator that knows no training image but varies too little is none to it.
    """
    adjusted = holm([found.p_value for found in findings.values()])
    return [name for name, p in zip(findings, adjusted, strict=True) if p <= level]

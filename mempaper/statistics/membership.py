"""Membership inference: how well a score tells images that were trained on from others.

A score is any number an image, lower where the image is more likely a member: its recovery error
(GAN-Leaks' white-box attack, Chen et al. 2020), its distance to the nearest generated image (their
black-box attack), or minus the discriminator's logit (LOGAN, Hayes et al. 2019).
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats
from jaxtyping import Float64

from ..errors import InputError
from .bootstrap import Interval, as_numbers, as_sample, check_confidence
from .copying_scores import z_u

__all__ = [
    "MembershipInference",
    "black_box_scores",
    "calibrated_scores",
    "membership_auc",
    "membership_inference",
    "true_positive_rate",
]


@dataclass(frozen=True)
class MembershipInference:
    """How well a score tells members from non-members.

    auc                 in [0, 1]: 1/2 is guessing, 1 tells all members from all others
    true_positive_rate  share of members found where a share `false_positive_rate` of non-members
                        is taken for members
    p_value             of scores that are no lower for members, one-sided (Mann and Whitney)
    """

    member_count: int
    nonmember_count: int
    auc: Interval
    true_positive_rate: Interval
    false_positive_rate: float
    p_value: float


def membership_inference(
    member_scores,
    nonmember_scores,
    *,
    false_positive_rate: float = 0.01,
    confidence: float = 0.95,
) -> MembershipInference:
    """Returns AUC, true positives at few false ones, and the p-value, all of them one-sided.

    The p-value is the normal approximation, corrected for ties: Phi(Z_U) of the copying test.

    member_scores, nonmember_scores  (n,) and (m,), at least 2 each, finite; lower for members

    >>> found = membership_inference([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    >>> found.auc.estimate, found.member_count
    (1.0, 3)
    """
    members = as_sample("member_scores", member_scores)
    nonmembers = as_sample("nonmember_scores", nonmember_scores)
    return MembershipInference(
        member_count=len(members),
        nonmember_count=len(nonmembers),
        auc=membership_auc(members, nonmembers, confidence=confidence),
        true_positive_rate=true_positive_rate(
            members,
            nonmembers,
            false_positive_rate=false_positive_rate,
            confidence=confidence,
        ),
        false_positive_rate=false_positive_rate,
        p_value=float(scipy.stats.norm.cdf(z_u(nonmembers, members, tie_correction=True))),
    )


def membership_auc(member_scores, nonmember_scores, *, confidence: float = 0.95) -> Interval:
    """Returns the probability that a member scores lower than a non-member; ties count one half.

    The variance is that of DeLong et al. (1988), the interval normal on the scale of
    log(AUC / (1 - AUC)), as Pohar Perme and Manevski (2019) recommend after trying many. That
    variance is 0 where the two separate completely, or all scores are equal. The interval is then
    Newcombe's (2006, method 5): all values from which the estimate lies within so many standard
    deviations, these by Hanley and McNeil (1982).

    member_scores, nonmember_scores  (n,) and (m,), at least 2 each, finite; lower for members

    >>> membership_auc([1.0, 3.0], [2.0, 4.0]).estimate  # three of four pairs
    0.75
    """
    members = as_sample("member_scores", member_scores)
    nonmembers = as_sample("nonmember_scores", nonmember_scores)
    check_confidence(confidence)
    n, m = len(members), len(nonmembers)
    ranks = scipy.stats.rankdata(np.concatenate([members, nonmembers]))
    above = 1 - (ranks[:n] - scipy.stats.rankdata(members)) / m
    below = (ranks[n:] - scipy.stats.rankdata(nonmembers)) / n
    auc = float(above.mean())
    z = float(scipy.stats.norm.ppf((1 + confidence) / 2))
    error = np.sqrt(above.var(ddof=1) / n + below.var(ddof=1) / m)
    if error == 0:
        low, high = _newcombe_low(auc, n, m, z), 1 - _newcombe_low(1 - auc, n, m, z)
    else:
        centre, half = scipy.special.logit(auc), z * error / (auc * (1 - auc))
        low, high = scipy.special.expit([centre - half, centre + half])
    return Interval(float(low), float(high), auc, confidence)


def true_positive_rate(
    member_scores,
    nonmember_scores,
    *,
    false_positive_rate: float = 0.01,  # in (0, 1)
    confidence: float = 0.95,
) -> Interval:
    """Returns the share of members that score below the threshold.

    The threshold is the lowest non-member's score that leaves out at most a share
    `false_positive_rate` of them: with 1 % and m non-members, scores strictly below the
    (floor(m / 100) + 1)-th lowest are taken for members. Below 100 non-members that share is less
    than one image, and nothing is known: NaN, and all of [0, 1].

    The interval is of the rate at the threshold that the population of non-members has. It joins
    the exact interval of that threshold, between two order statistics, with the exact
    (Clopper-Pearson) ones of the shares below them, each end with a quarter of the error, so that
    it covers at least as often as it says. The threshold is hard to know: at 1 % and 95 % the lower
    end is 0 below 437 non-members.

    member_scores, nonmember_scores  (n,) and (m,), at least 2 each, finite; lower for members

    >>> members, others = [0.5, 1.5, 2.5, 3.5], [1.0, 2.0, 3.0, 4.0]
    >>> true_positive_rate(members, others, false_positive_rate=0.25).estimate  # below 2
    0.5
    """
    members = as_sample("member_scores", member_scores)
    ordered = np.sort(as_sample("nonmember_scores", nonmember_scores))
    check_confidence(confidence)
    if not 0 < false_positive_rate < 1:
        raise InputError(
            "false_positive_rate", "lie in (0, 1)", false_positive_rate, "Pass 0.01 for 1 %."
        )
    allowed = int(np.floor(false_positive_rate * len(ordered) * (1 + 1e-12)))
    if allowed < 1:
        return Interval(0.0, 1.0, float("nan"), confidence)
    error = (1 - confidence) / 4
    # The number of non-members below the population's threshold is binomial.
    fewest, most = scipy.stats.binom.ppf([error, 1 - error], len(ordered), false_positive_rate)
    bounded = np.concatenate([[-np.inf], ordered, [np.inf]])
    surely = int(np.sum(members < bounded[int(fewest)]))
    perhaps = int(np.sum(members <= bounded[int(most) + 1]))
    return Interval(
        _clopper_pearson(surely, len(members), error)[0],
        _clopper_pearson(perhaps, len(members), error)[1],
        float(np.mean(members < ordered[allowed])),
        confidence,
    )


def calibrated_scores(errors, reference_errors) -> Float64[np.ndarray, "n"]:
    """Returns the errors less those of a model that was not trained on these images.

    What makes an image hard for any model leaves the score (Chen et al. 2020, calibrated attack).

    errors            (n,) of the attacked model
    reference_errors  (n,) of a reference model, for the same images in the same order

    >>> calibrated_scores([3.0, 1.0], [1.0, 1.0]).tolist()
    [2.0, 0.0]
    """
    errors = as_sample("errors", errors)
    reference = as_sample("reference_errors", reference_errors)
    if len(errors) != len(reference):
        raise InputError(
            "reference_errors",
            f"hold {len(errors)} errors",
            len(reference),
            "Measure the same images with both models.",
        )
    return errors - reference


def black_box_scores(distances) -> Float64[np.ndarray, "n"]:
    """Returns each image's distance to the nearest generated one (Chen et al. 2020, black box).

    Members and non-members have to be held against the same generated images. The authors' code
    takes the Euclidean distance of pixels.

    distances  (n, k), k >= 1, of each image to k generated ones, the nearest among them

    >>> black_box_scores([[3.0, 1.0], [2.0, 5.0]]).tolist()
    [1.0, 2.0]
    """
    distances = as_numbers("distances", distances)
    if distances.ndim != 2 or not distances.size or not (distances >= 0).all():
        raise InputError(
            "distances",
            "be numbers of at least 0, of shape (n, k), n and k at least 1",
            distances.shape,
            "Pass one row for each image.",
        )
    return distances.min(axis=1)


def _newcombe_low(auc: float, n: int, m: int, z: float) -> float:
    """Returns the least AUC from which `auc` lies z standard deviations away."""
    if auc == 0:
        return 0.0
    others = (n + m) / 2 - 1  # n - 1 and m - 1 in Hanley and McNeil's Eq. (1)

    def excess(theta: float) -> float:
        spread = 1 + others * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return (auc - theta) ** 2 - z**2 * theta * (1 - theta) * spread / (n * m)

    nearly = auc * (1 - 1e-12)
    if excess(nearly) >= 0:  # a z so small that what lies beyond is lost in rounding
        return nearly
    return float(scipy.optimize.brentq(excess, 0.0, nearly))


def _clopper_pearson(found: int, count: int, error: float) -> tuple[float, float]:
    """Returns both ends of the exact interval, each wrong with a probability of at most `error`."""
    low = scipy.special.betaincinv(found, count - found + 1, error) if found else 0.0
    high = scipy.special.betaincinv(found + 1, count - found, 1 - error) if found < count else 1.0
    return float(low), float(high)

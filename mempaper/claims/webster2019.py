"""What Webster et al. (2019) claim, and the predicates that decide it.

That overfitting is *not* detected says something only where the optimiser comes to its end: one
that fails on all images alike hides every difference. What it leaves undone is seen on own samples
of the generator, whose true error is 0. Where their median error is a share r of the validation
images', as much may lie on both medians of a gap, which is then 1 - r of its true size.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ..statistics import (
    KS_P_VALUE_THRESHOLD,
    MRE_GAP_THRESHOLD,
    Interval,
    OverfittingTest,
)
from .verdicts import (
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    Claim,
    above,
    apart,
    combined,
    listed,
    percent,
    points,
    span,
)

__all__ = ["CLAIMS", "Gaps", "Pair"]

VALID_SHARE = 0.9
"""Of a generator's own samples so many must be recovered before "undetected" means anything."""

_TENTHS, _POWERS = "{:.1f}".format, "{:.1e}".format


def _ten_times_faster(*, ratio: Interval, rival: str) -> tuple[str, str]:
    detail = (
        f"{rival} needs {span(ratio, _TENTHS)} times the passes to reach the median "
        f"error of L-BFGS; five times counts as roughly ten."
    )
    return above(ratio, 5.0), detail


def _own_samples(*, shares: Mapping[str, Interval], bound: float) -> tuple[str, str]:
    each = listed({name: span(share, percent) for name, share in shares.items()})
    detail = f"Own samples recovered below an error of {bound:g}; 95 % are asked for. {each}"
    return combined(above(share, 0.95) for share in shares.values()), detail


def _distorted_above_train(*, difference: Interval, model: str) -> tuple[str, str]:
    detail = f"{model}: MRE(distorted) / MRE(train) - 1 is {span(difference, percent)}."
    return above(difference, 0.0), detail


def _fit(test: OverfittingTest) -> str:
    return f"p = {test.ks.p_value:.2g}, MRE-gap {span(test.gap, percent)}"


def _is_undetected(test: OverfittingTest, undone: float) -> str:
    """Neither test detects overfitting, and the gap's whole interval is below the threshold, also
    when it is 1 - `undone` of its true size."""
    if test.detected_by_ks or test.gap.low > MRE_GAP_THRESHOLD:
        return NOT_REPRODUCED
    clear = test.gap.high <= MRE_GAP_THRESHOLD * (1 - undone)
    return REPRODUCED if clear else NOT_TESTABLE


def _undetected(
    *, tests: Mapping[str, OverfittingTest], undone: Mapping[str, float]
) -> tuple[str, str]:
    detail = listed(
        {
            name: f"{_fit(test)}, own samples end at {percent(undone[name])} of the validation MRE"
            for name, test in tests.items()
        }
    )
    return combined(_is_undetected(test, undone[n]) for n, test in tests.items()), detail


def _is_detected(test: OverfittingTest) -> str:
    if test.detected_by_ks and test.gap.low > MRE_GAP_THRESHOLD:
        return REPRODUCED
    missed = not test.detected_by_ks or test.gap.high <= MRE_GAP_THRESHOLD
    return NOT_REPRODUCED if missed else NOT_TESTABLE


def _detected(*, tests: Mapping[str, OverfittingTest]) -> tuple[str, str]:
    detail = listed({name: _fit(test) for name, test in tests.items()})
    return combined(map(_is_detected, tests.values())), detail


def _falls(by_count: Mapping[int, Interval]) -> str:
    return apart(by_count[min(by_count)], by_count[max(by_count)])


def _gap_falls(*, gaps: Mapping[str, Mapping[int, Interval]]) -> tuple[str, str]:
    detail = listed(
        {
            f"{dataset}, N = {n}": span(by_count[n], percent)
            for dataset, by_count in gaps.items()
            for n in sorted(by_count)
        }
    )
    return combined(map(_falls, gaps.values())), detail


def _all_above(excesses: Mapping[str, Interval]) -> str:
    return combined(above(excess, 0.0) for excess in excesses.values())


def _strong_distortion(*, excesses: Mapping[str, Interval]) -> tuple[str, str]:
    each = listed({name: span(excess, percent) for name, excess in excesses.items()})
    detail = f"MRE at the greatest strength over that of the undistorted images, less 1. {each}"
    return _all_above(excesses), detail


def _nearer_than_training(*, excesses: Mapping[str, Interval]) -> tuple[str, str]:
    each = listed({name: span(excess, percent) for name, excess in excesses.items()})
    detail = f"Median error of the nearest training image over that of G(z*), less 1. {each}"
    return _all_above(excesses), detail


def _suits_its_image(*, excesses: Mapping[str, Interval]) -> tuple[str, str]:
    each = listed({name: span(excess, percent) for name, excess in excesses.items()})
    detail = f"Median error of the hidden part of another's G(z*) over its own, less 1. {each}"
    return _all_above(excesses), detail


class Pair(NamedTuple):
    """The same images on pixels and under phi, and how much the MRE-gap changes between them."""

    on_pixels: OverfittingTest
    under_phi: OverfittingTest
    change: Interval


def _agree(first: OverfittingTest, other: OverfittingTest, change: Interval) -> str:
    """Two tests say the same where both detect overfitting, or where neither test of KS does and
    the gaps differ by less than the paper's threshold."""
    detected = [_is_detected(test) for test in (first, other)]
    if set(detected) == {REPRODUCED}:
        return REPRODUCED
    outside = change.low > MRE_GAP_THRESHOLD or change.high < -MRE_GAP_THRESHOLD
    if outside or set(detected) == {REPRODUCED, NOT_REPRODUCED}:
        return NOT_REPRODUCED
    within = change.low >= -MRE_GAP_THRESHOLD and change.high <= MRE_GAP_THRESHOLD
    by_ks = first.detected_by_ks or other.detected_by_ks
    return REPRODUCED if within and not by_ks else NOT_TESTABLE


def _phi_changes_nothing(*, pairs: Mapping[str, Pair]) -> tuple[str, str]:
    detail = listed(
        {
            name: f"{_fit(first)} on pixels; {_fit(other)} under phi; "
            f"the gap changes by {span(change, points)}"
            for name, (first, other, change) in pairs.items()
        }
    )
    return combined(_agree(*pair) for pair in pairs.values()), detail


class Gaps(NamedTuple):
    """A model's MRE-gap, its gap in Frechet distances, and the latter of one that copies."""

    mre_gap: Interval
    fid_gap: Interval
    fid_gap_of_copies: Interval


def _is_unseen(gaps: Gaps) -> str:
    """The gap in features is below the paper's threshold, with its whole interval, where that of a
    generator that copies is above it."""
    _, seen, copies = gaps
    if seen.low > MRE_GAP_THRESHOLD:
        return NOT_REPRODUCED
    clear = seen.high <= MRE_GAP_THRESHOLD and copies.low > MRE_GAP_THRESHOLD
    return REPRODUCED if clear else NOT_TESTABLE


def _fid_is_blind(*, gaps: Mapping[str, Gaps]) -> tuple[str, str]:
    detected = {name: g for name, g in gaps.items() if g[0].low > MRE_GAP_THRESHOLD}
    if not detected:
        return NOT_TESTABLE, "No model's MRE-gap is above 10 % with its whole interval."
    each = {
        name: f"MRE-gap {span(mre, percent)}, FID-gap {span(seen, percent)}, of copied training "
        f"images {span(copies, percent)}"
        for name, (mre, seen, copies) in detected.items()
    }
    return combined(map(_is_unseen, detected.values())), listed(each)


def _recovers_everything(
    *, medians: Mapping[str, Interval], bound: float, model: str
) -> tuple[str, str]:
    each = listed({name: span(median, _POWERS) for name, median in medians.items()})
    verdict = combined(
        REPRODUCED if m.high <= bound else NOT_REPRODUCED if m.low > bound else NOT_TESTABLE
        for m in medians.values()
    )
    return verdict, f"{model}: median errors, 0 meaning below {bound:g}. {each}"


def _glo_stands_out(
    *, glos: Mapping[str, Interval], gans: Mapping[str, Interval]
) -> tuple[str, str]:
    each = listed({name: span(gap, percent) for name, gap in {**glos, **gans}.items()})
    verdicts = (apart(glo, gan) for glo in glos.values() for gan in gans.values())
    return combined(verdicts), f"MRE-gaps. {each}"


def _slope_below_zero(*, slopes: Mapping[str, Interval]) -> tuple[str, str]:
    detail = listed({name: span(slope, points) for name, slope in slopes.items()})
    verdicts = (
        REPRODUCED if s.high < 0 else NOT_REPRODUCED if s.low >= 0 else NOT_TESTABLE
        for s in slopes.values()
    )
    return combined(verdicts), f"Change of the MRE-gap for each doubling of N. {detail}"


_PAPER = "Webster et al. 2019, "

CLAIMS = (
    Claim(
        "lbfgs-ten-times-faster",
        "L-BFGS recovers in about 50 iterations what gradient descent needs about 500 for.",
        _PAPER + "Sec. 2.1",
        _ten_times_faster,
        show=_TENTHS,
    ),
    Claim(
        "own-samples-recovered",
        "Every network recovers its own samples verbatim.",
        _PAPER + "Sec. 2.1",
        _own_samples,
    ),
    Claim(
        "distorted-above-train",
        "A network rejects distorted images: their errors are above those of training images.",
        _PAPER + "Sec. 2.2",
        _distorted_above_train,
    ),
    Claim(
        "gan-generalizes",
        f"Overfitting of GANs is undetectable: p above {100 * KS_P_VALUE_THRESHOLD:.0f} % and an "
        f"MRE-gap below {100 * MRE_GAP_THRESHOLD:.0f} %.",
        _PAPER + "Sec. 3.2 and Table 1",
        _undetected,
    ),
    Claim(
        "small-glo-detected",
        "GLO overfits a small training set, and both tests detect it.",
        _PAPER + "Sec. 3.2 and Table 1",
        _detected,
    ),
    Claim(
        "large-glo-undetected",
        "With enough training images the overfitting of GLO is no longer detectable.",
        _PAPER + "Sec. 3.3 and Table 1",
        _undetected,
    ),
    Claim(
        "nearest-generated-robust",
        "Under distortions the nearest generated image is more meaningful than the nearest "
        "training image: it is closer to the undistorted one.",
        _PAPER + "Sec. 1 and Fig. 1",
        _nearer_than_training,
    ),
    Claim(
        "strong-distortion-rejected",
        "Recovery errors tell images off the manifold: strong distortions raise them.",
        _PAPER + "Sec. 2.2 and Fig. 2",
        _strong_distortion,
    ),
    Claim(
        "completes-hidden",
        "Recovery under a mask or a pooling is accurate in what it fills in: it suits the image "
        "better than what was filled in for another.",
        _PAPER + "Sec. 4.1 and Fig. 6",
        _suits_its_image,
    ),
    Claim(
        "perceptual-changes-nothing",
        "Perceptual losses change nothing in the statistics of recovery errors.",
        _PAPER + "Sec. 2.1 and supplement",
        _phi_changes_nothing,
    ),
    Claim(
        "gan-generalizes-locally",
        "On eyes, mouths and patches, too, the overfitting of GANs is undetectable.",
        _PAPER + "Sec. 4.2 and supplement",
        _undetected,
    ),
    Claim(
        "gap-falls-with-n",
        "The gap between training and validation errors of GLO, AE and AEGAN falls with the "
        "number N of training images.",
        _PAPER + "Sec. 3.2 and Fig. 4",
        _gap_falls,
    ),
    Claim(
        "glo-recoveries-stand-out",
        "Memorization shows in the recoveries of GLO and not in those of GANs: its MRE-gap lies "
        "above theirs.",
        _PAPER + "Sec. 4.2 and Fig. 3",
        _glo_stands_out,
    ),
    Claim(
        "fid-does-not-see-memorization",
        "FID does not detect memorization that recovery errors detect.",
        _PAPER + "Sec. 3.4 and Fig. 5",
        _fid_is_blind,
    ),
    Claim(
        "invertible-recovers-everything",
        "The errors of an invertible generator are zero, whatever the image shows.",
        _PAPER + "Sec. 2.2",
        _recovers_everything,
        show=_POWERS,
    ),
    Claim(
        "gap-falls-by-doubling",
        "The MRE-gap falls as the number N of training images doubles, on average over the range.",
        _PAPER + "Sec. 3.2, Fig. 4 and Table 1",
        _slope_below_zero,
        show=points,
    ),
)

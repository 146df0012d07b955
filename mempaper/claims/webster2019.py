"""What Webster et al. (2019) claim, and the predicates that decide it.

That overfitting is *not* detected says something only where the optimiser comes to its end: one
that fails on all images alike hides every difference. What it leaves undone is seen on own samples
of the generator, whose true error is 0. Where their median error is a share r of the validation
images', as much may lie on both medians of a gap, which is then 1 - r of its true size.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ..statistics import (
    MRE_GAP_THRESHOLD,
    Interval,
    OverfittingTest,
)
from .verdicts import (
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    Predicate,
    above,
    apart,
    below,
    combined,
    each_by,
    listed,
    percent,
    points,
    span,
    within,
)

__all__ = ["CLAIMS", "Gaps", "Pair"]

ALIKE = 0.10
"""A median error that is larger by no more counts as the same."""

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
    if test.gap.high <= MRE_GAP_THRESHOLD:
        return NOT_REPRODUCED
    clear = test.detected_by_ks and test.gap.low > MRE_GAP_THRESHOLD
    return REPRODUCED if clear else NOT_TESTABLE


def _detected(*, tests: Mapping[str, OverfittingTest]) -> tuple[str, str]:
    detail = listed({name: _fit(test) for name, test in tests.items()})
    return combined(map(_is_detected, tests.values())), detail


def _is_consistent(test: OverfittingTest) -> str:
    by_gap = above(test.gap, MRE_GAP_THRESHOLD)
    if by_gap == NOT_TESTABLE:
        return NOT_TESTABLE
    same = test.detected_by_ks == (by_gap == REPRODUCED)
    return REPRODUCED if same else NOT_REPRODUCED


def _consistent(*, tests: Mapping[str, OverfittingTest]) -> tuple[str, str]:
    detail = listed({name: _fit(test) for name, test in tests.items()})
    return combined(map(_is_consistent, tests.values())), detail


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


def _phi_changes_nothing(*, pairs: Mapping[str, Pair]) -> tuple[str, str]:
    detail = listed(
        {
            name: f"{_fit(first)} on pixels; {_fit(other)} under phi; "
            f"the gap changes by {span(change, points)}"
            for name, (first, other, change) in pairs.items()
        }
    )
    return combined(within(pair.change, MRE_GAP_THRESHOLD) for pair in pairs.values()), detail


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


def _glo_takes_in(*, glos: Mapping[str, Interval], gans: Mapping[str, Interval]) -> tuple[str, str]:
    each = listed({name: span(excess, percent) for name, excess in {**glos, **gans}.items()})
    verdicts = (apart(gan, glo) for glo in glos.values() for gan in gans.values())
    return combined(verdicts), f"MRE(distorted) / MRE(train) - 1. {each}"


def _slope_below_zero(*, slopes: Mapping[str, Interval]) -> tuple[str, str]:
    detail = listed({name: span(slope, points) for name, slope in slopes.items()})
    verdicts = (
        REPRODUCED if s.high < 0 else NOT_REPRODUCED if s.low >= 0 else NOT_TESTABLE
        for s in slopes.values()
    )
    return combined(verdicts), f"Change of the MRE-gap for each doubling of N. {detail}"


CLAIMS = {
    "lbfgs-ten-times-faster": Predicate(_ten_times_faster, show=_TENTHS),
    "published-steps-suffice": Predicate(
        each_by(
            below,
            ALIKE,
            "Median error by the published steps over that with a line search, less 1; "
            f"{percent(ALIKE)} more count as none.",
        )
    ),
    "more-iterations-help": Predicate(
        each_by(above, 0.0, "Median error after half of the passes over that after all, less 1.")
    ),
    "own-samples-recovered": Predicate(_own_samples),
    "distorted-above-train": Predicate(_distorted_above_train),
    "glo-takes-in-distortions": Predicate(_glo_takes_in),
    "small-sets-disjoint": Predicate(
        each_by(
            above,
            0.95,
            "Validation images with a larger error than every training image; 95 % are asked for.",
        )
    ),
    "gan-generalizes": Predicate(_undetected),
    "small-glo-detected": Predicate(_detected),
    "small-ae-detected": Predicate(_detected),
    "small-aegan-detected": Predicate(_detected),
    "large-glo-undetected": Predicate(_undetected),
    "tests-agree": Predicate(_consistent),
    "nearest-generated-robust": Predicate(_nearer_than_training),
    "strong-distortion-rejected": Predicate(_strong_distortion),
    "completes-hidden": Predicate(_suits_its_image),
    "perceptual-changes-nothing": Predicate(_phi_changes_nothing),
    "gan-generalizes-locally": Predicate(_undetected),
    "gap-falls-with-n": Predicate(_gap_falls),
    "glo-recoveries-stand-out": Predicate(_glo_stands_out),
    "fid-does-not-see-memorization": Predicate(_fid_is_blind),
    "invertible-recovers-everything": Predicate(_recovers_everything, show=_POWERS),
    "gap-falls-by-doubling": Predicate(_slope_below_zero, show=points),
}

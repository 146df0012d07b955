"""What an audit's tests and controls amount to, in one word and in sentences."""

from collections.abc import Sequence

from .examination import SHARES, Controls, Test
from .report import OwnSamples

__all__ = ["CLEAR", "MEMORIZATION", "UNDECIDED", "decide"]

MEMORIZATION = "memorization"
CLEAR = "no memorization found"
UNDECIDED = "cannot tell"

_VALID = 0.1
"""Own samples' median error over the hold-out images', above which recovery cannot acquit."""


def decide(
    tests: Sequence[Test], controls: Controls, own: OwnSamples | None, *, level: float
) -> tuple[str, list[str]]:
    """Returns the verdict and its reasons.

    Memorization  a test's adjusted p-value is at most `level`; training and hold-out images can be
                  exchanged, for all that the negative control sees
    Cannot tell   they cannot; or no test fires, nor would one where 10 % of the samples are copies
    """
    reasons = []
    if not controls.passed_negative:
        return UNDECIDED, [
            "Training and hold-out images differ, in more than chance allows: half of the training "
            "images, taken for a generator's, seem to copy the other half. Nothing that is found "
            "can be told from this difference. Hand over hold-out images from the same source, or "
            "remove duplicates from the training images."
        ]
    fired = [test for test in tests if test.adjusted_p_value <= level]
    if fired:
        for test in fired:
            reasons.append(
                f"By {test.name}, training images lie nearer to the generator than hold-out images "
                f"do (adjusted p = {test.adjusted_p_value:.2g})."
            )
        if controls.doubtful:
            reasons.append(
                "Part of it may be a difference between the two sets: the negative control came "
                f"near to failing (p = {min(controls.negative.values()):.2g})."
            )
        return MEMORIZATION, reasons
    share = controls.sensitivity(level)
    if share is None:
        return UNDECIDED, [
            f"No test fires, but none would have fired, either, had {100 * max(SHARES):g} % of the "
            "samples been copies of training images. More images are needed."
        ]
    reasons.append(
        f"No test fires. Had {100 * share:g} % of the samples been exact copies of training "
        "images, a test would have."
    )
    if own is not None and own.ratio > _VALID:
        reasons.append(
            f"Recovery does not find the generator's own samples (their median error is "
            f"{100 * own.ratio:.0f} % of the hold-out images'), so that it says nothing here."
        )
    return CLEAR, reasons

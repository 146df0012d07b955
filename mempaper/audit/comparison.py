"""All detectors on one generator, each beside what it says where the truth is known."""

from dataclasses import dataclass, replace

import numpy as np

from ..detectors import DETECTORS, Detection
from ..errors import InputError
from .examination import SHARES
from .proximity import Sets, planted

__all__ = ["Compared", "compare"]


@dataclass(frozen=True)
class Compared:
    """A detector's answers; its scores compare within the row, larger where there is more copying.

    found      on the generator
    no_copies  on other training images, as if generated
    copies     on that with 10 % of the images replaced by copies
    """

    title: str
    found: Detection
    no_copies: Detection
    copies: Detection


def compare(sets: Sets, *, seed: int) -> tuple[list[Compared], dict[str, str]]:
    """Returns the answers of all detectors of mempaper.detectors, and why others gave none.

    All see equally many images of each kind, at most half of the training images, drawn at random.
    """
    count = min(len(sets.train) // 2, len(sets.holdout), sets.generated.shape[1])
    draws = np.random.default_rng([seed, 6])
    real, unseen, made = (
        draws.permutation(total)
        for total in (len(sets.train), len(sets.holdout), sets.generated.shape[1])
    )
    given = Sets(
        sets.name,
        sets.metric,
        sets.train[real[:count]],
        sets.holdout[unseen[:count]],
        sets.generated[:1, made[:count]],
    )
    faultless = replace(given, generated=sets.train[real[count : 2 * count]][None])
    cases = (given, faultless, planted(faultless, max(SHARES), seed=seed))
    answers, left_out = [], {}
    for detector in DETECTORS.values():
        try:
            found = [detector.detect(c.train, c.holdout, c.generated[0], seed) for c in cases]
        except InputError as error:
            left_out[detector.title] = f"{error.argument} must {error.rule}; got {error.value}."
        else:
            answers.append(Compared(detector.title, *found))
    return answers, left_out

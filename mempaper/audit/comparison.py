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
    train, holdout = sets.real.train, sets.real.holdout
    totals = len(train), len(holdout), sets.generated.shape[1]
    count = min(totals[0] // 2, *totals[1:])
    draws = np.random.default_rng([seed, 6])
    seen, unseen, made = (draws.permutation(total) for total in totals)
    real = replace(sets.real, train=train[seen[:count]], holdout=holdout[unseen[:count]])
    given = Sets(sets.name, real, sets.generated[:1, made[:count]])
    faultless = replace(given, generated=train[seen[count : 2 * count]][None])
    cases = (given, faultless, planted(faultless, max(SHARES), seed=seed))
    answers, left_out = [], {}
    for detector in DETECTORS.values():
        try:
            found = [detector.detect(real.train, real.holdout, c.generated[0], seed) for c in cases]
        except InputError as error:
            left_out[detector.title] = f"{error.argument} must {error.rule}; got {error.value}."
        else:
            answers.append(Compared(detector.title, *found))
    return answers, left_out

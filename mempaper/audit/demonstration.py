"""An audit of a generator whose truth is known, on images that come with the package."""

from typing import Any

from .. import experiments, generators
from ..experiments.splits import trained_on
from .inspecting import audit
from .report import Report

__all__ = ["demo"]


def demo(**settings: Any) -> Report:
    """Returns the audit of GLO-128 on digits, which memorizes (Webster et al. 2019, Sec. 3.2).

    settings  keywords of `audit`

    >>> demo(generated=200, recovered=32).verdict  # doctest: +SKIP
    'memorization'
    """
    (run,) = experiments.train_all(
        experiments.jobs(["digits"], models=["glo-128"], training={}, seeds=[0])
    )
    split = trained_on(run, settings.get("data_root"))
    return audit(generators.load(run), split.train[:], split.holdout[:], **settings)

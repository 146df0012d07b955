"""Fig. 6 of Webster et al. (2019): images filled in from a part, or sharpened from a small copy.

phi hides something of the image: pixels under a mask, detail under a pooling. Recovery under phi
picks G(z*) by what phi shows; what phi hides was no target, so it is judged against the truth,
beside the training image that is nearest under the same phi, and beside what was filled in for
another image.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch.nn.functional as F
from jaxtyping import Float, Float64
from torch import Tensor

from . import experiments, parallel
from .nearest_images import nearest_training, training_images
from .operators import AveragePool, Covered, Mask, Operator
from .runs import Run, Store
from .statistics import Interval, paired_excess

__all__ = ["Completion", "complete", "hidden_error", "summary", "visible"]


@dataclass(frozen=True)
class Completion:
    """For n images y: phi(y) as an image, G(z*), y and the nearest training image under phi."""

    operator: Operator
    visible: Tensor
    recovered: Tensor
    truth: Tensor
    nearest: Tensor

    @property
    def hidden_errors(self) -> dict[str, np.ndarray]:
        """Returns the errors of what phi hides: of G(z*), of the nearest training image, and of
        "another", the G(z*) of the next image, which shows what a plausible guess is worth."""
        guesses = {
            "recovered": self.recovered,
            "nearest": self.nearest,
            "another": self.recovered.roll(-1, 0),
        }
        return {who: hidden_error(self.operator, g, self.truth) for who, g in guesses.items()}

    @property
    def excess(self) -> Interval:
        """Returns by which share another image's G(z*) is farther off than the image's own."""
        errors = self.hidden_errors
        return paired_excess(errors["another"], errors["recovered"])


def complete(
    run: Run,
    operators: Mapping[str, Operator],  # name -> a mask or a pooling
    *,
    kind: str = "holdout",  # the paper takes training images, whose nearest is the image itself
    count: int,
    steps: int,
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> dict[str, Completion]:
    """Returns `count` images of a kind, recovered under each operator."""
    common = {"run": run, "kind": kind, "count": count, "seed": seed, "data_root": data_root}
    jobs = [{**common, "operator": o, "steps": steps, "store": store} for o in operators.values()]
    found = parallel.run(experiments.recover, jobs, description="completing")
    truth = experiments.targets(**common)
    bank = training_images(run, data_root)
    completed = {}
    for (name, operator), made in zip(operators.items(), found, strict=True):
        chosen, _ = nearest_training(truth, bank, operator=operator)
        recovered = experiments.recovered_images(run, made)
        completed[name] = Completion(
            operator, visible(operator, truth), recovered, truth, bank[chosen]
        )
    return completed


def visible(operator: Operator, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Returns what phi shows as images of the same size: covered, or pooled and spread again."""
    if isinstance(operator, Mask):
        return Covered(operator)(images)
    return _spread(operator, images)


def hidden_error(
    operator: Mask | AveragePool, images: Float[Tensor, "n c h w"], truth: Float[Tensor, "n c h w"]
) -> Float64[np.ndarray, "n"]:
    """Returns the mean squared error of what phi hides.

    Under a mask, of the hidden pixels. Under a pooling, of what is left of each image once its
    block means are taken away.
    """
    images, truth = images.double(), truth.double()
    if isinstance(operator, Mask):
        difference = (~operator)(images) - (~operator)(truth)
    else:
        difference = images - truth
        difference = (difference - _spread(operator, difference)).flatten(1)
    return difference.square().mean(1).numpy()


def _spread(pool: AveragePool, images: Tensor) -> Tensor:
    return F.interpolate(pool(images), images.shape[2:], mode="nearest")


def summary(completed: Mapping[str, Completion]) -> pd.DataFrame:
    """Returns the median errors of hidden and of visible parts, by operator."""
    rows = []
    for name, c in completed.items():
        errors = c.hidden_errors
        seen = {
            who: (c.operator(images) - c.operator(c.truth)).flatten(1).square().mean(1)
            for who, images in (("recovered", c.recovered), ("nearest", c.nearest))
        }
        rows.append(
            {
                "φ": name,
                "visible part, G(z*)": _median(seen["recovered"]),
                "visible part, nearest training image": _median(seen["nearest"]),
                "hidden part, G(z*)": _median(errors["recovered"]),
                "hidden part, nearest training image": _median(errors["nearest"]),
                "hidden part, another's G(z*)": _median(errors["another"]),
            }
        )
    return pd.DataFrame(rows).set_index("φ").rename_axis(None)


def _median(errors) -> str:
    return f"{np.median(np.asarray(errors)):.2e}"

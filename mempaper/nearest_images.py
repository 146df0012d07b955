"""Fig. 1 of Webster et al. (2019): the nearest generated and the nearest training image.

NN_G(y) = G(z*) is what recovery finds; NN_D(y) = argmin over x in D of ||phi(x) - phi(y)||. Where
the target y is a distorted image, both are held against the image that it was made from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from . import experiments, parallel
from .experiments.splits import trained_on
from .images import Images
from .operators import AdditiveNoise, NoisePatches, Operator
from .runs import Run, Store
from .statistics import Interval, paired_excess

__all__ = ["Nearest", "distortions", "find", "nearest_training", "summary", "training_images"]

_AT_ONCE = 1024  # images of the bank


@dataclass(frozen=True)
class Nearest:
    """For n targets the images they were made from, NN_G and NN_D, all (n, c, h, w)."""

    originals: Tensor
    targets: Tensor
    generated: Tensor
    training: Tensor

    @property
    def excess(self) -> Interval:
        """Returns by which share NN_D is farther from the originals than NN_G, in the median."""
        training, generated = (
            _errors(images, self.originals) for images in (self.training, self.generated)
        )
        return paired_excess(training, generated)


def distortions(size: int) -> dict[str, Operator | None]:
    """Returns the four targets of Fig. 1 by name: the images, and three distortions of them.

    The warp is `experiments.distortion`; two noise patches of 3/10 of the side, and additive noise
    of standard deviation 0.3 and 0.3 of [-1, 1]. The paper gives no numbers.
    """
    return {
        "identity": None,
        "warp": experiments.distortion(size),
        "patches": NoisePatches(count=2, size=max(1, round(0.3 * size)), sigma=0.3),
        "noise": AdditiveNoise(sigma=0.3),
    }


def find(
    run: Run,
    kind: str,
    *,
    count: int,
    steps: int,
    distorted: Mapping[str, Operator | None],
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> dict[str, Nearest]:
    """Returns NN_G and NN_D of `count` images of a kind, as distorted by each of `distorted`."""
    common = {"run": run, "kind": kind, "count": count, "seed": seed, "data_root": data_root}
    jobs = [{**common, "distort": d, "steps": steps, "store": store} for d in distorted.values()]
    found = parallel.run(experiments.recover, jobs, description="recovering")
    originals = experiments.targets(**common)
    bank = training_images(run, data_root)
    pairs = {}
    for (name, distort), made in zip(distorted.items(), found, strict=True):
        wanted = originals if distort is None else distort(originals)
        chosen, _ = nearest_training(wanted, bank)
        generated = experiments.recovered_images(run, made)
        pairs[name] = Nearest(originals, wanted, generated, bank[chosen])
    return pairs


def training_images(run: Run, data_root: Path | None = None) -> Images:
    """Returns the images that a training run was trained on."""
    return trained_on(run, data_root).train


@torch.no_grad()
def nearest_training(
    targets: Float[Tensor, "n c h w"], bank: Images, *, operator: Operator | None = None
) -> tuple[Int[Tensor, "n"], Float64[np.ndarray, "n"]]:
    """Returns the index in `bank` of each target's nearest image under phi, and its distance.

    Distances are mean squared differences of phi. Of equally near images the first is taken.
    """
    seen = (lambda images: images) if operator is None else operator
    wanted = seen(targets).flatten(1).double()
    least = torch.full((len(targets),), torch.inf, dtype=torch.float64)
    index = torch.zeros(len(targets), dtype=torch.long)
    for low in range(0, len(bank), _AT_ONCE):
        part = seen(bank[low : low + _AT_ONCE]).flatten(1).double()
        distances = torch.cdist(wanted, part, compute_mode="donot_use_mm_for_euclid_dist")
        nearest, at = distances.square().div(wanted.shape[1]).min(1)
        nearer = nearest < least
        least, index = torch.where(nearer, nearest, least), torch.where(nearer, low + at, index)
    return index, least.numpy()


def summary(found: Mapping[str, Nearest]) -> pd.DataFrame:
    """Returns the median errors of NN_G and NN_D against the undistorted images, by distortion."""
    rows = [
        {
            "target": name,
            "distorted image itself": f"{np.median(_errors(n.targets, n.originals)):.2e}",
            "nearest generated": f"{np.median(_errors(n.generated, n.originals)):.2e}",
            "nearest training": f"{np.median(_errors(n.training, n.originals)):.2e}",
        }
        for name, n in found.items()
    ]
    return pd.DataFrame(rows).set_index("target").rename_axis(None)


def _errors(images: Tensor, originals: Tensor) -> np.ndarray:
    return (images.double() - originals.double()).square().mean((1, 2, 3)).numpy()

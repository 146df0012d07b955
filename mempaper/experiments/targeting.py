"""Images to recover with a trained generator."""

from pathlib import Path

import numpy as np
import torch

from .. import generators, operators
from ..errors import InputError
from ..runs import Run
from .splits import trained_on

__all__ = ["KINDS", "distortion", "targets"]

KINDS = ("train", "holdout", "generated", "distorted")


def distortion(size: int, *, share: float = 0.04, seed: int = 0) -> operators.SmoothWarp:
    """Returns the smooth warp of Sec. 2.2 that makes this book's distorted images.

    Its displacements have a standard deviation of 4 %, or another share, of the image's side and
    vary over 1/8 of it. The paper does not say which distortion its Table 1 uses, nor how strong.

    >>> distortion(32).smoothing
    4.0
    """
    smoothing = size / 8
    sigma = share * size * 2 * np.sqrt(np.pi) * smoothing
    return operators.SmoothWarp(sigma=float(sigma), smoothing=smoothing, seed=seed)


def targets(
    run: Run,
    kind: str,
    count: int,
    *,
    distort: operators.Operator | None = None,
    seed: int = 0,
    data_root: Path | None = None,
) -> torch.Tensor:
    """Returns `count` images (n, c, h, w) to recover with the generator of a training run.

    kind     "train", the first images it was trained on; "holdout", images it never saw;
             "generated", its own samples; "distorted", the first training images warped by
             `distortion`
    distort  makes each image another one, such as a noisy one

    >>> run = train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> targets(run, "holdout", 3).shape
    torch.Size([3, 1, 16, 16])
    """
    plain = _targets(run, kind, count, seed, data_root)
    return plain if distort is None else distort(plain)


def _targets(run: Run, kind: str, count: int, seed: int, data_root: Path | None) -> torch.Tensor:
    if kind not in KINDS:
        raise InputError(
            "kind", f"be one of {', '.join(KINDS)}", repr(kind), "Choose one of these."
        )
    if count < 1:
        raise InputError("count", "be at least 1", count, "Give a positive count.")
    split = trained_on(run, data_root)
    if kind == "generated":
        return generators.load(run).sample(count, seed=seed)
    chosen = split.holdout if kind == "holdout" else split.train
    if not len(chosen):
        raise InputError(
            "kind", "have images", f"{kind!r}, of which run {run.id} kept none", "Choose another."
        )
    chosen = chosen[: min(count, len(chosen))]
    return (
        distortion(run.config["data"]["size"], seed=seed)(chosen) if kind == "distorted" else chosen
    )

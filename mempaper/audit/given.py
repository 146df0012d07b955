"""The images that a reader hands over."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .. import images
from .._recovery_input import check_targets
from ..errors import InputError

__all__ = ["MOST", "as_images", "check_disjoint", "check_shapes"]

MOST = 10_000
"""Images of one kind that an audit looks at, at most: a random choice of more."""

LEAST = 20


def as_images(
    argument: str, given: object, *, size: int | None = None, seed: int = 0
) -> Float[Tensor, "n c h w"]:
    """Returns images in [-1, 1] as float32 on the CPU, at most MOST, in their order.

    given  an array or tensor (n, c, h, w), floating-point in [-1, 1] or uint8; or the path of an
           .npy or .npz file, or of a folder, whose images are cut to squares of `size`

    Raises
        InputError  naming the argument, where it is none of these or holds fewer than 20 images
    """
    if isinstance(given, str | Path):
        given = _read(argument, Path(given), size)
    if not isinstance(given, Tensor | np.ndarray):
        raise InputError(
            argument,
            "be images (n, c, h, w), or the path of a folder, .npy or .npz file",
            type(given).__name__,
            "Pass one of these.",
        )
    if len(given) > MOST:
        chosen = np.sort(np.random.default_rng([seed, 3]).permutation(len(given))[:MOST])
        given = given[chosen]
    tensor = torch.as_tensor(np.asarray(given) if isinstance(given, np.ndarray) else given)
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.uint8:
        tensor = tensor.float() / 127.5 - 1
    try:
        checked = check_targets(tensor).float()
    except InputError as error:
        raise InputError(argument, error.rule, error.value, error.remedy) from error
    if len(checked) < LEAST:
        raise InputError(
            argument, f"hold at least {LEAST} images", len(checked), "A few hundred say more."
        )
    return checked


def check_shapes(**named: Tensor) -> None:
    """Raises an InputError where the images of one argument differ in shape from the first's."""
    (first, of), *others = named.items()
    for argument, these in others:
        if these.shape[1:] != of.shape[1:]:
            raise InputError(
                argument,
                f"have images of shape {tuple(of.shape[1:])}, as {first} has",
                tuple(these.shape[1:]),
                "Resize one of them; folders are cut to `size`.",
            )


def check_disjoint(train: Float[Tensor, "n c h w"], holdout: Float[Tensor, "m c h w"]) -> None:
    """Raises an InputError where most hold-out images are among the training images."""
    seen = {image.numpy().tobytes() for image in train}
    shared = sum(image.numpy().tobytes() in seen for image in holdout)
    if shared > len(holdout) / 2:
        raise InputError(
            "holdout",
            "be images that the generator was not trained on",
            f"{shared} of {len(holdout)} that are among the training images",
            "Hand over images that were kept apart.",
        )


def _read(argument: str, path: Path, size: int | None) -> Tensor:
    try:
        return images.load(path, size=size, holdout=0).train[:]
    except InputError as error:
        named = argument if error.argument == "source" else error.argument
        raise InputError(named, error.rule, error.value, error.remedy) from error

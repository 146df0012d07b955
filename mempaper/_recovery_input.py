"""What `recover` demands of its arguments."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .errors import InputError, check_count

__all__ = ["check_counts", "check_generator", "check_targets"]

_AT_ONCE = 512


def check_counts(
    latent_dim: object,
    steps: object,
    restarts: object,
    candidates: object,
    batch_size: object,
    first: object,
    seed: object,
) -> None:
    """Raises an InputError where a count is no whole number or out of its range."""
    at_least = {
        "latent_dim": (latent_dim, 1),
        "steps": (steps, 1),
        "restarts": (restarts, 1),
        "batch_size": (batch_size, 1),
        "candidates": (candidates, 0),
        "first": (first, 0),
        "seed": (seed, 0),
    }
    for name, (value, least) in at_least.items():
        check_count(name, value, least)
    if 0 < candidates < restarts:
        raise InputError(
            "candidates",
            f"be 0 or at least the number of restarts, {restarts}",
            candidates,
            "Each restart begins at another candidate: ask for more candidates or fewer restarts.",
        )


def check_targets(targets):
    """Returns the targets, or raises an InputError if they are no images in [-1, 1]."""
    shape = tuple(getattr(targets, "shape", ()))
    if len(shape) != 4 or 0 in shape:
        raise InputError(
            "targets",
            "be a non-empty array of shape (n, c, h, w)",
            f"shape {shape}",
            "Add the missing axes: one grey image is (1, 1, h, w).",
        )
    for begin in range(0, len(targets), _AT_ONCE):
        part = targets[begin : begin + _AT_ONCE]
        try:
            part = torch.as_tensor(part)
        except TypeError:  # of a type that PyTorch lacks
            part = np.asarray(part)
        if not isinstance(part, torch.Tensor) or not part.is_floating_point():
            raise InputError(
                "targets",
                "be floating-point images in [-1, 1]",
                f"dtype {part.dtype}",
                "Scale bytes by x / 127.5 - 1.",
            )
        finite = part.isfinite().flatten(1).all(1)
        if not finite.all():
            raise InputError(
                "targets",
                "be finite",
                f"NaN or infinity in image {begin + int(finite.logical_not().nonzero()[0])}",
                "Remove or repair that image.",
            )
        low, high = float(part.min()), float(part.max())
        if low < -1 or high > 1:
            raise InputError(
                "targets",
                "lie in [-1, 1]",
                f"values from {low:.4g} to {high:.4g}",
                "Scale images in [0, 1] by 2 x - 1 and bytes by x / 127.5 - 1.",
            )
    return targets


def check_generator(
    generator: Callable,
    operator: Callable | None,
    latents: Float[Tensor, "3 d"],
    shape: tuple[int, ...],  # (c, h, w) of the targets
) -> None:
    """Raises an InputError where generator and operator do not do what `recover` relies on.

    They map each latent, or image, by itself, differentiably, to the targets' shape.
    """
    for name, function in (("generator", generator), ("operator", operator or len)):
        if not callable(function):
            raise InputError(name, "be callable", repr(function), "Pass a function or a module.")
    with torch.enable_grad():
        images = _tried("generator", generator, latents.clone().requires_grad_(True))
    if tuple(images.shape) != (3, *shape):
        raise InputError(
            "generator",
            f"map latents {tuple(latents.shape)} to images of the targets' shape {(3, *shape)}",
            f"shape {tuple(images.shape)}",
            "Resize the targets or choose the generator that fits them.",
        )
    if not images.requires_grad:
        raise InputError(
            "generator",
            "be differentiable",
            "images without a gradient",
            "Remove torch.no_grad() or .detach() from it.",
        )
    alone = _tried("generator", generator, latents[[0, 0, 0]])
    if (alone[0] - images[0]).abs().nan_to_num().max() > 1e-3:
        raise InputError(
            "generator",
            "map each latent by itself",
            "images that change with the rest of the batch",
            "Put its networks in evaluation mode with .eval(): batch normalisation mixes images.",
        )
    if operator is not None:
        with torch.enable_grad():
            features = _tried("operator", operator, images)
        if not features.ndim or len(features) != 3 or not features.requires_grad:
            raise InputError(
                "operator",
                "map images (n, c, h, w) to features (n, ...), differentiably",
                f"shape {tuple(features.shape)} for 3 images, "
                f"{'with' if features.requires_grad else 'without'} a gradient",
                "Keep the first axis, and compute with torch.",
            )


def _tried(name: str, function: Callable, argument: Tensor) -> Tensor:
    try:
        made = function(argument)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            name,
            f"accept a batch of shape {tuple(argument.shape)}",
            f"the error {str(error).splitlines()[0]!r}",
            "Check latent_dim and the shapes that it expects.",
        ) from error
    if not isinstance(made, Tensor) or not made.is_floating_point():
        raise InputError(
            name, "return a floating-point torch tensor", type(made).__name__, "Convert it."
        )
    return made

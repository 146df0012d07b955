"""How many images an audit can afford."""

import time

import torch

from .subject import Subject

__all__ = ["affordable"]

_BATCH = 32
_OVERHEAD = 2.0  # of recovery over its passes alone: starts, line search, copies


def affordable(
    audited: Subject, budget: float | int, steps: int, generated: int, recovered: int
) -> tuple[int, int]:
    """Returns at most `generated` and `recovered`, so that they take at most `budget` seconds.

    Half of the time goes to samples, half to the recovery of training and hold-out images. What a
    pass costs is measured: on another day the numbers may be others, and so may the report.
    """
    latents = torch.zeros(_BATCH, audited.latent_dim, device=audited.device)

    def seconds(run) -> float:
        run()
        started = time.perf_counter()
        run()
        return (time.perf_counter() - started) / _BATCH

    def forward() -> None:
        with torch.no_grad():
            audited.function(latents).cpu()

    def both() -> None:
        with torch.enable_grad():
            made = audited.function(latents.requires_grad_(True))
            torch.autograd.grad(made.sum(), latents)

    samples = int(budget / 2 / seconds(forward))
    images = samples
    if audited.differentiable:
        images = int(budget / 2 / (2 * steps * _OVERHEAD * seconds(both)))
    return max(20, min(generated, samples)), max(20, min(recovered, images))

"""Recovers images with a trained generator as a step on the store."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import (
    encoding,
    families,
    generators,
    minimizers,
    operators,
    parallel,
    quasi_newton,
    recovery,
)
from ..errors import InputError
from ..progress import track
from ..runs import Run, Store
from .arrays import is_whole, read_arrays, write_arrays
from .splits import trained_on

__all__ = [
    "KINDS",
    "distortion",
    "in_shards",
    "recover",
    "recovered",
    "recovered_images",
    "targets",
]

KINDS = ("train", "holdout", "generated", "distorted")
_SHARD = 256


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


def recover(
    run: Run,
    kind: str,
    *,
    count: int,
    steps: int = 100,
    method: str | recovery.Method = "lbfgs",  # or "encoder"
    restarts: int = 1,
    candidates: int | None = None,
    operator: operators.Operator | None = None,  # phi; None: the identity
    distort: operators.Operator | None = None,  # of the targets, see `targets`
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Run:
    """Returns the run that recovered `count` images of one kind (see `targets`).

    The run holds recovery.npz with latents, errors, stop and evaluations, as in recovery.Recovery,
    and trace, the error at each pass. It is made in shards, so that an interruption loses at most
    256 images. With method="encoder" the latents are those of the model's own encoder, and no
    option but `distort` and `seed` plays a part. `operator` and `distort` are operators of this
    package, or frozen dataclasses like them: see `operators.describe`.

    Raises
        InputError  an argument is unknown or out of range, or the model has no encoder

    >>> run = train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> recover(run, "train", count=2, steps=2, candidates=8).kind
    'recover'
    """
    with parallel.one_thread():
        wanted = targets(run, kind, count, distort=distort, seed=seed, data_root=data_root)
    family = families.get(run.config["model"])
    if method == "encoder" and family.encoder is None:
        raise InputError(
            "method", f"be a minimiser's for {family.title}", "'encoder'", "It has no encoder."
        )
    if method == "encoder" and operator is not None:
        raise InputError(
            "operator",
            "be None where an encoder recovers",
            type(operator).__name__,
            "An encoder sees whole images: choose a minimiser.",
        )
    config = {"run": run.id, "kind": kind, "count": len(wanted), "seed": seed}
    if distort is not None:
        config["distort"] = operators.describe(distort)
    if operator is not None:
        config["operator"] = operators.describe(operator)
    if method == "encoder":
        config["method"] = {"name": "encoder"}
    else:
        method = recovery.choose(method)
        config |= {
            "steps": steps,
            "method": {"name": type(method).__name__} | asdict(method),
            "restarts": restarts,
            "candidates": candidates,
        }

    def build(folder: Path) -> dict[str, Any]:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        generator = generators.load(run, device=device)

        def solve(part: torch.Tensor, first: int) -> recovery.Recovery:
            if method == "encoder":
                return encoding.recover_by_encoder(
                    generator.network, generator.encoder, part.to(device)
                )
            return recovery.recover(
                generator.network,
                part,
                generator.latent_dim,
                operator=operator,
                method=method,
                steps=steps,
                restarts=restarts,
                candidates=candidates,
                first=first,
                seed=seed,
                trace=True,
            )

        whole = in_shards(folder, wanted, solve, f"recovering {kind} images")
        return {
            "median_recovery_error": float(np.median(whole["errors"])),
            "converged": float(np.mean(whole["stop"] <= minimizers.Stop.FLAT)),
            "evaluations": float(np.mean(whole["evaluations"])),
        }

    code = (*family.code, encoding, generators, minimizers, operators, quasi_newton, recovery)
    return (store or Store()).make("recover", config, build, code=code, seed=seed)


_ARRAYS = ("latents", "errors", "stop", "evaluations", "trace")


def in_shards(
    folder: Path,
    wanted: torch.Tensor,
    solve: Callable[[torch.Tensor, int], recovery.Recovery],
    description: str,
) -> dict[str, np.ndarray]:
    """Returns the arrays of solve(images, number of the first) for all of `wanted`, 256 at a time.

    Shards that lie below `folder` are taken from there. All are written to its recovery.npz.
    """
    lows = range(0, len(wanted), _SHARD)
    paths = {low: folder / "checkpoints" / f"{low}.npz" for low in lows}
    for low in track(lows, description):
        if not is_whole(paths[low], _ARRAYS):
            with parallel.one_thread():
                found = solve(wanted[low : low + _SHARD], low)
            arrays = {name: getattr(found, name).cpu().numpy() for name in _ARRAYS}
            write_arrays(paths[low], arrays)
    parts = [read_arrays(path) for path in paths.values()]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in _ARRAYS}
    write_arrays(folder / "recovery.npz", whole)
    return whole


def recovered(run: Run) -> dict[str, np.ndarray]:
    """Returns the arrays of a recovery run.

    >>> run = train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> sorted(recovered(recover(run, "train", count=2, steps=2, candidates=8)))
    ['errors', 'evaluations', 'latents', 'stop', 'trace']
    """
    return read_arrays(run.file("recovery.npz"))


@torch.no_grad()
def recovered_images(run: Run, made: Run, count: int | None = None) -> torch.Tensor:
    """Returns the first `count`, or all, images G(z*) (n, c, h, w) that a recovery run found.

    run  the training run whose generator was used

    >>> run = train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> found = recover(run, "train", count=2, steps=2, candidates=8)
    >>> recovered_images(run, found, 1).shape
    torch.Size([1, 1, 16, 16])
    """
    generator = generators.load(run)
    latents = torch.from_numpy(recovered(made)["latents"][:count])
    return torch.cat([generator(part) for part in latents.split(_SHARD)])

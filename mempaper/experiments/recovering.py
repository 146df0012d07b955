"""Recovers images with a trained generator as a step on the store."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
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
from ..errors import InputError, check_count
from ..progress import track
from ..runs import Run, Store
from .arrays import is_whole, read_arrays, write_arrays
from .targeting import targets

__all__ = ["code_of", "in_shards", "recover", "recover_part", "recovered", "recovered_images"]

_SHARD = 256


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

    Shards that `recover_part` has made are taken as they are.

    Raises
        InputError  an argument is unknown or out of range, or the model has no encoder

    >>> run = train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> recover(run, "train", count=2, steps=2, candidates=8).kind
    'recover'
    """
    task = _task(
        run,
        kind,
        count=count,
        steps=steps,
        method=method,
        restarts=restarts,
        candidates=candidates,
        operator=operator,
        distort=distort,
        seed=seed,
        data_root=data_root,
    )
    store = store or Store()

    def build(folder: Path) -> dict[str, Any]:
        for low in task.lows:
            if made := store.find("recover-shard", task.shard(low), code=task.code):
                write_arrays(_checkpoint(folder, low), recovered(made))
        whole = in_shards(folder, task.wanted, task.solver(), f"recovering {kind} images")
        return _metrics(whole)

    return store.make("recover", task.config, build, code=task.code, seed=seed)


def recover_part(
    run: Run,
    kind: str,
    *,
    part: int,  # from 1 to `parts`
    parts: int,
    store: Store | None = None,
    **options: Any,  # of `recover`
) -> list[Run]:
    """Returns the runs of those shards that are this part of what `recover` does.

    Parts may be made at once and anywhere the store is seen; with all of them `recover` has nothing
    left to compute, and each image's result is the same bits. Nothing is made once the whole is.

    Raises
        InputError  as `recover`, or there is no such part

    >>> run = train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> settings = {"count": 2, "steps": 2, "candidates": 8, "seed": 1}
    >>> parts = recover_part(run, "train", part=1, parts=1, **settings)
    >>> [made.config["first"] for made in parts]
    [0]
    """
    check_count("parts", parts, 1)
    check_count("part", part, 1, parts)
    task, store = _task(run, kind, **options), store or Store()
    if store.find("recover", task.config, code=task.code) is not None:
        return []
    first, end = ((i * len(task.lows)) // parts for i in (part - 1, part))
    solve = cache(task.solver)

    def make(low: int) -> Run:
        def build(folder: Path) -> dict[str, Any]:
            arrays = _solved(solve(), task.wanted, low)
            write_arrays(folder / "recovery.npz", arrays)
            return _metrics(arrays)

        config = task.shard(low)
        return store.make("recover-shard", config, build, code=task.code, seed=task.config["seed"])

    return [make(low) for low in track(task.lows[first:end], f"recovering {kind} images")]


@dataclass(frozen=True, eq=False)
class _Task:
    """A recovery whose arguments were checked.

    solver  makes solve(images, number of the first), see `in_shards`
    """

    wanted: torch.Tensor
    config: dict[str, Any]
    code: tuple[ModuleType, ...]
    solver: Callable[[], Callable[[torch.Tensor, int], recovery.Recovery]]

    @property
    def lows(self) -> range:
        """Returns the number of the first image of each shard."""
        return range(0, len(self.wanted), _SHARD)

    def shard(self, low: int) -> dict[str, Any]:
        """Returns what identifies one shard."""
        return self.config | {"first": low, "images": len(self.wanted[low : low + _SHARD])}


def _task(
    run: Run,
    kind: str,
    *,
    count: int,
    steps: int = 100,
    method: str | recovery.Method = "lbfgs",
    restarts: int = 1,
    candidates: int | None = None,
    operator: operators.Operator | None = None,
    distort: operators.Operator | None = None,
    seed: int = 0,
    data_root: Path | None = None,
) -> _Task:
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

    def solver() -> Callable[[torch.Tensor, int], recovery.Recovery]:
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

        return solve

    return _Task(wanted, config, code_of(run.config["model"]), solver)


def code_of(model: str) -> tuple[ModuleType, ...]:
    """Returns the modules whose code is part of the identity of a recovery."""
    family = families.get(model)
    return (*family.code, encoding, generators, minimizers, operators, quasi_newton, recovery)


def _metrics(found: dict[str, np.ndarray]) -> dict[str, float]:
    return {
        "median_recovery_error": float(np.median(found["errors"])),
        "converged": float(np.mean(found["stop"] <= minimizers.Stop.FLAT)),
        "evaluations": float(np.mean(found["evaluations"])),
    }


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
    paths = {low: _checkpoint(folder, low) for low in lows}
    for low in track(lows, description):
        if not is_whole(paths[low], _ARRAYS):
            write_arrays(paths[low], _solved(solve, wanted, low))
    parts = [read_arrays(path) for path in paths.values()]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in _ARRAYS}
    write_arrays(folder / "recovery.npz", whole)
    return whole


def _solved(
    solve: Callable[[torch.Tensor, int], recovery.Recovery], wanted: torch.Tensor, low: int
) -> dict[str, np.ndarray]:
    with parallel.one_thread():
        found = solve(wanted[low : low + _SHARD], low)
    return {name: getattr(found, name).cpu().numpy() for name in _ARRAYS}


def _checkpoint(folder: Path, low: int) -> Path:
    return folder / "checkpoints" / f"{low}.npz"


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

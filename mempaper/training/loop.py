"""The training loop: iterates, logs, saves, and resumes to the same bits.

Everything random in step k is drawn from (seed, k), never from a running stream, so a run that was
killed and continued ends with the weights of one that was not. With several processes, each takes
an equal part of the batch; gradients are averaged, and after each step all have the weights and
buffers of the first.
"""

import csv
import io
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from ..errors import InputError
from ..files import write_atomic
from ..progress import track
from . import checkpoints

__all__ = ["Objective", "TrainingDiverged", "batch_indices", "fit"]


class TrainingDiverged(RuntimeError):
    """A loss became NaN or infinite: training stops rather than go on with broken weights."""


@runtime_checkable
class Objective(Protocol):
    """What the loop needs of a way to train: networks, their optimisers, and one update."""

    networks: dict[str, nn.Module]  # without an optimizer: state that only has to be saved
    optimizers: dict[str, Optimizer]
    averaged: tuple[str, ...]  # names of networks whose weights are also averaged over steps

    def step(
        self,
        fabric: Fabric,
        images: Float[Tensor, "b c h w"],
        index: Int[Tensor, "b"],
        noise: Callable[..., Tensor],
    ) -> dict[str, Tensor]:
        """Updates the networks once and returns scalars; `noise(*shape)` draws from N(0, 1)."""
        ...


@runtime_checkable
class TrainingImages(Protocol):
    """Images by number: `images[index]` is float (b, c, h, w) in [-1, 1]."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Int[Tensor, "b"]) -> Float[Tensor, "b c h w"]: ...


@lru_cache(maxsize=2)
def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)


def batch_indices(count: int, batch_size: int, *, seed: int, step: int) -> Int[np.ndarray, "b"]:
    """Returns the images of a step: each epoch is a fresh permutation, its remainder dropped."""
    batch_size = min(batch_size, count)
    epoch, k = divmod(step, count // batch_size)
    return _order(count, seed, epoch)[k * batch_size : (k + 1) * batch_size]


def _noise(seed: int, step: int, rank: int, device: torch.device) -> Callable[..., Tensor]:
    words = np.random.SeedSequence([seed, step, rank]).generate_state(2, np.uint32)
    generator = torch.Generator().manual_seed(int(words[0]) << 31 ^ int(words[1]))
    return lambda *shape: torch.randn(*shape, generator=generator).to(device)


def _moving_average(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor], None]:
    """Returns the update of an exponential moving average after n updates.

    The decay grows as (1 + n) / (10 + n) up to `decay`, so that a short training is not averaged
    with its random beginning.
    """

    def update(average: list[Tensor], current: list[Tensor], n: Tensor) -> None:
        n = int(n)
        weight = 1 - min(decay, (1 + n) / (10 + n))
        for old, new in zip(average, current, strict=True):
            if old.is_floating_point():
                old.lerp_(new, weight)
            else:
                old.copy_(new)

    return update


def _table(rows: list[dict[str, int | float]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _check_finite(values: dict[str, float], step: int, folder: Path) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise TrainingDiverged(
                f"{name} became {value} at step {step}: the training diverged and was "
                f"stopped. Lower the learning rate or try another seed; the last good checkpoint "
                f"is kept under {folder}."
            )


def _check_weights(modules: dict[str, nn.Module], step: int, folder: Path) -> None:
    for name, module in modules.items():
        if not all(p.isfinite().all() for p in module.parameters()):
            raise TrainingDiverged(
                f"the weights of {name} are no longer finite at step {step}: the training diverged "
                f"and was stopped. Lower the learning rate or try another seed; the last good "
                f"checkpoint is kept under {folder}."
            )


def fit(
    objective: Objective,
    images: TrainingImages,
    *,
    steps: int,
    batch_size: int,
    seed: int,
    folder: Path,
    fabric: Fabric | None = None,
    ema_decay: float = 0.999,  # weight of the old average in a late step's new one
    log_every: int = 50,  # steps between two rows of losses.csv
    checkpoint_seconds: float = 30.0,
    tensorboard: bool = False,  # also write event files under folder/tensorboard
    description: str = "training",
) -> dict[str, nn.Module]:
    """Returns the trained networks by name, with averaged ones also as "<name>_ema".

    Writes losses.csv and, while it runs, checkpoints/ into `folder`; a second call with the same
    arguments continues from there.

    Raises
        InputError        no images, or steps or batch_size below one
        TrainingDiverged  a loss became NaN or infinite
    """
    for name, value in (("images", len(images)), ("steps", steps), ("batch_size", batch_size)):
        if value < 1:
            raise InputError(name, "be at least 1", value, "Give a positive count.")
    fabric = fabric or Fabric(devices=1)
    networks, optimizers = objective.networks, objective.optimizers
    # On a processor, convolutions are up to a third faster with the channels of a pixel together.
    layout = torch.channels_last if fabric.device.type == "cpu" else torch.contiguous_format
    for name, network in networks.items():
        network.to(memory_format=layout)
        if name in optimizers:
            networks[name], optimizers[name] = fabric.setup(network, optimizers[name])
        else:
            fabric.to_device(network)
    modules = {name: getattr(network, "module", network) for name, network in networks.items()}
    averages = {
        name: AveragedModel(
            modules[name], multi_avg_fn=_moving_average(ema_decay), use_buffers=True
        )
        for name in objective.averaged
    }
    modules |= {f"{name}_ema": average.module for name, average in averages.items()}

    start, rows = 0, []
    if (state := checkpoints.latest(folder / "checkpoints")) is not None:
        _restore(state, modules, optimizers, averages, layout)
        start, rows = state["step"], state["rows"]

    def save(step: int) -> None:
        _check_weights(modules, step, folder)
        if fabric.is_global_zero:
            tree = _state(modules, optimizers, averages) | {"step": step, "rows": rows}
            checkpoints.write_checkpoint(folder / "checkpoints", step, tree)

    logger = _tensorboard(folder) if tensorboard and fabric.is_global_zero else None
    saved = time.monotonic()
    shown = track(
        range(start, steps),
        description=description,
        initial=start,
        total=steps,
        show=fabric.is_global_zero,
    )
    for step in shown:
        chosen = batch_indices(len(images), batch_size, seed=seed, step=step)
        share = chosen[fabric.global_rank :: fabric.world_size]
        batch = fabric.to_device(images[torch.as_tensor(share)]).contiguous(memory_format=layout)
        with _gradients_kept(fabric, (networks[name] for name in optimizers)):
            scalars = objective.step(
                fabric,
                batch,
                torch.as_tensor(share),
                _noise(seed, step, fabric.global_rank, fabric.device),
            )
        if fabric.world_size > 1:
            _share_buffers(modules[name] for name in networks)
        for name, average in averages.items():
            average.update_parameters(modules[name])
        done = step + 1
        log = done % log_every == 0 or done == steps
        due = time.monotonic() - saved > checkpoint_seconds or done == steps
        if log:
            scalars = fabric.all_reduce(scalars, reduce_op="mean")
        if log or due:
            values = {name: float(value) for name, value in scalars.items()}
            _check_finite(values, done, folder)
        if log:
            rows.append({"step": done} | values)
        if log and logger is not None:
            for name, value in values.items():
                logger.add_scalar(name, value, done)
        if due:
            save(done)
            saved = time.monotonic()
    if fabric.is_global_zero:
        write_atomic(folder / "losses.csv", _table(rows))
    return {
        name: module.to(memory_format=torch.contiguous_format).eval()
        for name, module in modules.items()
    }


@contextmanager
def _gradients_kept(fabric: Fabric, networks: Iterable[nn.Module]) -> Iterator[None]:
    """Leaves each process its own gradients, which updates.descend averages.

    Unlike what DistributedDataParallel would do on the way back, that serves gradients of
    gradients, several passes before one way back, and weights that a pass leaves out.
    """
    with ExitStack() as stack:
        if fabric.world_size > 1:
            for network in networks:
                stack.enter_context(fabric.no_backward_sync(network))
        yield


def _share_buffers(modules: Iterable[nn.Module]) -> None:
    """Gives every process the buffers of the first."""
    for module in modules:
        for buffer in module.buffers():
            torch.distributed.broadcast(buffer, 0)


def _tensorboard(folder: Path):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise InputError(
            "tensorboard",
            "be asked for only where the tensorboard package is installed",
            True,
            "Install it with `pip install 'mempaper[scale]'` or leave it out.",
        ) from error
    return SummaryWriter(folder / "tensorboard")


def _state(modules: dict, optimizers: dict, averages: dict[str, AveragedModel]) -> dict:
    return {
        "modules": {name: module.state_dict() for name, module in modules.items()},
        "optimizers": {
            name: {str(i): s for i, s in optimizer.state_dict()["state"].items()}
            for name, optimizer in optimizers.items()
        },
        "averages": {name: average.n_averaged for name, average in averages.items()},
    }


def _restore(
    state: dict,
    modules: dict,
    optimizers: dict,
    averages: dict[str, AveragedModel],
    layout: torch.memory_format,  # of the weights, which what optimisers keep of them must share
) -> None:
    for name, module in modules.items():
        module.load_state_dict(state["modules"][name])
    for name, optimizer in optimizers.items():
        full = optimizer.state_dict()
        full["state"] = {
            int(i): {
                key: value.contiguous(memory_format=layout) if value.ndim == 4 else value
                for key, value in kept.items()
            }
            for i, kept in state["optimizers"].get(name, {}).items()
        }
        optimizer.load_state_dict(full)
    for name, average in averages.items():
        average.n_averaged.copy_(state["averages"][name])

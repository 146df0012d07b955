"""What memorization rejection costs (Bai et al. 2022, Sec. 3.2)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64

from .. import parallel
from ..errors import InputError, check_count
from ..statistics import Interval, mean_interval
from ..training import loop
from .preparing import Prepared, prepare
from .rejecting import RejectionSettings

__all__ = ["UpdateCost", "update_cost"]


@dataclass(frozen=True, eq=False)
class UpdateCost:
    """Seconds that an update takes in two trainings alike but for the rejection.

    plain, rejecting  (rounds,): the median of a round's updates without, and with rejection
    acceptance        share of the judged fakes that could teach, in the last update
    """

    plain: Float64[np.ndarray, "rounds"]
    rejecting: Float64[np.ndarray, "rounds"]
    acceptance: float

    @property
    def ratio(self) -> Interval:
        """Returns how many times as long an update takes with rejection, over the rounds."""
        return mean_interval(self.rejecting / self.plain)


def update_cost(
    model: str,
    dataset: str,
    *,
    rejection: RejectionSettings | Mapping[str, Any],  # a threshold above 0
    updates: int = 10,  # in a round
    rounds: int = 5,  # of each training, turn by turn
    warm_up: int = 0,  # updates before the first round: more is rejected the more is copied
    seed: int = 0,
    **settings: Any,  # more arguments of experiments.train; the cost is that on one device
) -> UpdateCost:
    """Returns what updates of the networks cost with rejection and without, measured now.

    Trains anew, stores nothing but what encodes images. On a processor it counts the seconds of
    this process on one core, so that what else the machine does plays little part; beside a GPU
    those of the clock. The first update of a round, which prepares the search, is left out.

    >>> small = {"images": 64, "width": 4, "latent_dim": 4, "batch_size": 4}
    >>> rejection = RejectionSettings(threshold=1e-6, embedding="pixels")
    >>> cost = update_cost("sagan", "digits", rejection=rejection, updates=2, rounds=2, **small)
    >>> len(cost.plain), cost.acceptance
    (2, 1.0)
    """
    check_count("updates", updates, 2)
    check_count("rounds", rounds, 2)
    check_count("warm_up", warm_up, 0)
    with TemporaryDirectory() as folder, parallel.one_thread():
        trainings = {
            name: _Training(
                prepare(model, dataset, rejection=chosen, seed=seed, **settings | {"devices": 1}),
                seed,
                Path(folder) / name,
            )
            for name, chosen in (("plain", None), ("rejecting", rejection))
        }
        if "rejection" not in trainings["rejecting"].prepared.config:
            raise InputError("rejection", "have a threshold above 0", repr(rejection), 'Try "q10".')
        if warm_up:
            for training in trainings.values():
                training.go_on(warm_up)
        seconds: dict[str, list[float]] = {name: [] for name in trainings}
        for _ in range(rounds):
            for name, training in trainings.items():
                seconds[name].append(float(np.median(training.go_on(updates)[1:])))
        acceptance = trainings["rejecting"].scalars["rejection_acceptance"]
    return UpdateCost(np.array(seconds["plain"]), np.array(seconds["rejecting"]), float(acceptance))


class _Training:
    """A training in instalments, which continues from its own checkpoints."""

    def __init__(self, prepared: Prepared, seed: int, folder: Path):
        self.prepared, self.seed, self.folder = prepared, seed, folder
        self.done = 0
        self.scalars: dict[str, torch.Tensor] = {}

    def go_on(self, updates: int) -> list[float]:
        """Returns the seconds of each of so many more updates."""
        device = self.prepared.fabric.device
        timed = _Timed(self.prepared.objective(device), device)
        self.done += updates
        loop.fit(
            timed,
            self.prepared.images,
            steps=self.done,
            batch_size=self.prepared.batch_size,
            seed=self.seed,
            folder=self.folder,
            fabric=self.prepared.fabric,
        )
        self.scalars = timed.scalars
        return timed.seconds


class _Timed:
    """An objective that notes how long its updates take."""

    def __init__(self, objective: loop.Objective, device: torch.device):
        self._objective, self._gpu = objective, device.type == "cuda"
        self.networks, self.optimizers = objective.networks, objective.optimizers
        self.averaged = objective.averaged
        self.seconds: list[float] = []
        self.scalars: dict[str, torch.Tensor] = {}

    def step(self, *arguments: Any) -> dict[str, torch.Tensor]:
        begun = self._clock()
        self.scalars = self._objective.step(*arguments)
        self.seconds.append(self._clock() - begun)
        return self.scalars

    def _clock(self) -> float:
        if not self._gpu:
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()

"""What steps and pages will cost, from what earlier ones did.

The seconds of a training are taken to grow with its updates, images an update, and multiplications
of the generator for one image: each family at the rate of its largest stored run. A rough rule, too
high where that run was so small that it left the machine idle.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, NamedTuple

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from .. import families, sources
from ..networks import pggan
from ..runs import Record, Store
from ..runs.identity import canonical
from ..runs.provenance import worked
from .plan import Plan
from .step import Step

__all__ = ["Measured", "Row", "bytes_of", "estimate", "measured", "work_of"]

_GREY = ("digits", "fashion_mnist", "mnist")
_CLASSES = 10
_TELLING = 10
"""Seconds of a training that are mostly those of its updates, not of what comes before them."""


@dataclass(frozen=True)
class Measured:
    """What stored trainings took on one kind of machine.

    machine  its accelerator, or else its processor; empty where nothing is stored
    seconds  family -> seconds for one unit of work, see `work_of`
    """

    machine: str
    seconds: Mapping[str, float]

    def of(self, training: Mapping[str, Any]) -> float | None:
        """Returns the seconds of a training; None where its family was not measured."""
        rate = self.seconds.get(training["model"])
        return None if rate is None else rate * work_of(training)


@dataclass(frozen=True)
class Row:
    """Jobs of one kind: still to do, done, and hours and bytes of those to do; None: unknown."""

    kind: str
    to_do: int
    done: int
    hours: float | None
    bytes: int | None


def measured(store: Store | None = None) -> Measured:
    """Returns what the store tells of the machine that trained most, of a GPU if there is one."""
    found: dict[tuple[bool, str], dict[str, list[tuple[float, float]]]] = {}
    for record in (store or Store()).list():
        if record.kind == "train" and record.state == "finished":
            # A run of another version need not have all that is asked for here.
            with suppress(OSError, ValueError, LookupError, TypeError):
                machine, model, work, seconds = _measured(record)
                runs = found.setdefault(machine, {}).setdefault(model, [])
                runs.append((work, seconds / work))
    if not found:
        return Measured("", {})
    most = max(found, key=lambda machine: (machine[0], sum(map(len, found[machine].values()))))
    return Measured(most[1], {model: max(runs)[1] for model, runs in found[most].items()})


def _measured(record: Record) -> tuple[tuple[bool, str], str, float, float]:
    made = json.loads((record.path / "provenance.json").read_text(encoding="utf-8"))
    seconds = worked(made)
    if made["attempts"] != 1 or seconds < _TELLING:
        raise ValueError("too short, or interrupted: only the last attempt's seconds are known")
    model, config = record.config["model"], record.config
    work = config["steps"] * config["batch_size"]
    work *= _network(model, canonical(config["training"])).multiplications
    machine = made["accelerator"] is not None, made["accelerator"] or made["processor"]
    return machine, model, work, seconds


def work_of(training: Mapping[str, Any]) -> float:
    """Returns updates x images of an update x multiplications for an image."""
    images = training.get("steps", 2000) * training.get("batch_size", 64)
    return images * _network(training["model"], canonical(_config(training))).multiplications


def bytes_of(step: Step) -> int | None:
    """Returns what a step leaves on the disk: weights, or recovered latents; None of features."""
    if step.kind == "embed":
        return None
    training = step.work["training"] if step.kind == "recover" else step.work
    network = _network(training["model"], canonical(_config(training)))
    if step.kind == "train":
        return 4 * network.weights
    options = step.work["recovery"]
    images = -(-options["count"] // step.work["parts"])
    return images * (4 * network.latents + 8 * (options["steps"] + 4))


def estimate(plan: Plan, rates: Measured) -> list[Row]:
    """Returns a row for each kind of job of a plan whose steps are done apart.

    A page takes what the profile says, less what its steps take. A family that was not measured
    takes a share of its pages, which is so an upper bound.
    """
    trainings = {s.receipt: s for s in plan.distinct.values() if s.kind == "train"}
    known = {receipt: rates.of(step.work) for receipt, step in trainings.items()}
    shared: dict[str, float] = {}
    for page in plan.stale:
        own = _of_kind(plan.steps[page.name], "train")
        rest = (page.seconds or 0.0) - sum(known[s.receipt] or 0.0 for s in own.values())
        unknown = {r: work_of(s.work) for r, s in own.items() if known[r] is None}
        for receipt, work in unknown.items():
            share = max(rest, 0.0) * work / sum(unknown.values())
            shared[receipt] = max(share, shared.get(receipt, 0.0))
    seconds = {r: shared[r] if known[r] is None else known[r] for r in trainings}
    alone = [
        max(0.0, (page.seconds or 0.0) - sum(seconds[r] for r in own))
        for page in plan.stale
        for own in [_of_kind(plan.steps[page.name], "train")]
    ]
    missing = {step.receipt for step in plan.missing}
    rows = []
    for kind in ("embed", "train", "recover"):
        steps = _of_kind(plan.distinct.values(), kind)
        to_do = [step for receipt, step in steps.items() if receipt in missing]
        hours = sum(seconds[s.receipt] for s in to_do) / 3600 if kind == "train" else None
        sizes = [bytes_of(step) for step in to_do]
        size = sum(sizes) if sizes and None not in sizes else None
        rows.append(Row(kind, len(to_do), len(steps) - len(to_do), hours, size))
    done = len(plan.pages) - len(plan.stale)
    rows.append(Row("page", len(plan.stale), done, sum(alone) / 3600, None))
    return [*rows, Row("book", 1, 0, None, None)]


def _of_kind(steps: Iterable[Step], kind: str) -> dict[str, Step]:
    return {step.receipt: step for step in steps if step.kind == kind}


def _config(training: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of the family's config that decide how large its networks are."""
    source = sources.NAMED.get(training["dataset"])
    settings = {
        "size": training.get("size") or (source.size if source else 128),
        "channels": 1 if training["dataset"] in _GREY else 3,
        "latent_dim": training.get("latent_dim", 128),
        "width": training.get("width", 64),
        "classes": _CLASSES,
    }
    known = {field.name for field in fields(families.get(training["model"]).config)}
    return {name: value for name, value in settings.items() if name in known}


class _Size(NamedTuple):
    """Latent numbers of a generator, weights that its training leaves, and multiplications for one
    image."""

    latents: int
    weights: int
    multiplications: float


@cache
def _network(model: str, config: str) -> _Size:
    """Returns how large the networks are, without making them."""
    family = families.get(model)
    settings = family.recorded_config(json.loads(config))
    with FakeTensorMode(), FlopCounterMode(display=False) as counter, torch.no_grad():
        network = family.generator(settings).eval()
        if isinstance(network, pggan.PGGANGenerator):
            network.reached = lambda: pggan.growth(1, 1, len(network.sizes))  # fully grown
        before = counter.get_total_flops()
        network(torch.empty(2, network.latent_dim))
        multiplications = (counter.get_total_flops() - before) / 4
        kept = [network, *([family.encoder(settings)] if family.encoder else [])]
        weights = sum(p.numel() for each in kept for p in each.state_dict().values())
    return _Size(network.latent_dim, weights, multiplications)

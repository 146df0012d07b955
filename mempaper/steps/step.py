"""One step that can be done apart from the pages that need it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import torch

from .. import embeddings, experiments, families
from ..errors import InputError
from ..experiments import recovering, rejecting, splits
from ..experiments.encoders import as_spec
from ..files import write_atomic
from ..runs import Run, code_version
from ..runs.identity import content_id, plain
from ..training import loop
from .pages import Asked

__all__ = ["SHARE", "Step", "do", "steps_of"]

SHARE = 2048
"""Images that one job recovers, unless told otherwise."""

_DATA = ("dataset", "size", "images", "holdout")


@dataclass(frozen=True)
class Step:
    """A step, what it works on, and the steps that must be done before.

    kind  "embed", "train" or "recover"
    work  in the types of JSON
    """

    kind: str
    label: str
    work: Mapping[str, Any]
    needs: tuple["Step", ...] = ()

    @cached_property
    def name(self) -> str:
        """Returns a name that changes with the work and with the code that does it."""
        model = self.work.get("training", self.work).get("model")
        return f"{self.label}-{content_id([self.kind, self.work, _code(self.kind, model)])}"

    @property
    def order(self) -> str:
        """Returns where the work is written down, in the folder of all steps."""
        return f"{self.kind}/{self.name}.json"

    @property
    def receipt(self) -> str:
        """Returns which file says there that it is done."""
        return f"{self.kind}/{self.name}.done"


@cache
def _code(kind: str, model: str | None) -> str:
    if kind == "embed":
        return code_version(rejecting, embeddings)
    training = (*families.get(model).code, loop, *rejecting.CODE)
    return code_version(*training, *(recovering.code_of(model) if kind == "recover" else ()))


def steps_of(asked: Asked, *, share: int = SHARE) -> list[Step]:
    """Returns the steps of a page: each training, what these need in common, and recoveries of more
    than `share` images in parts of at most so many."""
    trainings = [_training(job) for job in asked.trainings]
    recoveries = [
        _part(trainings[i], options, part, parts)
        for i, options in asked.recoveries
        if options["method"] != "encoder"
        and (parts := -(-_count(asked.trainings[i], options) // share)) > 1
        for part in range(1, parts + 1)
    ]
    return [*(step for each in trainings for step in (*each.needs, each)), *recoveries]


def do(order: Path) -> Path:
    """Does the step that is written down in the file `order` and returns its receipt beside it.

    Raises
        InputError  the file is no such thing; and as what it asks for
    """
    try:
        content = json.loads(order.read_text(encoding="utf-8"))
        kind, work = content["kind"], content["work"]
        done = _DOING[kind]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(
            "the file", "hold a step", f"{order} ({error})", "Snakemake writes them as it plans."
        ) from error
    receipt = order.with_suffix(".done")
    runs = [str(run.path) for run in done(**work)]
    write_atomic(receipt, (json.dumps({"runs": runs}, indent=2) + "\n").encode())
    return receipt


def _training(job: Mapping[str, Any]) -> Step:
    work = plain(dict(job), "training")
    rejection = work.get("rejection") or {"threshold": 0}
    needs = ()
    if rejection["threshold"] != 0:
        data = {name: work[name] for name in _DATA if name in work}
        encoder = rejection["embedding"]
        title = encoder if isinstance(encoder, str) else encoder["name"]
        needs = (Step("embed", f"{title}-{_source(data)}", {"data": data, "encoder": encoder}),)
    count = f"-{work['images']}" if "images" in work else ""
    return Step("train", f"{work['model']}{count}-{_source(work)}", work, needs)


def _part(training: Step, options: Mapping[str, Any], part: int, parts: int) -> Step:
    work = {"training": training.work, "recovery": plain(dict(options), "recovery")}
    label = f"{options['kind']}-{part}-of-{parts}-{training.label}"
    return Step("recover", label, work | {"part": part, "parts": parts}, (training,))


def _count(job: Mapping[str, Any], options: Mapping[str, Any]) -> int:
    """Returns how many images a recovery has: of training, no more than the model saw."""
    known = job.get("images") if options["kind"] in ("train", "distorted") else None
    return min(options["count"], known or options["count"])


def _source(job: Mapping[str, Any]) -> str:
    return Path(job["dataset"]).name


def _embed(data: Mapping[str, Any], encoder: Any) -> Sequence[Run]:
    dataset, size, images, holdout = (data.get(name) for name in _DATA)
    split, entry = splits.square_split(dataset, size, images, holdout, None)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    embeddings.features(experiments.encoder(as_spec(encoder), entry, device=device), split.train)
    return []


def _train(**job: Any) -> Sequence[Run]:
    return [experiments.train(**job)]


def _recover(
    training: Mapping[str, Any], recovery: Mapping[str, Any], part: int, parts: int
) -> Sequence[Run]:
    run = experiments.train(**training)
    return experiments.recover_part(run, part=part, parts=parts, **recovery)


_DOING = {"embed": _embed, "train": _train, "recover": _recover}

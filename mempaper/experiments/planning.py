"""Which models to train: names such as "dcgan" and "glo-1024" made into jobs."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from .. import families, images, sources
from ..errors import InputError
from .rejecting import as_settings
from .splits import square_split
from .training import train

__all__ = ["data_of", "jobs"]

_SETTINGS = frozenset(inspect.signature(train).parameters) - {"model", "dataset", "seed"}


def jobs(
    datasets: Sequence[str],
    *,
    models: Sequence[str],  # such as "dcgan" and "glo-1024", see families.specified
    training: Mapping[str, Mapping[str, Any]],  # family -> arguments of experiments.train
    seeds: Sequence[int],
    **common: Any,  # more arguments of every job
) -> list[dict[str, Any]]:
    """Returns arguments of experiments.train for each model that a data set suffices for.

    Each is trained once with every seed. What `training` does not say is said by Family.laptop.
    How many images a named source has is known without its files.

    Raises
        InputError  a model, a family in `training` or one of its arguments is none

    >>> planned = jobs(["digits"], models=["glo-8", "ae-16"], training={}, seeds=[0])
    >>> [(job["model"], job["images"]) for job in planned]
    [('glo', 8), ('ae', 16)]
    """
    wanted = [families.specified(model) for model in models]
    if not isinstance(training, Mapping):
        raise InputError(
            "training", "be a mapping by family", repr(training), "Write {dcgan: {steps: 2000}}."
        )
    for name, settings in training.items():
        _check_settings(families.get(name).title, settings, common)
    planned = []
    for dataset in datasets:
        available = _available(dataset, common) if any(count for _, count in wanted) else None
        for name, count in wanted:
            if count is None or available is None or count <= available:
                settings = {**families.get(name).laptop, **training.get(name, {}), **common}
                job = {"model": name, "dataset": dataset, **settings}
                job |= {} if count is None else {"images": count}
                planned += [job | {"seed": seed} for seed in seeds]
    return planned


def data_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the entry "data" of the config of the run that train(**job) makes.

    >>> data_of({"dataset": "digits", "images": 8})["train"]
    8
    """
    size, count, holdout, root = (
        job.get(name) for name in ("size", "images", "holdout", "data_root")
    )
    return square_split(job["dataset"], size, count, holdout, root)[1]


def _available(dataset: str, common: Mapping[str, Any]) -> int:
    """Returns the number of training images."""
    if dataset in sources.NAMED and common.get("holdout") is None:
        return sources.NAMED[dataset].training
    data = {name: common.get(name) for name in ("size", "holdout")}
    return len(images.load(dataset, root=common.get("data_root"), **data).train)


def _check_settings(title: str, settings: object, common: Mapping[str, Any]) -> None:
    if not isinstance(settings, Mapping):
        raise InputError(
            "training",
            "hold a mapping for each family",
            f"{settings!r} for {title}",
            "Write {dcgan: {steps: 2000}}.",
        )
    if unknown := [name for name in settings if name not in _SETTINGS]:
        raise InputError(
            "training",
            f"hold arguments of experiments.train: {', '.join(sorted(_SETTINGS))}",
            f"{unknown[0]!r} for {title}",
            "Correct the name; what is not given is said by the family.",
        )
    if twice := [name for name in settings if name in common]:
        raise InputError(
            "training",
            f"leave out {', '.join(sorted(common))}, which are the same for all families",
            f"{twice[0]!r} for {title}",
            "Set it for all of them.",
        )
    as_settings(settings.get("rejection"))

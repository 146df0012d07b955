"""Which models to train: names such as "dcgan" and "glo-1024" made into jobs."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from .. import families, images
from ..errors import InputError
from .rejecting import as_settings
from .training import train

__all__ = ["jobs"]

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

    Raises
        InputError  a model, a family in `training` or one of its arguments is none
    """
    wanted = [families.specified(model) for model in models]
    for name, settings in training.items():
        _check_settings(families.get(name).title, settings)
    planned = []
    for dataset in datasets:
        available = _available(dataset, common) if any(count for _, count in wanted) else None
        for name, count in wanted:
            if count is None or count <= available:
                settings = {**families.get(name).laptop, **training.get(name, {}), **common}
                job = {"model": name, "dataset": dataset, **settings}
                job |= {} if count is None else {"images": count}
                planned += [job | {"seed": seed} for seed in seeds]
    return planned


def _available(dataset: str, common: Mapping[str, Any]) -> int:
    """Returns the number of training images."""
    data = {name: common.get(name) for name in ("size", "holdout")}
    return len(images.load(dataset, root=common.get("data_root"), **data).train)


def _check_settings(title: str, settings: Mapping[str, Any]) -> None:
    if unknown := [name for name in settings if name not in _SETTINGS]:
        raise InputError(
            "training",
            f"hold arguments of experiments.train: {', '.join(sorted(_SETTINGS))}",
            f"{unknown[0]!r} for {title}",
            "Correct the name; what is not given is said by the family.",
        )
    as_settings(settings.get("rejection"))

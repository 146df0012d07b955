"""The parameter `training` of all pages: by family, arguments of experiments.train."""

import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from ..errors import InputError

__all__ = ["accepted"]

_NUMBERS = {
    "images": ("[1, inf)", int),
    "size": ("[8, inf)", int),
    "holdout": ("[0, inf)", int),
    "steps": ("[1, inf)", int),
    "batch_size": ("[1, inf)", int),
    "latent_dim": ("[1, 65536]", int),
    "width": ("[1, 65536]", int),
    "learning_rate": ("(0, 1000)", float),
}
_OF_THE_PAGE = {"model", "dataset", "seed", "tensorboard", "store", "data_root"}
_EXAMPLE = "Write {glo: {steps: 2000}}."


def accepted(training: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns `training` with its numbers read, "1e-3" too, which YAML takes for text.

    Raises
        InputError  an unknown family or argument, or a value that is not legal
    """
    from .. import experiments, families

    known = set(inspect.signature(experiments.train).parameters) - _OF_THE_PAGE
    read = {}
    for family, settings in training.items():
        if family not in families.FAMILIES:
            raise _unknown("parameter training", "families", family, families.FAMILIES)
        if not isinstance(settings, Mapping):
            raise InputError(
                f"parameter training, {family}",
                "be a mapping of arguments of experiments.train to values",
                repr(settings),
                _EXAMPLE,
            )
        for name in settings:
            if name not in known:
                raise _unknown(
                    f"parameter training, {family}", "arguments of experiments.train", name, known
                )
        read[family] = {name: _number(family, name, value) for name, value in settings.items()}
    experiments.jobs([], models=[], training=read, seeds=[])
    return read


def _number(family: str, name: str, value: object) -> object:
    from .parameters import Parameter

    if name not in _NUMBERS or value is None:
        return value
    legal, kind = _NUMBERS[name]
    parameter = Parameter(name, kind(1), legal, "")
    try:
        return parameter.accept(value)
    except InputError:
        raise InputError(
            f"parameter training, {name} of {family}",
            parameter.rule,
            repr(value),
            "What is left out is said by the family.",
        ) from None


def _unknown(argument: str, nouns: str, name: object, known: Any) -> InputError:
    close = difflib.get_close_matches(str(name), list(known), n=1)
    remedy = f"Did you mean {close[0]!r}?" if close else _EXAMPLE
    return InputError(argument, f"hold {nouns}: {', '.join(sorted(known))}", repr(name), remedy)

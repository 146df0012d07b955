"""The numbers that decided a claim, by name."""

from collections.abc import Callable, Mapping
from typing import Any

from ..statistics import Interval, OverfittingTest
from .verdicts import percent

__all__ = ["numbers", "presented"]


_OF_TRADEOFFS = (("rise of ct", "rise of C_T", None), ("growth of fid", "growth of FID", percent))


def numbers(evidence: Mapping[str, Any]) -> dict[str, Interval]:
    """Returns each interval among the arguments of a predicate, named by the keys that lead to it.

    Mappings are opened, and named tuples by their fields; of a test the MRE-gap is taken. The name
    of an argument that holds a mapping is left out.

    >>> from mempaper.statistics import Interval
    >>> list(numbers({"gaps": {"GLO-64": Interval(0.1, 0.3, 0.2, 0.95)}}))
    ['GLO-64']
    """
    found: dict[str, Interval] = {}
    for argument, value in evidence.items():
        _collect("" if isinstance(value, Mapping) else argument, value, found)
    return found


def presented(name: str, show: Callable[[float], str]) -> tuple[str, Callable[[float], str]]:
    """Returns what a reader calls a number, and how it is shown: as the claim's others, or where
    these are no shares and it is one, in per cent.

    >>> presented("BigGAN, growth of fid", str)[0]
    'BigGAN, growth of FID'
    """
    for field, title, of_field in _OF_TRADEOFFS:
        if name.endswith(field):
            return name.removesuffix(field) + title, of_field or show
    return name, show


def _collect(name: str, value: Any, found: dict[str, Interval]) -> None:
    if isinstance(value, Interval):
        found[name] = value
    elif isinstance(value, OverfittingTest):
        found[_joined(name, "MRE-gap")] = value.gap
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _collect(_joined(name, f"N = {key}" if isinstance(key, int) else key), inner, found)
    elif hasattr(value, "_asdict"):
        for field, inner in value._asdict().items():
            _collect(_joined(name, field.replace("_", " ")), inner, found)


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))

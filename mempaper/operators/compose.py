"""Operators one after the other, and what identifies an operator."""

import hashlib
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from ..errors import InputError
from .distortions import Operator, identity

__all__ = ["Compose", "compose", "describe"]


@dataclass(frozen=True)
class Compose:
    """Applies operators from left to right; the features of all but the last are images."""

    operators: tuple[Operator, ...]

    def __call__(self, images: Tensor) -> Tensor:
        for operator in self.operators:
            images = operator(images)
        return images


def compose(*operators: Operator) -> Operator:
    """Returns the operator that applies `operators` from left to right; of none, the identity.

    >>> compose() is identity
    True
    >>> compose(AveragePool(2), Window(top=0, left=0, size=1))(torch.ones(1, 1, 4, 4)).tolist()
    [[[[1.0]]]]
    """
    return operators[0] if len(operators) == 1 else Compose(operators) if operators else identity


def describe(operator: Operator | None) -> dict[str, Any]:
    """Returns what identifies an operator of this package, in the types of JSON.

    Its name and its fields; of arrays and networks a hash of their content. None is the identity.

    Raises
        InputError  it is not one of this package's operators, nor a frozen dataclass like them

    >>> describe(AveragePool(2))
    {'name': 'AveragePool', 'factor': 2}
    """
    if operator is None or operator is identity:
        return {"name": "identity"}
    return _plain(operator)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, nn.Module):
        layers = [f"{name}: {type(m).__name__}" for name, m in value.named_modules()]
        content = {name: _plain(t) for name, t in value.state_dict().items()}
        return {"sha256": hashlib.sha256(repr((layers, content)).encode()).hexdigest()}
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        header = repr((str(value.dtype), value.shape)).encode()
        return {"sha256": hashlib.sha256(header + value.tobytes()).hexdigest()}
    if is_dataclass(value):
        parts = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"name": type(value).__name__} | parts
    raise InputError(
        "operator",
        "be made of dataclasses, numbers, text, arrays and networks",
        f"{value!r} ({type(value).__name__})",
        "Write it as a frozen dataclass with a __call__: its fields tell one from another.",
    )

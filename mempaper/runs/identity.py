"""What made a run, as one short name."""

import ast
import dataclasses
import hashlib
import json
import math
import numbers
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import InputError

__all__ = ["canonical", "code_version", "content_id", "plain"]


def plain(value: Any, argument: str = "config", *, finite: bool = True) -> Any:
    """Returns `value` in the types of JSON.

    Tuples and arrays become lists; a dataclass becomes a dict of its fields with its class's name
    under "class".

    Raises
        InputError  a part of it has no such form, or is NaN or infinite where `finite`
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        if finite and not math.isfinite(value):
            remedy = "Write None where a number is missing."
            raise InputError(argument, "be finite", value, remedy)
        return float(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return plain({"class": type(value).__name__} | fields, argument, finite=finite)
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: plain(v, f"{argument}.{key}", finite=finite) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v, f"{argument}[{i}]", finite=finite) for i, v in enumerate(value)]
    if hasattr(value, "tolist"):
        return plain(value.tolist(), argument, finite=finite)
    raise InputError(
        argument,
        "be made of numbers, strings, None, lists, dicts with string keys and dataclasses",
        f"{value!r} ({type(value).__name__})",
        "Replace it by what identifies it, such as a name or a fingerprint.",
    )


def canonical(value: Any) -> str:
    """Returns the one JSON text of a plain value: sorted keys, no spaces, 1.0 written as 1."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{canonical(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def content_id(value: Any) -> str:
    """Returns the first 16 hexadecimal digits of the SHA-256 of a plain value's canonical text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:16]


def code_version(*modules: ModuleType) -> str:
    """Returns a hash of what the modules' code does: comments, docstrings and layout do not count.

    A package stands for all modules under it; the order of `modules` does not matter.

    >>> from mempaper import errors, files
    >>> code_version(errors, files) == code_version(files, errors), len(code_version(errors))
    (True, 16)
    """
    sources = {}
    for module in modules:
        file = Path(str(module.__file__))
        folder = file.parent
        for path in sorted(folder.rglob("*.py")) if hasattr(module, "__path__") else [file]:
            name = f"{module.__name__}/{path.relative_to(folder).as_posix()}"
            sources[name] = _without_docstrings(path.read_text(encoding="utf-8"))
    return content_id(sources)


@cache
def _without_docstrings(source: str) -> str:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.unparse(tree)

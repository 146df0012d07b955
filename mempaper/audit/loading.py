"""Generators from files and from code, read without executing what a file brings along.

A pickle runs whatever its author wrote. So whole-module pickles are refused, and torch.export
archives are looked through before torch reads them, which would unpickle some of their entries.
"""

import importlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from .. import families
from ..errors import InputError

__all__ = ["load_generator"]

_LARGEST = 2**34  # bytes of an archive's entries, unpacked
_OPERATORS = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "neg",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "getitem",
]
_TARGET = re.compile(
    r"torch\.ops\.(aten|prims)\.\w+\.\w+|torch\.sym_\w+|_operator\.(" + "|".join(_OPERATORS) + ")"
)
_NAME = re.compile(
    r"[su]\d+|Symbol|Integer|Add|Mul|Pow|Rational|positive|nonnegative|integer|True|False|"
    r"Max|Min|Mod|PythonMod|FloorDiv|CeilDiv|IntTrueDiv|oo|int_oo"
)
_EXPRESSION = re.compile(r"[\w\s+\-*/(),<>=']*")
_KEPT = re.compile(
    r"(archive_format|archive_version|version|byteorder|\.data/\w+|"
    r"models/\w+\.json|data/(weights|constants|sample_inputs)/[\w.]+)"
)

_EXPORT = "torch.export.save(torch.export.export(generator, (latents,)), 'generator.pt2')"


def load_generator(
    given: str | Path,
    *,
    architecture: str | None = None,
    config: Mapping[str, Any] | None = None,
) -> Callable[[Tensor], Tensor]:
    """Returns the generator that a file or an entry point holds: latents -> images.

    given         "module:factory", a function without arguments that returns the generator, which
                  runs the reader's own code; or a file: .pt2 (torch.export), TorchScript, or
                  .safetensors with weights of one of our architectures
    architecture  of .safetensors: a name in families.FAMILIES
    config        of .safetensors: the settings of that family, such as size and width

    Raises
        InputError  there is no such thing, or it cannot be read without executing its content

    >>> load_generator("torch.nn:Identity")(torch.zeros(3, 2)).shape
    torch.Size([3, 2])
    """
    text = str(given)
    if Path(text).is_file():
        return _from_file(Path(text), architecture, config or {})
    module, _, factory = text.partition(":")
    if not factory or "/" in text or "\\" in text:
        raise InputError(
            "generator",
            "be an existing file or module:factory",
            repr(text),
            "Check the path; or write a function that returns the generator and name it.",
        )
    return _from_code(module, factory)


def _from_code(module: str, factory: str) -> Callable[[Tensor], Tensor]:
    if "" not in sys.path:
        sys.path.insert(0, "")  # as `python -m` does: modules beside the reader
    try:
        made = getattr(importlib.import_module(module), factory)()
    except (ImportError, AttributeError) as error:
        raise InputError(
            "generator",
            "be module:factory that can be imported",
            f"{module}:{factory} ({error})",
            "Run the command where `python -c 'import MODULE'` works.",
        ) from error
    if not callable(made):
        raise InputError(
            "generator",
            "name a function that returns the generator",
            f"{module}:{factory}, which returns {type(made).__name__}",
            "Return a function or module that maps latents to images.",
        )
    return made


def _from_file(path: Path, architecture: str | None, config: Mapping[str, Any]) -> nn.Module:
    if path.suffix == ".safetensors":
        return _from_weights(path, architecture, config)
    if not zipfile.is_zipfile(path):
        raise _refused(path, "is neither a .safetensors file nor an archive")
    with zipfile.ZipFile(path) as archive:
        names = [name.partition("/")[2] for name in archive.namelist()]
        if any(name.startswith("models/") for name in names):
            _check_exported(path, archive)
        elif not any(name.startswith("code/") for name in names):
            raise _refused(path, "is a pickle, which runs its author's code when it is read")
    if any(name.startswith("models/") for name in names):
        return torch.export.load(path).module()
    return torch.jit.load(path, map_location="cpu")


def _from_weights(path: Path, architecture: str | None, config: Mapping[str, Any]) -> nn.Module:
    if architecture is None:
        known = ", ".join(families.FAMILIES)
        raise InputError("architecture", "be given for weights alone", "None", f"Known: {known}.")
    family = families.get(architecture)
    try:
        network = family.generator(family.recorded_config(config))
    except (TypeError, ValueError) as error:
        raise InputError(
            "config", f"hold settings of {family.title}", dict(config), str(error)
        ) from error
    try:
        network.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        raise InputError(
            "generator",
            f"hold the weights of {family.title} with {dict(config)}",
            f"{path} ({' '.join(str(error).split())[:300]})",
            "Check architecture and config: they are in the run's config.json.",
        ) from error
    return network


def _check_exported(path: Path, archive: zipfile.ZipFile) -> None:
    if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
        raise _refused(path, f"unpacks to more than {_LARGEST >> 30} GiB")
    for entry in archive.namelist():
        name = entry.partition("/")[2]
        if not _KEPT.fullmatch(name):
            raise _refused(path, f"holds {name}, which is no part of a plain exported program")
        content = archive.read(entry) if name.endswith(".json") or "sample_inputs" in name else b""
        if name.endswith(".json"):
            _check_program(path, json.loads(content))
        elif name.endswith(".pt") and "sample_inputs" not in name:
            raise _refused(path, f"holds {name}, a pickle")
        elif content:
            try:
                torch.load(io.BytesIO(content), weights_only=True)
            except Exception as error:
                raise _refused(path, f"holds {name}, which is more than tensors") from error


def _check_program(path: Path, content: Any) -> None:
    for key, value in _entries(content):
        if key == "use_pickle" and value:
            raise _refused(path, "holds pickled weights")
        if key == "path_name" and not re.fullmatch(r"(weight|tensor)_\d+", str(value)):
            raise _refused(path, f"holds an object that is no tensor, {value}")
        called = str(value).startswith(("torch.", "_operator.", "math.", "#"))
        if key == "target" and called and not _TARGET.fullmatch(str(value)):
            raise _refused(path, f"calls {value}, which is no plain operation on tensors")
        if key == "expr_str":
            named = re.findall(r"[A-Za-z_]\w*", str(value))
            if not _EXPRESSION.fullmatch(str(value)) or not all(map(_NAME.fullmatch, named)):
                raise _refused(path, f"holds an expression that is no size, {value}")


def _entries(content: Any) -> Iterator[tuple[str, Any]]:
    """Yields all (key, value) of nested dicts and lists."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield key, value
            yield from _entries(value)
    elif isinstance(content, list):
        for value in content:
            yield from _entries(value)


def _refused(path: Path, why: str) -> InputError:
    return InputError(
        "generator",
        "be a file that can be read without running code of its author",
        f"{path}, which {why}",
        f"Where you trust it, load it yourself and export it: {_EXPORT}.",
    )

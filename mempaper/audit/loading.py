"""Generators from files and from code, read without executing what a file brings along.

A pickle runs whatever its author wrote. So whole-module pickles are refused, and archives of
torch.export and TorchScript are looked through before torch reads what is left of them.
"""

import importlib
import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from .. import families
from ..errors import InputError
from .archives import Refused, entries, packed
from .stored_programs import exported, scripted

__all__ = ["load_generator"]

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
    try:
        content = entries(path)
        if any(name.startswith("models/") for name in content):
            return _Program(_loaded(torch.export.load, packed(exported(content))).module())
        if any(name.startswith("code/") for name in content):
            return _loaded(torch.jit.load, packed(scripted(content)), map_location="cpu")
        raise Refused("is a pickle, which runs its author's code when it is read")
    except Refused as error:
        raise _refused(path, str(error)) from error


class _Program(nn.Module):
    """An exported program, which keeps the mode of its export: told another, it raises."""

    def __init__(self, program: nn.Module):
        super().__init__()
        self.program = program

    def forward(self, latents: Tensor) -> Tensor:
        return self.program(latents)

    def train(self, mode: bool = True) -> "_Program":
        return self


def _loaded(load: Callable, archive: io.BytesIO, **options: Any) -> Any:
    try:
        return load(archive, **options)
    except Exception as error:  # whatever torch comes upon in a program that is not whole
        reason = " ".join(str(error).split())[:300]
        raise Refused(f"holds no whole program ({reason})") from error


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


def _refused(path: Path, why: str) -> InputError:
    return InputError(
        "generator",
        "be a file that can be read without running code of its author",
        f"{path}, which {why}",
        f"Where you trust it, load it yourself and export it: {_EXPORT}.",
    )

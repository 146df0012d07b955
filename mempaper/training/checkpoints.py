"""Checkpoints without pickle: nested dictionaries of tensors and plain values in safetensors files.

A checkpoint is written in one step and the previous one is kept, so that a crash or a damaged file
costs at most the steps between two checkpoints.
"""

import json
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ..files import write_atomic

__all__ = ["CheckpointWarning", "latest", "read", "write", "write_checkpoint"]

_KEPT = 2


class CheckpointWarning(UserWarning):
    """A checkpoint was damaged and an earlier one, or none, is used instead."""


def _flatten(tree: dict, prefix: str, tensors: dict, values: dict) -> None:
    for key, value in tree.items():
        path = f"{prefix}/{key}"
        if isinstance(value, dict):
            _flatten(value, path, tensors, values)
        elif isinstance(value, torch.Tensor):
            tensors[path] = value.detach().cpu().contiguous()
        else:
            values[path] = value


def write(path: Path, tree: dict[str, Any]) -> None:
    """Writes nested dictionaries whose leaves are tensors or JSON values; keys become strings."""
    tensors: dict[str, torch.Tensor] = {}
    values: dict[str, Any] = {}
    _flatten(tree, "", tensors, values)
    write_atomic(path, save(tensors, metadata={"values": json.dumps(values)}))


def read(path: Path) -> dict[str, Any]:
    """Returns what `write` was given, on the CPU.

    Raises
        safetensors.SafetensorError  the file is cut short or is no safetensors file
    """
    tree: dict[str, Any] = {}

    def put(key: str, value: Any) -> None:
        *parents, leaf = key.removeprefix("/").split("/")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value

    with safe_open(path, framework="pt") as f:
        for key in f.keys():  # noqa: SIM118  (safe_open is no mapping)
            put(key, f.get_tensor(key))
        for key, value in json.loads(f.metadata()["values"]).items():
            put(key, value)
    return tree


def _numbered(folder: Path) -> list[Path]:
    found = [p for p in folder.glob("step-*.safetensors") if re.fullmatch(r"step-\d+", p.stem)]
    return sorted(found, key=lambda p: int(p.stem.removeprefix("step-")))


def write_checkpoint(folder: Path, step: int, tree: dict[str, Any]) -> None:
    """Writes `folder`/step-<step>.safetensors and removes all but the newest two."""
    write(folder / f"step-{step:08d}.safetensors", tree)
    for old in _numbered(folder)[:-_KEPT]:
        old.unlink()


def latest(folder: Path) -> dict[str, Any] | None:
    """Returns the newest whole checkpoint, or None; damaged ones are removed with a warning."""
    for path in reversed(_numbered(folder)):
        try:
            return read(path)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            path.unlink(missing_ok=True)
            warnings.warn(
                f"checkpoint {path} is damaged ({error}); training resumes from the one before it",
                CheckpointWarning,
                stacklevel=2,
            )
    return None

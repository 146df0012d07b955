"""Checkpoints without pickle: nested dictionaries of tensors and plain values in safetensors files.

A checkpoint is written in one step and the previous one is kept, so that a crash or a damaged file
costs at most the steps between two checkpoints.
"""

import hashlib
import json
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ..files import sha256, write_atomic

__all__ = ["CheckpointWarning", "latest", "read", "write_checkpoint"]

_KEPT = 2
_NAME = re.compile(r"step-\d{8}-[0-9a-f]{16}\.safetensors")


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


def _packed(tree: dict[str, Any]) -> bytes:
    """Returns nested dictionaries of tensors and JSON values as a safetensors file."""
    tensors: dict[str, torch.Tensor] = {}
    values: dict[str, Any] = {}
    _flatten(tree, "", tensors, values)
    return save(tensors, metadata={"values": json.dumps(values)})


def read(path: Path) -> dict[str, Any]:
    """Returns what `write_checkpoint` was given, on the CPU; keys are strings.

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
    return sorted(p for p in folder.glob("step-*.safetensors") if _NAME.fullmatch(p.name))


def write_checkpoint(folder: Path, step: int, tree: dict[str, Any]) -> None:
    """Writes `folder`/step-<step>-<digest>.safetensors and removes all but the newest two."""
    content = _packed(tree)
    digest = hashlib.sha256(content).hexdigest()[:16]
    write_atomic(folder / f"step-{step:08d}-{digest}.safetensors", content)
    for old in _numbered(folder)[:-_KEPT]:
        old.unlink()


def latest(folder: Path) -> dict[str, Any] | None:
    """Returns the newest whole checkpoint, or None; damaged ones are removed with a warning."""
    for path in reversed(_numbered(folder)):
        try:
            if not path.stem.endswith(sha256(path)[:16]):
                raise ValueError("its checksum is another")
            return read(path)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            path.unlink(missing_ok=True)
            warnings.warn(
                f"checkpoint {path} is damaged ({error}); training resumes from the one before it",
                CheckpointWarning,
                stacklevel=2,
            )
    return None

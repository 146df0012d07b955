"""Weights of published networks: files below the data root, checked before they are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..errors import InputError
from ..files import sha256
from ..images import data_root

__all__ = ["Weights", "download", "find", "read"]


@dataclass(frozen=True)
class Weights:
    """One file of weights.

    sha256  of the file, or the first digits of it, as many as the publisher gives
    url     where it can be downloaded; None: nowhere
    """

    file: str
    sha256: str
    url: str | None = None


def find(name: str, files: Sequence[Weights], root: str | Path | None) -> Path:
    """Returns the first of the files that is there, below the data root or in torch.hub's folder.

    Raises
        InputError  none is there, or the one found is not what its publisher made
    """
    path = _found(name, files, root)
    if path is None:
        folder = data_root(root) / "weights"
        raise InputError(
            "name",
            f"have its weights in {folder}",
            f"{name}, which needs {' or '.join(weights.file for weights in files)}",
            f"Call mempaper.embeddings.fetch({name!r}), or put the file there."
            if any(weights.url for weights in files)
            else "Put the file there: it is not published for download.",
        )
    return path


def download(name: str, files: Sequence[Weights], root: str | Path | None) -> Path:
    """Returns the path of the weights, downloaded where none of `files` is there.

    Raises
        InputError  what is there is damaged, the download fails, or what arrives is not what its
                    publisher made
    """
    weights = next((weights for weights in files if weights.url), None)
    path = _found(name, files, root)
    if path is not None or weights is None:
        return find(name, files, root)
    path = data_root(root) / "weights" / weights.file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(str(weights.url), str(path), weights.sha256, progress=False)
    except (OSError, RuntimeError) as error:
        raise InputError(
            "name",
            "have weights that can be fetched",
            f"{name}, whose download failed ({' '.join(str(error).split())})",
            f"Check the connection and repeat, or put {weights.url} into {path.parent} by hand.",
        ) from error
    return path


def read(path: Path) -> dict[str, Tensor]:
    """Returns the tensors of a .safetensors or torch file, in float32, without unpickling code."""
    try:
        if path.suffix == ".safetensors":
            tensors = load_file(path)
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, OSError, RuntimeError, EOFError) as error:
        raise InputError("path", "hold weights", f"{path} ({error})", "Fetch it again.") from error
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in tensors.items()
    }


def _found(name: str, files: Sequence[Weights], root: str | Path | None) -> Path | None:
    folders = [data_root(root) / "weights", Path(torch.hub.get_dir()) / "checkpoints"]
    for weights in files:
        for path in (folder / weights.file for folder in folders):
            if path.is_file():
                _check(name, path, weights)
                return path
    return None


def _check(name: str, path: Path, weights: Weights) -> None:
    found = sha256(path)
    if not found.startswith(weights.sha256):
        raise InputError(
            "name",
            "have undamaged weights",
            f"{path} with SHA-256 {found[:16]}... instead of {weights.sha256[:16]}...",
            f"Remove the file and fetch {name} again.",
        )

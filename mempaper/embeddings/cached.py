"""Features of many images, computed once."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .. import files, parallel
from ..errors import InputError
from ..images import Images
from ..progress import track
from ..runs import Store
from .embedding import WIDTH, Embedding

__all__ = ["Features", "comparable", "features"]

_AT_ONCE = 8 * WIDTH  # images read together


@dataclass(frozen=True, eq=False)
class Features:
    """Features of one set of images, and what they depend on.

    resolution  (height, width) of the images before any preprocessing
    """

    values: Float[np.ndarray, "n d"]
    name: str
    identity: str
    resolution: tuple[int, int]

    @property
    def count(self) -> int:
        """Returns the number of images."""
        return len(self.values)


def features(
    embedding: Embedding,
    images: Images | Float[Tensor, "n c h w"] | Float[np.ndarray, "n c h w"],
    *,
    store: Store | None = None,
) -> Features:
    """Returns the features of `images`, in [-1, 1], from the store where it has them.

    They are found by the content of the images and the identity of the embedding. A damaged file
    is noticed, and made again with a RunWarning.

    >>> found = features(pixels((1, 2, 2)), torch.zeros(3, 1, 2, 2))
    >>> found.values.shape, found.resolution
    ((3, 4), (2, 2))
    """
    if not isinstance(images, Images):
        images = torch.as_tensor(images)
    height, width = images.shape[-2:]
    config = {
        "embedding": embedding.name,
        "identity": embedding.identity,
        "images": images.fingerprint if isinstance(images, Images) else _fingerprint(images),
        "count": len(images),
    }

    def build(folder: Path) -> dict[str, Any]:
        content = io.BytesIO()
        np.save(content, _embedded(embedding, images).numpy())
        files.write_atomic(folder / "features.npy", content.getvalue())
        return {"dim": embedding.dim}

    run = (store or Store()).make("features", config, build)
    values = np.load(run.file("features.npy"))
    return Features(values, embedding.name, embedding.identity, (height, width))


def comparable(
    *sets: Features,
    different_encoders: bool = False,
    different_resolutions: bool = False,
    different_counts: bool = False,
) -> tuple[Float[np.ndarray, "_ _"], ...]:
    """Returns the sets' arrays, where numbers computed from them may be compared.

    The Frechet distance, and less so the others, depends on the encoder, on the resolution that
    the encoder's resizing began with, and on the number of images.

    Raises
        InputError  two sets differ in one of these, and the keyword does not allow it

    >>> few, more = (features(pixels((1, 2, 2)), torch.zeros(n, 1, 2, 2)) for n in (3, 4))
    >>> [len(values) for values in comparable(few, more, different_counts=True)]
    [3, 4]
    >>> comparable(few, more)
    Traceback (most recent call last):
        ...
    mempaper.errors.InputError: sets must come from equally many images; got 3 and 4. ...
    """
    rules = [
        (
            different_encoders,
            "come from one encoder",
            [f"{s.name} {s.identity}" for s in sets],
            "Embed all images with the same encoder, or pass different_encoders=True.",
        ),
        (
            different_resolutions,
            "come from images of one resolution",
            [f"{s.resolution[0]} x {s.resolution[1]}" for s in sets],
            "Resize the images first, or pass different_resolutions=True.",
        ),
        (
            different_counts,
            "come from equally many images",
            [f"{s.count:,}" for s in sets],
            "Use equally many of each, or pass different_counts=True.",
        ),
    ]
    for allowed, rule, found, remedy in rules:
        if not allowed and len(set(found)) > 1:
            raise InputError("sets", rule, " and ".join(dict.fromkeys(found)), remedy)
    return tuple(s.values for s in sets)


def _embedded(embedding: Embedding, images: Images | Tensor) -> Float[Tensor, "n d"]:
    parts = []
    with parallel.one_thread(), track(description=embedding.name, total=len(images)) as bar:
        for low in range(0, max(1, len(images)), _AT_ONCE):  # refuses none
            parts.append(embedding(images[low : low + _AT_ONCE]))
            bar.update(len(parts[-1]))
    return torch.cat(parts)


def _fingerprint(images: Tensor) -> str:
    """Returns the SHA-256 of the images' values and shape."""
    digest = hashlib.sha256(repr((tuple(images.shape), str(images.dtype))).encode())
    for part in images.detach().cpu().split(_AT_ONCE):
        digest.update(part.contiguous().numpy().tobytes())
    return digest.hexdigest()

"""Images in [-1, 1] with fixed, disjoint splits.

Comparing errors of training and validation images is only fair where the two could be exchanged.
So the official training part of `digits`, `mnist`, `fashion_mnist`, `cifar10` and `cifair10` gets
one fixed random order; hold-out images are its end, training images its beginning, and the official
test part is kept apart. `faces` have numbers: training images count from 0, hold-out images from
1,000,000. Folders, CelebA and LSUN keep the order of their files, as the papers do: first the
training images, then the hold-out images. `cifar10_1` is a test set: unless asked for, it has no
hold-out images.
"""

import difflib
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPException
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from . import readers, sources
from .errors import InputError, check_count
from .readers import Part
from .sources import NAMED as SOURCES
from .sources import data_root

__all__ = ["SOURCES", "Images", "Split", "Status", "data_root", "fetch", "load", "status"]

_ORDER_SEED = 20190613
_LARGEST = 4096  # pixels a side


@dataclass(frozen=True, eq=False)
class Images:
    """Images stored as bytes or floats; `images[index]` gives float32 (b, c, h, w) in [-1, 1].

    >>> images = Images(np.array([[[[0, 255]]]], dtype=np.uint8), np.array([7]))
    >>> images[:].tolist(), images.labels.tolist()
    ([[[[-1.0, 1.0]]]], [7])
    """

    pixels: np.ndarray  # (n, c, h, w), uint8 or float32 in [-1, 1]
    labels: np.ndarray  # (n,) int64

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: slice | Int[Tensor, "b"]) -> Float[Tensor, "b c h w"]:
        chosen = self.pixels[index.numpy() if isinstance(index, Tensor) else index]
        images = torch.from_numpy(np.array(chosen))
        return images if images.is_floating_point() else images.float() / 127.5 - 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """Returns (c, h, w)."""
        return self.pixels.shape[1:]

    @cached_property
    def fingerprint(self) -> str:
        """Returns the SHA-256 of pixels, labels and their shapes."""
        digest = hashlib.sha256(repr((self.pixels.shape, str(self.pixels.dtype))).encode())
        for low in range(0, len(self.pixels), 4096):
            digest.update(np.ascontiguousarray(self.pixels[low : low + 4096]).tobytes())
        digest.update(np.ascontiguousarray(self.labels).tobytes())
        return digest.hexdigest()

    def subset(self, index: slice | np.ndarray) -> "Images":
        """Returns the images chosen by `index`."""
        return Images(self.pixels[index], self.labels[index])


@dataclass(frozen=True, eq=False)
class Split:
    """Training and hold-out images that share no position in their source."""

    name: str
    train: Images
    holdout: Images
    test: Images | None = field(default=None)

    @cached_property
    def duplicates(self) -> Int[np.ndarray, "k 2"]:
        """Returns the pairs (training image, hold-out image) whose pixels are the same."""
        seen: dict[bytes, list[int]] = {}
        for i, image in enumerate(self.train.pixels):
            seen.setdefault(hashlib.blake2b(image.tobytes()).digest(), []).append(i)
        pairs = [
            (i, j)
            for j, image in enumerate(self.holdout.pixels)
            for i in seen.get(hashlib.blake2b(image.tobytes()).digest(), [])
        ]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def load(
    source: str | Path,
    *,
    size: int | None = None,  # pixels a side; None: the source's own
    train: int | None = None,  # training images; None: all that are not held out
    holdout: int | None = None,  # hold-out images; None: the source's default
    root: str | Path | None = None,  # see data_root
) -> Split:
    """Returns the split of a named source, a folder of images, or an .npy or .npz file.

    The first N training images are the same whatever `train` is; so are the hold-out images of
    shuffled sources, whatever `holdout` is, up to their number.

    Raises
        InputError  an unknown source, one that is not there or not readable, or more images asked
                    for than there are

    >>> split = load("digits", train=10, holdout=5)
    >>> len(split.train), len(split.holdout), split.train.shape
    (10, 5, (1, 16, 16))
    """
    if not isinstance(source, str | Path):
        raise InputError("source", "be a name or a path", repr(source), "See SOURCES.")
    for name, value, least, most in (
        ("size", size, 1, _LARGEST),
        ("train", train, 1, None),
        ("holdout", holdout, 0, None),
    ):
        if value is not None:
            check_count(name, value, least, most)
    if str(source) in SOURCES:
        return _load_named(str(source), size, train, holdout, data_root(root))
    return _load_path(Path(source), size, train, holdout, data_root(root))


def _load_named(name, size, train, holdout, root: Path) -> Split:
    source = SOURCES[name]
    if not sources.present(source, root):
        remedy = f"Run `mempaper data fetch {name}`" if source.download else "Get it by hand"
        raise InputError(
            "source",
            f"lie under {root}",
            f"{name}, which is not there",
            f"{remedy}, or point --data-root or MEMPAPER_DATA to the folder that holds it.",
        )
    whole, kept, test = _read(name, source, root, size, train, holdout)
    wanted = source.holdout if holdout is None else holdout
    test = None if test is None else Images(test.pixels, test.labels)
    if kept is not None:
        return Split(name, Images(whole.pixels, whole.labels), Images(kept.pixels, kept.labels))
    return _divide(name, whole, train, wanted, source.shuffled, test)


def _read(name, source, root, size, train, holdout):
    try:
        return source.read(root, size, train, holdout)
    except InputError:
        raise
    except (RuntimeError, OSError, EOFError, ValueError, LookupError, AssertionError) as error:
        raise InputError(
            "source",
            "be whole on the disk",
            f"{name} under {root} ({error})",
            f"Remove the damaged files and run `mempaper data fetch {name}`.",
        ) from error


def _load_path(path: Path, size, train, holdout, root: Path) -> Split:
    if path.is_dir():
        part = readers.read_files(readers.image_files(path), size or 128, root / "decoded")
    elif path.suffix in (".npy", ".npz") and path.is_file():
        part = readers.read_array(path)
        if size is not None and part.pixels.shape[2:] != (size, size):
            raise InputError(
                "size",
                "be the size of the array's images",
                f"{size}, for images of {part.pixels.shape[2]} x {part.pixels.shape[3]}",
                "Leave it out, or resize the array.",
            )
    else:
        close = difflib.get_close_matches(str(path), SOURCES, 1)
        hint = f"Did you mean {close[0]}?" if close else f"Named sources: {', '.join(SOURCES)}."
        raise InputError(
            "source", "be a named source, a folder, or an .npy or .npz file", repr(str(path)), hint
        )
    wanted = len(part.pixels) // 2 if holdout is None else holdout
    return _divide(str(path), part, train, wanted, False, None)


def _divide(name, part: Part, train, holdout: int, shuffled: bool, test) -> Split:
    count = len(part.pixels)
    wanted = max(1, count - holdout) if train is None else train
    if wanted < 1 or wanted + holdout > count:
        raise InputError(
            "train and holdout",
            f"together be at most the {count:,} images of {name}, with one for training",
            f"{wanted:,} and {holdout:,}",
            "Ask for fewer.",
        )
    whole = Images(part.pixels, part.labels)
    if not shuffled:
        return Split(
            name, whole.subset(slice(wanted)), whole.subset(slice(wanted, wanted + holdout)), test
        )
    order = np.random.default_rng(_ORDER_SEED).permutation(count)
    kept = order[::-1][:holdout]
    return Split(name, whole.subset(order[:wanted]), whole.subset(kept), test)


@dataclass(frozen=True)
class Status:
    """What is known of a named source on this machine."""

    name: str
    title: str
    images: int
    present: bool
    path: str
    how: str


def status(root: str | Path | None = None) -> list[Status]:
    """Returns one record for each named source: whether it is there and how to get it.

    >>> [source.name for source in status() if source.path == "embedded"]
    ['digits', 'faces']
    """
    folder = data_root(root)
    records = []
    for name, source in SOURCES.items():
        if source.path is None:
            path, how = "embedded", "nothing to do"
        else:
            path = str(folder / source.path)
            how = f"mempaper data fetch {name}" if source.download else source.origin
        there = sources.present(source, folder)
        records.append(Status(name, source.title, source.count, there, path, how))
    return records


def fetch(name: str, root: str | Path | None = None) -> Path:
    """Downloads a named source and returns the folder below which it lies.

    Raises
        InputError  the source is unknown, cannot be downloaded by a program, or cannot be
                    reached; or the folder cannot be written

    >>> fetch("cifar10", "data")  # doctest: +SKIP
    PosixPath('/home/reader/data')
    """
    fetchable = {key: source.download for key, source in SOURCES.items() if source.download}
    if name not in fetchable:
        how = SOURCES[name].origin if name in SOURCES else "See `mempaper data list`."
        raise InputError("name", f"be one of {', '.join(fetchable)}", repr(name), how)
    folder = data_root(root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise readers.unwritable(folder, error) from error
    try:
        fetchable[name](folder)
    except (OSError, RuntimeError, HTTPException) as error:
        if isinstance(error, OSError) and error.errno in readers.UNWRITABLE:
            raise readers.unwritable(folder, error) from error
        raise InputError(
            "name",
            "be reachable",
            f"{name}, whose download failed ({' '.join(str(error).split())})",
            "Check the connection and repeat the command, or copy the files by hand.",
        ) from error
    return folder

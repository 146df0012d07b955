"""Where images come from: readers of one form each, all returning bytes (n, c, h, w) and labels.

`digits` and `faces` need no file. The others are read below a data root, in torchvision's layout or
as a folder of image files; a folder, an .npy or an .npz file of the reader's own is read in place.
"""

import contextlib
import errno
import hashlib
import json
import os
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from platformdirs import user_cache_path

from . import faces
from .errors import InputError
from .files import sha256
from .progress import track

__all__ = ["NAMED", "Part", "Source", "data_root", "present", "read_array", "read_files"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"}
HOLDOUT_FACES = 1_000_000
_MOST_PIXELS = 1 << 26  # of one file: 8,192 x 8,192
UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class Part:
    """Images (n, c, h, w), uint8 or float32 in [-1, 1], with labels (n,) int64."""

    pixels: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Source:
    """A named source.

    read       read(root, size, train, holdout) -> (training part, hold-out part or None, test part
               or None); with no hold-out part the training part still has to be divided
    shuffled   whether the division is a fixed random one, or the file order
    path       where it lies below the data root; None where it needs no file
    download   fetches it into a root; None where it must be got by hand
    """

    title: str
    count: int
    size: int
    read: Callable[..., tuple[Part, Part | None, Part | None]]
    holdout: int
    origin: str
    shuffled: bool = True
    path: str | None = None
    download: Callable[[Path], object] | None = None


def data_root(root: str | Path | None = None) -> Path:
    """Returns `root`, else MEMPAPER_DATA, else mempaper's folder in the user's cache."""
    chosen = root or os.environ.get("MEMPAPER_DATA") or user_cache_path("mempaper") / "data"
    return Path(chosen).expanduser().absolute()


def resized(pixels: np.ndarray, size: int | None) -> np.ndarray:
    """Returns uint8 images (n, c, h, w) at size x size pixels, by bilinear interpolation."""
    if size is None or pixels.shape[2:] == (size, size):
        return pixels
    parts = [
        torch.nn.functional.interpolate(
            torch.from_numpy(pixels[low : low + 1024]).float(),
            size=(size, size),
            mode="bilinear",
            align_corners=False,
            antialias=True,
        )
        for low in range(0, len(pixels), 1024)
    ]
    return torch.cat(parts).round().clamp(0, 255).byte().numpy()


def _digits(root: Path, size: int | None, train: int | None, holdout: int | None):
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels = np.round(found.images * (255 / 16)).astype(np.uint8)[:, None]
    return Part(resized(pixels, size or 16), found.target.astype(np.int64)), None, None


def _faces(root: Path, size: int | None, train: int | None, holdout: int | None):
    def part(first: int, count: int) -> Part:
        return Part(*faces.render(np.arange(first, first + count), size=size or 32))

    wanted, kept = train or 8192, 4096 if holdout is None else holdout
    if max(wanted, kept) > HOLDOUT_FACES:
        raise InputError(
            "train and holdout",
            f"be at most {HOLDOUT_FACES:,} each",
            f"{wanted:,} and {kept:,}",
            "Beyond that the faces' numbers would overlap.",
        )
    return part(0, wanted), part(HOLDOUT_FACES, kept), None


def _torchvision(name: str, root: Path, size: int | None, train: int | None, holdout: int | None):
    from ._torchvision import torchvision

    def part(official: bool) -> Part:
        found = getattr(torchvision.datasets, name)(str(root), train=official, download=False)
        pixels = np.asarray(found.data)
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)
        return Part(resized(pixels, size), np.asarray(found.targets, dtype=np.int64))

    return part(True), None, part(False)


def _download(name: str, root: Path) -> None:
    from ._torchvision import torchvision

    for official in (True, False):
        getattr(torchvision.datasets, name)(str(root), train=official, download=True)


def _folder(path: str, root: Path, size: int | None, train: int | None, holdout: int | None):
    files = image_files(root / path)
    most = None if train is None or holdout is None else train + holdout
    return read_files(files[:most], size or 128, root / "decoded"), None, None


def _lsun(scene: str, root: Path, size: int | None, train: int | None, holdout: int | None):
    from ._torchvision import torchvision

    try:
        found = torchvision.datasets.LSUN(str(root), classes=[f"{scene}_train"])
    except ModuleNotFoundError as error:
        raise InputError(
            "source", "be readable here", f"lsun_{scene}", "LSUN needs `pip install lmdb`."
        ) from error
    wanted = min(len(found), (train or 70_000) + (holdout or 10_000))
    images = (found[i][0] for i in range(wanted))
    pixels = np.stack(
        [cropped(image, size or 128) for image in track(images, "LSUN", total=wanted)]
    )
    return Part(pixels.transpose(0, 3, 1, 2), np.zeros(wanted, np.int64)), None, None


def image_files(folder: Path) -> list[Path]:
    """Returns the image files below a folder, sorted by path.

    Raises
        InputError  there is no such folder, or no image in it, or a part of it cannot be read
    """
    if not folder.is_dir():
        raise InputError(
            "source",
            "be an existing folder",
            folder,
            "Check the path, or see `mempaper data list` for named sources.",
        )
    paths = (
        Path(parent, name)
        for parent, _, names in os.walk(folder, onerror=_unreadable)
        for name in names
    )
    found = sorted(p for p in paths if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        raise InputError(
            "source", "be a folder with images", folder, f"It reads {', '.join(sorted(SUFFIXES))}."
        )
    return found


def _unreadable(error: OSError) -> None:
    raise InputError(
        "source",
        "be readable in all its folders",
        f"{error.filename} ({error.strerror})",
        "Change its permissions, or choose a folder without it.",
    ) from error


def cropped(image, size: int) -> np.ndarray:
    """Returns the centre square of a PIL image as (size, size, 3) uint8."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.convert("RGB").crop((left, top, left + side, top + side))
    return np.asarray(square.resize((size, size), resample=2))


def read_files(files: list[Path], size: int, cache: Path) -> Part:
    """Returns the files as RGB squares, decoded once into a memory-mapped array below `cache`.

    The array's checksum is a part of its name: a damaged one is noticed and made again.

    Raises
        InputError  a file is no whole image, has more than 67 million pixels or more than 8 bits a
                    channel, and is named; or `cache` cannot be written
    """
    stats = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    key = hashlib.sha256(json.dumps([size, stats]).encode()).hexdigest()[:16]
    path = _whole_array(cache, key)
    if path is None:
        unfinished = cache / f"{key}.{os.getpid()}.part"
        try:
            cache.mkdir(parents=True, exist_ok=True)
            shape = (len(files), 3, size, size)
            array = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
            _reserve(unfinished)
            for i, file in enumerate(track(files, "decoding images")):
                array[i] = _decoded(file, size).transpose(2, 0, 1)
            array.flush()
            path = cache / f"{key}-{sha256(unfinished)[:16]}.npy"
            os.replace(unfinished, path)
        except OSError as error:
            raise unwritable(cache, error) from error
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
    return Part(np.load(path, mmap_mode="r"), np.zeros(len(files), np.int64))


def _reserve(path: Path) -> None:
    """Takes the file's whole size on the disk now: a full disk is an error here, a crash later."""
    if hasattr(os, "posix_fallocate"):
        with open(path, "r+b") as f:
            os.posix_fallocate(f.fileno(), 0, path.stat().st_size)


def _whole_array(cache: Path, key: str) -> Path | None:
    for path in cache.glob(f"{key}-*.npy"):
        with contextlib.suppress(OSError):
            if path.stem.endswith(sha256(path)[:16]):
                return path
            warnings.warn(f"{path} is damaged; the images are decoded again", stacklevel=3)
            path.unlink()
    return None


def unwritable(folder: Path, error: OSError) -> InputError:
    """Returns what to raise where nothing can be written below the data root."""
    return InputError(
        "root",
        "be a writable folder with room left",
        f"{folder} ({error.strerror or error})",
        "Point --data-root or MEMPAPER_DATA to another folder.",
    )


def _decoded(file: Path, size: int) -> np.ndarray:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # refused below
            image = Image.open(file)
        with image:
            if image.width * image.height > _MOST_PIXELS:
                raise InputError(
                    "source",
                    f"hold images of at most {_MOST_PIXELS:,} pixels",
                    f"{file} of {image.width} x {image.height}",
                    "Shrink or remove that file.",
                )
            if image.mode.startswith(("I", "F")):
                raise InputError(
                    "source",
                    "hold images of 8 bits a channel",
                    f"{file} of mode {image.mode}",
                    "Convert that file.",
                )
            return cropped(image, size)
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            "source",
            "hold whole images only",
            f"{file} ({error})",
            "Repair or remove that file.",
        ) from error


def read_array(path: Path) -> Part:
    """Returns the images of an .npy file, or of an .npz file's "images" or only array.

    The array is uint8, or floating-point in [-1, 1], of shape (n, c, h, w), (n, h, w, c) or
    (n, h, w), with c = 1 or 3. Pickled objects are not read.

    Raises
        InputError  it is none of these, or cannot be read
    """
    try:
        if path.suffix == ".npz":
            with open(path, "rb") as f, np.lib.npyio.NpzFile(f, allow_pickle=False) as archive:
                names = archive.files
                loaded = archive["images" if "images" in names or len(names) != 1 else names[0]]
        else:
            loaded = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError, KeyError, BadZipFile, zlib.error) as error:
        raise InputError(
            "source",
            "be a whole .npy file, or .npz with an array `images`, of numbers",
            f"{path} ({error})",
            "Write it with numpy.save; object arrays are not read.",
        ) from error
    return Part(_oriented(loaded, path), np.zeros(len(loaded), np.int64))


def _oriented(array: np.ndarray, path: Path) -> np.ndarray:
    shape = array.shape
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and shape[1] not in (1, 3) and shape[3] in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    if array.ndim != 4 or array.shape[1] not in (1, 3) or 0 in shape:
        raise InputError(
            "source",
            "hold images of shape (n, c, h, w) or (n, h, w, c) with c = 1 or 3",
            f"{path} of shape {shape}",
            "Rearrange the axes.",
        )
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            "source", "be uint8 or floating-point", f"{path} of {array.dtype}", "Convert it."
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= -1 and high <= 1):
        raise InputError(
            "source",
            "hold finite values in [-1, 1]",
            f"{path} with values from {low:.4g} to {high:.4g}",
            "Scale images in [0, 1] by 2 x - 1 and bytes by x / 127.5 - 1.",
        )
    return array.astype(np.float32, copy=False)


def _tv(title: str, name: str, count: int, size: int, path: str, origin: str) -> Source:
    return Source(
        title=title,
        count=count,
        size=size,
        read=partial(_torchvision, name),
        holdout=10_000,
        origin=origin,
        path=path,
        download=partial(_download, name),
    )


def _files(title: str, count: int, path: str, origin: str) -> Source:
    return Source(title, count, 128, partial(_folder, path), 4_000, origin, False, path)


def _scene(scene: str) -> Source:
    origin = "Yu et al. 2015; by hand, see https://www.yf.io/p/lsun"
    read = partial(_lsun, scene)
    return Source(f"LSUN {scene}", 80_000, 128, read, 10_000, origin, False, f"{scene}_train_lmdb")


NAMED: dict[str, Source] = {
    "digits": Source("digits of scikit-learn", 1_797, 16, _digits, 773, "Alpaydin and Kaynak 1998"),
    "faces": Source("parametric faces", 12_288, 32, _faces, 4_096, "mempaper's own renderer"),
    "mnist": _tv("MNIST", "MNIST", 70_000, 28, "MNIST", "LeCun et al. 1998"),
    "fashion_mnist": _tv(
        "Fashion-MNIST", "FashionMNIST", 70_000, 28, "FashionMNIST", "Xiao et al. 2017"
    ),
    "cifar10": _tv("CIFAR-10", "CIFAR10", 60_000, 32, "cifar-10-batches-py", "Krizhevsky 2009"),
    "celeba": _files(
        "CelebA", 202_599, "celeba/img_align_celeba", "Liu et al. 2015; by hand, unpacked"
    ),
    "celeba_hq": _files("CelebA-HQ", 30_000, "celeba_hq", "Karras et al. 2018; by hand"),
    "lsun_bedroom": _scene("bedroom"),
    "lsun_tower": _scene("tower"),
}


def present(source: Source, root: Path) -> bool:
    """Returns whether a source's files lie below `root`."""
    return source.path is None or (root / source.path).exists()

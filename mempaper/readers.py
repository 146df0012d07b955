"""Images of a reader's own, as bytes (n, c, h, w): files of a folder, and arrays on the disk."""

import contextlib
import errno
import hashlib
import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from filelock import FileLock

from .errors import InputError
from .files import NO_ROOM, sha256
from .progress import track

__all__ = ["UNWRITABLE", "Part", "decoded", "image_files", "read_array", "read_files", "unwritable"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"}
UNWRITABLE = {errno.EACCES, errno.EPERM, *NO_ROOM}
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "PPM")  # others may start programs
_MOST_PIXELS = 1 << 26  # of one file: 8,192 x 8,192
_MOST_BYTES = 1 << 30  # of an unpacked array, where it has a hundred times the bytes of its file


@dataclass(frozen=True)
class Part:
    """Images (n, c, h, w), uint8 or float32 in [-1, 1], with labels (n,) int64."""

    pixels: np.ndarray
    labels: np.ndarray


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


def read_files(files: list[Path], size: int, cache: Path) -> Part:
    """Returns the files as RGB squares, decoded once into a memory-mapped array below `cache`.

    The array's checksum is a part of its name: a damaged one is noticed and made again. Of several
    processes one decodes, and the others wait for it.

    Raises
        InputError  a file is no whole image, has more than 67 million pixels or more than 8 bits a
                    channel, and is named; or `cache` cannot be written
    """
    stats = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    key = hashlib.sha256(json.dumps([size, stats]).encode()).hexdigest()[:16]
    if (path := _whole_array(cache, key)) is None:
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with FileLock(cache / f"{key}.lock"):
                path = _whole_array(cache, key) or _decode(files, size, cache, key)
        except OSError as error:
            raise unwritable(cache, error) from error
    return Part(np.load(path, mmap_mode="r"), np.zeros(len(files), np.int64))


def _decode(files: list[Path], size: int, cache: Path, key: str) -> Path:
    unfinished = cache / f"{key}.part"
    try:
        shape = (len(files), 3, size, size)
        array = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
        _reserve(unfinished)
        for i, file in enumerate(track(files, "decoding images")):
            array[i] = decoded(file, str(file), size).transpose(2, 0, 1)
        array.flush()
        path = cache / f"{key}-{sha256(unfinished)[:16]}.npy"
        os.replace(unfinished, path)
        return path
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


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


def decoded(file: Path | BinaryIO, name: str, size: int) -> np.ndarray:
    """Returns the centre square of an image as (size, size, 3) uint8.

    Raises
        InputError  naming it, as `read_files` does
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # refused below
            image = Image.open(file, formats=_FORMATS)
        with image:
            if image.width * image.height > _MOST_PIXELS:
                raise InputError(
                    "source",
                    f"hold images of at most {_MOST_PIXELS:,} pixels",
                    f"{name} of {image.width} x {image.height}",
                    "Shrink or remove that file.",
                )
            if image.mode.startswith(("I", "F")):
                raise InputError(
                    "source",
                    "hold images of 8 bits a channel",
                    f"{name} of mode {image.mode}",
                    "Convert that file.",
                )
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            square = image.convert("RGB").crop((left, top, left + side, top + side))
            return np.asarray(square.resize((size, size), resample=2))
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            "source",
            "hold whole images only",
            f"{name} ({error})",
            "Repair or remove that file.",
        ) from error


def read_array(path: Path) -> Part:
    """Returns the images of an .npy file, or of an .npz file's "images" or only array.

    The array is uint8, or floating-point in [-1, 1], of shape (n, c, h, w), (n, h, w, c) or
    (n, h, w), with c = 1 or 3. Pickled objects are not read.

    Raises
        InputError  it is none of these, or cannot be read, or grows a hundredfold, and beyond
                    1 GiB, when it is unpacked
    """
    try:
        if path.suffix == ".npz":
            with open(path, "rb") as f, np.lib.npyio.NpzFile(f, allow_pickle=False) as archive:
                names = archive.files
                chosen = "images" if "images" in names or len(names) != 1 else names[0]
                _check_growth(path, archive, chosen)
                if not isinstance(loaded := archive[chosen], np.ndarray):
                    raise ValueError(f"{chosen} is no array")
        else:
            with np.errstate(over="ignore"):  # of the product of absurd dimensions
                loaded = np.lib.format.open_memmap(path, mode="r")
    except InputError:
        raise
    except Exception as error:  # whatever NumPy comes upon in a file that is none of its own
        raise InputError(
            "source",
            "be a whole .npy file, or .npz with an array `images`, of numbers",
            f"{path} ({error})",
            "Write it with numpy.save; object arrays are not read.",
        ) from error
    return Part(_oriented(loaded, path), np.zeros(len(loaded), np.int64))


def _check_growth(path: Path, archive: np.lib.npyio.NpzFile, name: str) -> None:
    entries = archive.zip.infolist()
    unpacked = max(e.file_size for e in entries if e.filename.removesuffix(".npy") == name)
    if unpacked > max(_MOST_BYTES, 100 * path.stat().st_size):
        raise InputError(
            "source",
            "be an array that does not grow a hundredfold when it is unpacked",
            f"{path} of {path.stat().st_size:,} bytes, with {unpacked:,} in it",
            "Where you trust it, unpack it yourself and write it with numpy.save.",
        )


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

"""The named sources of images: `digits` and `faces` need no file, others lie below a data root."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from platformdirs import user_cache_path

from . import cifar_variants, faces
from .errors import InputError
from .progress import track
from .readers import Part, decoded, image_files, read_files

__all__ = ["NAMED", "Source", "data_root", "present", "resized"]

HOLDOUT_FACES = 1_000_000


@dataclass(frozen=True)
class Source:
    """A named source.

    read       read(root, size, train, holdout) -> (training part, hold-out part or None, test part
               or None); with no hold-out part the training part still has to be divided
    shuffled   whether the division is a fixed random one, or the file order
    test       how many images of `count` are an official test part
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
    test: int = 0
    path: str | None = None
    download: Callable[[Path], object] | None = None

    @property
    def training(self) -> int:
        """Returns how many training images there are where as many as usual are held out."""
        return self.count - self.test - self.holdout


def data_root(root: str | Path | None = None) -> Path:
    """Returns `root`, else MEMPAPER_DATA, else mempaper's folder in the user's cache.

    >>> data_root("/data/images").as_posix()
    '/data/images'
    """
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


def _torchvisions(name: str) -> Callable:
    from ._torchvision import torchvision

    return getattr(torchvision.datasets, name)


def _torchvision(
    dataset: Callable[[], Callable],
    root: Path,
    size: int | None,
    train: int | None,
    holdout: int | None,
):
    def part(official: bool) -> Part:
        found = dataset()(str(root), train=official, download=False)
        pixels = np.asarray(found.data)
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)
        return Part(resized(pixels, size), np.asarray(found.targets, dtype=np.int64))

    return part(True), None, part(False)


def _download(name: str, root: Path) -> None:
    for official in (True, False):
        _torchvisions(name)(str(root), train=official, download=True)


def _cifar10_1(root: Path, size: int | None, train: int | None, holdout: int | None):
    found = cifar_variants.read_cifar10_1(root)
    return Part(resized(found.pixels, size), found.labels), None, None


def _folder(path: str, root: Path, size: int | None, train: int | None, holdout: int | None):
    files = image_files(root / path)
    most = None if train is None or holdout is None else train + holdout
    return read_files(files[:most], size or 128, root / "decoded"), None, None


def _lsun(scene: str, root: Path, size: int | None, train: int | None, holdout: int | None):
    """Reads the database itself: torchvision pickles a list of its keys into the working folder."""
    try:
        import lmdb
    except ModuleNotFoundError as error:
        raise InputError(
            "source", "be readable here", f"lsun_{scene}", "LSUN needs `pip install lmdb`."
        ) from error
    folder = root / f"{scene}_train_lmdb"
    try:
        with (
            lmdb.open(str(folder), readonly=True, lock=False) as database,
            database.begin() as transaction,
        ):
            wanted = min(database.stat()["entries"], (train or 70_000) + (holdout or 10_000))
            packed = islice(transaction.cursor().iternext(keys=False), wanted)
            pixels = np.stack(
                [
                    decoded(BytesIO(image), f"image {i} of {folder}", size or 128)
                    for i, image in enumerate(track(packed, "LSUN", total=wanted))
                ]
            )
    except (lmdb.Error, OSError) as error:
        raise InputError(
            "source", "be a whole database of images", f"{folder} ({error})", "Fetch it anew."
        ) from error
    return Part(pixels.transpose(0, 3, 1, 2), np.zeros(wanted, np.int64)), None, None


def _tv(title: str, name: str, count: int, size: int, path: str, origin: str) -> Source:
    return Source(
        title=title,
        count=count,
        size=size,
        read=partial(_torchvision, partial(_torchvisions, name)),
        holdout=10_000,
        origin=origin,
        test=10_000,
        path=path,
        download=partial(_download, name),
    )


def _files(title: str, count: int, path: str, origin: str) -> Source:
    return Source(title, count, 128, partial(_folder, path), 4_000, origin, False, path=path)


def _scene(scene: str) -> Source:
    origin = "Yu et al. 2015; by hand, see https://www.yf.io/p/lsun"
    read = partial(_lsun, scene)
    path = f"{scene}_train_lmdb"
    return Source(f"LSUN {scene}", 80_000, 128, read, 10_000, origin, False, path=path)


NAMED: dict[str, Source] = {
    "digits": Source("digits of scikit-learn", 1_797, 16, _digits, 773, "Alpaydin and Kaynak 1998"),
    "faces": Source("parametric faces", 12_288, 32, _faces, 4_096, "mempaper's own renderer"),
    "mnist": _tv("MNIST", "MNIST", 70_000, 28, "MNIST", "LeCun et al. 1998"),
    "fashion_mnist": _tv(
        "Fashion-MNIST", "FashionMNIST", 70_000, 28, "FashionMNIST", "Xiao et al. 2017"
    ),
    "cifar10": _tv("CIFAR-10", "CIFAR10", 60_000, 32, "cifar-10-batches-py", "Krizhevsky 2009"),
    "cifair10": Source(
        "ciFAIR-10",
        60_000,
        32,
        partial(_torchvision, cifar_variants.cifair10),
        10_000,
        "Barz and Denzler 2020",
        test=10_000,
        path="ciFAIR-10",
        download=cifar_variants.fetch_cifair10,
    ),
    "cifar10_1": Source(
        "CIFAR-10.1",
        2_000,
        32,
        _cifar10_1,
        0,
        "Recht et al. 2018",
        shuffled=False,
        path="CIFAR-10.1",
        download=cifar_variants.fetch_cifar10_1,
    ),
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

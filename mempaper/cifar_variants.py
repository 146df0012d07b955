"""Other people's test sets for CIFAR-10: CIFAR-10.1, ciFAIR-10, and the lists of duplicates.

Every file has the checksum that its publisher's version has; another content is refused.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from .errors import InputError
from .files import sha256
from .readers import Part

__all__ = [
    "CIFAR10_1",
    "DUPLICATES",
    "Pinned",
    "cifair10",
    "duplicates",
    "fetch_cifair10",
    "fetch_cifar10_1",
    "read_cifar10_1",
]


@dataclass(frozen=True)
class Pinned:
    """One file of one published version; `path` lies below the data root."""

    path: str
    sha256: str
    url: str

    def fetch(self, root: Path) -> None:
        """Downloads the file, unless it is there.

        Raises
            OSError, RuntimeError  it cannot be reached or written, or is not what was published
        """
        path = root / self.path
        if path.is_file() and sha256(path) == self.sha256:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(self.url, str(path), self.sha256, progress=False)

    def checked(self, root: Path) -> Path:
        """Returns where the file is.

        Raises
            OSError, ValueError  it is not there, or not what was published
        """
        path = root / self.path
        if (found := sha256(path)) != self.sha256:
            raise ValueError(f"{path} has SHA-256 {found[:16]}, not {self.sha256[:16]}")
        return path


_RECHT = "https://raw.githubusercontent.com/modestyachts/CIFAR-10.1/d9982abb0bfc4846b8d13a11e66b887d946205d0/datasets"
_BARZ = (
    "https://raw.githubusercontent.com/cvjena/cifair/438ab96be904963f77d07a59f82d2b35e6ab5e6e/meta"
)

CIFAR10_1 = (
    Pinned(
        "CIFAR-10.1/cifar10.1_v6_data.npy",
        "2997188e5816f5bd545dc77771b6227828c28146049fcecf3fa10775474cacc6",
        f"{_RECHT}/cifar10.1_v6_data.npy",
    ),
    Pinned(
        "CIFAR-10.1/cifar10.1_v6_labels.npy",
        "ae40beda001693674edc94d925ee8268cfe68905f8f9aff800c8dcdfcd6c9448",
        f"{_RECHT}/cifar10.1_v6_labels.npy",
    ),
)
"""Version 6 of Recht et al. (2018), 200 images of each class; its authors recommend it."""

DUPLICATES = (
    Pinned(
        "cifair10/duplicates_cifar10.csv",
        "4cb7e99a7dfff346082c9d8fa4c2989a196e4a37d1e58f75936046696f1ba6a4",
        f"{_BARZ}/duplicates_cifar10.csv",
    ),
    Pinned(
        "cifair10/duplicates_cifar10_test.csv",
        "ef7b33e2f32d056cdb342046b437ee819541a07cb3bb0520a3ada9b9c035f532",
        f"{_BARZ}/duplicates_cifar10_test.csv",
    ),
)
"""Pairs that Barz and Denzler (2020) found, of a test image with a training image and with another
test image."""

_CIFAIR = {
    "base_folder": "ciFAIR-10",
    "url": "https://github.com/cvjena/cifair/releases/download/v1.0/ciFAIR-10.zip",
    "filename": "ciFAIR-10.zip",
    "tgz_md5": "ca08fd390f0839693d3fc45c4e49585f",
    "test_list": [["test_batch", "01290e6b622a1977a000eff13650aca2"]],
}


def fetch_cifar10_1(root: Path) -> None:
    """Downloads CIFAR-10.1, as `Pinned.fetch`."""
    for file in CIFAR10_1:
        file.fetch(root)


def read_cifar10_1(root: Path) -> Part:
    """Returns the 2,000 images of CIFAR-10.1; fails as `Pinned.checked`."""
    pixels, labels = (np.load(file.checked(root), allow_pickle=False) for file in CIFAR10_1)
    return Part(pixels.transpose(0, 3, 1, 2), labels.astype(np.int64))


def fetch_cifair10(root: Path) -> None:
    """Downloads the lists of duplicates and ciFAIR-10; fails as `Pinned.fetch`."""
    for file in DUPLICATES:
        file.fetch(root)
    cifair10()(str(root), train=False, download=True)


def cifair10() -> type:
    """Returns ciFAIR-10 as a data set of torchvision's: CIFAR-10 in which other images took the
    places of its duplicate test images."""
    from ._torchvision import torchvision

    return type("ciFAIR10", (torchvision.datasets.CIFAR10,), _CIFAIR)


def duplicates(root: Path) -> np.ndarray:
    """Returns the places, ascending, of the test images of CIFAR-10 that are duplicates.

    An image counts that is like a training image, or is the first of two test images like each
    other; so no two of what remains are listed as alike. All judgments count: pairs of one
    photograph (0 exact, 1 near-duplicate) and of photographs whose difference shows at the second
    glance only (2). ciFAIR-10 replaces them all: its 3.25 % of the test images are the 286 + 39
    pairs of the lists, in which 308 different images come first.

    Raises
        InputError  a list is not there, or not what was published
    """
    found: set[int] = set()
    for file in DUPLICATES:
        try:
            with open(file.checked(root), newline="") as f:
                found |= {int(row["TestID"]) for row in csv.DictReader(f)}
        except (OSError, ValueError) as error:
            raise InputError(
                "data_root",
                "hold the published lists of CIFAR-10's duplicates",
                error,
                f"Save {file.url} as {root / file.path}, or run `mempaper data fetch cifair10`.",
            ) from error
    return np.array(sorted(found))

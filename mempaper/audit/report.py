"""What an audit found: on the screen, as JSON, as tables of every image, and as a page."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from torch import Tensor

from .. import __version__
from ..errors import InputError
from ..files import write_atomic
from .comparison import Compared
from .examination import Controls, Test
from .proximity import Neighbours

__all__ = ["OwnSamples", "Recovered", "Report", "Suspects", "prepare"]

_SHOWN = 20


def prepare(folder: str | Path) -> Path:
    """Returns the folder for a report, made where it is not there.

    Raises
        InputError  it cannot be made or written

    >>> prepare("report").is_dir()
    True
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "out", "be a folder that can be made", f"{folder} ({error.strerror})", "Choose another."
        ) from error
    if not os.access(folder, os.W_OK):
        raise InputError("out", "be a writable folder", folder, "Choose another.")
    return folder


@dataclass(frozen=True)
class OwnSamples:
    """How well recovery finds what can be found: the generator's own samples.

    median, holdout_median  of mean squared errors per pixel
    """

    median: float
    holdout_median: float

    @property
    def ratio(self) -> float:
        """Returns the former over the latter: 0 where recovery is perfect."""
        return self.median / self.holdout_median if self.holdout_median else 1.0


@dataclass(frozen=True, eq=False)
class Recovered:
    """A few real images and the nearest that the generator was found to make."""

    train: Float[Tensor, "k c h w"]
    train_found: Float[Tensor, "k c h w"]
    holdout: Float[Tensor, "k c h w"]
    holdout_found: Float[Tensor, "k c h w"]


@dataclass(frozen=True, eq=False)
class Suspects:
    """All generated images, the most suspicious first.

    order  numbers of the generated images
    found  by encoder, what is nearest to each, in the images' own order
    """

    order: Int[np.ndarray, "g"]
    found: dict[str, Neighbours]

    @classmethod
    def ranked(cls, found: Sequence[Neighbours], names: Sequence[str]) -> "Suspects":
        """Returns the images by the mean rank of their `ratio` over the encoders."""
        ranks = [np.unique(of.ratio, return_inverse=True)[1] for of in found]
        order = np.argsort(np.mean(ranks, axis=0), kind="stable")
        return cls(order, dict(zip(names, found, strict=True)))

    def table(self) -> pd.DataFrame:
        """Returns a row for each generated image, the most suspicious first."""
        columns: dict[str, Any] = {"image": self.order}
        for name, of in self.found.items():
            columns |= {
                f"{name}_nearest_train": of.train[self.order],
                f"{name}_to_train": of.to_train[self.order],
                f"{name}_to_holdout": of.to_holdout[self.order],
                f"{name}_ratio": of.ratio[self.order],
            }
        return pd.DataFrame(columns)


@dataclass(frozen=True, eq=False)
class Report:
    """The outcome of an audit.

    verdict   "memorization", "no memorization found" or "cannot tell"
    reasons   why, in sentences
    left_out  what could not be run, with the reason
    """

    verdict: str
    reasons: list[str]
    tests: list[Test]
    controls: Controls
    detectors: list[Compared]
    own_samples: OwnSamples | None
    recovered: Recovered | None
    suspects: Suspects
    left_out: dict[str, str]
    settings: dict[str, Any]
    train: Float[Tensor, "n c h w"]
    generated: Float[Tensor, "g c h w"]

    def __str__(self) -> str:
        return "\n".join([f"{self.verdict}", *self.reasons])

    def table(self) -> pd.DataFrame:
        """Returns a row for each test, as text."""
        return pd.DataFrame(
            {
                "test": [test.name for test in self.tests],
                "ratio": [f"{test.ratio:.3f}" for test in self.tests],
                "AUC": [f"{test.auc:.2f}" for test in self.tests],
                "p": [f"{test.p_value:.2g}" for test in self.tests],
                "adjusted p": [f"{test.adjusted_p_value:.2g}" for test in self.tests],
            }
        ).set_index("test")

    def as_json(self) -> dict[str, Any]:
        """Returns what report.json holds: see report.schema.json beside this module."""
        own = self.own_samples
        return {
            "schema": 1,
            "mempaper": __version__,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "tests": [
                {
                    "name": test.name,
                    "ratio": test.ratio,
                    "auc": {
                        "estimate": test.auc.estimate,
                        "low": test.auc.low,
                        "high": test.auc.high,
                    },
                    "p_value": test.p_value,
                    "adjusted_p_value": test.adjusted_p_value,
                    "train": len(test.scores.train),
                    "holdout": len(test.scores.holdout),
                }
                for test in self.tests
            ],
            "controls": {
                "negative": {"passed": self.controls.passed_negative} | self.controls.negative,
                "positive": {f"{share:g}": p for share, p in self.controls.positive.items()},
            },
            "detectors": [
                {
                    "title": each.title,
                    "score": each.found.score,
                    "p_value": each.found.p_value,
                    "score_without_copies": each.no_copies.score,
                    "score_with_copies": each.copies.score,
                }
                for each in self.detectors
            ],
            "own_samples": own
            and {"median": own.median, "holdout_median": own.holdout_median, "ratio": own.ratio},
            "suspects": json.loads(
                self.suspects.table().head(_SHOWN).to_json(orient="records", double_precision=10)
            ),
            "left_out": self.left_out,
            "settings": self.settings,
        }

    def write(self, folder: str | Path) -> Path:
        """Writes report.html, report.json, generated.parquet and real.parquet; returns the first.

        Raises
            InputError  the folder cannot be written
        """
        from .page import html

        folder = prepare(folder)
        content = json.dumps(self.as_json(), indent=2, allow_nan=False) + "\n"
        write_atomic(folder / "report.json", content.encode())
        write_atomic(folder / "generated.parquet", self.suspects.table().to_parquet(index=False))
        write_atomic(folder / "real.parquet", self._real().to_parquet(index=False))
        write_atomic(folder / "report.html", html(self).encode())
        return folder / "report.html"

    def _real(self) -> pd.DataFrame:
        """Returns a row for each score of a real image."""
        return pd.concat(
            [
                pd.DataFrame({"test": test.name, "kind": kind, "image": images, "score": scores})
                for test in self.tests
                for kind, images, scores in (
                    ("train", test.scores.train_images, test.scores.train),
                    ("holdout", test.scores.holdout_images, test.scores.holdout),
                )
            ],
            ignore_index=True,
        )

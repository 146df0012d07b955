"""What generators are held against: sets of images in the features of an encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import embeddings, neighbors
from ..errors import InputError
from ..images import Images
from ..runs import Store
from .encoders import EncoderSpec, as_spec, described, encoder
from .scores import Protocol
from .splits import split_of

__all__ = ["Measured", "check_measurable"]


@dataclass(frozen=True, eq=False)
class Measured:
    """Training images, hold-out images and references, and how distances to the first are taken.

    data  the entry "data" of a training run's config
    """

    data: Mapping[str, Any]
    spec: EncoderSpec
    holdout: int | None
    references: Mapping[str, Images]
    within_class: bool
    protocol: Protocol
    data_root: Path | None

    def sets(self) -> dict[str, Images]:
        """Returns training images, hold-out images and references."""
        split = split_of(self.data, self.data_root)
        kept = split.holdout.subset(slice(self.holdout))
        return {"train": split.train, "holdout": kept, **self.references}

    def config(self, store: Store | None) -> dict[str, Any]:
        sets = {name: images.fingerprint for name, images in self.sets().items()}
        return {
            "sets": sets,
            "encoder": described(self.spec, self.data, store=store, data_root=self.data_root),
            "within_class": self.within_class,
            "protocol": asdict(self.protocol),
        }

    def features(self, sets: Mapping[str, Any], store: Store | None) -> dict[str, np.ndarray]:
        """Returns the features of each set of images."""
        device = "cuda" if torch.cuda.is_available() else "cpu"
        made = encoder(self.spec, self.data, device=device, store=store, data_root=self.data_root)
        return {
            name: embeddings.features(made, images, store=store).values
            for name, images in sets.items()
        }

    def nearest(self, queries, labels, bank, bank_labels) -> tuple[np.ndarray, np.ndarray]:
        """Returns distances (n,) to the nearest training image, and which that is."""
        if not self.within_class:
            labels = bank_labels = None
        elif labels is None:
            raise InputError(
                "within_class",
                "be False for a model that knows no classes",
                True,
                "Leave it out, or choose a model such as biggan.",
            )
        found = neighbors.nearest(
            queries,
            bank,
            metric=self.protocol.metric,
            query_labels=labels,
            bank_labels=bank_labels,
        )
        distances, nearest = (np.asarray(part)[:, 0] for part in found)
        return distances, nearest


def check_measurable(
    data: Mapping[str, Any],  # the entry "data" of a training run's config
    encoders: Sequence[str],
    *,
    store: Store | None = None,
    data_root: Path | None = None,
) -> None:
    """Raises InputError where `measure_copying` could not measure by these encoders.

    C_T takes two training images of each class; its baseline, a half of the hold-out images of
    each class that is large enough to be scored as if it were generated.
    """
    if not encoders:
        return
    split = split_of(data, data_root)
    least = {"training": 2, "hold-out": 2 * (Protocol().min_generated + 1)}
    for (name, fewest), labels in zip(
        least.items(), (split.train.labels, split.holdout.labels), strict=True
    ):
        for label in np.unique(split.train.labels).tolist():
            if (count := int(np.sum(labels == label))) < fewest:
                raise InputError(
                    "images" if name == "training" else "holdout",
                    f"leave at least {fewest} {name} images of each class, for C_T is taken "
                    "class by class",
                    f"{count} of class {label} among {len(labels):,}",
                    "Ask for more.",
                )
    for each in encoders:
        encoder(as_spec(each), data, store=store, data_root=data_root)

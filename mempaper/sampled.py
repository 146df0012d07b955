"""A generator's samples with their features, and how near they are to images seen and unseen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import embeddings, experiments, neighbors
from .errors import InputError
from .experiments import Copying, EncoderSpec
from .experiments.encoders import as_spec
from .experiments.splits import trained_on
from .images import Images
from .runs import Run, Store

__all__ = ["Sampled", "sample"]


@dataclass(frozen=True, eq=False)
class Sampled:
    """Samples of one generator, beside the training and the hold-out images.

    "train", "holdout" and "generated" are names of sets; distances are 1 - cos.

    training    all training images
    d_bar       mean distance of a training image to the nearest other one
    images      (n, c, h, w), the samples
    labels      name -> (n,); of the samples None where the model knows no classes
    to_train    name -> (n,), to the nearest training image; of a training image to another one
    nearest     (n,), which training image is nearest to each sample
    to_holdout  "holdout" or "generated" -> (n,), to the nearest hold-out image; of a hold-out image
                to another one
    directions  name -> (n, d), features scaled to length 1; half of the square of their Euclidean
                distance is 1 - cos
    """

    run: Run
    training: Images
    d_bar: float
    images: torch.Tensor
    labels: Mapping[str, np.ndarray | None]
    to_train: Mapping[str, np.ndarray]
    nearest: np.ndarray
    to_holdout: Mapping[str, np.ndarray]
    directions: Mapping[str, np.ndarray]

    def of_class(self, label: int | None) -> "Sampled":
        """Returns the images of one class of each set, of all classes where `label` is None.

        Their neighbours still are of any class, and `training` and `d_bar` of all classes.

        Raises
            InputError  the model knows no classes, or a set has fewer than two images of this one
        """
        if label is None:
            return self
        chosen = {}
        for name, labels in self.labels.items():
            if labels is None:
                raise InputError(
                    "label", "be None for a model that knows no classes", label, "Leave it out."
                )
            chosen[name] = labels == label
            if chosen[name].sum() < 2:
                raise InputError(
                    "label",
                    f"have at least two {name} images",
                    f"{label}, which has {chosen[name].sum()}",
                    "Choose another class, or generate more images.",
                )

        def kept(sets: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {name: rows[chosen[name]] for name, rows in sets.items()}

        return replace(
            self,
            images=self.images[torch.from_numpy(chosen["generated"])],
            labels=kept(self.labels),
            to_train=kept(self.to_train),
            nearest=self.nearest[chosen["generated"]],
            to_holdout=kept(self.to_holdout),
            directions=kept(self.directions),
        )

    def neighbours(self) -> torch.Tensor:
        """Returns the training image nearest to each sample, (n, c, h, w)."""
        return self.training[torch.from_numpy(self.nearest)]


def sample(
    runs: Sequence[Run],
    *,
    encoder: EncoderSpec | Mapping[str, Any] | str = "pca",
    generated: int = 2000,  # images of each generator
    seed: int = 0,  # of the generated images
    store: Store | None = None,
    data_root: Path | None = None,
) -> list[Sampled]:
    """Returns the samples of each training run's generator that `measure_copying` takes."""
    common = {"seed": seed, "store": store, "data_root": data_root}
    found = experiments.measure_copying(runs, encoder=encoder, generated=generated, **common)
    return [_of_run(copying, as_spec(encoder), **common) for copying in found]


def _of_run(
    copying: Copying, encoder: EncoderSpec, seed: int, store: Store | None, data_root: Path | None
) -> Sampled:
    split = trained_on(copying.run, data_root)
    count = len(copying.distances["generated"])
    images, labels = experiments.samples(copying.run, count, seed=seed)
    sets = {"train": split.train, "holdout": split.holdout}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    made = experiments.encoder(
        encoder, copying.run.config["data"], device=device, store=store, data_root=data_root
    )
    features = {
        name: embeddings.features(made, part, store=store).values
        for name, part in (sets | {"generated": images}).items()
    }
    bank = features["holdout"]
    found = {
        "holdout": neighbors.nearest(bank, bank, exclude_self=True),
        "generated": neighbors.nearest(features["generated"], bank),
    }
    return Sampled(
        run=copying.run,
        training=split.train,
        d_bar=copying.d_bar,
        images=images,
        labels={name: part.labels for name, part in sets.items()}
        | {"generated": None if labels is None else labels.numpy()},
        to_train=copying.distances,
        nearest=copying.nearest["generated"],
        to_holdout={name: distances[:, 0] for name, (distances, _) in found.items()},
        directions={name: _directions(values) for name, values in features.items()},
    )


def _directions(features: np.ndarray) -> np.ndarray:
    features = features.astype(np.float64)
    return features / np.linalg.norm(features, axis=1, keepdims=True)

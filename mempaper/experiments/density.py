"""How densely the training images lie, as a step on the store (Bai et al. 2022, Sec. 5.7)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import embeddings, neighbors
from ..runs import Run, Store
from .arrays import write_arrays
from .encoders import EncoderSpec, described, encoder
from .splits import split_of

__all__ = ["density"]


def density(
    spec: EncoderSpec,
    data: Mapping[str, Any],  # the entry "data" of a training run's config
    *,
    metric: str = "cosine",
    within_class: bool = False,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Run:
    """Returns the run that found the nearest other training image of each training image.

    The run holds distances.npz with distances (n,), whose mean is d-bar, and nearest (n,).
    """
    config = {
        "data": data["fingerprint"],
        "encoder": described(spec, data, store=store, data_root=data_root),
        "metric": metric,
        "within_class": within_class,
    }

    def build(folder: Path) -> dict[str, Any]:
        images = split_of(data, data_root).train
        made = encoder(spec, data, store=store, data_root=data_root)
        bank = embeddings.features(made, images, store=store).values
        labels = images.labels if within_class else None
        distances, nearest = neighbors.nearest(
            bank, bank, metric=metric, exclude_self=True, query_labels=labels, bank_labels=labels
        )
        arrays = {"distances": np.asarray(distances)[:, 0], "nearest": np.asarray(nearest)[:, 0]}
        write_arrays(folder / "distances.npz", arrays)
        return {"mean": float(distances.mean())}

    return (store or Store()).make("density", config, build, code=(neighbors,))

"""Trains a classifier, whose features compare images, as a step on the store."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from .. import files, parallel
from ..errors import InputError
from ..images import Images
from ..networks import classifier as network
from ..runs import Run, Store
from ..training import classifier, loop
from .splits import square_split

__all__ = ["classify"]


def classify(
    dataset: str,  # a name that images.load knows, with labels
    *,
    images: int | None = None,  # the first training images; None: all
    size: int | None = None,  # height and width in pixels; None: the dataset's
    holdout: int | None = None,  # images kept out; None: the dataset's default
    steps: int = 200,
    batch_size: int = 64,
    width: int = 32,  # channels of the first layer
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Run:
    """Returns the run that trained a classifier on the first training images of `dataset`.

    The run holds classifier.safetensors, a moving average of the weights, and losses.csv. Its
    metrics are the accuracies on the training and on the hold-out images.

    Raises
        InputError  the images are not square, or have fewer than two labels; or a count is below 1

    >>> run = classify("digits", images=16, steps=1, batch_size=8, width=4)
    >>> sorted(run.metrics)
    ['holdout_accuracy', 'train_accuracy']
    """
    for name, value in (("steps", steps), ("batch_size", batch_size), ("width", width)):
        if value < 1:
            raise InputError(name, "be at least 1", value, "Give a positive count.")
    split, data = square_split(dataset, size, images, holdout, data_root)
    channels, height, _ = split.train.shape
    labels = torch.from_numpy(np.asarray(split.train.labels))
    classes = int(labels.max()) + 1
    if len(labels.unique()) < 2:
        raise InputError(
            "dataset",
            "have labels, two different ones at least",
            f"{data['source']}, whose images share one",
            "Use an encoder that needs none, such as squeezenet or pca.",
        )
    chosen = classifier.ClassifierConfig(
        size=height, channels=channels, classes=classes, width=width
    )
    shape = {"size": height, "channels": channels, "classes": classes, "width": width}
    config = {
        "model": "classifier",
        "dataset": f"{data['source']}, {data['train']:,} images",
        "network": shape,
        "training": asdict(chosen),
        "data": data,
        "steps": steps,
        "batch_size": batch_size,
        "seed": seed,
    }

    def build(folder: Path) -> dict[str, Any]:
        with parallel.one_thread():
            trained = loop.fit(
                classifier.Classification(chosen, labels=labels, seed=seed),  # type: ignore[arg-type]
                split.train,
                steps=steps,
                batch_size=batch_size,
                seed=seed,
                folder=folder,
                description=f"training a classifier on {data['train']} {data['source']}",
            )["classifier_ema"]
            files.write_atomic(folder / "classifier.safetensors", save(trained.cpu().state_dict()))
            return {
                "train_accuracy": _accuracy(trained, split.train),
                "holdout_accuracy": _accuracy(trained, split.holdout),
            }

    code = (network, classifier, loop)
    return (store or Store()).make("classifier", config, build, code=code, seed=seed)


@torch.no_grad()
def _accuracy(trained: torch.nn.Module, images: Images) -> float | None:
    """Returns the share of images with the right label; None of no images."""
    found = [trained(images[low : low + 256]).argmax(1) for low in range(0, len(images), 256)]
    if not found:
        return None
    return float(np.mean(torch.cat(found).numpy() == images.labels))

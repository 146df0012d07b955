"""What models cost to train, and what they make."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from . import experiments, generators
from .experiments.models import TrainedModel
from .runs import Run
from .runs.provenance import worked

__all__ = ["images", "table"]

_WITHOUT_PRIOR = ("ae",)
"""Families that learn codes of images and no distribution to draw codes from."""


def images(runs: Sequence[Run], *, count: int, seed: int = 0) -> dict[str, Tensor]:
    """Returns training images and what each model makes, (count, c, h, w), by the name of the row.

    Models make samples of latents from N(0, I). An auto-encoder, which knows no such latents, makes
    what it can of hold-out images.
    """
    rows = {"training images": experiments.targets(runs[0], "train", count)}
    for run in runs:
        name, generator = TrainedModel(run).name, generators.load(run)
        if run.config["model"] in _WITHOUT_PRIOR:
            held_out = experiments.targets(run, "holdout", count)
            with torch.no_grad():
                rows[f"{name}, of hold-out images"] = generator(generator.encoder(held_out))
        else:
            rows[name] = generator.sample(count, seed=seed)
    return rows


def table(runs: Sequence[Run]) -> pd.DataFrame:
    """Returns a row for each model: images it saw, updates, weights of its generator, and the
    seconds its training took of a core, or by the clock beside a GPU."""
    rows = [
        {
            "model": TrainedModel(run).name,
            "training images": f"{run.config['data']['train']:,}",
            "updates": f"{run.config['steps']:,}",
            "images per update": run.config["batch_size"],
            "weights of the generator": f"{_weights(run):,}",
            "seconds": f"{worked(run.provenance):.0f}",
        }
        for run in runs
    ]
    return pd.DataFrame(rows).set_index("model").rename_axis(None)


def _weights(run: Run) -> int:
    return sum(weight.numel() for weight in generators.load(run).network.parameters())

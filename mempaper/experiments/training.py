"""Trains a generator as a step on the store."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from safetensors.torch import save
from torch import nn

from .. import families, files, parallel, sources
from ..errors import InputError
from ..networks.dcgan import doublings
from ..networks.spectral import plain
from ..runs import Run, Store
from ..training import conditional, loop, losses
from .splits import load_split

__all__ = ["train", "train_all"]


def train(
    model: str,  # a name in families.FAMILIES
    dataset: str,  # a name that images.load knows
    *,
    images: int | None = None,  # the first N training images; None: all
    size: int | None = None,  # height and width in pixels; None: the dataset's
    holdout: int | None = None,  # images kept out; None: the dataset's default
    steps: int = 2000,
    batch_size: int = 64,  # of each step of a discriminator
    latent_dim: int = 128,  # not of a flow, whose latents are as large as its images
    width: int = 64,  # channels at the generator's coarsest grid
    learning_rate: float | None = None,  # None: the family's
    loss: str = "non_saturating",  # where the family leaves a choice; see training.losses
    precision: str = "32-true",  # or "bf16-mixed", "16-mixed", ...: Fabric's names
    seed: int = 0,
    tensorboard: bool = False,  # also write event files for TensorBoard
    store: Store | None = None,
    data_root: Path | None = None,
) -> Run:
    """Returns the run that trained `model` on the first `images` training images of `dataset`.

    The run holds generator.safetensors (of a GAN the moving average of the weights), where the
    family has an encoder encoder.safetensors, and losses.csv.

    Raises
        InputError             an argument is unknown or out of range
        loop.TrainingDiverged  a loss became NaN
    """
    family = families.get(model)
    if loss not in losses.LOSSES:
        raise InputError(
            "loss", f"be one of {', '.join(losses.LOSSES)}", repr(loss), "Choose one of these."
        )
    _check_training(latent_dim, width, steps, batch_size, seed, learning_rate)
    if dataset not in sources.NAMED and Path(dataset).exists():
        dataset = str(Path(dataset).absolute())
    split = load_split(dataset, size, images, holdout, data_root)
    channels, height, across = split.train.shape
    if height != across:
        raise InputError(
            "dataset", "hold square images", f"{height} x {across} pixels", "Crop or resize them."
        )
    doublings(height)
    _check_family(model, family, min(batch_size, len(split.train)), precision)
    fabric = _fabric(precision)
    settings = {"size": height, "channels": channels, "latent_dim": latent_dim, "width": width}
    if family.labelled:
        settings["classes"] = _classes(model, dataset, split.train.labels)
    if learning_rate is not None:
        settings["learning_rate"] = learning_rate
    known = {field.name for field in fields(family.config)}
    network = family.config(**{name: settings[name] for name in settings if name in known})
    config = {
        "model": model,
        "dataset": f"{dataset}, {len(split.train):,} images",
        "training": asdict(network),
        "loss": family.loss or loss,
        "data": {
            "source": dataset,
            "size": height,
            "train": len(split.train),
            "holdout": len(split.holdout),
            "fingerprint": split.train.fingerprint,
        },
        "steps": steps,
        "batch_size": batch_size,
        "precision": precision,
        "seed": seed,
    }

    def build(folder: Path) -> dict[str, Any]:
        objective = family.objective(
            network,
            count=len(split.train),
            steps=steps,
            seed=seed,
            loss=losses.LOSSES[loss],
            labels=torch.from_numpy(split.train.labels),
        )
        batches = network.discriminator_steps if family.labelled else 1
        with parallel.one_thread():
            trained = loop.fit(
                objective,
                conditional.Repeated(split.train, batches) if family.labelled else split.train,
                steps=steps,
                batch_size=batch_size * batches,
                seed=seed,
                folder=folder,
                fabric=fabric,
                tensorboard=tensorboard,
                description=f"training {model} on {len(split.train)} {dataset}",
            )
        generator = plain(trained.get("generator_ema", trained["generator"]))
        _write_weights(folder / "generator.safetensors", generator)
        if family.encoder is not None:
            # A flow's encoder is the generator's inverse, with the same weights.
            encoder = trained.get("encoder_ema", trained.get("encoder", generator))
            _write_weights(folder / "encoder.safetensors", encoder)
        attempts.append(folder)
        return _last_row(folder / "losses.csv")

    attempts: list[Path] = []
    code = (*family.code, loop)
    run = (store or Store()).make("train", config, build, code=code, seed=seed)
    if tensorboard and not attempts:
        warnings.warn(
            f"run {run.id} was finished before: nothing was trained now, and no event files were "
            f"written for TensorBoard; `mempaper runs clean` makes room for a new training",
            stacklevel=2,
        )
    return run


def _check_training(latent_dim, width, steps, batch_size, seed, learning_rate) -> None:
    counts = {
        "latent_dim": (latent_dim, 1, 1 << 16),
        "width": (width, 1, 1 << 16),
        "steps": (steps, 1, None),
        "batch_size": (batch_size, 1, None),
        "seed": (seed, 0, (1 << 63) - 1),
    }
    for name, (value, least, most) in counts.items():
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < least or (most is not None and value > most):
            rule = f"be a whole number, at least {least}"
            rule += "" if most is None else f" and at most {most}"
            raise InputError(name, rule, repr(value), "Give such a number.")
    if learning_rate is not None and not 0 < learning_rate < 1e3:
        raise InputError(
            "learning_rate", "lie between 0 and 1000", learning_rate, "1e-3 or 2e-4 are usual."
        )


def _check_family(model: str, family: families.Family, batch_size: int, precision: str) -> None:
    if precision.endswith("-mixed") and not family.mixed:
        raise InputError(
            "precision",
            f"be no mixed one for {model}, whose loss has gradients of gradients",
            repr(precision),
            "32-true works everywhere.",
        )
    if batch_size < family.least_batch:
        raise InputError(
            "batch_size",
            f"be at least {family.least_batch} for {model}, and so the number of images",
            batch_size,
            "Batch normalisation of latents needs more than one image.",
        )


def _classes(model: str, dataset: str, labels: np.ndarray) -> int:
    found = np.unique(labels)
    if len(found) < 2 or not np.array_equal(found, np.arange(len(found))):
        raise InputError(
            "dataset",
            f"have labels for {model}, 0, 1 and so on, each on at least one training image",
            f"{dataset}, whose {len(labels):,} images have the labels "
            f"{', '.join(map(str, found[:20]))}",
            "Choose labelled images, or train on more of them, or choose a model without labels.",
        )
    return len(found)


def _write_weights(path: Path, network: nn.Module) -> None:
    files.write_atomic(path, save(network.state_dict()))


def _fabric(precision: str) -> Fabric:
    try:
        return Fabric(accelerator="auto", devices=1, precision=precision)
    except (ValueError, ImportError, RuntimeError) as error:
        raise InputError(
            "precision",
            "be one that Lightning Fabric knows and this machine has",
            repr(precision),
            "32-true works everywhere; others are bf16-mixed and 64-true.",
        ) from error


def _last_row(path: Path) -> dict[str, float]:
    return pd.read_csv(path).iloc[-1].to_dict()


def train_all(jobs: Sequence[Mapping[str, Any]]) -> list[Run]:
    """Returns train(**job) of each job, as many at once as there are cores."""
    return parallel.run(train, jobs, description="training")

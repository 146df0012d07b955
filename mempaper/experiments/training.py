"""Trains a generator as a step on the store."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from lightning_fabric import Fabric
from safetensors.torch import save

from .. import files, parallel, sources
from ..errors import InputError
from ..networks import dcgan
from ..runs import Run, Store
from ..training import gan, glo, loop, losses
from .splits import load_split

__all__ = ["train", "train_all"]


def train(
    model: str,  # "dcgan" or "glo"
    dataset: str,  # a name that images.load knows
    *,
    images: int | None = None,  # the first N training images; None: all
    size: int | None = None,  # height and width in pixels; None: the dataset's
    holdout: int | None = None,  # images kept out; None: the dataset's default
    steps: int = 2000,
    batch_size: int = 64,
    latent_dim: int = 128,
    width: int = 64,  # channels at the generator's coarsest grid
    learning_rate: float | None = None,  # None: 2e-4 for "dcgan", 1e-3 for "glo"
    loss: str = "non_saturating",  # of "dcgan"; see training.losses
    precision: str = "32-true",  # or "bf16-mixed", "16-mixed", ...: Fabric's names
    seed: int = 0,
    tensorboard: bool = False,  # also write event files for TensorBoard
    store: Store | None = None,
    data_root: Path | None = None,
) -> Run:
    """Returns the run that trained `model` on the first `images` training images of `dataset`.

    The run holds generator.safetensors (of a GAN the moving average of the weights) and losses.csv.

    Raises
        InputError             an argument is unknown or out of range
        loop.TrainingDiverged  a loss became NaN
    """
    if model not in ("dcgan", "glo"):
        raise InputError("model", "be dcgan or glo", repr(model), "Choose one of the two.")
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
    dcgan.doublings(height)
    fabric = _fabric(precision)
    shape = {"size": height, "channels": channels, "latent_dim": latent_dim, "width": width}
    rate = {} if learning_rate is None else {"learning_rate": learning_rate}
    if model == "dcgan":
        network: Any = gan.GANConfig(**shape, discriminator_width=width, **rate)
    else:
        network, loss = glo.GLOConfig(**shape, **rate), "mean_squared_error"
    config = {
        "model": model,
        "dataset": f"{dataset}, {len(split.train):,} images",
        "generator": shape,
        "training": asdict(network),
        "loss": loss,
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
        if model == "dcgan":
            objective: Any = gan.GAN(network, seed=seed, loss=losses.LOSSES[loss])
        else:
            objective = glo.GLO(network, count=len(split.train), seed=seed)
        with parallel.one_thread():
            trained = loop.fit(
                objective,
                split.train,
                steps=steps,
                batch_size=batch_size,
                seed=seed,
                folder=folder,
                fabric=fabric,
                tensorboard=tensorboard,
                description=f"training {model} on {len(split.train)} {dataset}",
            )
        generator = trained.get("generator_ema", trained["generator"])
        files.write_atomic(folder / "generator.safetensors", save(generator.state_dict()))
        return _last_row(folder / "losses.csv")

    code = (dcgan, gan, glo, losses, loop)
    return (store or Store()).make("train", config, build, code=code, seed=seed)


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

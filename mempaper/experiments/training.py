"""Trains a generator as a step on the store."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from lightning_fabric import Fabric
from safetensors.torch import save
from torch import nn

from .. import families, files, parallel
from ..networks.spectral import plain
from ..runs import Run, Store
from ..runs.identity import canonical
from ..training import loop
from .measured import check_measurable
from .preparing import Prepared, prepare
from .rejecting import RejectionSettings

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
    rejection: RejectionSettings | Mapping[str, Any] | None = None,  # of families with labels
    precision: str = "32-true",  # or "bf16-mixed", "16-mixed", ...: Fabric's names
    devices: int = 1,  # GPUs of this machine, or processes where it has none, to share each batch
    seed: int = 0,
    tensorboard: bool = False,  # also write event files for TensorBoard
    store: Store | None = None,
    data_root: Path | None = None,
) -> Run:
    """Returns the run that trained `model` on the first `images` training images of `dataset`.

    The run holds generator.safetensors (of a GAN the moving average of the weights), where the
    family has them encoder.safetensors and discriminator.safetensors, and losses.csv. With
    `rejection` its config has an entry of that name, the threshold in it as a number; one of 0 is
    none.

    Raises
        InputError             an argument is unknown or out of range
        loop.TrainingDiverged  a loss became NaN; with several devices a RuntimeError
        rejection.AcceptanceCollapsed  too few fakes are accepted within the budget; likewise
        parallel.WorkerLost  the process of one of several devices was killed

    >>> run = train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> run.kind, run.config["data"]["train"]
    ('train', 8)
    """
    job: dict[str, Any] = {
        "model": model,
        "dataset": dataset,
        "images": images,
        "size": size,
        "holdout": holdout,
        "steps": steps,
        "batch_size": batch_size,
        "latent_dim": latent_dim,
        "width": width,
        "learning_rate": learning_rate,
        "loss": loss,
        "rejection": rejection,
        "precision": precision,
        "devices": devices,
        "seed": seed,
        "store": store,
        "data_root": data_root,
    }
    prepared = prepare(**job)

    def build(folder: Path) -> dict[str, Any]:
        attempts.append(folder)
        if devices == 1:
            _fit(prepared.fabric, prepared, job, folder, tensorboard)
        else:
            parallel.launch(_join, job, folder, tensorboard, devices=devices, precision=precision)
        return _last_row(folder / "losses.csv")

    attempts: list[Path] = []
    run = (store or Store()).make("train", prepared.config, build, code=prepared.code, seed=seed)
    if tensorboard and not attempts:
        warnings.warn(
            f"run {run.id} was finished before: nothing was trained now, and no event files were "
            f"written for TensorBoard; `mempaper runs clean` makes room for a new training",
            stacklevel=2,
        )
    return run


def _join(fabric: Fabric, job: Mapping[str, Any], folder: Path, tensorboard: bool) -> None:
    """Trains as one of several processes, which share no more than the arguments."""
    _fit(fabric, prepare(**job), job, folder, tensorboard)


def _fit(
    fabric: Fabric,
    prepared: Prepared,
    job: Mapping[str, Any],
    folder: Path,
    tensorboard: bool,
) -> None:
    """Trains in this process, which may be one of several, and writes the weights in the first."""
    model, dataset = job["model"], job["dataset"]
    with parallel.one_thread():
        trained = loop.fit(
            prepared.objective(fabric.device),
            prepared.images,
            steps=job["steps"],
            batch_size=prepared.batch_size,
            seed=job["seed"],
            folder=folder,
            fabric=fabric,
            tensorboard=tensorboard,
            description=f"training {model} on {prepared.config['data']['train']} {dataset}",
        )
    if not fabric.is_global_zero:
        return
    generator = plain(trained.get("generator_ema", trained["generator"]))
    _write_weights(folder / "generator.safetensors", generator)
    if families.get(model).encoder is not None:
        # A flow's encoder is the generator's inverse, with the same weights.
        encoder = trained.get("encoder_ema", trained.get("encoder", generator))
        _write_weights(folder / "encoder.safetensors", encoder)
    if families.get(model).discriminator is not None:
        _write_weights(folder / "discriminator.safetensors", plain(trained["discriminator"]))


def _write_weights(path: Path, network: nn.Module) -> None:
    files.write_atomic(path, save(network.state_dict()))


def _last_row(path: Path) -> dict[str, float]:
    return pd.read_csv(path).iloc[-1].to_dict()


def train_all(
    jobs: Sequence[Mapping[str, Any]],
    *,
    measured_by: Sequence[str] = (),  # encoders that measure_copying will be given
) -> list[Run]:
    """Returns train(**job) of each job, as many at once as there are cores.

    What is wrong with any of them is found before the first begins.

    Raises
        InputError  as `train`; or the runs could not be measured afterwards: an encoder is not at
                    hand, or a class has too few images

    >>> settings = {"glo": {"steps": 1, "width": 8, "latent_dim": 8}}
    >>> planned = jobs(["digits"], models=["glo-8"], training=settings, seeds=[0])
    >>> [run.config["model"] for run in train_all(planned)]
    ['glo']
    """
    distinct = {}
    for job in jobs:
        prepared = prepare(**{name: job[name] for name in job if name != "tensorboard"})
        places = {name: job.get(name) for name in ("store", "data_root")}
        distinct[canonical(prepared.config["data"])] = {"data": prepared.config["data"], **places}
    for each in distinct.values():
        check_measurable(**each, encoders=measured_by)
    return parallel.run(train, jobs, description="training")

"""The papers' experiments as steps on the store: train, recover, assess.

Each step is found by what made it: a repeated call returns at once, an interrupted one goes on.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from safetensors.torch import save

from . import (
    files,
    generators,
    images,
    minimizers,
    operators,
    parallel,
    recovery,
    sources,
    statistics,
)
from .errors import InputError
from .networks import dcgan
from .progress import track
from .runs import Run, Store
from .training import gan, glo, loop, losses

__all__ = [
    "KINDS",
    "Assessment",
    "assess",
    "distortion",
    "recover",
    "recovered",
    "targets",
    "train",
    "train_all",
]

KINDS = ("train", "holdout", "generated", "distorted")
_SHARD = 256


@lru_cache(maxsize=4)
def _load_split(
    dataset: str, size: int | None, train: int | None, holdout: int | None, root: Path | None
) -> images.Split:
    return images.load(dataset, size=size, train=train, holdout=holdout, root=root)


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
    split = _load_split(dataset, size, images, holdout, data_root)
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


def distortion(size: int, *, seed: int = 0) -> operators.SmoothWarp:
    """Returns the smooth warp of Sec. 2.2 that makes this book's distorted images.

    Its displacements have a standard deviation of 4 % of the image's side and vary over 1/8 of it.
    The paper does not say which distortion its Table 1 uses, nor how strong.
    """
    smoothing = size / 8
    sigma = 0.04 * size * 2 * np.sqrt(np.pi) * smoothing
    return operators.SmoothWarp(sigma=float(sigma), smoothing=smoothing, seed=seed)


def targets(
    run: Run, kind: str, count: int, *, seed: int = 0, data_root: Path | None = None
) -> torch.Tensor:
    """Returns `count` images (n, c, h, w) to recover with the generator of a training run.

    kind  "train", the first images it was trained on; "holdout", images it never saw; "generated",
          its own samples; "distorted", the first training images warped by `distortion`
    """
    if kind not in KINDS:
        raise InputError(
            "kind", f"be one of {', '.join(KINDS)}", repr(kind), "Choose one of these."
        )
    data = run.config["data"]
    split = _load_split(data["source"], data["size"], data["train"], data["holdout"], data_root)
    if count < 1:
        raise InputError("count", "be at least 1", count, "Give a positive count.")
    if split.train.fingerprint != data["fingerprint"]:
        raise InputError(
            "data_root",
            f"hold the images that run {run.id} was trained on",
            f"other content of {data['source']}",
            "Point MEMPAPER_DATA to the original data, or train again.",
        )
    if kind == "generated":
        return generators.load(run).sample(count, seed=seed)
    chosen = split.holdout if kind == "holdout" else split.train
    if not len(chosen):
        raise InputError(
            "kind", "have images", f"{kind!r}, of which run {run.id} kept none", "Choose another."
        )
    chosen = chosen[: min(count, len(chosen))]
    return distortion(data["size"], seed=seed)(chosen) if kind == "distorted" else chosen


def recover(
    run: Run,
    kind: str,
    *,
    count: int,
    steps: int = 100,
    method: str | recovery.Method = "lbfgs",
    restarts: int = 1,
    candidates: int | None = None,
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Run:
    """Returns the run that recovered `count` images of one kind (see `targets`).

    The run holds recovery.npz with latents, errors, stop and evaluations, as in recovery.Recovery,
    and trace, the error at each pass. It is made in shards, so that an interruption loses at most
    256 images.
    """
    with parallel.one_thread():
        wanted = targets(run, kind, count, seed=seed, data_root=data_root)
    method = recovery.choose(method)
    config = {
        "run": run.id,
        "kind": kind,
        "count": len(wanted),
        "steps": steps,
        "method": {"name": type(method).__name__} | asdict(method),
        "restarts": restarts,
        "candidates": candidates,
        "seed": seed,
    }

    def build(folder: Path) -> dict[str, Any]:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        generator = generators.load(run, device=device)
        shards = folder / "checkpoints"
        lows = range(0, len(wanted), _SHARD)
        for low in track(lows, f"recovering {kind} images"):
            path = shards / f"{low}.npz"
            if _is_whole(path):
                continue
            with parallel.one_thread():
                found = recovery.recover(
                    generator.network,
                    wanted[low : low + _SHARD],
                    generator.latent_dim,
                    method=method,
                    steps=steps,
                    restarts=restarts,
                    candidates=candidates,
                    first=low,
                    seed=seed,
                    trace=True,
                )
            _write_arrays(path, {name: getattr(found, name).cpu().numpy() for name in _ARRAYS})
        parts = [_read_arrays(shards / f"{low}.npz") for low in lows]
        whole = {name: np.concatenate([part[name] for part in parts]) for name in _ARRAYS}
        _write_arrays(folder / "recovery.npz", whole)
        return {
            "median_recovery_error": float(np.median(whole["errors"])),
            "converged": float(np.mean(whole["stop"] <= minimizers.Stop.FLAT)),
            "evaluations": float(np.mean(whole["evaluations"])),
        }

    code = (dcgan, generators, minimizers, operators, recovery)
    return (store or Store()).make("recover", config, build, code=code, seed=seed)


_ARRAYS = ("latents", "errors", "stop", "evaluations", "trace")


def _write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    content = io.BytesIO()
    np.savez(content, **arrays)
    files.write_atomic(path, content.getvalue())


def _is_whole(path: Path) -> bool:
    try:
        return set(_read_arrays(path)) == set(_ARRAYS)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return False


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def recovered(run: Run) -> dict[str, np.ndarray]:
    """Returns the arrays of a recovery run."""
    return _read_arrays(run.file("recovery.npz"))


@dataclass(frozen=True)
class Assessment:
    """The recovery errors of one generator by kind of image, and what they say."""

    run: Run
    errors: Mapping[str, np.ndarray]  # kind -> (n,)
    test: statistics.OverfittingTest

    @property
    def name(self) -> str:
        """Returns the model's name as the paper writes it: DCGAN, or GLO-N."""
        model = self.run.config["model"]
        return "DCGAN" if model == "dcgan" else f"GLO-{self.count}"

    @property
    def dataset(self) -> str:
        """Returns the name of the data set that the model was trained on."""
        return self.run.config["data"]["source"]

    @property
    def count(self) -> int:
        """Returns the number of images that the model was trained on."""
        return self.run.config["data"]["train"]

    @property
    def seed(self) -> int:
        """Returns the seed that the model was trained with."""
        return self.run.config["seed"]

    @property
    def labelled_errors(self) -> dict[str, np.ndarray]:
        """Returns the errors by the names that figures use: hold-out images are "validation"."""
        return {{"holdout": "validation"}.get(k, k): v for k, v in self.errors.items()}

    def recovered_share(self, bound: float) -> statistics.Interval:
        """Returns the share of the generator's own samples with an error below `bound`."""
        return statistics.share_interval(self.errors["generated"] < bound)


def train_all(jobs: Sequence[Mapping[str, Any]]) -> list[Run]:
    """Returns train(**job) of each job, as many at once as there are cores."""
    return parallel.run(train, jobs, description="training")


def assess(
    runs: Sequence[Run],
    *,
    count: int,  # training and as many hold-out images
    check_count: int = 200,  # own samples and as many distorted images, at most `count`
    steps: int = 100,
    restarts: int = 1,
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> list[Assessment]:
    """Returns an assessment of each training run: images of all four kinds, recovered."""
    counts = dict.fromkeys(KINDS, min(count, check_count)) | {"train": count, "holdout": count}
    settings = {
        "steps": steps,
        "restarts": restarts,
        "seed": seed,
        "store": store,
        "data_root": data_root,
    }
    jobs = [
        {"run": run, "kind": kind, "count": counts[kind], **settings}
        for run in runs
        for kind in KINDS
    ]
    found = parallel.run(recover, jobs, description="recovering")
    errors = [recovered(run)["errors"] for run in found]
    rows = [dict(zip(KINDS, errors[i : i + 4], strict=True)) for i in range(0, len(errors), 4)]
    return [
        Assessment(run, row, statistics.overfitting_test(row["train"], row["holdout"]))
        for run, row in zip(runs, rows, strict=True)
    ]

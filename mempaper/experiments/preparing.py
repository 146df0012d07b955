"""What a training would do: its arguments checked, its images loaded, its identity known."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment

from .. import families
from ..errors import InputError
from ..networks.dcgan import doublings
from ..runs import Store
from ..training import conditional, loop, losses
from . import rejecting
from .rejecting import RejectionSettings
from .splits import square_split

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """A training whose arguments were checked.

    config, code  what identifies its run
    objective     makes a fresh one, to be trained on a device
    images        and
    batch_size    as training.loop.fit takes them
    fabric        of one device
    """

    config: dict[str, Any]
    code: tuple[ModuleType, ...]
    objective: Callable[[torch.device], loop.Objective]
    images: loop.TrainingImages
    batch_size: int
    fabric: Fabric


def prepare(
    model: str,
    dataset: str,
    *,
    images: int | None = None,
    size: int | None = None,
    holdout: int | None = None,
    steps: int = 2000,
    batch_size: int = 64,
    latent_dim: int = 128,
    width: int = 64,
    learning_rate: float | None = None,
    loss: str = "non_saturating",
    rejection: RejectionSettings | Mapping[str, Any] | None = None,
    precision: str = "32-true",
    devices: int = 1,
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Prepared:
    """Returns what training.train does with these arguments, and raises what it raises."""
    family = families.get(model)
    if loss not in losses.LOSSES:
        raise InputError(
            "loss", f"be one of {', '.join(losses.LOSSES)}", repr(loss), "Choose one of these."
        )
    _check_training(latent_dim, width, steps, batch_size, devices, seed, learning_rate)
    chosen = rejecting.as_settings(rejection)
    if chosen and chosen.threshold != 0:
        _check_rejecting(model, family)
    split, data = square_split(dataset, size, images, holdout, data_root)
    channels, height, _ = split.train.shape
    doublings(height)
    _check_family(model, family, min(batch_size, len(split.train)), precision, devices)
    _check_devices(devices)
    fabric = _fabric(precision)
    settings = {"size": height, "channels": channels, "latent_dim": latent_dim, "width": width}
    if family.labelled:
        settings["classes"] = _classes(model, data["source"], split.train.labels)
    if learning_rate is not None:
        settings["learning_rate"] = learning_rate
    known = {field.name for field in fields(family.config)}
    network = family.config(**{name: settings[name] for name in settings if name in known})
    config = {
        "model": model,
        "dataset": f"{data['source']}, {data['train']:,} images",
        "training": asdict(network),
        "loss": family.loss or loss,
        "data": data,
        "steps": steps,
        "batch_size": batch_size,
        "precision": precision,
        "seed": seed,
        **({"devices": devices} if devices > 1 else {}),
    }
    places = {"store": store, "data_root": data_root}
    tau = rejecting.threshold_of(chosen, data, **places) if chosen else 0.0
    if tau > 0:
        config["rejection"] = rejecting.recorded(chosen, tau, data, **places)

    def objective(device: torch.device) -> loop.Objective:
        more = {}
        if tau > 0:
            more["rejection"] = rejecting.rejection(chosen, tau, data, device=device, **places)
            more["reject_for_both"] = chosen.both
        return family.objective(
            network,
            count=len(split.train),
            steps=steps,
            seed=seed,
            loss=losses.LOSSES[loss],
            labels=torch.from_numpy(split.train.labels),
            **more,
        )

    batches = network.discriminator_steps if family.labelled else 1
    return Prepared(
        config=config,
        code=(*family.code, loop, *(rejecting.CODE if tau > 0 else ())),
        objective=objective,
        images=conditional.Repeated(split.train, batches) if family.labelled else split.train,
        batch_size=batch_size * batches,
        fabric=fabric,
    )


def _check_training(latent_dim, width, steps, batch_size, devices, seed, learning_rate) -> None:
    counts = {
        "latent_dim": (latent_dim, 1, 1 << 16),
        "width": (width, 1, 1 << 16),
        "steps": (steps, 1, None),
        "batch_size": (batch_size, 1, None),
        "devices": (devices, 1, 1 << 10),
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


def _check_family(
    model: str, family: families.Family, batch_size: int, precision: str, devices: int
) -> None:
    if precision.endswith("-mixed") and not family.mixed:
        raise InputError(
            "precision",
            f"be no mixed one for {model}, whose loss has gradients of gradients",
            repr(precision),
            "32-true works everywhere.",
        )
    if batch_size % devices:
        raise InputError(
            "batch_size",
            f"be a multiple of {devices} devices, and so the number of images if that is smaller",
            batch_size,
            "Each device takes an equal part.",
        )
    if (share := batch_size // devices) < family.least_batch:
        raise InputError(
            "batch_size",
            f"be at least {family.least_batch}{' on each device' * (devices > 1)} for {model}, "
            "and so the number of images",
            share,
            "Batch normalisation of latents needs more than one image.",
        )


def _check_rejecting(model: str, family: families.Family) -> None:
    if not family.labelled:
        able = [name for name, other in families.FAMILIES.items() if other.labelled]
        raise InputError(
            "rejection",
            f"be None for {model}, whose training asks no one which fakes may teach",
            "a threshold above 0",
            f"Choose {', '.join(able[:-1])} or {able[-1]}.",
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


def _check_devices(devices: int) -> None:
    if torch.cuda.is_available() and devices > (at_hand := torch.cuda.device_count()):
        raise InputError(
            "devices", f"be at most {at_hand}, the GPUs of this machine", devices, "Use fewer."
        )


def _fabric(precision: str) -> Fabric:
    try:
        # One process, also where a cluster's environment invites to more.
        return Fabric(devices=1, precision=precision, plugins=LightningEnvironment())
    except (ValueError, ImportError, RuntimeError) as error:
        raise InputError(
            "precision",
            "be one that Lightning Fabric knows and this machine has",
            repr(precision),
            "32-true works everywhere; others are bf16-mixed and 64-true.",
        ) from error

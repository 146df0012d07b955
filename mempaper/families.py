"""The families of generative models: what each is called, made of, and trained by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from torch import nn

from .errors import InputError
from .networks import autoencoder as autoencoder_networks
from .networks import biggan, dcgan, pggan, resnet_gan, sagan, spectral
from .networks import conditional as conditional_networks
from .networks import flow as flow_networks
from .training import (
    autoencoder,
    conditional,
    diffaugment,
    flow,
    gan,
    glo,
    losses,
    mesch,
    penalties,
    updates,
)
from .training import pggan as pggan_training
from .training.loop import Objective

__all__ = ["FAMILIES", "Family", "get", "specified"]


@dataclass(frozen=True)
class Family:
    """One way to make a generator.

    config     class of its settings: size, channels, latent_dim, width, learning_rate and more
    objective  objective(config, count=, steps=, seed=, loss=, labels=) -> how it is trained;
               where `labelled` also rejection= and reject_for_both=, see training.conditional
    generator  generator(config) -> the network of generator.safetensors, with its `latent_dim`
    encoder    encoder(config) -> the network of encoder.safetensors, images -> latents; or None
    discriminator  discriminator(config) -> the network of discriminator.safetensors, images, and
               where `labelled` their labels, -> logits; or None
    counted    whether its name carries the number of training images, as in GLO-1024
    loss       the name of its loss; None where one of losses.LOSSES is chosen
    least_batch  the fewest images in a batch
    mixed      whether it trains in mixed precision; gradients of gradients do not
    labelled   whether it learns the classes of images, whose number is config.classes; its
               generator is a networks.conditional.VotedClass
    code       modules whose code is part of a run's identity
    laptop     arguments of experiments.train for usable samples of 16 px grey or 32 px colour
               within two minutes on one core; of a flow they are poor, for that takes larger ones
    """

    title: str
    config: type
    objective: Callable[..., Objective]
    generator: Callable[[Any], nn.Module]
    code: tuple[ModuleType, ...]
    encoder: Callable[[Any], nn.Module] | None = None
    discriminator: Callable[[Any], nn.Module] | None = None
    counted: bool = False
    loss: str | None = None
    least_batch: int = 1
    mixed: bool = True
    labelled: bool = False
    laptop: Mapping[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Returns how its images are recovered: by its encoder if it has one (Sec. 3.1)."""
        return "encoder" if self.encoder else "lbfgs"

    def name(self, count: int) -> str:
        """Returns what a model trained on `count` images is called: DCGAN, GLO-1024."""
        return f"{self.title}-{count}" if self.counted else self.title

    def recorded_config(self, values: Mapping[str, Any]) -> Any:
        """Returns the config whose fields a run recorded as JSON, which has lists for tuples."""
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return self.config(**plain)


def _built(architecture: Callable[..., nn.Module], *names: str) -> Callable[[Any], nn.Module]:
    names = names or ("size", "channels", "latent_dim", "width")
    return lambda config: architecture(**{name: getattr(config, name) for name in names})


def get(name: str) -> Family:
    """Returns the family of that name in FAMILIES.

    Raises
        InputError  there is none

    >>> get("glo").name(1024)
    'GLO-1024'
    """
    if name not in FAMILIES:
        raise InputError(
            "model", f"be one of {', '.join(FAMILIES)}", repr(name), "Choose one of these."
        )
    return FAMILIES[name]


def specified(model: str) -> tuple[str, int | None]:
    """Returns family and number of training images of a model such as "glo-1024" or "dcgan".

    The number is None where the model is to see all images: "dcgan", "glo-all".

    Raises
        InputError  there is no such family, or a number is missing or out of place

    >>> specified("glo-1024"), specified("dcgan")
    (('glo', 1024), ('dcgan', None))
    """
    name, _, count = model.partition("-")
    counted = get(name).counted
    if counted != bool(count) or not (count in ("", "all") or count.isdecimal()):
        rule = "say how many training images it sees" if counted else "be a name without a number"
        remedy = f"Write {name}-1024 or {name}-all." if counted else f"Write {name}."
        raise InputError("models", rule, repr(model), remedy)
    return name, int(count) if count.isdecimal() else None


_SMALL = {"batch_size": 16, "latent_dim": 64}
_FLOW = ("size", "channels", "width", "couplings")
_LABELLED = {"steps": 700, "batch_size": 16, "latent_dim": 32, "width": 32, "learning_rate": 4e-3}

_SAGAN = _built(sagan.SAGANGenerator, "size", "channels", "classes", "latent_dim", "width")
_BIGGAN = _built(
    biggan.BigGANGenerator, "size", "channels", "classes", "latent_dim", "width", "shared_dim"
)


def _conditional(
    title: str,
    config: type,
    generator: Callable[[Any], nn.Module],
    code: ModuleType,
    laptop: Mapping[str, Any],
    augment: Callable[..., Any] | None = None,
) -> Family:
    def objective(config, seed, labels, rejection=None, reject_for_both=False, **_):
        return conditional.ConditionalGAN(
            config,
            generator(config),
            labels=labels,
            seed=seed,
            augment=augment,
            rejection=rejection,
            reject_for_both=reject_for_both,
        )

    more = (diffaugment,) if augment else ()
    shared = (conditional, conditional_networks, dcgan, losses, spectral, updates)
    return Family(
        title,
        config,
        objective,
        lambda config: spectral.plain(conditional_networks.VotedClass(generator(config))),
        (code, *shared, *more),
        discriminator=lambda config: spectral.plain(conditional.discriminator(config)),
        loss="hinge",
        labelled=True,
        laptop=laptop,
    )


FAMILIES: dict[str, Family] = {
    "dcgan": Family(
        "DCGAN",
        gan.GANConfig,
        lambda config, seed, loss, **_: gan.GAN(config, seed=seed, loss=loss),
        _built(dcgan.DCGANGenerator),
        (dcgan, gan, losses, updates),
        discriminator=gan.discriminator,
        laptop={
            "steps": 2000,
            "batch_size": 32,
            "latent_dim": 128,
            "width": 64,
            "learning_rate": 1e-3,
        },
    ),
    "mesch": Family(
        "MESCH",
        mesch.MESCHConfig,
        lambda config, seed, loss, **_: mesch.MESCH(config, seed=seed, loss=loss),
        _built(resnet_gan.ResNetGenerator),
        (dcgan, resnet_gan, mesch, losses, penalties, updates),
        discriminator=mesch.discriminator,
        mixed=False,
        laptop={**_SMALL, "steps": 900, "width": 32, "learning_rate": 2e-3},
    ),
    "pggan": Family(
        "PGGAN",
        pggan_training.PGGANConfig,
        lambda config, steps, seed, **_: pggan_training.PGGAN(config, steps=steps, seed=seed),
        _built(pggan.PGGANGenerator),
        (dcgan, pggan, pggan_training, penalties, updates),
        discriminator=pggan_training.discriminator,
        loss="wasserstein",
        mixed=False,
        laptop={**_SMALL, "steps": 1800, "width": 16, "learning_rate": 1e-2},
    ),
    "glo": Family(
        "GLO",
        glo.GLOConfig,
        lambda config, count, seed, **_: glo.GLO(config, count=count, seed=seed),
        _built(dcgan.GLOGenerator),
        (dcgan, glo, updates),
        counted=True,
        loss="mean_squared_error",
        laptop={"steps": 800, "batch_size": 64, "latent_dim": 128, "width": 64},
    ),
    "ae": Family(
        "AE",
        autoencoder.AEConfig,
        lambda config, seed, **_: autoencoder.AE(config, seed=seed),
        _built(dcgan.GLOGenerator),
        (dcgan, autoencoder_networks, autoencoder, updates),
        encoder=_built(autoencoder_networks.Encoder),
        counted=True,
        least_batch=2,
        loss="mean_squared_error",
        laptop={**_SMALL, "steps": 1000, "batch_size": 32, "width": 64},
    ),
    "aegan": Family(
        "AEGAN",
        autoencoder.AEGANConfig,
        lambda config, seed, loss, **_: autoencoder.AEGAN(config, seed=seed, loss=loss),
        _built(dcgan.GLOGenerator),
        (dcgan, autoencoder_networks, autoencoder, losses, updates),
        encoder=_built(autoencoder_networks.Encoder),
        discriminator=autoencoder.discriminator,
        counted=True,
        least_batch=2,
        laptop={**_SMALL, "steps": 1000, "width": 64, "learning_rate": 1e-3},
    ),
    "flow": Family(
        "Flow",
        flow.FlowConfig,
        lambda config, seed, **_: flow.FlowLikelihood(config, seed=seed),
        _built(flow_networks.FlowGenerator, *_FLOW),
        (dcgan, flow_networks, flow, updates),
        encoder=_built(flow_networks.FlowEncoder, *_FLOW),
        loss="negative_log_likelihood",
        laptop={"steps": 900, "batch_size": 16, "width": 64},
    ),
    "sagan": _conditional("SAGAN", conditional.SAGANConfig, _SAGAN, sagan, _LABELLED),
    "biggan": _conditional("BigGAN", conditional.BigGANConfig, _BIGGAN, biggan, _LABELLED),
    "biggan_diffaugment": _conditional(
        "BigGAN+DiffAug",
        conditional.BigGANConfig,
        _BIGGAN,
        biggan,
        _LABELLED,
        augment=diffaugment.diffaugment,
    ),
}

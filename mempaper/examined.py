"""Every detector on one generator: what recovery errors say, and what samples say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from . import detectors as detecting
from . import discriminators, embeddings, experiments, families, findings, parallel
from .detectors import data_copying
from .errors import check_count
from .experiments import EncoderSpec
from .experiments.encoders import as_spec
from .experiments.models import TrainedModel
from .experiments.splits import trained_on
from .findings import Finding
from .networks import critic as networks_critic
from .runs import Run, Store
from .statistics import Interval, mre_gap
from .training import loop, neural_net_divergence, penalties
from .training.neural_net_divergence import CriticConfig

__all__ = ["Examined", "examine"]


@dataclass(frozen=True, eq=False)
class Examined(TrainedModel):
    """One generator before all detectors, which see the same images of each kind.

    Kinds are "train" and "holdout", n images of each, and "generated".

    findings   by the names in findings.TITLES
    images     kind -> (n, c, h, w)
    features   kind -> (n, d)
    errors     "train" or "holdout" -> (n,), of recovery
    recovered  "train" or "holdout" -> the run that recovered them, and possibly more
    logits     "train" or "holdout" -> (n,), of the discriminator; None without one
    """

    findings: Mapping[str, Finding]
    images: Mapping[str, np.ndarray]
    features: Mapping[str, np.ndarray]
    errors: Mapping[str, np.ndarray]
    recovered: Mapping[str, Run]
    logits: Mapping[str, np.ndarray] | None

    @property
    def label(self) -> str:
        """Returns the name, with tau and seed of a model that can reject."""
        if not families.get(self.model).labelled:
            return self.name
        return f"{self.name}, τ = {self.threshold:.3g}, seed {self.seed}"

    @property
    def gap(self) -> float:
        """Returns the MRE-gap."""
        return mre_gap(self.errors["train"], self.errors["holdout"])

    def copying(self) -> Interval:
        """Returns C_T with its bootstrap interval."""
        sets = (torch.from_numpy(self.features[kind]) for kind in ("train", "holdout", "generated"))
        return data_copying(*sets).interval


def examine(
    runs: Sequence[Run],
    *,
    encoder: EncoderSpec | Mapping[str, str | int] | str = "pixels",
    count: int,  # training and hold-out images, each; no more than a model has seen
    generated: int = 500,  # samples of each generator
    passes: int = 50,  # of recovery by a minimiser
    exchanges: int = 39,  # of training and hold-out images, see findings.on_features
    critic_steps: int = 0,  # updates of each critic of the neural net divergence; 0 leaves it out
    critic_exchanges: int = 4,  # see findings.on_images
    seed: int = 0,  # of recovery, samples and exchanges
    store: Store | None = None,
    data_root: Path | None = None,
) -> list[Examined]:
    """Returns what all detectors find of the generator of each training run.

    An encoder that has learned from the training images makes hold-out images differ from them
    whatever the generator does: "pixels" and published networks have not.
    """
    check_count("critic_steps", critic_steps, 0)
    common = {"seed": seed, "store": store, "data_root": data_root}
    recoveries = [
        {"run": run, "kind": kind, "count": count, "steps": passes, **common}
        | {"method": families.get(run.config["model"]).method}
        for run in runs
        for kind in ("train", "holdout")
    ]
    made = iter(parallel.run(experiments.recover, recoveries, description="recovering"))
    jobs = [
        {
            "run": run,
            "recovered": {kind: next(made) for kind in ("train", "holdout")},
            "encoder": encoder,
            "generated": generated,
            "exchanges": exchanges,
            "critic_steps": critic_steps,
            "critic_exchanges": critic_exchanges,
            **common,
        }
        for run in runs
    ]
    return parallel.run(_examined, jobs, description="examining")


def _examined(
    run: Run,
    recovered: Mapping[str, Run],
    encoder: EncoderSpec | Mapping[str, str | int] | str,
    generated: int,
    exchanges: int,
    critic_steps: int,
    critic_exchanges: int,
    seed: int,
    store: Store | None,
    data_root: Path | None,
) -> Examined:
    errors = {kind: experiments.recovered(made)["errors"] for kind, made in recovered.items()}
    count = min(map(len, errors.values()))
    split = trained_on(run, data_root)
    real = {
        kind: of.subset(slice(count))
        for kind, of in (("train", split.train), ("holdout", split.holdout))
    }
    images = {kind: of[:] for kind, of in real.items()}
    images["generated"], _ = experiments.samples(run, generated, seed=seed)
    spec = as_spec(encoder)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    made = experiments.encoder(
        spec, run.config["data"], device=device, store=store, data_root=data_root
    )
    features = {
        kind: embeddings.features(made, part, store=store).values for kind, part in images.items()
    }
    errors = {kind: values[:count] for kind, values in errors.items()}
    with parallel.one_thread():
        found = findings.on_errors(errors["train"], errors["holdout"], seed=seed)
        found |= findings.on_features(
            *(torch.from_numpy(rows) for rows in features.values()), exchanges=exchanges, seed=seed
        )
        logits = None
        if families.get(run.config["model"]).discriminator:
            logits = {k: discriminators.logits(run, of, device=device) for k, of in real.items()}
            found |= findings.on_logits(**logits)
    if critic_steps:
        found |= _divergence(
            run, images, CriticConfig(steps=critic_steps), critic_exchanges, seed, store
        )
    pictures = {kind: part.numpy() for kind, part in images.items()}
    return Examined(run, found, pictures, features, errors, recovered, logits)


def _divergence(
    run: Run,
    images: Mapping[str, torch.Tensor],
    critic: CriticConfig,
    exchanges: int,
    seed: int,
    store: Store | None,
) -> dict[str, Finding]:
    """Returns findings.on_images of these images, as a step on the store, for it is slow."""
    config = {
        "run": run.id,
        "counts": {kind: len(part) for kind, part in images.items()},
        "critic": critic,
        "exchanges": exchanges,
        "seed": seed,
    }

    def build(_: Path) -> dict[str, dict]:
        found = findings.on_images(**images, critic=critic, exchanges=exchanges, seed=seed)
        return {name: asdict(finding) for name, finding in found.items()}

    code = (detecting, findings, loop, neural_net_divergence, networks_critic, penalties)
    made = (store or Store()).make("divergence", config, build, code=code, seed=seed)
    return {name: Finding(**finding) for name, finding in made.metrics.items()}

"""Encoders made for a data set: of its training images, or of published weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from .. import embeddings, parallel, sources
from ..embeddings import Embedding, linear
from ..errors import InputError, check_known
from ..runs import Run, Store
from ..runs.identity import code_version
from .classifying import classify
from .splits import split_of

__all__ = ["EncoderSpec", "as_spec", "described", "encoder", "encoders"]

_MADE = ("classifier", "pca", "pixels")


@dataclass(frozen=True)
class EncoderSpec:
    """An encoder by name, and what its making leaves open.

    name  classifier, pca, pixels, or a name in embeddings.ENCODERS
    """

    name: str = "pca"
    pca_dim: int = 32
    classifier_steps: int = 300
    seed: int = 0  # of the classifier

    def __post_init__(self):
        check_known("names", self.name, (*_MADE, *embeddings.ENCODERS))


def as_spec(encoder: EncoderSpec | Mapping[str, Any] | str) -> EncoderSpec:
    """Returns a spec that is given whole, by its fields, or by its name.

    Raises
        InputError  it is none of these
    """
    if isinstance(encoder, str):
        return EncoderSpec(encoder)
    if isinstance(encoder, EncoderSpec):
        return encoder
    known = [field.name for field in fields(EncoderSpec)]
    if not isinstance(encoder, Mapping) or set(encoder) - set(known):
        raise InputError(
            "encoder", f"be a name, or hold {', '.join(known)}", repr(encoder), "Correct it."
        )
    return EncoderSpec(**encoder)


def encoder(
    spec: EncoderSpec,
    data: Mapping[str, Any],  # the entry "data" of a training run's config
    *,
    device: torch.device | str = "cpu",
    store: Store | None = None,
    data_root: Path | None = None,
) -> Embedding:
    """Returns the encoder; downloads nothing.

    PCA learns the training images of `data`; the classifier all training images of their source,
    or, where the hold-out images follow on the training images, only these. Neither has seen the
    hold-out images.

    Raises
        InputError  its weights are not on this machine, or the images have no labels to learn

    >>> data = data_of({"dataset": "digits", "images": 64})
    >>> encoder(EncoderSpec("pca", pca_dim=8), data).dim
    8
    """
    if spec.name == "classifier":
        return embeddings.classifier(_classified(spec, data, store, data_root), device=device)
    if spec.name == "pca":
        with parallel.one_thread():
            images = split_of(data, data_root).train[:]
            return embeddings.pca(images, dim=spec.pca_dim, device=device)
    if spec.name == "pixels":
        return embeddings.pixels(split_of(data, data_root).train.shape)
    return embeddings.load(spec.name, root=data_root, device=device)


def described(
    spec: EncoderSpec,
    data: Mapping[str, Any],
    *,
    store: Store | None = None,
    data_root: Path | None = None,
) -> dict[str, Any]:
    """Returns what the encoder depends on beside the training images, in the types of JSON.

    PCA is described, not identified by its components, whose last bits depend on the processor.
    """
    if spec.name == "classifier":
        return {"name": spec.name, "run": _classified(spec, data, store, data_root).id}
    if spec.name == "pca":
        return {"name": spec.name, "dim": spec.pca_dim, "code": code_version(linear)}
    made = encoder(spec, data, store=store, data_root=data_root)
    return {"name": spec.name, "identity": made.identity}


def encoders(
    names: Sequence[str],  # as in EncoderSpec
    runs: Sequence[Run],  # training runs on one data set
    *,
    classifier_steps: int = 300,
    pca_dim: int = 32,
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> dict[str, Embedding]:
    """Returns encoders by name, made for the run that saw most images.

    Raises
        InputError  a name is unknown, or its weights are not on this machine

    >>> run = train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> {name: made.dim for name, made in encoders(["pixels", "pca"], [run], pca_dim=4).items()}
    {'pixels': 256, 'pca': 4}
    """
    data = max((run.config["data"] for run in runs), key=lambda data: data["train"])
    return {
        name: encoder(
            EncoderSpec(name, pca_dim, classifier_steps, seed),
            data,
            store=store,
            data_root=data_root,
        )
        for name in names
    }


def _classified(spec: EncoderSpec, data, store: Store | None, data_root: Path | None) -> Run:
    source = sources.NAMED.get(data["source"])
    return classify(
        data["source"],
        images=None if source is not None and source.shuffled else data["train"],
        size=data["size"],
        holdout=data["holdout"],
        steps=spec.classifier_steps,
        seed=spec.seed,
        store=store,
        data_root=data_root,
    )

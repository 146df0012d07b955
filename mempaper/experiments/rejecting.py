"""Memorization rejection as a setting of a training."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import embeddings, neighbors
from .. import rejection as component
from ..errors import InputError
from ..rejection import MemorizationRejection
from ..runs import Store
from .arrays import read_arrays
from .density import density
from .encoders import EncoderSpec, as_spec, described, encoder
from .splits import split_of

__all__ = ["CODE", "RejectionSettings", "as_settings", "recorded", "rejection", "threshold_of"]

CODE = (component, neighbors)
_OPTIONS = ("protocol", "metric", "budget", "collapsed")


@dataclass(frozen=True)
class RejectionSettings:
    """Which fakes may teach the generator; see rejection.MemorizationRejection.

    threshold     tau: a number, also as text; or read from the distances of the training images to
                  the nearest other one, "d-bar" for their mean (Sec. 5.7), "q10" for the quantile
                  of 10 %
    embedding     of all distances: an EncoderSpec, its name, or its fields
    within_class  search among training images of the fake's class only
    both          reject for the discriminator too (Sec. 3.1), not for the generator only
    """

    threshold: float | int | str
    embedding: EncoderSpec | Mapping[str, Any] | str = "pca"
    metric: str = "cosine"
    protocol: str = "per-sample"
    within_class: bool = False
    both: bool = False
    budget: int = 100
    collapsed: str = "error"

    def __post_init__(self) -> None:
        object.__setattr__(self, "embedding", as_spec(self.embedding))
        if isinstance(self.threshold, str):
            with suppress(ValueError):
                object.__setattr__(self, "threshold", float(self.threshold))
        # A bank of one image, to have the other values checked where the component checks them.
        tau: Any = 0 if self._quantile is not None else self.threshold
        MemorizationRejection(torch.ones(1, 1), lambda images: images, tau, **self._options)

    @property
    def _options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _OPTIONS}

    @property
    def _quantile(self) -> float | None:
        """Returns the share that the threshold asks for, NaN for d-bar; None of a number."""
        if isinstance(self.threshold, Real) and not isinstance(self.threshold, bool):
            return None
        if self.threshold == "d-bar":
            return np.nan
        try:
            share = float(str(self.threshold).removeprefix("q")) / 100
        except ValueError:
            share = -1.0
        if not (str(self.threshold).startswith("q") and 0 <= share <= 1):
            raise InputError(
                "threshold",
                'be a number, "d-bar", or a quantile in per cent such as "q10"',
                repr(self.threshold),
                "0 rejects nothing.",
            )
        return share


def as_settings(
    value: RejectionSettings | Mapping[str, Any] | None,
) -> RejectionSettings | None:
    """Returns settings that are given whole or by their fields.

    Raises
        InputError  a field is none, or out of range
    """
    if value is None or isinstance(value, RejectionSettings):
        return value
    known = [field.name for field in fields(RejectionSettings)]
    if not isinstance(value, Mapping) or "threshold" not in value or set(value) - set(known):
        raise InputError(
            "rejection",
            f"hold a threshold, and nothing but {', '.join(known)}",
            repr(value),
            "Correct the names; {threshold: 0} rejects nothing.",
        )
    return RejectionSettings(**value)


def threshold_of(
    settings: RejectionSettings,
    data: Mapping[str, Any],
    *,
    store: Store | None = None,
    data_root: Path | None = None,
) -> float:
    """Returns tau; of d-bar and quantiles six digits, which rounding errors do not reach.

    Raises
        InputError  d-bar or the quantile is 0, of duplicates, and would reject nothing; or has no
                    distance within a class of one image
    """
    share = settings._quantile
    if share is None:
        return float(settings.threshold)
    if settings.within_class:
        labels, counts = np.unique(split_of(data, data_root).train.labels, return_counts=True)
        if counts.min() < 2:
            raise InputError(
                "images",
                "be two of each class at least where distances within it give the threshold",
                f"1 of class {labels[counts.argmin()]} among {counts.sum():,}",
                "Ask for more, or give the threshold as a number.",
            )
    run = density(
        as_spec(settings.embedding),
        data,
        metric=settings.metric,
        within_class=settings.within_class,
        store=store,
        data_root=data_root,
    )
    distances = read_arrays(run.file("distances.npz"))["distances"]
    tau = float(f"{distances.mean() if np.isnan(share) else np.quantile(distances, share):.6g}")
    if tau <= 0:
        raise InputError(
            "threshold",
            "lie above 0 where it is read from the training images",
            f"{settings.threshold!r}, which is {tau:g}: that many have a duplicate",
            "Choose a higher quantile, or 0 to reject nothing.",
        )
    return tau


def recorded(
    settings: RejectionSettings,
    tau: float,
    data: Mapping[str, Any],
    *,
    store: Store | None = None,
    data_root: Path | None = None,
) -> dict[str, Any]:
    """Returns the settings in the types of JSON, tau as a number."""
    embedding = described(as_spec(settings.embedding), data, store=store, data_root=data_root)
    return asdict(settings) | {"threshold": tau, "embedding": embedding}


def rejection(
    settings: RejectionSettings,
    tau: float,
    data: Mapping[str, Any],
    *,
    device: torch.device | str = "cpu",
    store: Store | None = None,
    data_root: Path | None = None,
) -> MemorizationRejection:
    """Returns the component, with the training images of `data` as its bank."""
    images = split_of(data, data_root).train
    spec = as_spec(settings.embedding)
    made = encoder(spec, data, device=device, store=store, data_root=data_root)
    return MemorizationRejection(
        embeddings.features(made, images, store=store).values,
        made,
        tau,  # type: ignore[arg-type]
        bank_labels=images.labels if settings.within_class else None,
        **settings._options,
    )

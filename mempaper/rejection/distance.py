"""How far fakes are from the training images (Bai et al. 2022, Sec. 2.1)."""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int64, Integer
from torch import Tensor

from ..embeddings import Embedding
from ..errors import InputError
from ..neighbors import Bank

__all__ = ["FARTHEST", "TrainingDistance"]

FARTHEST = {"cosine": 2.0, "abs_cosine": 1.0, "euclidean": math.inf}
"""The greatest distance of each metric."""

_EMBEDDED_AT_ONCE = 256


class TrainingDistance:
    """d_f: images (n, c, h, w) -> distances (n,) to the nearest training image, without gradients.

    NaN where an image has none: its features are not finite, or all 0 under a cosine.
    """

    def __init__(
        self,
        bank: Tensor | np.ndarray,  # training features (m, d), or images (m, c, h, w) to embed
        embedding: Embedding | Callable[[Tensor], Tensor],  # images -> features (n, d)
        *,
        metric: str = "cosine",
        bank_labels: Tensor | np.ndarray | None = None,  # (m,): search within the image's class
    ):
        if metric not in FARTHEST:
            raise InputError(
                "metric", f"be one of {', '.join(FARTHEST)}", repr(metric), "Choose one of these."
            )
        self.metric = metric
        self._embed = embedding.encode if isinstance(embedding, Embedding) else embedding
        self._features = self._of_training(_tensor("bank", bank))
        self._labels = None if bank_labels is None else _whole(_tensor("bank_labels", bank_labels))
        self._bank = self._prepared(self._features.device)

    @torch.no_grad()
    def __call__(
        self, images: Float[Tensor, "n c h w"], labels: Integer[Tensor, "n"] | None = None
    ) -> Float[Tensor, "n"]:
        features = self._embed(images.detach())
        if features.shape[1:] != self._features.shape[1:]:
            raise InputError(
                "embedding",
                f"give {self._features.shape[1]} features an image, as the bank has",
                features.shape[1],
                "Embed the training images with the embedding that judges the fakes.",
            )
        if features.device != self._features.device:
            self._features = self._features.to(features.device)
            self._bank = self._prepared(features.device)
        size = features.norm(dim=1)
        usable = size.isfinite() if self.metric == "euclidean" else size.isfinite() & (size > 0)
        distances = features.new_full((len(features),), math.nan)
        if usable.any():
            bank = self._labels
            within = None if bank is None else self._known(labels, bank)[usable.cpu()]
            found, _ = self._bank.nearest(features[usable], labels=within)
            distances[usable] = torch.as_tensor(found)[:, 0].to(distances)
        return distances

    def _prepared(self, device: torch.device) -> Bank:
        return Bank(self._features, metric=self.metric, labels=self._labels, device=device)

    def _known(self, labels: Tensor | None, bank: Int64[Tensor, "m"]) -> Int64[Tensor, "n"]:
        if labels is None:
            raise InputError(
                "labels",
                "be given where the search is within the class",
                None,
                "Draw labelled fakes, or leave bank_labels out.",
            )
        labels = _whole(labels)
        foreign = labels[~torch.isin(labels, bank)]
        if len(foreign):
            raise InputError(
                "labels",
                f"be among those of the bank, {bank.unique().tolist()}",
                int(foreign[0]),
                "Fill the bank with training images of every class.",
            )
        return labels

    def _of_training(self, bank: Tensor) -> Float[Tensor, "m d"]:
        if bank.ndim == 4 and len(bank):
            with torch.no_grad():
                bank = torch.cat([self._embed(part) for part in bank.split(_EMBEDDED_AT_ONCE)])
        real = bank.ndim == 2 and not bank.is_complex()
        if not bank.is_floating_point() and real:
            bank = bank.double()
        if not real or not bank.numel() or not bank.isfinite().all():
            raise InputError(
                "bank",
                "hold finite features (m, d), or images (m, c, h, w), of at least one image",
                f"shape {tuple(bank.shape)}",
                "Pass the features of the training images.",
            )
        return bank


def _whole(labels: Tensor) -> Tensor:
    """Returns labels on the processor, whole numbers of any kind as int64."""
    real = labels.is_floating_point() or labels.is_complex()
    return labels.cpu() if real else labels.cpu().long()


def _tensor(argument: str, values: Tensor | np.ndarray) -> Tensor:
    if isinstance(values, np.ndarray) and not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    try:
        return torch.as_tensor(values)
    except TypeError as error:
        found = getattr(values, "dtype", type(values).__name__)
        raise InputError(argument, "be an array of numbers", found, "Convert it first.") from error

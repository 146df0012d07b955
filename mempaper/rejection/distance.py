"""How far fakes are from the training images (Bai et al. 2022, Sec. 2.1)."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..embeddings import Embedding
from ..errors import InputError
from ..neighbors import nearest

__all__ = ["FARTHEST", "TrainingDistance"]

FARTHEST = {"cosine": 2.0, "abs_cosine": 1.0, "euclidean": math.inf}
"""The greatest distance of each metric."""


class TrainingDistance:
    """d_f: images (n, c, h, w) -> distances (n,) to the nearest training image, without gradients.

    A distance is NaN where an image, and so its features, are not finite.
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
        features = self._features(torch.as_tensor(bank))
        self._banks: dict[int | None, Tensor] = {None: features}
        if bank_labels is not None:
            labels = torch.as_tensor(bank_labels).to(features.device)
            if labels.shape != features.shape[:1]:
                raise InputError(
                    "bank_labels",
                    f"have shape ({len(features)},), one for each training image",
                    tuple(labels.shape),
                    "Pass the labels of the images that make up the bank.",
                )
            self._banks = {int(c): features[labels == c] for c in labels.unique()}

    @torch.no_grad()
    def __call__(
        self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"] | None = None
    ) -> Float[Tensor, "n"]:
        features = self._embed(images.detach())
        distances = features.new_full((len(features),), math.nan)
        finite = features.isfinite().all(dim=1)
        for label, rows in self._groups(labels, finite):
            bank = self._banks[label] = self._banks[label].to(features.device)
            if bank.shape[1:] != features.shape[1:]:
                raise InputError(
                    "embedding",
                    f"give {bank.shape[1]} features an image, as the bank has",
                    features.shape[1],
                    "Embed the training images with the embedding that judges the fakes.",
                )
            near, _ = nearest(features[rows], bank, metric=self.metric)
            distances[rows] = torch.as_tensor(near)[:, 0].to(distances)
        return distances

    def _groups(
        self, labels: Tensor | None, finite: Bool[Tensor, "n"]
    ) -> Iterator[tuple[int | None, Bool[Tensor, "n"]]]:
        """Yields each part of the bank with the images that are sought in it, if any."""
        if None in self._banks:
            if finite.any():
                yield None, finite
            return
        if labels is None:
            raise InputError(
                "labels",
                "be given where the search is within the class",
                None,
                "Draw labelled fakes, or leave bank_labels out.",
            )
        for label in labels[finite].unique().tolist():
            if label not in self._banks:
                raise InputError(
                    "labels",
                    f"be among those of the bank, {sorted(self._banks)}",
                    label,
                    "Fill the bank with training images of every class.",
                )
            yield label, finite & (labels == label)

    def _features(self, bank: Tensor) -> Float[Tensor, "m d"]:
        if bank.ndim == 4:
            with torch.no_grad():
                bank = torch.cat([self._embed(part) for part in bank.split(256)])
        if bank.ndim != 2 or not bank.numel() or not bank.isfinite().all():
            raise InputError(
                "bank",
                "hold finite features (m, d), or images (m, c, h, w), of at least one image",
                f"shape {tuple(bank.shape)}",
                "Pass the features of the training images.",
            )
        return bank.float()

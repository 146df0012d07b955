"""Where to look for a rejection threshold (Bai et al. 2022, Sec. 5.7)."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64

from ..errors import InputError
from ..neighbors import Bank

__all__ = ["ThresholdProposal", "propose_threshold"]


@dataclass(frozen=True, eq=False)
class ThresholdProposal:
    """Distances to the nearest training image, from which a threshold is read.

    train      of each training image, itself left out
    reference  of each image of a reference set; None where none was given
    """

    train: Float64[np.ndarray, "m"]
    reference: Float64[np.ndarray, "r"] | None = None

    @property
    def mean(self) -> float:
        """Returns d-bar, the paper's first choice: 0.15 for CIFAR-10 in Inception's features.

        About half of all fakes of a perfect generator lie below it. Where the training images are
        few, a generator that copies them has next to nothing above it, and low quantiles are better
        beginnings.
        """
        return float(self.train.mean())

    @property
    def reference_mean(self) -> float | None:
        """Returns d-bar of the reference set: higher where it is shifted from the training set."""
        return None if self.reference is None else float(self.reference.mean())

    def quantile(self, share: float) -> float:
        """Returns the threshold below which this share, in [0, 1], of the training images lies."""
        if not 0 <= share <= 1:
            raise InputError("share", "lie in [0, 1]", share, "Pass 0.1 for the lowest tenth.")
        return float(np.quantile(self.train, share))

    def rejected(self, threshold: float | int) -> float:
        """Returns the share of the reference set, or else of the training images, it would reject.

        It is what a generator loses that has learned the distribution and copies nothing.
        """
        judged = self.train if self.reference is None else self.reference
        return float((judged <= threshold).mean())


def propose_threshold(
    train,
    *,
    reference=None,
    metric: str = "cosine",
) -> ThresholdProposal:
    """Returns the distances of training features, and of reference features, that d-bar averages.

    Features and metric have to be those of the training with rejection.

    train, reference  (m, d), m at least 2, and (r, d): as the bank and the queries of
                      neighbors.nearest

    >>> proposal = propose_threshold(torch.tensor([[0.0], [1.0], [3.0]]), metric="euclidean")
    >>> proposal.train.tolist(), proposal.quantile(0.5), proposal.rejected(1.0) == 2 / 3
    ([1.0, 1.0, 2.0], 1.0, True)
    """
    bank = Bank(train, metric=metric)
    if len(bank) < 2:
        raise InputError("train", "hold at least 2 images", len(bank), "Embed more of them.")
    alone, _ = bank.nearest(train, exclude_self=True)
    if reference is None:
        return ThresholdProposal(_column(alone))
    return ThresholdProposal(_column(alone), _column(bank.nearest(reference)[0]))


def _column(distances) -> Float64[np.ndarray, "n"]:
    return torch.as_tensor(distances)[:, 0].double().cpu().numpy()

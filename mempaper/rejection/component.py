"""Algorithm 1 of Bai et al. (2022), and what its published code does instead."""

import math
from collections.abc import Callable
from numbers import Real
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor, nn

from ..embeddings import Embedding
from ..errors import InputError, check_count
from .distance import FARTHEST, TrainingDistance
from .sampler import Sampler, without_trace

__all__ = ["AcceptanceCollapsed", "Accepted", "MemorizationRejection"]

_MOST_AT_ONCE = 16  # batches judged in one pass; without gradients they are cheap to hold
_CERTAINTY = 2.0  # standard deviations drawn ahead: one pass is enough in about 98 of 100 draws
_NEWEST = 0.2  # weight of the newest draw in the running acceptance rate
_QUANTILES = (0.05, 0.5, 0.95)  # of the distances that are logged


class AcceptanceCollapsed(RuntimeError):
    """The generator copies so much that too few fakes are accepted within the budget."""


class Accepted(NamedTuple):
    """Fakes that may teach, and their labels: None of an unconditional model."""

    images: Tensor
    labels: Tensor | None


class MemorizationRejection:
    """Judges fakes by their distance to the nearest training image: those beyond tau may teach.

    Two protocols say what becomes of the others. "per-sample" (Algorithm 1) draws anew until the
    batch is full. It draws ahead as many as the running acceptance rate demands, judges them
    without gradients, and makes the accepted alone again, with gradients: one extra pass. That
    takes a Sampler; any other callable makes all of them with gradients. "drop" (the published
    code) goes on with the smaller batch, and draws anew only where nothing is left of it.

    Under batch norm in training mode an image depends on the others of its batch, so what teaches
    differs a little from what was judged, and one close to tau may change sides; under "drop" both
    are one. The judging pass, never of fewer than `count`, leaves running statistics, spectral
    norm's vectors and the global random streams as they were.

    Algorithm 1 rejects for the generator alone: draw there. To reject for the discriminator too
    (Sec. 3.1; "GD" in the published code), draw its fakes as well.

    state  holds the running acceptance rate and the number of draws. Among an objective's networks
           it is saved with them, and a resumed training draws what an uninterrupted one does

    >>> judge = MemorizationRejection(
    ...     torch.zeros(1, 1, 1, 2), lambda images: images.flatten(1), 0.5, metric="euclidean"
    ... )
    >>> judge.select(torch.tensor([[[[0.1, 0.0]]], [[[3.0, 4.0]]]])).tolist()
    [False, True]
    """

    def __init__(
        self,
        bank: Tensor | np.ndarray,  # training features (m, d), or images (m, c, h, w) to embed
        embedding: Embedding | Callable[[Tensor], Tensor],  # images -> features (n, d)
        threshold: Real | Callable[[int], Real],  # tau, or a schedule: draws so far -> tau
        *,
        protocol: Literal["per-sample", "drop"] = "per-sample",
        metric: Literal["cosine", "abs_cosine", "euclidean"] = "cosine",  # published: abs_cosine
        bank_labels: Tensor | np.ndarray | None = None,  # (m,): search within the fake's class
        budget: int = 100,  # most draws for each fake wanted
        collapsed: Literal["error", "farthest"] = "error",  # when it is spent; or take the farthest
    ):
        _check_choice("protocol", protocol, "per-sample", "drop")
        _check_choice("collapsed", collapsed, "error", "farthest")
        check_count("budget", budget, 1)
        self.distances = TrainingDistance(bank, embedding, metric=metric, bank_labels=bank_labels)
        self.protocol, self.budget, self.collapsed = protocol, budget, collapsed
        self._threshold = threshold
        self._never = not callable(threshold) and self.threshold == 0
        self._scalars: dict[str, Tensor] = {}
        self.state = nn.Module()
        self.state.register_buffer("rate", torch.ones(()))
        self.state.register_buffer("draws", torch.zeros((), dtype=torch.long))

    @property
    def threshold(self) -> float:
        """Returns tau of the next draw."""
        scheduled = callable(self._threshold)
        tau = self._threshold(int(self.state.draws)) if scheduled else self._threshold
        most = FARTHEST[self.distances.metric]
        if not (isinstance(tau, Real) and 0 <= tau < most):
            raise InputError(
                "threshold",
                f"lie in [0, {most:g}), as {self.distances.metric} distances do",
                repr(tau),
                "propose_threshold finds where the training images lie; 0 rejects nothing.",
            )
        return float(tau)

    @property
    def scalars(self) -> dict[str, Tensor]:
        """Returns what the last draw measured, under the same names each time; of tau = 0 nothing.

        rejection_threshold   tau
        rejection_acceptance  accepted share of the fakes that were judged
        rejection_judged      their number
        rejection_passes      judging passes
        rejection_distance_q  quantile of their distances, q = 5, 50, 95 %
        """
        return self._scalars

    def select(
        self, images: Float[Tensor, "n c h w"], labels: Integer[Tensor, "n"] | None = None
    ) -> Bool[Tensor, "n"]:
        """Returns which fakes may teach: those farther than tau, or all where tau = 0.

        Images that are not finite may, so that the training loop sees them.
        """
        tau = self.threshold
        if tau == 0:
            return torch.ones(len(images), dtype=torch.bool, device=images.device)
        return ~(self.distances(images, labels) <= tau)

    def draw(
        self, sampler: Sampler | Callable[[int], tuple[Tensor, Tensor | None]], count: int
    ) -> Accepted:
        """Returns `count` fakes that may teach, under "drop" one to `count`, with gradients.

        At tau = 0 they are sampler(count), bit for bit.

        sampler  n -> images (n, c, h, w) and labels (n,) or None

        Raises
            AcceptanceCollapsed  the budget is spent, and not to be filled up with the farthest;
                                 these are taken from the last pass
        """
        check_count("count", count, 1)
        tau = self.threshold
        if tau > 0:
            accepted = self._draw(sampler, count, tau)
        else:
            accepted = Accepted(*sampler(count))
            if not self._never:  # a schedule that begins at 0 reports from its beginning
                self._note(tau, count, [self.distances(*accepted)])
        self.state.draws += 1
        return accepted

    def _draw(self, sampler, count: int, tau: float) -> Accepted:
        redraw = self.protocol == "per-sample"
        replay = redraw and isinstance(sampler, Sampler)
        wanted, budget = count if redraw else 1, self.budget * count
        kept, passes, rate = [], [], float(self.state.rate)
        found = judged = 0
        while found < wanted and judged < budget:
            n = count
            if redraw:
                n = _draws_ahead(wanted - found, rate, least=count, most=_MOST_AT_ONCE * count)
                n = min(n, max(count, budget - judged))
            made, labels, distances = self._judged(sampler, n, replay)
            accepted = (~(distances <= tau)).nonzero()[:, 0]
            if len(accepted):
                kept.append((made[accepted], _rows(labels, accepted)))
            passes.append(distances)
            found, judged = found + len(accepted), judged + n
            rate = (found + 1) / (judged + 1)
        self._note(tau, found, passes)
        self.state.rate.lerp_(torch.as_tensor(rate).to(self.state.rate), _NEWEST)
        if found < wanted:
            if self.collapsed == "error":
                raise AcceptanceCollapsed(
                    f"{found} of {judged:,} fakes were farther than threshold = {tau:.4g} from the "
                    f"training images, an acceptance rate of {found / judged:.2%}, and {wanted} "
                    f"were wanted within budget = {self.budget} draws each. Lower the threshold, "
                    f'raise the budget, or pass collapsed="farthest" (--take-farthest).'
                )
            farthest = distances.where(distances <= tau, -1).topk(wanted - found).indices
            kept.append((made[farthest], _rows(labels, farthest)))
        made = torch.cat([rows for rows, _ in kept])[:count]
        labels = None if labels is None else torch.cat([of_rows for _, of_rows in kept])[:count]
        return Accepted(sampler.network(made) if replay else made, labels)

    def _judged(self, sampler, n: int, replay: bool) -> tuple[Tensor, Tensor | None, Tensor]:
        """Returns n latents if they can be replayed, or else images, their labels and distances."""
        if not replay:
            images, labels = sampler(n)
            return images, labels, self.distances(images, labels)
        latents, labels = sampler.latents(n)
        with torch.no_grad(), without_trace(sampler.network, latents.device):
            images = sampler.network(latents)
        return latents, labels, self.distances(images, labels)

    def _note(self, tau: float, found: int, passes: list[Float[Tensor, "_"]]) -> None:
        distances = torch.cat(passes)
        shares = torch.tensor(_QUANTILES, device=distances.device, dtype=distances.dtype)
        values = {
            "threshold": tau,
            "acceptance": found / len(distances),
            "judged": len(distances),
            "passes": len(passes),
        }
        self._scalars = {
            f"rejection_{name}": torch.tensor(value, dtype=torch.float64)
            for name, value in values.items()
        }
        for share, value in zip(_QUANTILES, distances.quantile(shares), strict=True):
            self._scalars[f"rejection_distance_{share:.0%}".removesuffix("%")] = value


def _rows(values: Tensor | None, chosen: Int[Tensor, "k"]) -> Tensor | None:
    return None if values is None else values[chosen]


def _draws_ahead(needed: int, rate: float, *, least: int, most: int) -> int:
    """Returns how many to draw for `needed` accepted: mean and spread of a negative binomial."""
    draws = (needed + _CERTAINTY * math.sqrt(needed * (1 - rate))) / rate
    return min(max(math.ceil(draws), least), most)


def _check_choice(argument: str, value: str, *known: str) -> None:
    if value not in known:
        raise InputError(
            argument, f"be one of {', '.join(known)}", repr(value), "Choose one of these."
        )

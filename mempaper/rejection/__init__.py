"""Memorization rejection (Bai et al. 2022): which fakes may teach the generator."""

from .component import AcceptanceCollapsed, Accepted, MemorizationRejection
from .sampler import Sampler
from .threshold import ThresholdProposal, propose_threshold

__all__ = [
    "AcceptanceCollapsed",
    "Accepted",
    "MemorizationRejection",
    "Sampler",
    "ThresholdProposal",
    "propose_threshold",
]

"""The papers' experiments as steps on the store: train, recover, assess.

Each step is found by what made it: a repeated call returns at once, an interrupted one goes on.
"""

from .assessing import Assessment, assess
from .classifying import classify
from .cost import UpdateCost, update_cost
from .encoders import EncoderSpec, encoder, encoders
from .planning import jobs
from .recovering import KINDS, distortion, recover, recovered, recovered_images, targets
from .rejecting import RejectionSettings
from .training import train, train_all

__all__ = [
    "KINDS",
    "Assessment",
    "EncoderSpec",
    "RejectionSettings",
    "UpdateCost",
    "assess",
    "classify",
    "distortion",
    "encoder",
    "encoders",
    "jobs",
    "recover",
    "recovered",
    "recovered_images",
    "targets",
    "train",
    "train_all",
    "update_cost",
]

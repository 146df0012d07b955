"""The papers' experiments as steps on the store: train, recover, assess.

Each step is found by what made it: a repeated call returns at once, an interrupted one goes on.
"""

from .assessing import Assessment, assess
from .classifying import classify
from .planning import jobs
from .recovering import KINDS, distortion, recover, recovered, recovered_images, targets
from .training import train, train_all

__all__ = [
    "KINDS",
    "Assessment",
    "assess",
    "classify",
    "distortion",
    "jobs",
    "recover",
    "recovered",
    "recovered_images",
    "targets",
    "train",
    "train_all",
]

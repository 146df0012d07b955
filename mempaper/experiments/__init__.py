"""The papers' experiments as steps on the store: train, recover, assess, measure what is copied.

Each step is found by what made it: a repeated call returns at once, an interrupted one goes on.
"""

from .assessing import Assessment, assess, recoveries
from .calibrating import DENSITY, NULL, Observed, calibrate, pool_features
from .classifying import classify
from .copying import Copying, measure_copying, samples
from .cost import UpdateCost, update_cost
from .encoders import EncoderSpec, encoder, encoders
from .planning import data_of, jobs
from .recovering import recover, recover_part, recovered, recovered_images
from .rejecting import RejectionSettings
from .scores import Protocol, Scores
from .targeting import KINDS, distortion, targets
from .training import train, train_all

__all__ = [
    "DENSITY",
    "KINDS",
    "NULL",
    "Assessment",
    "Copying",
    "EncoderSpec",
    "Observed",
    "Protocol",
    "RejectionSettings",
    "Scores",
    "UpdateCost",
    "assess",
    "calibrate",
    "classify",
    "data_of",
    "distortion",
    "encoder",
    "encoders",
    "jobs",
    "measure_copying",
    "pool_features",
    "recover",
    "recover_part",
    "recovered",
    "recovered_images",
    "recoveries",
    "samples",
    "targets",
    "train",
    "train_all",
    "update_cost",
]

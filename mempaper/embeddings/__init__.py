"""Encoders f: images -> features, and features cached by the content of what made them.

Numbers computed from features compare within one encoder, one resolution and one count of images;
`comparable` refuses anything else.
"""

from .cached import Features, comparable, features
from .classifier import classifier
from .embedding import Embedding
from .linear import pca, pixels
from .pretrained import ENCODERS, fetch, load, present

__all__ = [
    "ENCODERS",
    "Embedding",
    "Features",
    "classifier",
    "comparable",
    "features",
    "fetch",
    "load",
    "pca",
    "pixels",
    "present",
]

"""The operators phi of Eq. (NN_G), min_z ||phi(G(z)) - phi(y)||^2, of Webster et al. 2019.

An operator is any differentiable callable `operator(images) -> features`: images (n, c, h, w) in
[-1, 1], features (n, ...), row i a function of image i alone. `recovery.recover` takes the mean of
squared differences over the features' entries, so an operator also decides what its errors are a
mean of: a mask's are a mean over the pixels that it keeps, LPIPS's are LPIPS.

Operators whose features are images compose. All are frozen dataclasses, which `describe` turns into
what identifies them.
"""

from .compose import Compose, compose, describe
from .distortions import (
    AdditiveNoise,
    NoisePatches,
    Operator,
    SmoothWarp,
    UniformNoise,
    displace,
    identity,
)
from .masks import (
    ArrayMask,
    BoxMask,
    Covered,
    FreeFormMask,
    Inverse,
    Mask,
    eyes_mask,
    mouth_mask,
)
from .perceptual import Perceptual
from .pooling import AveragePool
from .windows import Patches, Window

__all__ = [
    "AdditiveNoise",
    "ArrayMask",
    "AveragePool",
    "BoxMask",
    "Compose",
    "Covered",
    "FreeFormMask",
    "Inverse",
    "Mask",
    "NoisePatches",
    "Operator",
    "Patches",
    "Perceptual",
    "SmoothWarp",
    "UniformNoise",
    "Window",
    "compose",
    "describe",
    "displace",
    "eyes_mask",
    "identity",
    "mouth_mask",
]

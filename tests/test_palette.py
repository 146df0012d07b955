"""Colours of the book as readers with a colour deficiency see them."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from mempaper import plotting

# Machado, Oliveira and Fernandes (2009), severity 1, for linear RGB.
DEFICIENCIES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""From linear sRGB, to the white of D65."""


def lab(color, deficiency):
    """Returns the colour in CIELAB as it is seen; a distance of 2.3 is just noticeable there."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)
    x, y, z = np.cbrt(np.maximum(XYZ @ seen / XYZ.sum(axis=1), (6 / 29) ** 3))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest_pair(colors, deficiency):
    return min(
        np.linalg.norm(lab(a, deficiency) - lab(b, deficiency)) for a, b in combinations(colors, 2)
    )


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("colors", [plotting.COLORS.values(), plotting.CYCLE])
def test_every_two_colours_can_be_told_apart(colors, deficiency):
    assert nearest_pair(colors, deficiency) > 4 * 2.3


def test_red_and_green_would_not_pass():
    assert nearest_pair(["#a52a2a", "#556b2f"], "deuteranopia") < 4 * 2.3

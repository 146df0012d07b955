"""Which generated images may be variants of a training image (Alaa et al. 2022)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from .distances import nearest, squared_radii
from .feature_arrays import as_features

__all__ = ["Authenticity", "authenticity"]


@dataclass(frozen=True)
class Authenticity:
    """Smaller means more copying.

    authentic   (m,) False for each generated image that its nearest training image may explain
    percentage  AuthPct: of authentic images, in [0, 100]
    """

    authentic: Bool[np.ndarray, "m"]
    percentage: float


def authenticity(train, generated) -> Authenticity:
    """Returns which generated images are authentic (Alaa et al. 2022, Sec. 4).

    An image is, where it lies strictly farther from its nearest training image than this one lies
    from its own nearest other training image. Exact copies never are. Without any copying the
    percentage is not 100, and depends on the features: a fresh draw is unauthentic where it and its
    neighbour are each other's nearest, which has probability 2/3 on a line, and a smaller one the
    more draws share a neighbour. Compare with hold-out images in the place of generated ones; there
    is no test.

    Distances are Euclidean, in the given features, and of all images; published are features of a
    one-class embedding. The published code looks a generated image's number up among the distances
    of training images, so that it scores each training image by its nearest generated one; the
    formula is followed here, as in the code of Jiralerspong et al. 2023, which reports the
    percentage less 50.

    train, generated  (n, d) and (m, d), n and m at least 2, finite

    >>> train = np.array([[0.0], [1.0], [3.0]])
    >>> authenticity(train, np.array([[0.1], [9.0]])).authentic.tolist()
    [False, True]
    """
    train, generated = as_features(train=train, generated=generated)
    neighbours, squared = nearest(generated, train)
    authentic = squared > squared_radii(train, 1)[neighbours]
    return Authenticity(authentic, float(100 * authentic.mean()))

"""Average pooling: phi of super-resolution (Webster et al. 2019, Sec. 4.1)."""

from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..errors import InputError

__all__ = ["AveragePool"]


@dataclass(frozen=True)
class AveragePool:
    """Means over blocks of `factor` x `factor` pixels; the paper's is 64, at 1024 px.

    The features are images (n, c, h / factor, w / factor).

    >>> AveragePool(2)(torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]])).tolist()
    [[[[0.5]]]]
    """

    factor: int

    def __post_init__(self):
        if self.factor < 1:
            raise InputError("factor", "be at least 1", self.factor, "1 is the identity.")

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c _ _"]:
        height, width = images.shape[2:]
        if height % self.factor or width % self.factor:
            raise InputError(
                "factor",
                f"divide the images' {height} x {width} pixels",
                self.factor,
                "Pool by a divisor, or resize the images.",
            )
        return F.avg_pool2d(images, self.factor)

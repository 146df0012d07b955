"""A small convolutional classifier, whose last hidden layer serves as an encoder."""

from math import ceil, log2

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["Classifier", "initialize"]


class Classifier(nn.Module):
    """Images (n, channels, h, w) -> logits (n, classes).

    3x3 convolutions with batch normalisation halve the resolution until a side is at most 4, while
    the channels double from `width` up to 4 `width`; their means over space are the features.
    """

    def __init__(self, *, size: int, channels: int, classes: int, width: int):
        super().__init__()
        layers, wide = _block(channels, width, stride=1), width
        for _ in range(max(1, ceil(log2(size / 4)))):
            narrow, wide = wide, min(2 * wide, 4 * width)
            layers += _block(narrow, wide, stride=2)
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(wide, classes)

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        return self.head(self.body(images))


def _block(in_channels: int, out_channels: int, *, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True)]


def initialize(network: nn.Module, generator: torch.Generator) -> None:
    """Draws the weights as He et al. (2015) do, biases 0."""
    for m in network.modules():
        if isinstance(m, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu", generator=generator)
            if m.bias is not None:
                nn.init.zeros_(m.bias)

"""The ResNets of He et al. (2016), Sec. 4.2, for images of 32 x 32 pixels."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["CIFARResNet"]


class CIFARResNet(nn.Module):
    """Images (n, 3, 32, 32) -> logits (n, 10); `linear` reads the 64 pooled features.

    Shortcuts have no weights (option A): they skip every second pixel and pad channels with zeros.

    depth  20, 32, 44, 56, 110: 2 + 6 times the blocks of each of the three stages
    """

    def __init__(self, *, depth: int):
        super().__init__()
        blocks = (depth - 2) // 6
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(16, 16, blocks)
        self.layer2 = _stage(16, 32, blocks)
        self.layer3 = _stage(32, 64, blocks)
        self.linear = nn.Linear(64, 10)

    def forward(self, images: Float[Tensor, "n 3 32 32"]) -> Float[Tensor, "n k"]:
        maps = F.relu(self.bn1(self.conv1(images)))
        maps = self.layer3(self.layer2(self.layer1(maps)))
        return self.linear(maps.mean(dim=(2, 3)))


class _Block(nn.Module):
    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        stride = out_channels // in_channels
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.stride, self.padding = stride, (out_channels - in_channels) // 2

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d k l"]:
        change = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(maps)))))
        shortcut = maps[:, :, :: self.stride, :: self.stride]
        shortcut = F.pad(shortcut, (0, 0, 0, 0, self.padding, self.padding))
        return F.relu(change + shortcut)


def _stage(in_channels: int, out_channels: int, blocks: int) -> nn.Sequential:
    rest = [_Block(out_channels, out_channels) for _ in range(blocks - 1)]
    return nn.Sequential(_Block(in_channels, out_channels), *rest)

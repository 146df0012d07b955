"""Perceptual features: what a network sees in an image (Webster et al. 2019, Sec. 2.1).

The features are scaled so that the mean of squared differences over all of their entries, which
`recovery.recover` minimises and reports, is the perceptual distance itself.
"""

from copy import deepcopy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import InputError

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "Perceptual"]

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_EPSILON = 1e-10  # added to a norm before dividing by it, as LPIPS does


@dataclass(frozen=True, eq=False, kw_only=True)
class Perceptual:
    """Features of `network` at some of its layers, f_l of shape (n, c_l, h_l, w_l).

    The distance of two images is the sum over layers of w_l times the mean squared difference of
    f_l, the feature loss of Johnson et al. (2016); where a layer has a weight for each channel, the
    sum over channels of w_lk times the mean over places. With `unit_length`, each place's vector of
    channels has unit length first: with the published weights this is LPIPS (Zhang et al. 2018).

    Grey images count as three equal channels where the network takes three.

    network      a module (n, k, i, j) -> anything, copied and evaluated with its weights fixed
    layers       names as in network.named_modules(), in any order
    weights      of each layer, >= 0: a number or one for each channel (c_l,)
    mean, std    of the network's input channels, for images in [0, 1]
    size         pixels, side to which images are resized bilinearly first; None leaves them

    >>> network = torch.nn.Sequential(torch.nn.Conv2d(3, 2, kernel_size=1))
    >>> see = Perceptual(network=network, layers=("0",), weights=(1.0,))
    >>> see(torch.zeros(5, 1, 4, 4)).shape  # 2 channels at 16 places; grey counts as three channels
    torch.Size([5, 32])
    """

    network: nn.Module
    layers: tuple[str, ...]
    weights: tuple[float | int | Tensor, ...]
    unit_length: bool = False
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    size: int | None = None

    def __post_init__(self):
        missing = [name for name in self.layers if name not in dict(self.network.named_modules())]
        if missing or not self.layers:
            names = ", ".join(name for name, _ in self.network.named_modules() if name)
            raise InputError("layers", f"be among {names}", missing or "none", "Choose from these.")
        if len(self.weights) != len(self.layers):
            raise InputError(
                "weights",
                f"hold one entry for each of the {len(self.layers)} layers",
                len(self.weights),
                "Give one for each.",
            )
        least = min(float(torch.as_tensor(weight).min()) for weight in self.weights)
        if not least >= 0:
            raise InputError("weights", "be at least 0", least, "Correct it.")
        object.__setattr__(self, "network", _frozen(self.network))

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]:
        features = self._tapped(self._input(images))
        entries = sum(f[0].numel() for f in features)
        scaled = []
        for f, weight in zip(features, self.weights, strict=True):
            if self.unit_length:
                f = f / (_norm(f) + _EPSILON)
            share = torch.as_tensor(weight, dtype=f.dtype, device=f.device).view(1, -1, 1, 1)
            share = share / (f[0].numel() if share.numel() == 1 else f[0, 0].numel())
            scaled.append((f * (entries * share).sqrt()).flatten(1))
        return torch.cat(scaled, dim=1)

    def _input(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k i j"]:
        if images.shape[1] == 1:
            images = images.expand(-1, len(self.mean), -1, -1)
        if self.size is not None and images.shape[2:] != (self.size, self.size):
            images = F.interpolate(images, (self.size, self.size), mode="bilinear")
        mean, std = (images.new_tensor(v).view(1, -1, 1, 1) for v in (self.mean, self.std))
        return ((images + 1) / 2 - mean) / std

    def _tapped(self, inputs: Float[Tensor, "n k i j"]) -> list[Tensor]:
        """Returns the layers' outputs; a vector (n, c) counts as one place, (n, c, 1, 1)."""
        network, found = self.network.to(inputs.device), {}
        hooks = [
            network.get_submodule(name).register_forward_hook(
                lambda _, __, output, name=name: found.update({name: output})
            )
            for name in self.layers
        ]
        try:
            network(inputs)
        finally:
            for hook in hooks:
                hook.remove()
        return [f if (f := found[name]).ndim == 4 else f[..., None, None] for name in self.layers]


def _norm(f: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 1 h w"]:
    """Returns the length of every place's vector; where it vanishes, so does the gradient."""
    return f.square().sum(1, keepdim=True).clamp(min=_EPSILON**2).sqrt()


def _frozen(network: nn.Module) -> nn.Module:
    """Returns a copy that takes no gradient and overwrites no output that may be tapped."""
    network = deepcopy(network).eval().requires_grad_(False)
    for module in network.modules():
        if getattr(module, "inplace", False):
            module.inplace = False
    return network

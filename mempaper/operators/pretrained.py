"""Perceptual features of networks trained on ImageNet, from weight files on this machine.

Nothing is downloaded here: weights lie in <data root>/weights, or, as torchvision names them, in
the folder that torch.hub keeps its checkpoints in.
"""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import InputError
from ..sources import data_root
from .perceptual import Perceptual

__all__ = ["lpips", "squeezenet", "vgg19"]

# What LPIPS v0.1 taps: the first ReLU and the Fire modules before each pooling, and the last four.
_SQUEEZE_LAYERS = ("1", "4", "7", "9", "10", "11", "12")
_SQUEEZE_FILES = ("squeezenet1_1_torchvision_fp16.safetensors", "squeezenet1_1-b8a52dc0.pth")
_HEADS = "lpips_v0.1_squeeze_lin.safetensors"
_VGG_FILE = "vgg19-dcbb9e9d.pth"
# The last ReLU before each pooling: relu1_2, relu2_2, relu3_4, relu4_4, relu5_4.
_VGG_LAYERS = ("3", "8", "17", "26", "35")
# LPIPS's own shift and scale of images in [-1, 1], for images in [0, 1].
_LPIPS_MEAN = ((1 - 0.030) / 2, (1 - 0.088) / 2, (1 - 0.188) / 2)
_LPIPS_STD = (0.458 / 2, 0.448 / 2, 0.450 / 2)


def squeezenet(
    *,
    layers: tuple[str, ...] = _SQUEEZE_LAYERS,  # of torchvision's squeezenet1_1().features
    size: int | None = None,  # pixels to which images are resized; at least 32 are needed
    root: str | Path | None = None,  # see images.data_root
) -> Perceptual:
    """Returns features of SqueezeNet 1.1, each layer with weight 1.

    Raises
        InputError  its weights are not on this machine
    """
    features = _squeezenet_features(root)
    return Perceptual(network=features, layers=layers, weights=(1.0,) * len(layers), size=size)


def lpips(*, size: int | None = None, root: str | Path | None = None) -> Perceptual:
    """Returns the operator whose mean squared difference is LPIPS v0.1 with SqueezeNet.

    Zhang et al. (2018) at the images' own resolution, or at `size`, at least 32 pixels. Their
    published distances were computed with weights in single precision; those in half precision
    give distances that differ in the fourth digit.

    Raises
        InputError  the weights of the network, or LPIPS's own, are not on this machine
    """
    heads = load_file(_found((_HEADS,), "LPIPS's linear heads", root))
    return Perceptual(
        network=_squeezenet_features(root),
        layers=_SQUEEZE_LAYERS,
        weights=tuple(heads[f"lin{i}.model.1.weight"].flatten() for i in range(len(heads))),
        unit_length=True,
        mean=_LPIPS_MEAN,
        std=_LPIPS_STD,
        size=size,
    )


def vgg19(
    *,
    layers: tuple[str, ...] = _VGG_LAYERS,  # of torchvision's vgg19().features
    size: int | None = None,  # pixels to which images are resized; at least 32 are needed
    root: str | Path | None = None,
) -> Perceptual:
    """Returns features of VGG-19, each layer with weight 1; the paper does not say which it took.

    Raises
        InputError  its weights are not on this machine, or damaged
    """
    from .._torchvision import torchvision

    network = torchvision.models.vgg19()
    network.load_state_dict(_weights((_VGG_FILE,), "VGG-19", root))
    return Perceptual(
        network=network.features, layers=layers, weights=(1.0,) * len(layers), size=size
    )


def _squeezenet_features(root) -> nn.Module:
    from .._torchvision import torchvision

    network = torchvision.models.squeezenet1_1()
    network.load_state_dict(_weights(_SQUEEZE_FILES, "SqueezeNet 1.1", root))
    return network.features


def _weights(names: tuple[str, ...], title: str, root) -> dict[str, Tensor]:
    path = _found(names, title, root)
    if path.suffix == ".safetensors":
        return {name: weight.float() for name, weight in load_file(path).items()}
    begins = path.stem.rsplit("-", 1)[1]  # torchvision's names end in the beginning of the SHA-256
    if not hashlib.sha256(path.read_bytes()).hexdigest().startswith(begins):
        raise InputError(
            "root", "hold whole weights", f"{path}, which is damaged", "Remove it and fetch again."
        )
    return torch.load(path, map_location="cpu", weights_only=True)


def _found(names: tuple[str, ...], title: str, root) -> Path:
    folders = [data_root(root) / "weights", Path(torch.hub.get_dir()) / "checkpoints"]
    for path in (folder / name for folder in folders for name in names):
        if path.is_file():
            return path
    fetch = f"https://download.pytorch.org/models/{names[-1]}"
    where = "the LPIPS repository, weights/v0.1/squeeze.pth" if names == (_HEADS,) else fetch
    raise InputError(
        "root",
        f"hold the weights of {title}",
        f"no {' or '.join(names)} in {folders[0]} or {folders[1]}",
        f"Put it there; its source is {where}",
    )

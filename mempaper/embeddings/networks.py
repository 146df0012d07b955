"""Published networks, cut where their features are read, and what each wants for an input.

Each function reads a file of weights and returns a Cut. Images of any size are resized as a whole,
without cropping, and grey ones repeated to three channels.
"""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from ..errors import InputError
from ..networks.cifar_resnet import CIFARResNet
from .weights import read

__all__ = [
    "DINOV2_CODE",
    "Cut",
    "cifar_resnet",
    "dinov2",
    "hub_folder",
    "inception",
    "inception_tf",
    "resnet50",
    "squeezenet",
    "squeezenet_deepscale",
    "vgg",
]

DINOV2_CODE = "facebookresearch/dinov2:7764ea0f912e53c92e82eb78a2a1631e92725fc8"
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB in [0, 1]


class Cut(NamedTuple):
    """A network that ends in its features, (n, dim).

    prepare   turns images in [-1, 1], grey or RGB, into the network's input
    settings  what prepare depends on
    """

    network: nn.Module
    prepare: Callable[[Tensor], Tensor]
    settings: dict[str, Any]
    dim: int


def squeezenet(path: Path, *, size: int = 128) -> Cut:
    """SqueezeNet 1.1 (Iandola et al. 2016): means over space of its last 512 feature maps.

    size  pixels a side of its input; it was trained at 224, which costs three times as much
    """
    return Cut(_squeezenet(path), partial(_standard, size=size), {"size": size}, 512)


def squeezenet_deepscale(path: Path, *, size: int = 128) -> Cut:
    """SqueezeNet 1.1 as its authors trained it in Caffe: BGR, 0 to 255, less (104, 117, 123)."""

    def prepare(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 s s"]:
        mean = torch.tensor([104.0, 117.0, 123.0], device=images.device)[:, None, None]
        return _resized(_rgb(images), size).flip(1) * 127.5 + 127.5 - mean

    return Cut(_squeezenet(path), prepare, {"size": size}, 512)


def vgg(path: Path, *, depth: int) -> Cut:
    """VGG-16 or VGG-19 (Simonyan and Zisserman 2015): its second layer of 4,096 units, rectified.

    Kynkaanniemi et al. (2019) measure precision and recall there, with VGG-16.
    """
    network = _torchvision(f"vgg{depth}", path)
    network.classifier = network.classifier[:5]
    return Cut(network, partial(_standard, size=224), {"size": 224}, 4096)


def resnet50(path: Path) -> Cut:
    """ResNet-50 (He et al. 2016), torchvision's first weights: its 2,048 pooled features."""
    network = _torchvision("resnet50", path)
    network.fc = nn.Identity()
    return Cut(network, partial(_standard, size=224), {"size": 224}, 2048)


def cifar_resnet(path: Path, *, depth: int) -> Cut:
    """A ResNet trained on CIFAR-10 (He et al. 2016, Sec. 4.2): its 64 pooled features, at 32 px.

    It saw all 50,000 official training images, of which this package holds some out: to it the two
    are alike.
    """
    with torch.device("meta"):
        network = CIFARResNet(depth=depth)
    network.load_state_dict(read(path), assign=True)
    network.linear = nn.Identity()
    return Cut(network, partial(_standard, size=32), {"size": 32}, 64)


def inception(path: Path, *, transform_input: bool) -> Cut:
    """Torchvision's Inception-v3: its 2,048 pooled features, at 299 px with aligned corners.

    transform_input  True undoes ImageNet's normalisation, so that the network sees [-1, 1], as it
                     was trained; the published code of Bai et al. (2022) trains against these
                     features. False leaves the normalised input, as their evaluation does.
    """
    network = _torchvision("inception_v3", path, transform_input=transform_input)
    network.fc = nn.Identity()

    def prepare(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 299 299"]:
        return F.interpolate(
            _normalized(_rgb(images)), (299, 299), mode="bilinear", align_corners=True
        )

    return Cut(network, prepare, {"transform_input": transform_input}, 2048)


def inception_tf(path: Path) -> Cut:
    """The Inception of the usual FID (Heusel et al. 2017), as torch-fidelity computes it.

    Images are rounded to bytes, and resized inside the network as TensorFlow 1 did.
    """
    from .._torchvision import torchvision  # noqa: F401  torch-fidelity imports it

    try:
        from torch_fidelity import FeatureExtractorInceptionV3
    except ModuleNotFoundError as error:
        raise InputError(
            "name",
            "be computable here",
            "inception_tf without torch-fidelity",
            "Install it with `pip install 'mempaper[encoders]'`.",
        ) from error
    with torch.random.fork_rng(devices=[]):
        network = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path)
        )

    def prepare(images: Float[Tensor, "n c h w"]) -> UInt8[Tensor, "n 3 h w"]:
        return (_rgb(images) * 127.5 + 127.5).round().byte()

    return Cut(_First(network), prepare, {}, 2048)


def dinov2(path: Path) -> Cut:
    """DINOv2 ViT-S/14 (Oquab et al. 2024): the normalised class token of 384 features, at 224 px.

    The network's code is the pinned commit that torch.hub keeps.
    """
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="xFormers")
        network = torch.hub.load(
            str(hub_folder(DINOV2_CODE)),
            "dinov2_vits14",
            source="local",
            pretrained=False,
            verbose=False,
        )
    network.load_state_dict(read(path))
    return Cut(network, partial(_standard, size=224), {"size": 224, "code": DINOV2_CODE}, 384)


def hub_folder(repository: str) -> Path:
    """Returns the folder in which torch.hub keeps the code of owner/name:commit."""
    return Path(torch.hub.get_dir()) / repository.replace("/", "_").replace(":", "_")


def _squeezenet(path: Path) -> nn.Module:
    network = _torchvision("squeezenet1_1", path)
    return nn.Sequential(network.features, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _torchvision(name: str, path: Path, **options) -> nn.Module:
    from .._torchvision import torchvision

    if name.startswith(("vgg", "inception")):
        options["init_weights"] = False
    with torch.device("meta"):  # draws no initial weights
        network = getattr(torchvision.models, name)(weights=None, **options)
    network.load_state_dict(read(path), assign=True)
    return network


def _rgb(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 h w"]:
    return images.expand(-1, 3, -1, -1)


def _resized(images: Float[Tensor, "n c h w"], size: int) -> Float[Tensor, "n c s s"]:
    if images.shape[2:] == (size, size):
        return images
    return F.interpolate(images, (size, size), mode="bilinear", align_corners=False, antialias=True)


def _normalized(images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
    mean, std = (torch.tensor(v, device=images.device)[:, None, None] for v in (_MEAN, _STD))
    return ((images + 1) / 2 - mean) / std


def _standard(images: Float[Tensor, "n c h w"], *, size: int) -> Float[Tensor, "n 3 s s"]:
    return _normalized(_resized(_rgb(images), size))


class _First(nn.Module):
    """The first of several outputs."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)[0]

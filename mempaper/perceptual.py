"""Perceptual operators of trained networks: the classifier of this book, or one from ImageNet.

Nothing is downloaded here: see `embeddings.fetch`.
"""

from collections.abc import Callable
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from .embeddings.pretrained import ENCODERS
from .embeddings.weights import Weights, find, read
from .errors import InputError
from .networks.classifier import Classifier
from .operators import Perceptual
from .runs import Run

__all__ = ["classifier", "lpips", "squeezenet", "vgg19"]

# What LPIPS v0.1 taps: the first ReLU and the Fire modules before each pooling, and the last four.
_SQUEEZE_LAYERS = ("1", "4", "7", "9", "10", "11", "12")
# The last ReLU before each pooling: relu1_2, relu2_2, relu3_4, relu4_4, relu5_4.
_VGG_LAYERS = ("3", "8", "17", "26", "35")
_HEADS = Weights(
    "lpips_v0.1_squeeze_lin.safetensors",
    "7b35c219aaf55e4be5486ee08f40bb7b92b7bba3130e7d90425b3d5a87de2097",
)
# LPIPS's own shift and scale of images in [-1, 1], for images in [0, 1].
_LPIPS_MEAN = ((1 - 0.030) / 2, (1 - 0.088) / 2, (1 - 0.188) / 2)
_LPIPS_STD = (0.458 / 2, 0.448 / 2, 0.450 / 2)


def classifier(run: Run) -> Perceptual:
    """Returns the features of every ReLU of the classifier that a run trained, each with weight 1.

    It has seen the training images: where a test in these features tells training from validation
    images and the same test on pixels does not, the classifier may be what remembers them.

    Raises
        InputError  the run is none of a classifier
    """
    if run.kind != "classifier":
        raise InputError(
            "run", "have trained a classifier", f"{run.kind} {run.id}", "See experiments.classify."
        )
    network = Classifier(**run.config["network"])
    network.load_state_dict(load_file(run.file("classifier.safetensors")))
    layers = tuple(n for n, m in network.body.named_children() if isinstance(m, nn.ReLU))
    half = (0.5,) * run.config["network"]["channels"]
    return Perceptual(
        network=network.body, layers=layers, weights=_ones(layers), mean=half, std=half
    )


def squeezenet(
    *,
    layers: tuple[str, ...] = _SQUEEZE_LAYERS,  # of torchvision's squeezenet1_1().features
    size: int | None = None,  # pixels to which images are resized; at least 32 are needed
    root: str | Path | None = None,  # see images.data_root
) -> Perceptual:
    """Returns features of SqueezeNet 1.1, each layer with weight 1.

    Raises
        InputError  its weights are not on this machine, or damaged
    """
    network = _features("squeezenet", "squeezenet1_1", root)
    return Perceptual(network=network, layers=layers, weights=_ones(layers), size=size)


def vgg19(
    *,
    layers: tuple[str, ...] = _VGG_LAYERS,  # of torchvision's vgg19().features
    size: int | None = None,  # pixels to which images are resized; at least 32 are needed
    root: str | Path | None = None,  # see images.data_root
) -> Perceptual:
    """Returns features of VGG-19, each layer with weight 1; the paper does not say which it took.

    Raises
        InputError  its weights are not on this machine, or damaged
    """
    network = _features("vgg19", "vgg19", root)
    return Perceptual(network=network, layers=layers, weights=_ones(layers), size=size)


def lpips(*, size: int | None = None, root: str | Path | None = None) -> Perceptual:
    """Returns the operator whose mean squared difference is LPIPS v0.1 with SqueezeNet.

    Zhang et al. (2018) at the images' own resolution, or at `size`, at least 32 pixels. Weights
    stored in half precision give distances that differ from the published code's in the fourth
    digit.

    Raises
        InputError  the weights of the network, or LPIPS's own, are not on this machine, or damaged
    """
    heads = read(find("lpips", (_HEADS,), root))
    return Perceptual(
        network=_features("squeezenet", "squeezenet1_1", root),
        layers=_SQUEEZE_LAYERS,
        weights=tuple(heads[f"lin{i}.model.1.weight"].flatten() for i in range(len(heads))),
        unit_length=True,
        mean=_LPIPS_MEAN,
        std=_LPIPS_STD,
        size=size,
    )


def _features(encoder: str, architecture: str, root: str | Path | None) -> nn.Module:
    weights = read(find(encoder, ENCODERS[encoder].weights, root))
    from ._torchvision import torchvision

    build: Callable[[], nn.Module] = getattr(torchvision.models, architecture)
    network = build()
    network.load_state_dict(weights)
    return network.features


def _ones(layers: tuple[str, ...]) -> tuple[float, ...]:
    return (1.0,) * len(layers)

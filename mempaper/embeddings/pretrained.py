"""Published encoders by name, with the weights they need."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from ..errors import InputError
from ..networks import cifar_resnet
from . import networks
from .embedding import Embedding, of_network
from .weights import Weights, download, find

__all__ = ["ENCODERS", "Encoder", "fetch", "load", "present"]

_TORCHVISION = "https://download.pytorch.org/models/"


@dataclass(frozen=True)
class Encoder:
    """How to build an encoder from the first of `weights` that is there.

    hub  the torch.hub repository whose code builds it, as owner/name:commit
    """

    title: str
    build: Callable[[Path], networks.Cut]
    weights: tuple[Weights, ...]
    hub: str | None = None


def _published(file: str, sha256: str) -> Weights:
    return Weights(file, sha256, _TORCHVISION + file)


_INCEPTION = (_published("inception_v3_google-0cc3c7bd.pth", "0cc3c7bd"),)

ENCODERS: dict[str, Encoder] = {
    "squeezenet": Encoder(
        "SqueezeNet 1.1",
        networks.squeezenet,
        (
            Weights(
                "squeezenet1_1_torchvision_fp16.safetensors",
                "96a4b662bedd50905054b1e43e048305ea292e69541106a7dcd14a2c129d4e08",
            ),
            _published("squeezenet1_1-b8a52dc0.pth", "b8a52dc0"),
        ),
    ),
    "squeezenet_deepscale": Encoder(
        "SqueezeNet 1.1, its authors' weights",
        networks.squeezenet_deepscale,
        (
            Weights(
                "squeezenet1_1_deepscale_caffe_fp16.safetensors",
                "fd870fec25ccca1672f519fce4521be4417e56fb22c8f85b3fb295d6388f6036",
            ),
        ),
    ),
    "cifar10_resnet20": Encoder(
        "ResNet-20 trained on CIFAR-10",
        partial(networks.cifar_resnet, depth=20),
        (
            Weights(
                "cifar10_resnet20_akamaster.safetensors",
                "02926273efb1deadb6dc654c7087baea932ef2026d9f854680d6858146d85838",
            ),
        ),
    ),
    "cifar10_resnet56": Encoder(
        "ResNet-56 trained on CIFAR-10",
        partial(networks.cifar_resnet, depth=56),
        (
            Weights(
                "cifar10_resnet56_akamaster.safetensors",
                "cf29b05e3acebb9dc28868ebd84a604ff452971bb6770f22beaff48708079aee",
            ),
        ),
    ),
    "vgg16": Encoder(
        "VGG-16",
        partial(networks.vgg, depth=16),
        (
            _published(
                "vgg16-397923af.pth",
                "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
            ),
        ),
    ),
    "vgg19": Encoder(
        "VGG-19",
        partial(networks.vgg, depth=19),
        (_published("vgg19-dcbb9e9d.pth", "dcbb9e9d"),),
    ),
    "resnet50": Encoder(
        "ResNet-50",
        networks.resnet50,
        (
            _published(
                "resnet50-0676ba61.pth",
                "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
            ),
        ),
    ),
    "inception": Encoder(
        "Inception-v3 of torchvision",
        partial(networks.inception, transform_input=True),
        _INCEPTION,
    ),
    "inception_normalized": Encoder(
        "Inception-v3 of torchvision, transform_input=False",
        partial(networks.inception, transform_input=False),
        _INCEPTION,
    ),
    "inception_tf": Encoder(
        "Inception of the usual FID",
        networks.inception_tf,
        (
            Weights(
                "weights-inception-2015-12-05-6726825d.pth",
                "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
                "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
                "weights-inception-2015-12-05-6726825d.pth",
            ),
        ),
    ),
    "dinov2": Encoder(
        "DINOv2 ViT-S/14",
        networks.dinov2,
        (
            Weights(
                "dinov2_vits14_pretrain.pth",
                "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9",
                "https://dl.fbaipublicfiles.com/dinov2/dinov2_vits14/dinov2_vits14_pretrain.pth",
            ),
        ),
        hub=networks.DINOV2_CODE,
    ),
}


def load(
    name: str, *, root: str | Path | None = None, device: torch.device | str = "cpu"
) -> Embedding:
    """Returns the encoder of that name in ENCODERS; downloads nothing.

    root  the data root, whose folder `weights` holds the files; torch.hub's folder is searched too

    Raises
        InputError  an unknown name, or weights that are absent or damaged

    >>> load("inception").dim  # doctest: +SKIP
    2048
    """
    encoder = _named(name)
    path = find(name, encoder.weights, root)
    if encoder.hub is not None and not _code_present(encoder):
        raise InputError(
            "name",
            "have its network's code in torch.hub's folder",
            f"{name}, without {networks.hub_folder(encoder.hub)}",
            f"Call mempaper.embeddings.fetch({name!r}).",
        )
    cut = encoder.build(path)
    return of_network(
        name,
        cut.network,
        cut.prepare,
        dim=cut.dim,
        settings=cut.settings,
        code=(networks, cifar_resnet),
        device=device,
    )


def present(name: str, *, root: str | Path | None = None) -> bool:
    """Returns whether the weights of an encoder, and its code, are there, undamaged.

    >>> present("inception") in (True, False)
    True
    """
    encoder = _named(name)
    try:
        find(name, encoder.weights, root)
    except InputError:
        return False
    return _code_present(encoder)


def fetch(name: str, *, root: str | Path | None = None) -> Path:
    """Returns the path of an encoder's weights, downloading what is not there yet.

    Of DINOv2 it also fetches the code, which torch.hub keeps in its own folder and runs.

    Raises
        InputError  an unknown name, or a download that fails or is not what was published

    >>> fetch("squeezenet", root="data").name  # doctest: +SKIP
    'squeezenet1_1-b8a52dc0.pth'
    """
    encoder = _named(name)
    path = download(name, encoder.weights, root)
    if not _code_present(encoder):
        torch.hub.list(encoder.hub, skip_validation=True, trust_repo=True, verbose=False)
    return path


def _named(name: str) -> Encoder:
    if name not in ENCODERS:
        raise InputError("name", f"be one of {', '.join(ENCODERS)}", repr(name), "Choose one.")
    return ENCODERS[name]


def _code_present(encoder: Encoder) -> bool:
    return encoder.hub is None or networks.hub_folder(encoder.hub).is_dir()

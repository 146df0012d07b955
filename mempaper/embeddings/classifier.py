"""The encoder that needs no download: a classifier trained on the training images themselves."""

import torch
from safetensors.torch import load_file

from ..errors import InputError
from ..networks import classifier as network
from ..runs import Run
from .embedding import Embedding, of_network

__all__ = ["classifier"]


def classifier(run: Run, *, device: torch.device | str = "cpu") -> Embedding:
    """Returns the last hidden layer of the classifier that a run trained.

    It takes images of the size and channels that it was trained on, in [-1, 1] as they are. It has
    seen the training images, and may know them from others by itself: where a distance in these
    features tells training from validation images, an encoder trained on neither has to confirm it.

    Raises
        InputError  the run is none of a classifier

    >>> from mempaper import experiments
    >>> run = experiments.classify("digits", images=16, steps=1, batch_size=8, width=4)
    >>> embedding = classifier(run)
    >>> embedding(torch.zeros(2, 1, 16, 16)).shape == (2, embedding.dim)
    True
    """
    if run.kind != "classifier":
        raise InputError(
            "run", "have trained a classifier", f"{run.kind} {run.id}", "See experiments.classify."
        )
    sizes = run.config["network"]
    trained = network.Classifier(**sizes)
    trained.load_state_dict(load_file(run.file("classifier.safetensors")))
    return of_network(
        "classifier",
        trained.body,
        lambda images: images,
        dim=trained.head.in_features,
        settings={},
        code=(network,),
        shape=(sizes["channels"], sizes["size"], sizes["size"]),
        device=device,
    )

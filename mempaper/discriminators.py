"""What the discriminator of a training run says of images, for LOGAN (Hayes et al. 2019)."""

import numpy as np
import torch
from jaxtyping import Float64

from .errors import InputError
from .generators import load_network
from .images import Images
from .runs import Run

__all__ = ["logits"]


@torch.no_grad()
def logits(
    run: Run,
    images: Images,
    *,
    device: torch.device | str = "cpu",
) -> Float64[np.ndarray, "n"]:
    """Returns the logits of the discriminator that a GAN's generator learned from.

    Larger says real. It sees each image by itself: that of PGGAN compares the images of a batch,
    and would tell a batch of training images rather than an image. Where it knows classes it is
    told the image's; NaN is of a class that it was not trained on.

    Raises
        InputError  the run is not a training run of a GAN
    """
    network = load_network(run, "discriminator", device=device)
    if network is None:
        raise InputError(
            "run", "be of a model with a discriminator", run.config["model"], "Choose a GAN."
        )
    classes = run.config["training"].get("classes")

    def judged(place: int) -> float:
        image = images[place : place + 1].to(device)
        if classes is None:
            return float(network(image))
        label = int(images.labels[place])
        known = torch.tensor([label], device=device)
        return float(network(image, known)) if label < classes else float("nan")

    return np.array([judged(place) for place in range(len(images))], dtype=np.float64)

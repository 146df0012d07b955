"""Training against plain PyTorch, and with memorization rejection against without."""

import numpy as np
import pytest
import torch
from timing import times_as_fast
from torch import nn

from mempaper import experiments, images, parallel
from mempaper.runs import Store
from mempaper.training.gan import GAN, GANConfig

STEPS, BATCH = 200, 64


@parallel.one_thread()
def plain_loop(data, config):
    """Trains the same networks in the loop of PyTorch's DCGAN example, on one thread, as ours."""
    model = GAN(config, seed=0)
    generator, discriminator = model.networks["generator"], model.networks["discriminator"]
    optimizers = {
        name: torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=config.betas)
        for name, network in model.networks.items()
    }
    loss = nn.BCEWithLogitsLoss()
    for step in range(STEPS):
        real = data[torch.arange(step * BATCH, (step + 1) * BATCH) % len(data)]
        fake = generator(torch.randn(BATCH, config.latent_dim))
        optimizers["discriminator"].zero_grad()
        seen, made = discriminator(real), discriminator(fake.detach())
        (loss(seen, torch.ones_like(seen)) + loss(made, torch.zeros_like(made))).backward()
        optimizers["discriminator"].step()
        optimizers["generator"].zero_grad()
        judged = discriminator(fake)
        loss(judged, torch.ones_like(judged)).backward()
        optimizers["generator"].step()


def test_a_dcgan(against, tmp_path):
    """No slower than the plain loop, checkpoints, losses and moving average included."""
    split = images.load("digits", size=16)
    config = GANConfig(size=16, channels=1, latent_dim=64, width=64)
    data, number = split.train[:], iter(range(10_000))
    ratio = against(
        lambda: experiments.train(
            "dcgan",
            "digits",
            size=16,
            steps=STEPS,
            batch_size=BATCH,
            latent_dim=64,
            width=64,
            store=Store(tmp_path / str(next(number))),
        ),
        lambda: plain_loop(data, config),
        what=f"{STEPS} updates of a DCGAN at 16 px",
        named="torch: a plain loop, both on one thread",
        goal="no slower",
        limit="the plain loop",
    )
    assert ratio > 0.5


@pytest.mark.parametrize("threshold", ["q10", "d-bar"])
def test_rejection(benchmark, add_row, threshold):
    """At most 1.25 times as long an update, where the threshold is the quantile of 10 %."""
    cost = benchmark.pedantic(
        experiments.update_cost,
        ("biggan", "digits"),
        {
            "rejection": {"threshold": threshold},
            "size": 16,
            "images": 500,
            "batch_size": 16,
            "latent_dim": 32,
            "width": 32,
            "rounds": 12,
            "updates": 8,
        },
        rounds=1,
    )
    ratio = times_as_fast(cost.plain, cost.rejecting)
    add_row(
        what=f"an update with rejection below {threshold}, {cost.acceptance:.0%} accepted",
        baseline="the same without rejection",
        ratio=ratio,
        goal="at most 1.15 times as long",
        seconds=float(np.median(cost.rejecting)),
        limit="the update without rejection",
        of_limit=ratio.estimate,
    )
    assert threshold != "q10" or 1 / ratio.estimate <= 1.25

"""The neural net divergence against the optimum of its objective, and on planted copiers."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from mempaper import faces
from mempaper.errors import InputError
from mempaper.networks.critic import Critic, initialize
from mempaper.planted import plant
from mempaper.training.neural_net_divergence import (
    CriticConfig,
    divergence_gap,
    neural_net_divergence,
)

QUICK = CriticConfig(width=8, steps=30, batch_size=16)


def rendered(low, count, size=16):
    pixels, _ = faces.render(np.arange(low, low + count), size=size)
    return torch.from_numpy(pixels).float() / 127.5 - 1


def constant(value, count=64):
    """Images of one grey; 25 / 255 and its negative are levels of 8 bits."""
    return np.full((count, 1, 8, 8), value, np.float32)


# The critic


@pytest.mark.parametrize("size", [8, 16, 28, 32])
def test_the_critic_takes_any_size_that_halves_to_four(size):
    critic = Critic(size=size, channels=3, width=4)
    assert critic(torch.zeros(5, 3, size, size)).shape == (5,)


def test_the_critic_is_the_published_one_at_32_pixels():
    """5x5 convolutions to 64, 128 and 256 channels, and a linear layer on 4 x 4 x 256."""
    found = [tuple(p.shape) for p in Critic(size=32, channels=3, width=64).parameters()]
    assert found[::2] == [(64, 3, 5, 5), (128, 64, 5, 5), (256, 128, 5, 5), (1, 4096)]


def test_images_of_a_batch_do_not_meet():
    """The penalty asks for the gradient at each image, so a score may rest on no other image."""
    critic = Critic(size=8, channels=1, width=4)
    initialize(critic, torch.Generator().manual_seed(0))
    images = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(critic(images)[:2], critic(images[:2]), atol=1e-6)


def test_weights_are_drawn_from_the_generator():
    one, other = (Critic(size=16, channels=3, width=64) for _ in range(2))
    for critic in (one, other):
        initialize(critic, torch.Generator().manual_seed(7))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    std = one.layers[2].weight.std().item()
    assert std == pytest.approx(np.sqrt(2 / (64 * 25)), rel=0.02)


# The divergence


def test_two_images_reach_the_optimum():
    """Between two images W apart the best critic rises with a slope of s: s W - lambda (s - 1)^2 is
    greatest at s = 1 + W / (2 lambda), and is W + W^2 / (4 lambda) there."""
    apart = 50 / 255 * np.sqrt(64)  # 64 values, 50 / 255 apart
    found = neural_net_divergence(
        constant(-25 / 255), constant(25 / 255), config=CriticConfig(steps=200, batch_size=32)
    )
    assert found == pytest.approx(apart + apart**2 / 40, rel=0.01)


def test_it_grows_with_the_difference():
    real = rendered(0, 100)
    values = [
        neural_net_divergence((rendered(1000, 100) + shift).clamp(-1, 1), real, config=QUICK)
        for shift in (0.0, 0.2, 0.6)
    ]
    assert values[0] < values[1] < values[2]


def test_same_seed_same_bits_on_any_number_of_threads():
    real, generated = rendered(0, 80), rendered(1000, 80)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(neural_net_divergence(generated, real, config=QUICK))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]
    assert neural_net_divergence(generated, real, config=QUICK, seed=1) != found[0]


def test_the_gap_is_of_equal_numbers():
    generated, train, holdout = rendered(1000, 90), rendered(0, 60), rendered(2000, 70)
    found = divergence_gap(generated, train, holdout, config=QUICK, seed=3)
    assert found.count == 60
    assert found.train == neural_net_divergence(generated, train, config=QUICK, seed=3)
    assert found.holdout == neural_net_divergence(generated, holdout[:60], config=QUICK, seed=3)
    assert found.gap == found.holdout - found.train
    swapped = divergence_gap(generated, holdout, train, config=QUICK, seed=3)
    assert (swapped.train, swapped.gap) == (found.holdout, -found.gap)


def test_the_gap_does_not_change_with_a_copy_of_the_real_images():
    generated, train = rendered(1000, 60), rendered(0, 60)
    assert divergence_gap(generated, train, train, config=QUICK).gap == 0


def test_copies_of_training_images_are_a_positive_gap():
    """On 200 real digits of 8 px each, held against 1,397 copies, and against as many new ones."""
    digits = (load_digits().images[:, None] / 8 - 1).astype(np.float32)
    digits = digits[np.random.default_rng(0).permutation(len(digits))]
    train, holdout, fresh = digits[:200], digits[200:400], digits[400:]
    copies = plant(fresh, train, share=1.0).images
    config = CriticConfig(steps=200)
    none = divergence_gap(fresh, train, holdout, config=config)
    found = divergence_gap(copies, train, holdout, config=config)
    assert found.gap > abs(none.gap) + 0.2
    assert found.holdout > found.train


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: neural_net_divergence(constant(0.0)[0], constant(0.0)), "generated"),
        (lambda: neural_net_divergence(constant(0.0), constant(0.0, 3)), "real"),
        (lambda: neural_net_divergence(constant(0.0), constant(0.0)[..., :7]), "real"),
        (lambda: neural_net_divergence(constant(0.0), constant(1.5)), "real"),
        (lambda: neural_net_divergence(constant(0.0), constant(np.nan)), "real"),
        (lambda: neural_net_divergence(constant(0.0), rendered(0, 5)), "real"),
        (lambda: neural_net_divergence(*2 * [constant(0.0)[..., :6, :6]]), "size"),
        (lambda: divergence_gap(constant(0.0), constant(0.0), rendered(0, 5)), "holdout"),
        (lambda: neural_net_divergence(constant(0.0), constant(0.0), seed=-1), "seed"),
    ],
)
def test_refusals(call, argument):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument

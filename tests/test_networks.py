"""The networks beyond DCGAN and GLO: their shapes, widths, layers and initial weights."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from mempaper.networks.autoencoder import Encoder
from mempaper.networks.dcgan import initialize
from mempaper.networks.flow import Flow, FlowEncoder, FlowGenerator, initialize_flow
from mempaper.networks.pggan import (
    EqualizedConv2d,
    EqualizedLinear,
    PGGANDiscriminator,
    PGGANGenerator,
    faded,
    growth,
    initialize_normally,
    minibatch_deviation,
    pixel_norm,
)
from mempaper.networks.resnet_gan import (
    ResNetDiscriminator,
    ResNetGenerator,
    initialize_uniformly,
)


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def pggan(size=16, width=8):
    networks = (
        PGGANGenerator(size=size, channels=3, latent_dim=6, width=width),
        PGGANDiscriminator(size=size, channels=3, width=width),
    )
    for network in networks:
        initialize_normally(network, draws())
    return networks


def flow(kind=Flow, size=8, channels=1, weights=0.1):
    made = kind(size=size, channels=channels, width=6, couplings=3)
    initialize_flow(made, draws())
    for p in made.parameters():
        p.data += weights * torch.randn(p.shape, generator=draws(1))
    return made


@pytest.mark.parametrize("size", [16, 28, 32, 64])
def test_sizes(size):
    shape = {"size": size, "channels": 3, "width": 16}
    latents = torch.randn(2, 5)
    images = ResNetGenerator(**shape, latent_dim=5)(latents)
    assert images.shape == (2, 3, size, size)
    assert images.abs().max() <= 1
    assert ResNetDiscriminator(**shape)(images).shape == (2,)
    assert PGGANGenerator(**shape, latent_dim=5)(latents).shape == (2, 3, size, size)
    assert PGGANDiscriminator(**shape)(images).shape == (2,)
    assert Encoder(**shape, latent_dim=5)(images).shape == (2, 5)
    coder = FlowEncoder(**shape, couplings=2)
    assert coder(images).shape == (2, 3 * size**2)
    assert FlowGenerator(**shape, couplings=2)(coder(images)).shape == (2, 3, size, size)


# MESCH


def test_mesch_at_1024_px_has_the_published_widths():
    network = ResNetGenerator(size=1024, channels=3, latent_dim=256, width=512)
    widths = [m.second.out_channels for m in network if hasattr(m, "second")]
    # configs/celebAHQ.yaml of the published code: nfilter 16, nfilter_max 512
    assert widths == [512, 512, 512, 256, 128, 64, 32, 16, 16]


def test_a_residual_block_adds_a_tenth():
    block = ResNetGenerator(size=8, channels=1, latent_dim=1, width=1)[2]
    for layer, value in ((block.first, 2.0), (block.second, 3.0)):
        nn.init.zeros_(layer.bias)
        nn.init.zeros_(layer.weight)
        layer.weight.data[0, 0, 1, 1] = value
    made = block(torch.tensor([[[[1.0, -1.0]]]]))
    # 1 -> 2 -> 6; -1 -> -0.2 -> -0.4 -> -0.08 -> -0.24
    assert made.flatten().tolist() == pytest.approx([1 + 0.6, -1 - 0.024])


def test_uniform_weights_fill_their_range():
    network = ResNetDiscriminator(size=16, channels=3, width=64)
    initialize_uniformly(network, draws())
    layer = network.layers[1].first
    bound = (16 * 9) ** -0.5
    assert 0.99 * bound < layer.weight.abs().max() <= bound
    assert 0 < layer.bias.abs().max() <= bound
    spread = bound / 3**0.5
    assert abs(layer.weight.std() - spread) < 4 * spread / layer.weight.numel() ** 0.5


# PGGAN


def test_pggan_at_1024_px_has_the_papers_widths():
    network = PGGANGenerator(size=1024, channels=3, latent_dim=512, width=512)
    # Karras et al. (2018), Table 2
    assert network.widths == [512, 512, 512, 512, 256, 128, 64, 32, 16]
    assert network.sizes == [4, 8, 16, 32, 64, 128, 256, 512, 1024]
    assert PGGANGenerator(size=28, channels=1, latent_dim=5, width=64).sizes == [7, 14, 28]


def test_every_size_has_its_share_of_the_schedule():
    stable, shown = 1.0, [growth(i, 14, 4) for i in range(15)]
    assert shown[:6] == [(0, 1.0), (0, 1.0), (1, 0.0), (1, 0.5), (1, stable), (1, stable)]
    assert shown[6:10] == [(2, 0.0), (2, 0.5), (2, stable), (2, stable)]
    assert shown[10:] == [(3, 0.0), (3, 0.5), (3, stable), (3, stable), (3, stable)]


@pytest.mark.parametrize("planned", [1, 3, 100])
def test_a_finished_training_is_fully_grown(planned):
    assert growth(planned, planned, 3) == (2, 1.0)


def test_equalized_layers_scale_by_gain_over_root_of_fan_in():
    layer = EqualizedConv2d(5, 2, 3)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    made = layer(torch.ones(1, 5, 4, 4))
    assert made[0, :, 1, 1].tolist() == pytest.approx([45 * (2 / 45) ** 0.5] * 2)
    assert made[0, 0, 0, 0].item() == pytest.approx(20 * (2 / 45) ** 0.5)
    layer = EqualizedLinear(7, 1, gain=0.5)
    nn.init.ones_(layer.weight)
    nn.init.ones_(layer.bias)
    assert layer(torch.ones(1, 7)).item() == pytest.approx(1 + 7 * 0.5 / 7**0.5)


def test_pixels_have_mean_square_one():
    made = pixel_norm(torch.tensor([[3.0, 4.0]]))
    assert made.flatten().tolist() == pytest.approx([3 / 12.5**0.5, 4 / 12.5**0.5])
    grid = pixel_norm(torch.randn(2, 5, 3, 3))
    assert torch.allclose(grid.square().mean(1), torch.ones(2, 3, 3))


@pytest.mark.parametrize(
    ("count", "groups"), [(8, [[0, 2, 4, 6], [1, 3, 5, 7]]), (6, [range(6)]), (1, [[0]])]
)
def test_minibatch_deviation_as_written_out(count, groups):
    x = torch.randn(count, 3, 2, 2, generator=draws())
    made = minibatch_deviation(x)
    assert made.shape == (count, 1, 2, 2)
    for group in groups:
        values = x[list(group)].double().numpy()
        expected = np.sqrt(np.var(values, axis=0) + 1e-8).mean()
        assert made[list(group)].numpy() == pytest.approx(expected, rel=1e-5)


def test_real_images_fade_in_from_their_averages():
    board = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(1, 1, 4, 4)
    assert torch.equal(faded(board, 8, 1.0), board)
    assert torch.equal(faded(board, 8, 0.25), 0.25 * board)
    assert torch.equal(faded(board, 4, 1.0), torch.zeros(1, 1, 4, 4))


@pytest.mark.parametrize("stage", [1, 2])
def test_a_new_stage_begins_as_the_one_before(stage):
    generator, discriminator = pggan()
    latents = torch.randn(8, 6)
    coarse, fine = generator.grown(latents, stage - 1, 1.0), generator.grown(latents, stage, 0.0)
    assert torch.equal(fine, interpolate(coarse, scale_factor=2))
    images = torch.randn(8, 3, 4 * 2**stage, 4 * 2**stage)
    before = discriminator.judged(avg_pool2d(images, 2), stage - 1, 1.0)
    torch.testing.assert_close(discriminator.judged(images, stage, 0.0), before)
    half = generator.grown(latents, stage, 0.5)
    whole = generator.grown(latents, stage, 1.0)
    torch.testing.assert_close(half, (fine + whole) / 2)


def test_progress_decides_the_size_and_travels_with_the_weights():
    generator, discriminator = pggan()
    generator.progress.copy_(torch.tensor([2, 5]))
    assert generator(torch.randn(2, 6)).shape == (2, 3, 8, 8)
    copy = PGGANGenerator(size=16, channels=3, latent_dim=6, width=8)
    copy.load_state_dict(generator.state_dict())
    assert copy.reached() == (1, 1.0)
    assert discriminator.reached() == (2, 1.0)


def test_pggan_paints_linearly_and_shows_what_lies_within_the_range():
    generator, _ = pggan()
    latents = torch.randn(64, 6, generator=draws())
    free = generator.train()(latents)
    assert free.abs().max() > 1
    assert torch.equal(generator.eval()(latents), free.clamp(-1, 1))


# Auto-encoder


def test_codes_have_the_first_moments_of_a_standard_normal():
    encoder = Encoder(size=16, channels=1, latent_dim=4, width=16)
    initialize(encoder, draws())
    codes = encoder(torch.rand(64, 1, 16, 16, generator=draws()))
    assert torch.allclose(codes.mean(0), torch.zeros(4), atol=1e-5)
    assert torch.allclose(codes.var(0, correction=0), torch.ones(4), atol=0.05)


# Flow


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (10, 3), (12, 3)])
def test_a_flow_finds_every_image_again(size, channels):
    encoder = flow(FlowEncoder, size, channels).double()
    for coupling in encoder.couplings:  # orthogonal to the last digit of float64
        nn.init.orthogonal_(coupling.rotation, generator=draws())
    generator = FlowGenerator(size=size, channels=channels, width=6, couplings=3).double()
    generator.load_state_dict(encoder.state_dict())
    images = 2 * torch.rand(3, channels, size, size, dtype=torch.float64, generator=draws()) - 1
    images[0, 0, 0] = 1.0
    images[1, 0, 0] = -1.0
    with torch.no_grad():
        assert torch.allclose(generator(encoder(images)), images, atol=1e-10)


def test_the_determinant_is_that_of_the_jacobian():
    network = flow().double()
    image = (2 * torch.rand(1, 1, 8, 8, dtype=torch.float64, generator=draws()) - 1) * 0.9
    latents, determinant = network(image)
    jacobian = torch.autograd.functional.jacobian(lambda x: network(x)[0], image).view(64, 64)
    assert determinant.item() == pytest.approx(torch.linalg.slogdet(jacobian).logabsdet.item())
    assert latents.shape == (1, 64)


def test_an_untrained_flow_only_rotates():
    network = flow(weights=0.0)
    image = torch.rand(1, 1, 8, 8, generator=draws())
    latents, _ = network(image)
    logits = torch.logit(0.05 + 0.9 * (image + 1) / 2)
    assert latents.norm().item() == pytest.approx(logits.norm().item(), rel=1e-5)
    assert not torch.allclose(latents.sort().values, logits.flatten(1).sort().values)

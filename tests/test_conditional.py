"""Class-conditional generators: SAGAN, BigGAN, DiffAugment, and their training."""

import copy

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from test_training import Squares, same_bits, stopped_after
from torch import nn

from mempaper import class_conditional, experiments, families, generators
from mempaper.errors import InputError
from mempaper.networks.conditional import (
    ConditionalBatchNorm,
    ProjectionDiscriminator,
    SelfAttention,
    VotedClass,
    grid_widths,
    with_class,
)
from mempaper.networks.spectral import SpectralNorm, initialize_orthogonally, plain, spectral
from mempaper.rejection import MemorizationRejection
from mempaper.runs import Store
from mempaper.training import loop
from mempaper.training.conditional import BigGANConfig, ConditionalGAN, Repeated, SAGANConfig
from mempaper.training.diffaugment import (
    brightened,
    contrasted,
    cut_out,
    diffaugment,
    saturated,
    translated,
)

NAMES = [name for name, family in families.FAMILIES.items() if family.labelled]
CONFIGS = {"sagan": SAGANConfig, "biggan": BigGANConfig, "biggan_diffaugment": BigGANConfig}
LABELS = torch.arange(40) % 4


def seeded(seed=0):
    """Returns a source of normal numbers as the loop gives it."""
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(*shape, generator=generator)


def small(name, **settings):
    shape = {"size": 16, "channels": 1, "classes": 4, "latent_dim": 8, "width": 8}
    return CONFIGS[name](**shape | {"discriminator_steps": 2} | settings)


def objective(name, *, labels=LABELS, rejection=None, reject_for_both=False, **settings):
    return families.get(name).objective(
        small(name, **settings),
        seed=0,
        labels=labels,
        rejection=rejection,
        reject_for_both=reject_for_both,
    )


def raw_generator(name, **settings):
    return objective(name, **settings).networks["generator"].generator


def one_step(made, images=None, index=None, noise=None):
    images = Squares().images[:8] if images is None else images
    index = torch.arange(len(images)) if index is None else index
    return made.step(Fabric(devices=1, accelerator="cpu"), images, index, noise or seeded())


def fit(made, folder, **settings):
    settings = {"steps": 6, "batch_size": 16, "seed": 1, "checkpoint_seconds": 0.0} | settings
    return loop.fit(made, Repeated(Squares(), 2), folder=folder, **settings)


# Architectures


@pytest.mark.parametrize(
    ("name", "count"),
    [("sagan", 4_386_308), ("biggan", 9_416_196), ("biggan_diffaugment", 9_416_196)],
)
def test_generators_have_as_many_parameters_as_published(name, count):
    """The counts are those of MRGAN's notebook count_trainable_parameters, for CIFAR-10."""
    generator = families.get(name).generator(CONFIGS[name]())
    assert sum(p.numel() for p in generator.parameters()) == count


def test_the_papers_hyperparameters_are_the_defaults():
    for config in (SAGANConfig(), BigGANConfig()):
        assert (config.learning_rate, config.betas) == (2e-4, (0.5, 0.999))
        assert config.discriminator_steps == 5


def test_widths_are_the_published_codes():
    assert grid_widths(32, 256) == [256] * 4
    assert grid_widths(16, 64) == [64] * 3
    assert grid_widths(64, 1024) == [1024, 512, 256, 128, 64]
    assert grid_widths(128, 1024) == [1024, 1024, 512, 256, 128, 64]
    with pytest.raises(InputError, match=r"size must be at most 224, .* got 256"):
        grid_widths(256, 64)


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (16, 1), (28, 1), (32, 3), (64, 3)])
@pytest.mark.parametrize("name", ["sagan", "biggan"])
def test_shapes(name, size, channels):
    generator = raw_generator(name, size=size, channels=channels)
    images = generator(torch.randn(3, 8), torch.tensor([0, 3, 1]))
    assert images.shape == (3, channels, size, size)
    assert images.abs().max() <= 1
    shape = {"size": size, "channels": channels, "classes": 4, "width": 8}
    assert ProjectionDiscriminator(**shape)(images, torch.tensor([0, 3, 1])).shape == (3,)


@pytest.mark.parametrize(("size", "width", "half"), [(16, 32, (8, 32, 16)), (32, 16, (16, 16, 8))])
def test_attention_sees_half_the_resolution(size, width, half):
    seen = []
    made = objective("biggan", size=size, width=width)
    for network in made.networks.values():
        for module in network.modules():
            if isinstance(module, SelfAttention):
                module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    images = made.networks["generator"](torch.randn(1, 12))
    made.networks["discriminator"](images, torch.tensor([1]))
    pixels, of_generator, of_discriminator = half
    assert [shape[1:] for shape in seen] == [
        (of_generator, pixels, pixels),
        (of_discriminator, pixels, pixels),
    ]


def test_the_discriminator_of_32_px_is_the_published_codes():
    made = ProjectionDiscriminator(size=32, channels=3, classes=10, width=256)
    convolutions = [
        (m.in_channels, m.out_channels, m.kernel_size[0])
        for m in made.modules()
        if isinstance(m, nn.Conv2d)
    ]
    first = [(3, 128, 3), (128, 128, 3), (3, 128, 1)]
    attention = [(128, 16, 1), (128, 16, 1), (128, 64, 1), (64, 128, 1)]
    halving = [(128, 128, 3), (128, 128, 3), (128, 128, 1)]
    assert convolutions == first + attention + halving + 2 * [(128, 128, 3), (128, 128, 3)]
    seen = []
    made.blocks.register_forward_hook(lambda _, inputs, output: seen.append(output.shape))
    made(torch.randn(1, 3, 32, 32), torch.tensor([0]))
    assert seen == [(1, 128, 8, 8)]


@pytest.mark.parametrize("name", ["sagan", "biggan_diffaugment"])
def test_one_step_at_the_published_size_reaches_every_weight(name):
    """But those of the attention, whose gain is 0 at first."""
    made = families.get(name).objective(
        CONFIGS[name](discriminator_steps=1), seed=0, labels=torch.tensor([3, 5])
    )
    images = 2 * torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) - 1
    scalars = one_step(made, images)
    assert all(value.isfinite() for value in scalars.values())
    for network in made.networks.values():
        for key, p in network.named_parameters():
            assert p.grad.isfinite().all(), key
            attention = "attention" in key and not key.endswith("gain")
            assert (p.grad.abs().max() > 0) != attention, key


# Building blocks


def test_conditional_batch_norm_against_its_formula():
    norm = ConditionalBatchNorm(3, lambda channels: nn.Embedding(2, channels))
    maps = torch.randn(5, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    norm.double()
    labels = torch.tensor([0, 1, 1, 0, 1])
    out = norm(maps, labels)
    for i, label in enumerate(labels.tolist()):
        for c in range(3):
            channel = maps[:, c]
            mean = sum(channel.flatten().tolist()) / channel.numel()
            variance = sum((v - mean) ** 2 for v in channel.flatten().tolist()) / channel.numel()
            gain = 1 + norm.gain.weight[label, c].item()
            expected = gain * (maps[i, c] - mean) / (variance + 1e-4) ** 0.5
            expected = expected + norm.bias.weight[label, c].item()
            torch.testing.assert_close(out[i, c], expected)


def test_attention_against_its_formula():
    attention = SelfAttention(16).double().eval()
    initialize_orthogonally(attention, torch.Generator().manual_seed(0))
    maps = torch.randn(2, 16, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(attention(maps), maps)  # the gain is 0 at first
    attention.gain.data.fill_(0.5)
    out = attention(maps)

    def layer(convolution, pixels):  # a 1 x 1 convolution of (channels,)
        return convolution.weight[:, :, 0, 0] @ pixels

    def pooled(convolution, image):
        return [
            torch.stack(
                [layer(convolution, image[:, y + dy, x + dx]) for dy in range(2) for dx in range(2)]
            ).amax(0)
            for y in range(0, 4, 2)
            for x in range(0, 6, 2)
        ]

    for image, found in zip(maps, out, strict=True):
        keys, values = pooled(attention.key, image), pooled(attention.value, image)
        for y in range(4):
            for x in range(6):
                query = layer(attention.query, image[:, y, x])
                scores = [(query @ key).exp() for key in keys]
                mix = sum(s * v for s, v in zip(scores, values, strict=True)) / sum(scores)
                expected = image[:, y, x] + 0.5 * layer(attention.output, mix)
                torch.testing.assert_close(found[:, y, x], expected)


def test_the_discriminator_projects_on_the_class():
    """Miyato and Koyama (2018), Eq. (3): what a label adds is its embedding times the features."""
    made = ProjectionDiscriminator(size=16, channels=1, classes=3, width=16).eval()
    initialize_orthogonally(made, torch.Generator().manual_seed(0))
    images = Squares().images[:2]
    with torch.no_grad():
        features = made.blocks(made.attention(made.first(images))).clamp(min=0).sum((2, 3))
        logits = [made(images, torch.tensor([label] * 2)) for label in range(3)]
        for label in range(3):
            expected = made.score(features)[:, 0] + features @ made.embedding.weight[label]
            torch.testing.assert_close(logits[label], expected)
    assert not torch.equal(logits[0], logits[1])


def singular(weight):
    return torch.linalg.matrix_norm(weight.flatten(1), ord=2).item()


@pytest.mark.parametrize(
    "layer", [nn.Linear(5, 7), nn.Linear(1, 4), nn.Conv2d(3, 4, 3), nn.Embedding(6, 3)]
)
def test_weights_have_spectral_norm_1_after_power_iterations(layer):
    torch.nn.init.normal_(layer.weight, generator=torch.Generator().manual_seed(0))
    original = layer.weight.detach().clone()
    layer = spectral(layer)
    for _ in range(200):
        weight = layer.weight
    assert singular(weight) == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(weight * singular(original), original, rtol=1e-4, atol=1e-5)
    layer.eval()
    before = layer.parametrizations.weight[0].vector.clone()
    evaluated = layer.weight
    assert torch.equal(layer.parametrizations.weight[0].vector, before)
    # A longer vector, such as a moving average is a shorter one, divides alike.
    layer.parametrizations.weight[0].vector.mul_(0.3)
    torch.testing.assert_close(layer.weight, evaluated)


def test_the_gradient_of_a_normalised_weight():
    """Miyato et al. (2018), Eq. (12): that of W / s(W) along u v' vanishes with u'Wv = s."""
    weight = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    layer = spectral(nn.Linear(3, 4)).double()
    layer.parametrizations.weight.original.data = weight.clone()
    for _ in range(500):
        layer.weight  # noqa: B018  (each use iterates)
    upstream = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (layer.weight * upstream).sum().backward()
    u, s, v = torch.linalg.svd(weight)
    u, s, v = u[:, 0], s[0], v[0]
    expected = (upstream - (upstream * weight).sum() / s * torch.outer(u, v)) / s
    torch.testing.assert_close(layer.parametrizations.weight.original.grad, expected)


def test_plain_networks_make_the_same_images():
    made = objective("biggan")
    one_step(made)
    generator = made.networks["generator"].eval()
    codes = torch.randn(3, 12)
    expected = generator(codes)
    fixed = plain(copy.deepcopy(generator))
    torch.testing.assert_close(fixed(codes), expected)
    assert not any(isinstance(m, SpectralNorm) for m in fixed.modules())


@pytest.mark.parametrize("name", ["sagan", "biggan"])
def test_initial_weights_are_orthogonal(name):
    networks = objective(name, width=16).networks
    checked = 0
    for m in (m for network in networks.values() for m in network.modules()):
        if isinstance(m, nn.Conv2d | nn.Linear | nn.Embedding):
            divided = hasattr(m, "parametrizations")
            matrix = (m.parametrizations.weight.original if divided else m.weight).flatten(1)
            matrix = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
            torch.testing.assert_close(matrix @ matrix.T, torch.eye(len(matrix)), **_CLOSE)
            assert divided or name == "biggan"
            if getattr(m, "bias", None) is not None:
                assert not m.bias.any()
            checked += 1
    assert checked > 30


_CLOSE = {"rtol": 0, "atol": 1e-5}


def test_blocks_share_an_embedding_and_each_has_latents_of_its_own():
    made = objective("biggan").networks["generator"].generator.eval()
    assert made.parts == [4, 2, 2]  # 8 latents, one grid and two blocks
    seen = []
    for block in made.body.blocks:
        block.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    projected = []
    made.body.project.register_forward_pre_hook(lambda _, inputs: projected.append(inputs[0]))
    latents, labels = torch.randn(3, 8), torch.tensor([2, 0, 2])
    made(latents, labels)
    assert torch.equal(projected[0], latents[:, :4])
    for given, part in zip(seen, (latents[:, 4:6], latents[:, 6:]), strict=True):
        assert torch.equal(given, torch.cat([made.shared.weight[labels], part], 1))


@pytest.mark.parametrize("name", ["sagan", "biggan"])
def test_images_depend_on_the_class(name):
    generator = raw_generator(name).eval()
    latents = torch.randn(1, 8).expand(4, -1)
    images = generator(latents, torch.arange(4))
    assert len({image.numpy().tobytes() for image in images.detach()}) == 4


# Latents that vote


def test_latents_vote_for_uniform_classes():
    voted = objective("sagan").networks["generator"]
    assert (voted.latent_dim, voted.classes) == (12, 4)
    codes = torch.randn(4000, 12, generator=torch.Generator().manual_seed(0))
    counts = voted.labels(codes).bincount(minlength=4)
    assert abs(counts - 1000).max() < 4 * (4000 * 3 / 16) ** 0.5
    latents, labels = torch.randn(5, 8), torch.tensor([3, 0, 2, 2, 1])
    codes = with_class(latents, labels, 4)
    assert torch.equal(voted.labels(codes), labels)
    voted.eval()
    torch.testing.assert_close(voted(codes), voted.generator(latents, labels), **_CLOSE)


# DiffAugment


def test_colours_have_the_stated_means():
    images = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    bright = brightened(images, torch.tensor([0.25, -0.5]))
    torch.testing.assert_close(bright[0], images[0] + 0.25)
    torch.testing.assert_close(bright[1], images[1] - 0.5)
    grey, doubled = saturated(images, torch.tensor([0.0, 2.0]))
    torch.testing.assert_close(grey, images[0].mean(0).expand(3, 4, 4))
    torch.testing.assert_close(doubled, 2 * images[1] - images[1].mean(0))
    torch.testing.assert_close(doubled.mean(0), images[1].mean(0))
    flat, strong = contrasted(images, torch.tensor([0.0, 1.5]))
    torch.testing.assert_close(flat, images[0].mean().expand(3, 4, 4))
    torch.testing.assert_close(strong.mean(), images[1].mean())
    torch.testing.assert_close(strong.std(), 1.5 * images[1].std())


def test_a_translation_is_a_shift_with_zeros():
    images = torch.arange(1.0, 2 * 2 * 12 + 1).view(2, 2, 3, 4)
    down, right = torch.tensor([1, -2]), torch.tensor([-1, 3])
    moved = translated(images, down, right)
    for i in range(2):
        for y in range(3):
            for x in range(4):
                row, column = y - int(down[i]), x - int(right[i])
                inside = 0 <= row < 3 and 0 <= column < 4
                expected = images[i, :, row, column] if inside else torch.zeros(2)
                assert torch.equal(moved[i, :, y, x], expected)


def test_a_hole_is_a_square_of_half_the_side():
    images = torch.ones(3, 2, 8, 8)
    cut = cut_out(images, torch.tensor([0, 3, -2]), torch.tensor([4, 2, 6]))
    expected = images.clone()
    expected[0, :, 0:4, 4:8] = 0
    expected[1, :, 3:7, 2:6] = 0
    expected[2, :, 0:2, 6:8] = 0
    assert torch.equal(cut, expected)


def normal(uniform):
    """Returns noise whose draws are these numbers of [0, 1], one row for each kind of change."""
    quantiles = torch.special.ndtri(torch.tensor(uniform))
    return lambda *shape: quantiles[:, None].expand(shape).contiguous()


def test_draws_reach_the_published_ranges():
    """Zhao et al.'s code: 16 px move by up to 2 px and lose 8 px around a pixel of 0 to 16."""
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) + 1
    middle = [0.5] * 5
    for uniform, edge in ((0.0, -2), (0.999999, 2)):
        moved = diffaugment(image, normal([0.5, 0.5, 0.5, uniform, uniform, 0.0, 0.0]))
        shifted = translated(image, torch.tensor([edge]), torch.tensor([edge]))
        shifted[:, :, :4, :4] = 0
        torch.testing.assert_close(moved, shifted)
    corner = diffaugment(image, normal([*middle, 0.999999, 0.999999]))
    expected = image.clone()
    expected[:, :, 12:, 12:] = 0
    torch.testing.assert_close(corner, expected)
    changed = diffaugment(image, normal([1.0, 0.0, 1.0, 0.5, 0.5, 0.0, 0.0]))[:, :, 4:, 4:]
    grey = (image + 0.5).mean(1, keepdim=True).expand_as(image)
    expected = (grey - grey.mean()) * 1.5 + grey.mean()
    torch.testing.assert_close(changed, expected[:, :, 4:, 4:])


def test_augmentation_is_seeded_differentiable_and_each_images_own():
    images = torch.rand(6, 1, 16, 16, requires_grad=True)
    once = diffaugment(images, seeded(3))
    assert torch.equal(once, diffaugment(images, seeded(3)))
    assert not torch.equal(once, diffaugment(images, seeded(4)))
    once.sum().backward()
    assert (images.grad != 0).flatten(1).any(1).all()
    same = diffaugment(torch.full((6, 1, 16, 16), 0.5), seeded(0))
    assert len({image.numpy().tobytes() for image in same}) == 6


# Training


def test_a_step_descends_along_the_hinge_losses(monkeypatch):
    made = objective("sagan", discriminator_steps=1)
    before = copy.deepcopy(made.networks)
    images, index = Squares().images[:6], torch.arange(30, 36)
    one_step(made, images, index, seeded(5))

    noise = seeded(5)
    generator, discriminator = before["generator"], before["discriminator"]
    codes = noise(6, 12)
    fake = generator.generator(codes[:, :8], codes[:, 8:].argmax(1)).detach()
    labels = torch.cat([LABELS[30:36], codes[:, 8:].argmax(1)])
    logits = discriminator(torch.cat([images, fake]), labels)
    loss = (1 - logits[:6]).clamp(min=0).mean() + (1 + logits[6:]).clamp(min=0).mean()
    loss.backward()
    for (key, p), q in zip(
        made.networks["discriminator"].named_parameters(), discriminator.parameters(), strict=True
    ):
        torch.testing.assert_close(p.grad, q.grad, msg=key)

    codes = noise(6, 12)
    judge = made.networks["discriminator"]
    judge.load_state_dict(judge.state_dict() | _vectors(discriminator))
    fake = generator.generator(codes[:, :8], codes[:, 8:].argmax(1))
    (-judge(fake, codes[:, 8:].argmax(1)).mean()).backward()
    for p, q in zip(made.networks["generator"].parameters(), generator.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad)


def _vectors(network):
    return {k: v for k, v in network.state_dict().items() if k.endswith("vector")}


def test_each_step_of_the_discriminator_sees_images_of_its_own():
    made, seen = objective("biggan", discriminator_steps=3), []
    made.networks["discriminator"].register_forward_pre_hook(
        lambda _, inputs: seen.append((inputs[0].detach().clone(), inputs[1].clone()))
    )
    images = Squares(12).images
    one_step(made, images, torch.arange(12))
    assert [len(seen_images) for seen_images, _ in seen] == [8, 8, 8, 4]
    real = torch.cat([seen_images[:4] for seen_images, _ in seen[:3]])
    assert torch.equal(real, images)
    assert torch.equal(torch.cat([labels[:4] for _, labels in seen[:3]]), LABELS[:12])
    fakes = [seen_images[4:] for seen_images, _ in seen[:3]] + [seen[3][0]]
    assert len({fake.numpy().tobytes() for fake in fakes}) == 4


def test_repeated_images_make_batches_for_every_step():
    images = Squares(6)
    repeated = Repeated(images, 5)
    assert len(repeated) == 30
    index = torch.tensor([0, 6, 13, 29])
    assert torch.equal(repeated[index], images.images[[0, 0, 1, 5]])
    made, seen = objective("sagan", labels=torch.tensor([0, 1, 2, 3, 0, 1])), []
    made.networks["discriminator"].register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[1].clone())
    )
    one_step(made, repeated[index], index)
    assert torch.cat([seen[0][:2], seen[1][:2]]).tolist() == [0, 0, 1, 1]


def test_both_real_and_made_images_are_augmented():
    made, seen = objective("biggan_diffaugment"), []
    made.augment = lambda images, noise: torch.zeros_like(images) + 0 * images
    made.networks["discriminator"].register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0].detach())
    )
    one_step(made)
    assert [len(images) for images in seen] == [8, 8, 4]
    assert not torch.cat(seen).any()
    assert (
        families.get("biggan_diffaugment").objective(small("biggan"), seed=0, labels=LABELS).augment
        is diffaugment
    )


def flat(images):
    return images.flatten(1)


def judged(made):
    """Returns what the discriminator is shown in each of its passes in one step, with labels."""
    seen = []
    made.networks["discriminator"].register_forward_pre_hook(
        lambda _, inputs: seen.append([values.detach().clone() for values in inputs])
    )
    one_step(made, Squares(40).images)
    return seen


def test_a_threshold_of_zero_changes_no_bit():
    rejects = MemorizationRejection(Squares(40).images, flat, 0)
    without, accepting = objective("biggan"), objective("biggan", rejection=rejects)
    for made in (without, accepting):
        one_step(made)
    assert set(accepting.networks) - set(without.networks) == {"rejection"}
    del accepting.networks["rejection"]
    assert same_bits(without.networks, accepting.networks)


def test_only_accepted_images_teach_the_generator():
    bank = Squares(40).images
    *_, (fakes, labels) = judged(objective("biggan"))
    cosines = nn.functional.normalize(flat(fakes)) @ nn.functional.normalize(flat(bank)).T
    distances = 1 - cosines.max(1).values
    tau = float(distances.median())
    rejects = MemorizationRejection(bank, flat, tau, protocol="drop")
    made = objective("biggan", rejection=rejects)
    *of_discriminator, (taught, classes) = judged(made)
    assert [len(images) for images, _ in of_discriminator] == [40, 40]
    assert torch.equal(taught, fakes[distances > tau])
    assert torch.equal(classes, labels[distances > tau])
    assert all(p.grad.isfinite().all() for p in made.networks["generator"].parameters())
    assert one_step(made)["rejection_threshold"] == tau


def test_where_asked_for_only_accepted_images_teach_the_discriminator():
    bank = Squares(40).images

    def shown_first(tau):
        rejects = MemorizationRejection(bank, flat, tau, protocol="drop")
        return judged(objective("biggan", rejection=rejects, reject_for_both=True))[0]

    first, labels = shown_first(1e-9)
    cosines = nn.functional.normalize(flat(first)) @ nn.functional.normalize(flat(bank)).T
    fake = torch.arange(40) >= 20
    distances = 1 - cosines.max(1).values
    tau = float(distances[fake].median())
    seen, classes = shown_first(tau)
    kept = ~fake | (distances > tau)
    assert 20 < kept.sum() < 40
    assert torch.equal(seen, first[kept])
    assert torch.equal(classes, labels[kept])


@pytest.mark.parametrize("name", NAMES)
def test_resumed_training_ends_with_the_same_bits(name, tmp_path):
    whole = fit(objective(name), tmp_path / "whole")
    with stopped_after(3):
        fit(objective(name), tmp_path / "parts")
    assert same_bits(whole, fit(objective(name), tmp_path / "parts"))


def test_training_is_blind_to_the_global_random_numbers(tmp_path):
    results = []
    for i in range(2):
        torch.manual_seed(i)
        results.append(fit(objective("biggan_diffaugment"), tmp_path / str(i), steps=2))
    assert same_bits(*results)


def test_the_average_of_weights_keeps_its_spectral_norm(tmp_path):
    made = objective("sagan", learning_rate=1e-2)
    averaged = fit(made, tmp_path, steps=25, checkpoint_seconds=60.0)["generator_ema"]
    norms = [
        singular(m.weight.detach())
        for m in averaged.modules()
        if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    assert np.abs(np.array(norms) - 1).max() < 0.1


# The store


TINY = {"images": 60, "steps": 3, "batch_size": 8, "latent_dim": 8, "width": 8}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("runs"))
    return lambda name, **rest: experiments.train(name, "digits", store=store, **TINY | rest)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_samples_have_labels(trained, precision):
    run = trained("biggan", precision=precision)
    generator = generators.load(run)
    assert isinstance(generator.network, VotedClass)
    assert generator.latent_dim == 8 + 10
    images, labels = class_conditional.labelled_samples(generator, 35, seed=2)
    assert torch.equal(images, generator.sample(35, seed=2))
    assert labels.shape == (35,)
    assert set(labels.tolist()) <= set(range(10))
    three = class_conditional.of_class(generator, 3)
    assert three.latent_dim == 8
    latents = torch.randn(2, 8)
    expected = generator.network.generator(latents, torch.tensor([3, 3]))
    torch.testing.assert_close(three(latents), expected, **_CLOSE)
    assert torch.equal(three.sample(3, seed=1), three.sample(5, seed=1)[:3])


def test_rows_of_samples_share_a_code_and_columns_a_class(trained):
    generator = generators.load(trained("biggan"))
    rows = class_conditional.samples_of_each_class(generator, 3, seed=1)
    classes = generator.network.classes
    assert rows.shape[:2] == (3, classes)
    for label in range(classes):
        alone = class_conditional.of_class(generator, label).sample(3, seed=1)
        assert torch.equal(rows[:, label], alone)


def test_classes_that_are_not_there_are_refused(trained):
    generator = generators.load(trained("sagan"))
    with pytest.raises(InputError, match="label must lie in 0 to 9; got 10"):
        class_conditional.of_class(generator, 10)
    plain_one = generators.load(trained("dcgan"))
    with pytest.raises(InputError, match="generator must know classes; got a DCGANGenerator"):
        class_conditional.labelled_samples(plain_one, 3)


def test_images_without_labels_are_refused(tmp_path):
    np.save(tmp_path / "images.npy", np.zeros((20, 1, 16, 16), np.uint8))
    with pytest.raises(InputError, match=r"dataset must have labels for biggan.*labels 0\. "):
        experiments.train("biggan", str(tmp_path / "images.npy"), store=Store(tmp_path), steps=1)


def test_a_class_without_images_is_refused(trained):
    with pytest.raises(InputError, match=r"sagan, .*each on at least one training image"):
        trained("sagan", images=8)


def test_an_objective_is_made_for_the_loop():
    assert isinstance(objective("sagan"), ConditionalGAN)
    assert isinstance(objective("sagan"), loop.Objective)

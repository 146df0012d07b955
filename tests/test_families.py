"""Every family of models: registered, trained, resumed, stored, loaded and recovered."""

import copy
import dataclasses
import math
import re

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file
from test_training import Squares, same_bits, stopped_after

from mempaper import discriminators, experiments, families, generators, images, recovery
from mempaper.encoding import recover_by_encoder
from mempaper.errors import InputError
from mempaper.families import FAMILIES
from mempaper.minimizers import Stop
from mempaper.runs import Store
from mempaper.training import loop
from mempaper.training.autoencoder import AE, AEGAN, AEConfig, AEGANConfig
from mempaper.training.flow import bits_per_dimension, dequantized
from mempaper.training.losses import non_saturating
from mempaper.training.mesch import MESCH, MESCHConfig
from mempaper.training.penalties import r1, squared_gradients, wgan_gp
from mempaper.training.pggan import PGGAN, PGGANConfig

TINY = {"images": 48, "steps": 6, "batch_size": 8, "latent_dim": 8, "width": 8}
ENCODING = [name for name, family in FAMILIES.items() if family.encoder]
OTHERS = [name for name in FAMILIES if name not in ENCODING]
JUDGED = ["dcgan", "mesch", "pggan", "aegan", "sagan", "biggan", "biggan_diffaugment"]


def config(name, **settings):
    """Returns the settings of a family for images of 16 px, as small as they can be."""
    given = {"size": 16, "channels": 1, "latent_dim": 8, "width": 8, "classes": 10} | settings
    known = {field.name for field in dataclasses.fields(FAMILIES[name].config)}
    return FAMILIES[name].config(**{k: v for k, v in given.items() if k in known})


def objective(name, *, steps=12, **settings):
    return FAMILIES[name].objective(
        config(name, **settings),
        count=40,
        steps=steps,
        seed=0,
        loss=non_saturating,
        labels=torch.arange(40) % 10,
    )


def fit(made, folder, *, steps=12, **settings):
    settings = {"batch_size": 16, "seed": 1, "checkpoint_seconds": 0.0} | settings
    return loop.fit(made, Squares(), steps=steps, folder=folder, **settings)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def trained(store):
    """Returns the tiny run of a family."""
    return lambda name: experiments.train(name, "digits", store=store, **TINY)


# Penalties


def linear(weights, bias=0.5):
    return lambda images: (images * weights).flatten(1).sum(1) + bias


def test_penalties_of_a_linear_discriminator():
    weights = torch.tensor([1.0, 2.0, 2.0, 4.0]).view(1, 2, 2)  # |w| = 5
    real = torch.randn(3, 1, 2, 2).requires_grad_(True)
    assert squared_gradients(linear(weights)(real), real).tolist() == [25.0] * 3
    assert r1(linear(weights)(real), real).item() == 12.5
    fake, mix = torch.randn(3, 1, 2, 2), torch.rand(3, 1, 1, 1)
    assert wgan_gp(linear(weights), real, fake, mix).item() == 16.0


def test_r1_can_be_minimised():
    scale = torch.tensor(3.0, requires_grad=True)
    images = torch.tensor([[[[1.0]]], [[[2.0]]]], requires_grad=True)
    penalty = r1((scale * images.square()).flatten(), images)
    # grad D = 2 s x, so R_1 = mean of 2 s^2 x^2 = 5 s^2, whose derivative by s is 10 s
    assert penalty.item() == pytest.approx(5 * 9)
    penalty.backward()
    assert scale.grad.item() == pytest.approx(30)


@pytest.mark.parametrize(("mix", "place"), [(0.0, 1.0), (1.0, -3.0), (0.25, 0.0)])
def test_the_wgan_penalty_looks_between_real_and_fake(mix, place):
    seen = []

    def discriminator(images):
        seen.append(images.item())
        return images.flatten()

    real, fake = torch.tensor([[[[1.0]]]]), torch.tensor([[[[-3.0]]]])
    wgan_gp(discriminator, real, fake, torch.full((1, 1, 1, 1), mix))
    assert seen == [place]


# Likelihood


def test_bits_per_dimension_of_a_standard_normal():
    bits = bits_per_dimension(torch.tensor([[0.0, 0.0], [1.0, 3.0]]), torch.tensor([0.0, 2.0]))
    width = 2 / 255
    at_zero = -math.log2(1 / (2 * math.pi) * width**2) / 2
    elsewhere = -math.log2(math.exp(-5) / (2 * math.pi) * math.e**2 * width**2) / 2
    assert bits.tolist() == pytest.approx([at_zero, elsewhere], rel=1e-6)


def test_dequantisation_spreads_a_byte_over_its_width():
    draws = torch.randn(4, 1, 50, 50, generator=torch.Generator().manual_seed(0))
    moved = dequantized(torch.zeros(4, 1, 50, 50), draws) * 255 / 2
    assert moved.abs().max() <= 0.5
    counts = np.histogram(moved, bins=4, range=(-0.5, 0.5))[0]
    assert abs(counts - 2500).max() < 4 * (10000 * 3 / 16) ** 0.5


# Training


@pytest.mark.parametrize("name", FAMILIES)
def test_resumed_training_ends_with_the_same_bits(name, tmp_path):
    whole = fit(objective(name), tmp_path / "whole")
    with stopped_after(5) as written:
        fit(objective(name), tmp_path / "parts")
    assert written[-1] < 12
    assert same_bits(whole, fit(objective(name), tmp_path / "parts"))


@pytest.mark.parametrize("name", FAMILIES)
def test_every_weight_learns(name, tmp_path):
    made = objective(name, steps=9)
    before = {
        (part, key): value.clone()
        for part, network in made.networks.items()
        for key, value in network.named_parameters()
    }
    after = fit(made, tmp_path, steps=9)
    stuck = [
        f"{part}.{key}"
        for (part, key), value in before.items()
        if torch.equal(dict(after[part].named_parameters())[key], value)
    ]
    assert not stuck


def test_pggan_grows_by_its_schedule_and_forgets_adams_moments(tmp_path):
    seen = []

    class Watched(PGGAN):
        def step(self, *arguments):
            scalars = super().step(*arguments)
            state = self.optimizers["generator"].state_dict()["state"]
            seen.append((self.shown[-1], int(max(s["step"] for s in state.values()))))
            return scalars

    made = Watched(config("pggan"), steps=10, seed=0)
    made.shown = []
    made.networks["discriminator"].register_forward_pre_hook(
        lambda _, inputs: made.shown.append(inputs[0].shape[-1])
    )
    networks = fit(made, tmp_path, steps=10)
    # Three sizes make five phases of two steps: 4 px, then fade-in and full for 8 and 16 px.
    assert [size for size, _ in seen] == [4, 4, 8, 8, 8, 8, 16, 16, 16, 16]
    assert [updates for _, updates in seen] == [1, 2, 1, 2, 3, 4, 1, 2, 3, 4]
    for name in ("generator", "generator_ema", "discriminator"):
        assert networks[name].progress.tolist() == [10, 10]


def discriminator_gradients(made, images):
    """Returns the gradients of one step and a copy of the networks before it."""
    before = copy.deepcopy(made.networks)
    noise = torch.Generator().manual_seed(5)
    made.step(
        Fabric(devices=1),
        images,
        torch.arange(len(images)),
        lambda *shape: torch.randn(*shape, generator=noise),
    )
    gradients = [p.grad for p in made.networks["discriminator"].parameters()]
    return gradients, before["generator"], before["discriminator"]


def gradient_at(images, discriminator):
    images = images.detach().requires_grad_(True)
    outputs = discriminator(images)
    (gradient,) = torch.autograd.grad(outputs.sum(), images, create_graph=True)
    return outputs, gradient.flatten(1).norm(dim=1)


def test_mesch_descends_along_its_written_loss():
    images = Squares().images[:6]
    gradients, generator, discriminator = discriminator_gradients(objective("mesch"), images)
    noise = torch.Generator().manual_seed(5)
    fake = discriminator(generator(torch.randn(2, 6, 8, generator=noise)[0]).detach())
    real, norm = gradient_at(images, discriminator)
    loss = -torch.log(torch.sigmoid(real)).mean() - torch.log(1 - torch.sigmoid(fake)).mean()
    (loss + 10 / 2 * (norm**2).mean()).backward()
    for gradient, p in zip(gradients, discriminator.parameters(), strict=True):
        torch.testing.assert_close(gradient, p.grad, rtol=1e-3, atol=1e-6)


def test_pggan_descends_along_its_written_loss():
    images = Squares().images[:8]
    made = objective("pggan", steps=5)
    for network in made.networks.values():
        network.progress[0] = 4
    gradients, generator, discriminator = discriminator_gradients(made, images)
    noise = torch.Generator().manual_seed(5)
    made_up = generator(torch.randn(2, 8, 8, generator=noise)[0]).detach()
    mix = torch.distributions.Normal(0, 1).cdf(torch.randn(8, 1, 1, 1, generator=noise))
    real, fake = discriminator(images), discriminator(made_up)
    _, norm = gradient_at((1 - mix) * images + mix * made_up, discriminator)
    loss = fake.mean() - real.mean() + 10 * ((norm - 1) ** 2).mean() + 0.001 * (real**2).mean()
    loss.backward()
    for gradient, p in zip(gradients, discriminator.parameters(), strict=True):
        if p.grad is not None:
            torch.testing.assert_close(gradient, p.grad, rtol=1e-3, atol=1e-5)


def test_an_auto_encoder_learns_its_images(tmp_path):
    networks = fit(objective("ae", width=16), tmp_path, steps=120)
    images = Squares().images
    with torch.no_grad():
        errors = (networks["generator"](networks["encoder"](images)) - images).square()
    assert errors.mean() < 0.25 * images.var()


def test_the_discriminator_of_an_aegan_judges_samples_not_reconstructions():
    made, judged, decoded = objective("aegan"), [], []
    made.networks["discriminator"].register_forward_pre_hook(
        lambda _, inputs: judged.append(inputs[0].detach().clone())
    )
    made.networks["generator"].register_forward_hook(
        lambda _, inputs, output: decoded.append((inputs[0].detach(), output.detach().clone()))
    )
    draws = torch.randn(6, 8)
    images = Squares().images[:6]
    made.step(Fabric(devices=1), images, torch.arange(6), lambda *shape: draws.view(shape))
    ((latents, output),) = decoded
    assert torch.equal(latents[6:], draws)
    real, fake, again = judged
    assert torch.equal(real, images)
    assert torch.equal(fake, output[6:])
    assert torch.equal(again, output[6:])


# The papers' sizes: one step


def test_pggan_steps_at_1024_px():
    made = PGGAN(PGGANConfig(latent_dim=4, width=2), steps=170, seed=0)
    for network in made.networks.values():
        network.progress[0] = 155  # half way through the last fade-in, from 150 to 160
    assert made.networks["generator"].reached() == (8, 0.5)
    images = torch.rand(1, 3, 1024, 1024) * 2 - 1
    scalars = made.step(Fabric(devices=1), images, torch.arange(1), torch.randn)
    assert all(value.isfinite() for value in scalars.values())
    for name, of_one_size in (("generator", "painters"), ("discriminator", "readers")):
        for key, parameter in made.networks[name].named_parameters():
            idle = key.startswith(of_one_size) and int(key.split(".")[1]) < 7
            assert (parameter.grad is None) == idle, key
            assert idle or parameter.grad.isfinite().all()
    with torch.no_grad():
        assert made.networks["generator"](torch.randn(1, 4)).shape == (1, 3, 1024, 1024)


@pytest.mark.parametrize(
    "made",
    [
        lambda: MESCH(MESCHConfig(width=64), seed=0),
        lambda: AE(AEConfig(width=64), seed=0),
        lambda: AEGAN(AEGANConfig(width=64), seed=0),
    ],
)
def test_one_step_at_128_px(made):
    made = made()
    images = torch.rand(2, 3, 128, 128) * 2 - 1
    scalars = made.step(Fabric(devices=1), images, torch.arange(2), torch.randn)
    assert all(value.isfinite() for value in scalars.values())
    for network in made.networks.values():
        assert all(p.grad.isfinite().all() for p in network.parameters())
    generator = made.networks["generator"]
    assert generator(torch.randn(2, generator.latent_dim)).shape == (2, 3, 128, 128)


# The registry


def test_names_are_the_papers():
    names = [family.name(128) for family in FAMILIES.values()]
    assert names[:7] == ["DCGAN", "MESCH", "PGGAN", "GLO-128", "AE-128", "AEGAN-128", "Flow"]
    assert names[7:] == ["SAGAN", "BigGAN", "BigGAN+DiffAug"]


def test_an_unknown_family_names_the_known():
    with pytest.raises(InputError, match=r"model must be one of dcgan, .*flow, .*; got 'vqgan'"):
        families.get("vqgan")


@pytest.mark.parametrize("name", FAMILIES)
def test_a_trained_generator_is_found_and_loaded_with_its_encoder(name, trained):
    run = trained(name)
    generator = generators.load(run)
    samples = generator.sample(33)
    assert samples.shape == (33, 1, 16, 16)
    assert samples.abs().max() <= 1
    assert torch.equal(generator.sample(2), samples[:2])
    votes = 10 if FAMILIES[name].labelled else 0
    assert generator.latent_dim == (256 if name == "flow" else 8 + votes)
    assert (generator.encoder is None) == (name in OTHERS)
    assert run.path.joinpath("encoder.safetensors").exists() == (name in ENCODING)
    if generator.encoder is not None:
        assert generator.encoder(samples).shape == (33, generator.latent_dim)
        assert not generator.encoder.training
        assert not any(p.requires_grad for p in generator.encoder.parameters())


@pytest.mark.parametrize("name", JUDGED)
def test_the_discriminator_is_kept_as_it_judges_single_images(name, tmp_path, monkeypatch):
    seen = images.load("digits").holdout.subset(slice(5))
    labels = torch.from_numpy(seen.labels)
    expected, fit = [], loop.fit

    def recorded(*arguments, **options):
        networks = fit(*arguments, **options)
        with torch.no_grad():
            for i in range(5):
                known = [labels[i : i + 1]] if FAMILIES[name].labelled else []
                expected.append(networks["discriminator"](seen[i : i + 1], *known).item())
        return networks

    monkeypatch.setattr(loop, "fit", recorded)
    run = experiments.train(name, "digits", store=Store(tmp_path), **TINY)
    assert not any("original" in key for key in load_file(run.file("discriminator.safetensors")))
    found = discriminators.logits(run, seen)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert len(set(found)) == 5


def test_families_without_a_discriminator_keep_none(trained):
    assert [name for name in FAMILIES if FAMILIES[name].discriminator] == JUDGED
    run = trained("glo")
    assert not (run.path / "discriminator.safetensors").exists()
    with pytest.raises(InputError, match="run must be of a model with a discriminator; got glo"):
        discriminators.logits(run, images.load("digits").holdout)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_laptops_settings_are_arguments_of_training(name, store):
    settings = {**FAMILIES[name].laptop, "images": 64, "steps": 1}
    run = experiments.train(name, "digits", store=store, **settings)
    assert run.config["training"]["width"] == settings["width"]
    assert run.config["batch_size"] == settings["batch_size"]


def test_recovery_moves_a_pixel_that_lies_beyond_the_range():
    made = objective("pggan", width=16).networks["generator"].eval().requires_grad_(False)
    made.progress.copy_(torch.tensor([1, 1]))
    latents = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))
    targets = made(latents)
    outside = (made.grown(latents, *made.reached()).abs() > 1).float().mean()
    assert outside > 0.1
    found = recovery.recover(made, targets, 8, steps=200, candidates=512)
    assert (found.errors < 1e-3).float().mean() > 0.8


@pytest.mark.parametrize("name", ["mesch", "pggan"])
def test_gradients_of_gradients_refuse_mixed_precision(name, store):
    with pytest.raises(InputError, match=f"precision must be no mixed one for {name}"):
        experiments.train(name, "digits", precision="bf16-mixed", store=store, **TINY)


def test_one_image_is_no_batch_for_an_auto_encoder(store):
    with pytest.raises(InputError, match=r"batch_size must be at least 2 for ae, .* got 1"):
        experiments.train("ae", "digits", store=store, **TINY | {"images": 1})


def test_event_files_asked_of_a_finished_run_are_missed_aloud(store, trained):
    run = trained("glo")
    said = f"run {run.id} was finished before: nothing was trained now"
    with pytest.warns(UserWarning, match=re.escape(said)):
        experiments.train("glo", "digits", tensorboard=True, store=store, **TINY)


# Recovery by encoder


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_can_be_recovered_by_optimisation(name, trained, store):
    options = {"count": 3, "steps": 12, "candidates": 64, "store": store}
    arrays = experiments.recovered(experiments.recover(trained(name), "train", **options))
    first = arrays["trace"][:, 0]
    assert (arrays["errors"] < first * (1 - 1e-5)).all()


@pytest.mark.parametrize("name", ENCODING)
def test_recovery_by_encoder_is_decoding_of_the_code(name, trained, store):
    run = trained(name)
    arrays = experiments.recovered(
        experiments.recover(run, "holdout", count=5, method="encoder", store=store)
    )
    generator, targets = generators.load(run), experiments.targets(run, "holdout", 5)
    codes = generator.encoder(targets)
    errors = [float((generator(codes)[i] - targets[i]).square().mean()) for i in range(5)]
    assert arrays["latents"] == pytest.approx(codes.numpy(), abs=1e-4)
    assert arrays["errors"] == pytest.approx(errors, rel=1e-3, abs=1e-9)
    assert arrays["evaluations"].tolist() == [1] * 5
    assert arrays["stop"].tolist() == [Stop.BUDGET] * 5
    assert arrays["trace"][:, 0] == pytest.approx(arrays["errors"])


def test_a_flow_recovers_whatever_is_asked(trained):
    generator = generators.load(trained("flow"))
    noise = 2 * torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0)) - 1
    assert recover_by_encoder(generator, generator.encoder, noise).errors.max() < 1e-8


def test_codes_have_the_same_bits_whatever_the_batch(trained):
    generator = generators.load(trained("ae"))
    images = 2 * torch.rand(40, 1, 16, 16, generator=torch.Generator().manual_seed(0)) - 1
    many = recover_by_encoder(generator, generator.encoder, images)
    for count in (1, 33):
        few = recover_by_encoder(generator, generator.encoder, images[:count])
        assert torch.equal(few.latents, many.latents[:count])
        assert torch.equal(few.errors, many.errors[:count])


def test_options_of_optimisation_name_no_other_recovery_by_encoder(trained, store):
    run = trained("ae")
    options = {"count": 3, "method": "encoder", "store": store}
    once = experiments.recover(run, "train", steps=5, restarts=2, **options)
    assert experiments.recover(run, "train", steps=6, candidates=9, **options).id == once.id
    assert experiments.recover(run, "train", seed=1, **options).id != once.id


def test_a_model_without_encoder_says_so(trained, store):
    with pytest.raises(InputError, match="method must be a minimiser's for GLO; got 'encoder'"):
        experiments.recover(trained("glo"), "train", count=2, method="encoder", store=store)


def test_an_assessment_takes_the_encoder_where_there_is_one(trained, store, monkeypatch):
    monkeypatch.setattr("mempaper.parallel.cores", lambda: 1)
    methods = []
    recover = experiments.assessing.recover
    monkeypatch.setattr(
        experiments.assessing,
        "recover",
        lambda run, kind, method, **rest: (
            methods.append((run.config["model"], method))
            or recover(run, kind, method=method, **rest)
        ),
    )
    runs = [trained("ae"), trained("glo")]
    auto, glo = experiments.assess(runs, count=4, steps=3, store=store)
    assert (auto.name, auto.model) == ("AE-48", "ae")
    assert (glo.name, glo.model) == ("GLO-48", "glo")
    # Own samples are not for an encoder: the paper has no number for them.
    assert methods == [("ae", "encoder")] * 3 + [("glo", "lbfgs")] * 4
    experiments.assess(runs[:1], count=4, steps=3, method="lbfgs", store=store)
    assert methods[7:] == [("ae", "lbfgs")] * 4

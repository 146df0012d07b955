"""Memorization rejection against Algorithm 1 written out, closed forms, and training without it."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from torch import nn

from mempaper import embeddings
from mempaper.embeddings import pixels
from mempaper.errors import InputError
from mempaper.rejection import (
    AcceptanceCollapsed,
    MemorizationRejection,
    Sampler,
    propose_threshold,
)
from mempaper.training import loop
from mempaper.training.gan import GAN, GANConfig
from mempaper.training.updates import descend, frozen

EAST = torch.tensor([[1.0, 0.0]])  # the one training "image" of the plane


def plane(weight=((1.0, 0.0), (0.0, 1.0))):
    """A linear generator of images of two pixels."""
    network = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Unflatten(1, (2, 1, 1)))
    network[0].weight.data = torch.tensor(weight)
    return network


def flat(images):
    return images.flatten(1)


def rejection(threshold, *, bank=EAST, embedding=flat, **settings):
    return MemorizationRejection(bank, embedding, threshold, **settings)


def normal(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda n: (torch.randn(n, 2, generator=generator), None)


def stream(rows, labels=None):
    """Latents in the order of `rows`, however they are asked for, and a list of how many were."""
    asked = []

    def latents(n):
        low = sum(asked)
        asked.append(n)
        assert low + n <= len(rows)
        return rows[low : low + n], None if labels is None else labels[low : low + n]

    return latents, asked


def cosine_distance(points, training=EAST):
    """Each point's distance to the nearest training point, one pair at a time."""
    found = []
    for point in points.double():
        found.append(
            min(float(1 - (point @ t) / (point.norm() * t.norm())) for t in training.double())
        )
    return np.array(found)


def algorithm_1(rows, threshold, count):
    """The paper's procedure: latents are drawn one at a time until `count` were accepted."""
    accepted = []
    for row in rows:
        if cosine_distance(row[None])[0] > threshold:
            accepted.append(row)
        if len(accepted) == count:
            return torch.stack(accepted)
    raise AssertionError("not enough rows")


def acceptance(threshold):
    """P(1 - cos > threshold) of a direction that is uniform in the plane."""
    return 1 - math.acos(1 - threshold) / math.pi


def refused(call, argument, *parts):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument
    for part in parts:
        assert part in str(caught.value)


# Algorithm 1


@pytest.mark.parametrize("threshold", [0.1, 0.9, 1.9])
@pytest.mark.parametrize("replay", [True, False])
def test_per_sample_accepts_what_algorithm_1_does(threshold, replay):
    rows, _ = normal()(4000)
    rejects = rejection(threshold)
    for _ in range(3):  # with a running rate unlearned, half learned and learned
        latents, asked = stream(rows)
        sampler = Sampler(plane(), latents)
        images, labels = rejects.draw(sampler if replay else lambda n, s=sampler: s(n), 20)
        assert labels is None
        torch.testing.assert_close(images.flatten(1), algorithm_1(rows, threshold, 20))
        assert rejects.scalars["rejection_judged"] == sum(asked)
        assert rejects.scalars["rejection_passes"] == len(asked)


def test_accepted_directions_are_uniform_beyond_the_threshold():
    rejects, sampler = rejection(0.5), Sampler(plane(), normal())
    images = torch.cat([rejects.draw(sampler, 50).images for _ in range(40)]).flatten(1).detach()
    angles = torch.atan2(images[:, 1], images[:, 0]).numpy() % (2 * np.pi)
    least = math.acos(0.5)
    uniform = scipy.stats.uniform(least, 2 * np.pi - 2 * least)
    assert scipy.stats.kstest(angles, uniform.cdf).pvalue > 1e-3
    assert angles.min() > least
    assert angles.max() < 2 * np.pi - least


@pytest.mark.parametrize("threshold", [0.2, 1.0, 1.9])
def test_drawing_ahead_costs_one_pass(threshold):
    rejects, sampler = rejection(threshold), Sampler(plane(), normal())
    count, rate = 64, acceptance(threshold)
    for _ in range(30):  # the running rate is learned
        rejects.draw(sampler, count)
    passes, judged, accepted = [], 0, 0
    for _ in range(200):
        rejects.draw(sampler, count)
        passes.append(int(rejects.scalars["rejection_passes"]))
        judged += int(rejects.scalars["rejection_judged"])
        share = float(rejects.scalars["rejection_acceptance"])
        accepted += round(share * int(rejects.scalars["rejection_judged"]))
    assert np.mean(np.array(passes) == 1) >= 0.9
    assert abs(accepted / judged - rate) < 4 * math.sqrt(rate * (1 - rate) / judged)
    # Two standard deviations of the needed number, and the sixth of it that the rate is uncertain.
    ahead = count / rate + 2 * math.sqrt(count * (1 - rate)) / rate
    assert count / rate < judged / 200 < 1.2 * ahead


def test_a_fall_of_the_acceptance_is_caught_up_with_in_two_passes():
    rejects = rejection(lambda draws: 0.01 if draws < 5 else 1.0)
    sampler = Sampler(plane(), normal())
    for _ in range(6):
        images, _ = rejects.draw(sampler, 64)
    assert len(images) == 64
    assert rejects.scalars["rejection_passes"] <= 3


def test_one_pass_without_gradients_and_one_with():
    network = plane()
    seen = []
    network.register_forward_hook(lambda *_: seen.append(torch.is_grad_enabled()))
    rejection(0.01).draw(Sampler(network, lambda n: (torch.full((n, 2), -1.0), None)), 8)
    assert seen == [False, True]


def test_labels_stay_with_their_images():
    rows, labels = normal()(400)[0], torch.arange(400)
    images, drawn = rejection(0.8).draw(Sampler(plane(), stream(rows, labels)[0]), 30)
    torch.testing.assert_close(images.flatten(1), rows[drawn])


# The published code


def test_drop_keeps_the_far_ones_of_the_batch():
    rows, labels = normal()(64)[0], torch.arange(64)
    latents, asked = stream(rows, labels)
    images, kept = rejection(0.7, protocol="drop").draw(Sampler(plane(), latents), 64)
    far = cosine_distance(rows) > 0.7
    assert 0 < far.sum() < 64
    assert kept.tolist() == np.flatnonzero(far).tolist()
    torch.testing.assert_close(images.flatten(1), rows[far])
    assert asked == [64]


def test_drop_draws_anew_only_where_all_were_rejected():
    near, far = torch.tensor([[1.0, 0.1]]), torch.tensor([[-1.0, 0.1]])
    latents, asked = stream(torch.cat([near, near, near, near, near, far, far, far]))
    images, _ = rejection(0.5, protocol="drop").draw(Sampler(plane(), latents), 2)
    assert asked == [2, 2, 2]
    torch.testing.assert_close(images.flatten(1), far)


def test_absolute_cosine_takes_opposites_for_near():
    points = torch.tensor([[1.0, 0.1], [-1.0, 0.1], [0.1, 1.0]])[:, :, None, None]
    assert rejection(0.5).select(points).tolist() == [False, True, True]
    assert rejection(0.5, metric="abs_cosine").select(points).tolist() == [False, False, True]


def test_the_threshold_itself_is_rejected():
    points = torch.tensor([[3.0, 4.0], [3.0, 4.1]])[:, :, None, None]
    rejects = rejection(5.0, bank=torch.zeros(1, 2), metric="euclidean")
    assert rejects.select(points).tolist() == [False, True]
    sampler = Sampler(nn.Identity(), lambda n: (points.repeat(n // 2, 1, 1, 1), None))
    assert torch.equal(rejects.draw(sampler, 4).images, points[1:].repeat(4, 1, 1, 1))


# Gradients


@pytest.mark.parametrize("way", ["replayed", "callable", "drop"])
def test_gradients_reach_the_generator_through_accepted_fakes_alone(way):
    network = plane(((2.0, 0.5), (-1.0, 1.0)))
    rows, _ = normal()(200)
    sampler = Sampler(network, stream(rows)[0])
    rejects = rejection(0.6, protocol="drop" if way == "drop" else "per-sample")
    images, _ = rejects.draw((lambda n: sampler(n)) if way == "callable" else sampler, 16)
    coefficients = torch.tensor([1.0, -3.0])
    (images.flatten(1) @ coefficients).sum().backward()
    weight = network[0].weight.detach()
    accepted = rows[cosine_distance(rows @ weight.T) > 0.6]
    accepted = accepted[: len(images)]
    # d/dW sum_i c' W z_i = c (sum_i z_i)'
    torch.testing.assert_close(network[0].weight.grad, torch.outer(coefficients, accepted.sum(0)))


class Restless(nn.Module):
    """All that a pass changes: running statistics, spectral norm, the global random stream."""

    def __init__(self):
        super().__init__()
        spectral = torch.nn.utils.parametrizations.spectral_norm
        self.layers = nn.Sequential(
            spectral(nn.Linear(2, 6)), nn.BatchNorm1d(6), nn.Dropout(0.3), nn.Linear(6, 2)
        )

    def forward(self, latents):
        return self.layers(latents)[:, :, None, None]


def test_judging_leaves_no_trace():
    torch.manual_seed(0)
    network, alone = Restless(), Restless()
    alone.load_state_dict(network.state_dict())
    far = lambda n: (torch.linspace(-1, 1, 2 * n).view(n, 2), None)  # noqa: E731
    pending = network(far(8)[0]).sum()
    alone(far(8)[0])

    stream_before = torch.random.get_rng_state()
    rejects = rejection(1e-9, bank=torch.full((1, 2), 1e-3), metric="euclidean")
    rejects.draw(Sampler(network, far), 8)
    stream_after = torch.random.get_rng_state()

    torch.random.set_rng_state(stream_before)
    alone(far(8)[0])
    assert torch.equal(stream_after, torch.random.get_rng_state())
    expected = alone.state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(value, expected[name]), name
    assert rejects.scalars["rejection_passes"] == 1
    pending.backward()


# Budget


@pytest.mark.parametrize("protocol", ["per-sample", "drop"])
def test_a_collapse_is_an_error_that_says_what_to_do(protocol):
    latents = lambda n: (torch.ones(n, 2), None)  # noqa: E731
    rejects = rejection(0.5, protocol=protocol, budget=7)
    with pytest.raises(AcceptanceCollapsed) as caught:
        rejects.draw(Sampler(plane(), latents), 4)
    message = str(caught.value)
    for part in ("0 of 28 fakes", "threshold = 0.5", "0.00%", "budget = 7", "Lower", "farthest"):
        assert part in message


@pytest.mark.parametrize("replay", [True, False])
def test_the_farthest_fill_the_batch(replay):
    angles = torch.linspace(0.01, 1, 40)
    angles[2] = 3.0  # the only one to be accepted
    rows = torch.stack([angles.cos(), angles.sin()], 1)
    latents, asked = stream(rows)
    sampler = Sampler(plane(), latents)
    rejects = rejection(0.9, budget=10, collapsed="farthest")
    images, _ = rejects.draw(sampler if replay else lambda n: sampler(n), 4)
    assert asked[0] == 4
    assert sum(asked) == 40
    torch.testing.assert_close(images.flatten(1), rows[[2, 39, 38, 37]])
    assert rejects.scalars["rejection_acceptance"] == pytest.approx(1 / 40)


def test_drop_falls_back_on_the_farthest_one():
    angles = torch.tensor([0.1, 0.3, 0.2, 0.1, 0.2, 0.4])
    latents, _ = stream(torch.stack([angles.cos(), angles.sin()], 1))
    rejects = rejection(0.9, protocol="drop", budget=2, collapsed="farthest")
    images, _ = rejects.draw(Sampler(plane(), latents), 3)
    torch.testing.assert_close(images.flatten(1), torch.tensor([[math.cos(0.4), math.sin(0.4)]]))


# Thresholds


def test_a_schedule_counts_draws():
    rejects = rejection(lambda draws: [0, 0.5, 1.0][draws])
    sampler = Sampler(plane(), normal())
    points = torch.tensor([[1.0, 0.1], [0.3, 1.0], [-0.3, 1.0]])[:, :, None, None]
    found = []
    for _ in range(3):
        found.append((rejects.threshold, int(rejects.select(points).sum())))
        if rejects.threshold < 1:
            rejects.draw(sampler, 4)
    assert found == [(0.0, 3), (0.5, 2), (1.0, 1)]


def test_a_schedule_reports_under_the_same_names_from_its_beginning():
    rejects, sampler = rejection(lambda draws: 0.5 * draws), Sampler(plane(), normal())
    names = []
    for _ in range(2):
        rejects.draw(sampler, 100)
        names.append(set(rejects.scalars))
    assert names[0] == names[1]


def test_scalars_against_numpy():
    rows, _ = normal()(60)
    rejects = rejection(0.6, protocol="drop")
    rejects.draw(Sampler(plane(), stream(rows)[0]), 60)
    distances = cosine_distance(rows)
    expected = {
        "rejection_threshold": 0.6,
        "rejection_acceptance": np.mean(distances > 0.6),
        "rejection_judged": 60,
        "rejection_passes": 1,
        "rejection_distance_5": np.quantile(distances, 0.05),
        "rejection_distance_50": np.quantile(distances, 0.5),
        "rejection_distance_95": np.quantile(distances, 0.95),
    }
    found = {name: float(value) for name, value in rejects.scalars.items()}
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "abs_cosine"])
def test_proposed_thresholds_against_numpy(metric):
    draws = np.random.default_rng(0)
    train, reference = draws.normal(size=(60, 3)) + 1, draws.normal(size=(25, 3)) + 1
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (train, reference)]
    cosines = [u @ unit[0].T for u in unit]
    if metric == "abs_cosine":
        cosines = [np.abs(c) for c in cosines]
    np.fill_diagonal(cosines[0], -1)
    alone, others = (1 - c.max(axis=1) for c in cosines)

    found = propose_threshold(torch.from_numpy(train).float(), reference=reference, metric=metric)
    np.testing.assert_allclose(found.train, alone, atol=1e-6)
    np.testing.assert_allclose(found.reference, others, atol=1e-6)
    assert found.mean == pytest.approx(alone.mean(), abs=1e-6)
    assert found.reference_mean == pytest.approx(others.mean(), abs=1e-6)
    assert found.quantile(0.1) == pytest.approx(np.quantile(alone, 0.1), abs=1e-6)
    middle = (np.sort(others)[9] + np.sort(others)[10]) / 2
    assert found.rejected(middle) == 10 / 25
    middle = (np.sort(alone)[14] + np.sort(alone)[15]) / 2
    assert propose_threshold(train, metric=metric).rejected(middle) == 15 / 60


# Distances


def test_search_within_the_class():
    draws = torch.Generator().manual_seed(0)
    bank, points = torch.randn(40, 5, generator=draws), torch.randn(30, 5, generator=draws)
    bank_labels, labels = torch.arange(40) % 3 + 4, torch.arange(30) % 3 + 4
    rejects = rejection(0.5, bank=bank, bank_labels=bank_labels)
    within = rejects.distances(points[:, :, None, None], labels)
    for point, label, distance in zip(points, labels, within, strict=True):
        expected = cosine_distance(point[None], bank[bank_labels == label])[0]
        assert float(distance) == pytest.approx(expected, abs=1e-5)
    anywhere = rejection(0.5, bank=bank).distances(points[:, :, None, None], labels)
    assert (anywhere < within - 1e-3).any()


def test_a_bank_of_images_is_embedded():
    pictures = torch.rand(300, 1, 2, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    from_images = rejection(0.1, bank=pictures, embedding=pixels((1, 2, 3)))
    from_features = rejection(0.1, bank=pictures.flatten(1), embedding=pixels((1, 2, 3)))
    others = -pictures[:10]
    assert torch.equal(from_images.distances(others), from_features.distances(others))


def test_images_without_a_distance_pass():
    rows = torch.tensor([[1.0, 0.1], [math.nan, 1.0], [-1.0, 0.1], [0.0, 0.0]])
    rejects = rejection(0.5, protocol="drop")
    points = rows[:, :, None, None]
    assert rejects.select(points).tolist() == [False, True, True, True]
    assert rejects.distances(points).isnan().tolist() == [False, True, False, True]
    images, _ = rejects.draw(Sampler(nn.Unflatten(1, (2, 1, 1)), stream(rows)[0]), 4)
    np.testing.assert_array_equal(images, points[1:])


def test_an_embedding_encodes_fakes_as_it_does_images():
    pictures = torch.rand(300, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten())
    made = embeddings.embedding.of_network(
        "toy", network, lambda images: images, dim=144, settings={}, code=(embeddings,)
    )
    found = made.encode(pictures.double().requires_grad_(True))
    assert not found.requires_grad
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, made(pictures))
    refused(lambda: pixels((1, 2, 2)).encode(pictures), "images", "(1, 2, 2)")


# In training


class Squares:
    def __init__(self):
        self.images = torch.rand(40, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]


class RejectingGAN(GAN):
    """A GAN whose generator learns from what a rejection accepts; None: from all."""

    def __init__(self, rejects):
        sizes = {"size": 8, "channels": 1, "latent_dim": 4, "width": 16}
        super().__init__(GANConfig(**sizes), seed=0)
        self.rejects = rejects
        if rejects is not None:
            self.networks["rejection"] = rejects.state

    def step(self, fabric, images, index, noise):
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        sampler = Sampler(generator, lambda n: (noise(n, 4), None))
        with torch.no_grad():
            fake, _ = sampler(len(images))
        loss_d = self.loss.discriminator(discriminator(images), discriminator(fake))
        descend(fabric, loss_d, self.optimizers["discriminator"])
        draw = self.rejects.draw if self.rejects else lambda sampler, count: sampler(count)
        with frozen(discriminator):
            fake, _ = draw(sampler, len(images))
            loss_g = self.loss.generator(discriminator(fake))
            descend(fabric, loss_g, self.optimizers["generator"])
        return {"loss": loss_g.detach()} | (self.rejects.scalars if self.rejects else {})


def trained(folder, rejects, steps=12):
    return loop.fit(
        RejectingGAN(rejects),
        Squares(),
        steps=steps,
        batch_size=8,
        seed=0,
        folder=folder,
        checkpoint_seconds=0.0,
        log_every=1,
    )


def near_pixels(threshold, **settings):
    bank = Squares().images
    return MemorizationRejection(bank, pixels((1, 8, 8)), threshold, metric="euclidean", **settings)


def same_bits(a, b):
    return all(
        torch.equal(value, b[name].state_dict()[key])
        for name, network in a.items()
        for key, value in network.state_dict().items()
    )


@pytest.mark.parametrize("threshold", [0, lambda draws: 0.0])
@pytest.mark.parametrize("protocol", ["per-sample", "drop"])
def test_no_threshold_is_training_without_rejection(tmp_path, threshold, protocol):
    plain = trained(tmp_path / "plain", None)
    assert same_bits(plain, trained(tmp_path / "zero", near_pixels(threshold, protocol=protocol)))
    assert not same_bits(plain, trained(tmp_path / "some", near_pixels(4.14, protocol=protocol)))


def test_resumed_training_ends_with_the_same_bits(tmp_path, monkeypatch):
    def schedule(draws):
        return 4.1 + 0.005 * draws

    whole = near_pixels(schedule)
    expected = trained(tmp_path / "whole", whole)
    assert float(whole.state.rate) < 1

    write = loop.checkpoints.write_checkpoint

    def write_and_stop(folder, step, tree):
        write(folder, step, tree)
        if step == 7:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(loop.checkpoints, "write_checkpoint", write_and_stop)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "killed", near_pixels(schedule))
    resumed = near_pixels(schedule)
    assert same_bits(expected, trained(tmp_path / "killed", resumed))
    assert torch.equal(whole.state.rate, resumed.state.rate)
    assert int(resumed.state.draws) == 12
    logs = [(tmp_path / name / "losses.csv").read_bytes() for name in ("whole", "killed")]
    assert logs[0] == logs[1]


# Mistakes


def test_mistakes_name_the_argument():
    sampler = Sampler(plane(), normal())
    refused(lambda: rejection(-0.1), "threshold", "-0.1", "[0, 2)")
    refused(lambda: rejection(math.nan), "threshold", "nan")
    refused(lambda: rejection(1.0, metric="abs_cosine"), "threshold", "[0, 1)")
    refused(lambda: rejection(lambda draws: 3.0).draw(sampler, 2), "threshold", "3.0")
    refused(lambda: rejection(0.1, budget=0), "budget", "0")
    refused(lambda: rejection(0.1).draw(sampler, 0), "count", "0")
    refused(lambda: rejection(0.1, bank=torch.zeros(0, 2)), "bank", "(0, 2)")
    refused(lambda: rejection(0.1, bank=torch.tensor([[math.nan, 0]])), "bank", "finite")
    refused(lambda: rejection(0.1, bank_labels=torch.arange(3)), "bank_labels", "(1,)", "(3,)")
    refused(lambda: rejection(0.1, bank=torch.ones(1, 3)).draw(sampler, 2), "embedding", "3", "2")
    classes = rejection(0.1, bank_labels=torch.tensor([4]))
    refused(lambda: classes.draw(sampler, 2), "labels", "None")
    foreign = Sampler(plane(), lambda n: (torch.ones(n, 2), torch.full((n,), 5)))
    refused(lambda: classes.draw(foreign, 2), "labels", "5", "[4]")
    refused(lambda: propose_threshold(torch.ones(1, 2)), "train", "1")
    refused(lambda: propose_threshold(torch.eye(3)).quantile(1.5), "share", "1.5")

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mempaper._recovery_input import check_counts, check_targets
from mempaper.errors import InputError
from mempaper.minimizers import LBFGS, SGD, Stop
from mempaper.networks.dcgan import DCGANGenerator, initialize
from mempaper.recovery import METHODS, recover

SHAPE = (1, 8, 8)


class Affine(nn.Module):
    """Images A z + c, for which the nearest image is a projection."""

    def __init__(self, latent_dim=6, seed=0):
        super().__init__()
        draws = torch.Generator().manual_seed(seed)
        size = int(np.prod(SHAPE))
        self.register_buffer("a", torch.randn(size, latent_dim, generator=draws) / 20)
        self.register_buffer("c", torch.randn(size, generator=draws) / 20)

    def forward(self, latents):
        return (latents @ self.a.T + self.c).view(-1, *SHAPE)


def projection_residual(generator, targets):
    a, c = generator.a.double(), generator.c.double()
    y = targets.double().flatten(1) - c
    residual = y - y @ a @ torch.linalg.inv(a.T @ a) @ a.T
    return residual.square().mean(1)


def uniform_images(n, shape=SHAPE, seed=1):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def small_dcgan(seed=0, latent_dim=8):
    generator = DCGANGenerator(size=16, channels=1, latent_dim=latent_dim, width=32)
    initialize(generator, torch.Generator().manual_seed(seed))
    for m in generator.modules():
        if isinstance(m, nn.ConvTranspose2d):
            m.weight.data *= 6
    return generator.eval()


def samples_of(generator, n):
    latents = torch.randn(n, 6, generator=torch.Generator().manual_seed(9)) / 4
    return generator(latents).clamp(-1, 1)


def samples(generator, n, seed=3):
    latents = torch.randn(n, generator.latent_dim, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return generator(latents)


@pytest.mark.parametrize("method", ["lbfgs", "adam", "sgd"])
def test_affine_generator_reaches_the_projection_residual(method):
    generator, targets = Affine(), uniform_images(20)
    steps = {"lbfgs": 60, "adam": 1000, "sgd": 1000}[method]
    found = recover(generator, targets, 6, method=method, steps=steps)
    expected = projection_residual(generator, targets)
    assert (found.errors - expected).abs().max() < (1e-6 if method == "lbfgs" else 1e-4)
    assert found.errors.dtype == torch.float64


def test_errors_are_the_mean_squared_error_of_the_returned_images():
    generator, targets = small_dcgan(), uniform_images(5, (1, 16, 16))
    found = recover(generator, targets, 8, steps=5)
    with torch.no_grad():
        torch.testing.assert_close(generator(found.latents), found.images)
    expected = (found.images.double() - targets.double()).square().mean((1, 2, 3))
    torch.testing.assert_close(found.errors, expected, rtol=1e-6, atol=0)


def test_a_search_in_bfloat16_ends_near_the_projection_residual():
    generator, targets = Affine(), uniform_images(20)
    found = recover(generator, targets, 6, steps=60, precision="bf16-mixed")
    excess = found.errors - projection_residual(generator, targets)
    assert 0 < excess.max() < 1e-4
    assert found.images.dtype == torch.float32
    torch.testing.assert_close(generator(found.latents), found.images, rtol=0, atol=1e-6)
    unlike = recover(generator, targets, 6, steps=60)
    assert not torch.equal(found.latents, unlike.latents)


def test_operator_is_applied_to_both_sides():
    generator, targets = small_dcgan(), uniform_images(4, (1, 16, 16))

    def top_half(images):
        return images[:, :, :8]

    found = recover(generator, targets, 8, operator=top_half, steps=40)
    seen = (found.images - targets)[:, :, :8].double().square().mean((1, 2, 3))
    torch.testing.assert_close(found.errors, seen, rtol=1e-5, atol=0)
    whole = recover(generator, targets, 8, steps=40)
    seen_by_whole = (whole.images - targets)[:, :, :8].double().square().mean((1, 2, 3))
    assert (found.errors < seen_by_whole).all()


def test_own_samples_come_back():
    generator = small_dcgan()
    found = recover(generator, samples(generator, 32), 8, steps=200)
    assert (found.errors < 1e-3).float().mean() >= 0.99


@pytest.mark.parametrize(
    "settings", [{"method": name} for name in METHODS] + [{"precision": "bf16-mixed"}]
)
def test_same_bits_whatever_the_batch_size(settings):
    generator, targets = small_dcgan(), uniform_images(5, (1, 16, 16))
    runs = [
        recover(generator, targets, 8, steps=12, restarts=2, batch_size=b, **settings)
        for b in (1, 3, 64)
    ]
    for other in runs[:-1]:
        assert torch.equal(other.latents, runs[-1].latents)
        assert torch.equal(other.errors, runs[-1].errors)
        assert torch.equal(other.evaluations, runs[-1].evaluations)


@pytest.mark.parametrize("method", ["lbfgs", "lbfgs_published"])
def test_parts_give_what_the_whole_gives(method):
    generator, targets = small_dcgan(), uniform_images(7, (1, 16, 16))
    whole = recover(generator, targets, 8, method=method, steps=15)
    parts = [
        recover(generator, targets[low:high], 8, method=method, steps=15, first=low)
        for low, high in ((0, 3), (3, 7))
    ]
    assert torch.equal(whole.latents, torch.cat([p.latents for p in parts]))


def test_nan_in_one_image_touches_no_other():
    class Fragile(Affine):
        def forward(self, latents):
            images = super().forward(latents)
            broken = latents[:, :1, None, None] > 0.8
            return torch.where(broken, torch.nan, images)

    targets = uniform_images(40)
    starts = [np.random.default_rng([0, i]).standard_normal((1, 6))[0, 0] for i in range(40)]
    bad = torch.tensor(starts) > 0.8
    assert bad.any()
    settings = {"method": LBFGS(), "candidates": 0, "steps": 30}
    found = recover(Fragile(), targets, 6, **settings)
    assert (found.stop[bad] == Stop.NOT_FINITE).all()
    assert found.errors[bad].isinf().all()
    alone = recover(Fragile(), targets[~bad][:1], 6, first=int((~bad).nonzero()[0]), **settings)
    assert torch.equal(alone.latents[0], found.latents[~bad][0])


def test_the_start_is_the_nearest_candidate():
    generator, targets = Affine(), uniform_images(10)
    pool = torch.as_tensor(np.random.default_rng([5]).standard_normal((300, 6))).float()
    distances = torch.cdist(targets.flatten(1), generator(pool).flatten(1))
    found = recover(generator, targets, 6, candidates=300, steps=1, seed=5)
    # One pass evaluates the start and moves nowhere.
    assert torch.equal(found.latents, pool[distances.argmin(1)])


def test_restarts_keep_the_best():
    generator, targets = small_dcgan(), uniform_images(8, (1, 16, 16))
    one, four = (recover(generator, targets, 8, steps=20, restarts=r) for r in (1, 4))
    assert (four.errors <= one.errors).all()
    assert (four.errors < one.errors).any()
    assert (four.evaluations > one.evaluations).all()


def test_evaluations_count_generator_passes():
    calls = 0

    class Counted(Affine):
        def forward(self, latents):
            nonlocal calls
            calls += torch.is_grad_enabled()
            return super().forward(latents)

    found = recover(Counted(), uniform_images(1), 6, steps=30)
    assert int(found.evaluations) == calls - 1  # one pass checks the generator
    assert found.converged.all()


def test_converged_images_leave_early():
    generator = Affine()
    found = recover(generator, samples_of(generator, 20), 6, steps=500)
    assert (found.stop == Stop.SMALL_VALUE).all()
    assert (found.evaluations < 100).all()


def published(generator, target, start):
    """Returns the values and the last latents of torch's L-BFGS, one iteration a step."""
    z, losses = start.clone().requires_grad_(True), []
    optimizer = torch.optim.LBFGS([z], lr=1, max_iter=1)

    def closure():
        optimizer.zero_grad()
        loss = (generator(z) - target).square().mean()
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(30):
        optimizer.step(closure)
    return torch.tensor(losses, dtype=torch.float64), z.detach()[0]


def test_published_protocol_is_torch_lbfgs_with_one_iteration_a_step():
    """As near as torch's comes to itself from a start one rounding away, which steps multiply."""
    generator, targets = small_dcgan().double(), uniform_images(3, (1, 16, 16)).double()
    found = recover(generator, targets, 8, method="lbfgs_published", steps=30, seed=4, trace=True)
    for i, target in enumerate(targets):
        start = torch.as_tensor(np.random.default_rng([4, i]).standard_normal((1, 8)))
        losses, latents = published(generator, target, start)
        moved, moved_latents = published(generator, target, start * (1 + 1e-15))
        slack = 1e-12 + 20 * (moved / losses - 1).abs().cummax(0).values
        assert slack[:8].max() < 1e-9
        assert ((found.trace[i] / losses - 1).abs() <= slack).all()
        apart = float((moved_latents - latents).abs().max())
        torch.testing.assert_close(found.latents[i], latents, rtol=0, atol=1e-9 + 20 * apart)


def test_trace_falls_monotonically_and_ends_at_the_error():
    generator, targets = small_dcgan(), uniform_images(6, (1, 16, 16))
    found = recover(generator, targets, 8, steps=40, trace=True)
    assert found.trace.shape == (6, 40)
    assert (found.trace.diff(dim=1) <= 0).all()
    torch.testing.assert_close(found.trace[:, -1].double(), found.errors, rtol=1e-4, atol=1e-8)


def test_training_mode_is_restored_and_does_not_couple_images():
    generator = small_dcgan().train()
    targets = uniform_images(4, (1, 16, 16))
    found = recover(generator, targets, 8, steps=5)
    assert all(m.training for m in generator.modules())
    alone = recover(generator, targets[:1], 8, steps=5)
    assert torch.equal(found.latents[:1], alone.latents)


BAD = {
    "nan": (
        lambda t: t.index_fill(0, torch.tensor([2]), torch.nan),
        {},
        "targets .* NaN .* image 2",
    ),
    "range": (lambda t: (t + 1) * 127.5, {}, r"targets must lie in \[-1, 1\]"),
    "bytes": (lambda t: (t * 100).to(torch.uint8), {}, "dtype torch.uint8"),
    "shape": (lambda t: t[0], {}, r"shape \(1, 8, 8\)"),
    "empty": (lambda t: t[:0], {}, r"shape \(0, 1, 8, 8\)"),
    "other size": (lambda t: t[..., :4], {}, r"generator .* shape \(3, 1, 8, 8\)"),
    "d = 0": (
        lambda t: t,
        {"latent_dim": 0},
        "latent_dim must be a whole number, at least 1; got 0",
    ),
    "no steps": (lambda t: t, {"steps": 0}, "steps must be a whole number, at least 1"),
    "no restarts": (lambda t: t, {"restarts": 0}, "restarts must be a whole number, at least 1"),
    "no batch": (lambda t: t, {"batch_size": 0}, "batch_size must be a whole number, at least 1"),
    "negative seed": (lambda t: t, {"seed": -1}, "seed must be a whole number, at least 0"),
    "other latent size": (lambda t: t, {"latent_dim": 5}, "generator must accept a batch"),
    "operator": (lambda t: t, {"operator": lambda x: x.sum()}, "operator must map images"),
    "detached operator": (
        lambda t: t,
        {"operator": lambda x: x.detach()},
        "operator must map images .* without a gradient",
    ),
    "NumPy operator": (
        lambda t: t,
        {"operator": lambda x: x.detach().numpy()},
        "operator must return a floating-point torch tensor",
    ),
    "few candidates": (lambda t: t, {"candidates": 2, "restarts": 3}, "candidates must be 0 or"),
    "precision": (lambda t: t, {"precision": "16"}, "precision must be among 32-true, bf16-mixed"),
    "method": (lambda t: t, {"method": "newton"}, "method must be one of lbfgs, .* got 'newton'"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input_names_argument_rule_value_and_remedy(case):
    spoil, settings, message = BAD[case]
    with pytest.raises(InputError, match=f"(?s){message}") as caught:
        recover(Affine(), spoil(uniform_images(4)), **({"latent_dim": 6} | settings))
    assert caught.value.remedy


def test_generator_without_gradient_is_refused():
    with pytest.raises(InputError, match="generator must be differentiable"):
        recover(lambda z: Affine()(z).detach(), uniform_images(2), 6)


def peak_memory(targets):
    """Returns the peak resident memory, in bytes, of a process that recovers so many targets."""
    code = (
        "import resource, sys, torch\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_recovery import small_dcgan, uniform_images\n"
        "from mempaper.recovery import recover\n"
        "torch.set_num_threads(1)\n"
        f"recover(small_dcgan(), uniform_images({targets}, (1, 16, 16)), 8, steps=2)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)


def test_working_memory_does_not_grow_with_the_targets():
    few, many = 512, 8192
    given_and_found = (many - few) * 256 * 4 * 3  # targets; images, twice while they are joined
    assert peak_memory(many) - peak_memory(few) < given_and_found + 20e6


def test_a_generator_that_mixes_images_is_refused():
    network = small_dcgan().train()
    with pytest.raises(InputError, match=r"generator must map each latent by itself.*eval"):
        recover(lambda z: network(z), uniform_images(3, (1, 16, 16)), 8)


def test_numpy_targets_and_a_batch_left_with_one():
    targets = uniform_images(65)
    whole = recover(Affine(), targets, 6, steps=3)
    assert torch.equal(recover(Affine(), targets.numpy(), 6, steps=3).latents, whole.latents)


def test_a_diverged_trace_is_not_carried_forward_as_if_it_had_converged():
    found = recover(Affine(), uniform_images(2), 6, method=SGD(1e30), steps=40, trace=True)
    assert found.errors.isinf().all()
    assert not found.trace[:, -1].isfinite().any()


def test_arguments_of_another_kind_are_refused():
    counts = dict.fromkeys(("latent_dim", "restarts", "candidates", "batch_size", "first"), 1)
    with pytest.raises(InputError, match=r"steps must be a whole number, at least 1; got 2\.5"):
        check_counts(**counts, steps=2.5, seed=0)
    with pytest.raises(InputError, match="targets must be a non-empty array"):
        check_targets([[0.0]])

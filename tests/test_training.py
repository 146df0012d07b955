import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mempaper.errors import InputError
from mempaper.networks.dcgan import (
    DCGANDiscriminator,
    DCGANGenerator,
    GLOGenerator,
    doublings,
    initialize,
)
from mempaper.training import checkpoints, loop
from mempaper.training.gan import GAN, GANConfig
from mempaper.training.glo import GLO, GLOConfig
from mempaper.training.losses import hinge, non_saturating, saturating

SMALL = {"size": 16, "channels": 1, "latent_dim": 8, "width": 32}


class Squares:
    """Images of squares, as a data set of floats in [-1, 1]."""

    def __init__(self, count=40):
        draws = np.random.default_rng(0)
        self.images = torch.full((count, 1, 16, 16), -1.0)
        for image, (row, column) in zip(
            self.images, draws.integers(2, 10, (count, 2)), strict=True
        ):
            image[0, row : row + 4, column : column + 4] = 1

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]


def gan(**settings):
    return GAN(GANConfig(**SMALL, discriminator_width=32, **settings), seed=0)


def glo(count=40):
    return GLO(GLOConfig(**SMALL), count=count, seed=0)


def weights(networks):
    return {
        f"{name}.{key}": value
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }


@contextmanager
def stopped_after(checkpoints_written):
    """Interrupts a training once it has written so many checkpoints; yields their steps."""
    real_write, written = checkpoints.write_checkpoint, []

    class Stopped(Exception):
        pass

    def write(folder, step, tree):
        real_write(folder, step, tree)
        written.append(step)
        if len(written) == checkpoints_written:
            raise Stopped

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checkpoints, "write_checkpoint", write)
        with pytest.raises(Stopped):
            yield written


def same_bits(a, b):
    a, b = weights(a), weights(b)
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("size", [8, 16, 28, 32, 64, 128])
def test_sizes(size):
    shape = {"size": size, "channels": 3, "latent_dim": 5, "width": 32}
    for network in (DCGANGenerator(**shape), GLOGenerator(**shape)):
        images = network(torch.randn(2, 5))
        assert images.shape == (2, 3, size, size)
        assert images.abs().max() <= 1
    assert DCGANDiscriminator(size=size, channels=3, width=32)(images).shape == (2,)


def test_28_is_7_doubled_twice():
    assert doublings(28) == (7, 2)
    assert doublings(128) == (4, 5)


@pytest.mark.parametrize("size", [0, 4, 9, 36 + 1, 100 + 1])
def test_impossible_sizes_name_the_possible(size):
    with pytest.raises(InputError, match=f"size must be .* got {size}. Sizes that work: 8"):
        doublings(size)


def test_glo_at_paper_size_halves_512_to_16():
    network = GLOGenerator(size=128, channels=3, latent_dim=512, width=512)
    channels = [m.out_channels for m in network if isinstance(m, nn.ConvTranspose2d | nn.Conv2d)]
    assert channels == [256, 128, 64, 32, 16, 3]


def test_dcgan_at_paper_size_has_the_papers_channels():
    network = DCGANGenerator(size=64, channels=3, latent_dim=100, width=1024)
    channels = [m.out_channels for m in network if isinstance(m, nn.ConvTranspose2d)]
    assert channels == [512, 256, 128, 3]


def test_initial_weights_have_the_stated_spread():
    network = DCGANGenerator(size=32, channels=3, latent_dim=100, width=256)
    initialize(network, torch.Generator().manual_seed(0))
    convolutions = torch.cat(
        [m.weight.flatten() for m in network.modules() if isinstance(m, nn.ConvTranspose2d)]
    )
    gains = torch.cat(
        [m.weight.flatten() for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    )
    # The standard error of a standard deviation from n normal draws is about s / sqrt(2 n).
    assert abs(convolutions.std() - 0.02) < 4 * 0.02 / (2 * len(convolutions)) ** 0.5
    assert abs(gains.mean() - 1) < 4 * 0.02 / len(gains) ** 0.5


def test_losses_at_hand_worked_logits():
    real, fake = torch.tensor([0.0, 0.0]), torch.tensor([0.0])
    log2 = np.log(2)
    assert float(non_saturating.discriminator(real, fake)) == pytest.approx(2 * log2)
    assert float(non_saturating.generator(fake)) == pytest.approx(log2)
    assert float(saturating.generator(fake)) == pytest.approx(-log2)
    assert float(hinge.discriminator(torch.tensor([2.0, 0.0]), torch.tensor([-3.0, 1.0]))) == 1.5
    assert float(hinge.generator(torch.tensor([2.0, 4.0]))) == -3


def test_losses_agree_with_the_probabilities_they_abbreviate():
    real, fake = torch.randn(2, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    d_real, d_fake = torch.sigmoid(real), torch.sigmoid(fake)
    expected = -(d_real.log().mean() + (1 - d_fake).log().mean())
    torch.testing.assert_close(saturating.discriminator(real, fake), expected)
    torch.testing.assert_close(saturating.generator(fake), (1 - d_fake).log().mean())
    torch.testing.assert_close(non_saturating.generator(fake), -d_fake.log().mean())


def test_an_epoch_sees_every_image_once():
    seen = np.concatenate([loop.batch_indices(20, 5, seed=3, step=step) for step in range(4, 8)])
    assert sorted(seen) == list(range(20))
    assert len(loop.batch_indices(3, 64, seed=0, step=7)) == 3


def test_glo_pairs_codes_with_their_images(tmp_path):
    images, objective = Squares(), glo()
    codes = objective.codes.clone()
    networks = loop.fit(objective, images, steps=300, batch_size=20, seed=0, folder=tmp_path)
    assert torch.equal(objective.codes, codes)
    with torch.no_grad():
        made = networks["generator"](codes)
    errors = (made[:, None] - images.images[None]).square().mean((2, 3, 4))
    own = errors.argmin(1)
    assert (images.images[own] == images.images).flatten(1).all(1).float().mean() > 0.95


@pytest.mark.parametrize("make", [gan, glo])
def test_resumed_training_ends_with_the_same_bits(make, tmp_path):
    settings = {"steps": 12, "batch_size": 16, "seed": 1, "checkpoint_seconds": 0.0}
    whole = loop.fit(make(), Squares(), folder=tmp_path / "whole", **settings)
    with stopped_after(5) as written:
        loop.fit(make(), Squares(), folder=tmp_path / "parts", **settings)
    assert written[-1] < 12
    continued = loop.fit(make(), Squares(), folder=tmp_path / "parts", **settings)
    assert same_bits(whole, continued)
    tables = [(tmp_path / name / "losses.csv").read_text() for name in ("whole", "parts")]
    assert tables[0] == tables[1]


@pytest.mark.slow
def test_killed_training_ends_with_the_same_bits(tmp_path):
    script = tmp_path / "job.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "import torch\n"
        "torch.set_num_threads(1)\n"
        "from test_training import gan, Squares\n"
        "from safetensors.torch import save_file\n"
        "from mempaper.training import loop\n"
        "folder = Path(sys.argv[1])\n"
        "nets = loop.fit(gan(), Squares(), steps=60, batch_size=16, seed=1, folder=folder,\n"
        "                checkpoint_seconds=0.0)\n"
        "save_file(nets['generator'].state_dict(), folder / 'done.safetensors')\n"
    )

    def start(folder):
        return subprocess.Popen([sys.executable, str(script), str(folder)])

    assert start(tmp_path / "whole").wait() == 0
    killed = tmp_path / "killed"
    for wanted in (8, 30):
        process = start(killed)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if any(int(p.stem[5:13]) >= wanted for p in (killed / "checkpoints").glob("step-*")):
                break
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not (killed / "done.safetensors").exists()
    assert start(killed).wait() == 0
    results = [(tmp_path / name / "done.safetensors").read_bytes() for name in ("whole", "killed")]
    assert results[0] == results[1]


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-3], lambda b: b[:-3] + bytes([b[-3] ^ 4]) + b[-2:], lambda b: b""]
)
def test_damaged_checkpoint_falls_back_to_the_one_before(spoil, tmp_path):
    for step in (1, 2, 3):
        checkpoints.write_checkpoint(tmp_path, step, {"step": step, "w": {"x": torch.ones(step)}})
    kept = sorted(tmp_path.glob("*"))
    assert [p.name[:13] for p in kept] == ["step-00000002", "step-00000003"]
    kept[1].write_bytes(spoil(kept[1].read_bytes()))
    with pytest.warns(
        checkpoints.CheckpointWarning, match=r"step-00000003-\w+.safetensors is damaged"
    ):
        state = checkpoints.latest(tmp_path)
    assert state["step"] == 2
    assert torch.equal(state["w"]["x"], torch.ones(2))
    assert checkpoints.latest(tmp_path / "nothing") is None


def test_a_foreign_safetensors_file_is_a_damaged_checkpoint(tmp_path):
    save_file({"a": torch.ones(1)}, tmp_path / f"step-00000001-{0:016x}.safetensors")
    with pytest.warns(checkpoints.CheckpointWarning):
        assert checkpoints.latest(tmp_path) is None


def test_average_follows_the_recursion(tmp_path):
    seen = []

    class Watched(GAN):
        def step(self, *arguments):
            scalars = super().step(*arguments)
            generator = self.networks["generator"].module
            seen.append({k: v.clone() for k, v in generator.state_dict().items()})
            return scalars

    objective = Watched(GANConfig(**SMALL, discriminator_width=32), seed=0)
    networks = loop.fit(
        objective, Squares(), steps=4, batch_size=16, seed=0, folder=tmp_path, ema_decay=0.25
    )
    for key, value in networks["generator_ema"].state_dict().items():
        if not value.is_floating_point():
            continue
        expected = seen[0][key]
        for n, state in enumerate(seen[1:], start=1):
            decay = min(0.25, (1 + n) / (10 + n))
            expected = decay * expected + (1 - decay) * state[key]
        torch.testing.assert_close(value, expected)


def test_a_nan_loss_stops_the_training_and_says_where(tmp_path):
    images = Squares()
    images.images[:] = torch.nan
    with pytest.raises(loop.TrainingDiverged, match=r"loss became nan at step 5.*kept under"):
        loop.fit(gan(), images, steps=20, batch_size=8, seed=0, folder=tmp_path, log_every=5)
    assert not list((tmp_path / "checkpoints").glob("*"))


def test_losses_fall_into_a_table(tmp_path):
    loop.fit(glo(), Squares(), steps=7, batch_size=8, seed=0, folder=tmp_path, log_every=3)
    lines = (tmp_path / "losses.csv").read_text().splitlines()
    assert lines[0] == "step,reconstruction_error"
    assert [line.split(",")[0] for line in lines[1:]] == ["3", "6", "7"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1; got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1; got 0"),
        ({"images": Squares(0)}, "images must be at least 1; got 0"),
    ],
)
def test_bad_settings_are_refused(settings, message, tmp_path):
    given = {"images": Squares(), "steps": 1, "batch_size": 4} | settings
    with pytest.raises(InputError, match=message):
        loop.fit(glo(), **given, seed=0, folder=tmp_path)


def train_on_two(fabric, folder):
    networks = loop.fit(
        gan(), Squares(), steps=6, batch_size=16, seed=1, folder=folder, fabric=fabric
    )
    parameters = [p.flatten() for p in networks["generator"].parameters()]
    torch.save(torch.cat(parameters), folder / f"{fabric.global_rank}.pt")


@pytest.mark.slow
def test_two_processes_share_one_training(tmp_path):
    script = tmp_path / "job.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "from lightning_fabric import Fabric\n"
        "from lightning_fabric.strategies import DDPStrategy\n"
        "from test_training import train_on_two\n"
        "if __name__ == '__main__':\n"
        "    strategy = DDPStrategy(start_method='spawn')\n"
        "    fabric = Fabric(accelerator='cpu', devices=2, strategy=strategy)\n"
        "    fabric.launch(train_on_two, Path(sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert torch.equal(first, second)
    assert len(list((tmp_path / "checkpoints").glob("*"))) == 1

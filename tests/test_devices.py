"""One training in several processes, as on several GPUs."""

import os
import signal
import sys
import warnings

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from mempaper import experiments, families, parallel
from mempaper.errors import InputError
from mempaper.experiments.preparing import prepare
from mempaper.runs import Store
from mempaper.training import loop
from mempaper.training.updates import descend

SMALL = {"images": 100, "size": 8, "width": 4, "latent_dim": 8, "batch_size": 4, "steps": 4}


class Squares:
    """Image i is i everywhere."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return index.float()[:, None, None, None].expand(-1, 1, 2, 2)


class Regression:
    """A line through the images' values, and a buffer that each process would fill differently."""

    averaged = ()

    def __init__(self):
        line = nn.Linear(1, 1)
        with torch.no_grad():
            line.weight.fill_(1.0)
            line.bias.fill_(0.0)
        line.register_buffer("seen", torch.zeros(()))
        self.networks = {"line": line}
        self.optimizers = {"line": torch.optim.SGD(line.parameters(), lr=0.01)}

    def step(self, fabric, images, index, noise):
        line = self.networks["line"]
        line.module.seen.copy_(images.mean())
        values = images.mean((1, 2, 3))[:, None]
        loss = (line(values) - 2 * values - 1).square().mean()
        descend(fabric, loss, self.optimizers["line"])
        return {"loss": loss.detach()}


def fit_line(fabric, folder):
    line = loop.fit(
        Regression(),
        Squares(),
        steps=5,
        batch_size=4,
        seed=0,
        folder=folder,
        fabric=fabric,
        log_every=5,
    )["line"]
    torch.save(line.state_dict(), folder / f"{fabric.global_rank}.pt")


@pytest.mark.slow
def test_two_processes_train_as_one_with_the_whole_batch(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    fit_line(Fabric(devices=1), tmp_path / "one")
    parallel.launch(fit_line, tmp_path / "two", devices=2)
    states = [
        torch.load(tmp_path / path, weights_only=True)
        for path in ("one/0.pt", "two/0.pt", "two/1.pt")
    ]
    for name in ("weight", "bias"):
        assert torch.allclose(states[0][name], states[1][name])
    for name in ("weight", "bias", "seen"):
        assert torch.equal(states[1][name], states[2][name])
    chosen = loop.batch_indices(8, 4, seed=0, step=4)
    assert states[1]["seen"] == chosen[::2].mean()  # what the first process saw
    rows = [(tmp_path / name / "losses.csv").read_text().split() for name in ("one", "two")]
    losses = [float(each[-1].split(",")[1]) for each in rows]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def fit(model, steps, fabric, folder):
    prepared = prepare(model, "digits", **SMALL, devices=2)
    return loop.fit(
        prepared.objective(fabric.device),
        prepared.images,
        steps=steps,
        batch_size=prepared.batch_size,
        seed=0,
        folder=folder,
        fabric=fabric,
    )


def fit_each(fabric, folder):
    for model in families.FAMILIES:
        fit(model, 2, fabric, folder / model / "continued")
        for name in ("whole", "continued"):
            state = {
                f"{network} {key}": value
                for network, module in fit(model, 4, fabric, folder / model / name).items()
                for key, value in module.state_dict().items()
            }
            torch.save(state, folder / f"{model}-{name}-{fabric.global_rank}.pt")


@pytest.mark.slow
def test_each_family_trains_in_two_processes_and_continues_to_the_same_bits(tmp_path):
    parallel.launch(fit_each, tmp_path, devices=2)
    for model in families.FAMILIES:
        whole, *others = (
            torch.load(tmp_path / f"{model}-{name}.pt", weights_only=True)
            for name in ("whole-0", "whole-1", "continued-0", "continued-1")
        )
        for other in others:
            for key, value in whole.items():
                assert torch.equal(value, other[key]), (model, key)


@pytest.mark.slow
def test_a_training_on_two_devices_is_a_run_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "ps1", "In : ", raising=False)  # as in a notebook
    monkeypatch.setenv("SLURM_NTASKS", "1")  # as in a job of a cluster
    store = Store(tmp_path)
    run = experiments.train("biggan", "digits", **SMALL, devices=2, store=store)
    assert run.config["devices"] == 2
    assert {"generator.safetensors", "discriminator.safetensors", "losses.csv"} <= {
        path.name for path in run.path.iterdir()
    }
    assert experiments.train("biggan", "digits", **SMALL, devices=2, store=store).id == run.id
    alone = experiments.train("biggan", "digits", **SMALL, store=store)
    assert alone.id != run.id
    assert "devices" not in alone.config


def test_nothing_is_said_of_slurm_where_it_is_installed(tmp_path, monkeypatch):
    program = tmp_path / "srun"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        experiments.train("biggan", "digits", **SMALL, store=Store(tmp_path / "runs"))


def fail(fabric, rank, how):
    if fabric.global_rank == rank:
        how()
    fabric.barrier()


def diverge():
    raise loop.TrainingDiverged("the loss became nan")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        (diverge, RuntimeError, "TrainingDiverged: the loss became nan"),
        (die, parallel.WorkerLost, "One of 2 processes was killed.*Repeat the same command"),
    ],
)
def test_what_fails_in_one_process_ends_all(how, error, message):
    with pytest.raises(error, match=message):
        parallel.launch(fail, 1, how, devices=2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"devices": 0}, "devices must be a whole number, at least 1"),
        ({"devices": 3}, "batch_size must be a multiple of 3 devices"),
        ({"devices": 2, "images": 5, "batch_size": 8}, "batch_size must be a multiple of 2"),
    ],
)
def test_devices_that_cannot_share_a_batch_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        experiments.train("glo", "digits", **{**SMALL, **settings})


def test_no_device_is_left_with_fewer_images_than_the_family_needs():
    with pytest.raises(InputError, match="at least 2 on each device for ae"):
        experiments.train("ae", "digits", **SMALL | {"batch_size": 2}, devices=2)

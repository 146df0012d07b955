"""Runs jobs that are stopped and repeated, and prints what came of them.

    python attempts.py FOLDER KILLS SEED JOB ...

Each job runs once undisturbed. Then it is killed at random moments (SIGKILL, the whole process
group), repeated until it ends, and begun anew in another folder where it ends too soon, until it
was killed KILLS times. Then it is run with a disk that is full at once, after a little and after
more. Each time its results are to be those of the undisturbed run, bit for bit.

Processes are forked from one that has imported everything, so that kills hit the work.
"""

import functools
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np

import mempaper
from mempaper import book, embeddings, experiments, images, notebooks
from mempaper.embeddings.embedding import of_network
from mempaper.experiments import recovering
from mempaper.runs import Store
from mempaper.training import loop

DEADLINE = 600  # seconds
DISKS = (0, 3_000, 30_000)  # bytes that a file may have
UNEQUAL = {"provenance.json", "manifest.json", "rendered.json", "book.log", "environment.pickle"}
NOTEBOOK = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["parameters"]
steps = 3  # [1, 10] trainings

# %%
from mempaper import experiments
runs = [
    experiments.train("glo", "digits", images=20, holdout=20, size=8, width=8, latent_dim=8,
                      batch_size=8, steps=4, seed=seed)
    for seed in range(steps)
]
print([run.id for run in runs], [run.metrics for run in runs])
"""


def train(store, **options):
    small = {"images": 40, "holdout": 40, "size": 8, "width": 8, "latent_dim": 8, "batch_size": 8}
    return experiments.train("glo", "digits", store=store, **small, **options)


# jobs: each takes a folder for preparations, and returns a function of the folder to work in


def training(prepared):
    loop.fit = functools.partial(loop.fit, checkpoint_seconds=0.0)
    return lambda folder: train(Store(folder), steps=40)


def recovery(prepared):
    recovering._SHARD = 4
    run = train(Store(prepared), steps=5)
    return lambda folder: experiments.recover(
        run, "train", count=32, steps=20, candidates=64, store=Store(folder)
    )


def embedding(prepared):
    import torch

    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 32, 5), torch.nn.Flatten())
    encoder = of_network("tiny", network, lambda x: x, dim=32 * 144, settings={}, code=(np,))
    split = images.load("digits", train=900)
    return lambda folder: embeddings.features(encoder, split.train, store=Store(folder))


def decoding(prepared):
    from PIL import Image

    draws = np.random.default_rng(0)
    prepared.mkdir(parents=True)
    for i in range(60):
        pixels = draws.integers(0, 256, (96, 128, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(prepared / f"{i:02d}.png")
    return lambda folder: images.load(prepared, size=64, root=folder)


def notebook(prepared):
    def execute(folder):
        (folder / "notebooks" / "one").mkdir(parents=True, exist_ok=True)
        (folder / "profiles").mkdir(exist_ok=True)
        (folder / "_config.yml").write_text("title: t\n")
        (folder / "notebooks" / "one" / "demo.py").write_text(NOTEBOOK)
        (folder / "profiles" / "smoke.yaml").write_text("notebooks: {}")
        os.environ["MEMPAPER_RUNS"] = str(folder / "runs")
        return notebooks.run("demo", profile="smoke", root=folder)

    return execute


def pages(prepared):
    """Renders a book whose notebook was executed before: each execution has another date."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from test_book import small_checkout

    small_checkout(prepared)
    notebooks.run("one/page", profile="smoke", root=prepared)

    def render(folder):
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(prepared, part)
            os.rename(part, folder)
        return book.build("smoke", root=folder)

    return render


JOBS = {f.__name__: f for f in (training, recovery, embedding, decoding, notebook, pages)}


# what came of them


def results(folder):
    """Returns the SHA-256 of everything that was made, but for dates and machines."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or path.name in UNEQUAL or path.suffix in (".lock", ".pickle", ".doctree"):
            continue
        if name.endswith(".ipynb"):
            content = json.loads(path.read_text())
            content["metadata"].pop("mempaper", None)
            for cell in content["cells"]:
                cell.pop("id", None)
                cell["metadata"] = {}
            content = json.dumps(content, sort_keys=True).encode()
        else:
            content = path.read_bytes()
        found[name] = hashlib.sha256(content).hexdigest()
    return found


# processes


def begin(job, folder, *, most=None):
    """Returns the process that does a job; `most` is the most bytes that a file may have."""
    said = folder.with_suffix(".said")
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setpgid(0, 0)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        if most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        job(folder)
        status = 0
    except BaseException as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        said.write_text(f"{type(error).__name__}: {error}")
    finally:
        os._exit(status)


def ended(pid, seconds):
    """Returns the exit status of a process that ends within so many seconds, else None."""
    limit = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= limit:
            return None
        time.sleep(0.001)


def whole(job, folder, expected=None):
    """Does a job to its end and returns its results, which are to be the expected ones."""
    status = ended(begin(job, folder), DEADLINE)
    assert status == 0, (folder, status, folder.with_suffix(".said").read_text())
    found = results(folder)
    if expected is not None:
        differing = {k for k in found.keys() | expected.keys() if found.get(k) != expected.get(k)}
        assert not differing, (folder, sorted(differing))
    return found


def killed(job, folder, kills, seconds, expected, draws):
    """Returns how many runs it took to kill a job so often; checks the results of each."""
    series = left = 0
    while left < kills:
        series += 1
        here = folder.with_name(f"{folder.name}-{series}")
        while left < kills:
            pid = begin(job, here)
            if ended(pid, draws.uniform(0, seconds)) is not None:
                break
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:  # before it had its group
                os.kill(pid, signal.SIGKILL)
            left += ended(pid, DEADLINE) == -signal.SIGKILL
        whole(job, here, expected)
        shutil.rmtree(here)
    return series


def filled(job, folder, most, expected):
    """Returns what a job says where the disk is full, "" where it is not; repeats it."""
    said = folder.with_suffix(".said")
    said.unlink(missing_ok=True)
    status = ended(begin(job, folder, most=most), DEADLINE)
    words = "" if status == 0 else said.read_text()
    whole(job, folder, expected)
    shutil.rmtree(folder)
    return words


def main(folder, kills, seed, *names):
    folder = Path(folder)
    report = {}
    for name in names:
        draws = random.Random(f"{seed} {name}")
        job = JOBS[name](folder / f"{name}-prepared")
        started = time.monotonic()
        expected = whole(job, folder / f"{name}-whole")
        seconds = time.monotonic() - started
        series = killed(job, folder / f"{name}-killed", int(kills), seconds, expected, draws)
        disks = DISKS if name not in ("notebook", "pages") else ()
        full = [filled(job, folder / f"{name}-{most}", most, expected) for most in disks]
        report[name] = {
            "seconds": round(seconds, 2),
            "files": len(expected),
            "series": series,
            "full": full,
        }
    print(json.dumps(report))


if __name__ == "__main__":
    assert mempaper.__file__
    main(*sys.argv[1:])

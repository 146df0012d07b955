"""The README's path for newcomers, as it is written.

Its blocks run in a checkout whose `.venv` is that of the tests. Small files and arrays stand for
the reader's own, and `SHORTER` names what is added so that no training takes minutes. `make book`
and `make test` are only asked what they would do: these tests are a part of them.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
PARTS = ("_config.yml", "Makefile", "book", "constraints.txt", "notebooks", "profiles", "results")
SHORTER = {"mempaper train": "--steps 2", "mempaper notebook run": "--profile smoke"}


def section(title):
    return re.search(rf"^## {title}$(.*?)(?=^## )", TEXT, re.MULTILINE | re.DOTALL)[1]


def shell(text):
    """Returns the blocks of commands."""
    found = re.findall(r"(?<=\n\n)(?:    .*\n)+", re.sub(r"(?ms)^```.*?^```$", "", text))
    return [re.sub("^    ", "", block, flags=re.M) for block in found]


def python(text):
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    """Returns a function that runs a block of commands in a checkout, and returns what it said."""
    if not all((BIN / name).exists() for name in ("activate", "mempaper")):
        pytest.skip("the tests do not run in a virtual environment that holds mempaper")
    folder = tmp_path_factory.mktemp("checkout")
    for name in (*PARTS, "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(BIN)
    (folder / ".venv" / "installed").touch()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MEMPAPER", "MFLAGS"))}
    own = {
        "PYTHONPATH": str(ROOT),
        "MEMPAPER_RUNS": f"{folder}/runs",
        "MEMPAPER_DATA": f"{folder}/d",
    }

    def run(block, **variables):
        done = subprocess.run(
            ["bash", "-e", "-c", block],
            cwd=folder,
            env=kept | own | variables,
            capture_output=True,
            text=True,
            timeout=1100,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    run.folder = folder
    return run


def test_every_block_of_the_readme_is_run_here():
    titles = ("Two commands", "Five minutes to a first audit", "On the command line")
    assert [len(shell(section(title))) for title in titles] == [1, 2, 1]
    assert len(shell(TEXT)) == 4
    assert len(python(section("In your own code"))) == len(re.findall("^```\\w", TEXT, re.M)) == 2


def test_make_knows_the_two_commands_and_is_asked_only_what_it_would_do(terminal):
    (block,) = shell(section("Two commands"))
    said = terminal(block, MAKEFLAGS="n")
    assert "snakemake --quiet all --config profile=laptop" in said
    assert "-m pytest" in said


def make_the_readers_files(folder):
    generator = nn.Sequential(nn.Linear(128, 3 * 8 * 8), nn.Unflatten(1, (3, 8, 8)))
    generator = nn.Sequential(generator, nn.Upsample(scale_factor=8), nn.Tanh()).eval()
    sizes = ({0: torch.export.Dim("batch", min=2)},)
    program = torch.export.export(generator, (torch.randn(4, 128),), dynamic_shapes=sizes)
    torch.export.save(program, folder / "generator.pt2")
    random = np.random.default_rng(0)
    for name in ("train", "holdout"):
        (folder / "images" / name).mkdir(parents=True)
        for i in range(24):
            pixels = random.integers(0, 256, (70, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "images" / name / f"{i}.png")


@pytest.mark.slow
def test_the_first_audits_word_for_word_with_small_files_for_the_readers_own(terminal):
    first, own = shell(section("Five minutes to a first audit"))
    report = terminal.folder / "report" / "report.html"
    assert "\nmemorization\n" in terminal(first)
    assert "The most suspicious samples" in report.read_text()
    report.unlink()
    make_the_readers_files(terminal.folder)
    assert "The report: report/report.html" in terminal(own)
    assert "24 training images" in report.read_text()


@pytest.mark.slow
def test_the_command_line_word_for_word_with_short_trainings(terminal):
    (block,) = shell(section("On the command line"))
    for begin, more in SHORTER.items():
        block, count = re.subn(rf"^({begin} [^#\n]*)", rf"\1 {more} ", block, flags=re.M)
        assert count
    kinds = [line.split()[1] for line in block.splitlines() if line.startswith("mempaper")]
    assert kinds == ["data", "train", "recover", "train", "notebook", "audit", "claims", "runs"]
    first = "RUN=$(COLUMNS=200 mempaper runs list | awk '/=glo .*steps=2 /{print $1}')\n"
    block = re.sub(r"^mempaper recover RUN", f'{first}mempaper recover "$RUN"', block, flags=re.M)
    said = terminal(block)
    for words in ("digits", "table_1.ipynb", "memorization"):
        assert words in said
    assert {line.split()[1] for line in said.splitlines() if " finished " in line} >= {
        "train",
        "recover",
    }


def test_the_python_in_its_order_with_small_arrays_for_the_readers_own(capsys):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(40, 1, 4, 4, generator=generator) * 2 - 1
    first = {
        "generator": lambda latents: latents.tanh().reshape(-1, 1, 4, 4),
        "latent_dim": 16,
        "train": pixels[:6],
        "held_out": pixels[6:12],
    }
    second = {
        "train": torch.randn(200, 3, generator=generator),
        "held_out": torch.randn(200, 3, generator=generator),
        "train_images": pixels,
        "embedding": lambda images: images.flatten(1),
        "sample": lambda n: (torch.rand(n, 1, 4, 4, generator=generator) * 2 - 1, None),
    }
    second["generated"] = second["train"] + 0.01
    overfitting, copying = python(section("In your own code"))
    exec(overfitting, first)
    assert max(first["with_train"].errors) < 1e-3  # this generator can make every image
    exec(copying, second)
    assert second["fakes"].shape == (64, 1, 4, 4)
    assert "statistic=-" in capsys.readouterr().out.splitlines()[1].replace(" ", "")


def test_pictures_are_there_small_and_said_in_words():
    names = re.findall(r'(?:src|srcset)="([^"]+)"', TEXT)
    assert len(names) == 4
    assert all((ROOT / name).stat().st_size < 200_000 for name in names)
    alts = re.findall(r'<img[^>]* alt="([^"]+)"', TEXT)
    assert len(alts) == len(re.findall("<img", TEXT)) == 2


def test_places_that_the_readme_names_exist():
    made = {".venv", "_build", "report"}
    found = re.findall(r"`([\w.]+(?:/[\w.]*)+|[A-Z]+\.\w+)`", TEXT)
    paths = [path for path in found if path.split("/")[0] not in made]
    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []

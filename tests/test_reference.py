"""The notebooks, executed by nbval in the smoke profile, against their committed reference."""

import os
import subprocess
import sys

import nbformat
import pytest

pytest.importorskip("nbval", reason="the extra `test` is not installed")
pytest.importorskip("papermill", reason="the extra `book` is not installed")

import reference

from mempaper import notebooks

NOTEBOOKS = notebooks.find()


@pytest.mark.parametrize("name", list(NOTEBOOKS))
def test_the_reference_is_of_todays_script(name):
    made = reference.prepared(NOTEBOOKS[name])
    kept = nbformat.read(reference.path(name), as_version=4)
    assert [c.source for c in kept.cells] == [c.source for c in made.cells], (
        "run `python tests/reference.py` and look at what changed"
    )
    checked = [c for c in kept.cells if reference.MARK in c.source]
    assert checked
    assert all(c["outputs"] for c in checked)


def nbval(path, tmp_path):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-o", "addopts=", str(path)],
        cwd=tmp_path,
        env=os.environ | {"MEMPAPER_RUNS": str(tmp_path / "runs")},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", list(NOTEBOOKS))
def test_nbval_agrees_with_the_reference(name, tmp_path):
    done = nbval(reference.path(name), tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_nbval_notices_another_verdict(tmp_path):
    name = "latent_recovery/optimizer_comparison"
    changed = nbformat.read(reference.path(name), as_version=4)
    for cell in changed.cells:
        for output in cell.get("outputs", []):
            output["text"] = output["text"].replace("not testable", "reproduced")
    nbformat.write(changed, tmp_path / "changed.ipynb")
    done = nbval(tmp_path / "changed.ipynb", tmp_path)
    assert done.returncode == 1
    assert "reproduced" in done.stdout

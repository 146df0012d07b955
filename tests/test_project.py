"""The files around the package agree with each other."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import mempaper

ROOT = Path(__file__).parents[1]
MODULES = [
    m.name
    for m in pkgutil.walk_packages(mempaper.__path__, "mempaper.")
    if "._" not in m.name and ".cli" not in m.name
]


def declared(extras=("", "book", "test")):
    found = [Requirement(text) for text in requires("mempaper")]
    return {
        (canonicalize_name(r.name), str(r.specifier))
        for r in found
        for extra in extras
        if r.marker is None or (extra and r.marker.evaluate({"extra": extra}))
    }


def test_conda_environment_has_the_packages_dependencies():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    listed = [Requirement(line) for line in pip if not line.startswith("--")]
    assert {(canonicalize_name(r.name), str(r.specifier)) for r in listed} == declared()
    assert {line for line in pip if line.startswith("--")} == {
        "--constraint constraints.txt",
        "--editable .",
    }


def test_every_dependency_is_pinned_within_its_range():
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith(("#", "--"))
    ]
    pins = {canonicalize_name(r.name): r for r in map(Requirement, lines)}
    for name, specifier in declared(("", "book", "test", "scale")):
        assert name in pins, name
        (version,) = (s.version for s in pins[name].specifier)
        assert Requirement(f"{name}{specifier}").specifier.contains(version)


def test_torch_comes_without_cuda():
    assert "https://download.pytorch.org/whl/cpu/torch/" in (ROOT / "Makefile").read_text()
    text = (ROOT / "constraints.txt").read_text()
    pins = [line.split("==")[0] for line in text.splitlines() if "==" in line]
    assert not [pin for pin in pins if re.match("nvidia|cuda|triton", pin)]


def test_citation_names_the_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == mempaper.__version__


@pytest.mark.parametrize("name", MODULES)
def test_public_names_exist_and_are_explained(name):
    module = importlib.import_module(name)
    assert module.__doc__
    for public in getattr(module, "__all__", ()):
        value = getattr(module, public)
        if callable(value) and getattr(value, "__module__", "").startswith("mempaper"):
            assert value.__doc__, f"{name}.{public}"


def test_importing_the_package_is_cheap():
    code = "import sys, mempaper, mempaper.cli; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_make_help_lists_every_target():
    outside = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        env=outside,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = {line.split()[1] for line in done.stdout.splitlines()}
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert shown == set(phony.split())

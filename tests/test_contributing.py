"""What CONTRIBUTING.md says works, and what is installed works on its own."""

import os
import re
import shutil
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

import mempaper

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NO_CACHE = shutil.ignore_patterns("__pycache__", ".*")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def recipe(title):
    """Returns the code blocks of a recipe."""
    section = re.search(rf"^### {title}\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL)[1]
    return re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_recipe_of_a_detector_followed_word_for_word(tmp_path):
    shutil.copytree(ROOT / "mempaper", tmp_path / "mempaper", ignore=NO_CACHE)
    (tmp_path / "tests").mkdir()
    for name in ("conftest.py", "test_detectors.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    function, entry = recipe("A detector")
    (name,) = re.findall(r'^    "(\w+)":', entry)
    file = tmp_path / "mempaper" / "detectors.py"
    before, table, after = re.split(
        r"(^DETECTORS: .*?)(?=^\}$)", file.read_text(), flags=re.M | re.S
    )
    file.write_text(f"{before}{function}\n\n{table}{entry}{after}")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_detectors.py", "-k", name]
    said = run(sys.executable, *tests, cwd=tmp_path, env=environment)
    assert "1 passed" in said
    rules = ["--select", "E,F", "--ignore", "F722,F821"]  # names of dimensions
    run(sys.executable, "-m", "ruff", "check", *rules, file, cwd=tmp_path)
    code = "from mempaper import findings; print(*findings.DETECTORS)"
    assert name in run(sys.executable, "-c", code, cwd=tmp_path, env=environment).split()


def test_files_that_recipes_name_exist():
    paths = re.findall(r"`((?:mempaper|book|tests|profiles|results|notebooks)/[\w./]*)`", TEXT)
    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_pre_commit_runs_what_make_test_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    tools = {hook["entry"].split()[0].rpartition("/")[2] for hook in hooks}
    checks = re.search(r"^test: .*?\n\n", (ROOT / "Makefile").read_text(), re.M | re.S)[0]
    assert tools == set(re.findall(r"\$\(BIN\)/([\w-]+)", checks)) - {"python"}


def test_the_changelog_and_the_citation_are_of_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text()
    version, date = re.search(r"^## (\S+), (\S+)$", changes, re.MULTILINE).groups()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert version == mempaper.__version__ == citation["version"]
    assert date == str(citation["date-released"])


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")))
def test_issue_forms_ask_for_something(path):
    form = yaml.safe_load(path.read_text())
    if path.name != "config.yml":
        assert form["name"]
        assert form["description"]
        assert all(part["attributes"]["label"] for part in form["body"])


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Returns the scripts of a fresh environment with the wheel, built from the sdist.

    What the package depends on is lent by this environment, so that nothing is downloaded.
    """
    pytest.importorskip("setuptools", minversion="77")
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    shutil.copytree(
        ROOT, source, ignore=shutil.ignore_patterns("__pycache__", ".*", "_build", "tests")
    )
    build = "import setuptools.build_meta as b, sys; print(getattr(b, sys.argv[1])(sys.argv[2]))"
    made = run(sys.executable, "-c", build, "build_sdist", folder, cwd=source).split()[-1]
    shutil.unpack_archive(folder / made, folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    wheel = run(sys.executable, "-c", build, "build_wheel", folder, cwd=unpacked).split()[-1]
    venv.create(folder / "venv", with_pip=False)
    bin_, site = folder / "venv" / "bin", next((folder / "venv" / "lib").glob("*/site-packages"))
    lent = Path(find_spec("numpy").origin).parents[1]
    pip = [sys.executable, "-m", "pip", "--python", bin_ / "python", "install", "--quiet"]
    run(
        *pip,
        "--no-deps",
        "--ignore-installed",
        "--no-index",
        "--disable-pip-version-check",
        folder / wheel,
    )
    assert {path.name.split("-")[0] for path in site.iterdir()} == {"mempaper"}
    (site / "zz_lent.pth").write_text(f"import sys; sys.path.append({str(lent)!r})\n")
    return bin_


@pytest.mark.slow
def test_the_wheel_works_in_a_clean_environment(installed, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MEMPAPER"))}
    options = {"cwd": tmp_path, "env": environment | {"MEMPAPER_RUNS": str(tmp_path)}}
    assert (
        run(installed / "mempaper", "--version", **options) == f"mempaper {mempaper.__version__}\n"
    )
    code = (
        "import mempaper, pathlib; from mempaper import statements, published, audit;"
        "from importlib import resources; here = pathlib.Path(mempaper.__file__).parent;"
        "published.published_table_1(), published.published_settings();"
        "print(here, len(statements.statements()) > 50, (here / 'py.typed').is_file(),"
        "(here / 'audit' / 'report.html.j2').is_file())"
    )
    where, *there = run(installed / "python", "-c", code, **options).split()
    assert Path(where).is_relative_to(installed.parent)
    assert there == ["True"] * 3
    for command in (["notebook", "list"], ["notebook", "run", "table_1"], ["book"]):
        done = subprocess.run(
            [installed / "mempaper", *command], capture_output=True, text=True, **options
        )
        assert done.returncode == 2
        assert "come with the repository, not with the installed package: clone it" in done.stderr

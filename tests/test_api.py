"""The reference in the book: every public name has its place, its words and an example that runs.

What is public, and in which order it is read, is said by the pages under book/api. An example sees
`np`, `torch` and the names of its module; those of `plotting` also a fresh `ax`, and intervals.
"""

import doctest
import importlib
import inspect
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from mempaper import experiments, parallel, statistics

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "book" / "api").glob("*.md"))
BLOCK = re.compile(r"^```\{api\} (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LISTED = [
    (module, name)
    for page in PAGES
    for module, names in BLOCK.findall(page.read_text(encoding="utf-8"))
    for name in names.split()
]
FUNCTIONS = [
    pair
    for pair in LISTED
    if inspect.isfunction(getattr(importlib.import_module(pair[0]), pair[1]))
]
NOT_RUN = {  # what an example would download, train for a minute, or change in the repository
    "mempaper.audit.demo",
    "mempaper.embeddings.fetch",
    "mempaper.embeddings.load",
    "mempaper.images.fetch",
    "mempaper.results.record",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Returns the folder of the runs that all examples share."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def example_names(tmp_path, monkeypatch, runs):
    """Returns what examples see besides their module, which work in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEMPAPER_RUNS", str(runs))
    monkeypatch.setenv("MEMPAPER_ROOT", str(ROOT))
    monkeypatch.setattr(parallel, "cores", lambda: 1)  # no worker is worth its start
    yield {"np": np, "torch": torch}
    plt.close("all")


def test_the_reference_lists_every_public_name_once():
    modules = {module for module, _ in LISTED}
    names = [
        (module, name) for module in modules for name in importlib.import_module(module).__all__
    ]
    assert sorted(LISTED) == sorted(names)


def test_the_reference_covers_the_ideas():
    assert {module for module, _ in LISTED} >= {
        f"mempaper.{name}"
        for name in (
            "audit",
            "detectors",
            "embeddings",
            "experiments",
            "images",
            "neighbors",
            "operators",
            "recovery",
            "rejection",
            "runs",
            "statistics",
        )
    }


def examples(module, name):
    value = getattr(importlib.import_module(module), name)
    return doctest.DocTestParser().get_examples(inspect.getdoc(value) or "")


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_every_public_function_has_an_example(module, name):
    found = examples(module, name)
    assert found, f"{module}.{name} has no example"
    run = [example for example in found if doctest.SKIP not in example.options]
    assert bool(run) != (f"{module}.{name}" in NOT_RUN)


@pytest.mark.parametrize(("module", "name"), [pair for pair in LISTED if examples(*pair)])
def test_examples_print_what_they_say(module, name, example_names):
    imported = importlib.import_module(module)
    names = example_names | {public: getattr(imported, public) for public in imported.__all__}
    if module == "mempaper.generators":
        names["experiments"] = experiments
    if module == "mempaper.plotting":
        names |= {"ax": plt.subplots()[1]} | {
            n: getattr(statistics, n) for n in ("Interval", "gap_law")
        }
    text = inspect.getdoc(getattr(imported, name))
    case = doctest.DocTestParser().get_doctest(text, names, f"{module}.{name}", None, 0)
    said: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(verbose=False, optionflags=flags).run(case, out=said.append)
    assert not said, "".join(said)


@pytest.fixture(scope="module")
def extension():
    """Returns the modules that draw the reference and the architecture."""
    pytest.importorskip("sphinx", reason="the extra `book` is not installed")
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    try:
        import mempaper_api
        import mempaper_architecture
    finally:
        sys.path.remove(str(ROOT / "book" / "_ext"))
    return SimpleNamespace(api=mempaper_api, architecture=mempaper_architecture)


def test_every_name_has_a_signature_that_the_reference_shows(extension):
    for module, name in LISTED:
        shown, home = extension.api.signature(importlib.import_module(module), name)
        assert shown.strip()
        assert (ROOT / home).is_file()
    module = importlib.import_module("mempaper.statistics")
    assert extension.api.signature(module, "mre_gap")[0] == (
        "def mre_gap(train_errors, val_errors, *, signed: bool = True) -> float"
    )


def test_a_docstring_is_parted_into_words_terms_and_examples(extension):
    words = """Returns a number.

    It says more
    on two lines.

    size        pixels, of
                each side
    low, high   ends

    Raises
        InputError  it is wrong

    >>> 1 + 1
    2
    """
    assert list(extension.api.blocks(inspect.cleandoc(words))) == [
        ("text", "Returns a number."),
        ("text", "It says more\non two lines."),
        ("terms", "size        pixels, of\n            each side\nlow, high   ends"),
        ("title", "Raises"),
        ("terms", "InputError  it is wrong"),
        ("code", ">>> 1 + 1\n2"),
    ]


def test_arrows_that_others_imply_are_left_out(extension):
    graph = {"a": set(), "b": {"a"}, "c": {"a", "b"}, "d": {"a"}}
    reduced = extension.architecture.reduced(graph)
    assert reduced == {"a": set(), "b": {"a"}, "c": {"b"}, "d": {"a"}}


def test_the_picture_shows_what_the_code_imports(extension, tmp_path):
    (tmp_path / "low.py").write_text("import os\n")
    (tmp_path / "middle").mkdir()
    (tmp_path / "middle" / "__init__.py").write_text("from .inner import x\n")
    (tmp_path / "middle" / "inner.py").write_text("from ..between import x\n")
    (tmp_path / "between.py").write_text("from .low import x\n")
    (tmp_path / "high.py").write_text("def f():\n    from . import low, middle\n")
    flow = extension.architecture.flow(tmp_path, ["low", "middle", "high"])
    assert flow == {"low": set(), "middle": {"low"}, "high": {"middle"}}
    assert extension.architecture.drawn(flow).count('class="arrow"') == 2


def test_the_contract_shown_is_the_contract_checked(extension):
    layers = extension.architecture.layers(ROOT / "pyproject.toml")
    flat = [part for layer in layers for part in layer]
    assert len(flat) == len(set(flat))
    package = ROOT / "mempaper"
    there = {p.stem for p in package.glob("*.py")} | {
        p.parent.name for p in package.glob("*/__init__.py")
    }
    assert set(flat) == {name for name in there if name[0] != "_" and name != "mempaper"}
    assert flat[0] == "cli"
    assert flat[-1] == "errors"

"""The reference in the book: every public name has its place, its words and an example that runs.

What is public, and in which order it is read, is said by the pages under book/api. An example sees
`np`, `torch` and the names of its module; those of `plotting` also a fresh `ax`, and intervals.
"""

import doctest
import importlib
import inspect
import re
from pathlib import Path

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

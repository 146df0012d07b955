"""Holds a computation against a baseline, round by round, and keeps the ratios as rows of a table.

`make bench` prints them; `make bench RECORD=1` also writes them to results/benchmarks.csv, from
which the book's page is made.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
import torch
from timing import seconds, times_as_fast

from mempaper import results
from mempaper._torchvision import torchvision  # noqa: F401  # which others import
from mempaper.statistics import Interval

ROUNDS = 5
_ROWS, _BEGUN = pytest.StashKey[list[dict]](), pytest.StashKey[float]()


def pytest_addoption(parser):
    parser.addoption("--record", action="store_true", help="write results/benchmarks.csv")


def pytest_configure(config):
    config.stash[_ROWS], config.stash[_BEGUN] = [], perf_counter()


def pytest_sessionfinish(session):
    stash = session.config.stash
    if stash[_ROWS] and session.config.getoption("--record"):
        source = results.made_by(
            "benchmarks/conftest",
            profile="laptop",
            seeds=[0],
            seconds=perf_counter() - stash[_BEGUN],
            parameters={},
        )
        results.write("benchmarks", pd.DataFrame(stash[_ROWS]), source)


@pytest.fixture(scope="session")
def products():
    """Returns products(work, dtype): options of `against` that hold work, in GFLOP, to the matrix
    products of as many threads as torch's."""

    @cache
    def per_second(dtype: torch.dtype) -> float:
        a, b = torch.randn(2, 2048, 2048).to(dtype)
        torch.mm(a, b)
        return 2e-9 * 2048**3 / min(seconds(lambda: torch.mm(a, b)) for _ in range(10))

    def held(work: float, dtype: torch.dtype) -> dict:
        return {
            "limit": f"matrix products in {str(dtype).removeprefix('torch.')}",
            "of_limit": lambda taken: work / taken / per_second(dtype),
        }

    return held


@pytest.fixture
def add_row(benchmark, request):
    """Returns add_row(what=, baseline=, ratio=, goal=, seconds=, limit=, of_limit=)."""

    def add(*, what, baseline, ratio: Interval, goal, seconds: float, limit, of_limit: float):
        row = {
            "what": what,
            "baseline": baseline,
            "times as fast": f"{ratio:.2f}",
            "goal": goal,
            "seconds": f"{seconds:.3g}",
            "limit": limit,
            "share of the limit": "" if np.isnan(of_limit) else f"{of_limit:.0%}",
        }
        benchmark.extra_info |= row
        request.config.stash[_ROWS].append(row)

    return add


@pytest.fixture
def against(benchmark, add_row):
    """Returns against(run, baseline, what=, named=, ...) -> the Interval of times as fast.

    Each round times the baseline, then the computation, so that a machine that slows down slows
    both.
    """

    def compare(
        run: Callable[[], object],
        baseline: Callable[[], object],
        *,
        what: str,
        named: str,  # the baseline; "package: words" adds the package's version
        goal: str,
        limit: str,  # what the computation cannot exceed
        of_limit: Callable[[float], float] | None = None,  # seconds -> share of it
        share: float = 1.0,  # of the computation's work that the baseline does
        rounds: int = ROUNDS,
    ):
        before = []
        run(), baseline()
        benchmark.pedantic(run, setup=lambda: before.append(seconds(baseline)), rounds=rounds)
        taken = np.array(benchmark.stats.stats.data)
        ratio = times_as_fast(np.array(before) / share, taken)
        add_row(
            what=what,
            baseline=_versioned(named),
            ratio=ratio,
            goal=goal,
            seconds=float(np.median(taken)),
            limit=limit,
            of_limit=of_limit(np.median(taken)) if of_limit else np.nan,
        )
        return ratio.estimate

    return compare


def _versioned(named: str) -> str:
    package, _, words = named.partition(": ")
    return f"{package} {version(package)}{', ' * bool(words)}{words}" if words else named

"""Holds a computation against a baseline, round by round, and keeps the ratios as rows of a table.

`make bench` prints them; `make bench RECORD=1` also writes them to results/benchmarks.csv, from
which the book's page is made.
"""

from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
import torch
from timing import seconds

from mempaper import results
from mempaper._torchvision import torchvision  # noqa: F401  # which others import
from mempaper.runs.provenance import now, provenance
from mempaper.statistics import mean_interval

ROUNDS = 5
_ROWS = pytest.StashKey[list[dict]]()


def pytest_addoption(parser):
    parser.addoption("--record", action="store_true", help="write results/benchmarks.csv")


def pytest_configure(config):
    config.stash[_ROWS] = []


def pytest_sessionfinish(session):
    rows = session.config.stash[_ROWS]
    if rows and session.config.getoption("--record"):
        results.write("benchmarks", pd.DataFrame(rows), provenance() | {"executed": now()})


@pytest.fixture(scope="session")
def peak():
    """Returns this machine's matrix products in float32, GFLOP/s, of as many threads as torch's."""
    a, b = torch.randn(2, 2048, 2048)
    torch.mm(a, b)
    return 2e-9 * 2048**3 / min(seconds(lambda: torch.mm(a, b)) for _ in range(10))


@pytest.fixture
def rows(request):
    """Returns the table's rows, to append to."""
    return request.config.stash[_ROWS]


@pytest.fixture
def against(benchmark, rows):
    """Returns against(run, baseline, what=, named=, ...) -> the Interval of times as fast.

    Each round times the baseline, then the computation, so that a machine that slows down slows
    both. The ratio is the geometric mean over rounds, with Student's interval of its logarithm.
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
        ratios = np.array(before) / share / taken
        times = mean_interval(np.log(ratios))
        low, high, ratio = np.exp([times.low, times.high, times.estimate])
        row = {
            "what": what,
            "baseline": _versioned(named),
            "ratio": ratio,
            "low": low,
            "high": high,
            "goal": goal,
            "seconds": np.median(taken),
            "limit": limit,
            "of limit": of_limit(np.median(taken)) if of_limit else np.nan,
        }
        benchmark.extra_info |= row
        rows.append(row)
        return ratio

    return compare


def _versioned(named: str) -> str:
    package, _, words = named.partition(": ")
    return f"{package} {version(package)}{', ' * bool(words)}{words}" if words else named

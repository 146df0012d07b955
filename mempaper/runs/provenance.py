"""Where a result comes from: versions, machine, commit, seed."""

import functools
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import __version__

__all__ = ["cores", "machine", "now", "provenance", "worked"]


def now() -> str:
    """Returns the present time in UTC as ISO 8601 with seconds."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def machine(origin: Mapping[str, Any]) -> str:
    """Returns the machine of what `provenance` has returned, in words."""
    return f"{origin['processor']}, {origin['cores']} cores"


def worked(origin: Mapping[str, Any]) -> float:
    """Returns the seconds that making a run took: of cores, or by the clock beside a GPU."""
    return origin["core_seconds"] if origin["accelerator"] is None else origin["seconds"]


def provenance(*, seed: int | None = None) -> dict[str, Any]:
    """Returns versions, machine, commit of the checkout ("+changes" when edited) and seed.

    What cannot be found out is None: a package that is not installed, the commit of an installed
    copy, the accelerator before torch is imported.

    >>> provenance(seed=3)["seed"]
    3
    """
    return {
        "mempaper": __version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in ("torch", "numpy", "scipy")},
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": cores(),
        "accelerator": _accelerator(),
        "commit": _commit(Path(__file__).parents[1]),
        "seed": seed,
    }


@functools.cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> int | None:
    """Returns the cores that this process may use; None where that cannot be found out."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _accelerator() -> str | None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return None


@functools.cache
def _commit(folder: Path) -> str | None:
    tracked = _git(folder, "ls-files", "--error-unmatch", "__init__.py")
    commit = _git(folder, "rev-parse", "HEAD")
    if not tracked or not commit:
        return None
    return commit + ("+changes" if _git(folder, "status", "--porcelain", "-uno") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()

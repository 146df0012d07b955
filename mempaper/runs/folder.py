"""The folder of one run: filled by an attempt, closed in one step, checked, removed."""

import json
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..files import sha256, write_atomic
from .identity import plain
from .provenance import now, provenance

__all__ = ["attempt", "damage", "discard", "finish", "measure", "read"]

CHECKPOINTS = "checkpoints"


def attempt(partial: Path, identity: dict, build: Callable, seed: int | None) -> None:
    """Runs `build`, and writes metrics.json last: where it is, every other file is whole."""
    _drop_temporary(partial)
    earlier = partial / "provenance.json"
    started, attempts = _begun(earlier)
    record = provenance(seed=seed) | {"started": started, "attempts": attempts + 1}
    _write(partial / "config.json", identity)
    _write(earlier, record)
    clock, worked = time.monotonic(), _worked()
    metrics = build(partial)
    record |= {
        "finished": now(),
        "seconds": round(time.monotonic() - clock, 3),
        "core_seconds": round(_worked() - worked, 3),
    }
    _write(earlier, record)
    for file in _files(partial):
        _sync(file)
    _write(partial / "metrics.json", plain(metrics, "metrics", finite=False))


def _worked() -> float:
    """Returns the seconds that cores have worked for this process and for those that it ended."""
    return sum(os.times()[:4])


def _begun(earlier: Path) -> tuple[str, int]:
    try:
        began = read(earlier)
        return began["started"], int(began["attempts"])
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return now(), 0


def finish(partial: Path, final: Path) -> None:
    """Gives a built folder its manifest and, in one step, its final name."""
    if (partial / CHECKPOINTS).exists():
        shutil.rmtree(partial / CHECKPOINTS)
    _drop_temporary(partial)
    manifest = partial / "manifest.json"
    manifest.unlink(missing_ok=True)
    entries = {
        file.relative_to(partial).as_posix(): {"bytes": file.stat().st_size, "sha256": sha256(file)}
        for file in _files(partial)
    }
    _write(manifest, entries)
    for folder in [partial, *(path for path in partial.rglob("*") if path.is_dir())]:
        _sync(folder)
    os.rename(partial, final)
    _sync(final.parent)


def damage(folder: Path) -> str | None:
    """Returns what is wrong with a finished run's folder; None where every file is as written."""
    try:
        for name, entry in read(folder / "manifest.json").items():
            file = folder / name
            if not file.is_file():
                return f"{name} is missing"
            if file.stat().st_size != entry["bytes"]:
                return f"{name} has {file.stat().st_size} bytes instead of {entry['bytes']}"
            if sha256(file) != entry["sha256"]:
                return f"{name} has changed"
    except (FileNotFoundError, NotADirectoryError):
        return "manifest.json is missing"
    except (ValueError, TypeError, LookupError, AttributeError):
        return "manifest.json is unreadable"
    return None


def discard(folder: Path) -> None:
    """Removes a folder such that no reader sees half of it."""
    doomed = folder if folder.suffix == ".removed" else folder.with_name(folder.name + ".removed")
    if doomed != folder:
        if doomed.exists():
            shutil.rmtree(doomed)
        os.rename(folder, doomed)
    shutil.rmtree(doomed)


def measure(folder: Path) -> tuple[int, float]:
    """Returns size in bytes and last change, in seconds since 1970; a file may vanish meanwhile."""
    size, modified = 0, folder.stat().st_mtime
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                size, modified = size + path.stat().st_size, max(modified, path.stat().st_mtime)
    return size, modified


def read(path: Path) -> Any:
    """Returns the content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def _drop_temporary(folder: Path) -> None:
    for path in folder.rglob(".*"):
        if path.is_file():
            path.unlink()


def _files(folder: Path) -> list[Path]:
    paths = sorted(folder.rglob("*"))
    return [p for p in paths if p.is_file() and p.relative_to(folder).parts[0] != CHECKPOINTS]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, value: Any) -> None:
    write_atomic(path, (json.dumps(value, indent=2) + "\n").encode())

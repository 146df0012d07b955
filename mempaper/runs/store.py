"""The store of runs: a finished step lives in a folder found by the content of what made it.

    root/<kind>/<id>/            config.json metrics.json provenance.json manifest.json, and files
    root/<kind>/<id>.partial/    work in progress; what an interrupted attempt left stays here
    root/<kind>/<id>.lock        held while a process makes the run

A folder gets its final name in one step, when every byte of it is on the disk: a run is whole or
absent. Its manifest holds size and SHA-256 of every file, and is checked whenever it is found.
"""

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from ..errors import InputError
from ..files import NO_ROOM
from .folder import attempt, damage, discard, finish, measure, read
from .identity import code_version, content_id, plain

__all__ = ["Record", "Run", "RunWarning", "Store"]


class RunWarning(UserWarning):
    """A stored run is damaged and is made again."""


@dataclass(frozen=True)
class Run:
    """A finished run, read back from its folder."""

    id: str
    kind: str
    path: Path
    config: Any
    metrics: dict[str, Any]
    provenance: dict[str, Any]

    def file(self, name: str) -> Path:
        """Returns the path of one of the run's files.

        Raises
            InputError  the run has no such file
        """
        path = self.path / name
        if not path.is_file():
            there = ", ".join(sorted(read(self.path / "manifest.json")))
            raise InputError("name", f"be a file of run {self.id}", repr(name), f"It has {there}.")
        return path


@dataclass(frozen=True)
class Record:
    """What the store holds under one folder, unchecked.

    `state` is "finished", "unfinished" (an interrupted attempt), "running" (a live process holds
    its lock) or "leftover" (a removal that was interrupted); `modified` is in seconds since 1970.
    """

    id: str
    kind: str
    state: str
    path: Path
    bytes: int
    modified: float
    config: Any


class Store:
    """Finished runs under one root folder: by default MEMPAPER_RUNS, or the user's cache folder.

    >>> def build(folder):
    ...     print("building")
    ...     return {"answer": 42}
    >>> store = Store("runs-of-an-example")
    >>> store.make("example", {"n": 1}, build).metrics
    building
    {'answer': 42}
    >>> store.make("example", {"n": 1}, build).metrics
    {'answer': 42}
    """

    def __init__(self, root: str | Path | None = None):
        default = os.environ.get("MEMPAPER_RUNS") or user_cache_path("mempaper") / "runs"
        self.root = Path(root or default).expanduser().absolute()

    def make(
        self,
        kind: str,
        config: Any,
        build: Callable[[Path], Mapping[str, Any]],
        *,
        code: Iterable[ModuleType] = (),
        seed: int | None = None,
    ) -> Run:
        """Returns the run that `config` describes, building it where it is not stored yet.

        `build(folder)` writes files into `folder` and returns the metrics. It finds there whatever
        an interrupted attempt left and may continue from it; everything under
        `folder/checkpoints` serves that purpose only and is removed at the end, and so are files
        whose names begin with a dot. Of several processes that ask for the same run one builds
        it, and the others wait for it.

        config  everything the result depends on, fingerprints of data included: numbers, strings,
                None, lists, tuples, dicts and dataclasses of them
        code    modules and packages whose code is part of the run's identity
        seed    recorded in the provenance

        Raises
            InputError  `config` is no such value, or the root is not writable or full; an
                        unfinished attempt is kept
        """
        final, identity = self._place(kind, config, code)
        with _using(self.root):
            if damage(final) is None:
                return _load(final)
        with _using(self.root), self._alone(final):
            if self._sound(final, "it is made again"):
                return _load(final)
            if final.exists():
                discard(final)
            partial = final.with_name(final.name + ".partial")
            partial.mkdir(exist_ok=True)
            if not (partial / "metrics.json").exists():
                attempt(partial, identity, build, seed)
            finish(partial, final)
        return _load(final)

    def find(self, kind: str, config: Any, *, code: Iterable[ModuleType] = ()) -> Run | None:
        """Returns the finished run that `config` describes; None, where it is absent or damaged."""
        final, _ = self._place(kind, config, code)
        with _using(self.root):
            return _load(final) if self._sound(final, "it is passed over") else None

    def get(self, prefix: str, *, kind: str | None = None) -> Run:
        """Returns the one finished run, of the given kind, whose id begins with `prefix`.

        Raises
            InputError  no run or several begin so, or the run is damaged
        """
        records = [record for record in self.list() if record.id.startswith(prefix)]
        finished = [r for r in records if r.state == "finished" and kind in (None, r.kind)]
        if len(finished) != 1:
            found = finished or records
            many = ", ".join(f"{r.id} ({r.kind}, {r.state})" for r in found) or "no run"
            raise InputError(
                "run",
                f"be the beginning of one finished {f'{kind} ' if kind else ''}run's id",
                f"{prefix!r}, which fits {many}",
                "`mempaper runs list` shows what there is.",
            )
        path = finished[0].path
        if (wrong := damage(path)) is not None:
            remedy = "Repeat the command that made it: it is made again."
            raise InputError("run", "be undamaged", f"{path} ({wrong})", remedy)
        return _load(path)

    def clean(
        self,
        *,
        kind: str | None = None,
        older_than: float | None = None,
        unfinished: bool = False,
        everything: bool = False,
        dry_run: bool = False,
    ) -> list[Record]:
        """Removes what fits all of the given conditions and returns it; never a running one.

        older_than  days since the last change
        unfinished  interrupted attempts only
        everything  must be said where no other condition is
        dry_run     only returns what would be removed

        Raises
            InputError  no condition is given, or the root is not writable
        """
        if kind is None and older_than is None and not unfinished and not everything:
            raise InputError(
                "what to clean",
                "be named",
                "no condition",
                "Give a kind, an age in days, unfinished or everything.",
            )
        oldest = time.time() - (older_than or 0) * 86400
        selected = [
            record
            for record in self.list()
            if record.state != "running"
            and kind in (None, record.kind)
            and (older_than is None or record.modified <= oldest)
            and (not unfinished or record.state != "finished")
        ]
        if dry_run:
            return selected
        with _using(self.root):
            return [record for record in selected if self._remove(record)]

    def list(self) -> list[Record]:
        """Returns what the store holds, oldest first; files are not checked.

        Raises
            InputError  the root is not readable
        """
        records = []
        with _using(self.root), suppress(FileNotFoundError):
            os.scandir(self.root).close()  # glob is silent about what it may not read
        for folder in self.root.glob("*/*"):
            with suppress(FileNotFoundError):  # another process finished or removed it meanwhile
                if folder.is_dir():
                    records.append(self._record(folder))
        return sorted(records, key=lambda record: record.modified)

    def _remove(self, record: Record) -> bool:
        try:
            with self._lock(record.path).acquire(timeout=0):
                if there := record.path.exists():
                    discard(record.path)
                return there
        except Timeout:
            return False

    def _place(self, kind: str, config: Any, code: Iterable[ModuleType]) -> tuple[Path, dict]:
        if not kind.replace("-", "").replace("_", "").isalnum():
            raise InputError("kind", "be letters, digits, - and _", repr(kind), "Rename it.")
        identity = {"kind": kind, "config": plain(config, "config"), "code": code_version(*code)}
        return self.root / kind / content_id(identity), identity

    def _sound(self, final: Path, consequence: str) -> bool:
        wrong = damage(final)
        if wrong is not None and final.exists():
            message = f"run {final.name} in {final.parent} is damaged: {wrong}; {consequence}"
            warnings.warn(message, RunWarning, stacklevel=3)
        return wrong is None

    def _lock(self, path: Path) -> FileLock:
        return FileLock(path.with_name(_id(path) + ".lock"))

    @contextmanager
    def _alone(self, final: Path) -> Iterator[None]:
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.root, error) from error
        lock = self._lock(final)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            what = f"{final.parent.name} {final.name}"
            print(f"waiting for {what}, which another process is making", file=sys.stderr)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _record(self, path: Path) -> Record:
        state = {"": "finished", ".partial": "unfinished"}.get(path.suffix, "leftover")
        if state == "unfinished" and self._held(path):
            state = "running"
        size, modified = measure(path)
        try:
            config = read(path / "config.json")["config"]
        except (OSError, ValueError, LookupError):
            config = None
        return Record(_id(path), path.parent.name, state, path, size, modified, config)

    def _held(self, path: Path) -> bool:
        try:
            with self._lock(path).acquire(timeout=0):
                return False
        except Timeout:
            return True
        except OSError:
            return False


def _load(folder: Path) -> Run:
    config, metrics, provenance = (
        read(folder / f"{name}.json") for name in ("config", "metrics", "provenance")
    )
    kind = folder.parent.name
    return Run(folder.name, kind, folder, config["config"], metrics, provenance)


def _id(path: Path) -> str:
    return path.name.split(".")[0]


@contextmanager
def _using(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        denied = isinstance(error, PermissionError) and str(error.filename).startswith(str(root))
        if error.errno in NO_ROOM or denied:
            raise _unusable(root, error) from error
        raise


def _unusable(root: Path, error: OSError) -> InputError:
    return InputError(
        "root",
        "be a readable folder on a writable file system with room left",
        f"{root} ({error.strerror})",
        "Free some space, or set MEMPAPER_RUNS to another folder, then repeat the command: "
        "finished work is kept.",
    )

"""The book: stale notebooks executed, pages rendered, verdicts summed up."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout

from . import pdf as printing
from .display import Display
from .errors import InputError
from .files import sha256, write_atomic
from .notebooks import catalogue, execution, side_by_side
from .notebooks.catalogue import Notebook, chapters
from .runs.provenance import cores

__all__ = ["BookFailed", "build", "chapters", "execute", "summary", "verdicts"]

VERDICT_MIME = "application/vnd.mempaper.verdict+json"
_MARKS = {"reproduced": "✓", "not reproduced": "✗", "not testable": "?"}
_UNKNOWN_SECONDS = 60
_PAGES_AT_ONCE = 2
"""A page alone leaves cores idle where it trains one model, imports or draws."""

_JUPYTER_BOOK = """
import os, threading
def follow():
    os.read(0, 1)  # which ends with the process that began this one
    os._exit(1)
threading.Thread(target=follow, daemon=True).start()
from jupyter_book.cli.main import main
main()
"""
_TOOLS = ("jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "sphinx-mathjax-offline")


class BookFailed(RuntimeError):
    """The pages could not be rendered: holds the end of the log and where the whole log lies."""


def build(
    profile: str = "laptop",
    *,
    pdf: Path | None = None,
    root: Path | None = None,
) -> Path:
    """Executes what is stale, renders the pages and returns the one to open.

    Finished notebooks are kept whatever happens, so that a repeated build continues; a second build
    of the same checkout waits for the first.

    pdf  a file for the whole book in print, which needs Chromium

    Raises
        InputError      an unknown profile, or one with illegal parameters; no Chromium
        NotebookFailed  a cell raised
        BookFailed      a page could not be rendered without a warning
        NotPrinted      Chromium failed
    """
    root = root or catalogue.find_root()
    if pdf is not None:
        printing.require_browser()
    notebooks = chapters(root)
    for notebook in notebooks:
        catalogue.effective(notebook.name, profile=profile, root=root)
    with _alone(root / "_build" / ".lock"), _terminated_as_interrupted():
        stale = [n for n in notebooks if not execution.is_fresh(n, profile)]
        _execute(stale, profile, root)
        page = _render(notebooks, profile, root)
        if pdf is not None:
            print("Printing the book; Chromium takes a minute or two", file=sys.stderr, flush=True)
            printing.print_book(page.parent, pdf)
    print(summary(notebooks, profile))
    print(f"\nThe book: {page}")
    if pdf is not None:
        print(f"In print: {pdf}")
    return page


def execute(names: Sequence[str], profile: str = "laptop", *, root: Path | None = None) -> None:
    """Executes those of these notebooks that are stale, side by side, for the book of a profile.

    A notebook that another process executes is waited for.

    Raises
        InputError      an unknown notebook or profile, or one with illegal parameters
        NotebookFailed  a cell raised
    """
    root = root or catalogue.find_root()
    notebooks = sorted({catalogue.locate(name, root) for name in names}, key=lambda n: n.name)
    for notebook in notebooks:
        catalogue.effective(notebook.name, profile=profile, root=root)
    locks = [root / "_build" / "locks" / profile / f"{n.name}.lock" for n in notebooks]
    with contextlib.ExitStack() as held, _terminated_as_interrupted():
        for lock in locks:
            held.enter_context(_alone(lock))
        _execute([n for n in notebooks if not execution.is_fresh(n, profile)], profile, root)
        for notebook in notebooks:
            execution.mark(notebook, profile)


def verdicts(notebook: Notebook, profile: str) -> list[dict]:
    """Returns the verdicts that the executed copy displays, in order, each with its claim."""
    path = execution.executed_path(notebook, profile)
    return execution.displayed(json.loads(path.read_text(encoding="utf-8")), VERDICT_MIME)


def summary(notebooks: list[Notebook], profile: str) -> str:
    """Returns one line for each claim that the executed copies judge, under a line of counts."""
    found = [(n.name, verdict) for n in notebooks for verdict in verdicts(n, profile)]
    counts = [
        f"{sum(v['verdict'] == kind for _, v in found)} {kind}"
        for kind in _MARKS
        if any(v["verdict"] == kind for _, v in found)
    ]
    head = f"{len(found)} claims judged with profile {profile}: {', '.join(counts) or 'none'}"
    columns = shutil.get_terminal_size((100, 24)).columns
    lines = []
    for name, verdict in found:
        line = f"  {_MARKS[verdict['verdict']]} {verdict['verdict']:<15} {verdict['statement']}"
        room = max(40, columns - len(name) - 3)
        line = line if len(line) <= room else line[: room - 1] + "…"
        lines.append(f"{line}  {name}")
    return "\n".join(["", head, *lines])


def _execute(stale: list[Notebook], profile: str, root: Path) -> None:
    expected = catalogue.load_profile(profile, root).seconds
    work = {}
    for notebook in stale:
        made = execution.record(execution.executed_path(notebook, profile)) or {}
        guess = expected.get(notebook.name, _UNKNOWN_SECONDS)
        work[notebook.name] = float(max(made.get("seconds", 0), guess))
    longest_first = sorted(work, key=work.__getitem__, reverse=True)
    at_once = min(_PAGES_AT_ONCE, cores() or 1)
    with tempfile.TemporaryDirectory(prefix="mempaper-") as folder:
        channel = partial(side_by_side.channel, Path(folder))
        with Display(work, channel, at_once) as display:
            executed = side_by_side.run_all(
                longest_first, profile=profile, root=root, folder=Path(folder), at_once=at_once
            )
            for name, cell in executed:
                display.show(name, cell)


def _render(notebooks: list[Notebook], profile: str, root: Path) -> Path:
    build_folder = root / "_build"
    page, stamp = build_folder / "html" / "index.html", build_folder / "rendered.json"
    index = build_folder / "html" / "searchindex.js"
    inputs = _inputs(notebooks, profile, root)
    with contextlib.suppress(OSError, ValueError):
        written = [inputs, index.stat().st_mtime_ns]
        if page.is_file() and json.loads(stamp.read_text()) == written:
            return page
    begun = build_folder / "rendering"
    if begun.exists():  # killed in its midst: pages that it left are newer than what they show
        for left in ("html", ".doctrees"):
            shutil.rmtree(build_folder / left, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    write_atomic(begun, b"")
    print("Rendering the pages", file=sys.stderr, flush=True)
    command = [sys.executable, "-c", _JUPYTER_BOOK]
    command += ["build", str(root), "--toc", str(root / "book" / "_toc.yml")]
    command += ["--path-output", str(root), "--warningiserror", "--keep-going", "--quiet"]
    status, said = _following(command, root, profile)
    if status >= 0:
        begun.unlink()
    log = build_folder / "book.log"
    write_atomic(log, said.encode())
    if status:
        tail = "\n".join(said.strip().splitlines()[-25:])
        raise BookFailed(f"The pages were not rendered:\n{tail}\nThe whole log: {log}")
    write_atomic(stamp, json.dumps([inputs, index.stat().st_mtime_ns]).encode())
    return page


def _following(command: list[str], root: Path, profile: str) -> tuple[int, str]:
    """Returns the status and output of a process that ends with this one, however that ends."""
    process = subprocess.Popen(
        command,
        cwd=root,
        env=os.environ | {"MEMPAPER_PROFILE": profile, "MEMPAPER_ROOT": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = process.stdout.read()
        return process.wait(), said
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _inputs(notebooks: list[Notebook], profile: str, root: Path) -> dict[str, str]:
    """Returns everything that the pages are made of, each file by its content."""
    files = [root / "_config.yml", root / "pyproject.toml", *(n.source for n in notebooks)]
    files += [execution.executed_path(n, profile) for n in notebooks]
    for folder in ("book", "mempaper", "results", "profiles"):
        found = (root / folder).rglob("*")
        files += [p for p in found if "__pycache__" not in p.parts and p.name[0] != "."]
    inputs = {p.relative_to(root).as_posix(): sha256(p) for p in sorted(files) if p.is_file()}
    tools = " ".join(f"{tool} {version(tool)}" for tool in _TOOLS)
    return inputs | {"profile": profile, "tools": hashlib.sha256(tools.encode()).hexdigest()}


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = lock.acquire(timeout=0)
    except Timeout:
        print(f"Another build holds {path}; waiting for it.", file=sys.stderr)
        held = lock.acquire()
    except OSError as error:
        raise InputError(
            "the checkout",
            "be in a folder that can be written, with room left",
            f"{path.parent} ({error.strerror})",
            "Free some space, or build in a copy of it elsewhere.",
        ) from error
    with held:
        yield


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Turns SIGTERM into KeyboardInterrupt, so that kernels are shut down and locks released."""

    def interrupt(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

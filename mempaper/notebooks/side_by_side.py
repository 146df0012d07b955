"""Notebooks executed side by side, each by a process of its own."""

import contextlib
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path

from .. import parallel
from ..errors import InputError
from ..runs.provenance import cores
from . import execution
from .execution import NotebookFailed

__all__ = ["channel", "run_all"]

_IMPORTED = (
    "mempaper.notebooks.spare",
    "papermill",
    "ipykernel.kernelapp",
    "mempaper.experiments",
    "mempaper.plotting",
    "mempaper.claims",
    "sklearn.datasets",
)
"""What all pages need, imported once for the whole book."""


def channel(folder: Path, name: str) -> Path:
    """Returns the file in `folder` where the notebook reports its own step, see progress.track."""
    return folder / name.replace("/", ".")


def run_all(
    names: Iterable[str],
    *,
    profile: str,
    root: Path,
    folder: Path,  # of the channels
    at_once: int,
) -> Iterator[tuple[str, str | None]]:
    """Executes notebooks in their order, `at_once` of them side by side on as many of the cores
    each.

    Yields (name, "cell 3 of 12") as a cell starts, and (name, None) when a notebook is finished.
    The first error, an interruption too, stops those under way; what is finished is kept.

    Raises
        InputError, NotebookFailed  as execution.run; or the process died
    """
    threads = max(1, (cores() or 1) // at_once)
    waiting, running = deque(names), {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                name = waiting.popleft()
                messages, sender = Pipe(duplex=False)
                path = channel(folder, name)
                process = parallel.start(
                    _execute, (name, profile, root, path, threads, sender), imported=_IMPORTED
                )
                sender.close()
                running[messages] = name, process
            for messages in wait(list(running)):
                name, process = running[messages]
                try:
                    message = messages.recv()
                except EOFError:
                    del running[messages]
                    process.join()
                    if process.exitcode:
                        raise NotebookFailed(_died(name, process.exitcode)) from None
                    yield name, None
                    continue
                if isinstance(message, Exception):
                    raise message
                yield name, message
    finally:
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.join()


def _execute(
    name: str, profile: str, root: Path, path: Path, threads: int, sender: Connection
) -> None:
    from .spare import spare_kernel

    parallel.limit_threads(threads)
    with spare_kernel() as kernel, contextlib.suppress(KeyboardInterrupt):
        parallel.follow_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            execution.run(
                name,
                profile=profile,
                root=root,
                report=sender.send,
                channel=path,
                kernel=kernel,
            )
        except (InputError, NotebookFailed) as error:
            sender.send(error)


def _died(name: str, status: int) -> str:
    return (
        f"notebooks/{name}.py stopped: the process that executed it ended with status {status}.\n"
        "Out of memory, or killed, unless a traceback is printed above. Build again to continue."
    )

"""Independent jobs on all cores, one thread each, so that results do not depend on their number."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent import futures
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment
from lightning_fabric.strategies import DDPStrategy
from threadpoolctl import threadpool_limits
from torch.multiprocessing import ProcessExitedException, ProcessRaisedException, start_processes

from .progress import CHANNEL, track
from .runs.provenance import cores

__all__ = [
    "WorkerLost",
    "follow_parent",
    "hired",
    "launch",
    "limit_threads",
    "one_thread",
    "run",
    "start",
]

_hired: ProcessPoolExecutor | None = None


class WorkerLost(RuntimeError):
    """A worker died, and with it the jobs that had not ended: says what to do."""


@contextmanager
def one_thread():
    """Computes on one thread: sums over several are added up in an order that their number sets.

    That goes for torch and for libraries imported before.
    """
    before = torch.get_num_threads()
    with threadpool_limits(1):
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def limit_threads(count: int) -> None:
    """Has this process compute on so many threads from now on, with libraries that it has imported
    and that it will import."""
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(count))
    threadpool_limits(count)
    torch.set_num_threads(count)


def run(
    function: Callable[..., Any],
    jobs: Iterable[Mapping[str, Any]],
    *,
    description: str = "working",
    workers: int | None = None,  # processes; None: one for each core, or one beside a GPU
) -> list[Any]:
    """Returns function(**job) of all jobs, in their order; `function` is at a module's top level.

    An error in a job is raised here once the jobs that had begun are done. Jobs still waiting are
    given up; jobs that ended keep what they stored.

    Raises
        WorkerLost  a worker was killed
    """
    jobs = list(jobs)
    hired = _hired if workers is None and function.__module__ != "__main__" else None
    workers = min(_workers() if workers is None else workers, len(jobs))
    if workers <= 1:
        with one_thread():
            return [function(**job) for job in track(jobs, description)]
    if hired is not None:
        return _run(hired, function, jobs, description)
    with ProcessPoolExecutor(workers, _context(function), initializer=_begin) as pool:
        return _run(pool, function, jobs, description)


def _run(
    pool: ProcessPoolExecutor,
    function: Callable[..., Any],
    jobs: Sequence[Mapping[str, Any]],
    description: str,
) -> list[Any]:
    with _script_out_of_sight(function):
        given = [pool.submit(function, **job) for job in jobs]
    try:
        with track(description=description, total=len(jobs)) as bar:
            for done in futures.as_completed(given):
                done.result()
                bar.update()
    except BrokenProcessPool as error:
        left = sum(future.exception() is not None for future in given)
        raise WorkerLost(
            f"A process that worked at {description} was killed, perhaps because memory was short; "
            f"{left} of {len(given)} jobs are not done. Repeat the same command: what they had "
            "stored is kept. If it happens again, free memory or give it fewer cores."
        ) from error
    except BaseException:
        for future in given:
            future.cancel()
        futures.wait(given)
        raise
    return [future.result() for future in given]


def _workers() -> int:
    return 1 if torch.cuda.is_available() else cores() or 1


@contextmanager
def hired() -> Iterator[None]:
    """Has all calls of `run` share workers, which know what this process has imported.

    To be entered while this process has one thread, since it is forked.
    """
    global _hired
    if (workers := _workers()) <= 1:
        yield
        return
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, fork, initializer=_begin) as pool:
        pool.submit(int).result()
        _hired = pool
        try:
            yield
        finally:
            _hired = None


def start(
    function: Callable[..., None],
    arguments: Sequence[Any],
    *,
    imported: Sequence[str] = (),  # modules that all such processes share
) -> multiprocessing.process.BaseProcess:
    """Returns a process that has begun function(*arguments); `function` as for `run`."""
    process = _context(function, imported).Process(target=function, args=arguments)
    with _script_out_of_sight(function):
        process.start()
    return process


def launch(
    function: Callable[..., None], *arguments: Any, devices: int, precision: str = "32-true"
) -> None:
    """Calls function(fabric, *arguments) in a process for each device, whose fabrics belong
    together; `function` as for `run`.

    Raises
        RuntimeError  one of the processes failed, with what it said
        WorkerLost    one of them was killed
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        # Fabric would not start processes from a notebook.
        with _script_out_of_sight(function):
            start_processes(_launched, (devices, precision, port, function, arguments), devices)
    except ProcessRaisedException as error:
        raise RuntimeError(str(error).strip().splitlines()[-1]) from error
    except ProcessExitedException as error:
        raise WorkerLost(
            f"One of {devices} processes was killed, perhaps because memory was short. "
            "Repeat the same command: it continues from what was stored. If it happens again, "
            "free memory or use fewer devices."
        ) from error


def _launched(
    rank: int,
    devices: int,
    precision: str,
    port: int,
    function: Callable[..., None],
    arguments: Sequence[Any],
) -> None:
    _obey()
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "LOCAL_RANK": str(rank)}
    fabric = Fabric(
        devices=devices,
        strategy=DDPStrategy(),
        precision=precision,
        plugins=LightningEnvironment(),  # and not that of the cluster's job
    )
    fabric.launch()
    function(fabric, *arguments)


def follow_parent() -> None:
    """Ends this worker with the process that started it, however that ends."""
    parent = multiprocessing.parent_process()

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _context(
    function: Callable[..., Any], imported: Sequence[str] = ()
) -> multiprocessing.context.BaseContext:
    """Returns processes that share one import of the function's module, where the system can."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([function.__module__, *imported])
    return context


@contextmanager
def _script_out_of_sight(function: Callable[..., Any]) -> Iterator[None]:
    """Keeps new workers from running the caller's script, where they do not need it for `function`.

    Python has every worker import the main module. A script that calls `run` outside of
    `if __name__ == "__main__"` would start workers in each worker.
    """
    main = vars(sys.modules["__main__"])
    names = () if function.__module__ == "__main__" else ("__file__", "__spec__")
    hidden = {name: main.pop(name) for name in names if name in main}
    main.setdefault("__spec__", None)
    try:
        yield
    finally:
        main.update(hidden)


def _begin() -> None:
    """Silences the worker's own bars, gives it one thread, and ends it with its parent."""
    os.environ[CHANNEL] = os.devnull
    limit_threads(1)
    _obey()


def _obey() -> None:
    """Ends this process on an interrupt, and with its parent."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    follow_parent()

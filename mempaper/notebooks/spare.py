"""A kernel that waits, as a copy of this process, for the notebook it will execute.

It has imported what this process has, and so have its workers: neither imports torch again.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from .. import parallel

__all__ = ["spare_kernel"]


@contextmanager
def spare_kernel() -> Iterator[type[AsyncKernelManager] | None]:
    """Yields a manager of one kernel, which nbclient uses as any other; None but on Linux.

    The kernel ends with the context: nbclient leaves it running where it is interrupted itself.
    To be entered while this process has one thread, since it is forked, which libraries of other
    systems do not survive.
    """
    if sys.platform != "linux":
        yield None
        return
    orders, sender = Pipe(duplex=False)
    forked = multiprocessing.get_context("fork").Process(target=_serve, args=(orders, sender))
    forked.start()
    orders.close()

    class Manager(AsyncKernelManager):
        def __init__(self, **options: Any):
            super().__init__(**options)
            self.provisioner = _Provisioner(
                kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
            )
            self.provisioner.spare = forked, sender

    try:
        yield Manager
    finally:
        forked.kill()
        forked.join()
        sender.close()


class _Provisioner(LocalProvisioner):
    """Sends the command to the waiting process instead of starting one."""

    spare: tuple[multiprocessing.process.BaseProcess, Connection]

    async def launch_kernel(
        self, cmd: Sequence[str], *, env: Mapping[str, str], cwd: str | None = None, **_: Any
    ) -> dict[str, Any]:
        forked, sender = self.spare
        arguments = cmd[cmd.index("-f") :]
        sender.send((arguments, dict(env), cwd or os.getcwd()))
        self.process, self.pid, self.pgid = _Process(forked), forked.pid, forked.pid
        return self.connection_info


class _Process:
    """The part of subprocess.Popen that a LocalProvisioner uses."""

    stdin = stdout = stderr = None

    def __init__(self, forked: multiprocessing.process.BaseProcess):
        self._forked = forked
        self.kill, self.terminate = forked.kill, forked.terminate

    def poll(self) -> int | None:
        return self._forked.exitcode

    def wait(self) -> int | None:
        self._forked.join()
        return self._forked.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self._forked.pid, number)


def _serve(orders: Connection, sender: Connection) -> None:
    import matplotlib
    import pandas
    from ipykernel.kernelapp import IPKernelApp

    sender.close()
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with parallel.hired():
        try:
            arguments, environment, folder = orders.recv()
        except EOFError:
            return
        parallel.follow_parent()
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        # Both look at their surroundings as they are imported, which was outside of a kernel.
        matplotlib.rcParams["backend"] = environment["MPLBACKEND"]
        pandas.set_option("display.max_columns", 20)
        IPKernelApp.launch_instance(arguments)

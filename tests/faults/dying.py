"""A job that kills its worker; apart, so that workers import nothing else."""

import os
import signal
from pathlib import Path


def die_or_keep(folder, number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    Path(folder, str(number)).touch()

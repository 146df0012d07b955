"""Progress of a long step: a bar on a terminal, one line for the build that started it."""

import io
import os
import sys
from pathlib import Path

from tqdm import tqdm

__all__ = ["CHANNEL", "track"]

CHANNEL = "MEMPAPER_PROGRESS"
"""The environment variable that names the file in which a build reads its notebooks' progress."""


class _Relay(tqdm):
    """A bar whose text goes to the build's file, so that none lands in a notebook's page."""

    def display(self, msg=None, pos=None):
        state = self.format_dict
        rate = state["rate"] or (state["n"] / state["elapsed"] if state["elapsed"] else 0)
        line = f"{self.desc} {state['n']}" + (f"/{state['total']}" if state["total"] else "")
        if state["total"] and rate:
            line += f", {tqdm.format_interval((state['total'] - state['n']) / rate)} left"
        Path(os.environ[CHANNEL]).write_text(line, encoding="utf-8")


def track(
    iterable=None,
    description: str = "",
    *,
    total: int | None = None,
    initial: int = 0,  # steps that an earlier, interrupted attempt has done
    show: bool = True,
) -> tqdm:
    """Returns `iterable` as a tqdm bar, or with `total` alone a bar to `update(n)` by hand.

    Shown on a terminal and in an interactive notebook; silent elsewhere. Inside a build the line
    "description done/total, time left" goes to the file that MEMPAPER_PROGRESS names.
    """
    settings = {"desc": description, "total": total, "initial": initial, "leave": False}
    if show and os.environ.get(CHANNEL):
        return _Relay(iterable, file=io.StringIO(), mininterval=0.5, **settings)
    shown = show and (sys.stderr.isatty() or "ipykernel.ipkernel" in sys.modules)
    return tqdm(iterable, disable=not shown, **settings)

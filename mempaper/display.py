"""One bar over several notebooks, with the time left and the steps under way."""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tqdm import tqdm

__all__ = ["Display"]


class Display:
    """Shows how far `work` (name -> expected seconds) has come, until the context ends.

    On a terminal one bar is redrawn twice a second; elsewhere a line is printed as each notebook
    starts and for each under way every half minute. `at_once` notebooks run side by side;
    `channel(name)` is the file in which one reports its own step, see `progress.track`.
    """

    def __init__(self, work: Mapping[str, float], channel: Callable[[str], Path], at_once: int):
        self.work, self.channel, self.at_once = dict(work), channel, at_once
        self._cells: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._finished: list[str] = []
        self._stop = threading.Event()
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> "Display":
        self._bar = tqdm(
            total=round(sum(self.work.values())),
            bar_format="{desc} {percentage:3.0f}%|{bar:16}| {elapsed}{postfix}",
            dynamic_ncols=True,
            leave=False,
            disable=not self._terminal,
        )
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._thread.join()
        self._bar.close()

    def show(self, name: str, cell: str | None) -> None:
        """Takes note that a notebook has come to a cell, or with None to its end."""
        if cell is None:
            self._finished.append(name)
            del self._cells[name]
            return
        if name not in self._began:
            self._began[name] = time.monotonic()
            if not self._terminal:
                place = f"[{len(self._began)}/{len(self.work)}] {name}"
                print(f"{place}, {self._left()}", file=sys.stderr, flush=True)
        self._cells[name] = cell

    def _tick(self) -> None:
        printed = time.monotonic()
        while not self._stop.wait(0.5):
            steps = {name: self._step(name, cell) for name, cell in self._cells.copy().items()}
            if self._terminal:
                self._bar.n = round(min(self._done(), self._bar.total * 0.99))
                place = f"{len(self._finished)} of {len(self.work)} pages"
                self._bar.set_description_str(place, refresh=False)
                under_way = "; ".join(f"{Path(name).name}: {steps[name]}" for name in steps)
                self._bar.set_postfix_str(f"{self._left()} · {under_way}")
            elif time.monotonic() - printed > 30:
                printed = time.monotonic()
                for name, step in steps.items():
                    line = f"    {Path(name).name}: {step}; {self._left()}"
                    print(line, file=sys.stderr, flush=True)

    def _done(self) -> float:
        now = time.monotonic()
        spent = (min(now - self._began[name], self.work[name]) for name in self._cells.copy())
        return sum((self.work[name] for name in self._finished), sum(spent, 0.0))

    def _left(self) -> str:
        unfinished = max(1, len(self.work) - len(self._finished))
        left = (sum(self.work.values()) - self._done()) / min(self.at_once, unfinished)
        return f"about {tqdm.format_interval(max(1, left))} left"

    def _step(self, name: str, cell: str) -> str:
        try:
            inner = self.channel(name).read_text(encoding="utf-8")
        except OSError:
            inner = ""
        return " · ".join(filter(None, (cell, inner)))

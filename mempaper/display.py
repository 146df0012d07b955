"""One bar over several notebooks, with the time left and the step under way."""

import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from tqdm import tqdm

__all__ = ["Display"]


class Display:
    """Shows how far `work` (name -> expected seconds) has come, until the context ends.

    On a terminal one bar is redrawn twice a second; elsewhere a line is printed as each notebook
    starts and every half minute. `channel` is the file in which the notebook under way reports its
    own step, see `progress.track`.
    """

    def __init__(self, work: Mapping[str, float], channel: Path):
        self.work, self.channel = dict(work), channel
        self.name, self.cell, self.finished = "", "", []
        self._began = self._printed = time.monotonic()
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

    def start(self, name: str) -> None:
        """Begins the notebook `name`; the one before counts as finished."""
        self.finish()
        self.channel.unlink(missing_ok=True)
        self._began = self._printed = time.monotonic()
        self.name, self.cell = name, ""
        if not self._terminal:
            print(f"{self._place()}, {self._left()}", file=sys.stderr, flush=True)

    def finish(self) -> None:
        """Counts the notebook under way as finished."""
        if self.name:
            self.finished.append(self.name)
        self.name = ""

    def _tick(self) -> None:
        while not self._stop.wait(0.5):
            if not self.name:
                continue
            if self._terminal:
                self._bar.n = round(min(self._done(), self._bar.total * 0.99))
                self._bar.set_description_str(self._place(), refresh=False)
                self._bar.set_postfix_str(f"{self._left()} · {self._step()}")
            elif time.monotonic() - self._printed > 30:
                self._printed = time.monotonic()
                print(f"    {self._step()}; {self._left()}", file=sys.stderr, flush=True)

    def _done(self) -> float:
        here = min(time.monotonic() - self._began, self.work.get(self.name, 0))
        return sum(self.work[name] for name in self.finished) + here

    def _place(self) -> str:
        return f"[{len(self.finished) + 1}/{len(self.work)}] {self.name}"

    def _left(self) -> str:
        return f"about {tqdm.format_interval(max(1, sum(self.work.values()) - self._done()))} left"

    def _step(self) -> str:
        try:
            inner = self.channel.read_text(encoding="utf-8")
        except OSError:
            inner = ""
        return " · ".join(part for part in (self.cell, inner) if part) or "starting"

"""Recorded results: tables of runs that take longer than a book build, with their provenance.

A notebook offers a table with `Offer`; `mempaper notebook run --record` takes what the executed
copy offers to results/: NAME.csv holds the table, NAME.json what made it.
"""

import html
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from .errors import InputError
from .files import write_atomic
from .notebooks.catalogue import find_root
from .runs import provenance

__all__ = ["Offer", "Recorded", "Sourced", "record", "recorded"]

TABLE_MIME = "application/vnd.mempaper.table+json"


@dataclass(frozen=True)
class Offer:
    """A table that a notebook offers for recording, as the last value of a cell."""

    name: str
    table: pd.DataFrame

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        content = self.table.to_csv(index=False, float_format="%.6g")
        return {
            TABLE_MIME: {"name": self.name, "csv": content},
            "text/plain": f"{self.name}: {len(self.table)} rows",
        }


@dataclass(frozen=True)
class Recorded:
    """A recorded table and what made it."""

    table: pd.DataFrame
    source: dict[str, Any]

    def show(self, text: pd.DataFrame) -> "Sourced":
        """Returns `text`, a readable form of the table, with the provenance below it."""
        made = self.source
        line = (
            f"Recorded {made['executed'][:10]}: profile {made['profile']}, seed "
            f"{made['parameters'].get('seed')}, {made['notebook']}.py at commit "
            f"{(made['commit'] or 'unknown')[:10]}, mempaper {made['version']}, "
            f"{made['machine']}, {made['seconds'] / 3600:.1f} h."
        )
        return Sourced(text, line)


@dataclass(frozen=True)
class Sourced:
    """A table that this build did not compute, with a line that says where it is from."""

    text: pd.DataFrame
    line: str

    def _repr_html_(self) -> str:
        note = f'<p class="mempaper-provenance">{html.escape(self.line)}</p>'
        return f'<div class="mempaper-recorded">{self.text.to_html()}{note}</div>'

    def __repr__(self) -> str:
        return f"{self.text}\n{self.line}"


def record(executed: Path, *, root: Path | None = None) -> list[Path]:
    """Writes every table that an executed notebook offers into results/ and returns the files.

    Raises
        InputError  it offers none
    """
    folder = (root or find_root()) / "results"
    notebook = json.loads(executed.read_text(encoding="utf-8"))
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", []))
    offers = [o["data"][TABLE_MIME] for o in outputs if TABLE_MIME in o.get("data", {})]
    if not offers:
        raise InputError(
            "--record",
            "be given for a notebook that offers a table",
            executed.name,
            "End one of its cells with results.Offer(name, table).",
        )
    source = provenance() | notebook["metadata"]["mempaper"]
    written = []
    for offer in offers:
        path = folder / f"{offer['name']}.csv"
        write_atomic(path, offer["csv"].encode())
        content = json.dumps(source, indent=2, sort_keys=True) + "\n"
        write_atomic(path.with_suffix(".json"), content.encode())
        written.append(path)
    return written


def recorded(name: str, *, root: Path | None = None) -> Recorded:
    """Returns what is recorded under `name`.

    Raises
        InputError  nothing is
    """
    folder = (root or find_root()) / "results"
    path = folder / f"{name}.csv"
    source = path.with_suffix(".json")
    if not (path.exists() and source.exists()):
        known = ", ".join(sorted(p.stem for p in folder.glob("*.csv"))) or "nothing"
        raise InputError("name", "be a recorded result", repr(name), f"Recorded: {known}.")
    table = pd.read_csv(io.StringIO(path.read_text(encoding="utf-8")))
    return Recorded(table, json.loads(source.read_text(encoding="utf-8")))

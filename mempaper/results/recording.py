"""Recorded results: runs that take longer than a book build, with their provenance.

`mempaper notebook record` executes a notebook once for each seed and takes to results/ the tables
that the copies offer with `Offer`, and the verdicts that they display: NAME.csv holds the table,
NAME.json what made it.
"""

import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..claims import VERDICT_MIME
from ..errors import InputError
from ..files import write_atomic
from ..notebooks.catalogue import find_root
from ..notebooks.execution import displayed
from ..runs import provenance
from ..runs.provenance import machine, now

__all__ = [
    "Offer",
    "Recorded",
    "Sourced",
    "described",
    "executions",
    "made_by",
    "record",
    "recorded",
    "write",
]

TABLE_MIME = "application/vnd.mempaper.table+json"
VERDICTS = "_verdicts"
"""How the names of recorded verdicts end."""


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

    @property
    def line(self) -> str:
        """Returns what made the table, in a sentence."""
        return described(self.source)

    def show(self, text: pd.DataFrame) -> "Sourced":
        """Returns `text`, a readable form of the table, with the provenance below it."""
        return Sourced(text, self.line)


def described(source: Mapping[str, Any]) -> str:
    """Returns what made something recorded, in a sentence.

    >>> described({
    ...     "executed": "2026-11-22T10:00:00", "profile": "real", "seeds": [0, 1], "commit": None,
    ...     "notebook": "one/page", "version": "0.1.0", "machine": "two cores", "seconds": 5400,
    ... })
    'Recorded 2026-11-22: profile real, seeds 0, 1, one/page.py at commit unknown, mempaper 0.1.0,
    two cores, 1.5 h.'
    """
    several = "s" * (len(source["seeds"]) > 1)
    return (
        f"Recorded {source['executed'][:10]}: profile {source['profile']}, "
        f"seed{several} {', '.join(map(str, source['seeds']))}, {source['notebook']}.py at commit "
        f"{(source['commit'] or 'unknown')[:10]}, mempaper {source['version']}, "
        f"{source['machine']}, {_duration(source['seconds'])}."
    )


def _duration(seconds: float | int) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class Sourced:
    """A table that this build did not compute, with a line that says where it is from."""

    text: pd.DataFrame
    line: str

    def _repr_html_(self) -> str:
        note = f'<p class="mempaper-provenance">{html.escape(self.line)}</p>'
        table = self.text.to_html(float_format="{:.2e}".format)
        scrolled = f'<div class="pst-scrollable-table-container">{table}</div>'
        return f'<div class="mempaper-recorded">{scrolled}{note}</div>'

    def __repr__(self) -> str:
        return f"{self.text}\n{self.line}"


def executions(
    parameters: Mapping[str, Any],
    seeds: Sequence[int] | None = None,  # None: 0, 1, 2, or the notebook's own
) -> list[dict[str, Any]]:
    """Returns the parameters that each execution of a recording sets: one execution for each seed,
    but one for all where the notebook takes its intervals over seeds.

    >>> executions({"seed": 0}), executions({"seeds": [0, 1]}, [4, 5])
    ([{'seed': 0}, {'seed': 1}, {'seed': 2}], [{'seeds': [4, 5]}])
    """
    usual = parameters.get("seeds")
    if usual and len(usual) > 1:
        return [{"seeds": list(seeds or usual)}]
    chosen = seeds or (0, 1, 2)
    return [{"seeds": [seed]} if usual else {"seed": seed} for seed in chosen]


def record(executed: Sequence[Path], *, root: Path | None = None) -> list[Path]:
    """Writes what executed copies of a notebook hold into results/ and returns the files.

    Copies differ in their seed. Rows of tables that are offered under one name go one below the
    other. The verdicts go to NOTEBOOK_DATASET_verdicts.csv: one row for each number that decided a
    claim, see `claims.numbers`.

    Raises
        InputError  the copies neither offer a table nor display a verdict

    >>> record([Path("executed/table_1.ipynb")])  # doctest: +SKIP
    [PosixPath('results/table_1_mnist_verdicts.csv')]
    """
    copies = [json.loads(path.read_text(encoding="utf-8")) for path in executed]
    made = [
        {k: v for k, v in copy["metadata"]["mempaper"].items() if k != "sha256"} for copy in copies
    ]
    tables: dict[str, list[pd.DataFrame]] = {}
    for copy, origin in zip(copies, made, strict=True):
        for offer in displayed(copy, TABLE_MIME):
            table = pd.read_csv(io.StringIO(offer["csv"]))
            tables.setdefault(offer["name"], []).append(table)
        if rows := _decided(displayed(copy, VERDICT_MIME), origin["parameters"]):
            tables.setdefault(_verdicts_name(origin), []).append(pd.DataFrame(rows))
    if not tables:
        raise InputError(
            "name",
            "be that of a notebook that offers a table or judges a claim",
            executed[0].stem,
            "End one of its cells with results.Offer(name, table).",
        )
    source = provenance() | made[-1] | {"seconds": sum(origin["seconds"] for origin in made)}
    source["seeds"] = [seed for origin in made for seed in _seeds(origin["parameters"])]
    return [
        write(name, pd.concat(parts, ignore_index=True), source, root=root)
        for name, parts in tables.items()
    ]


def made_by(
    script: str,
    *,
    profile: str,
    seeds: Sequence[int],
    seconds: float,
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """Returns what `write` is to say of tables that a script makes now, and no notebook.

    script  its path in the checkout, without suffix

    >>> made_by("a/script", profile="laptop", seeds=[0], seconds=1.0, parameters={})["notebook"]
    'a/script'
    """
    origin = provenance()
    return origin | {
        "executed": now(),
        "machine": machine(origin),
        "notebook": script,
        "profile": profile,
        "seconds": round(seconds, 1),
        "seeds": list(seeds),
        "version": origin["mempaper"],
        "parameters": dict(parameters),
    }


def write(
    name: str, table: pd.DataFrame, source: Mapping[str, Any], *, root: Path | None = None
) -> Path:
    """Writes a table and what made it to results/NAME.csv and .json, and returns the former.

    >>> from pathlib import Path
    >>> import pandas as pd
    >>> write("example", pd.DataFrame({"n": [1]}), {"seeds": [0]}, root=Path.cwd()).name
    'example.csv'
    """
    path = (root or find_root()) / "results" / f"{name}.csv"
    write_atomic(path, table.to_csv(index=False, float_format="%.6g").encode())
    content = json.dumps(source, indent=2, sort_keys=True) + "\n"
    write_atomic(path.with_suffix(".json"), content.encode())
    return path


def _seeds(parameters: Mapping[str, Any]) -> list[int]:
    return parameters["seeds"] if "seeds" in parameters else [parameters["seed"]]


def _datasets(parameters: Mapping[str, Any]) -> str:
    return "_".join(parameters.get("datasets") or [parameters["dataset"]])


def _verdicts_name(origin: Mapping[str, Any]) -> str:
    name = origin["notebook"].rpartition("/")[2]
    return f"{name}_{_datasets(origin['parameters'])}{VERDICTS}"


def _decided(verdicts: list[dict[str, Any]], parameters: Mapping[str, Any]) -> list[dict]:
    return [
        {
            "claim": verdict["claim"],
            "verdict": verdict["verdict"],
            "dataset": _datasets(parameters),
            "seed": "+".join(map(str, _seeds(parameters))),
            "quantity": quantity,
            **values,
        }
        for verdict in verdicts
        for quantity, values in verdict["numbers"].items()
    ]


def recorded(name: str, *, root: Path | None = None) -> Recorded:
    """Returns what is recorded under `name`.

    Raises
        InputError  nothing is

    >>> recorded("table_1_mnist").source["profile"]
    'real'
    """
    folder = (root or find_root()) / "results"
    path = folder / f"{name}.csv"
    source = path.with_suffix(".json")
    if not (path.exists() and source.exists()):
        known = ", ".join(sorted(p.stem for p in folder.glob("*.csv"))) or "nothing"
        raise InputError("name", "be a recorded result", repr(name), f"Recorded: {known}.")
    table = pd.read_csv(io.StringIO(path.read_text(encoding="utf-8")))
    return Recorded(table, json.loads(source.read_text(encoding="utf-8")))

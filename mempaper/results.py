"""Recorded results: small tables of runs that take longer than a book build, with their provenance.

results/<name>.csv holds the table and results/<name>.json what made it: profile, parameters, seeds,
commit, machine, versions and date.
"""

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from .errors import InputError
from .files import write_atomic
from .notebooks.catalogue import find_root
from .runs import provenance
from .runs.provenance import now

__all__ = ["record", "recorded"]


def record(
    name: str, table: pd.DataFrame, *, parameters: dict[str, Any], root: Path | None = None
) -> Path:
    """Writes results/<name>.csv and .json in the checkout and returns the path of the table."""
    folder = (root or find_root()) / "results"
    source = provenance() | {
        "recorded": now(),
        "profile": os.environ.get("MEMPAPER_PROFILE", "by hand"),
        "parameters": parameters,
    }
    path = folder / f"{name}.csv"
    write_atomic(path, table.to_csv(index=False, float_format="%.6g").encode())
    write_atomic(folder / f"{name}.json", json.dumps(source, indent=2, default=str).encode())
    return path


def recorded(name: str, *, root: Path | None = None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Returns the recorded table and its provenance.

    Raises
        InputError  nothing is recorded under that name
    """
    folder = (root or find_root()) / "results"
    path = folder / f"{name}.csv"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.csv"))) or "nothing"
        raise InputError("name", "be a recorded result", repr(name), f"Recorded: {known}.")
    return pd.read_csv(path), json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))

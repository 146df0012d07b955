"""Two executions of a notebook held against each other, as one page that needs no network."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from ..errors import InputError
from . import html_tables
from .cells import split_options

__all__ = ["Difference", "Execution", "difference", "page", "read"]

_VERDICT = "application/vnd.mempaper.verdict+json"
_ROLE = re.compile(r"\{[a-z:]+\}`([^`]*)`")
_IMAGES = ("image/png", "image/svg+xml")


@dataclass(frozen=True)
class Execution:
    """What an executed copy holds of figures, tables and verdicts.

    made      what made it, see notebooks.record
    captions  label -> caption, of figures and tables in their order
    figures   label -> addresses of the images, with their content in them
    tables    label -> tables
    verdicts  claim -> verdict, and in `statements` its words
    """

    made: Mapping[str, Any]
    captions: Mapping[str, str]
    figures: Mapping[str, list[str]]
    tables: Mapping[str, list[html_tables.Table]]
    verdicts: Mapping[str, str]
    statements: dict[str, str]


@dataclass(frozen=True)
class Difference:
    """Two executions of one notebook; each list pairs what the first has with what the second has.

    parameters  (name, value, value) of those that differ, of mappings "training.glo.steps"
    verdicts    (statement, verdict, verdict) of all; "not judged" where one execution has none
    figures     (label, images, images)
    tables      (label, tables, tables), in which cells that differ are marked
    """

    first: Execution
    second: Execution
    parameters: list[tuple[str, str, str]]
    verdicts: list[tuple[str, str, str]]
    figures: list[tuple[str, list[str], list[str]]]
    tables: list[tuple[str, list[html_tables.Table], list[html_tables.Table]]]

    def caption(self, label: str) -> str:
        """Returns the caption of a figure or table, the second's where both have one."""
        return self.second.captions.get(label) or self.first.captions[label]

    def changed_cells(self, label: str) -> int:
        """Returns how many cells of the second's table the first's has not."""
        found = next(second for name, _, second in self.tables if name == label)
        return sum(cell.differs for table in found for row in table.rows for cell in row)


def read(path: Path) -> Execution:
    """Returns what the executed copy at `path` holds.

    Raises
        InputError  there is no file, or it is no notebook that mempaper executed
    """
    try:
        copy = json.loads(path.read_text(encoding="utf-8"))
        made = copy["metadata"]["mempaper"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            "an execution",
            "be the .ipynb file that `mempaper notebook run` wrote, or the name of a notebook",
            path,
            "Execute the notebook first.",
        ) from None
    captions, figures, tables = {}, {}, {}
    for cell in copy["cells"]:
        options, _ = split_options(_text(cell["source"]))
        if not options:
            continue
        label = options.get("figure") or options["table"]
        captions[label] = _ROLE.sub(r"\1", options["caption"]).replace("$", "").strip()
        if "figure" in options:
            figures[label] = list(_images(cell))
        else:
            shown = _data(cell, "text/html")
            tables[label] = [table for html in shown for table in html_tables.read(_text(html))]
    judged = [verdict for cell in copy["cells"] for verdict in _data(cell, _VERDICT)]
    verdicts = {each["claim"]: each["verdict"] for each in judged}
    statements = {each["claim"]: each["statement"] for each in judged}
    return Execution(made, captions, figures, tables, verdicts, statements)


def difference(first: Execution, second: Execution) -> Difference:
    """Returns what pairs by label, and what differs.

    Raises
        InputError  they are executions of different notebooks
    """
    names = first.made["notebook"], second.made["notebook"]
    if names[0] != names[1]:
        raise InputError(
            "the second execution", f"be one of {names[0]}", names[1], "Compare like with like."
        )
    values = [dict(_leaves(each.made["parameters"])) for each in (first, second)]
    return Difference(
        first,
        second,
        [(name, old, new) for name, old, new in _paired(*values, "not set") if old != new],
        [
            ((first.statements | second.statements)[claim], *verdicts)
            for claim, *verdicts in _paired(first.verdicts, second.verdicts, "not judged")
        ],
        _paired(first.figures, second.figures, []),
        [(label, *_marked(*tables)) for label, *tables in _paired(first.tables, second.tables, [])],
    )


def page(found: Difference) -> str:
    """Returns the page; what executions hold is escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    source = files(__package__).joinpath("differences.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(found=found)


def _marked(
    first: list[html_tables.Table], second: list[html_tables.Table]
) -> tuple[list[html_tables.Table], list[html_tables.Table]]:
    longest = max(len(first), len(second))
    padded = ([*side, *[html_tables.Table()] * (longest - len(side))] for side in (first, second))
    marked = [html_tables.differences(*pair) for pair in zip(*padded, strict=True)]
    return [one for one, _ in marked], [other for _, other in marked]


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, json.dumps(value)


def _paired(first: Mapping[str, Any], second: Mapping[str, Any], missing: Any) -> list[tuple]:
    names = dict.fromkeys([*first, *second])
    return [(name, first.get(name, missing), second.get(name, missing)) for name in names]


def _images(cell: Mapping[str, Any]) -> Iterator[str]:
    for kind in _IMAGES:
        for content in _data(cell, kind):
            text = _text(content)
            if kind != "image/png":
                text = base64.b64encode(text.encode()).decode()
            yield f"data:{kind};base64,{''.join(text.split())}"


def _data(cell: Mapping[str, Any], kind: str) -> list[Any]:
    outputs = (output.get("data", {}) for output in cell.get("outputs", []))
    return [data[kind] for data in outputs if kind in data]


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)

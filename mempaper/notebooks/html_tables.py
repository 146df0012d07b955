"""Tables out of a cell's HTML, and what differs between two of them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import Tag

__all__ = ["Cell", "Table", "differences", "read"]

_NUMBER = re.compile(r"[-−+]?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Cell:
    """One cell of a table as it is shown beside another.

    change  how the number it begins with differs from that in the other table, such as "+3.2 %";
            empty where there is none or it is the same
    """

    text: str
    head: bool = False
    differs: bool = False
    change: str = ""


@dataclass
class Table:
    """Cells by row; `heads` counts the rows at the top that hold headings only."""

    rows: list[list[Cell]] = field(default_factory=list)
    heads: int = 0


def read(html: str) -> list[Table]:
    """Returns the tables of a piece of HTML, cells that span columns once in each."""
    from bs4 import BeautifulSoup

    return [
        Table([_cells(row) for row in table.find_all("tr")], len(table.select("thead tr")))
        for table in BeautifulSoup(html, "html.parser").find_all("table")
    ]


def _cells(row: "Tag") -> list[Cell]:
    return [
        Cell(" ".join(cell.get_text().split()), cell.name == "th")
        for cell in row.find_all(["td", "th"])
        for _ in range(int(cell.get("colspan") or 1))
    ]


def differences(first: Table, second: Table) -> tuple[Table, Table]:
    """Returns both tables with the cells marked that differ.

    Rows belong together that begin with the same words, up to their first number; columns that have
    the same headings; among several the first with the first. What the other table has not differs
    as a whole.
    """
    return _marked(first, second, False), _marked(second, first, True)


def _marked(table: Table, other: Table, measured: bool) -> Table:
    rows, columns = _row_names(other), _column_names(other)
    found = {
        (row, column): cell
        for row, cells in zip(rows, other.rows, strict=True)
        for column, cell in zip(columns, cells, strict=False)
    }
    marked = Table(heads=table.heads)
    for row, cells in zip(_row_names(table), table.rows, strict=True):
        marked.rows.append(
            [
                _compared(cell, found.get((row, column)), measured)
                for column, cell in zip(_column_names(table), cells, strict=False)
            ]
        )
    return marked


def _compared(cell: Cell, other: Cell | None, measured: bool) -> Cell:
    if other is not None and cell.text == other.text:
        return cell
    change = _change(other.text, cell.text) if measured and other and not cell.head else ""
    return Cell(cell.text, cell.head, True, change)


def _change(before: str, after: str) -> str:
    old, new = _number(before), _number(after)
    if old is None or new is None or old == new:
        return ""
    if old * new <= 0:
        return f"{new - old:+.3g}"
    ratio = new / old
    return f"{100 * (ratio - 1):+.3g} %" if 0.1 < ratio < 10 else f"× {ratio:.2g}"


def _number(text: str) -> float | None:
    found = _NUMBER.match(text)
    return float(found[0].replace(",", "").replace("−", "-")) if found else None


def _row_names(table: Table) -> list[tuple[object, ...]]:
    return _numbered(
        [
            ("head", i) if i < table.heads else tuple(_first_words(row))
            for i, row in enumerate(table.rows)
        ]
    )


def _first_words(row: list[Cell]) -> Iterator[str]:
    for cell in row:
        if not cell.head and (not cell.text or _number(cell.text) is not None):
            return
        yield cell.text


def _column_names(table: Table) -> list[tuple[object, ...]]:
    width = max(map(len, table.rows), default=0)
    names = [
        tuple(row[column].text for row in table.rows[: table.heads] if column < len(row))
        for column in range(width)
    ]
    return _numbered(names)


def _numbered(names: Sequence[object]) -> list[tuple[object, ...]]:
    seen: Counter = Counter()
    numbered = []
    for name in names:
        numbered.append((name, seen[name]))
        seen[name] += 1
    return numbered

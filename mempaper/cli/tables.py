"""Plain aligned text on standard output."""

import json
import shutil
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer

__all__ = ["age", "assignments", "flat", "print_json", "print_table", "size"]


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, lines: int = 3) -> None:
    """Prints rows under their headings; the last column is wrapped, to at most `lines` lines."""
    *widths, _ = (max(map(len, column)) for column in zip(columns, *rows, strict=True))
    indent = sum(widths) + 2 * len(widths)
    room = max(24, shutil.get_terminal_size((80, 24)).columns - indent)
    wrap = textwrap.TextWrapper(
        room, max_lines=lines, placeholder=" ...", break_long_words=False, break_on_hyphens=False
    )
    for *cells, last in [columns, *rows]:
        start = "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))
        wrapped = wrap.wrap(last) or [""]
        typer.echo((start + wrapped[0]).rstrip())
        for line in wrapped[1:]:
            typer.echo(" " * indent + line)


def print_json(value: Any) -> None:
    """Prints `value` as JSON; what JSON has no form for becomes its text."""
    typer.echo(json.dumps(value, indent=2, default=str))


def size(count: int) -> str:
    """Returns a number of bytes in the largest decimal unit that leaves at least 1."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"


def age(moment: float) -> str:
    """Returns the time since `moment`, in seconds since 1970, in the largest unit that fits."""
    seconds = max(0.0, time.time() - moment)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yields the leaves of nested dicts as dotted name and text; long lists are cut."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and len(value) > 8:
        yield name, f"{len(value)} values, {', '.join(map(_text, value[:3]))}, ..."
    elif isinstance(value, list):
        yield name, ", ".join(map(_text, value))
    else:
        yield name, _text(value)


def assignments(value: Any) -> str:
    """Returns nested dicts as "name=value name=value", the outer names first."""
    leaves = sorted(flat(value), key=lambda leaf: leaf[0].count("."))
    return " ".join(f"{name}={text}" for name, text in leaves)


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)

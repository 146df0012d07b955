"""The package drawn from its code: which ideas feed which, and the layers of the import contract.

    ```{data-flow}
    images embeddings neighbors ...
    ```

draws these parts of the package as they import each other, without arrows that others imply;

    ```{import-contract}
    ```

shows the layers that pyproject.toml gives import-linter, each module with the first paragraph of
its docstring.
"""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

__all__ = ["ContractDirective", "FlowDirective", "drawn", "flow", "layers", "reduced"]

_COLUMN, _ROW, _BOX, _HEIGHT = 80, 62, 75, 28
_SWEEPS = 8  # to bring what is joined near each other


class FlowDirective(SphinxDirective):
    """How parts of the package use each other."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        package = Path(self.env.srcdir) / "mempaper"
        _depend(self, package.rglob("*.py"))
        html = drawn(flow(package, " ".join(self.content).split()))
        return [nodes.raw("", html, format="html")]


class ContractDirective(SphinxDirective):
    """The layers of the import contract, the highest first."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        _depend(self, [root / "pyproject.toml", *(root / "mempaper").rglob("*.py")])
        rows = []
        for layer in layers(root / "pyproject.toml"):
            named = "".join(
                f"<dt><code>{escape(part)}</code></dt>"
                f"<dd>{escape(_summary(root / 'mempaper', part))}</dd>"
                for part in layer
            )
            rows.append(f"<li><dl>{named}</dl></li>")
        html = f'<ol class="mempaper-layers" reversed>{"".join(rows)}</ol>'
        return [nodes.raw("", html, format="html")]


def _depend(directive: SphinxDirective, files: Iterable[Path]) -> None:
    for file in files:
        directive.env.note_dependency(str(file))


def layers(contract: Path) -> list[list[str]]:
    """Returns the modules of each layer, the highest first, without the package's name."""
    text = contract.read_text(encoding="utf-8")
    listed = re.search(r'type = "layers"\nlayers = \[\n(.*?)\n\]', text, re.DOTALL)[1]
    found = re.findall(r'"([^"]+)"', listed)
    return [[part.strip().removeprefix("mempaper.") for part in row.split("|")] for row in found]


def flow(package: Path, parts: Sequence[str]) -> dict[str, set[str]]:
    """Returns which of these parts each of them needs, be it by way of others, reduced."""
    known = {path.stem for path in package.glob("*.py")} - {"__init__"}
    known |= {path.parent.name for path in package.glob("*/__init__.py")}
    needs = closure({part: imports(package, part) & known for part in sorted(known)})
    return reduced({part: needs[part] & set(parts) for part in parts})


def imports(package: Path, part: str) -> set[str]:
    """Returns the other parts of the package that a part imports, in any of its modules."""
    folder = package / part
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [package / f"{part}.py"]
    found = set()
    for file in files:
        depth = len(file.relative_to(package).parts)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == depth:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                found |= {name.split(".")[0] for name in names}
    return found - {part}


def reduced(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Returns the graph without the arrows that lead where longer ways lead too."""
    reach = closure(graph)
    return {
        part: {end for end in ends if not any(end in reach[other] for other in ends - {end})}
        for part, ends in graph.items()
    }


def closure(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Returns all that can be reached from each part."""
    reach: dict[str, set[str]] = {}

    def beyond(part: str) -> set[str]:
        if part not in reach:
            reach[part] = set(graph[part]).union(*(beyond(other) for other in graph[part]))
        return reach[part]

    return {part: beyond(part) for part in graph}


def drawn(graph: Mapping[str, set[str]]) -> str:
    """Returns an SVG: what is imported above, what imports it below, arrows down."""
    rows = _rows(graph)
    widest = max(map(len, rows))
    width, height = widest * _COLUMN, len(rows) * _ROW - _ROW + _HEIGHT + 8
    place = {
        part: ((column + (widest - len(row)) / 2 + 0.5) * _COLUMN, at * _ROW + _HEIGHT / 2 + 4)
        for at, row in enumerate(rows)
        for column, part in enumerate(row)
    }
    arrows = "".join(
        _arrow(place[other], place[part])
        for part, others in graph.items()
        for other in sorted(others)
    )
    boxes = "".join(
        f'<g><rect x="{x - _BOX / 2:g}" y="{y - _HEIGHT / 2:g}" width="{_BOX}" height="{_HEIGHT}" '
        f'rx="6"/><text x="{x:g}" y="{y + 4:g}">{part}</text></g>'
        for part, (x, y) in place.items()
    )
    said = "; ".join(
        f"{part} uses {', '.join(sorted(others))}" for part, others in graph.items() if others
    )
    return (
        f'<svg class="mempaper-flow" viewBox="0 0 {width} {height}" role="img" aria-label="{said}" '
        f'style="max-width: {1.6 * width:g}px"><defs><marker id="mempaper-head" viewBox="0 0 8 8" '
        'refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/>'
        f"</marker></defs>{arrows}{boxes}</svg>"
    )


def _rows(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Returns the parts by the longest way down, each row ordered by what it is joined to."""
    users = {part: {user for user, ends in graph.items() if part in ends} for part in graph}
    level: dict[str, int] = {}

    def above(part: str) -> int:
        if part not in level:
            level[part] = max((above(user) + 1 for user in users[part]), default=0)
        return level[part]

    rows: list[list[str]] = [[] for _ in range(max(map(above, graph)) + 1)]
    for part in graph:
        rows[-1 - level[part]].append(part)
    for _ in range(_SWEEPS):
        spot = {part: i - len(row) / 2 for row in rows for i, part in enumerate(row)}
        for row in rows:
            joined = {part: [spot[p] for p in graph[part] | users[part]] for part in row}
            row.sort(key=lambda part: sum(joined[part]) / max(1, len(joined[part])))
    return rows


def _arrow(start: Sequence[float], end: Sequence[float]) -> str:
    (x, y), (to_x, to_y) = start, end
    y, to_y = y + _HEIGHT / 2, to_y - _HEIGHT / 2 - 1
    bend = min(30, (to_y - y) / 2)
    path = f"M{x:g} {y:g}C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y:g}"
    return f'<path class="arrow" d="{path}" marker-end="url(#mempaper-head)"/>'


def _summary(package: Path, part: str) -> str:
    path = package / part / "__init__.py"
    path = path if path.is_file() else package / f"{part}.py"
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return words.partition("\n\n")[0].replace("\n", " ").replace("*", "")

"""Turns a notebook into what its page shows."""

import re

from mempaper.notebooks import split_options

__all__ = ["prepare", "wrapping"]

VERDICT_MIME = "application/vnd.mempaper.verdict+json"
_DIRECTIVE = "```{parameters}\n```"


def prepare(notebook) -> dict[str, str]:
    """Makes an nbformat notebook into its page, in place; returns, by the names of its figures that
    are drawn from recorded tables, the names of these.

    The injected parameters go and a table of all parameters comes before the parameters cell;
    figures and tables get their captions and fold their code; verdicts keep their HTML only.
    """
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    placed = any("{parameters}" in text for text in texts)
    cells, recorded = [], {}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "injected-parameters" in tags:
            continue
        if cell.cell_type == "code":
            recorded |= _prepare_code(cell)
        if "parameters" in tags:
            cell.metadata["tags"] = [*tags, "hide-input"]
            if not placed:
                cells.append(_markdown(cell, _DIRECTIVE))
        cells.append(cell)
    notebook.cells = cells
    return recorded


def _prepare_code(cell) -> dict[str, str]:
    for output in cell.get("outputs", []):
        shown = output.get("data", {})
        shown.pop(VERDICT_MIME, None)
        if "text/html" in shown:
            shown["text/html"] = wrapping(shown["text/html"], 45, "mempaper-words")
    options, cell.source = split_options(cell.source)
    if not options:
        return {}
    kind = "figure" if "figure" in options else "table"
    figure = {
        "name": options[kind],
        "caption": options["caption"].strip(),
        "caption_before": int(kind == "table"),
        "classes": f"mempaper-{kind}",
    }
    image = {"alt": options["alt"].strip()} if "alt" in options else {}
    cell.metadata["mystnb"] = {"figure": figure, "image": image}
    if "show-input" not in cell.metadata.get("tags", []):
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
    return {options[kind]: options["recorded"]} if "recorded" in options else {}


def wrapping(html: str, least: int, name: str) -> str:
    """Returns a table in which cells of so many characters or more have a class, to wrap them."""
    return re.sub(rf"<td>(?=[^<]{{{least}}})", f'<td class="{name}">', html)


def _markdown(beside, source: str):
    """Returns a Markdown cell of the same notebook format as the cell `beside` it."""
    return type(beside)(
        cell_type="markdown", id=f"{beside.get('id', 'cell')}-before", metadata={}, source=source
    )

"""Reference outputs for nbval: `python tests/reference.py` makes them anew.

A reference is a notebook with the smoke profile's parameters in it and the outputs of its checked
cells alone: verdicts, shapes and counts, which no rounding changes.
"""

import tempfile
from pathlib import Path

import nbformat
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from mempaper import notebooks

FOLDER = Path(__file__).parent / "reference"
MARK = "# NBVAL_CHECK_OUTPUT"


def path(name: str) -> Path:
    return FOLDER / f"{name}.ipynb"


def prepared(notebook: notebooks.Notebook) -> nbformat.NotebookNode:
    """Returns the notebook as nbval is to run it, without outputs."""
    values = notebooks.effective(notebook.name, profile="smoke", root=notebook.root)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.ipynb"
        nbformat.write(notebook.convert(), source)
        made = parameterize_notebook(load_notebook_node(str(source)), values)
    made.metadata = {"kernelspec": made.metadata["kernelspec"]}
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
        cell["metadata"] = {}
    return made


def write(notebook: notebooks.Notebook) -> None:
    """Executes the notebook and writes its reference."""
    executed = nbformat.read(
        notebooks.run(notebook.name, profile="smoke", root=notebook.root), as_version=4
    )
    made = prepared(notebook)
    for cell, done in zip(made.cells, executed.cells, strict=True):
        if MARK in cell.source:
            cell["outputs"], cell["execution_count"] = done["outputs"], 1
    target = path(notebook.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, target)


if __name__ == "__main__":
    for found in notebooks.find().values():
        write(found)

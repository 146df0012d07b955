"""What every page of a notebook has for its reader, and the sketches that pages show."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mempaper import notebooks

REPOSITORY = Path(__file__).parents[1]
NOTEBOOKS = notebooks.find(REPOSITORY)
FIGURES = REPOSITORY / "book" / "figures"


def prose(name):
    """Returns what the Markdown cells of the notebook say."""
    cells = NOTEBOOKS[name].convert().cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_page_has_a_sketch_lessons_and_exercises_with_hidden_solutions(name):
    text, page = prose(name), Path(name).name
    label = f"fig-idea-{page.replace('_', '-')}"
    found = re.search(rf":::{{figure-md}} {label}\n!\[(.+?)\]\((\S+)\)\n\n(.+?)\n:::", text, re.S)
    assert found, "the idea has no sketch"
    alt, address, caption = found.groups()
    assert address == f"../../book/figures/{page}.svg"
    assert min(len(alt), len(caption)) > 40
    assert "## What to take away\n" in text
    exercises = text.split("## Exercises\n")[1]
    assert ":::{dropdown} Solution" in exercises


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_page_links_the_functions_that_compute_what_it_explains(name):
    assert re.search(r"{py:(func|class|data)}`~?mempaper\.", prose(name))


def test_each_sketch_is_drawn_by_code_and_shown_on_the_page_of_its_name():
    drawn = {path.stem for path in FIGURES.glob("*.svg")}
    assert drawn == {Path(name).name for name in NOTEBOOKS}
    listed = "import draw; print(*draw.sketches())"
    done = subprocess.run(
        [sys.executable, "-c", listed], cwd=FIGURES, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == drawn


def test_labels_and_equations_have_one_place_each():
    text = "\n".join(notebook.source.read_text() for notebook in NOTEBOOKS.values())
    labels = re.findall(r"^# \| (?:figure|table): (\S+)|^# \$\$ \((\S+)\)", text, re.M)
    labels += [(each, "") for each in re.findall(r"{figure-md} (\S+)", text)]
    names = [one or other for one, other in labels]
    assert sorted(set(names)) == sorted(names)

"""Two executions of a notebook: what pairs, what differs, and the page that shows it."""

import json
import re

import pytest
from typer.testing import CliRunner

pytest.importorskip("papermill", reason="the extra `book` is not installed")

from mempaper.cli import app
from mempaper.errors import InputError
from mempaper.notebooks import differences, html_tables

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
HEAD = "<thead><tr><th></th><th>model</th><th>error</th></tr></thead>"


def table(*rows):
    cells = "".join(f"<tr><th>{a}</th><td>{b}</td><td>{c}</td></tr>" for a, b, c in rows)
    return f"<table>{HEAD}<tbody>{cells}</tbody></table>"


def copy(path, rows, *, notebook="one/page", parameters=None, verdict="reproduced", figure="fig-a"):
    """Writes an executed copy with one figure, one table and one verdict."""
    judged = {"claim": "c", "statement": "S < T", "verdict": verdict}
    cells = [
        (f"# | figure: {figure}\n# | caption: After {{cite:t}}`bai2022`", {"image/png": PIXEL}),
        ("# | table: tab-a\n# | caption: Errors", {"text/html": [table(*rows)]}),
        ("judge()", {"application/vnd.mempaper.verdict+json": judged}),
        ("print()", {"text/plain": "no label"}),
    ]
    made = {
        "notebook": notebook,
        "parameters": {"steps": 3, "training": {"glo": {"steps": 5}}} | (parameters or {}),
        "profile": "smoke",
        "executed": "2026-11-22T03:04:05+00:00",
        "seconds": 1.5,
        "machine": "a <machine>",
        "version": "0.1.0",
        "commit": None,
        "source_sha256": "0123456789",
    }
    content = {
        "metadata": {"mempaper": made},
        "cells": [{"source": s, "outputs": [{"data": data}]} for s, data in cells],
    }
    path.write_text(json.dumps(content))
    return path


def marks(html_first, html_second):
    """Returns (text, change) of the cells of the second table that differ, and texts of the
    first's."""
    pair = (html_tables.read(html)[0] for html in (html_first, html_second))
    first, second = html_tables.differences(*pair)
    cells = [cell for row in second.rows for cell in row if cell.differs]
    before = [cell.text for row in first.rows for cell in row if cell.differs]
    return [(cell.text, cell.change) for cell in cells], before


def test_equal_tables_have_no_marks():
    html = table(("digits", "GLO-32", "0.5"), ("digits", "GLO-32", "0.7"))
    assert marks(html, html) == ([], [])


def test_a_changed_number_carries_its_change():
    old = table(("digits", "GLO-32", "0.5 [0.4, 0.6]"), ("faces", "DCGAN", "2"))
    new = table(("digits", "GLO-32", "0.6 [0.5, 0.7]"), ("faces", "DCGAN", "2"))
    assert marks(old, new) == ([("0.6 [0.5, 0.7]", "+20 %")], ["0.5 [0.4, 0.6]"])


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("1,000", "500", "-50 %"),
        ("1e-3", "1", "× 1e+03"),
        ("-0.5", "0.5", "+1"),
        ("0", "2", "+2"),
        ("−4", "-2", "-50 %"),
        ("2.0", "2", ""),
    ],
)
def test_the_change_is_of_the_first_number(old, new, change):
    found, _ = marks(table(("a", "b", old)), table(("a", "b", new)))
    assert found == [(new, change)]


def test_rows_and_columns_pair_by_their_words_and_not_by_their_place():
    old = table(("digits", "GLO-32", "1"), ("digits", "GLO-64", "2"))
    new = table(("digits", "GLO-64", "2"), ("digits", "GLO-128", "3"))
    assert marks(old, new) == (
        [("digits", ""), ("GLO-128", ""), ("3", "")],
        ["digits", "GLO-32", "1"],
    )
    swapped = old.replace("error", "loss")
    assert marks(old, swapped)[0] == [("loss", ""), ("1", ""), ("2", "")]


def test_parameters_verdicts_figures_and_tables_pair(tmp_path):
    training = {"training": {"glo": {"steps": 9, "width": 2}}}
    first = differences.read(copy(tmp_path / "a.ipynb", [("digits", "GLO", "1")]))
    second = differences.read(
        copy(
            tmp_path / "b.ipynb",
            [("digits", "GLO", "2")],
            parameters=training,
            verdict="not testable",
            figure="fig-b",
        )
    )
    found = differences.difference(first, second)
    assert found.parameters == [
        ("training.glo.steps", "5", "9"),
        ("training.glo.width", "not set", "2"),
    ]
    assert found.verdicts == [("S < T", "reproduced", "not testable")]
    image = f"data:image/png;base64,{PIXEL}"
    assert found.figures == [("fig-a", [image], []), ("fig-b", [], [image])]
    assert found.changed_cells("tab-a") == 1
    html = differences.page(found)
    assert "S &lt; T" in html
    assert "a &lt;machine&gt;" in html
    assert "After bai2022" in html
    assert "+100 %" in html
    assert html.index("Parameters that differ") < html.index("fig-a") < html.index("tab-a")
    assert not re.findall(r"(?:src|href)=\"(?!data:)[^\"]*", html)


def test_only_executions_of_one_notebook_compare(tmp_path):
    first = differences.read(copy(tmp_path / "a.ipynb", []))
    other = differences.read(copy(tmp_path / "b.ipynb", [], notebook="one/other"))
    with pytest.raises(InputError, match="second execution must be one of one/page; got one/other"):
        differences.difference(first, other)
    (tmp_path / "c.ipynb").write_text('{"cells": [], "metadata": {}}')
    for name in ("c.ipynb", "d.ipynb"):
        with pytest.raises(InputError, match="`mempaper notebook run` wrote"):
            differences.read(tmp_path / name)


def test_the_command_takes_a_path_or_the_books_copy_and_says_what_differs(tmp_path, monkeypatch):
    (tmp_path / "_config.yml").write_text("title: t")
    script = tmp_path / "notebooks" / "one" / "page.py"
    script.parent.mkdir(parents=True)
    script.touch()
    book = tmp_path / "_build" / "executed" / "smoke" / "one" / "page.ipynb"
    book.parent.mkdir(parents=True)
    copy(book, [("digits", "GLO", "1")])
    mine = copy(tmp_path / "mine.ipynb", [("digits", "GLO", "2")], parameters={"steps": 4})
    monkeypatch.setenv("MEMPAPER_ROOT", str(tmp_path))
    command = ["notebook", "diff", "page", str(mine), "--profile", "smoke"]
    done = CliRunner().invoke(app, command)
    page = tmp_path / "mine.diff.html"
    assert done.stdout.splitlines() == ["steps: 3 -> 4", "tab-a: 1 cell differs", str(page)]
    assert "two executions" in page.read_text()


@pytest.mark.browser
def test_the_page_fits_a_phone_and_asks_for_nothing(browser, tmp_path):
    wide = [("digits", "GLO", "1 " + "[0.25, 0.75] " * 20)]
    long = {"training": {"glo": {"rejection": "x" * 200}}}
    first = differences.read(copy(tmp_path / "a.ipynb", wide))
    second = differences.read(copy(tmp_path / "b.ipynb", wide[:0], parameters=long))
    (tmp_path / "d.html").write_text(differences.page(differences.difference(first, second)))
    asked = []
    view = browser.new_page(viewport={"width": 390, "height": 900})
    view.on("request", lambda request: asked.append(request.url))
    view.goto((tmp_path / "d.html").as_uri())
    width = view.evaluate("document.documentElement.scrollWidth")
    view.close()
    assert width == 390
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []

"""The book: pages out of executed notebooks, opened in a browser as a reader would."""

import json
import os
import re
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlparse

import pytest
from typer.testing import CliRunner

pytest.importorskip("jupyter_book", reason="the extra `book` is not installed")

from mempaper import book, ledger, notebooks, pdf, results
from mempaper.cli import app
from mempaper.errors import InputError
from mempaper.notebooks import side_by_side
from mempaper.runs.provenance import cores
from mempaper.statements import KINDS, statements

REPOSITORY = Path(__file__).parents[1]
EXTENSION = REPOSITORY / "book" / "_ext"
WIDTHS = (1280, 390)
PUBLIC = "https://github.com/someone/a-book"

NOTEBOOK = r"""# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A page
#
# By {cite:t}`webster2019`, $\phi(x)$ of {eq}`eq-one` is in {numref}`fig-one`
# and {numref}`tab-one`.
#
# $$ x = \frac{1}{2} $$ (eq-one)

# %% tags=["parameters"]
dataset = "digits"  # {digits, faces} source of images
seeds = [0, 1]  # [0, inf) one run each

# %%
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, display

# %%
# | figure: fig-one
# | alt: A falling line
# | caption: >-
# |   A line, after {cite:t}`webster2019`,
# |   with {math}`\phi`.
plt.plot([2, 1])
plt.show()

# %%
# | table: tab-one
# | caption: A wide table.
pd.DataFrame({f"a column {i}": [i] for i in range(20)})

# %%
# | figure: fig-of-another-day
# | recorded: gaps
# | alt: A rising line
# | caption: A line of another day.
plt.plot([1, 2])
plt.show()

# %%
HTML('<table class="mempaper-recorded"><tr><td>of another day</td></tr></table>')

# %%
verdict = {"claim": "tests-agree", "statement": "S", "source": "T", "verdict": "reproduced"}
verdict |= {"detail": "a < b", "numbers": {}}
data = {"text/plain": "S", "application/vnd.mempaper.verdict+json": verdict}
display(data, raw=True)
"""
TOC = """\
format: jb-book
root: book/intro
chapters:
  - file: notebooks/one/page
  - file: book/claims
  - file: book/recorded
  - file: book/bibliography
"""
RECORDED_PAGE = """\
# Recorded

In {numref}`tab-gaps`.

```{recorded} gaps
:name: tab-gaps
Gaps $g$ by model.
```
"""
RECORDED = {
    "executed": "2026-11-22T03:04:05+00:00",
    "profile": "real",
    "seeds": [0, 1],
    "notebook": "one/page",
    "commit": None,
    "version": "0.1.0",
    "machine": "a machine",
    "seconds": 7200,
}


@pytest.fixture(scope="module")
def extension():
    """Returns the extension's modules that need no Sphinx."""
    sys.path.insert(0, str(EXTENSION))
    try:
        import mempaper_cells
        import mempaper_launch
        import mempaper_ledger
        import mempaper_provenance
        import mempaper_symbols
    finally:
        sys.path.remove(str(EXTENSION))
    return SimpleNamespace(
        cells=mempaper_cells,
        launch=mempaper_launch,
        ledger=mempaper_ledger,
        provenance=mempaper_provenance,
        symbols=mempaper_symbols,
    )


def small_checkout(root):
    """Makes the checkout of a book of one notebook, set up as this one but public."""
    root.mkdir(parents=True, exist_ok=True)
    settings = (REPOSITORY / "_config.yml").read_text()
    public = re.sub("mempaper_repository: .*", f"mempaper_repository: {PUBLIC}", settings)
    (root / "_config.yml").write_text(public)
    (root / "book").mkdir()
    for folder in ("_ext", "_static"):
        shutil.copytree(REPOSITORY / "book" / folder, root / "book" / folder)
    for name in ("references.bib", "claims.md"):
        shutil.copy(REPOSITORY / "book" / name, root / "book")
    (root / "book" / "_toc.yml").write_text(TOC)
    (root / "book" / "intro.md").write_text(
        "# Start\n\nSee {numref}`fig-one` and {numref}`tab-one`. Of 16 px, 5 % and `5 %`."
    )
    (root / "book" / "bibliography.md").write_text("# Literature\n\n```{bibliography}\n```\n")
    (root / "book" / "recorded.md").write_text(RECORDED_PAGE)
    (root / "results").mkdir()
    (root / "results" / "gaps.csv").write_text("model,gap\nGLO <8>,0.12345\nDCGAN,\n")
    (root / "results" / "gaps.json").write_text(json.dumps(RECORDED))
    (root / "notebooks" / "one").mkdir(parents=True)
    (root / "notebooks" / "one" / "page.py").write_text(NOTEBOOK)
    (root / "profiles").mkdir()
    (root / "profiles" / "smoke.yaml").write_text("notebooks: {one/page: {seeds: [7]}}")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Returns the root of that book, built."""
    root = tmp_path_factory.mktemp("book")
    small_checkout(root)
    book.build("smoke", root=root)
    return root


@pytest.mark.parametrize(
    "kept",
    [
        "<code>C_T</code>",
        "<pre><span>C_T</span> Z_U</pre>",
        '<span class="math notranslate nohighlight">\\(C_T\\)</span>',
        '<script type="application/json">{"title": "C_T"}</script>',
        '<img alt="C_T of each class">',
        "<p>mean_C_T, C_TV</p>",
    ],
)
def test_statistics_are_set_in_text_and_nowhere_else(extension, kept):
    html = f"<th>rise of C_T</th>{kept}<td>Z_U</td>"
    assert extension.symbols.with_symbols(html) == (
        f"<th>rise of <i>C<sub>T</sub></i></th>{kept}<td><i>Z<sub>U</sub></i></td>"
    )


def test_a_cells_options_are_read_off_its_head():
    options, source = notebooks.split_options(
        "# | figure: fig-a\n# | caption: >-\n# |   one\n# |   two\n\nplot()\n# | not: one"
    )
    assert options == {"figure": "fig-a", "caption": "one two"}
    assert source == "plot()\n# | not: one"
    assert notebooks.split_options("plot()") == ({}, "plot()")


@pytest.mark.parametrize(
    "head",
    [
        "# | figura: a\n# | caption: c",
        "# | figure: a",
        "# | caption: c",
        "# | figure: a\n# | table: b\n# | caption: c",
    ],
)
def test_wrong_cell_options_are_refused(head):
    with pytest.raises(ValueError, match="figure"):
        notebooks.split_options(head)


def test_a_page_drops_injected_parameters_and_folds_figures(extension):
    import nbformat.v4 as v4

    page = v4.new_notebook(
        cells=[
            v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]}),
            v4.new_code_cell("n = 2", metadata={"tags": ["injected-parameters"]}),
            v4.new_code_cell("# | table: t\n# | caption: c\nshow()"),
            v4.new_code_cell("compute()"),
        ]
    )
    extension.cells.prepare(page)
    assert [cell.source for cell in page.cells] == [
        "```{parameters}\n```",
        "n = 1",
        "show()",
        "compute()",
    ]
    assert page.cells[2].metadata["mystnb"]["figure"]["name"] == "t"
    assert ["hide-input" in c.metadata.get("tags", []) for c in page.cells] == [
        False,
        True,
        True,
        False,
    ]


def test_a_long_cell_of_a_table_may_break_and_numbers_may_not(extension):
    import nbformat.v4 as v4

    html = "<tr><td>0.52 [0.47, 0.57]</td><td>" + "many words " * 5 + "</td></tr>"
    cell = v4.new_code_cell("table")
    cell.outputs = [v4.new_output("execute_result", {"text/html": html})]
    page = v4.new_notebook(cells=[cell])
    extension.cells.prepare(page)
    shown = page.cells[0].outputs[0].data["text/html"]
    assert shown == html.replace("<td>many", '<td class="mempaper-words">many')


MADE = {
    "notebook": "one/page",
    "source_sha256": "0123456789abcdef",
    "profile": "laptop",
    "parameters": {"steps": 3, "datasets": ["digits", "faces"], "seed": 4},
    "code": "c0de",
    "version": "0.1.0",
    "executed": "2026-11-22T03:04:05+00:00",
    "seconds": 75.2,
    "machine": "a <machine>",
}


def test_the_provenance_line_names_profile_data_seeds_source_version_and_date(extension):
    assert extension.provenance.computed_line(MADE) == (
        "Computed by this build: profile laptop, datasets digits, faces, seed 4; "
        "source notebooks/one/page.py (0123456); mempaper 0.1.0; 2026-11-22"
    )


def test_page_details_are_escaped(extension):
    html = extension.provenance.details(MADE)
    assert "a &lt;machine&gt;" in html
    assert "1 min 15 s" in html


def test_the_parameter_table_shows_build_and_default(extension):
    steps = notebooks.Parameter("steps", 5, "[1, 9]", "a < b")
    profiles = {"smoke": {"steps": 1}, "laptop": {}, "real": {"steps": 8, "seed": 2}}
    html = extension.provenance.parameter_table([steps], MADE, profiles, "run 'it'")
    assert '<tr class="changed">' in html
    assert re.findall(r'<td data-label="[^"]*">(.*?)</td>', html) == [
        "<code>steps</code>",
        "<code>3</code>",
        "<code>5</code>",
        "[1, 9]",
        "a &lt; b",
        "<div><div>smoke <code>1</code></div><div>real <code>8</code></div></div>",
    ]
    assert extension.provenance.rerun_command("one/page", "laptop", [steps], MADE) == (
        "mempaper notebook run one/page --profile laptop -p steps 3"
    )


def test_long_values_are_folded(extension):
    training = notebooks.Parameter("training", {}, "", "by family")
    paper = {"training": {"glo": {"steps": 100000, "width": 512}, "ae": {"steps": 100000}}}
    html = extension.provenance.parameter_table([training], None, {"paper": paper}, "run")
    assert "<div>paper <details><summary>2 families</summary><code>{&quot;glo&quot;" in html


def test_binder_and_colab_are_offered_where_there_is_a_repository_and_only_there(extension):
    assert extension.launch.links("one/page", "") == {}
    assert extension.launch.links("one/page", "https://github.com/someone/a-book/") == {
        "Open on Binder": "https://mybinder.org/v2/gh/someone/a-book/HEAD"
        "?urlpath=lab/tree/notebooks/one/page.py",
        "Open in Colab": "https://colab.research.google.com/github/someone/a-book/blob/gh-pages"
        "/executed/one/page.ipynb",
    }
    with pytest.raises(ValueError, match="OWNER/NAME or empty; got 'someone/a-book'"):
        extension.launch.links("one/page", "someone/a-book")


def test_a_download_installs_its_package_where_there_is_a_repository(extension, tmp_path):
    import nbformat
    import nbformat.v4 as v4

    path = tmp_path / "executed.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("n = 1")]), path)
    assert extension.launch.with_setup(path, "") == path.read_text()
    made = nbformat.reads(
        extension.launch.with_setup(path, "https://github.com/someone/a-book"), as_version=4
    )
    nbformat.validate(made)
    assert [cell.source for cell in made.cells][1:] == ["n = 1"]
    assert "git clone --quiet --depth 1 https://github.com/someone/a-book" in made.cells[0].source


def test_one_setting_makes_a_public_book_of_it(small):
    html = small / "_build" / "html"
    page = (html / "notebooks" / "one" / "page.html").read_text()
    for service in ("mybinder.org/v2/gh", "colab.research.google.com/github"):
        assert f'href="https://{service}/someone/a-book/' in page
    download = json.loads((html / "executed" / "one" / "page.ipynb").read_text())
    assert f"git clone --quiet --depth 1 {PUBLIC} " in "".join(download["cells"][0]["source"])


def test_binder_finds_its_environment_and_opens_scripts_as_notebooks():
    assert (REPOSITORY / "environment.yml").is_file()
    made = REPOSITORY / "postBuild"
    assert os.access(made, os.X_OK)
    assert "jupytext-config set-default-viewer python" in made.read_text()


def test_what_is_stated_of_a_figure_is_folded_under_it(extension):
    said = statements()["strong-distortion-rejected"]
    live = ledger.LiveVerdict("one/a", "not reproduced", "1 < 2", {}, MADE)
    entry = ledger.Entry(said, "laptop", (live,), ())
    html = extension.ledger.claims_box([entry], "figure", "../claims.html")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert "1 statement on this figure; in this build: 1 not reproduced" in text
    assert f"Printed {said.statement} ( {said.source} ) This build not reproduced" in text
    assert "Recorded nothing" in text
    assert 'href="../claims.html#claim-strong-distortion-rejected"' in html


def test_the_contents_must_list_existing_notebooks(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "_toc.yml").write_text(TOC)
    with pytest.raises(InputError, match="notebooks/one/page"):
        book.chapters(tmp_path)


def test_every_notebook_is_in_the_contents():
    listed = [notebook.name for notebook in book.chapters(REPOSITORY)]
    assert sorted(listed) == sorted(notebooks.find(REPOSITORY))


def test_every_profile_fits_the_notebooks():
    for path in (REPOSITORY / "profiles").glob("*.yaml"):
        for name in notebooks.find(REPOSITORY):
            notebooks.effective(name, profile=path.stem, root=REPOSITORY)


def test_the_page_numbers_and_explains_its_figure_and_table(small):
    page = (small / "_build" / "html" / "notebooks" / "one" / "page.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert "is in Fig. 1 and Table 1." in text
    assert "Fig. 1 A line, after Webster et al. [2019]" in text
    assert "Table 1 A wide table." in text
    assert page.count('class="mempaper-provenance"') == 3
    assert text.count("Computed by this build: profile smoke, dataset digits, seed 7") == 2
    assert "mempaper notebook run one/page --profile smoke -p dataset digits" in text
    assert 'alt="A falling line"' in page
    assert (small / "_build" / "html" / "executed" / "one" / "page.ipynb").is_file()
    assert 'href="../../executed/one/page.ipynb" download>Download as .ipynb</a>' in page
    assert "mybinder.org" in page
    assert "By profile" in text
    assert "<div>smoke <code>[7]</code></div>" in page
    start = (small / "_build" / "html" / "book" / "intro.html").read_text()
    assert "See Fig. 1 and Table 1." in re.sub(r"<[^>]+>", "", start)


def test_numbers_stay_beside_their_units(small):
    start = (small / "_build" / "html" / "book" / "intro.html").read_text()
    assert "Of 16\N{NO-BREAK SPACE}px, 5\N{NO-BREAK SPACE}% and" in start
    assert '<span class="pre">5</span> <span class="pre">%</span>' in start


def test_a_recorded_table_is_numbered_and_says_what_made_it(small):
    page = (small / "_build" / "html" / "book" / "recorded.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "In Table 2 ." in text
    assert re.search(r"Table 2 Gaps .* by model\.", text)
    assert "GLO &lt;8&gt; 0.123 DCGAN" in text
    assert "Recorded 2026-11-22: profile real, seeds 0, 1, one/page.py at commit unknown" in text


def test_a_figure_of_a_recorded_table_says_what_made_that(small):
    page = (small / "_build" / "html" / "notebooks" / "one" / "page.html").read_text()
    figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    lines = [re.findall(r'class="mempaper-provenance">(.*?)[:<]', figure) for figure in figures]
    assert ["Recorded 2026-11-22"] in lines
    assert ["Computed by this build"] in lines


def test_the_page_on_reproducibility_says_what_was_recorded():
    table = results.recorded("reproducibility_gaps", root=REPOSITORY).table
    seeds = [column for column in table if column.startswith("seed ")]
    assert len(seeds) >= 5
    wide, narrow = (
        table[table["instructions"] == name].set_index("model")[seeds]
        for name in ("AVX-512", "AVX2")
    )
    moved = 100 * (wide - narrow).abs().to_numpy().max()
    spread = 100 * table[seeds].std(axis=1, ddof=1)
    text = " ".join((REPOSITORY / "book" / "reproducibility.md").read_text().split())
    assert f"by up to {moved:.1f} percentage points" in text
    assert f"between {spread.min():.1f} and {spread.max():.1f} points" in text
    assert table.groupby("model")["detected"].nunique().eq(1).all()


def test_the_summary_counts_the_verdicts(small):
    pages = book.chapters(small)
    assert [v["verdict"] for v in book.verdicts(pages[0], "smoke")] == ["reproduced"]
    assert "1 claims judged with profile smoke: 1 reproduced\n" in book.summary(pages, "smoke")


def test_the_ledgers_page_has_every_statement_and_this_builds_verdicts(small):
    page = (small / "_build" / "html" / "book" / "claims.html").read_text()
    assert re.findall(r'<tr id="claim-([^"]*)">', page) == list(statements())
    (row,) = re.findall(r'<tr id="claim-tests-agree">.*?</tr>', page, re.S)
    _, live, recorded = re.findall(r"<td data-label.*?</td>", row, re.S)
    assert 'data-verdict="reproduced"' in live
    assert "a &lt; b" in live
    assert re.search(r"one/page, \d{4}-\d\d-\d\d", live)
    assert "data-verdict" not in recorded
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert f"{len(statements())} statements" in text
    kinds = Counter(statement.kind for statement in statements().values())
    claims, errata, code, questions = (kinds[kind] for kind in KINDS)
    assert f"not judged {claims - 1} {errata} {code} {questions} {len(statements())} " in text


def test_a_row_of_the_ledger_links_its_figures_and_escapes(extension):
    said = statements()["strong-distortion-rejected"]
    live = ledger.LiveVerdict("one/a", "not reproduced", "1 < 2", {}, MADE)
    entry = ledger.Entry(said, "laptop", (live,), ())
    missing = "latent_recovery/invertible"
    html = extension.ledger.entries_table(
        [entry], lambda page, at: None if page == missing else (f"../{page}.html#{at}", "Fig. <1>")
    )
    assert re.findall(r"<a .*?</a>", html) == [
        '<a href="../latent_recovery/distortions.html#fig-strength">Fig. &lt;1&gt;</a>'
    ]
    assert "not reproduced: 1 &lt; 2" in html
    assert "one/a, 2026-11-22" in html


def test_headlines_show_verdicts_in_short_and_count_all(extension):
    said = statements()["gan-generalizes"]
    live = ledger.LiveVerdict("one/a", "not testable", "1 < 2", {}, MADE)
    entries = [ledger.Entry(said, "laptop", (live,), ())]
    html = extension.ledger.headlines_table(entries, {said.id: "In <short>"}, "claims.html")
    assert '<a href="claims.html#claim-gan-generalizes">In &lt;short&gt;</a>' in html
    assert re.findall(r'data-verdict="([^"]*)"', html) == ["not testable"]
    assert "Webster et al. 2019: 1 not testable" in html
    with pytest.raises(ValueError, match="no-such"):
        extension.ledger.headlines_table(entries, {"no-such": "?"}, "claims.html")


def test_an_unchanged_book_is_neither_executed_nor_rendered_again(small, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("worked again")

    monkeypatch.setattr(book.execution, "run", refuse)
    monkeypatch.setattr(book, "_following", refuse)
    assert book.build("smoke", root=small) == small / "_build" / "html" / "index.html"


def test_a_page_that_changed_while_the_clock_was_set_back_is_rendered_again(small):
    page = small / "book" / "bibliography.md"
    page.write_text(page.read_text() + "\nWritten before the last build.\n")
    os.utime(page, (1, 1))
    book.build("smoke", root=small)
    html = small / "_build" / "html" / "book" / "bibliography.html"
    assert "Written before the last build." in html.read_text()


def test_a_page_that_warns_fails_the_build_and_says_so(small):
    page = small / "book" / "intro.md"
    before = page.read_text()
    page.write_text(before + "\n\n{numref}`fig-missing`\n")
    with pytest.raises(book.BookFailed, match=r"fig-missing[\s\S]*book\.log"):
        book.build("smoke", root=small)
    page.write_text(before)
    book.build("smoke", root=small)


@pytest.fixture
def two_pages(tmp_path):
    """Returns a function that makes a book of two notebooks, each of one cell."""

    def make(first, second):
        for folder in ("book", "notebooks/one", "profiles"):
            (tmp_path / folder).mkdir(parents=True)
        contents = "root: book/intro\nchapters: [{file: notebooks/one/a}, {file: notebooks/one/b}]"
        (tmp_path / "book" / "_toc.yml").write_text(contents)
        (tmp_path / "profiles" / "smoke.yaml").write_text("")
        (tmp_path / "notebooks" / "one" / "a.py").write_text(f"# %%\n{first}\n")
        (tmp_path / "notebooks" / "one" / "b.py").write_text(f"# %%\n{second}\n")
        return tmp_path

    return make


WAIT = """
import pathlib, time
def wait_for(path):
    while not pathlib.Path(path).exists():
        time.sleep(0.05)
"""


def test_a_build_keeps_what_was_finished_before_a_failure(two_pages):
    executed = "../../_build/executed/smoke/one/a.ipynb"
    root = two_pages("print(1)", f"{WAIT}\nwait_for({executed!r})\n1 / 0")
    with pytest.raises(notebooks.NotebookFailed, match="ZeroDivisionError"):
        book.build("smoke", root=root)
    first, second = book.chapters(root)
    assert notebooks.is_fresh(first, "smoke")
    assert not notebooks.is_fresh(second, "smoke")


@pytest.mark.skipif((cores() or 1) < 2, reason="one core takes one page after the other")
def test_two_pages_are_executed_at_once(two_pages):
    meet = "{}\npathlib.Path({!r}).touch()\nwait_for({!r})"
    root = two_pages(meet.format(WAIT, "a", "b"), meet.format(WAIT, "b", "a"))
    names = [notebook.name for notebook in book.chapters(root)]
    options = {"profile": "smoke", "root": root, "folder": root, "at_once": 2}
    told = list(side_by_side.run_all(names, **options))
    assert sorted(name for name, cell in told if cell is None) == names
    assert (names[0], "cell 1 of 2") in told


@pytest.mark.skipif((cores() or 1) < 2, reason="one core takes one page after the other")
def test_a_failure_stops_the_page_beside_it(two_pages):
    beat = "while True:\n    pathlib.Path('beat').touch()\n    time.sleep(0.05)"
    root = two_pages(f"{WAIT}\n{beat}", f"{WAIT}\nwait_for('beat')\n1 / 0")
    with pytest.raises(notebooks.NotebookFailed, match="ZeroDivisionError"):
        book.build("smoke", root=root)
    heart = root / "notebooks" / "one" / "beat"
    deadline = time.monotonic() + 10
    while time.time() - heart.stat().st_mtime < 1:
        assert time.monotonic() < deadline, "the kernel outlives its build"
        time.sleep(0.1)


def test_a_page_whose_process_dies_is_named(two_pages):
    kill = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nwait_for('never')"
    root = two_pages(f"{WAIT}\n{kill}", "print(1)")
    with pytest.raises(
        notebooks.NotebookFailed, match=r"notebooks/one/a\.py stopped: .* status -9"
    ):
        book.build("smoke", root=root)


@pytest.fixture(scope="module", params=["small", "built"])
def html(request):
    """Returns the folder of pages: of the small book, and of the whole one where it was built."""
    if request.param == "small":
        return request.getfixturevalue("small") / "_build" / "html"
    folder = Path(os.environ.get("MEMPAPER_BOOK", REPOSITORY / "_build" / "html"))
    if not (folder / "index.html").is_file():
        pytest.skip("the book is not built: `make book` builds it")
    return folder


@pytest.mark.browser
@pytest.mark.skipif(pdf.find_browser() is None, reason="no Chromium on the PATH")
def test_the_command_prints_the_book(small, monkeypatch, tmp_path):
    monkeypatch.setenv("MEMPAPER_ROOT", str(small))
    printed = {small / "_build" / "mempaper.pdf": [], tmp_path / "own.pdf": ["--out", "own.pdf"]}
    monkeypatch.chdir(tmp_path)
    for path, options in printed.items():
        done = CliRunner().invoke(app, ["book", "--profile", "smoke", "--pdf", *options])
        assert done.exit_code == 0, done.output
        assert done.stdout.splitlines()[-1].endswith(path.name)
        assert "Printing the book" in done.stderr
        assert path.read_bytes().startswith(b"%PDF-")


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_reads_without_a_network(browser, html, width):
    complaints = []
    view = browser.new_page(viewport={"width": width, "height": 900})
    view.on("console", lambda m: m.type == "error" and complaints.append((view.url, m.text)))
    view.on("pageerror", lambda error: complaints.append((view.url, str(error))))
    view.on("request", lambda r: _local(r.url) or complaints.append((view.url, r.url)))
    view.on("requestfailed", lambda r: complaints.append((view.url, r.url)))
    for path in _pages(html):
        view.goto(path.as_uri())
        if view.locator(".math").count():
            view.wait_for_selector("mjx-container", state="attached")
        state = view.evaluate(
            """() => ({
                wide: document.documentElement.scrollWidth - window.innerWidth,
                blank: [...document.images].filter(i => !i.naturalWidth).map(i => i.src),
                raw: [...document.querySelectorAll('.math')].filter(
                    m => !m.querySelector('mjx-container')).map(m => m.textContent),
                broken: document.querySelectorAll('mjx-merror').length,
            })"""
        )
        if state != {"wide": 0, "blank": [], "raw": [], "broken": 0}:
            complaints.append((view.url, state))
    view.close()
    assert not complaints


def _pages(html):
    """Returns the pages with content: not the index, which forwards to the first of them."""
    pages = [path for path in sorted(html.rglob("*.html")) if "_static" not in path.parts]
    pages = [path for path in pages if 'http-equiv="Refresh"' not in path.read_text()]
    assert len(pages) >= 3
    return pages


def _local(url):
    return url.startswith(("file:", "data:", "blob:", "about:"))


@pytest.mark.browser
def test_every_internal_link_leads_somewhere(browser, html):
    view = browser.new_page()
    links, anchors = set(), {}
    for path in _pages(html):
        view.goto(path.as_uri())
        links |= {(path, url) for url in view.evaluate("[...document.links].map(a => a.href)")}
        anchors[path] = set(view.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)"))
    view.close()
    dead = []
    for page, url in links:
        parts = urlparse(url)
        target = Path(unquote(parts.path))
        if parts.scheme != "file":
            continue
        fragment = unquote(parts.fragment)
        if not target.is_file() or (fragment and fragment not in anchors.get(target, {fragment})):
            dead.append((page, url))
    assert not dead


def test_the_executed_notebooks_hold_no_paths_of_this_machine(small):
    text = (small / "_build" / "html" / "executed" / "one" / "page.ipynb").read_text()
    assert str(small) not in text
    assert "papermill" not in json.loads(text)["metadata"]

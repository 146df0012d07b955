"""Sphinx extension: pages out of executed notebooks, each number with its provenance.

Sphinx reads the scripts `notebooks/**.py` that the table of contents lists; `read` hands over the
executed copy of the profile in MEMPAPER_PROFILE when that copy was made from the script's present
text, and else, with a warning, the bare script.
"""

import hashlib
import os
import re
from functools import cache, partial
from pathlib import Path
from typing import ClassVar

import jupytext
import mempaper_api
import mempaper_architecture
import mempaper_assets
import mempaper_cells
import mempaper_launch
import mempaper_ledger
import mempaper_provenance as provenance
import mempaper_symbols
import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from mempaper import ledger, notebooks, results

_LOG = logging.getLogger(__name__)
_KEY, _LEDGER, _SOURCE = "mempaper", "mempaper-ledger", "mempaper-source"
_CLAIMS = "book/claims"
_STRIPPED = ("mempaper", "papermill", "jupytext")
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=%|px\b)")
_application: Sphinx


def setup(app: Sphinx) -> dict:
    global _application
    _application = app
    app.add_config_value("mempaper_repository", "", "env", str)
    app.add_directive("parameters", ParametersDirective)
    app.add_directive("ledger", LedgerDirective)
    app.add_directive("recorded", RecordedDirective)
    app.add_directive("ledger-counts", CountsDirective)
    app.add_directive("api", mempaper_api.ApiDirective)
    app.add_directive("data-flow", mempaper_architecture.FlowDirective)
    app.add_directive("import-contract", mempaper_architecture.ContractDirective)
    app.add_directive("ledger-headlines", HeadlinesDirective)
    app.add_node(LedgerNode)
    app.add_enumerable_node(TableBox, "table", html=(_visit_table_box, _depart_table_box))
    app.add_transform(AddProvenance)
    app.add_transform(KeepUnits)
    app.connect("config-inited", mempaper_assets.use_mathjax)
    app.connect("source-read", _note_source)
    app.connect("env-get-outdated", _outdated)
    app.connect("doctree-resolved", _fill_ledgers)
    app.connect("html-page-context", _add_details)
    app.connect("html-page-context", mempaper_assets.mend)
    app.connect("html-page-context", mempaper_symbols.set_symbols)
    app.connect("build-finished", _copy_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def read(text: str) -> nbformat.NotebookNode:
    """Returns the notebook that the page of the script `text` shows; myst-nb calls it."""
    env = _application.env
    name = env.docname.removeprefix("notebooks/")
    page = jupytext.reads(text, fmt="py:percent")
    path, made = _executed(env, env.docname)
    if made and made["source_sha256"] == hashlib.sha256(text.encode()).hexdigest():
        page = nbformat.read(path, as_version=4)
    else:
        _LOG.warning(
            "not executed with profile %s since it last changed: its page has no results; "
            "run `mempaper notebook run %s --profile %s`",
            *(_profile(), name, _profile()),
            location=env.docname,
        )
        made = None
    recorded = {}
    try:
        recorded = mempaper_cells.prepare(page)
    except ValueError as error:
        _LOG.warning("%s", error, location=env.docname)
    for key in _STRIPPED:
        page.metadata.pop(key, None)
    about = {"made": made, "identity": _identity(path), "recorded": recorded}
    env.metadata[env.docname][_KEY] = about
    return page


class ParametersDirective(SphinxDirective):
    """Where the page runs, the table of its parameters and the command to change them."""

    def run(self) -> list[nodes.Node]:
        name, root = self.env.docname.removeprefix("notebooks/"), Path(self.env.srcdir)
        made = self.env.metadata[self.env.docname].get(_KEY, {}).get("made")
        parameters = list(notebooks.parameters(name, root).values())
        profiles = {}
        for path in sorted((root / "profiles").glob("*.yaml")):
            self.env.note_dependency(str(path))
            profiles[path.stem] = notebooks.load_profile(path.stem, root).notebooks.get(name, {})
        links = {}
        if made:
            up = "../" * self.env.docname.count("/")
            links["Download as .ipynb"] = f"{up}executed/{name}.ipynb"
        links |= mempaper_launch.links(name, self.config.mempaper_repository)
        command = provenance.rerun_command(name, _profile(), parameters, made)
        html = provenance.launch_row(links)
        html += provenance.parameter_table(parameters, made, profiles, command)
        return [nodes.raw("", html, format="html")]


class RecordedDirective(SphinxDirective):
    """A table of results/, numbered, with what made it; the content is its caption.

    columns  those to show, in their order; all where it is missing
    percent  its fractions are shown in per cent
    """

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {
        "name": directives.unchanged_required,
        "columns": lambda text: [name.strip() for name in text.split(",")],
        "percent": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        name, root = self.arguments[0], Path(self.env.srcdir)
        found = results.recorded(name, root=root)
        table, digits = found.table[self.options.get("columns", list(found.table))], "{:.3g}"
        if "percent" in self.options:
            fractions = table.select_dtypes("float").columns
            table, digits = table.assign(**{key: 100 * table[key] for key in fractions}), "{:.1f}"
        for suffix in ("csv", "json"):
            self.env.note_dependency(str(root / "results" / f"{name}.{suffix}"))
        box = TableBox(classes=["mempaper-table"])
        self.set_source_info(box)
        self.add_name(box)
        text, messages = self.state.inline_text(" ".join(self.content), self.lineno)
        html = table.to_html(index=False, border=0, na_rep="", float_format=digits.format)
        html = mempaper_cells.wrapping(html, 21, "mempaper-brief")
        line = nodes.paragraph("", found.line, classes=["mempaper-provenance"])
        output = nodes.container(classes=["cell_output"])
        output += nodes.raw("", f'<div class="output text_html">{html}</div>', format="html")
        box += [nodes.caption("", "", *text), output, line]
        return [box, *messages]


class LedgerNode(nodes.General, nodes.Element):
    """Where a ledger comes to stand when all pages have been read and their figures have numbers.

    paper   whose statements; None: of all
    chosen  id -> words of the statements to show; None: all of the paper, without one counts
    """


class LedgerDirective(SphinxDirective):
    """The ledger of the claims of one paper."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname][_LEDGER] = True
        return [LedgerNode(paper=self.arguments[0], chosen=None)]


class CountsDirective(SphinxDirective):
    """How many statements of both papers came to what."""

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname][_LEDGER] = True
        return [LedgerNode(paper=None, chosen=None)]


class HeadlinesDirective(SphinxDirective):
    """How a few statements came out, and counts for each paper; a line is `id: words`."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname][_LEDGER] = True
        lines = (line.split(": ", 1) for line in self.content)
        return [LedgerNode(paper=None, chosen=dict(lines))]


class TableBox(nodes.figure):
    """A table that a code cell computed, numbered among the tables."""


class AddProvenance(SphinxTransform):
    """Says under each image and table of a code cell what computed it, and what is stated of it and
    came out; numbers tables as tables."""

    default_priority = 400

    def apply(self, **kwargs) -> None:
        about = self.env.metadata[self.env.docname].get(_KEY, {})
        made = about.get("made")
        for bundle in list(self.document.findall(_is_bundle)):
            holder = bundle.parent
            if isinstance(holder, nodes.figure) and "mempaper-table" in holder["classes"]:
                holder = self._as_table(holder)
            if made and _needs_provenance(bundle):
                table = next(map(about["recorded"].get, holder.get("names", [])), None)
                line = self._recorded_line(table) if table else provenance.computed_line(made)
                _add_line(bundle, holder, line)
            if made and isinstance(holder, nodes.figure) and (box := self._claims(holder)):
                holder.append(nodes.raw("", box, format="html"))

    def _recorded_line(self, table: str) -> str:
        root = Path(self.env.srcdir)
        self.env.note_dependency(str(root / "results" / f"{table}.json"))
        return results.recorded(table, root=root).line

    def _claims(self, holder: nodes.figure) -> str:
        root = Path(self.env.srcdir)
        page = self.env.docname.removeprefix("notebooks/")
        found = _entries(root, page, _executed(self.env, self.env.docname)[0].stat().st_mtime_ns)
        entries = [e for e in found if e.statement.pages.get(page) in holder["names"]]
        url = "../" * self.env.docname.count("/") + "book/claims.html"
        noun = "table" if isinstance(holder, TableBox) else "figure"
        listed = (root / "book" / "claims.md").is_file()
        return mempaper_ledger.claims_box(entries, noun, url if listed else None) * bool(entries)

    def _as_table(self, figure: nodes.figure) -> TableBox:
        box = TableBox("", *figure.children, **figure.attributes)
        box.source, box.line = figure.source, figure.line
        figure.replace_self(box)
        for identifier in box["ids"]:
            self.document.ids[identifier] = box
        return box


class KeepUnits(SphinxTransform):
    """Keeps a number and its unit on one line."""

    default_priority = 900

    def apply(self, **kwargs) -> None:
        for text in list(self.document.findall(nodes.Text)):
            if isinstance(text.parent, nodes.FixedTextElement | nodes.literal | nodes.raw):
                continue
            kept = _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)
            if kept != text:
                text.parent.replace(text, nodes.Text(kept))


@cache
def _entries(root: Path, page: str, changed: int) -> list[ledger.Entry]:
    """Returns the statements that belong to a page, whose executed copy changed at that time."""
    return ledger.read(_profile(), page=page, root=root)


def _add_line(bundle: nodes.Node, holder: nodes.Element, text: str) -> None:
    line = nodes.paragraph("", text, classes=["mempaper-provenance"])
    caption = next((c for c in holder.children if isinstance(c, nodes.caption)), None)
    if isinstance(holder, TableBox) or not isinstance(holder, nodes.figure):
        holder.insert(holder.index(bundle) + 1, line)
    elif caption is None:
        holder.append(line)
    else:
        holder.append(nodes.legend("", line))


def _is_bundle(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def _needs_provenance(bundle: nodes.Element) -> bool:
    """Returns whether the output is an image, a table or a figure with a slider, and has no
    provenance of its own."""
    content = {child["mime_type"]: child.astext() for child in bundle.children}
    html = content.get("text/html", "")
    if "mempaper-recorded" in html:
        return False
    return (
        "<table" in html
        or "mempaper-turn" in html
        or any(kind.startswith("image/") for kind in content)
    )


def _visit_table_box(self, node: nodes.Element) -> None:
    self.body.append(self.starttag(node, "figure", CLASS="align-default"))


def _depart_table_box(self, node: nodes.Element) -> None:
    self.body.append("</figure>\n")


def _profile() -> str:
    return os.environ.get("MEMPAPER_PROFILE", "laptop")


def _executed(env: BuildEnvironment, docname: str) -> tuple[Path, dict | None]:
    notebook = notebooks.Notebook(Path(env.srcdir), docname.removeprefix("notebooks/"))
    path = notebooks.executed_path(notebook, _profile())
    return path, notebooks.record(path)


def _identity(path: Path) -> str:
    """Returns a hash of the executed copy and its place; without a copy, of its place alone."""
    content = path.read_bytes() if path.is_file() else b""
    return hashlib.sha256(str(path).encode() + content).hexdigest()


def _note_source(app: Sphinx, docname: str, content: list[str]) -> None:
    app.env.metadata[docname][_SOURCE] = _source(app.env, docname)


def _source(env: BuildEnvironment, docname: str) -> str:
    return hashlib.sha256(Path(env.doc2path(docname)).read_bytes()).hexdigest()


def _outdated(app: Sphinx, env: BuildEnvironment, added, changed, removed) -> list[str]:
    """Returns the pages whose source or executed copy is another than when they were last read, and
    those that show what all pages judge. Sphinx goes by dates, which a clock set back makes wrong.
    """
    return [
        docname
        for docname, metadata in env.metadata.items()
        if _LEDGER in metadata
        or (docname in env.found_docs and metadata.get(_SOURCE) != _source(env, docname))
        or (
            _KEY in metadata and metadata[_KEY]["identity"] != _identity(_executed(env, docname)[0])
        )
    ]


def _fill_ledgers(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    places = list(doctree.findall(LedgerNode))
    entries = ledger.read(_profile(), root=Path(app.srcdir)) if places else []
    for place in places:
        if place["chosen"] is not None:
            url = app.builder.get_relative_uri(docname, _CLAIMS)
            html = mempaper_ledger.headlines_table(entries, place["chosen"], url)
        elif place["paper"] is None:
            html = mempaper_ledger.counts_table(entries)
        else:
            of_paper = [e for e in entries if e.statement.paper == place["paper"]]
            html = mempaper_ledger.entries_table(of_paper, partial(_linked, app, docname))
        place.replace_self(nodes.raw("", html, format="html"))


def _linked(app: Sphinx, docname: str, page: str, label: str) -> tuple[str, str] | None:
    """Returns the address of a figure or table as seen from `docname`, and what to call it."""
    target = f"notebooks/{page}"
    if target not in app.env.found_docs:
        return None
    url, title = app.builder.get_relative_uri(docname, target), app.env.titles[target].astext()
    for kind, numbers in app.env.toc_fignumbers.get(target, {}).items():
        if label in numbers:
            number = ".".join(map(str, numbers[label]))
            return f"{url}#{label}", f"{app.config.numfig_format[kind] % number}, {title}"
    return url, title


def _add_details(app: Sphinx, pagename: str, template: str, context: dict, doctree) -> None:
    made = app.env.metadata[pagename].get(_KEY, {}).get("made") if doctree else None
    if made:
        context["body"] += provenance.details(made)


def _copy_files(app: Sphinx, exception: Exception | None) -> None:
    """Copies the executed notebooks that pages link to, and the scripts that pages load."""
    if exception or app.builder.format != "html":
        return
    mempaper_assets.copy_mathjax(Path(app.outdir) / "_static")
    mempaper_assets.drop_unused_icons(Path(app.outdir))
    for docname, metadata in app.env.metadata.items():
        if metadata.get(_KEY, {}).get("made"):
            target = Path(app.outdir) / "executed" / f"{docname.removeprefix('notebooks/')}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = mempaper_launch.with_setup(
                _executed(app.env, docname)[0], app.config.mempaper_repository
            )
            target.write_text(copy, encoding="utf-8")

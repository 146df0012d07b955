"""Sphinx extension: pages out of executed notebooks, each number with its provenance.

Sphinx reads the scripts `notebooks/**.py` that the table of contents lists; `read` hands over the
executed copy of the profile in MEMPAPER_PROFILE when that copy was made from the script's present
text, and else, with a warning, the bare script.
"""

import hashlib
import os
import shutil
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import jupytext
import mempaper_cells
import mempaper_ledger
import mempaper_provenance as provenance
import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from mempaper import ledger, notebooks

_LOG = logging.getLogger(__name__)
_KEY, _LEDGER, _SOURCE = "mempaper", "mempaper-ledger", "mempaper-source"
_MATHJAX = "tex-svg-full.js"
_STRIPPED = ("mempaper", "papermill", "jupytext")
_application: Sphinx


def setup(app: Sphinx) -> dict:
    global _application
    _application = app
    app.add_directive("parameters", ParametersDirective)
    app.add_directive("ledger", LedgerDirective)
    app.add_directive("ledger-counts", CountsDirective)
    app.add_node(LedgerNode)
    app.add_enumerable_node(TableBox, "table", html=(_visit_table_box, _depart_table_box))
    app.add_transform(AddProvenance)
    app.connect("config-inited", _use_local_mathjax)
    app.connect("source-read", _note_source)
    app.connect("env-get-outdated", _outdated)
    app.connect("doctree-resolved", _fill_ledgers)
    app.connect("html-page-context", _add_details)
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
    try:
        mempaper_cells.prepare(page)
    except ValueError as error:
        _LOG.warning("%s", error, location=env.docname)
    for key in _STRIPPED:
        page.metadata.pop(key, None)
    env.metadata[env.docname][_KEY] = {"made": made, "identity": _identity(path)}
    return page


class ParametersDirective(SphinxDirective):
    """The table of the page's parameters, their legal values and the command to change them."""

    def run(self) -> list[nodes.Node]:
        name = self.env.docname.removeprefix("notebooks/")
        made = self.env.metadata[self.env.docname].get(_KEY, {}).get("made")
        parameters = list(notebooks.parameters(name, Path(self.env.srcdir)).values())
        command = provenance.rerun_command(name, _profile(), parameters, made)
        html = provenance.parameter_table(parameters, made, command)
        return [nodes.raw("", html, format="html")]


class LedgerNode(nodes.General, nodes.Element):
    """Where a ledger comes to stand when all pages have been read and their figures have numbers.

    paper  whose statements; None: counts of all
    """


class LedgerDirective(SphinxDirective):
    """The ledger of the claims of one paper."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname][_LEDGER] = True
        return [LedgerNode(paper=self.arguments[0])]


class CountsDirective(SphinxDirective):
    """How many statements of both papers came to what."""

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname][_LEDGER] = True
        return [LedgerNode(paper=None)]


class TableBox(nodes.figure):
    """A table that a code cell computed, numbered among the tables."""


class AddProvenance(SphinxTransform):
    """Says under each image and table of a code cell what computed it; numbers tables as tables."""

    default_priority = 400

    def apply(self, **kwargs) -> None:
        made = self.env.metadata[self.env.docname].get(_KEY, {}).get("made")
        for bundle in list(self.document.findall(_is_bundle)):
            holder = bundle.parent
            if isinstance(holder, nodes.figure) and "mempaper-table" in holder["classes"]:
                holder = self._as_table(holder)
            if made and _needs_provenance(bundle):
                _add_line(bundle, holder, provenance.computed_line(made))

    def _as_table(self, figure: nodes.figure) -> TableBox:
        box = TableBox("", *figure.children, **figure.attributes)
        box.source, box.line = figure.source, figure.line
        figure.replace_self(box)
        for identifier in box["ids"]:
            self.document.ids[identifier] = box
        return box


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
    """Returns whether the output is an image or a table without provenance of its own."""
    content = {child["mime_type"]: child.astext() for child in bundle.children}
    html = content.get("text/html", "")
    if "mempaper-recorded" in html:
        return False
    return "<table" in html or any(kind.startswith("image/") for kind in content)


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
        if place["paper"] is None:
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
        url = context["pathto"](f"executed/{made['notebook']}.ipynb", 1)
        context["body"] += provenance.details(made, url)


def _use_local_mathjax(app: Sphinx, config) -> None:
    config.mathjax_path = _MATHJAX


def _copy_files(app: Sphinx, exception: Exception | None) -> None:
    """Copies the executed notebooks that pages link to, and MathJax in its one file."""
    if exception or app.builder.format != "html":
        return
    package = Path(next(iter(find_spec("sphinx-mathjax-offline").submodule_search_locations)))
    static = Path(app.outdir) / "_static"
    shutil.copyfile(package / "static" / "mathjax" / _MATHJAX, static / _MATHJAX)
    for docname, metadata in app.env.metadata.items():
        if metadata.get(_KEY, {}).get("made"):
            target = Path(app.outdir) / "executed" / f"{docname.removeprefix('notebooks/')}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_executed(app.env, docname)[0], target)

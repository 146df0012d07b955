"""The reference: signatures as they stand in the source, and docstrings as they are written.

    ```{api} mempaper.statistics
    mre_gap ks_test
    ```

shows these names of that module. Each can be linked to as {py:func}`mempaper.statistics.mre_gap`,
or by the bare name from another docstring.
"""

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

__all__ = ["ApiDirective", "blocks", "signature"]

_TERM = re.compile(r"(\S.*?)(?:  +|\n +)(\S.*)", re.DOTALL)
_SECTIONS = ("Raises", "Warns")
_CODE = re.compile(r"`([^`]+)`")


class ApiDirective(SphinxDirective):
    """Names of one module, each with its signature, its words and its example."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        module = importlib.import_module(self.arguments[0])
        domain = self.env.get_domain("py")
        made: list[nodes.Node] = []
        for name in " ".join(self.content).split():
            value, full = getattr(module, name), f"{module.__name__}.{name}"
            kind = _kind(value)
            entry = nodes.container(classes=["mempaper-api"], ids=[full])
            domain.note_object(full, kind, full, location=self.get_location())
            source, home = signature(module, name)
            self.env.note_dependency(str(_base(module) / home))
            entry += _heading(name, kind, full)
            entry += nodes.literal_block(
                source, source, language="python", classes=["mempaper-signature"]
            )
            words = inspect.getdoc(value) if kind != "data" else ""
            for block in [*blocks(words or ""), *_members(value)]:
                entry += _node(block, module)
            entry += nodes.paragraph("", f"In {home}", classes=["mempaper-provenance"])
            made.append(entry)
        return made


def signature(module: ModuleType, name: str) -> tuple[str, str]:
    """Returns the source of a name up to its docstring, fields included, and its file.

    Of a class come its fields and the signature of its `__init__`; of a constant its assignment, or
    where that is long its first line.
    """
    value = getattr(module, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        home = inspect.getsourcefile(inspect.unwrap(value))
    else:
        home, name = _assigned_in(module, name)
    text = Path(home).read_text(encoding="utf-8")
    shown = Path(home).relative_to(_base(module)).as_posix()
    for node in _parsed(text).body:
        if getattr(node, "name", None) == name or _assigns(node, name):
            return _head(node, text.split("\n")), shown
    raise ValueError(f"{name} is not defined at the top of {home}")


_parsed = lru_cache(ast.parse)


def blocks(words: str) -> Iterator[tuple[str, str]]:
    """Yields a docstring's parts: ("text" | "terms" | "code" | "title", content)."""
    for part in re.split(r"\n\s*\n", words.strip()):
        part = textwrap.dedent(part)
        head, _, rest = part.partition("\n")
        if head in _SECTIONS and rest:
            yield "title", head
            yield "terms", textwrap.dedent(rest)
        elif part.startswith(">>>"):
            yield "code", part
        elif all(_TERM.match(term) for term in _terms(part)) and "  " in head.strip():
            yield "terms", part
        elif part.startswith(" "):
            yield "code", part
        else:
            yield "text", part


def _members(value: object) -> Iterator[tuple[str, str]]:
    """Yields what the methods and properties of a class say first, as one table of terms."""
    found = []
    for name, member in vars(value).items() if inspect.isclass(value) else ():
        words = inspect.getdoc(member) if name[0] != "_" and not isinstance(member, type) else None
        if words and (inspect.isroutine(member) or isinstance(member, property)):
            first = re.split(r"\n\s*\n", words)[0].replace("\n", " ")
            found.append(f".{name}  {first}")
    if found:
        yield "terms", "\n".join(found)


def _terms(part: str) -> list[str]:
    """Returns the lines of a table of terms, each with the lines that continue it."""
    return re.split(r"\n(?! )", part)


def _kind(value: object) -> str:
    if inspect.isclass(value):
        return "exception" if issubclass(value, BaseException) else "class"
    return "function" if inspect.isfunction(value) else "data"


def _base(module: ModuleType) -> Path:
    """Returns the folder that holds the package."""
    depth = module.__name__.count(".") + hasattr(module, "__path__")
    return Path(module.__file__).parents[depth]


def _assigns(node: ast.stmt, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    found = [
        t
        for target in targets
        for t in (target.elts if isinstance(target, ast.Tuple) else [target])
    ]
    return any(isinstance(t, ast.Name) and t.id == name for t in found)


def _assigned_in(module: ModuleType, name: str) -> tuple[str, str]:
    """Returns the file that assigns a constant, which the module may only hand on, and its name."""
    tree = _parsed(Path(module.__file__).read_text(encoding="utf-8"))
    if any(_assigns(node, name) for node in tree.body):
        return module.__file__, name
    for node in tree.body:
        for alias in getattr(node, "names", []):
            if isinstance(node, ast.ImportFrom) and (alias.asname or alias.name) == name:
                package = module.__name__ if hasattr(module, "__path__") else module.__package__
                source = importlib.import_module("." * node.level + (node.module or ""), package)
                return _assigned_in(source, alias.name)
    raise ValueError(f"{name} is assigned nowhere in {module.__name__}")


def _head(node: ast.stmt, lines: list[str]) -> str:
    if isinstance(node, ast.FunctionDef):
        end = node.body[0].lineno - 1
        return "\n".join(lines[node.lineno - 1 : end]).rstrip().removesuffix(":")
    if isinstance(node, ast.ClassDef):
        return _class_head(node, lines)
    source = lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(source) if len(source) <= 12 else f"{source[0]} ..."


def _class_head(node: ast.ClassDef, lines: list[str]) -> str:
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
    shown = lines[first : node.body[0].lineno - 1]
    for part in node.body:
        if isinstance(part, ast.AnnAssign | ast.Assign):
            shown += lines[part.lineno - 1 : part.end_lineno]
        elif isinstance(part, ast.FunctionDef) and (part.name == "__init__" or part.name[0] != "_"):
            end = part.body[0].lineno - 1
            decorated = min([part.lineno, *(d.lineno for d in part.decorator_list)]) - 1
            shown += ["", *"\n".join(lines[decorated:end]).rstrip().removesuffix(":").split("\n")]
    return "\n".join(shown).rstrip().removesuffix(":")


def _heading(name: str, kind: str, full: str) -> nodes.Node:
    link = f'<a class="headerlink" href="#{full}" title="Link to {name}">#</a>'
    return nodes.raw("", f"<h3><code>{name}</code> {link}</h3>", format="html")


def _node(block: tuple[str, str], module: ModuleType) -> nodes.Node:
    kind, content = block
    if kind == "code":
        language = "pycon" if content.startswith(">>>") else "text"
        return nodes.literal_block(content, content, language=language)
    if kind == "title":
        return nodes.paragraph("", "", nodes.strong("", content))
    if kind == "text":
        return nodes.paragraph("", "", *_inline(content, module))
    listed = nodes.definition_list(classes=["mempaper-terms"])
    for term in _terms(content):
        name, meaning = _TERM.match(term).groups()
        listed += nodes.definition_list_item(
            "",
            nodes.term("", "", nodes.literal("", name)),
            nodes.definition("", nodes.paragraph("", "", *_inline(meaning, module))),
        )
    return listed


def _inline(text: str, module: ModuleType) -> Iterator[nodes.Node]:
    """Yields the words, names in backquotes as code, and as links where they are public here."""
    for place, part in enumerate(_CODE.split(re.sub(r"\s+", " ", text))):
        if place % 2 == 0:
            yield nodes.Text(part)
        elif part in getattr(module, "__all__", ()):
            target = f"{module.__name__}.{part}"
            code = nodes.literal("", part)
            yield pending_xref(
                "", code, refdomain="py", reftype="obj", reftarget=target, refexplicit=True
            )
        else:
            yield nodes.literal("", part)

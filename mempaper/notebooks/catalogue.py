"""What notebooks and profiles there are, and the parameters that each combination has.

A notebook is a jupytext percent script `notebooks/<folder>/<name>.py`; its name here is
`<folder>/<name>`.
"""

import ast
import difflib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from ..errors import InputError
from .parameters import Parameter, check, describe

__all__ = [
    "Notebook",
    "Profile",
    "chapters",
    "effective",
    "find",
    "find_root",
    "load_profile",
    "locate",
    "parameters",
]


@dataclass(frozen=True)
class Notebook:
    """A text notebook below `root`."""

    root: Path
    name: str

    @property
    def source(self) -> Path:
        return self.root / "notebooks" / f"{self.name}.py"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.source.read_bytes()).hexdigest()

    def convert(self):
        """Returns the script as an nbformat notebook, without outputs."""
        import jupytext

        return jupytext.read(self.source, fmt="py:percent")


@dataclass(frozen=True)
class Profile:
    """One scale of computation: parameter values and expected seconds, by notebook."""

    name: str
    description: str
    notebooks: Mapping[str, Mapping[str, object]]
    seconds: Mapping[str, float]


def find_root(start: Path | None = None) -> Path:
    """Returns MEMPAPER_ROOT, or the nearest folder from `start` (here) upward that holds the book.

    Raises
        InputError  no such folder: it must hold `_config.yml` and `notebooks/`
    """
    named = os.environ.get("MEMPAPER_ROOT")
    start = Path(named or start or Path.cwd()).resolve()
    for folder in [start] if named else [start, *start.parents]:
        if (folder / "_config.yml").is_file() and (folder / "notebooks").is_dir():
            return folder
    raise InputError(
        "MEMPAPER_ROOT" if named else "the current folder",
        "lie in a checkout of the companion, below a folder with _config.yml and notebooks/",
        start,
        "Notebooks, results and book come with the repository, not with the installed package: "
        "clone it, then change into it or name it in MEMPAPER_ROOT.",
    )


def find(root: Path | None = None) -> dict[str, Notebook]:
    """Returns every notebook below `root` by name, sorted."""
    root = root or find_root()
    folder = root / "notebooks"
    names = (path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.py"))
    return {name: Notebook(root, name) for name in sorted(names) if "." not in name}


def locate(name: str, root: Path | None = None) -> Notebook:
    """Returns the notebook called `name`; its last part is enough where only one ends so.

    Raises
        InputError  none or several have that name
    """
    known = find(root)
    short = name.removeprefix("notebooks/").removesuffix(".py")
    matches = [n for n in known if n == short or n.endswith(f"/{short}")]
    if len(matches) == 1:
        return known[matches[0]]
    raise InputError(
        "the notebook's name",
        "be one of " + ", ".join(known),
        repr(name),
        _closest(short, known) or "Give folder and name.",
    )


def chapters(root: Path) -> list[Notebook]:
    """Returns the notebooks that the table of contents lists, in its order.

    Raises
        InputError  it lists a notebook that does not exist
    """
    content = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    files = [file.removesuffix(".py") for file in _files(content)]
    names = [file.removeprefix("notebooks/") for file in files if file.startswith("notebooks/")]
    known = find(root)
    for name in names:
        if name not in known:
            raise InputError(
                "book/_toc.yml",
                "list existing notebooks",
                f"notebooks/{name}",
                "Write the notebook or take it out of the table of contents.",
            )
    return [known[name] for name in names]


def parameters(name: str, root: Path | None = None) -> dict[str, Parameter]:
    """Returns the parameters of a notebook by name, in the order of its parameters cell."""
    import nbformat
    import papermill

    notebook = locate(name, root)
    converted = notebook.convert()
    with tempfile.TemporaryDirectory(prefix="mempaper-") as folder:
        path = Path(folder) / "notebook.ipynb"
        nbformat.write(converted, path)
        inspected = papermill.inspect_notebook(path)
    for cell in converted.cells:
        if "parameters" in cell.metadata.get("tags", []):
            names = [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Name)]
            assigned = {name.id for name in names if isinstance(name.ctx, ast.Store)}
            if unread := assigned - set(inspected):
                raise InputError(
                    f"the parameters cell of {notebook.name}",
                    "hold lines `name = literal  # [low, high] meaning` with a single '='",
                    ", ".join(sorted(unread)),
                    "Rewrite these lines.",
                )
    return {p["name"]: describe(p["name"], p["default"], p["help"]) for p in inspected.values()}


def load_profile(name: str, root: Path | None = None) -> Profile:
    """Returns `profiles/<name>.yaml`, checked.

    Raises
        InputError  no such profile, an unknown key, a notebook that does not exist
    """
    root = root or find_root()
    known = {path.stem: path for path in sorted((root / "profiles").glob("*.yaml"))}
    if name not in known:
        raise InputError(
            "the profile", "be one of " + ", ".join(known), repr(name), _closest(name, known)
        )
    content = yaml.safe_load(known[name].read_text(encoding="utf-8")) or {}
    notebooks, seconds = content.get("notebooks") or {}, content.get("seconds") or {}
    if unknown := set(content) - {"description", "notebooks", "seconds"}:
        raise InputError(
            f"profiles/{name}.yaml",
            "have the keys description, notebooks and seconds only",
            ", ".join(sorted(unknown)),
            "Parameter values belong under notebooks.",
        )
    for notebook, number in seconds.items():
        if not isinstance(number, int | float):
            raise InputError(
                f"the seconds of {notebook} in profiles/{name}.yaml",
                "be a number",
                repr(number),
                "Write how long one execution takes.",
            )
    names = find(root)
    for notebook in [*notebooks, *seconds]:
        if notebook not in names:
            raise InputError(
                f"a notebook in profiles/{name}.yaml",
                "be one of " + ", ".join(names),
                notebook,
                _closest(notebook, names),
            )
    return Profile(
        name,
        content.get("description", ""),
        {notebook: values or {} for notebook, values in notebooks.items()},
        {notebook: float(number) for notebook, number in seconds.items()},
    )


def effective(
    name: str,
    given: Mapping[str, object] | None = None,
    profile: str = "laptop",
    root: Path | None = None,
) -> dict[str, object]:
    """Returns every parameter's value: the default, under the profile's, under the given one.

    Raises
        InputError  an unknown name, a wrong type or an illegal value, given or in the profile
    """
    notebook = locate(name, root)
    declared = parameters(notebook.name, notebook.root)
    chosen = load_profile(profile, notebook.root).notebooks.get(notebook.name, {})
    defaults = {parameter.name: parameter.default for parameter in declared.values()}
    return defaults | check(declared, chosen) | check(declared, given or {})


def _files(entry: object) -> Iterator[str]:
    """Yields the table of contents' files in its order."""
    if isinstance(entry, dict):
        for key, value in entry.items():
            if key in ("root", "file"):
                yield value
            else:
                yield from _files(value)
    elif isinstance(entry, list):
        for item in entry:
            yield from _files(item)


def _closest(word: str, words: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else ""

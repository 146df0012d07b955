"""`mempaper notebook`: the text notebooks, with parameters of one's own."""

import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from ..errors import InputError
from . import tables

if TYPE_CHECKING:
    from ..notebooks import Notebook

app = typer.Typer(
    no_args_is_help=True, help="Notebooks: list, show their parameters, run, compare."
)

Name = Annotated[str, typer.Argument(help="folder/name, or the name alone.")]
Profile = Annotated[str, typer.Option(help="Which of profiles/*.yaml gives the parameters.")]

_FLAGS = ("-p", "--parameter")
Parameter = Annotated[
    list[str] | None,
    typer.Option(*_FLAGS, metavar="KEY VALUE", help="Set a parameter; may be repeated."),
]


class _Pairs(TyperCommand):
    """Reads `-p key value` as `-p key=value`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        rest, joined = iter(args), []
        for arg in rest:
            joined.append(arg)
            if arg in _FLAGS and (key := next(rest, None)) is not None:
                value = None if "=" in key else next(rest, None)
                joined.append(key if value is None else f"{key}={value}")
        return super().parse_args(ctx, joined)


@app.command("list")
def list_notebooks(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists the notebooks of this checkout."""
    from .. import notebooks

    found = {name: _title(notebook.source) for name, notebook in notebooks.find().items()}
    if as_json:
        tables.print_json([{"name": name, "title": title} for name, title in found.items()])
    else:
        tables.print_table(["NAME", "TITLE"], list(found.items()))


@app.command()
def show(
    name: Name,
    profile: Profile = "laptop",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Shows a notebook's parameters: value under the profile, legal values, meaning."""
    from .. import notebooks

    notebook = notebooks.locate(name)
    declared = notebooks.parameters(notebook.name)
    values = notebooks.effective(notebook.name, profile=profile)
    if as_json:
        keys = ("name", "default", "legal", "meaning")
        tables.print_json(
            [
                {key: getattr(parameter, key) for key in keys} | {"value": values[parameter.name]}
                for parameter in declared.values()
            ]
        )
        return
    typer.echo(f"{notebook.name}: {_title(notebook.source)}\n")
    rows = [(p.name, str(values[p.name]), p.legal, p.meaning) for p in declared.values()]
    tables.print_table(["PARAMETER", profile.upper(), "LEGAL", "MEANING"], rows)
    typer.echo(f"\nmempaper notebook run {notebook.name} -p PARAMETER VALUE")


@app.command(cls=_Pairs)
def run(
    name: Name,
    parameter: Parameter = None,
    profile: Profile = "laptop",
    output: Annotated[
        Path | None, typer.Option(help="Where the executed .ipynb goes.", metavar="FILE")
    ] = None,
) -> None:
    """Executes a notebook and prints where the executed copy lies."""
    from .. import notebooks

    typer.echo(_execute(notebooks.locate(name), _given(parameter), profile, output))


@app.command()
def diff(
    first: Annotated[
        str, typer.Argument(help="An executed .ipynb, or a notebook's name for the book's copy.")
    ],
    second: Annotated[str, typer.Argument(help="The same, to hold against the first.")],
    profile: Profile = "laptop",
    output: Annotated[
        Path | None,
        typer.Option(help="Where the page goes; by default beside SECOND.", metavar="FILE"),
    ] = None,
) -> None:
    """Shows figures and tables of two executions side by side, on a page that needs no network.

    What differs in parameters and verdicts is printed too, before the path of the page.
    """
    from ..files import write_atomic
    from ..notebooks import differences

    paths = [_execution(given, profile) for given in (first, second)]
    found = differences.difference(*map(differences.read, paths))
    for name, *values in found.parameters:
        typer.echo(f"{name}: {values[0]} -> {values[1]}")
    for statement, *verdicts in found.verdicts:
        if verdicts[0] != verdicts[1]:
            typer.echo(f"{verdicts[0]} -> {verdicts[1]}: {statement}")
    for label, *_ in found.tables:
        if count := found.changed_cells(label):
            typer.echo(f"{label}: {count} {'cell differs' if count == 1 else 'cells differ'}")
    target = output or paths[1].with_suffix(".diff.html")
    write_atomic(target, differences.page(found).encode())
    typer.echo(target)


@app.command()
def execute(
    names: Annotated[list[str], typer.Argument(help="folder/name, or the names alone.")],
    profile: Profile = "laptop",
) -> None:
    """Executes the book's own copies of notebooks where they are out of date, side by side."""
    from .. import book

    book.execute(names, profile)


@app.command(cls=_Pairs)
def record(
    name: Name,
    parameter: Parameter = None,
    profile: Profile = "real",
    seed: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N",
            help="One execution each, but one for all where the notebook takes its intervals over "
            "seeds; may be repeated. Default: 0, 1, 2, or the notebook's.",
        ),
    ] = None,
) -> None:
    """Executes a notebook for several seeds and writes tables and verdicts into results/.

    Repeated, it continues: finished trainings and recoveries are found again.
    """
    from .. import notebooks, results

    given = _given(parameter)
    values = notebooks.effective(notebooks.locate(name).name, given, profile)
    executed = []
    for seeds in results.executions(values, seed):
        typer.echo("; ".join(f"{key} {value}" for key, value in seeds.items()), err=True)
        executed.append(_execute(notebooks.locate(name), given | seeds, profile))
    typer.echo("\n".join(map(str, results.record(executed))))


def _execute(
    notebook: "Notebook", given: Mapping[str, Any], profile: str, output: Path | None = None
) -> Path:
    """Executes a notebook: on a terminal under a bar with its own progress, else cell by cell."""
    from .. import notebooks
    from ..display import Display

    def run(report: Callable[[str], None], channel: Path | None) -> Path:
        return notebooks.run(
            notebook.name, given, profile, output=output, report=report, channel=channel
        )

    if not sys.stderr.isatty():
        return run(partial(typer.echo, err=True), None)
    notebooks.effective(notebook.name, given, profile)
    seconds = notebooks.load_profile(profile).seconds.get(notebook.name, 60.0)
    with tempfile.TemporaryDirectory(prefix="mempaper-") as folder:
        channel = Path(folder) / "progress"
        with Display({notebook.name: seconds}, lambda _: channel, 1) as display:
            return run(partial(display.show, notebook.name), channel)


def _execution(given: str, profile: str) -> Path:
    from .. import notebooks

    if given.endswith(".ipynb"):
        return Path(given)
    return notebooks.executed_path(notebooks.locate(given), profile)


def _given(pairs: list[str] | None) -> dict[str, str]:
    given = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals:
            remedy = "Write `-p steps 100`."
            raise InputError("-p", "be followed by a parameter and its value", repr(key), remedy)
        given[key] = value
    return given


def _title(source: Path) -> str:
    heading = re.search(r"^# #+ +(.+)$", source.read_text(encoding="utf-8"), re.MULTILINE)
    return heading[1].strip() if heading else ""

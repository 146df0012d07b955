"""`mempaper notebook`: the text notebooks, with parameters of one's own."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from ..errors import InputError
from . import tables

app = typer.Typer(no_args_is_help=True, help="Notebooks: list, show their parameters, run.")

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

    typer.echo(notebooks.run(name, _given(parameter), profile, output=output, report=_to_stderr))


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
        executed.append(notebooks.run(name, given | seeds, profile, report=_to_stderr))
    typer.echo("\n".join(map(str, results.record(executed))))


def _to_stderr(message: str) -> None:
    typer.echo(message, err=True)


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

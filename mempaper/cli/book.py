"""`mempaper book` and `mempaper claims`: the rendered book and what it judged."""

import itertools
from typing import Annotated

import typer

from . import tables

Profile = Annotated[str, typer.Option(help="Which of profiles/*.yaml gives the parameters.")]


def book(profile: Profile = "laptop") -> None:
    """Executes what is out of date and renders the book."""
    from .. import book

    book.build(profile)


def claims(
    profile: Profile = "laptop",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prints the papers' claims as the notebooks judged them."""
    from .. import book, notebooks

    root = notebooks.find_root()
    notebooks.load_profile(profile, root)
    chapters = book.chapters(root)
    executed = [n for n in chapters if notebooks.executed_path(n, profile).is_file()]
    found = [
        {"notebook": notebook.name} | verdict
        for notebook in executed
        for verdict in book.verdicts(notebook, profile)
    ]
    if as_json:
        tables.print_json(found)
        return
    for name, verdicts in itertools.groupby(found, key=lambda verdict: verdict["notebook"]):
        typer.echo(name)
        rows = [(f"  {v['verdict']}", f"{v['statement']} [{v['detail']}]") for v in verdicts]
        tables.print_table(["", ""], rows, lines=6)
    if missing := [n.name for n in chapters if n not in executed]:
        typer.echo(f"not executed with profile {profile}: {', '.join(missing)}")
        typer.echo(f"`mempaper book --profile {profile}` executes them.")

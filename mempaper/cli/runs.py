"""`mempaper runs`: the store of finished steps."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from . import tables

if TYPE_CHECKING:
    from ..runs import Record

app = typer.Typer(no_args_is_help=True, help="Finished and unfinished runs: list, show, clean.")


@app.command("list")
def list_runs(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists what is stored, oldest first."""
    from ..runs import Store

    store = Store()
    records = store.list()
    if as_json:
        tables.print_json([dataclasses.asdict(record) for record in records])
    elif records:
        _print_records(records)
    else:
        typer.echo(f"no runs under {store.root}")


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="The run's id, or its beginning.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Checks a run and shows its results, origin and files."""
    from ..runs import Store

    found = Store().get(run)
    if as_json:
        tables.print_json(dataclasses.asdict(found))
        return
    typer.echo(f"{found.kind} {found.id}\n{found.path}")
    for title in ("config", "metrics", "provenance"):
        typer.echo()
        tables.print_table([title, ""], list(tables.flat(getattr(found, title))))
    typer.echo()
    files = sorted(path for path in found.path.rglob("*") if path.is_file())
    rows = [(tables.size(f.stat().st_size), f.relative_to(found.path).as_posix()) for f in files]
    tables.print_table(["files", ""], rows)


@app.command()
def clean(
    kind: Annotated[str | None, typer.Option(help="Only runs of this kind.")] = None,
    older_than: Annotated[
        float | None, typer.Option(metavar="DAYS", min=0, help="Only runs unchanged for so long.")
    ] = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Only what interrupted commands left.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--everything", help="All runs, where nothing else is given.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")
    ] = False,
) -> None:
    """Removes the runs that fit all given conditions.

    A run that a process is making is left alone.
    """
    from ..runs import Store

    removed = Store().clean(
        kind=kind,
        older_than=older_than,
        unfinished=unfinished,
        everything=everything,
        dry_run=dry_run,
    )
    if removed:
        _print_records(removed)
    total = tables.size(sum(record.bytes for record in removed))
    typer.echo(f"{'would remove' if dry_run else 'removed'} {len(removed)} runs, {total}")


def _print_records(records: "Sequence[Record]") -> None:
    rows = [
        (
            record.id[:10],
            record.kind,
            record.state,
            tables.size(record.bytes),
            tables.age(record.modified),
            tables.assignments(record.config),
        )
        for record in records
    ]
    tables.print_table(["ID", "KIND", "STATE", "SIZE", "AGE", "CONFIGURATION"], rows)

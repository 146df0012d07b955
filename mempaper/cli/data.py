"""`mempaper data`: which images are there, whether they are whole, and how to get them."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from . import tables

app = typer.Typer(no_args_is_help=True, help="Sources of images: list, check, fetch.")

DataRoot = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        envvar="MEMPAPER_DATA",
        help="Folder of the image data. Default: the user's cache folder.",
        show_default=False,
    ),
]


@app.command("list")
def list_sources(
    data_root: DataRoot = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists the named sources: where they are or how to get them."""
    from .. import images

    records = images.status(data_root)
    if as_json:
        tables.print_json([dataclasses.asdict(record) for record in records])
        return
    rows = [
        (r.name, f"{r.images:,}", "yes" if r.present else "no", r.path if r.present else r.how)
        for r in records
    ]
    tables.print_table(["NAME", "IMAGES", "THERE", "WHERE, OR HOW TO GET IT"], rows)
    typer.echo(f"\ndata folder: {images.data_root(data_root)}")


@app.command()
def check(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Names, folders or .npy/.npz files. Default: all that are there."),
    ] = None,
    data_root: DataRoot = None,
) -> None:
    """Reads sources in full and says what they hold.

    Duplicates are pairs of equal images in training and hold-out part. Ends with status 1 where
    a source is missing or damaged.
    """
    from .. import images

    there = [record.name for record in images.status(data_root) if record.present]
    rows, failures = [], []
    for source in sources or there:
        try:
            split = images.load(source, root=data_root)
        except InputError as error:
            failures.append(error)
            continue
        parts = [f"{len(split.train):,} train", f"{len(split.holdout):,} hold-out"]
        if split.test is not None:
            parts.append(f"{len(split.test):,} test")
        shape = " x ".join(map(str, split.train.shape))
        rows.append((source, shape, str(len(split.duplicates)), ", ".join(parts)))
    if rows:
        tables.print_table(["SOURCE", "SHAPE", "DUPLICATES", "IMAGES"], rows)
    for error in failures:
        typer.echo(f"Error: {error}", err=True)
    if failures:
        raise typer.Exit(1)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A name out of `mempaper data list`.")],
    data_root: DataRoot = None,
) -> None:
    """Downloads a source."""
    from .. import images

    typer.echo(images.fetch(name, data_root))

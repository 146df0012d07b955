"""`mempaper book`: the rendered book."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError

Profile = Annotated[str, typer.Option(help="Which of profiles/*.yaml gives the parameters.")]


def book(
    profile: Profile = "laptop",
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print the whole book, too; needs Chromium.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the PDF goes, if not to _build/mempaper.pdf."),
    ] = None,
) -> None:
    """Executes what is out of date and renders the book."""
    from .. import book, notebooks

    if out is not None and not pdf:
        raise InputError("--out", "come with --pdf", repr(str(out)), "Add --pdf.")
    if pdf and out is None:
        out = notebooks.find_root() / "_build" / "mempaper.pdf"
    book.build(profile, pdf=out)

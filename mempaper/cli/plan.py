"""`mempaper plan`: what a book would take, and `mempaper step`, with which Snakemake does it."""

from pathlib import Path
from typing import Annotated

import typer

Profile = Annotated[str, typer.Option(help="Which of profiles/*.yaml gives the parameters.")]


def plan(profile: Profile = "laptop") -> None:
    """Prints what the book of a profile would run: jobs, hours and bytes."""


def step(
    order: Annotated[Path, typer.Argument(metavar="FILE", help="A step that Snakemake wrote.")],
) -> None:
    """Does one step of a book, and writes beside the file that it is done."""
    from ..steps.step import do

    do(order)

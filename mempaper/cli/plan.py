"""`mempaper plan`: what a book would take, and `mempaper step`, with which Snakemake does it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import tables

if TYPE_CHECKING:
    from ..steps.costs import Measured

Profile = Annotated[str, typer.Option(help="Which of profiles/*.yaml gives the parameters.")]


def plan(
    profile: Profile = "laptop",
    share: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Images that one job recovers at most.")
    ] = None,
) -> None:
    """Prints what the book of a profile would run: jobs, and what they are expected to take.

    Nothing is run, and no data are needed.
    """
    from .. import steps
    from ..steps import costs

    planned = steps.Plan(profile, apart=True, share=share)
    rates = costs.measured()
    rows = costs.estimate(planned, rates)
    typer.echo(f"{len(planned.stale)} of the {len(planned.pages)} pages have to be executed.\n")
    cells = [
        (
            row.kind,
            f"{row.to_do:,}",
            f"{row.done:,}",
            "" if row.hours is None else f"{row.hours:,.1f}",
            "" if row.bytes is None else tables.size(row.bytes),
        )
        for row in rows
    ]
    total = (
        "total",
        f"{sum(row.to_do for row in rows):,}",
        f"{sum(row.done for row in rows):,}",
        f"{sum(row.hours or 0.0 for row in rows):,.1f}",
        tables.size(sum(row.bytes or 0 for row in rows)),
    )
    tables.print_table(["JOB", "TO DO", "DONE", "HOURS", "SIZE"], [*cells, total])
    typer.echo(f"\n{_origin(profile, rates)}")


def step(
    order: Annotated[Path, typer.Argument(metavar="FILE", help="A step that Snakemake wrote.")],
) -> None:
    """Does one step of a book, and writes beside the file that it is done."""
    from ..steps.step import do

    do(order)


def _origin(profile: str, rates: "Measured") -> str:
    said = f"what profiles/{profile}.yaml says of pages, each training counted once"
    if not rates.seconds:
        return f"Hours: {said}."
    measured = ", ".join(sorted(rates.seconds))
    return (
        f"Hours: trainings of {measured} as stored runs took on {rates.machine}, scaled by the "
        f"size of the networks; otherwise {said}."
    )

"""`mempaper claims`: the papers' statements and what came of them."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from . import tables

if TYPE_CHECKING:
    from ..ledger import Entry


class Paper(str, Enum):
    webster2019 = "webster2019"
    bai2022 = "bai2022"
    mempaper = "mempaper"


def claims(
    profile: Annotated[
        str, typer.Option(help="Whose executed pages are read: one of profiles/*.yaml.")
    ] = "laptop",
    paper: Annotated[
        Paper | None, typer.Option(help="Only those of one paper, or this book's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prints the papers' statements beside the verdicts on them, live and recorded."""
    from .. import ledger
    from ..statements import KINDS

    entries = ledger.read(profile, paper=paper.value if paper else None)
    if as_json:
        tables.print_json([ledger.as_json(entry) for entry in entries])
        return
    typer.echo(f"{len(entries)} statements; live, profile {profile}:")
    for kind in KINDS:
        of_kind = [entry.live_outcome for entry in entries if entry.statement.kind == kind]
        typer.echo(f"  {kind}: {ledger.counts(of_kind)}")
    typer.echo(f"recorded: {ledger.counts(e.recorded_outcome for e in entries)}\n")
    rows = [row for entry in entries for row in _rows(entry)]
    tables.print_table(["LIVE", "RECORDED", "STATEMENT"], rows, lines=8)


def _rows(entry: "Entry") -> list[tuple[str, str, str]]:
    """Returns the row of a statement, and below it each verdict and what made it."""
    from .. import results

    said = entry.statement
    kind = "" if said.kind == "claim" else f"{said.kind}: "
    rows = [
        (
            entry.live_outcome if entry.live else "-",
            entry.recorded_outcome if entry.recorded else "-",
            f"{said.id}: {kind}{said.statement} [{said.source}]",
        )
    ]
    rows += [("", "", text) for each in entry.live for text in (each.detail, each.line)]
    for each in entry.recorded:
        rows.append(("", "", f"{each.dataset}, {each.agreement}. {each.detail}"))
        rows.append(("", "", results.described(each.source)))
    if not entry.live:
        rows.append(("", "", entry.reason))
    return [*rows, ("", "", "")]

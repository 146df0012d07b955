"""`mempaper book`: the rendered book."""

from typing import Annotated

import typer

Profile = Annotated[str, typer.Option(help="Which of profiles/*.yaml gives the parameters.")]


def book(profile: Profile = "laptop") -> None:
    """Executes what is out of date and renders the book."""
    from .. import book

    book.build(profile)

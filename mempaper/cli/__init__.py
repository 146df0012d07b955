"""The command line: typed sub-commands over the package.

What is heavy is imported inside the commands, so that `mempaper --help` answers at once.
"""

import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .. import __version__
from ..errors import InputError
from ..files import NO_ROOM
from . import audit, book, claims, data, notebook, plan, runs, work

__all__ = ["app", "main"]


class _Group(TyperGroup):
    """Ends a command that cannot go on with one plain message instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(2) from error
        except KeyboardInterrupt as error:
            typer.echo("\nstopped; repeat the same command to continue", err=True)
            raise typer.Exit(130) from error
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            typer.echo(
                f"Error: {error}. Free some space, or let MEMPAPER_RUNS, MEMPAPER_DATA and TMPDIR "
                "name folders that can be written, then repeat the command: finished work is kept.",
                err=True,
            )
            raise typer.Exit(1) from error
        except RuntimeError as error:
            if not type(error).__module__.startswith("mempaper."):
                raise
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(data.app, name="data")
app.command()(work.train)
app.command()(work.recover)
app.command()(audit.audit)
app.add_typer(runs.app, name="runs")
app.add_typer(notebook.app, name="notebook")
app.command("book")(book.book)
app.command("plan")(plan.plan)
app.command("step", hidden=True)(plan.step)
app.command()(claims.claims)


def _print_version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"mempaper {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def mempaper(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Did the generator learn the distribution or the training images?

    Data, training, latent recovery and the book of results. Data lie under MEMPAPER_DATA and
    finished runs under MEMPAPER_RUNS, by default in the user's cache folder; a command that is
    repeated takes finished work from there and continues unfinished work.
    """


def _show_warning(message: Any, category: type, filename: str, lineno: int, *rest: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)


def main() -> None:
    """Runs the command line; exits with 2 after wrong input, 1 after a failure, 130 if stopped."""
    warnings.showwarning = _show_warning
    app(prog_name="mempaper")

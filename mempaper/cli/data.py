"""`mempaper data`: where the images are and how to get them."""

import typer

app = typer.Typer(no_args_is_help=True, help="Sources of images: list, check, fetch.")

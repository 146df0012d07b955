"""`mempaper train` and `mempaper recover`: the steps that take time, found again when repeated."""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import tables

if TYPE_CHECKING:
    from ..runs import Run

DataRoot = Annotated[
    Path | None,
    typer.Option(
        "--data-root",
        envvar="MEMPAPER_DATA",
        help="Folder of the image data. Default: the user's cache folder.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Equal seeds give equal results.")]


class Model(str, Enum):
    dcgan = "dcgan"
    glo = "glo"


class Which(str, Enum):
    train = "train"
    holdout = "holdout"
    generated = "generated"
    distorted = "distorted"


def train(
    model: Annotated[Model, typer.Argument(help="The way to train.")],
    dataset: Annotated[str, typer.Argument(help="A name out of `mempaper data list`.")],
    images: Annotated[
        int | None, typer.Option(min=1, help="Training images. Default: all.", show_default=False)
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=1, help="Pixels a side. Default: the dataset's.", show_default=False),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Updates of the generator.")] = 2000,
    seed: Seed = 0,
    data_root: DataRoot = None,
) -> None:
    """Trains a generator and prints its run.

    Repeated, it finds the finished run, or continues an interrupted one.
    """
    from .. import experiments
    from ..runs import Store

    run = experiments.train(
        model.value,
        dataset,
        images=images,
        size=size,
        steps=steps,
        seed=seed,
        store=Store(),
        data_root=data_root,
    )
    _print_run(run)


def recover(
    run: Annotated[str, typer.Argument(help="A training run's id, or its beginning.")],
    which: Annotated[Which, typer.Argument(help="The images to recover.")] = Which.train,
    count: Annotated[int, typer.Option(min=1, help="Images.")] = 200,
    steps: Annotated[int, typer.Option(min=1, help="L-BFGS steps for each image.")] = 50,
    seed: Seed = 0,
    data_root: DataRoot = None,
) -> None:
    """Searches the latent codes that come closest to images."""
    from .. import experiments
    from ..runs import Store

    store = Store()
    found = experiments.recover(
        store.get(run),
        which.value,
        count=count,
        steps=steps,
        seed=seed,
        store=store,
        data_root=data_root,
    )
    _print_run(found)


def _print_run(run: "Run") -> None:
    typer.echo(f"{run.kind} {run.id}\n{run.path}")
    tables.print_table(["metrics", ""], list(tables.flat(run.metrics)))

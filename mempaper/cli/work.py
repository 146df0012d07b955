"""`mempaper train` and `mempaper recover`: the steps that take time, found again when repeated."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from . import tables
from .data import DataRoot

if TYPE_CHECKING:
    from ..runs import Run

Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Equal seeds give equal results.")]


class Loss(str, Enum):
    saturating = "saturating"
    non_saturating = "non_saturating"
    hinge = "hinge"


class Kind(str, Enum):
    train = "train"
    holdout = "holdout"
    generated = "generated"
    distorted = "distorted"


class Method(str, Enum):
    lbfgs = "lbfgs"
    lbfgs_published = "lbfgs_published"
    adam = "adam"
    sgd = "sgd"
    encoder = "encoder"


def _known(model: str) -> str:
    from ..families import FAMILIES

    if model not in FAMILIES:
        raise typer.BadParameter(f"{model!r} is not one of {', '.join(FAMILIES)}.")
    return model


def train(
    model: Annotated[
        str,
        typer.Argument(
            callback=_known, help="The family of models, such as dcgan; an unknown one lists all."
        ),
    ],
    dataset: Annotated[str, typer.Argument(help="A name out of `mempaper data list`.")],
    images: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Train on the first N images only."),
    ] = None,
    size: Annotated[
        int | None, typer.Option(metavar="PX", min=1, help="Pixels a side, if not the dataset's.")
    ] = None,
    holdout: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Keep N images out of training.")
    ] = None,
    steps: Annotated[int, typer.Option(metavar="N", min=1, help="Updates of the weights.")] = 2000,
    batch_size: Annotated[int, typer.Option(metavar="N", min=1, help="Images an update.")] = 64,
    latent_dim: Annotated[int, typer.Option(metavar="N", min=1, help="Latent numbers.")] = 128,
    width: Annotated[
        int, typer.Option(metavar="N", min=1, help="Channels at the generator's coarsest grid.")
    ] = 64,
    learning_rate: Annotated[
        float | None,
        typer.Option(metavar="RATE", help="Default: the family's."),
    ] = None,
    loss: Annotated[
        Loss, typer.Option(help="Of families that leave a choice.")
    ] = Loss.non_saturating,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="TAU",
            help="Memorization rejection with this threshold: a number, d-bar, or a quantile in "
            "per cent such as q10. Of families that know classes.",
        ),
    ] = None,
    embedding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --threshold: the encoder that gives distances to reject by. Default: pca.",
        ),
    ] = None,
    take_farthest: Annotated[
        bool,
        typer.Option(
            "--take-farthest",
            help="With --threshold: where hardly any image passes it, learn from the farthest "
            "instead of stopping.",
        ),
    ] = False,
    precision: Annotated[
        str, typer.Option(metavar="NAME", help="As Lightning Fabric names it, e.g. bf16-mixed.")
    ] = "32-true",
    devices: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="GPUs of this machine that share each batch."),
    ] = 1,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write event files for TensorBoard.")
    ] = False,
    seed: Seed = 0,
    data_root: DataRoot = None,
) -> None:
    """Trains a generator and prints its run.

    Repeated, it finds the finished run, or continues an interrupted one.
    """
    from .. import experiments

    run = experiments.train(
        model,
        dataset,
        images=images,
        size=size,
        holdout=holdout,
        steps=steps,
        batch_size=batch_size,
        latent_dim=latent_dim,
        width=width,
        learning_rate=learning_rate,
        loss=loss.value,
        rejection=_rejection(threshold, embedding, take_farthest),
        precision=precision,
        devices=devices,
        tensorboard=tensorboard,
        seed=seed,
        data_root=data_root,
    )
    _print_run(run)


def _rejection(
    threshold: str | None, embedding: str | None, take_farthest: bool
) -> dict[str, str] | None:
    if threshold is not None:
        collapsed = "farthest" if take_farthest else "error"
        return {"threshold": threshold, "embedding": embedding or "pca", "collapsed": collapsed}
    if embedding is not None or take_farthest:
        raise InputError(
            "--embedding" if embedding is not None else "--take-farthest",
            "come with a --threshold",
            repr(embedding) if embedding is not None else "none",
            "Add `--threshold d-bar`, say, or leave it out.",
        )
    return None


def recover(
    run: Annotated[str, typer.Argument(help="A training run's id, or its beginning.")],
    kind: Annotated[Kind, typer.Argument(help="The images to recover.")] = Kind.train,
    count: Annotated[int, typer.Option(metavar="N", min=1, help="The first N images.")] = 256,
    steps: Annotated[int, typer.Option(metavar="N", min=1, help="Steps for each image.")] = 100,
    method: Annotated[
        Method, typer.Option(help="The minimiser, or the model's encoder.")
    ] = Method.lbfgs,
    restarts: Annotated[int, typer.Option(metavar="N", min=1, help="Starts for each image.")] = 1,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Only this part, such as 2/8. Once all are done, perhaps on several machines, "
            "the command without --part puts them together.",
        ),
    ] = None,
    seed: Seed = 0,
    data_root: DataRoot = None,
) -> None:
    """Searches the latent codes that come closest to images.

    Repeated, it finds the finished run, or continues an interrupted one.
    """
    from ..runs import Store

    trained = Store().get(run, kind="train")
    from .. import experiments

    options = {
        "count": count,
        "steps": steps,
        "method": method.value,
        "restarts": restarts,
        "seed": seed,
        "data_root": data_root,
    }
    if part is None:
        _print_run(experiments.recover(trained, kind.value, **options))
        return
    number, parts = _fraction(part)
    made = experiments.recover_part(trained, kind.value, part=number, parts=parts, **options)
    rows = [(each.id, f"images {each.config['first']:,} and on") for each in made]
    tables.print_table([f"PART {part}", ""], rows or [("nothing", "all of it is stored")])


def _fraction(text: str) -> tuple[int, int]:
    number, _, parts = text.partition("/")
    if not (number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts)):
        raise InputError(
            "--part", "be I/N, the I-th of N parts", repr(text), "Write 2/8 for the second of 8."
        )
    return int(number), int(parts)


def _print_run(run: "Run") -> None:
    typer.echo(f"{run.kind} {run.id}\n{run.path}\n")
    tables.print_table(["metrics", ""], list(tables.flat(run.metrics)))

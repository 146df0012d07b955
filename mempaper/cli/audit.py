"""`mempaper audit`: did a generator copy its training images?"""

import re
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .data import DataRoot
from .work import Seed

_UNITS = {"s": 1, "min": 60, "h": 3600}


class FailOn(str, Enum):
    memorization = "memorization"


def audit(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the report goes.")],
    train: Annotated[
        Path | None,
        typer.Option(metavar="DIR|.npy", help="Images that the generator was trained on."),
    ] = None,
    holdout: Annotated[
        Path | None,
        typer.Option(metavar="DIR|.npy", help="Images of the same kind that it was not."),
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|module:factory",
            help="A .pt2, TorchScript or .safetensors file, or a function that returns it.",
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(metavar="DIR|.npy", help="Generated images, where there is no generator."),
    ] = None,
    latent_dim: Annotated[
        int | None, typer.Option(metavar="D", min=1, help="Numbers of a latent, from N(0, I).")
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of .safetensors: one of our families, such as dcgan."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Of .safetensors: such as size=32; repeat it."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(metavar="PX", min=1, help="Cut the images of folders to squares of PX."),
    ] = None,
    generated: Annotated[
        int, typer.Option(metavar="N", min=20, help="Samples to draw and look at.")
    ] = 2000,
    recovered: Annotated[
        int, typer.Option(metavar="N", min=20, help="Images of each kind to recover.")
    ] = 250,
    steps: Annotated[
        int, typer.Option(metavar="N", min=1, help="Generator passes for each recovered image.")
    ] = 50,
    encoder: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Whose features are compared; repeat it."),
    ] = None,
    level: Annotated[
        float, typer.Option(metavar="P", help="Rate of false alarms that is accepted.")
    ] = 0.05,
    budget: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time for samples and recovery, such as 10min."),
    ] = None,
    fail_on: Annotated[
        FailOn | None, typer.Option(help="Exit with status 1 where this is the verdict.")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Audit a small generator of embedded images.")
    ] = False,
    seed: Seed = 0,
    data_root: DataRoot = None,
) -> None:
    """Reports whether a generator memorized its training images.

    Writes report.html, report.json, generated.parquet and real.parquet. Repeated, it goes on from
    what is finished.
    """
    from .. import audit as auditing

    settings = {
        "size": size,
        "generated": generated,
        "recovered": recovered,
        "steps": steps,
        "encoders": tuple(encoder or ("pca", "pixels")),
        "level": level,
        "budget": None if budget is None else _seconds(budget),
        "seed": seed,
        "data_root": data_root,
    }
    auditing.prepare(out)
    if (architecture or setting) and not (generator or "").endswith(".safetensors"):
        raise InputError(
            "--architecture and --setting",
            "come with weights in a .safetensors file",
            repr(generator),
            "Leave them out, or name that file with --generator.",
        )
    if demo:
        report = auditing.demo(**settings)
    else:
        missing = [
            name for name, path in (("--train", train), ("--holdout", holdout)) if path is None
        ]
        if missing:
            raise InputError(
                " and ".join(missing), "be given", "nothing", "Or try `mempaper audit --demo`."
            )
        subject = generator and auditing.load_generator(
            generator, architecture=architecture, config=_config(setting or [])
        )
        report = auditing.audit(
            subject, train, holdout, samples=samples, latent_dim=latent_dim, **settings
        )
    path = report.write(out)
    typer.echo(f"{report}\n\nThe report: {path}")
    if fail_on is not None and report.verdict == fail_on.value:
        raise typer.Exit(1)


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|h)", text.strip())
    if not match or not float(match[1]):
        raise InputError(
            "--budget", "be a time such as 90s, 10min or 1h", repr(text), "Add a unit."
        )
    return float(match[1]) * _UNITS[match[2]]


def _config(settings: list[str]) -> dict[str, int | float | str]:
    config = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise InputError("--setting", "be NAME=VALUE", repr(setting), "Write size=32.")
        config[name.strip()] = _number(value.strip())
    return config


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text

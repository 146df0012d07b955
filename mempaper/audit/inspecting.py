"""`audit`: every step from a generator and real images to a report."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from .. import embeddings, minimizers, parallel, quasi_newton, recovery
from ..embeddings import Embedding
from ..errors import InputError, check_count, check_known
from ..experiments.arrays import is_whole, read_arrays, write_arrays
from ..experiments.recovering import in_shards
from ..experiments.recovering import recovered as arrays_of
from ..images import Images
from ..progress import track
from ..runs import Store
from .budget import affordable
from .comparison import compare
from .examination import Scores, Test, adjusted, controls, examine, examine_samples
from .given import as_images, check_disjoint, check_shapes
from .proximity import embed, neighbours
from .report import OwnSamples, Recovered, Report, Suspects
from .subject import Subject, subject
from .verdict import decide

__all__ = ["audit"]

_GENERATED = 2000
_RECOVERED = 250
_OWN = 32
_PART = 256  # samples made together
_PCA_DIM = 32
_SHOWN = 12


def audit(
    generator: Callable[[Tensor], Tensor] | None,
    train,
    holdout,
    *,
    samples=None,
    latent_dim: int | None = None,
    size: int | None = None,
    generated: int = _GENERATED,  # samples to look at
    recovered: int = _RECOVERED,  # training and hold-out images to recover, each
    steps: int = 50,  # generator passes for each
    encoders: Sequence[str] = ("pca", "pixels"),
    level: float = 0.05,
    budget: float | int | None = None,
    seed: int = 0,
    device: torch.device | str | None = None,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Report:
    """Returns what can be said about whether a generator memorized its training images.

    generator   latents (n, latent_dim) from N(0, I) -> images (n, c, h, w) in [-1, 1]; None where
                there are `samples` only
    train       images it was trained on, as `given.as_images` takes them
    holdout     images of the same kind it was not trained on, likewise
    samples     generated images, instead of drawing them from the generator
    latent_dim  None: the generator's attribute of that name
    size        pixels a side, to which images of folders are cut
    encoders    "pca" and "pixels" of the real images, or names in embeddings.ENCODERS; the second
                is there to contradict the first
    level       probability to report memorization where there is none
    budget      seconds that sampling and recovery may take; None: as many images as said
    store       where finished steps are kept: a repeated audit goes on from them

    Raises
        InputError  an argument is not as said

    >>> real = torch.rand(120, 1, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    >>> train, holdout = real[:60], real[60:]
    >>> audit(None, train, holdout, samples=train, encoders=["pixels"]).verdict
    'memorization'
    """
    check_count("seed", seed, 0)
    if not 0 < level < 1:
        raise InputError("level", "lie in (0, 1)", level, "0.05 is usual.")
    if not encoders:
        raise InputError("encoders", "name at least one", "none", "Pass ('pca', 'pixels').")
    real = {
        name: as_images(name, given, size=size, seed=seed)
        for name, given in (("train", train), ("holdout", holdout))
    }
    check_shapes(**real)
    check_disjoint(**real)
    store = store or Store()
    left_out: dict[str, str] = {}
    audited = _subject(generator, samples, latent_dim, real["train"], device)
    if budget is not None and audited is not None:
        generated, recovered = affordable(audited, budget, steps, generated, recovered)
    if samples is not None:
        samples = as_images("samples", samples, size=size, seed=seed)
        check_shapes(train=real["train"], samples=samples)
    else:
        check_count("generated", generated, 20)
        assert audited is not None
        samples = _samples(audited, generated, seed, store)
    made = [_encoder(name, real, data_root) for name in encoders]
    sets = [embed(e, real["train"], real["holdout"], samples, store=store) for e in made]
    tests = [examine_samples(s, seed=seed) for s in sets]
    own = shown = None
    if audited is None:
        left_out["latent recovery"] = "It needs the generator; there are samples only."
    elif not audited.differentiable:
        left_out["latent recovery"] = "The generator passes no gradient on to its latents."
    else:
        test, own, shown = _recovery_test(audited, real, recovered, steps, seed, store)
        tests.append(test)
    tests = adjusted(tests)
    checked = controls(sets, others=len(tests) - len(sets), seed=seed)
    detectors, silent = compare(sets[0], seed=seed)
    verdict, reasons = decide(tests, checked, own, level=level)
    return Report(
        verdict=verdict,
        reasons=reasons,
        tests=tests,
        controls=checked,
        detectors=detectors,
        own_samples=own,
        recovered=shown,
        suspects=Suspects.ranked([neighbours(s) for s in sets], [s.name for s in sets]),
        left_out=left_out | silent,
        settings={
            "train": len(real["train"]),
            "holdout": len(real["holdout"]),
            "generated": len(samples),
            "shape": list(samples.shape[1:]),
            "encoders": [s.name for s in sets],
            "steps": steps,
            "level": level,
            "seed": seed,
        },
        train=real["train"],
        generated=samples,
    )


def _samples(audited: Subject, count: int, seed: int, store: Store) -> Float[Tensor, "g c h w"]:
    """Returns samples, made in parts that an interruption leaves behind."""

    def build(folder: Path) -> dict[str, int]:
        latents = audited.latents(count, seed=seed)
        parts = []
        for low in track(range(0, count, _PART), "sampling"):
            path = folder / "checkpoints" / f"{low}.npz"
            if not is_whole(path, ("images",)):
                made = audited.make(latents[low : low + _PART])
                write_arrays(path, {"images": made.numpy()})
            parts.append(read_arrays(path)["images"])
        write_arrays(folder / "samples.npz", {"images": np.concatenate(parts)})
        return {"count": count}

    config = {"generator": audited.identity, "samples": count, "seed": seed}
    run = store.make("audit", config, build, seed=seed)
    return torch.from_numpy(read_arrays(run.file("samples.npz"))["images"])


def _subject(generator, samples, latent_dim, train, device) -> Subject | None:
    if generator is None:
        if samples is None:
            raise InputError("generator", "be given, or samples of it", "neither", "Give one.")
        return None
    return subject(generator, latent_dim, tuple(train.shape[1:]), device=device)


def _encoder(name: str, real: dict[str, Tensor], data_root: Path | None) -> Embedding:
    """Returns an encoder that does not know which real images were trained on."""
    if name == "pixels":
        return embeddings.pixels(tuple(real["train"].shape[1:]))
    if name == "pca":
        pool = torch.cat([real["train"], real["holdout"]])
        with parallel.one_thread():
            return embeddings.pca(pool, dim=min(_PCA_DIM, len(pool) - 1, pool[0].numel()))
    check_known("encoders", name, ("pca", "pixels", *embeddings.ENCODERS))
    return embeddings.load(name, root=data_root)


def _recovery_test(
    audited: Subject,
    real: dict[str, Float[Tensor, "n c h w"]],
    count: int,
    steps: int,
    seed: int,
    store: Store,
) -> tuple[Test, OwnSamples, Recovered]:
    chosen = {kind: _chosen(len(images), count, seed) for kind, images in real.items()}
    wanted = {kind: images[chosen[kind]] for kind, images in real.items()}
    wanted["own"] = audited.sample(_OWN, seed=seed + 1)
    found = {
        kind: _recover(audited, kind, images, steps, seed, store) for kind, images in wanted.items()
    }
    errors = {kind: arrays["errors"] for kind, arrays in found.items()}
    scores = Scores(
        name="recovery",
        unit="recovery error (mean squared error per pixel)",
        train=errors["train"],
        holdout=errors["holdout"],
        train_images=chosen["train"],
        holdout_images=chosen["holdout"],
    )
    own = OwnSamples(float(np.median(errors["own"])), float(np.median(errors["holdout"])))
    made = {kind: audited.make(found[kind]["latents"][:_SHOWN]) for kind in real}
    shown = Recovered(
        wanted["train"][:_SHOWN], made["train"], wanted["holdout"][:_SHOWN], made["holdout"]
    )
    return examine(scores, seed=seed), own, shown


def _chosen(total: int, count: int, seed: int) -> Int[np.ndarray, "n"]:
    """Returns `count` numbers of images at random: those of files may lie in an order."""
    return np.sort(np.random.default_rng([seed, 4]).permutation(total)[:count])


def _recover(
    audited: Subject, kind: str, wanted: Tensor, steps: int, seed: int, store: Store
) -> dict[str, np.ndarray]:
    """Returns the arrays of recovery.Recovery."""

    def solve(part: Tensor, first: int) -> recovery.Recovery:
        return recovery.recover(
            audited.function,
            part,
            audited.latent_dim,
            steps=steps,
            first=first,
            seed=seed,
            device=audited.device,
            trace=True,
            progress=True,
        )

    def build(folder: Path) -> dict[str, float]:
        found = in_shards(folder, wanted, solve, f"recovering images: {kind}")
        return {"median_recovery_error": float(np.median(found["errors"]))}

    config = {
        "generator": audited.identity,
        "images": Images(wanted.numpy(), np.zeros(len(wanted), np.int64)).fingerprint,
        "steps": steps,
        "seed": seed,
    }
    code = (minimizers, quasi_newton, recovery)
    return arrays_of(store.make("audit", config, build, code=code, seed=seed))

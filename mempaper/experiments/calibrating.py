"""What detectors say where the truth is known, as steps on the store.

A replicate is three sets of equally many images that share none: training images, hold-out images
and fresh ones, which a generator without fault would give. Detectors see them as they are, and with
fresh images replaced by copies of training images, see `planted`.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from .. import detectors as detecting
from .. import embeddings, nearness, parallel, planted, statistics
from ..detectors import DETECTORS
from ..embeddings import Embedding
from ..errors import InputError, check_count, check_known
from ..images import Images
from ..planted import CORRUPTIONS
from ..runs import Run, Store
from .arrays import read_arrays, write_arrays
from .encoders import EncoderSpec, as_spec, described
from .encoders import encoder as _encoder
from .splits import split_of, square_split

__all__ = ["DENSITY", "NULL", "Condition", "Observed", "calibrate", "drawn", "pool_features"]

Condition = tuple[str, float]
"""What was generated: a corruption and the share of copies, or DENSITY and the bandwidth."""

NULL: Condition = ("fresh", 0.0)
DENSITY = "density"

_BLOCK = 10  # replicates in one step
_PERMUTATIONS = 199  # enough for tests that are exact at 5 %
_CODE = (detecting, nearness, planted, statistics, sys.modules[__name__])


@dataclass(frozen=True, eq=False)
class Observed:
    """Scores and p-values of detectors, all under one encoder.

    Condition NULL has s replicates, all others the first r of these.

    count     images of each set
    scores    condition -> detector -> (r,) or (s,), larger for more copying
    p_values  the same; of detectors that have them
    seconds   detector -> mean of one call without copies, on one thread of the machine that made it
    """

    count: int
    encoder: str
    scores: Mapping[Condition, Mapping[str, np.ndarray]]
    p_values: Mapping[Condition, Mapping[str, np.ndarray]]
    seconds: Mapping[str, float]


def calibrate(
    dataset: str,
    *,
    count: int,  # images of each set
    shares: Mapping[str, Sequence[float]],  # corruption -> shares of copies
    bandwidths: Sequence[float] = (),  # of density estimates, black to white is 2
    detectors: Sequence[str] = tuple(DETECTORS),
    encoder: EncoderSpec | Mapping[str, Any] | str = "pca",
    replicates: int = 40,
    nulls: int = 80,  # replicates without copies, at least `replicates`
    pool: int = 24_000,  # hold-out images of `dataset`, from which all sets are drawn
    images: int = 1000,  # training images of `dataset`, from which PCA learns
    size: int | None = None,  # pixels a side
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Observed:
    """Returns what each detector says of each condition, NULL included.

    Replicates share no image where the pool holds 3 x count x nulls; else each is drawn from
    it by itself, and intervals that take replicates for independent are somewhat too narrow. The
    encoder has seen none of these images.

    Copies of one replicate are of the same training images under each corruption, and those of a
    smaller share are among those of a larger one.

    Raises
        InputError  a name is unknown, a number out of range, or the pool is smaller than 3 x count

    >>> small = {"replicates": 2, "nulls": 2, "pool": 120, "images": 16, "encoder": "pixels"}
    >>> small |= {"detectors": ["mifid_distance"]}
    >>> found = calibrate("digits", count=20, shares={"exact": [1.0]}, **small)
    >>> copies, fresh = (found.scores[c]["mifid_distance"] for c in (("exact", 1.0), NULL))
    >>> bool((copies > fresh).all())
    True
    """
    check_count("count", count, 4)
    check_count("replicates", replicates, 2)
    check_count("nulls", nulls, replicates)
    check_count("pool", pool, 3 * count)
    check_count("seed", seed, 0)
    for name in shares:
        check_known("shares", name, CORRUPTIONS)
    for name in detectors:
        check_known("detectors", name, DETECTORS)
    for of in shares.values():
        for share in of:
            if not 0 < share <= 1:
                raise InputError("shares", "lie in (0, 1]", share, "Pass 0.1 for 10 %.")
    spec = as_spec(encoder)
    _, data = square_split(dataset, size, images, pool, data_root)
    job = {
        "data": data,
        "spec": spec,
        "count": count,
        "shares": {name: tuple(of) for name, of in shares.items()},
        "bandwidths": tuple(bandwidths),
        "detectors": tuple(detectors),
        "seed": seed,
        "disjoint": pool >= 3 * count * nulls,
        "store": store,
        "data_root": data_root,
    }
    described(spec, data, store=store, data_root=data_root)  # trains a classifier once
    copying = _blocks(job, 0, replicates)
    silent = _blocks(job | {"shares": {}, "bandwidths": ()}, replicates, nulls)
    made = parallel.run(_block, copying + silent, description=f"calibrating, {count} images")
    return _read(made, job)


def _blocks(job: Mapping[str, Any], first: int, last: int) -> list[dict[str, Any]]:
    starts = range(first, last, _BLOCK)
    return [{**job, "first": start, "last": min(start + _BLOCK, last)} for start in starts]


def pool_features(
    dataset: str,
    *,
    pool: int,
    images: int = 1000,
    encoder: EncoderSpec | Mapping[str, Any] | str = "pca",
    size: int | None = None,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Float[torch.Tensor, "n d"]:
    """Returns the features of the images that `calibrate` with these arguments draws from.

    >>> pool_features("digits", pool=6, images=16, encoder="pixels").shape
    torch.Size([6, 256])
    """
    spec = as_spec(encoder)
    split, data = square_split(dataset, size, images, pool, data_root)
    made = _encoder(spec, data, store=store, data_root=data_root)
    return torch.from_numpy(embeddings.features(made, split.holdout, store=store).values)


def _block(*, data, spec, first, last, disjoint, store, data_root, **asked) -> Run:
    """Returns the run that holds replicates `first` to `last`."""
    pool = split_of(data, data_root).holdout
    numbers = range(first, last)
    sets = [drawn(pool, r, asked["count"], asked["seed"], disjoint) for r in numbers]
    config = {
        "replicates": [first, last],
        "images": [each.fingerprint for each in sets],
        "encoder": described(spec, data, store=store, data_root=data_root),
        "encoder_images": data["fingerprint"],
        "permutations": _PERMUTATIONS,
        **asked,
    }

    def build(folder: Path) -> dict[str, Any]:
        made = _encoder(spec, data, store=store, data_root=data_root)
        chosen = asked["detectors"]
        found: dict[str, list[np.ndarray]] = {"scores": [], "p_values": []}
        spent = np.zeros(len(chosen))
        with parallel.one_thread():
            for number, real in zip(numbers, sets, strict=True):
                said, seconds = _replicate(made, real[:], number, asked)
                spent += seconds / len(sets)
                for name, values in zip(found, said, strict=True):
                    found[name].append(values)
        arrays = {name: np.stack(values, axis=-1) for name, values in found.items()}
        write_arrays(folder / "said.npz", arrays)
        return {"seconds": dict(zip(chosen, spent.tolist(), strict=True))}

    return (store or Store()).make("calibration", config, build, code=_CODE, seed=asked["seed"])


def drawn(pool: Images, replicate: int, count: int, seed: int, disjoint: bool) -> Images:
    """Returns the images of a replicate, 3 x count."""
    wanted = 3 * count
    if disjoint:
        return pool.subset(slice(wanted * replicate, wanted * (replicate + 1)))
    draws = np.random.default_rng([seed, replicate])
    return pool.subset(draws.permutation(len(pool))[:wanted])


def _replicate(
    made: Embedding, real: torch.Tensor, number: int, asked: Mapping[str, Any]
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Returns scores and p-values (conditions, detectors), and seconds (detectors,) of the first.

    There is no p-value where it is not a number.
    """
    of_real = made(real).split(asked["count"])
    train, holdout, _ = of_real
    rows, seconds = [], np.zeros(len(asked["detectors"]))
    for at, generated in enumerate(_generated(made, real, of_real, number, asked)):
        said = []
        for place, name in enumerate(asked["detectors"]):
            began = time.perf_counter()
            found = DETECTORS[name].detect(
                train, holdout, generated, number, permutations=_PERMUTATIONS
            )
            seconds[place] += (time.perf_counter() - began) * (at == 0)
            said.append((found.score, np.nan if found.p_value is None else found.p_value))
        rows.append(said)
    return tuple(np.moveaxis(np.array(rows), -1, 0)), seconds


def _generated(
    made: Embedding,
    real: torch.Tensor,
    of_real: Sequence[torch.Tensor],
    number: int,
    asked: Mapping[str, Any],
) -> Iterator[torch.Tensor]:
    """Yields features of generated images in the order of `_conditions`.

    What is corrupted is encoded once: at a share of 1, of which all smaller ones are a part.
    """
    count = asked["count"]
    train, _, fresh = real.split(count)
    seed = int(np.random.SeedSequence([asked["seed"], number]).generate_state(1)[0])
    yield of_real[2]
    for name, shares in asked["shares"].items():
        whole = planted.plant(fresh, train, share=1, corruption=CORRUPTIONS[name], seed=seed)
        copies = made(whole.images)
        for share in shares:
            copied = torch.from_numpy(planted.plant(fresh, train, share=share, seed=seed).copied)
            yield torch.where(copied[:, None], copies, of_real[2])
    for bandwidth in asked["bandwidths"]:
        yield made.encode(
            planted.kernel_density_draws(train, count, bandwidth=bandwidth, seed=seed).images
        )


def _conditions(asked: Mapping[str, Any]) -> list[Condition]:
    copies = [(name, float(share)) for name, of in asked["shares"].items() for share in of]
    return [NULL, *copies, *((DENSITY, float(width)) for width in asked["bandwidths"])]


def _read(blocks: Sequence[Run], asked: Mapping[str, Any]) -> Observed:
    said = [read_arrays(block.file("said.npz")) for block in blocks]
    sizes = [each["scores"].shape[-1] for each in said]

    def of(kind: str, place: int) -> dict[str, np.ndarray]:
        rows = [each[kind][place] for each in said if place < len(each[kind])]
        return dict(zip(asked["detectors"], np.concatenate(rows, axis=-1), strict=True))

    scores, p_values = (
        {condition: of(kind, place) for place, condition in enumerate(_conditions(asked))}
        for kind in ("scores", "p_values")
    )
    tests = {
        condition: {name: row for name, row in rows.items() if not np.isnan(row).any()}
        for condition, rows in p_values.items()
    }
    seconds = {
        name: float(np.average([b.metrics["seconds"][name] for b in blocks], weights=sizes))
        for name in asked["detectors"]
    }
    return Observed(asked["count"], asked["spec"].name, scores, tests, seconds)

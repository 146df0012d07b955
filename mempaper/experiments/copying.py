"""What generators copy, as steps on the store: C_T, distances, Frechet distances."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int

from .. import class_conditional, families, generators, neighbors, parallel, statistics
from ..errors import InputError, check_count
from ..images import Images
from ..runs import Run, Store
from ..runs.identity import canonical, plain
from . import scores as scoring
from .arrays import read_arrays, write_arrays
from .density import density
from .encoders import EncoderSpec, as_spec
from .measured import Measured
from .models import TrainedModel
from .scores import Protocol, Scores, read_scores, score, write_scores
from .splits import trained_on

__all__ = ["Copying", "measure_copying", "samples"]

_CODE = (
    class_conditional,
    generators,
    neighbors,
    statistics.bootstrap,
    statistics.cells,
    statistics.class_wise_copying,
    statistics.copying_scores,
    statistics.data_copying,
    statistics.feature_arrays,
    statistics.frechet,
    scoring,
    sys.modules[__name__],
)


@dataclass(frozen=True, eq=False)
class Copying(TrainedModel):
    """What one generator copies, in the features of one encoder.

    References have their names, hold-out images are "holdout".

    scores     set -> C_T of the generated images against it
    baseline   set -> C_T of images that copy nothing, scored as if they were generated: of one half
               of the hold-out images against the other, of a reference against the hold-out images.
               What it says of a reference is its shift, and no copying. Cells are as many as where
               generated images are held against it, and never more than for the hold-out images
    frechet    "train" or set -> Frechet distance of the generated images; of all images, as in the
               paper, so that sets of different sizes do not compare
    frechet_equal     the same, of as many images of each set as the smallest has
    frechet_baseline  set -> its Frechet distance to the training images; of all images
    distances  "train", "generated" or set -> (n,), to the nearest training image; of a training
               image to the nearest other one
    nearest    the same -> (n,) which training image that is
    labels     (n,) of the generated images; None where the model knows no classes
    """

    scores: Mapping[str, Scores]
    baseline: Mapping[str, Scores]
    frechet: Mapping[str, float]
    frechet_equal: Mapping[str, float]
    frechet_baseline: Mapping[str, float]
    distances: Mapping[str, np.ndarray]
    nearest: Mapping[str, np.ndarray]
    labels: np.ndarray | None

    @property
    def d_bar(self) -> float:
        """Returns the mean distance of a training image to the nearest other one (Sec. 5.7)."""
        return float(self.distances["train"].mean())


def measure_copying(
    runs: Sequence[Run],
    *,
    encoder: EncoderSpec | Mapping[str, Any] | str = "pca",
    generated: int = 2000,  # images of each generator
    holdout: int | None = None,  # the first N hold-out images; None: all
    references: Mapping[str, Images] | None = None,  # further sets, with labels
    within_class: bool = False,  # distances to training images of the same class only
    protocol: Protocol | None = None,  # None: that of Bai et al. (2022)
    seed: int = 0,  # of the generated images
    store: Store | None = None,
    data_root: Path | None = None,
) -> list[Copying]:
    """Returns what the generator of each training run copies.

    Runs on the same images share what does not depend on the generator. C_T has classes where the
    model knows them, and in the baseline where the data set does.

    Raises
        InputError  an argument is out of range, a set too small to be scored, or `within_class`
                    with a model without classes

    >>> run = train("glo", "digits", images=64, steps=1, width=8, latent_dim=8)
    >>> few = {"generated": 32, "encoder": "pixels", "protocol": Protocol(draws=10)}
    >>> (copying,) = measure_copying([run], **few)
    >>> sorted(copying.scores), len(copying.distances["generated"])
    (['holdout'], 32)
    """
    check_count("generated", generated, 2)
    check_count("seed", seed, 0)
    if holdout is not None:
        check_count("holdout", holdout, 1)
    spec, protocol, references = as_spec(encoder), protocol or Protocol(), dict(references or {})
    if taken := {"train", "holdout", "generated"} & references.keys():
        raise InputError(
            "references", "have names of their own", repr(min(taken)), "Rename this one."
        )
    measured = {}
    for run in runs:
        trained_on(run, data_root)
        measured[run.id] = Measured(
            run.config["data"], spec, holdout, references, within_class, protocol, data_root
        )
    distinct = {canonical(plain(each.data)): each for each in measured.values()}
    common = [{"measured": each, "store": store} for each in distinct.values()]
    parallel.run(_of_data, common, description="measuring references")
    jobs = [
        {
            "run": run,
            "measured": measured[run.id],
            "store": store,
            "count": generated,
            "seed": seed,
        }
        for run in runs
    ]
    return parallel.run(_of_generator, jobs, description="measuring copies")


def samples(
    run: Run, count: int, *, seed: int = 0
) -> tuple[Float[torch.Tensor, "n c h w"], Int[torch.Tensor, "n"] | None]:
    """Returns the images that `measure_copying` takes, and their labels; None without classes.

    >>> run = train("glo", "digits", images=8, steps=1, width=8, latent_dim=8)
    >>> images, labels = samples(run, 3)
    >>> images.shape, labels is None
    (torch.Size([3, 1, 16, 16]), True)
    """
    generator = generators.load(run, device="cuda" if torch.cuda.is_available() else "cpu")
    with parallel.one_thread():
        if families.get(run.config["model"]).labelled:
            return class_conditional.labelled_samples(generator, count, seed=seed)
        return generator.sample(count, seed=seed), None


def _of_data(measured: Measured, store: Store | None) -> tuple[Run, Run]:
    """Returns the runs that measured what does not depend on a generator.

    The first holds the distances of the training images, see `density`; the second, by set,
    distances, C_T and Frechet distances of the others.
    """
    dense = density(
        measured.spec,
        measured.data,
        metric=measured.protocol.metric,
        within_class=measured.within_class,
        store=store,
        data_root=measured.data_root,
    )
    sets = measured.sets()
    labels = {name: images.labels for name, images in sets.items()}

    def build(folder: Path) -> dict[str, Any]:
        features = measured.features(sets, store)
        train, kept = features.pop("train"), features["holdout"]
        classes = len(np.unique(labels["train"])) > 1
        arrays, scores, frechet = {}, {}, {}
        for name, rows in features.items():
            arrays[f"distances_{name}"], arrays[f"nearest_{name}"] = measured.nearest(
                rows, labels[name], train, labels["train"]
            )
            frechet[name] = statistics.frechet_distance(rows, train)
            tested, judged = slice(None), slice(None)
            if name == "holdout":
                tested, judged = _halves(labels[name], measured.protocol.seed)
            known = (labels["train"], labels["holdout"][tested], labels[name][judged])
            scores[name] = score(
                train,
                kept[tested],
                rows[judged],
                known if classes else None,
                measured.protocol,
                reference=min(len(kept[tested]), len(rows[judged])),
            )
        write_arrays(folder / "distances.npz", arrays)
        write_scores(folder / "scores.json", scores)
        return {"frechet": frechet}

    made = (store or Store()).make("references", measured.config(store), build, code=_CODE)
    return dense, made


def _halves(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the places of two random halves, alike in their numbers of each class."""
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    return np.sort(order[::2]), np.sort(order[1::2])


def _of_generator(
    run: Run, measured: Measured, store: Store | None, count: int, seed: int
) -> Copying:
    sets = measured.sets()
    config = measured.config(store) | {"run": run.id, "count": count, "seed": seed}

    def build(folder: Path) -> dict[str, Any]:
        images, labels = samples(run, count, seed=seed)
        features = measured.features(sets | {"generated": images}, store)
        made, train = features["generated"], features["train"]
        arrays = {}
        if labels is not None:
            arrays["labels"] = labels = labels.numpy()
        arrays["distances"], arrays["nearest"] = measured.nearest(
            made, labels, train, sets["train"].labels
        )
        write_arrays(folder / "copying.npz", arrays)
        scores = {}
        for name in sets:
            if name != "train":
                known = (sets["train"].labels, sets[name].labels, labels)
                scores[name] = score(
                    train,
                    features[name],
                    made,
                    None if labels is None else known,
                    measured.protocol,
                )
        write_scores(folder / "scores.json", scores)
        equal = _equally_many(features, measured.protocol.seed)
        frechet, frechet_equal = (
            {name: statistics.frechet_distance(of["generated"], of[name]) for name in sets}
            for of in (features, equal)
        )
        return {"frechet": frechet, "frechet_equal": frechet_equal}

    code = (*families.get(run.config["model"]).code, *_CODE)
    found = (store or Store()).make("copying", config, build, code=code, seed=seed)
    return _read(run, found, measured, store)


def _equally_many(features: Mapping[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    least = min(map(len, features.values()))
    draws = np.random.default_rng(seed)
    return {name: rows[draws.permutation(len(rows))[:least]] for name, rows in features.items()}


def _read(run: Run, found: Run, measured: Measured, store: Store | None) -> Copying:
    own = read_arrays(found.file("copying.npz"))
    dense, baseline = _of_data(measured, store)
    of_train = read_arrays(dense.file("distances.npz"))
    of_sets = read_arrays(baseline.file("distances.npz"))
    names = [name for name in measured.sets() if name != "train"]
    distances, nearest = (
        {"train": of_train[what], "generated": own[what]}
        | {name: of_sets[f"{what}_{name}"] for name in names}
        for what in ("distances", "nearest")
    )
    return Copying(
        run=run,
        scores=read_scores(found.file("scores.json")),
        baseline=read_scores(baseline.file("scores.json")),
        frechet=found.metrics["frechet"],
        frechet_equal=found.metrics["frechet_equal"],
        frechet_baseline=baseline.metrics["frechet"],
        distances=distances,
        nearest=nearest,
        labels=own.get("labels"),
    )

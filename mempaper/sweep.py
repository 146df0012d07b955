"""Trainings alike but for the rejection threshold and the seed: what tau brings, over seeds."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from . import experiments
from . import references as reference_sets
from .claims import Contrast, Tradeoff
from .errors import InputError
from .experiments import Copying
from .statistics import Interval, mean_interval

__all__ = [
    "Sweep",
    "by_model",
    "c_t",
    "check",
    "class_curves",
    "distance_from",
    "effects_of_augmentation",
    "fid",
    "jobs",
    "measure",
]

Number = Callable[[Copying], float]


def jobs(
    dataset: str,
    *,
    models: Sequence[str],
    thresholds: Sequence[float | int | str],  # see experiments.RejectionSettings; 0 among them
    seeds: Sequence[int],
    training: Mapping[str, Mapping[str, Any]],  # family -> arguments of experiments.train
    rejection: Mapping[str, Any],  # the other fields of RejectionSettings
    **common: Any,  # more arguments of experiments.train
) -> list[dict[str, Any]]:
    """Returns arguments of experiments.train for each model, threshold and seed.

    Raises
        InputError  as experiments.jobs, and where nothing could be held against 0 over seeds
    """
    check(thresholds, seeds)
    return [
        job
        for threshold in thresholds
        for job in experiments.jobs(
            [dataset],
            models=models,
            training=training,
            seeds=seeds,
            rejection={**rejection, "threshold": threshold},
            **common,
        )
    ]


def check(thresholds: Sequence[object], seeds: Sequence[object]) -> None:
    """Raises InputError where thresholds or seeds do not suffice to say what a threshold brings."""
    if len(set(map(repr, seeds))) < max(2, len(seeds)):
        raise InputError(
            "seeds",
            "be two at least, all different, for intervals are taken over them",
            list(seeds),
            "Give more of them, such as [0, 1].",
        )
    # 0 and 0.0 are one threshold, q10 and "0.1" are two.
    distinct = {float(tau) if isinstance(tau, Real) else repr(tau) for tau in thresholds}
    if 0.0 not in distinct or len(distinct) < max(2, len(thresholds)):
        raise InputError(
            "thresholds",
            "hold 0, which the others are held against, and at least one other, all different",
            list(thresholds),
            "Give [0, 0.13], say.",
        )


def c_t(reference: str = "holdout", *, label: int | None = None) -> Number:
    """Returns the function that reads C_T against `reference`: the mean over classes, or of one."""

    def read(copying: Copying) -> float:
        classes = copying.scores[reference].classes
        return classes.statistic if label is None else classes.classes[label].statistic

    return read


def fid(reference: str) -> Number:
    """Returns the function that reads the Frechet distance to `reference`, "train" or a set."""
    return lambda copying: copying.frechet[reference]


def distance_from(reference: str) -> Number:
    """Returns the function that reads how far the mean distance of generated images to the training
    images is from that of `reference`."""
    return lambda copying: abs(
        float(copying.distances["generated"].mean() - copying.distances[reference].mean())
    )


@dataclass(frozen=True, eq=False)
class Sweep:
    """What the generators of one model copy.

    by_threshold  tau -> one measurement for each seed, in the same order of seeds; from 0 upwards
    """

    by_threshold: Mapping[float, Sequence[Copying]]

    @property
    def thresholds(self) -> list[float]:
        """Returns each tau above 0."""
        return [tau for tau in self.by_threshold if tau]

    def values(self, number: Number) -> dict[float, np.ndarray]:
        """Returns (seeds,) by tau."""
        return {
            tau: np.array([number(copying) for copying in found])
            for tau, found in self.by_threshold.items()
        }

    def means(self, number: Number) -> dict[float, Interval]:
        """Returns means over seeds by tau, with Student's intervals."""
        return {tau: mean_interval(values) for tau, values in self.values(number).items()}

    def rises(self, tau: float, number: Number) -> np.ndarray:
        """Returns (seeds,), a number at tau less that at 0, by the same seed."""
        values = self.values(number)
        return values[tau] - values[0.0]

    def rise(self, tau: float, number: Number) -> Interval:
        """Returns the mean of `rises`."""
        return mean_interval(self.rises(tau, number))

    def growth(self, tau: float, number: Number) -> Interval:
        """Returns `rise` as a share of the number at 0."""
        values = self.values(number)
        return mean_interval(values[tau] / values[0.0] - 1)

    def tradeoff(self, tau: float, *, reference: str, quality: str | None = None) -> Tradeoff:
        """Returns what tau changes, C_T against one set and the Frechet distance to another.

        quality  "train" or a set; None: the reference
        """
        return Tradeoff(self.rise(tau, c_t(reference)), self.growth(tau, fid(quality or reference)))

    def contrast(self, tau: float, *, reference: str) -> Contrast:
        """Returns what tau changes in the half of the classes that are memorized most, and in the
        others; which classes these are is read from the other seeds, at tau = 0.

        Raises
            InputError  there is only one seed
        """
        without, with_tau = (_by_class(self.by_threshold[t], reference) for t in (0.0, tau))
        seeds, classes = without.shape
        if seeds < 2:
            raise InputError("seeds", "be two at least", seeds, "Train with more seeds.")
        rises = with_tau - without
        others = (without.sum(axis=0) - without) / (seeds - 1)
        order = np.argsort(others, axis=1, kind="stable")
        halves = (order[:, : classes // 2], order[:, classes // 2 :])
        return Contrast(
            *(mean_interval(np.take_along_axis(rises, half, 1).mean(axis=1)) for half in halves)
        )


def _by_class(found: Sequence[Copying], reference: str) -> np.ndarray:
    """Returns C_T (seeds, classes)."""
    scores = [copying.scores[reference].classes.classes for copying in found]
    return np.array([[of_class.statistic for of_class in each.values()] for each in scores])


def measure(
    dataset: str,
    *,
    encoder: str,  # by whose features fakes are rejected, and all are measured
    others: Sequence[str] = (),  # more encoders to measure by
    references: Sequence[str] = (),  # sets beside the hold-out images, see references.load
    generated: int,  # images of each generator
    **arguments: Any,  # of `jobs`, but rejection
) -> dict[str, dict[str, Sweep]]:
    """Returns, by encoder and by model, what the models copy that `jobs` has trained.

    Raises
        InputError  as `jobs`, references.load and experiments.train_all
    """
    planned = jobs(dataset, rejection={"embedding": encoder}, **arguments)
    sets = reference_sets.load(references, experiments.data_of(planned[0]))
    runs = experiments.train_all(planned, measured_by=[encoder, *others])
    return {
        name: by_model(
            experiments.measure_copying(runs, encoder=name, generated=generated, references=sets)
        )
        for name in (encoder, *others)
    }


def by_model(found: Iterable[Copying]) -> dict[str, Sweep]:
    """Returns the measurements of each model, by its name.

    Raises
        InputError  a threshold lacks a seed that another has, or there is no training without
    """
    grouped: dict[str, dict[float, dict[int, Copying]]] = defaultdict(lambda: defaultdict(dict))
    for copying in found:
        grouped[copying.name][copying.threshold][copying.seed] = copying
    return {name: _sweep(name, by_threshold) for name, by_threshold in grouped.items()}


def _sweep(name: str, by_threshold: Mapping[float, Mapping[int, Copying]]) -> Sweep:
    if 0.0 not in by_threshold:
        raise InputError(
            "thresholds", "hold 0", sorted(by_threshold), "Others are held against it."
        )
    seeds = sorted(by_threshold[0.0])
    for tau, by_seed in by_threshold.items():
        if sorted(by_seed) != seeds:
            raise InputError(
                "seeds",
                f"be the same for every threshold of {name}",
                f"{sorted(by_seed)} at {tau:.3g}, {seeds} at 0",
                "Train all of them.",
            )
    return Sweep({tau: [by_threshold[tau][seed] for seed in seeds] for tau in sorted(by_threshold)})


def effects_of_augmentation(sweeps: Mapping[str, Sweep]) -> dict[str, Interval]:
    """Returns C_T of each model with augmentation less that without, by seed, at tau = 0.

    Models are told by their names: BigGAN+DiffAug has BigGAN beside it.
    """
    return {
        name: mean_interval(
            swept.values(c_t())[0.0] - sweeps[name.partition("+")[0]].values(c_t())[0.0]
        )
        for name, swept in sweeps.items()
        if "+" in name and name.partition("+")[0] in sweeps
    }


def class_curves(sweep: Sweep, *, reference: str = "holdout") -> dict[str, dict[float, Interval]]:
    """Returns C_T by class and tau, means over seeds."""
    scores = sweep.by_threshold[0.0][0].scores[reference].classes
    return {f"class {label}": sweep.means(c_t(reference, label=label)) for label in scores.classes}

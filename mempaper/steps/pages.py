"""What the pages of the book ask for: the trainings and recoveries that parameters determine.

A page computes whatever it does not find in the store. So this list decides nothing but what may be
computed before a page, apart from it, and once for all pages; a test holds it against the pages.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from .. import experiments, families, stages, sweep, variants

__all__ = ["Asked", "asked"]

Job = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a page asks for.

    trainings   arguments of experiments.train
    recoveries  which training, and arguments of experiments.recover
    """

    trainings: Sequence[Job] = ()
    recoveries: Sequence[tuple[int, Job]] = ()

    def __add__(self, other: "Asked") -> "Asked":
        """Returns both."""
        later = [(len(self.trainings) + i, options) for i, options in other.recoveries]
        return Asked([*self.trainings, *other.trainings], [*self.recoveries, *later])


def asked(name: str, values: Mapping[str, Any]) -> Asked:
    """Returns what the notebook of that name asks for under these parameters."""
    return _PAGES.get(name, lambda p: Asked())(SimpleNamespace(**values))


def _trained(p: SimpleNamespace, **changed: Any) -> list[Job]:
    chosen = {"models": getattr(p, "models", None), "seeds": [getattr(p, "seed", 0)]} | changed
    return experiments.jobs([p.dataset], training=p.training, **chosen)


def _plain(*models: str) -> Callable[[SimpleNamespace], Asked]:
    """Models by name, else those of the parameters `models` or `model`."""
    return lambda p: Asked(_trained(p, models=list(models) or _models(p)))


def _models(p: SimpleNamespace) -> Sequence[str]:
    return p.models if hasattr(p, "models") else [p.model]


def _assessed(jobs: Sequence[Job], **options: Any) -> Asked:
    return Asked(jobs, experiments.recoveries([job["model"] for job in jobs], **options))


def _table(p: SimpleNamespace) -> Asked:
    jobs = experiments.jobs(p.datasets, models=p.models, training=p.training, seeds=p.seeds)
    return _assessed(jobs, count=p.count, steps=p.passes)


def _gap_law(p: SimpleNamespace) -> Asked:
    models = [f"{model}-{n}" for model in p.models for n in p.counts]
    return _assessed(_trained(p, models=models), count=p.count, check_count=0, steps=p.passes)


def _small(p: SimpleNamespace) -> list[Job]:
    """Of the second paper, without rejection."""
    return _trained(p, models=_models(p), images=p.images, size=p.size)


def _swept(p: SimpleNamespace) -> Asked:
    jobs = sweep.jobs(
        p.dataset,
        models=_models(p),
        thresholds=p.thresholds,
        seeds=p.seeds,
        training=p.training,
        rejection={"embedding": p.encoder},
        images=p.images,
        size=p.size,
    )
    return Asked(jobs)


def _variants(p: SimpleNamespace) -> Asked:
    parts = variants.jobs(
        p.dataset,
        model=p.model,
        variants=p.names,
        threshold=p.threshold,
        seeds=p.seeds,
        training=p.training,
        encoder=p.encoder,
        images=p.images,
        size=p.size,
    )
    return Asked([job for part in parts for job in part])


def _stages(p: SimpleNamespace) -> Asked:
    (job,) = _small(p)
    return Asked(stages.jobs(job, p.stages))


def _calibration(p: SimpleNamespace) -> Asked:
    jobs = experiments.jobs(
        [p.models_dataset], models=p.models, training=p.training, seeds=[p.seed]
    )
    return _examined(jobs, p, p.examined_images)


def _all_detectors(p: SimpleNamespace) -> Asked:
    second = SimpleNamespace(
        dataset=p.rejecting_dataset,
        model=p.rejecting_model,
        thresholds=p.thresholds,
        seeds=p.rejecting_seeds,
        training=p.training,
        encoder=p.rejecting_encoder,
        images=p.rejecting_images,
        size=p.rejecting_size,
    )
    return _examined(_trained(p), p, p.count) + _examined(
        _swept(second).trainings, p, min(p.count, p.rejecting_images)
    )


def _examined(jobs: Sequence[Job], p: SimpleNamespace, count: int) -> Asked:
    """As examined.examine recovers."""
    options = {"count": count, "steps": p.passes, "seed": p.seed}
    recoveries = [
        (i, {"kind": kind, "method": families.get(job["model"]).method, **options})
        for i, job in enumerate(jobs)
        for kind in ("train", "holdout")
    ]
    return Asked(jobs, recoveries)


def _assessing(p: SimpleNamespace) -> Asked:
    return _assessed(_trained(p), count=p.count, steps=p.passes)


_PAGES: Mapping[str, Callable[[SimpleNamespace], Asked]] = {
    "latent_recovery/models": _plain(),
    "latent_recovery/optimizer_comparison": _plain("dcgan"),
    "latent_recovery/nearest_images": _plain(),
    "latent_recovery/distortions": _plain(),
    "latent_recovery/recoveries": _plain(),
    "latent_recovery/error_histograms": _assessing,
    "latent_recovery/table_1": _table,
    "latent_recovery/gap_law": _gap_law,
    "latent_recovery/fid_against_mre": _assessing,
    "latent_recovery/inpainting": _plain(),
    "latent_recovery/perceptual": _plain(),
    "latent_recovery/local_overfitting": _plain(),
    "latent_recovery/invertible": _plain("flow", "dcgan"),
    "memorization_rejection/reference_sets": lambda p: Asked(_small(p)),
    "memorization_rejection/samples_by_distance": lambda p: Asked(_small(p)),
    "memorization_rejection/planes_of_samples": _stages,
    "memorization_rejection/threshold_sweep": _swept,
    "memorization_rejection/class_wise": _swept,
    "memorization_rejection/three_models": _swept,
    "memorization_rejection/other_measures": _swept,
    "memorization_rejection/guideline": _swept,
    "memorization_rejection/variants": _variants,
    "cross_examination/calibration": _calibration,
    "cross_examination/all_detectors": _all_detectors,
    "cross_examination/your_generator": _plain(),
}

"""Fig. 5 of Webster et al. (2019): does the Frechet distance see memorization?

Beside the MRE-gap stands its counterpart in features, `statistics.frechet_gap`, and beside that the
gap of a generator that does nothing but copy its training images. Where even this one is not seen,
too few images were compared to say anything of others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from . import embeddings, experiments
from .claims import Gaps
from .embeddings import Embedding
from .experiments import Assessment, encoders
from .runs import Store
from .statistics import Interval, frechet_distance, frechet_gap

__all__ = ["FeatureGap", "encoders", "measure", "points", "table", "triples"]


@dataclass(frozen=True)
class FeatureGap:
    """What one encoder sees of one model.

    train       Frechet distance of generated to training images, in squared feature units
    validation  the same to validation images
    gap         (validation - train) / validation
    copies      the gap, had the model drawn its images from the training images
    mre         the MRE-gap of the same model, for comparison
    """

    train: float
    validation: float
    gap: Interval
    copies: Interval
    mre: Interval


def measure(
    assessments: Sequence[Assessment],
    encoders: Mapping[str, Embedding],
    *,
    count: int,  # training and as many validation images, at most
    own_count: int,  # generated images
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> dict[str, dict[str, FeatureGap]]:
    """Returns what each encoder sees of each model, by their names.

    All models, of one data set, are held against the same images, as many as the smallest training
    set has, for the distance depends on their number.
    """
    held_out = [a.run.config["data"]["holdout"] for a in assessments]
    n = min(count, *held_out, *(a.count for a in assessments))
    copied = np.random.default_rng(seed).integers(n, size=own_count)
    found: dict[str, dict[str, FeatureGap]] = {name: {} for name in encoders}
    copies: dict[str, Interval] = {}
    for assessment in assessments:
        run = assessment.run
        images = {
            kind: experiments.targets(run, kind, number, seed=seed, data_root=data_root)
            for kind, number in (("train", n), ("holdout", n), ("generated", own_count))
        }
        for name, encoder in encoders.items():
            train, validation, generated = embeddings.comparable(
                *(embeddings.features(encoder, part, store=store) for part in images.values()),
                different_counts=True,
            )
            if name not in copies:  # all models' training images begin alike
                copies[name] = frechet_gap(train, validation, train[copied], seed=seed)
            found[name][assessment.name] = FeatureGap(
                train=frechet_distance(generated, train),
                validation=frechet_distance(generated, validation),
                gap=frechet_gap(train, validation, generated, seed=seed),
                copies=copies[name],
                mre=assessment.test.gap,
            )
    return found


def points(
    assessments: Sequence[Assessment], gaps: Mapping[str, FeatureGap]
) -> dict[str, dict[str, tuple[float, float]]]:
    """Returns (MRE, Frechet distance) of each model, for training and for validation images."""
    return {
        a.name: {
            "train": (a.test.mre_train.estimate, gaps[a.name].train),
            "validation": (a.test.mre_val.estimate, gaps[a.name].validation),
        }
        for a in assessments
    }


def triples(
    found: Mapping[str, Mapping[str, FeatureGap]],
) -> dict[str, Gaps]:
    """Returns MRE-gap, gap in features and the same of copies by model and encoder."""
    return {
        f"{model}, {encoder}": Gaps(gap.mre, gap.gap, gap.copies)
        for encoder, by in found.items()
        for model, gap in by.items()
    }


def table(found: Mapping[str, Mapping[str, FeatureGap]]) -> pd.DataFrame:
    """Returns one row for each encoder and model; gaps in per cent, intervals in brackets."""
    rows = [
        {
            "encoder": encoder,
            "model": model,
            "FID to train": f"{gap.train:.3g}",
            "FID to validation": f"{gap.validation:.3g}",
            "FID-gap (%)": gap.gap.in_percent(),
            "FID-gap of copies (%)": gap.copies.in_percent(),
            "MRE-gap (%)": gap.mre.in_percent(),
        }
        for encoder, by in found.items()
        for model, gap in by.items()
    ]
    return pd.DataFrame(rows).set_index("encoder").rename_axis(None)

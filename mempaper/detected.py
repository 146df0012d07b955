"""What detectors say of trained models, each by a test that it has from exchanges of images."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Float

from . import detectors as detecting
from . import embeddings, experiments, nearness, parallel, statistics
from .detectors import DETECTORS, exchanged_scores
from .experiments import Assessment
from .experiments.splits import trained_on
from .runs import Store

__all__ = ["exchange_test", "on_models"]


def on_models(
    assessments: Sequence[Assessment],
    *,
    count: int,  # training, hold-out and generated images, at most as many as were trained on
    detectors: Sequence[str] = tuple(DETECTORS),
    exchanges: int = 39,
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> pd.DataFrame:
    """Returns p-values of each detector on samples of trained models, beside the MRE-gap.

    Each score is held against those after a random exchange of training and hold-out images, which
    gives every detector a test that is exact where a model does not know which are which. Features
    are pixels: an encoder fitted to training images would know.
    """
    jobs = [
        {
            "assessment": each,
            "count": count,
            "detectors": tuple(detectors),
            "exchanges": exchanges,
            "seed": seed,
            "store": store,
            "data_root": data_root,
        }
        for each in assessments
    ]
    found = parallel.run(_on_model, jobs, description="detecting")
    rows = {
        assessment.name: {
            "MRE-gap (%)": assessment.test.gap.in_percent(),
            "KS p-value": f"{assessment.test.ks.p_value:.2g}",
            **{DETECTORS[name].title: f"{p:.2g}" for name, p in p_values.items()},
        }
        for assessment, p_values in zip(assessments, found, strict=True)
    }
    return pd.DataFrame(rows)


def _on_model(
    *,
    assessment: Assessment,
    count: int,
    detectors: tuple[str, ...],
    exchanges: int,
    seed: int,
    store: Store | None,
    data_root: Path | None,
) -> dict[str, float]:
    asked = {"count": count, "detectors": detectors, "exchanges": exchanges, "seed": seed}
    config = {"run": assessment.run.id, **asked}

    def build(folder: Path) -> dict[str, float]:
        split = trained_on(assessment.run, data_root)
        made, _ = experiments.samples(assessment.run, count, seed=seed)
        encode = embeddings.pixels(split.train.shape)
        train, holdout = split.train[:count], split.holdout[:count]
        features = [encode(images) for images in (train, holdout, made.clamp(-1, 1).cpu())]
        with parallel.one_thread():
            return {
                name: exchange_test(name, *features, exchanges=exchanges, seed=seed)
                for name in detectors
            }

    code = (detecting, nearness, statistics, sys.modules[__name__])
    return dict((store or Store()).make("detected", config, build, code=code, seed=seed).metrics)


def exchange_test(
    name: str,
    train: Float[torch.Tensor, "n d"],
    holdout: Float[torch.Tensor, "m d"],
    generated: Float[torch.Tensor, "g d"],
    *,
    exchanges: int,
    seed: int,
) -> float:
    """Returns the p-value of a detector's score by exchange of training and hold-out images.

    At least 1 / (1 + exchanges).
    """

    detector = DETECTORS[name]
    observed = detector.detect(train, holdout, generated, seed, permutations=1).score
    others = exchanged_scores(detector, train, holdout, generated, exchanges=exchanges, seed=seed)
    as_high = sum(score >= observed for score in others)
    return (1 + as_high) / (1 + exchanges)

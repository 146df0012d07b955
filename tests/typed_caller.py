"""A caller's program, which mypy reads in strict mode and nothing runs.

What it passes and expects is what the book's examples do; a name that is not exported, an argument
that is typed too narrowly or a result that lost its type shows here.
"""

from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import assert_type

from mempaper import audit, embeddings, experiments, generators, images, planted, plotting
from mempaper.detectors import DETECTORS, Detection
from mempaper.errors import InputError
from mempaper.neighbors import HNSW, Bank, nearest, recall
from mempaper.operators import (
    AveragePool,
    BoxMask,
    Covered,
    Mask,
    Operator,
    SmoothWarp,
    compose,
    eyes_mask,
)
from mempaper.recovery import Recovery, recover
from mempaper.rejection import Accepted, MemorizationRejection, propose_threshold
from mempaper.runs import Run, Store
from mempaper.statistics import (
    DataCopyingResult,
    Interval,
    OverfittingTest,
    data_copying_test,
    frechet_distance,
    holm,
    mre_gap,
    overfitting_test,
)

Features = NDArray[np.float64]


def method_a(generator: nn.Module, train: Tensor, holdout: NDArray[np.float32]) -> OverfittingTest:
    mask: Mask = ~eyes_mask("lfw")
    operator: Operator = compose(Covered(mask), AveragePool(2))
    found = recover(generator, train, 64, operator=operator, method="lbfgs", steps=20, seed=1)
    assert_type(found, Recovery)
    unseen = recover(lambda z: z.view(-1, 1, 8, 8), holdout, 64, operator=None, device="cpu")
    test = overfitting_test(found.errors, unseen.errors, confidence=0.9)
    assert_type(test.gap, Interval)
    assert_type(mre_gap(found.errors, unseen.errors, signed=False), float)
    assert_type(test.detected_by_gap, bool)
    return test


def method_b(train: Features, holdout: Tensor, generated: Features) -> DataCopyingResult:
    tested = data_copying_test(train, holdout, generated, cells=3, metric="cosine", seed=2)
    assert_type(tested.p_value, float)
    assert_type(frechet_distance(train, generated), float)
    adjusted = holm([tested.p_value, 0.2])
    assert_type(float(adjusted.min()), float)
    distances, indices = nearest(generated, train, k=2, backend=HNSW(links=8))
    bank = Bank(train, metric="euclidean", labels=np.zeros(len(train)))
    bank.nearest(generated, k=1, labels=np.zeros(len(generated)))
    recall(generated, train, backend="hnsw")
    said: list[Detection] = [
        detector.detect(holdout, holdout, holdout, 0) for detector in DETECTORS.values()
    ]
    print(distances, indices, said[0].score)
    return tested


def rejection(train: Tensor, sample: Tensor) -> Tensor:
    proposal = propose_threshold(train)

    def fakes(count: int) -> tuple[Tensor, Tensor | None]:
        return sample[:count], None

    tau = proposal.quantile(0.1)
    judge = MemorizationRejection(  # numbers.Real is no type that float has
        train,
        lambda x: x.flatten(1),
        tau,  # type: ignore[arg-type]
        protocol="drop",
    )
    accepted = judge.draw(fakes, 8)
    assert_type(accepted, Accepted)
    assert_type(accepted.images, Tensor)
    return accepted.images


def experiment(folder: Path) -> Run:
    store = Store(folder)
    run = experiments.train("glo", "digits", images=32, steps=5, store=store)
    assert_type(run, Run)
    (assessment,) = experiments.assess([run], count=8, store=store)
    assert_type(assessment.test, OverfittingTest)
    generator = generators.load(run)
    report = audit.audit(
        generator, experiments.targets(run, "train", 8), torch.zeros(8, 1, 16, 16), recovered=8
    )
    audit.prepare(folder / "report")
    report.write(folder / "report")
    return run


def pictures(ax: Axes, split: images.Split) -> Axes:
    encoder = embeddings.pixels(split.train.shape)
    assert_type(encoder.dim, int)
    try:
        planted.plant(split.train[:4], split.holdout[:4], share=0.5, seed=0)
    except InputError as error:
        print(error.argument, error.remedy)
    warp = SmoothWarp(sigma=2.0, smoothing=4)
    return plotting.image_grid({"warped": warp(split.train[:4]).numpy()}, ax=ax)


hidden = BoxMask(top=0.25, left=0, height=0.5, width=1).hidden(8, 8)

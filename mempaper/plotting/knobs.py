"""The book's figures with sliders: arrays in, an Interactive out."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..statistics import MRE_GAP_THRESHOLD, GapLaw, Interval
from .interactive import (
    Curve,
    Curves,
    Histogram,
    Histograms,
    Interactive,
    Panel,
    Points,
    PointSet,
    View,
    pictures,
)
from .theme import COLORS, CYCLE, DISTANCE_LABEL, ERROR_LABEL

__all__ = ["count_knob", "point_knob", "strength_knob", "threshold_knob"]


def threshold_knob(
    by_reference: Mapping[str, Mapping[float, tuple[Interval, Interval]]],
    images: Mapping[float, np.ndarray],
    *,
    encoder: str,
) -> Interactive:
    """Returns the slider over the threshold tau: C_T, the Frechet distance, and samples.

    by_reference  set of images -> tau -> (C_T, Frechet distance), as `fid_against_copying` has them
    images        tau -> (rows, n, c, h, w), of the same latents at each tau

    >>> number, white = Interval(0.0, 2.0, 1.0, 0.95), np.ones((1, 3, 1, 8, 8))
    >>> knob = threshold_knob({"hold-out": {0.1: (number, number)}}, {0.1: white}, encoder="pca")
    >>> knob.views[0].told
    ['At τ = 0.1, against hold-out: C_T 1.00 [0.00, 2.00], FID 1.00 [0.00, 2.00]']
    """
    taus = [float(tau) for tau in sorted(images)]

    def curves(which: int) -> list[Curve]:
        return [
            Curve.of(name, color, {tau: by_tau[tau][which] for tau in taus})
            for (name, by_tau), color in zip(by_reference.items(), CYCLE, strict=False)
        ]

    told = [
        f"At τ = {tau:.3g}, "
        + "; ".join(
            f"against {name}: C_T {by_tau[tau][0]:.2f}, FID {by_tau[tau][1]:.2f}"
            f"{_change(by_tau[taus[0]][1], by_tau[tau][1])}"
            for name, by_tau in by_reference.items()
        )
        for tau in taus
    ]
    panels: list[Panel] = [
        Curves("C_T: up is less copying", "threshold τ", "C_T", curves(0), taus, {}),
        Curves(
            "Fréchet distance: down is better",
            "threshold τ",
            f"FID of {encoder} features",
            curves(1),
            taus,
            {},
        ),
        pictures(
            "The same latent codes at this threshold",
            [{f"{i + 1}": row for i, row in enumerate(images[tau])} for tau in taus],
        ),
    ]
    label = "threshold τ"
    return Interactive("model", [View("", label, [f"{tau:.3g}" for tau in taus], told, panels)])


def count_knob(
    laws: Mapping[str, GapLaw], errors: Mapping[str, Mapping[int, Mapping[str, np.ndarray]]]
) -> Interactive:
    """Returns the slider over N: the MRE-gap, and the errors that it is of.

    errors  family -> N -> {"train": (n,), "validation": (n,)}, positive

    >>> train, val = {1: np.ones(2), 2: 2 * np.ones(2)}, {1: 4 * np.ones(2), 2: 4 * np.ones(2)}
    >>> errors = {n: {"train": train[n], "validation": val[n]} for n in (1, 2)}
    >>> count_knob({"GLO": gap_law(train, val, resamples=10)}, {"GLO": errors}).views[0].values
    ['1', '2']
    """
    return Interactive(
        "family", [_of_family(name, laws[name], of_count) for name, of_count in errors.items()]
    )


def _of_family(
    name: str, law: GapLaw, errors: Mapping[int, Mapping[str, np.ndarray]], *, bins: int = 24
) -> View:
    counts = sorted(errors)
    pooled = np.concatenate([values for of in errors.values() for values in of.values()])
    edges = np.geomspace(pooled.min() * (1 - 1e-9), pooled.max() * (1 + 1e-9), bins + 1)
    sets = [
        Histogram(
            kind,
            COLORS[kind],
            [list(np.histogram(errors[n][kind], edges)[0] / len(errors[n][kind])) for n in counts],
            [float(np.median(errors[n][kind])) for n in counts],
        )
        for kind in ("train", "validation")
    ]
    told = [
        f"N = {n:,}. Median errors {train:.2g} of training and {validation:.2g} of validation "
        f"images: MRE-gap {law.gaps[n].in_percent()} %"
        for n, train, validation in zip(counts, *(each.medians for each in sets), strict=True)
    ]
    gaps = Curves(
        "The gap",
        "training images N",
        "MRE-gap (%)",
        [Curve.of(name, CYCLE[0], law.gaps)],
        [float(n) for n in counts],
        {f"threshold, {100 * MRE_GAP_THRESHOLD:.0f} %": MRE_GAP_THRESHOLD},
        log_x=True,
        percent=True,
    )
    panels: list[Panel] = [gaps, Histograms("The errors behind it", ERROR_LABEL, list(edges), sets)]
    return View(name, "training images N", [f"{n:,}" for n in counts], told, panels)


def strength_knob(
    curves: Mapping[str, Mapping[str, Mapping[float, Interval]]],
    images: Mapping[str, tuple[np.ndarray, np.ndarray]],
    units: Mapping[str, str],
) -> Interactive:
    """Returns the slider over the strength of a distortion: images, recoveries, and the error.

    curves  distortion -> model -> strength -> median error, positive; equal strengths
    images  distortion -> images as distorted and as recovered by the first model, both
            (strengths, n, c, h, w), from the least strength to the greatest
    units   distortion -> what its strength is

    >>> number, white = Interval(0.1, 0.3, 0.2, 0.95), np.ones((1, 3, 1, 8, 8))
    >>> units = {"noise": "standard deviation"}
    >>> strength_knob({"noise": {"GLO": {0.5: number}}}, {"noise": (white, white)}, units).choice
    'distortion'
    """
    views = []
    for name, of_model in curves.items():
        strengths = sorted(next(iter(of_model.values())))
        drawn = [
            Curve.of(model, color, of_strength)
            for (model, of_strength), color in zip(of_model.items(), CYCLE, strict=False)
        ]
        unit = " ".join(units[name].split())
        error = Curves(
            "Error against strength",
            unit,
            "median error",
            drawn,
            [float(s) for s in strengths],
            {},
            log_y=True,
        )
        told = [
            f"{name}, strength {strength:g}. Median errors: "
            + ", ".join(f"{model} {of_model[model][strength]:.2g}" for model in of_model)
            for strength in strengths
        ]
        shown = [
            {"y": distorted, "G(z*)": recovered}
            for distorted, recovered in zip(*images[name], strict=True)
        ]
        panels: list[Panel] = [
            pictures(f"Targets, and what {drawn[0].name} makes of them", shown),
            error,
        ]
        values = [f"{strength:g}" for strength in strengths]
        views.append(View(name, f"strength: {unit}", values, told, panels))
    return Interactive("distortion", views)


def point_knob(
    train: np.ndarray,
    generated: np.ndarray,
    *,
    images: np.ndarray,
    neighbours: np.ndarray,
    distances: Sequence[float] | np.ndarray,
    threshold: float,
) -> Interactive:
    """Returns a plane of which pointing at a sample shows it beside the nearest training image; the
    slider goes through the samples from the nearest to the farthest.

    train, generated    (m, 2) and (n, 2), points of one plane
    images, neighbours  (n, c, h, w), the samples and the nearest training images
    distances           (n,)
    threshold           such as d-bar

    >>> plane, white = np.zeros((2, 2)), np.ones((2, 1, 8, 8))
    >>> apart = {"images": white, "neighbours": white, "distances": [0.2, 0.1], "threshold": 0.15}
    >>> point_knob(plane, plane, **apart).views[0].values
    ['0.100', '0.200']
    """
    order = np.argsort(distances, kind="stable")
    sides = ["nearer than d-bar" if distances[i] <= threshold else "farther" for i in order]
    told = [
        f"Sample {rank + 1} of {len(order)} by its {DISTANCE_LABEL}: {distances[i]:.3f}, {side}"
        for rank, (i, side) in enumerate(zip(order, sides, strict=True))
    ]
    sets = [
        PointSet("training images", COLORS["train"], _pairs(train)),
        PointSet("samples", COLORS["generated"], _pairs(generated[order])),
    ]
    shown = [{"sample": images[[i]], "nearest": neighbours[[i]]} for i in order]
    panels: list[Panel] = [
        Points("Point at a sample, or move the slider", sets),
        pictures("This sample, and the nearest training image", shown),
    ]
    values = [f"{distances[i]:.3f}" for i in order]
    return Interactive("set", [View("", "sample, from the nearest", values, told, panels)])


def _change(before: Interval, after: Interval) -> str:
    if before is after or not before.estimate:
        return ""
    return f" ({100 * (after.estimate / before.estimate - 1):+.0f} %)"


def _pairs(points: np.ndarray) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points]

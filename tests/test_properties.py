"""Whatever arrays they are given, public functions return what they say or raise an InputError.

Values, shapes and types of arrays are drawn, good ones more often than bad ones; Python's own types
are right, for beartype minds those.
"""

import dataclasses
import math
import os
import warnings
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mempaper import neighbors, recovery, rejection, statistics
from mempaper.errors import InputError

EXAMPLES = int(os.environ.get("MEMPAPER_EXAMPLES", "12"))
"""Draws for each function; `make soak` asks for more."""

FEW = {"permutations": 9, "resamples": 9}
CASES = {}


def case(function):
    """Enters a way to call the public function of that name."""
    CASES[function.__name__] = function
    return function


# what is drawn


def filled(kind, shape, draws):
    """Returns float64 of this shape and kind."""
    values = np.asarray(draws.standard_normal(shape))
    match kind:
        case "normal":
            return values
        case "zeros":
            return np.zeros(shape)
        case "constant":
            return np.full(shape, values.flat[0] if values.size else 0.0)
        case "duplicates":
            return np.round(values)
        case "copies":
            return np.broadcast_to(values[:1], shape).copy() if values.size else values
        case "tiny":
            return values * 1e-160
        case "subnormal":
            return np.sign(values) * 5e-324
        case "large":
            return values * 1e40
        case "huge":
            return values * 1e300
        case "apart":
            return values * 10.0 ** draws.integers(-150, 40, shape)
    values.flat[:1] = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}[kind]
    return values


GOOD = ("normal", "normal", "normal", "duplicates", "constant", "copies", "zeros", "tiny")
ODD = ("subnormal", "large", "huge", "apart", "nan", "inf", "-inf")
WIDTHS = st.sampled_from([1, 2, 3, 8])
TYPES = ("f4", "f4", "f2", ">f4", "i8", "u1", "?", "g", "c8", "U3", "O")


def mostly(usual, *odd):
    """Returns a strategy that draws the usual value three times of four."""
    return st.sampled_from([usual] * 3 * len(odd) + list(odd))


def array(draw, *shapes, positive=False):
    """Returns an array or tensor of one of these shapes; of ten such, two or three are odd."""
    shape, kind = draw(st.sampled_from(shapes)), draw(st.sampled_from(GOOD))
    odd = draw(st.sampled_from([None] * 12 + ["shape", "kind", "kind", "type", "type"]))
    if odd == "shape":
        shape = draw(st.lists(st.integers(0, 3), max_size=4).map(tuple))
    if odd == "kind":
        kind = draw(st.sampled_from(ODD))
    values = filled(kind, shape, np.random.default_rng(draw(st.integers(0, 99))))
    if positive and odd != "kind":
        values = np.abs(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numbers that the type cannot hold
        values = values.astype(draw(st.sampled_from(TYPES)) if odd == "type" else "f8")
    if draw(st.booleans()) and values.dtype.kind in "bif" and values.dtype.itemsize <= 8:
        return torch.from_numpy(values.astype(values.dtype.newbyteorder("=")))
    return values


def sizes(draw):
    """Returns the number of rows, tiny ones too, and of columns."""
    return draw(st.sampled_from([2, 3, 4, 5, 6, 7, 8, 9, 20, 30, 1, 0])), draw(WIDTHS)


def sets(draw, count, *, equal=False):
    """Returns `count` sets of features, of one width but for odd draws."""
    n, d = sizes(draw)
    return [array(draw, (n if equal else sizes(draw)[0], d)) for _ in range(count)]


def errors(draw, count, *, equal=False):
    """Returns `count` samples of recovery errors."""
    n = sizes(draw)[0]
    return [array(draw, (n if equal else sizes(draw)[0],), positive=True) for _ in range(count)]


def labels(draw, counts):
    """Returns labels of sets; sometimes of another length, another type or one class short."""
    classes = draw(st.sampled_from([1, 2, 3]))
    found = []
    for count in counts:
        count += draw(st.sampled_from([0] * 11 + [1]))
        missing = draw(st.sampled_from([0] * 9 + [1]))
        drawn = np.arange(count) % max(1, classes - missing)
        found.append(drawn.astype(draw(mostly("i8", "u1", "f8", "U2", "O"))))
    return found


def rows(values):
    return values.shape[0] if values.ndim else 0


def confidence(draw):
    return {"confidence": draw(mostly(0.95, 0.5, 1e-9, 1 - 2**-53, 1e-6, 1 - 1e-6, 0.0))}


def seed(draw):
    return {"seed": draw(mostly(0, 1, 2**31, 2**40, -1))}


def k(draw):
    return {"k": draw(mostly(1, 2, 3, 0, -1, 9))}


def metric(draw):
    return {"metric": draw(mostly("euclidean", "cosine", "abs_cosine", "hamming"))}


# statistics


@case
def authenticity(draw):
    return statistics.authenticity(*sets(draw, 2))


@case
def bai2022_cells(draw):
    return statistics.bai2022_cells(*(draw(st.integers(-3, 5000)) for _ in range(2)))


@case
def ball_hits(draw):
    return statistics.ball_hits(*sets(draw, 2), **k(draw))


@case
def birthday_test(draw):
    return statistics.birthday_test(
        *sets(draw, 1),
        threshold=draw(mostly(1.0, 0.0, -1.0, math.inf, math.nan)),
        batch_size=draw(mostly(2, 0, 1, 3, 99)),
        **confidence(draw),
    )


@case
def black_box_scores(draw):
    return statistics.black_box_scores(array(draw, sizes(draw), positive=True))


@case
def bootstrap_interval(draw):
    statistic = draw(st.sampled_from([np.mean, np.median, lambda sample: float(sample[0])]))
    return statistics.bootstrap_interval(
        statistic,
        *errors(draw, 1),
        resamples=draw(mostly(9, 0, 1, 2)),
        **confidence(draw),
        **seed(draw),
    )


@case
def calibrated_scores(draw):
    return statistics.calibrated_scores(*errors(draw, 2, equal=True))


@case
def class_wise_copying_test(draw):
    found = sets(draw, 3)
    return statistics.class_wise_copying_test(
        *found,
        labels(draw, [rows(x) for x in found]),
        cells=draw(mostly(statistics.bai2022_cells, 1, 2, 0)),
        min_generated=draw(st.sampled_from([0, 0, 1])),
        dimensions=draw(st.sampled_from([None, None, 1, 1, 64, 0])),
        tie_correction=draw(st.booleans()),
        **FEW,
        **metric(draw),
        **confidence(draw),
        **seed(draw),
    )


@case
def coverage_contrast(draw):
    return statistics.coverage_contrast(*sets(draw, 3), **k(draw), **seed(draw))


@case
def data_copying_test(draw):
    found = sets(draw, 3)
    ready = tuple(labels(draw, [rows(x) for x in found]))
    return statistics.data_copying_test(
        *found,
        cells=draw(st.sampled_from([1, 1, 2, ready, 9, 0, ready[:2], None])),
        min_generated=draw(st.sampled_from([0, 0, 1])),
        dimensions=draw(mostly(None, 1, 64, 0)),
        tie_correction=draw(st.booleans()),
        **FEW,
        **metric(draw),
        **confidence(draw),
        **seed(draw),
    )


@case
def density_coverage(draw):
    return statistics.density_coverage(*sets(draw, 2), **k(draw))


@case
def feature_likelihood(draw):
    return statistics.feature_likelihood(*sets(draw, 3), **seed(draw))


@case
def frechet_distance(draw):
    return statistics.frechet_distance(*sets(draw, 2))


@case
def frechet_gap(draw):
    found = sets(draw, 3, equal=draw(st.booleans()))
    return statistics.frechet_gap(
        *found, resamples=draw(mostly(5, 0, 1, 2)), **confidence(draw), **seed(draw)
    )


@case
def gap_change(draw):
    (a, c), (b, d) = errors(draw, 2, equal=True), errors(draw, 2, equal=True)
    return statistics.gap_change(a, b, c, d, resamples=9, **confidence(draw), **seed(draw))


@case
def gap_law(draw):
    counts = draw(st.lists(st.sampled_from([1, 2, 4, 0]), max_size=3, unique=True))
    train = dict(zip(counts, errors(draw, len(counts)), strict=True))
    val = dict(zip(counts, errors(draw, len(counts), equal=True), strict=True))
    if not draw(st.integers(0, 9)):
        val[8] = np.ones(3)
    return statistics.gap_law(train, val, resamples=9, **confidence(draw), **seed(draw))


@case
def holm(draw):
    return statistics.holm(array(draw, (sizes(draw)[0],), positive=True))


@case
def inside(draw):
    return statistics.inside(*sets(draw, 2), **k(draw))


@case
def kernel_distance(draw):
    return statistics.kernel_distance(
        *sets(draw, 2),
        subsets=draw(mostly(2, 1, 0)),
        subset_size=draw(mostly(2, 1, 4)),
        **seed(draw),
    )


@case
def kmeans_cells(draw):
    train, others = sets(draw, 2)
    cells = statistics.kmeans_cells(
        train,
        draw(mostly(1, 2, 3, 0)),
        dimensions=draw(st.sampled_from([None, None, 1, 1, 64, 0])),
        **seed(draw),
    )
    return cells(others)


@case
def ks_test(draw):
    return statistics.ks_test(*errors(draw, 2))


@case
def log_score_test(draw):
    return statistics.log_score_test(*errors(draw, 2), permutations=9, **seed(draw))


@case
def mean_interval(draw):
    return statistics.mean_interval(*errors(draw, 1), **confidence(draw))


@case
def median_recovery_error(draw):
    return statistics.median_recovery_error(*errors(draw, 1))


@case
def membership_auc(draw):
    return statistics.membership_auc(*errors(draw, 2), **confidence(draw))


@case
def membership_inference(draw):
    return statistics.membership_inference(
        *errors(draw, 2),
        false_positive_rate=draw(mostly(0.5, 0.01, 0.999, 0.0, math.nan)),
        **confidence(draw),
    )


@case
def memorization_informed_distance(draw):
    return statistics.memorization_informed_distance(
        *sets(draw, 2), threshold=draw(mostly(0.1, 1.0, 0.0, math.nan))
    )


@case
def mre_gap(draw):
    return statistics.mre_gap(*errors(draw, 2), signed=draw(st.booleans()))


@case
def nearest_neighbor_gap(draw):
    found = sets(draw, 3, equal=draw(st.booleans()))
    return statistics.nearest_neighbor_gap(*found, permutations=9, **seed(draw))


@case
def nearest_neighbor_test(draw):
    return statistics.nearest_neighbor_test(*sets(draw, 2), permutations=9, **seed(draw))


@case
def overfitting_test(draw):
    return statistics.overfitting_test(
        *errors(draw, 2), resamples=9, **confidence(draw), **seed(draw)
    )


@case
def paired_excess(draw):
    return statistics.paired_excess(
        *errors(draw, 2, equal=True), resamples=9, **confidence(draw), **seed(draw)
    )


@case
def pass_ratio(draw):
    n, t = sizes(draw)
    found = [array(draw, (n, t), positive=True) for _ in range(2)]
    return statistics.pass_ratio(*found, at=draw(mostly(1, 0, 2, 4)), resamples=9, **seed(draw))


@case
def precision_recall(draw):
    return statistics.precision_recall(*sets(draw, 2), **k(draw))


@case
def range_interval(draw):
    values = st.sampled_from([0.0, 1.0, -2.0, 0.5, 0.1, 3.0, math.nan, math.inf])
    level = st.sampled_from([0.95] * 9 + [0.5, 0.0])
    means = [
        statistics.Interval(draw(values), draw(values), draw(values), draw(level))
        for _ in range(draw(mostly(2, 3, 1, 0)))
    ]
    return statistics.range_interval(means, draw(mostly(4, 2, 1, 0)))


@case
def rank_correlations(draw):
    values = array(draw, sizes(draw))
    groups = draw(st.sampled_from([None, labels(draw, [rows(values)])[0]]))
    return statistics.rank_correlations(values, groups=groups, permutations=9, **seed(draw))


@case
def rarefied_coverage(draw):
    return statistics.rarefied_coverage(*sets(draw, 2), draw(mostly(1, 2, 0, 9)), **k(draw))


@case
def relative_excess(draw):
    n, t = sizes(draw)
    found = [array(draw, (n,), (n, t), positive=True) for _ in range(2)]
    return statistics.relative_excess(*found, axis=draw(st.sampled_from([-1, 0, 1])))


@case
def share_interval(draw):
    return statistics.share_interval(array(draw, (sizes(draw)[0],)), **confidence(draw))


@case
def squared_discrepancy(draw):
    return statistics.squared_discrepancy(*sets(draw, 2))


@case
def support_size(draw):
    return statistics.support_size(
        *sets(draw, 1),
        threshold=draw(mostly(0.0, 1.0, -1.0, math.inf)),
        **confidence(draw),
    )


@case
def three_sample_test(draw):
    return statistics.three_sample_test(*sets(draw, 3), permutations=9, **seed(draw))


@case
def true_positive_rate(draw):
    return statistics.true_positive_rate(
        *errors(draw, 2),
        false_positive_rate=draw(mostly(0.5, 0.01, 0.999, 1.0)),
        **confidence(draw),
    )


@case
def wasserstein(draw):
    return statistics.wasserstein(*errors(draw, 2))


@case
def z_u(draw):
    return statistics.z_u(*errors(draw, 2), tie_correction=draw(st.booleans()))


# neighbours


def searched(draw):
    queries, bank = sets(draw, 2)
    chosen = {**metric(draw), **k(draw), "exclude_self": draw(mostly(False, True))}
    return queries, bank, chosen


def naive(queries, bank, chosen):
    """Returns the distances of the k nearest, nearest first."""
    a, b = (np.asarray(x, dtype=np.float64) for x in (queries, bank))
    if chosen["metric"] != "euclidean":
        a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
        cosines = a @ b.T
        distances = 1 - (np.abs(cosines) if chosen["metric"] == "abs_cosine" else cosines)
    else:
        distances = np.linalg.norm(a[:, None] - b, axis=2)
    if chosen["exclude_self"]:
        np.fill_diagonal(distances, np.inf)
    return np.sort(distances, axis=1)[:, : chosen["k"]]


@case
def nearest(draw):
    queries, bank, chosen = searched(draw)
    distances, indices = neighbors.nearest(queries, bank, **chosen)
    lengths = np.linalg.norm(np.asarray(queries, dtype=np.float64), axis=1)
    if (
        lengths.min() > 1e-140
        and 1e-140 < np.linalg.norm(np.asarray(bank, dtype=np.float64)) < 1e100
    ):
        expected = naive(queries, bank, chosen)
        scale = 1 if chosen["metric"] != "euclidean" else max(lengths.max(), expected.max())
        assert np.abs(np.asarray(distances) - expected).max() <= 1e-12 * scale
    return distances, indices


@case
def recall(draw):
    queries, bank, chosen = searched(draw)
    backend = draw(
        st.sampled_from(["exact", "hnsw", "ivfpq", neighbors.IVFPQ(), neighbors.HNSW(4)])
    )
    return neighbors.recall(
        queries, bank, backend=backend, sample=draw(mostly(4, 1, 0)), **chosen, **seed(draw)
    )


@case
def Bank(draw):
    queries, bank, chosen = searched(draw)
    of_bank, of_queries = labels(draw, [rows(bank), rows(queries)])
    found = neighbors.Bank(bank, metric=chosen.pop("metric"), labels=of_bank)
    return found.nearest(queries, labels=of_queries, **chosen)


# rejection


@case
def propose_threshold(draw):
    train, reference = sets(draw, 2)
    proposed = rejection.propose_threshold(
        train, reference=draw(st.sampled_from([None, reference])), **metric(draw)
    )
    return proposed, proposed.mean, proposed.quantile(draw(mostly(0.1, 1.0, 2.0)))


def bank_of(draw, *, embedded=False):
    """Returns training features, or images, and a rejection that judges by them."""
    shape = draw(mostly((5, 3), (1, 3), (4, 1, 1, 3), (0, 3)))
    bank = array(draw, shape)
    judge = rejection.MemorizationRejection(
        bank,
        lambda images: images.flatten(1).float(),
        draw(mostly(0.1, 0.0, 1e9, -1.0, math.nan, math.inf)),
        protocol=draw(st.sampled_from(["per-sample", "drop"])),
        budget=draw(mostly(2, 0)),
        collapsed="farthest",
        metric=draw(st.sampled_from(["euclidean", "cosine", "abs_cosine"])),
        bank_labels=draw(mostly(None, labels(draw, [rows(bank)])[0])),
    )
    return judge, draw(mostly(None, torch.zeros(6, dtype=torch.long)))


@case
def MemorizationRejection(draw):
    judge, of_fakes = bank_of(draw)
    fakes = torch.from_numpy(
        filled(draw(st.sampled_from(GOOD + ODD)), (6, 1, 1, 3), np.random.default_rng(0))
    )
    return judge.select(fakes.float(), of_fakes)


@case
def Sampler(draw):
    judge, of_fakes = bank_of(draw)
    network = torch.nn.Unflatten(1, (1, 1, 3))
    draws = torch.Generator().manual_seed(0)

    def latents(n):
        return torch.randn(n, 3, generator=draws), None if of_fakes is None else torch.zeros(
            n
        ).long()

    return judge.draw(rejection.Sampler(network, latents), draw(st.integers(0, 4))).images


# recovery


class Affine(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 4)

    def forward(self, latents):
        return self.layer(latents).tanh().view(-1, 1, 2, 2)


@case
def recover(draw):
    torch.manual_seed(0)
    targets = array(draw, (2, 1, 2, 2), (1, 1, 2, 2), (2, 3, 2, 2))
    if isinstance(targets, torch.Tensor) and targets.is_floating_point():
        targets = targets.clamp(-1, 1)
    return recovery.recover(
        Affine().double() if draw(st.booleans()) else Affine(),
        targets,
        draw(mostly(2, 3, 0)),
        method=draw(mostly("lbfgs", *recovery.METHODS, "newton")),
        steps=draw(mostly(3, 1, 0)),
        restarts=draw(mostly(1, 2, 0)),
        candidates=draw(mostly(8, 0, 1, -1)),
        batch_size=draw(mostly(None, 1, 0)),
        trace=draw(st.booleans()),
        **seed(draw),
    )


@case
def choose(draw):
    recovery.choose(draw(st.sampled_from([*recovery.METHODS, "newton"])))


# what must hold of what comes back

UNDEFINED = {
    "CellResult.z",  # without test or generated images
    "RankCorrelations.coefficients",  # of a measure that is the same for all
    "true_positive_rate.estimate",  # of fewer non-members than one in so many
    "coverage_contrast.estimate",  # of fewer than two images
    "Recovery.trace",  # of problems that diverged
    "Recovery.latents",
    "Recovery.images",
}
UNBOUNDED = {
    "SupportSize.size": "no two images are the same",
    "BirthdayTest.size": "the same, or all batches have a collision",
    "pass_ratio": "the rival never gets there",
    "bootstrap_interval": "a resample gives infinity",
    "OverfittingTest.gap": "a resample's median is 0",
    "gap_change": "a resample's median is 0",
    "GapLaw.gaps": "a resample's median is 0",
    "paired_excess": "a resample's median is 0",
    "relative_excess": "the reference's median is 0",
    "Recovery.errors": "it diverged",
}


def check(name, value):
    """Checks that numbers are finite where nothing else is documented, probabilities in [0, 1]."""
    if dataclasses.is_dataclass(value):
        own = type(value).__name__
        if isinstance(value, statistics.Interval):
            known = (math.isfinite(value.low) and math.isfinite(value.high)) or name in UNBOUNDED
            assert known, (name, value)
            assert value.low <= value.high, (name, value)
            check(f"{name}.estimate", value.estimate)
            return
        for field in dataclasses.fields(value):
            check(f"{own}.{field.name}", getattr(value, field.name))
    elif isinstance(value, Mapping):
        for each in value.values():
            check(name, each)
    elif isinstance(value, list | tuple):
        for each in value:
            check(name, each)
    elif isinstance(value, np.ndarray | torch.Tensor | float | int):
        found = np.asarray(value)
        if found.dtype.kind != "f" or name in UNDEFINED:
            return
        assert not np.isnan(found).any(), (name, value)
        unbounded = name in UNBOUNDED or name.removesuffix(".estimate") in UNBOUNDED
        assert unbounded or np.isfinite(found).all(), (name, value)
        if name.endswith(("p_value", "p_values", "precision", "recall", "accuracy", "holm")):
            assert ((found >= 0) & (found <= 1)).all(), (name, value)


@pytest.mark.parametrize("name", sorted(CASES))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_a_valid_result_or_an_input_error(name, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", statistics.FewTestImagesWarning)  # documented
        try:
            result = CASES[name](data.draw)
        except InputError as error:
            result = error
    if isinstance(result, InputError):
        assert all((result.argument, result.rule, result.remedy))
    else:
        check(name, result)


RESULTS = {
    neighbors: {"HNSW", "IVFPQ"},  # settings, drawn in `recall`
    recovery: {"METHODS", "Method", "Recovery"},
    rejection: {"AcceptanceCollapsed", "Accepted", "ThresholdProposal"},
    statistics: {
        name
        for name in statistics.__all__
        if name.isupper()
        or name.endswith("Warning")
        or dataclasses.is_dataclass(vars(statistics)[name])
    },
}


def test_no_public_function_is_forgotten():
    public = {name for module, own in RESULTS.items() for name in set(module.__all__) - own}
    assert set(CASES) == public

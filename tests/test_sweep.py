"""What thresholds bring over seeds; expected values are written out from the numbers put in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from mempaper import experiments, guideline, sweep, sweep_rows, variants
from mempaper.errors import InputError
from mempaper.experiments import Copying, Scores, UpdateCost
from mempaper.runs import Run
from mempaper.statistics import ClassWiseResult, DataCopyingResult, Interval
from mempaper.sweep import c_t, fid


def result(value):
    return DataCopyingResult(value, 0.5, 1.0, Interval(value, value, value, 0.95), ())


def copying(of_classes, *, tau=0.0, seed=0, model="biggan", fids=(1.0, 2.0), accepted=1.0):
    """A measurement in which class i has the i-th C_T."""
    config = {"model": model, "data": {"train": 4, "source": "digits"}, "seed": seed}
    if tau:
        config["rejection"] = {"threshold": tau}
    classes = {label: result(value) for label, value in enumerate(of_classes)}
    mean = float(np.mean(of_classes))
    scores = ClassWiseResult(mean, 0.5, 1.0, Interval(mean, mean, mean, 0.95), classes)
    distances = {"train": [0.1, 0.2, 0.3, 0.4], "holdout": [0.15, 0.25], "generated": [0.05, 0.5]}
    distances = {name: np.array(values) for name, values in distances.items()}
    return Copying(
        run=Run(
            f"{model}{tau}{seed}", "train", Path(), config, {"rejection_acceptance": accepted}, {}
        ),
        scores={"holdout": Scores(result(mean), scores)},
        baseline={},
        frechet=dict(zip(("train", "holdout"), fids, strict=True)),
        frechet_equal={},
        frechet_baseline={},
        distances=distances,
        nearest={},
        labels=None,
    )


def student(values):
    values = np.array(values)
    half = scipy.stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return pytest.approx((values.mean() - half, values.mean(), values.mean() + half))


def ends(interval):
    return interval.low, interval.estimate, interval.high


PLAIN = [[-4.0, 2.0], [-6.0, 0.0], [1.0, -5.0]]
REJECTING = [[-1.0, 2.0], [-3.0, 1.0], [0.0, -1.0]]


@pytest.fixture
def found():
    plain = [copying(v, seed=s, fids=(1.0, 2.0 + s)) for s, v in enumerate(PLAIN)]
    fids = [(2.0, 3.0), (3.0, 3.0), (1.0, 6.0)]
    rejecting = [
        copying(v, seed=s, tau=0.25, fids=f, accepted=0.25 * (s + 1))
        for s, (v, f) in enumerate(zip(REJECTING, fids, strict=True))
    ]
    return [*rejecting[::-1], *plain]


@pytest.fixture
def swept(found):
    return sweep.by_model(found)["BigGAN"]


def test_measurements_are_grouped_by_threshold_and_ordered_by_seed(swept):
    assert list(swept.by_threshold) == [0.0, 0.25]
    assert swept.thresholds == [0.25]
    assert [c.seed for c in swept.by_threshold[0.25]] == [0, 1, 2]
    assert swept.values(c_t())[0.0].tolist() == [-1, -3, -2]
    assert swept.values(c_t("holdout", label=1))[0.25].tolist() == [2, 1, -1]
    assert swept.values(fid("train"))[0.25].tolist() == [2, 3, 1]


def test_intervals_are_those_of_differences_of_one_seed(swept):
    assert ends(swept.means(c_t())[0.0]) == student([-1, -3, -2])
    assert ends(swept.rise(0.25, c_t())) == student([0.5 + 1, -1 + 3, -0.5 + 2])
    assert ends(swept.growth(0.25, fid("holdout"))) == student([3 / 2 - 1, 3 / 3 - 1, 6 / 4 - 1])
    rise, growth = swept.tradeoff(0.25, reference="holdout", quality="train")
    assert ends(rise) == student([1.5, 2, 1.5])
    assert ends(growth) == student([1, 2, 0])


def test_memorized_classes_are_those_of_the_other_seeds(swept):
    """The others' means are (-2.5, -2.5), (-1.5, -1.5) and (-5, 1): class 0 each time, by the order
    of classes where both are alike."""
    memorized, others = swept.contrast(0.25, reference="holdout")
    assert ends(memorized) == student([3, 3, -1])
    assert ends(others) == student([0, 1, 4])


def test_one_seed_has_no_others(found):
    alone = sweep.by_model([c for c in found if c.seed == 0])["BigGAN"]
    with pytest.raises(InputError, match="seeds must be two at least; got 1"):
        alone.contrast(0.25, reference="holdout")


def test_what_is_missing_is_named(found):
    with pytest.raises(InputError, match=r"thresholds must hold 0; got \[0.25\]"):
        sweep.by_model([c for c in found if c.threshold])
    with pytest.raises(InputError, match=r"same for every threshold of BigGAN; got \[1, 2\] at"):
        sweep.by_model([c for c in found if c.seed or not c.threshold])


def test_the_distance_from_a_reference_is_between_means_whichever_is_nearer(swept):
    """Means are .275 of generated, .2 of hold-out and .25 of training images."""
    assert swept.values(sweep.distance_from("holdout"))[0.25] == pytest.approx([0.075] * 3)
    assert swept.values(sweep.distance_from("train"))[0.0] == pytest.approx([0.025] * 3)
    first = swept.by_threshold[0.0][0]
    nearer = replace(first, distances=first.distances | {"generated": np.array([0.1])})
    assert sweep.distance_from("holdout")(nearer) == pytest.approx(0.1)


def test_augmentation_is_held_against_the_same_model_without(found):
    augmented = [copying(v, seed=s, model="biggan_diffaugment") for s, v in enumerate(REJECTING)]
    sweeps = sweep.by_model([*found, *augmented, *(copying([0.0], seed=0, model="sagan"),)])
    effects = sweep.effects_of_augmentation(sweeps)
    assert list(effects) == ["BigGAN+DiffAug"]
    assert ends(effects["BigGAN+DiffAug"]) == student([1.5, 2, 1.5])


def test_figures_and_table_show_means(swept):
    rows = sweep_rows.rows({"BigGAN": swept}, references=["holdout"])
    pairs = sweep_rows.against_each_other(rows, reference="holdout")["BigGAN"]
    score, distance = pairs[0.25]
    assert ends(score) == student([0.5, -1, -0.5])
    assert ends(distance) == student([3, 3, 6])
    curves = sweep.class_curves(swept)
    assert list(curves) == ["class 0", "class 1"]
    assert ends(curves["class 0"][0.0]) == student([-4, -6, 1])
    assert len(rows) == 2 * 3 * 2
    assert rows[rows["set"] == "train"]["c_t"].isna().all()
    table = sweep_rows.summary(rows)
    assert table["τ"].tolist() == ["0", "0.25"]
    assert table["FID to hold-out"].iloc[1].startswith("4.00 [")
    assert table["C_T against hold-out"].iloc[0].startswith("-2.00 [")


def test_each_threshold_is_trained_with_each_seed():
    jobs = sweep.jobs(
        "digits",
        models=["sagan", "biggan"],
        thresholds=[0, "q30"],
        seeds=[1, 2],
        training={"sagan": {"steps": 7}},
        rejection={"embedding": "pixels"},
        images=100,
    )
    settings = [(j["model"], j["rejection"]["threshold"], j["seed"]) for j in jobs]
    assert sorted(settings, key=str) == sorted(
        [(m, t, s) for m in ("sagan", "biggan") for t in (0, "q30") for s in (1, 2)], key=str
    )
    assert {j["rejection"]["embedding"] for j in jobs} == {"pixels"}
    assert {j["steps"] for j in jobs if j["model"] == "sagan"} == {7}
    assert {j["images"] for j in jobs} == {100}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seeds": [0]}, r"seeds must be two at least, all different, .* got \[0\]"),
        ({"seeds": [3, 3]}, "seeds must be two at least"),
        ({"thresholds": []}, "thresholds must hold 0"),
        ({"thresholds": [0]}, "thresholds must hold 0, .* and at least one other"),
        ({"thresholds": ["q10", 0.1]}, "thresholds must hold 0"),
        ({"thresholds": [0, 0.0, "q10"]}, "thresholds must hold 0, .* all different"),
        ({"thresholds": [0, "q10", "q10"]}, "thresholds must hold 0, .* all different"),
    ],
)
def test_what_no_interval_could_be_taken_of_is_not_planned(changed, message):
    chosen = {"thresholds": [0, "q30"], "seeds": [0, 1]} | changed
    with pytest.raises(InputError, match=message):
        sweep.jobs("digits", models=["biggan"], training={}, rejection={}, **chosen)


def test_models_are_trained_once_and_measured_by_each_encoder(monkeypatch):
    calls = []

    def train_all(jobs, measured_by):
        assert measured_by == ["pca", "pixels"]
        assert {job["rejection"]["embedding"] for job in jobs} == {"pca"}
        calls.append(len(jobs))
        return jobs

    def measure(runs, *, encoder, generated, references):
        assert (generated, list(references)) == (300, ["warped"])
        calls.append(encoder)
        return [
            copying(
                [1.0, 2.0], tau=0.25 if run["rejection"]["threshold"] else 0.0, seed=run["seed"]
            )
            for run in runs
        ]

    monkeypatch.setattr(experiments, "train_all", train_all)
    monkeypatch.setattr(experiments, "measure_copying", measure)
    found = sweep.measure(
        "digits",
        models=["biggan"],
        thresholds=[0, "q30"],
        seeds=[0, 1],
        training={},
        encoder="pca",
        others=["pixels"],
        references=["warped"],
        generated=300,
        images=100,
        size=8,
    )
    assert calls == [4, "pca", "pixels"]
    assert {name: list(of) for name, of in found.items()} == {
        "pca": ["BigGAN"],
        "pixels": ["BigGAN"],
    }
    assert list(found["pixels"]["BigGAN"].by_threshold) == [0.0, 0.25]


# The guideline


def test_a_threshold_of_d_bar_is_known_by_its_value(swept):
    """d-bar of 0.1, 0.2, 0.3, 0.4 is 0.25; half of the hold-out images lie nearer, and 0.05."""
    assert guideline.marks(swept) == {"d-bar": 0.25}
    assert ends(guideline.at_d_bar({"BigGAN": swept})["BigGAN"].rise_of_ct) == student(
        [1.5, 2, 1.5]
    )
    row = guideline.table(swept).loc["d-bar"]
    assert row["of training images (%)"] == "50"
    assert row["of hold-out images (%)"] == "100"
    assert row["of generated images (%)"] == "50"


def test_other_thresholds_are_named_by_what_they_reject():
    found = [copying([v, v], seed=s, tau=t) for s, v in enumerate((1.0, 2.0)) for t in (0.0, 0.15)]
    swept = sweep.by_model(found)["BigGAN"]
    assert guideline.marks(swept) == {"25 % of train": 0.15}
    assert guideline.at_d_bar({"BigGAN": swept}) == {}


# Variants


def test_half_of_what_rejection_for_both_brings_is_asked_for(swept):
    both = [copying(np.add(v, 4.0).tolist(), seed=s, tau=0.25) for s, v in enumerate(PLAIN)]
    with_both = sweep.by_model([*both, *swept.by_threshold[0.0]])["BigGAN"]
    (of_both,) = variants.sufficiency({"Algorithm 1": swept, "for both": with_both}).values()
    assert ends(of_both.rise_of_ct) == student([1.5, 2, 1.5])
    assert ends(of_both.rise_less_half_of_both) == student([1.5 - 2, 2 - 2, 1.5 - 2])
    assert variants.sufficiency({"Algorithm 1": swept}) == {}


def test_the_published_variant_is_held_against_algorithm_1_by_seed(swept):
    other = [copying(np.add(v, [1.0, s]).tolist(), seed=s, tau=0.25) for s, v in enumerate(PLAIN)]
    published = sweep.by_model([*other, *swept.by_threshold[0.0]])["BigGAN"]
    found = variants.published_code_apart({"Algorithm 1": swept, "published code": published})
    assert ends(found["published code"]) == student([0.5 - 1.5, 1 - 2, 1.5 - 1.5])
    assert variants.published_code_apart({"Algorithm 1": swept}) == {}


def test_variants_are_trained_at_their_threshold_and_held_against_none(monkeypatch):
    trained = []

    def train_all(jobs, measured_by):
        assert measured_by == ["pca"]
        trained.extend(jobs)
        return list(range(len(jobs)))

    def measure(runs, **options):
        assert options == {"encoder": "pca", "generated": 300}
        taus = [0.25 if trained[run]["rejection"]["threshold"] else 0.0 for run in runs]
        return [
            copying([float(run), 1.0], tau=tau, seed=trained[run]["seed"])
            for run, tau in zip(runs, taus, strict=True)
        ]

    monkeypatch.setattr(experiments, "train_all", train_all)
    monkeypatch.setattr(experiments, "measure_copying", measure)
    chosen = {
        "dataset": "digits",
        "model": "biggan",
        "threshold": "q30",
        "seeds": [0, 1],
        "training": {},
        "encoder": "pca",
        "generated": 300,
    }
    swept = variants.measure(**chosen, variants=["for both", "published code"])
    assert [job["rejection"].get("both", False) for job in trained] == [False] * 2 + [True] * 2 + [
        False
    ] * 2
    assert trained[-1]["rejection"]["protocol"] == "drop"
    assert trained[-1]["rejection"]["metric"] == "abs_cosine"
    assert list(swept) == ["for both", "published code"]
    assert swept["published code"].values(c_t("holdout", label=0))[0.25].tolist() == [4, 5]
    assert swept["for both"].values(c_t("holdout", label=0))[0.0].tolist() == [0, 1]
    with pytest.raises(InputError, match="variants must be among Algorithm 1, for both"):
        variants.measure(**chosen, variants=["none"])
    for changed in ({"threshold": 0}, {"seeds": [1]}):
        with pytest.raises(InputError, match=r"(thresholds|seeds) must"):
            variants.measure(**chosen | changed, variants=["for both"])


def test_tables_of_variants_and_costs(swept):
    row = variants.table({"Algorithm 1": swept}).loc["Algorithm 1"]
    assert row["accepted (%)"].startswith("50.0 [")
    assert row["rise of C_T"].startswith("1.67 [")
    cost = UpdateCost(np.array([0.01, 0.01, 0.02]), np.array([0.02, 0.01, 0.02]), 0.5)
    row = variants.cost_table({"biggan": cost}).loc["biggan"]
    assert row["without rejection (ms)"] == "10.0"
    assert row["with rejection (ms)"] == "20.0"
    assert row["ratio"].startswith("1.33 [")

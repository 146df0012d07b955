"""The plan of a book, its steps, and the Snakefile over them."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import jupytext
import numpy as np
import pytest
import yaml

from mempaper import experiments, parallel, sweep
from mempaper.errors import InputError
from mempaper.notebooks import catalogue, execution
from mempaper.runs import Run, Store
from mempaper.runs.provenance import worked
from mempaper.steps import Page, Plan, costs, pages, step
from mempaper.steps.pages import Asked, asked

REPOSITORY = Path(__file__).parents[1]
PAGE = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["parameters"]
n = 1  # [0, 9] a number

# %%
print(n)
"""
PLACES = ("run", "store", "data_root")
TINY = {"steps": 3, "batch_size": 8, "latent_dim": 8, "width": 8}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what the book is made of, in which nothing of the smoke profile is left to do."""
    tmp_path = tmp_path_factory.mktemp("checkout")
    for name in ("Snakefile", "_config.yml", "book/_toc.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    for name in ("notebooks", "profiles", "results"):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=ignored)
    plan = Plan("smoke", root=tmp_path, apart=True)
    plan.write()
    for done in [plan.folder / "steps" / each.receipt for each in plan.missing]:
        done.write_text('{"runs": []}')
    for page in plan.stale:
        page.marker.parent.mkdir(parents=True, exist_ok=True)
        page.marker.touch()
    return tmp_path


@pytest.fixture
def change(checkout):
    """Returns a function that changes a parameter in the smoke profile, until the test ends."""
    path = checkout / "profiles" / "smoke.yaml"
    before = path.read_text()

    def change(page, **values):
        content = yaml.safe_load(before)
        content["notebooks"][page] |= values
        path.write_text(yaml.safe_dump(content))

    yield change
    path.write_text(before)


def said_by_a_dry_run(root, *options, folder=".", **settings):
    """Returns what a dry run of the Snakefile prints, with these options, started in a folder."""
    config = [f"{key}={value}" for key, value in settings.items()]
    command = [sys.executable, "-m", "snakemake", "--snakefile", root / "Snakefile", "--dry-run"]
    done = subprocess.run(
        [*command, *options, "--config", *config],
        cwd=root / folder,
        env=os.environ | {"MEMPAPER_DATA": str(root), "MEMPAPER_RUNS": str(root / "runs")},
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def dry_run(root, *options, **settings):
    """Returns how many jobs of each rule a dry run of the Snakefile counts."""
    said = said_by_a_dry_run(root, "--quiet", "host", "rules", *options, **settings)
    table = said.partition("Job stats:")[2].partition("\n\n")[0]
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.M)}


def test_the_paper_profile_passes_a_dry_run_without_its_data(checkout):
    plan = Plan("paper", root=checkout, apart=True)
    kinds = [each.kind for each in plan.distinct.values()]
    counted = {kind: kinds.count(kind) for kind in ("embed", "train", "recover")}
    assert counted["train"] > 200
    assert dry_run(checkout, profile="paper", apart="true") == {
        **counted,
        "page": len(plan.pages),
        "book": 1,
        "total": len(kinds) + len(plan.pages) + 1,
    }


def test_one_changed_parameter_runs_what_depends_on_it_and_nothing_else(checkout, change):
    change("latent_recovery/gap_law", counts=[16, 64, 48])
    # Of glo-48 and ae-48, then of the page and of the book.
    assert dry_run(checkout, profile="smoke", apart="true") == {
        "train": 2,
        "page": 1,
        "book": 1,
        "total": 4,
    }


def test_a_job_of_a_cluster_finds_its_step_from_the_folder_it_starts_in(checkout, change):
    change("latent_recovery/gap_law", counts=[16, 64, 48])
    cluster = ["--workflow-profile", REPOSITORY / "profiles" / "cluster"]
    here, there = (
        dry_run(checkout, *cluster, folder=folder, profile="smoke", apart="true")
        for folder in (".", "_build")
    )
    assert here == there == {"train": 2, "page": 1, "book": 1, "total": 4}
    assert not (checkout / "_build" / "_build").exists()


def test_a_parameter_that_no_training_has_trains_nothing(checkout, change):
    change("memorization_rejection/planes_of_samples", perplexity=6)
    plan = Plan("smoke", root=checkout, apart=True)
    assert [page.name for page in plan.stale] == ["memorization_rejection/planes_of_samples"]
    assert plan.missing == []


def test_a_training_on_several_devices_asks_for_as_many_gpus(checkout, change):
    training = {"glo": {**TINY, "devices": 2}}
    change("latent_recovery/gap_law", counts=[16, 24, 32], training=training)
    plan = Plan("smoke", root=checkout, apart=True)
    devices = {each.work["model"]: plan.devices(each.receipt) for each in plan.missing}
    assert devices["glo"] == 2
    assert devices["ae"] == plan.devices("none") == 1
    said = said_by_a_dry_run(checkout, "--quiet", "host", profile="smoke", apart="true")
    assert len(re.findall(r"resources:.*gpu=2", said)) == 3
    assert len(re.findall(r"resources:.*gpu=1", said)) == 3


class Enough(Exception):
    pass


@pytest.fixture
def tried(monkeypatch):
    """Returns a function that runs a notebook's cells until one has trained, or recovered, and
    returns the trainings and recoveries that were asked for."""
    trainings, recoveries = [], []

    def train_all(jobs, **options):
        first = len(trainings)
        runs = [Run(str(first + i), "train", Path(), job, {}, {}) for i, job in enumerate(jobs)]
        trainings.extend(jobs)
        return runs

    def run(function, jobs, **options):
        if function is experiments.recover:
            recoveries.extend(
                (int(job["run"].id), {k: v for k, v in job.items() if k not in PLACES})
                for job in jobs
            )
        raise Enough

    monkeypatch.setattr(experiments, "train_all", train_all)
    monkeypatch.setattr(experiments, "calibrate", lambda *args, **options: {})
    monkeypatch.setattr(parallel, "run", run)

    def tried(source, values, until):
        trainings.clear()
        recoveries.clear()
        names = dict(values)
        for cell in jupytext.read(source, fmt="py:percent").cells:
            if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
                # Cells fail that need what is not computed here.
                with suppress(Exception):
                    exec(cell.source, names)
            if {"trained": trainings, "recovered": recoveries}[until]:
                break
        return trainings, recoveries

    return tried


@pytest.mark.filterwarnings("ignore")
def test_what_pages_ask_for_is_what_they_train_and_recover(tried):
    for notebook in catalogue.chapters(REPOSITORY):
        values = catalogue.effective(notebook.name, profile="smoke", root=REPOSITORY)
        planned = asked(notebook.name, values)
        until = "recovered" if planned.recoveries else "trained"
        trainings, recoveries = tried(notebook.source, values, until)
        assert planned.trainings == trainings, notebook.name
        if planned.recoveries:
            assert recoveries, notebook.name
            assert planned.recoveries[: len(recoveries)] == recoveries, notebook.name


def test_pages_that_share_a_training_have_one_step_for_it():
    job = {"model": "glo", "dataset": "digits", "images": 16, **TINY, "seed": 0}
    first, second = (step.steps_of(Asked([job, {**job, "seed": n}])) for n in (1, 2))
    assert len({each.receipt for each in [*first, *second]}) == 3


def test_trainings_that_reject_by_one_encoder_share_its_features():
    jobs = sweep.jobs(
        "digits",
        models=["biggan"],
        thresholds=[0, "q10", 0.5],
        seeds=[0, 1],
        training={"biggan": TINY},
        rejection={"embedding": "pca"},
        images=100,
        size=8,
    )
    found = step.steps_of(Asked(jobs))
    embed = {each.receipt for each in found if each.kind == "embed"}
    rejecting = [
        each for each in found if each.kind == "train" and each.work["rejection"]["threshold"]
    ]
    assert len(embed) == 1
    assert len(rejecting) == 4
    assert all([needed.receipt for needed in each.needs] == list(embed) for each in rejecting)


@pytest.mark.parametrize(
    ("count", "images", "kind", "parts"),
    [
        (10, None, "train", 0),
        (11, None, "holdout", 2),
        (30, None, "holdout", 3),
        (30, 8, "train", 0),
    ],
)
def test_only_long_recoveries_are_divided(count, images, kind, parts):
    job = {"model": "glo", "dataset": "digits", **TINY, "seed": 0}
    job |= {} if images is None else {"images": images}
    recovery = {"kind": kind, "count": count, "method": "lbfgs", "steps": 2}
    found = step.steps_of(Asked([job], [(0, recovery)]), share=10)
    assert [each.kind for each in found] == ["train"] + ["recover"] * parts
    assert all(each.needs == (found[0],) for each in found[1:])
    encoded = step.steps_of(Asked([job], [(0, recovery | {"method": "encoder"})]), share=10)
    assert [each.kind for each in encoded] == ["train"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def glo(store):
    return experiments.train("glo", "digits", images=16, **TINY, store=store)


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_a_recovery_in_parts_is_the_undivided_one(store, glo, tmp_path, monkeypatch, parts):
    options = {"count": 11, "steps": 3}
    monkeypatch.setattr(experiments.recovering, "_SHARD", 4)
    whole = experiments.recover(glo, "generated", **options, store=store)
    apart = Store(tmp_path)
    made = [
        [
            run.config["first"]
            for run in experiments.recover_part(
                glo, "generated", part=part, parts=parts, store=apart, **options
            )
        ]
        for part in range(parts, 0, -1)
    ]
    assert sorted(low for of_part in made for low in of_part) == [0, 4, 8]
    monkeypatch.setattr(experiments.recovering.recovery, "recover", None)  # nothing is left to do
    gathered = experiments.recover(glo, "generated", **options, store=apart)
    assert gathered.id == whole.id
    assert gathered.metrics == whole.metrics
    for name, values in experiments.recovered(whole).items():
        np.testing.assert_array_equal(experiments.recovered(gathered)[name], values)
    assert experiments.recover_part(glo, "generated", part=1, parts=2, store=apart, **options) == []


def test_there_are_no_parts_beyond_the_last(glo, store):
    with pytest.raises(InputError, match="part must be a whole number, at least 1 and at most 2"):
        experiments.recover_part(glo, "train", part=3, parts=2, count=4, store=store)


def test_a_step_does_what_is_written_down_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("MEMPAPER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(experiments.recovering, "_SHARD", 4)
    job = {"model": "glo", "dataset": "digits", "images": 16, **TINY, "seed": 0}
    recovery = {"kind": "train", "count": 8, "method": "lbfgs", "steps": 2}
    training, *parts = step.steps_of(Asked([job], [(0, recovery)]), share=4)
    plan = Plan("smoke", root=tmp_path, apart=True)
    for each in (parts[1], training):
        order = tmp_path / "_build" / "steps" / each.order
        order.parent.mkdir(parents=True)
        order.write_text(json.dumps({"kind": each.kind, "work": each.work}))
        assert not plan.is_done(each)
        assert step.do(order) == tmp_path / "_build" / "steps" / each.receipt
        assert plan.is_done(each)
    assert sorted(record.kind for record in Store().list()) == ["recover-shard", "train"]
    Store().clean(kind="train")
    assert [plan.is_done(each) for each in (training, *parts)] == [False, False, True]


def test_what_is_no_step_is_refused(tmp_path):
    order = tmp_path / "order.json"
    for content in ("", "[]", '{"kind": "bake", "work": {}}'):
        order.write_text(content)
        with pytest.raises(InputError, match="hold a step"):
            step.do(order)


def test_the_marker_goes_with_the_copy(tmp_path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "_config.yml").touch()
    profile = tmp_path / "profiles" / "smoke.yaml"
    profile.touch()
    source = tmp_path / "notebooks" / "one" / "page.py"
    source.parent.mkdir(parents=True)
    source.write_text(PAGE)
    notebook = catalogue.locate("page", tmp_path)
    seen = []
    for content in ("", "notebooks: {one/page: {n: 2}}", ""):
        profile.write_text(content)
        values = catalogue.effective("page", profile="smoke", root=tmp_path)
        marker = execution.marker(notebook, "smoke", values)
        assert not marker.exists()
        execution.run("page", profile="smoke", root=tmp_path)
        assert [*marker.parent.glob("*.done")] == [marker]
        seen.append(marker)
    assert seen[0] == seen[2] != seen[1]


def test_each_training_is_counted_once_and_pages_take_the_rest():
    job = {"model": "dcgan", "dataset": "digits", **TINY, "seed": 0}
    shared, own = (step.steps_of(Asked([{**job, "steps": steps}]))[0] for steps in (100, 300))
    stale = [Page("a", {}, Path("a"), 4000.0), Page("b", {}, Path("b"), 1200.0)]
    plan = Plan("smoke", root=REPOSITORY, apart=True)
    vars(plan).update(
        pages={**{page.name: page for page in stale}, "c": Page("c", {}, Path("c"), 5.0)},
        stale=stale,
        steps={"a": [shared, own], "b": [shared]},
        missing=[shared, own],
    )
    *_, train, recover, page, book = costs.estimate(plan, costs.Measured("", {}))
    # Of page a, 1,000 s of 4,000 are the shared training's; of page b, all 1,200.
    assert (train.to_do, train.done, train.hours) == (2, 0, pytest.approx(4200 / 3600))
    assert (page.to_do, page.done, page.hours) == (2, 1, 0.0)
    assert (recover.to_do, book.to_do) == (0, 1)
    rates = costs.Measured("a machine", {"dcgan": 500 / costs.work_of(shared.work)})
    *_, train, recover, page, book = costs.estimate(plan, rates)
    assert train.hours == pytest.approx(2000 / 3600)
    assert page.hours == pytest.approx((4000 - 2000 + 1200 - 500) / 3600)


def test_bytes_are_those_of_the_weights(glo):
    job = {"model": "glo", "dataset": "digits", "images": 16, **TINY, "seed": 0}
    (training,) = step.steps_of(Asked([job]))
    on_disk = (glo.path / "generator.safetensors").stat().st_size
    assert 0 <= on_disk - costs.bytes_of(training) < 4096  # of names and shapes


def test_rates_are_those_of_the_largest_telling_run(store, glo, monkeypatch):
    assert costs.measured(store).seconds == {}  # seconds of small runs tell nothing
    monkeypatch.setattr(costs, "_TELLING", 0.0)
    longer = experiments.train("glo", "digits", images=16, **TINY | {"steps": 6}, store=store)
    job = {"model": "glo", "dataset": "digits", "images": 16, **TINY}
    seconds = worked(longer.provenance)
    assert costs.measured(store).of(job) == pytest.approx(seconds / 2)
    assert costs.measured(store).of(job | {"model": "dcgan"}) is None


def test_a_page_that_nobody_listed_asks_for_nothing():
    assert asked("one/page", {}) == Asked()
    assert set(pages._PAGES) == {n.name for n in catalogue.chapters(REPOSITORY)}

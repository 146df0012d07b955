import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

import mempaper
from mempaper import embeddings, experiments, images, recovery
from mempaper.cli import app, work
from mempaper.runs import Store
from mempaper.training import losses

CHECKOUT = Path(mempaper.__file__).parents[1]
COMMAND = [sys.executable, "-c", "from mempaper.cli import main; main()"]

CHAPTER = {"file": "notebooks/a/coins.py"}
NOTEBOOK = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Coins
#
# Are they fair?

# %% tags=["parameters"]
throws = 10  # [1, 1000] coins thrown
coin = "old"  # {old, new} which coin

# %%
statement = f"{throws} {coin} coins are fair"
from IPython.display import display
display(
    {
        "application/vnd.mempaper.verdict+json": {
            "claim": "tests-agree", "statement": statement, "source": "Sec. 1",
            "verdict": "not reproduced", "detail": statement + ": 9 of 10 heads",
            "numbers": {"heads": {"low": 0.6, "high": 1.0, "estimate": 0.9, "confidence": 0.95}},
        },
        "text/plain": statement,
    },
    raw=True,
)
"""


@pytest.fixture
def checkout(tmp_path):
    """Returns a small checkout of a book with one notebook."""
    root = tmp_path / "checkout"
    for path, text in {
        "_config.yml": "title: Coins",
        "book/_toc.yml": yaml.dump(
            {"root": "book/intro", "chapters": [{"file": "notebooks/a/coins.py"}]}
        ),
        "notebooks/a/coins.py": NOTEBOOK,
        "profiles/laptop.yaml": "description: small",
        "profiles/smoke.yaml": yaml.dump(
            {"description": "tiny", "notebooks": {"a/coins": {"throws": 2}}}
        ),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def environment(tmp_path):
    """Returns the environment of a user who has nothing yet."""
    (tmp_path / "home").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"HOME": str(tmp_path / "home"), "PYTHONPATH": str(CHECKOUT), "COLUMNS": "80"}


@pytest.fixture
def user(tmp_path, environment):
    """Returns a function that runs `mempaper` in a process of its own, in an empty home."""

    def run(*arguments, **variables):
        return subprocess.run(
            [*COMMAND, *arguments],
            env=environment | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Returns a store with one finished and one unfinished run, which the commands use."""
    monkeypatch.setenv("MEMPAPER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("COLUMNS", "80")
    store = Store()
    store.make("train", {"model": "dcgan", "size": 32}, finished, seed=3)
    with pytest.raises(KeyboardInterrupt):
        store.make("recover", {"count": 10}, stopped)
    return store


def finished(folder):
    (folder / "weights.bin").write_bytes(bytes(2500))
    return {"loss": {"generator": 0.25}, "errors": list(range(20))}


def stopped(folder):
    raise KeyboardInterrupt


def call(*arguments):
    return CliRunner().invoke(app, arguments)


def installed():
    return Path(sys.executable).with_name("mempaper")


@pytest.mark.skipif(not installed().exists(), reason="mempaper is not installed")
def test_the_installed_command_answers(environment):
    done = subprocess.run(
        [installed(), "--version"], env=environment, capture_output=True, text=True
    )
    assert done.stdout == f"mempaper {mempaper.__version__}\n"


def test_version(user):
    done = user("--version")
    assert (done.returncode, done.stdout) == (0, f"mempaper {mempaper.__version__}\n")


def test_help_names_every_command(user):
    done = user("--help")
    assert done.returncode == 0
    for command in ("data", "train", "recover", "runs", "notebook", "book", "plan", "claims"):
        assert f"\n  {command} " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_command_line_imports_nothing_heavy(environment):
    heavy = "{'torch', 'numpy', 'scipy', 'pandas', 'matplotlib', 'jupytext', 'papermill'}"
    script = f"import sys, mempaper.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "vae", "digits"],
        ["train", "dcgan"],
        ["train", "dcgan", "digits", "--steps", "0"],
        ["train", "dcgan", "digits", "--steps", "many"],
        ["recover", "0123", "everything"],
        ["runs", "clean", "--older-than", "-1"],
        ["nonsense"],
    ],
)
def test_wrong_usage_ends_with_status_2(arguments, store):
    done = call(*arguments)
    assert done.exit_code == 2
    assert "Usage: " in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["runs", "show", "zz"], "run must be the beginning of one finished run's id; got 'zz'"),
        (["recover", "zz"], "run must be the beginning of one finished train run's id; got 'zz'"),
        (["runs", "clean"], "what to clean must be named; got no condition."),
        (["notebook", "list"], "the current folder must lie in a checkout"),
        (["claims"], "the current folder must lie in a checkout"),
        (["book"], "the current folder must lie in a checkout"),
    ],
)
def test_wrong_input_is_one_plain_message_and_status_2(user, arguments, said):
    done = user(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {said}")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_an_interruption_says_how_to_continue(store, monkeypatch):
    monkeypatch.setattr(Store, "list", stopped)
    done = call("runs", "list")
    assert done.exit_code == 130
    assert done.stderr.strip() == "stopped; repeat the same command to continue"


def test_failures_of_the_package_are_plain_and_those_of_others_are_not(store, monkeypatch):
    class Diverged(RuntimeError):
        __module__ = "mempaper.training"

    for error, status in ((Diverged("loss became nan"), 1), (RuntimeError("a bug"), None)):

        def fail(store, error=error):
            raise error

        monkeypatch.setattr(Store, "list", fail)
        done = call("runs", "list")
        if status is None:
            assert done.exception is error
        else:
            assert (done.exit_code, done.stderr) == (status, "Error: loss became nan\n")


# runs


def test_runs_list(store):
    done = call("runs", "list")
    heading, *lines = done.stdout.splitlines()
    assert heading.split() == ["ID", "KIND", "STATE", "SIZE", "AGE", "CONFIGURATION"]
    rows = {line.split()[1]: line for line in lines if not line.startswith(" ")}
    assert rows["train"].startswith(store.find("train", {"model": "dcgan", "size": 32}).id[:10])
    assert " finished " in rows["train"]
    assert " kB " in rows["train"]
    assert "model=dcgan size=32" in rows["train"]
    assert " unfinished " in rows["recover"]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_runs_list_as_json(store):
    records = json.loads(call("runs", "list", "--json").stdout)
    assert {(r["kind"], r["state"], r["config"].get("size")) for r in records} == {
        ("train", "finished", 32),
        ("recover", "unfinished", None),
    }


def test_runs_list_of_nothing_says_where_it_looked(user, tmp_path):
    done = user("runs", "list")
    assert done.returncode == 0
    assert str(tmp_path / "home") in done.stdout


def test_runs_show(store):
    run = store.find("train", {"model": "dcgan", "size": 32})
    shown = call("runs", "show", run.id[:5]).stdout
    for text in (run.id, str(run.path), "loss.generator  0.25", "20 values, 0, 1, 2, ..."):
        assert text in shown
    words = [line.split() for line in shown.splitlines()]
    assert ["model", "dcgan"] in words
    assert ["seed", "3"] in words
    assert ["2.5", "kB", "weights.bin"] in words
    assert json.loads(call("runs", "show", run.id, "--json").stdout)["metrics"] == run.metrics


def test_runs_show_of_a_damaged_run_names_the_file(store):
    run = store.find("train", {"model": "dcgan", "size": 32})
    os.truncate(run.file("weights.bin"), 100)
    done = call("runs", "show", run.id)
    assert done.exit_code == 2
    assert "weights.bin has 100 bytes instead of 2500" in done.stderr


def test_runs_clean(store):
    assert "would remove 1 runs" in call("runs", "clean", "--unfinished", "--dry-run").stdout
    assert len(store.list()) == 2
    assert "removed 1 runs" in call("runs", "clean", "--unfinished").stdout
    assert [record.kind for record in store.list()] == ["train"]
    assert "removed 0 runs, 0 B" in call("runs", "clean", "--older-than", "1").stdout
    assert "removed 0 runs, 0 B" in call("runs", "clean", "--kind", "recover").stdout
    assert "removed 1 runs, " in call("runs", "clean", "--everything").stdout
    assert store.list() == []


# data


def test_data_list_says_what_is_there_and_how_to_get_the_rest(user, tmp_path):
    done = user("data", "list", "--data-root", str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert rows["digits"].split()[1:3] == ["1,797", "yes"]
    assert rows["mnist"].split()[1:3] == ["70,000", "no"]
    assert rows["mnist"].endswith("mempaper data fetch mnist")
    assert done.stdout.endswith(f"data folder: {tmp_path / 'data'}\n")


def test_data_list_as_json_agrees_with_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MEMPAPER_DATA", str(tmp_path))
    (tmp_path / "MNIST").mkdir()
    records = {r["name"]: r for r in json.loads(call("data", "list", "--json").stdout)}
    assert records["mnist"]["present"]
    assert not records["cifar10"]["present"]


def test_data_check_reads_everything_and_counts_duplicates(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    pixels = np.random.default_rng(0).integers(0, 256, (10, 16, 16, 3), dtype=np.uint8)
    pixels[7] = pixels[1]
    np.save(tmp_path / "own.npy", pixels)
    np.save(tmp_path / "cut.npy", pixels)
    os.truncate(tmp_path / "cut.npy", 500)
    whole = call("data", "check", "digits", str(tmp_path / "own.npy"))
    assert whole.exit_code == 0, whole.stderr
    rows = [" ".join(line.split()) for line in whole.stdout.splitlines()]
    assert rows[1] == "digits 1 x 16 x 16 0 1,024 train, 773 hold-out"
    assert rows[2].endswith(" 3 x 16 x 16 1 5 train, 5 hold-out")
    damaged = call("data", "check", str(tmp_path / "cut.npy"), "digits", "absent")
    assert damaged.exit_code == 1
    assert "digits" in damaged.stdout
    assert [line[:6] for line in damaged.stderr.splitlines()] == ["Error:", "Error:"]
    assert "cut.npy" in damaged.stderr


@pytest.mark.parametrize("name", ["faces", "celeba", "nothing"])
def test_data_fetch_of_what_cannot_be_fetched_is_refused(name, tmp_path):
    done = call("data", "fetch", name, "--data-root", str(tmp_path / "data"))
    assert done.exit_code == 2
    assert f"got {name!r}" in done.stderr
    assert not (tmp_path / "data").exists()


def test_data_fetch_prints_the_folder_and_says_when_the_network_is_off(tmp_path, monkeypatch):
    def fetched(folder):
        (folder / "MNIST").mkdir()

    def unreachable(folder):
        raise RuntimeError("Error downloading\nName or service not known")

    for download, status in ((fetched, 0), (unreachable, 2)):
        source = dataclasses.replace(images.SOURCES["mnist"], download=download)
        monkeypatch.setitem(images.SOURCES, "mnist", source)
        done = call("data", "fetch", "mnist", "--data-root", str(tmp_path))
        assert done.exit_code == status
        if status == 0:
            assert done.stdout == f"{tmp_path}\n"
        else:
            assert "Name or service not known" in done.stderr
            assert len(done.stderr.splitlines()) == 1


# training and recovery

TRAIN = ["train", "glo", "digits", "--images", "32", "--steps", "20", "--batch-size", "8"]
TRAIN += ["--latent-dim", "8", "--width", "8"]


def run_id(stdout):
    return stdout.splitlines()[0].split()[1]


def test_a_user_trains_and_recovers_and_finds_both_again(user, tmp_path, monkeypatch):
    monkeypatch.setenv("MEMPAPER_RUNS", str(tmp_path / "runs"))
    environment = {"MEMPAPER_RUNS": str(tmp_path / "runs")}
    trained = user(*TRAIN, **environment)
    assert trained.returncode == 0, trained.stderr
    recover = ["recover", run_id(trained.stdout)[:8], "holdout", "--count", "8", "--steps", "5"]
    recovered = user(*recover, **environment)
    assert recovered.returncode == 0, recovered.stderr
    assert "median_recovery_error  0." in recovered.stdout
    records = Store().list()
    assert [(r.kind, r.state) for r in records] == [("train", "finished"), ("recover", "finished")]
    assert (call(*TRAIN).stdout, call(*recover).stdout) == (trained.stdout, recovered.stdout)
    assert Store().list() == records
    wrong = call("recover", run_id(recovered.stdout))
    assert wrong.exit_code == 2
    assert "finished train run's id" in wrong.stderr


@pytest.mark.parametrize(("threshold", "recorded"), [("0.05", 0.05), ("q0", None)])
def test_a_user_trains_with_rejection(threshold, recorded, tmp_path, monkeypatch):
    monkeypatch.setenv("MEMPAPER_RUNS", str(tmp_path / "runs"))
    small = ["--images", "100", "--size", "8", "--steps", "1", "--batch-size", "4"]
    small += ["--latent-dim", "4", "--width", "4", "--holdout", "50"]
    done = call("train", "biggan", "digits", *small, "--threshold", threshold)
    found = Store().get(run_id(done.stdout), kind="train").config["rejection"]
    assert found["embedding"]["name"] == "pca"
    if recorded is None:
        data = Store().get(run_id(done.stdout), kind="train").config["data"]
        images = experiments.splits.split_of(data).train[:]
        features = embeddings.pca(images, dim=32)(images).double()
        unit = features / features.norm(dim=1, keepdim=True)
        recorded = float((1 - unit @ unit.T).fill_diagonal_(2).min())
    assert found["threshold"] == pytest.approx(recorded, rel=1e-4)


def test_an_embedding_without_a_threshold_is_refused():
    done = call("train", "biggan", "digits", "--embedding", "pixels")
    assert done.exit_code == 2
    assert "--embedding must come with a --threshold; got 'pixels'" in done.stderr


def test_a_collapse_may_be_survived(tmp_path, monkeypatch):
    monkeypatch.setenv("MEMPAPER_RUNS", str(tmp_path / "runs"))
    small = ["--images", "100", "--size", "8", "--steps", "1", "--batch-size", "4"]
    small += ["--latent-dim", "4", "--width", "4", "--holdout", "50", "--threshold", "1.9"]
    stopped = call("train", "biggan", "digits", *small)
    assert stopped.exit_code == 1
    assert "--take-farthest" in stopped.stderr
    done = call("train", "biggan", "digits", *small, "--take-farthest")
    assert done.exit_code == 0, done.stderr


def test_an_interrupted_training_is_kept_for_the_next_attempt(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("MEMPAPER_RUNS", str(tmp_path / "runs"))
    environment["MEMPAPER_RUNS"] = str(tmp_path / "runs")
    command = [*COMMAND, *TRAIN, "--steps", "1000000"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 60
            while not list(tmp_path.glob("runs/train/*.partial/provenance.json")):
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert said.strip().endswith("stopped; repeat the same command to continue")
    assert "Traceback" not in said
    assert [record.state for record in Store().list()] == ["unfinished"]


@pytest.mark.slow
def test_an_interrupted_notebook_says_so_and_no_more(environment, tmp_path):
    environment["MEMPAPER_RUNS"] = str(tmp_path / "runs")
    steps = ["-p", "training", "{dcgan: {steps: 1000000}}", "--profile", "smoke"]
    output = ["--output", str(tmp_path / "made.ipynb")]
    command = [*COMMAND, "notebook", "run", "optimizer_comparison", *steps, *output]
    # A terminal interrupts the whole group: the command, its kernel and the kernel's workers.
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            deadline = time.monotonic() + 120
            while not list(tmp_path.glob("runs/train/*.partial/provenance.json")):
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.1)
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    heard = [line for line in said.splitlines() if line and not line.startswith("cell ")]
    assert heard == ["stopped; repeat the same command to continue"]
    assert not (tmp_path / "made.ipynb").exists()


def test_choices_are_those_of_the_package():
    assert [loss.value for loss in work.Loss] == list(losses.LOSSES)
    assert [method.value for method in work.Method] == [*recovery.METHODS, "encoder"]
    assert [kind.value for kind in work.Kind] == list(experiments.KINDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "dcgan", "nowhere"], "nowhere"),
        (["train", "dcgan", "digits", "--size", "17"], "17"),
        (["train", "biggan", "digits", "--threshold", "q101"], "q101"),
        (["train", "dcgan", "digits", "--threshold", "0.2"], "sagan"),
    ],
)
@pytest.mark.usefixtures("store")
def test_training_on_what_is_not_there_is_refused(arguments, said):
    done = call(*arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr


# notebooks and claims


@pytest.fixture
def here(checkout, monkeypatch):
    monkeypatch.setenv("MEMPAPER_ROOT", str(checkout))
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("here")
def test_notebook_list():
    assert call("notebook", "list").stdout.splitlines()[1].split() == ["a/coins", "Coins"]
    assert json.loads(call("notebook", "list", "--json").stdout) == [
        {"name": "a/coins", "title": "Coins"}
    ]


def test_a_notebook_is_shown_run_with_new_parameters_and_its_claims_collected(user, checkout):
    root = {"MEMPAPER_ROOT": str(checkout)}
    shown = user("notebook", "show", "coins", "--profile", "smoke", **root).stdout.splitlines()
    assert ["throws", "2", "[1,", "1000]", "coins", "thrown"] in [line.split() for line in shown]

    own = checkout / "own.ipynb"
    given = ["-p", "throws", "7", "--parameter", "coin=new", "--output", str(own)]
    done = user("notebook", "run", "coins", *given, **root)
    assert (done.returncode, done.stdout) == (0, f"{own}\n"), done.stderr
    assert "7 new coins are fair" in own.read_text()

    before = user("claims", "--profile", "smoke", **root)
    assert "Not executed with profile smoke." in before.stdout
    assert "not reproduced  -" not in before.stdout
    assert user("notebook", "run", "coins", "--profile", "smoke", **root).returncode == 0
    claims = user("claims", "--profile", "smoke", **root)
    assert claims.returncode == 0
    assert max(map(len, claims.stdout.splitlines())) <= 80
    assert "\n  claim: 1 not reproduced, " in claims.stdout
    assert "\nnot reproduced  -         tests-agree: The two tests, " in claims.stdout
    assert " 2 old coins are fair: 9 of 10 heads\n" in claims.stdout
    given = ["--profile", "smoke", "--paper", "webster2019", "--json"]
    found = json.loads(user("claims", *given, **root).stdout)
    assert {entry["paper"] for entry in found} == {"webster2019"}
    (judged,) = [entry for entry in found if entry["live"]["verdicts"]]
    assert (judged["id"], judged["live"]["outcome"]) == ("tests-agree", "not reproduced")
    (live,) = judged["live"]["verdicts"]
    assert (live["page"], live["numbers"]["heads"]["estimate"]) == ("a/coins", 0.9)


@pytest.mark.usefixtures("here")
def test_printing_without_chromium_is_refused_before_anything_runs(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout))
    done = call("book", "--pdf")
    assert done.exit_code == 2, done.exception
    assert done.stderr.startswith("Error: PATH must hold one of chromium, ")
    assert not list(checkout.rglob("*.ipynb"))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("notebook run coins -p throws 0", "parameter throws must be a whole number in [1, 1000]"),
        ("notebook run coins -p throw 5", "a parameter's name must be one of throws, coin"),
        ("notebook run coins -p throws", "-p must be followed by a parameter and its value"),
        ("notebook run dice", "the notebook's name must be one of a/coins; got 'dice'"),
        ("notebook run coins --profile vast", "the profile must be one of laptop, smoke"),
        ("notebook show coins --profile vast", "the profile must be one of laptop, smoke"),
        ("claims --profile vast", "the profile must be one of laptop, smoke; got 'vast'"),
        ("book --profile vast", "the profile must be one of laptop, smoke; got 'vast'"),
        ("book --out book.pdf", "--out must come with --pdf; got 'book.pdf'. Add --pdf."),
    ],
)
def test_wrong_names_and_values_are_refused_before_anything_runs(arguments, said, checkout):
    done = call(*arguments.split())
    assert done.exit_code == 2, done.exception
    assert done.stderr.startswith(f"Error: {said}")
    assert not list(checkout.rglob("*.ipynb"))

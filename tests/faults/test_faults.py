"""What is interrupted or damaged loses nothing, and nothing half-written counts as whole."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from attempts import NOTEBOOK
from dying import die_or_keep
from filelock import FileLock
from PIL import Image
from typer.testing import CliRunner

from mempaper import book, images, notebooks, parallel, readers
from mempaper.claims import VERDICT_MIME
from mempaper.cli import app
from mempaper.errors import InputError
from mempaper.notebooks.execution import displayed
from mempaper.runs import Store
from mempaper.runs import folder as run_folder

HERE = Path(__file__).parent
JOBS = ("training", "recovery", "embedding", "decoding", "notebook", "pages")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def attempted(folder, kills, *jobs):
    """Returns what attempts.py reports; it fails where a result differs."""
    command = [sys.executable, str(HERE / "attempts.py"), str(folder), str(kills), "0", *jobs]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MEMPAPER_RUNS": str(folder / "runs")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check(report):
    for name, found in report.items():
        assert found["files"] > 0, name
        for words in found["full"][:1]:
            assert words.startswith("InputError: "), (name, words)
        for words in filter(None, found["full"]):
            assert "room left" in words, (name, words)
            assert "File too large" in words, (name, words)


@forks
@pytest.mark.slow
def test_killed_or_out_of_room_and_repeated_results_have_the_same_bits(tmp_path):
    report = attempted(tmp_path, 2, *JOBS[:-1])
    assert set(report) == set(JOBS[:-1])
    check(report)


@forks
@pytest.mark.soak
@pytest.mark.parametrize("job", JOBS)
def test_killed_twenty_times_results_have_the_same_bits(job, tmp_path):
    check(attempted(tmp_path, 20, job))


@forks
@pytest.mark.soak
def test_a_book_killed_at_random_while_its_notebooks_run_is_finished_by_the_next_build(tmp_path):
    """The whole smoke book: verdicts and numbers of its pages are those of an undisturbed build.

    All but of the one claim on time, which each build measures.
    """
    root = Path(notebooks.find_root(HERE))
    for name in ("whole", "killed"):
        copied = ["git", "clone", "--quiet", str(root), str(tmp_path / name)]
        subprocess.run(copied, check=True)
    main = "from mempaper.cli import main; main()"
    command = [sys.executable, "-c", main, "book", "--profile", "smoke"]

    def build(name):
        there = tmp_path / name
        own = {"MEMPAPER_RUNS": str(tmp_path / f"{name}-runs"), "MEMPAPER_ROOT": str(there)}
        with open(tmp_path / f"{name}.log", "w") as log:
            options = {"stdout": log, "stderr": log, "start_new_session": True}
            return subprocess.Popen(command, cwd=there, env=os.environ | own, **options)

    started = time.monotonic()
    assert build("whole").wait() == 0, (tmp_path / "whole.log").read_text()
    seconds = time.monotonic() - started
    draws = np.random.default_rng(0)
    for _ in range(5):
        process = build("killed")
        try:
            process.wait(draws.uniform(0, seconds / 3))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert build("killed").wait() == 0, (tmp_path / "killed.log").read_text()

    def judged(name):
        found = {}
        for path in sorted((tmp_path / name / "_build" / "executed").rglob("*.ipynb")):
            copy = json.loads(path.read_text())
            verdicts = displayed(copy, VERDICT_MIME)
            found[path.stem] = [
                (v["claim"], v["verdict"], v["numbers"])
                for v in verdicts
                if v["claim"] != "mr-costs-twice-the-time"
            ]
        return found

    assert judged("killed") == judged("whole")
    assert any(judged("whole").values())


# executed notebooks


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Returns a checkout with an executed notebook."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "_config.yml").write_text("title: t\n")
    (root / "notebooks" / "one").mkdir(parents=True)
    source = NOTEBOOK.partition("from mempaper")[0] + "print(0.1234 * steps)\n"
    (root / "notebooks" / "one" / "demo.py").write_text(source)
    (root / "profiles").mkdir()
    (root / "profiles" / "smoke.yaml").write_text("notebooks: {}\n")
    notebooks.run("demo", profile="smoke", root=root)
    return notebooks.locate("demo", root)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content.replace(b"0.3702", b"0.4702"),
        lambda content: content.replace(b'"steps": 3', b'"steps": 2'),
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"[]",
        lambda content: b'{"metadata": {"mempaper": []}}',
    ],
)
def test_a_damaged_executed_copy_counts_as_none(executed, damage):
    path = notebooks.executed_path(executed, "smoke")
    content = path.read_bytes()
    assert notebooks.is_fresh(executed, "smoke")
    try:
        assert damage(content) != content
        path.write_bytes(damage(content))
        assert notebooks.record(path) is None
        assert not notebooks.is_fresh(executed, "smoke")
    finally:
        path.write_bytes(content)
    assert notebooks.is_fresh(executed, "smoke")


def test_what_an_interrupted_writing_left_makes_no_page_stale(executed):
    left = executed.root / "results" / ".table.csv.0badcafe"
    left.parent.mkdir()
    left.write_text("half a ta")
    assert notebooks.is_fresh(executed, "smoke")


# books


def test_pages_of_a_killed_rendering_are_not_kept(executed, monkeypatch):
    """Sphinx takes a half-written page for a new one, by its date."""
    root, build = executed.root, executed.root / "_build"
    half = build / "html" / "half.html"
    kept, statuses = [], [0, -signal.SIGKILL, 0]

    def rendered(command, root, profile):
        kept.append(half.exists())
        half.parent.mkdir(exist_ok=True)
        for name in ("half.html", "index.html", "searchindex.js"):
            (build / "html" / name).touch()
        return statuses[len(kept) - 1], ""

    monkeypatch.setattr(book, "_following", rendered)
    half.parent.mkdir()
    half.touch()
    book._render([executed], "smoke", root)
    (build / "rendered.json").unlink()
    with pytest.raises(book.BookFailed):
        book._render([executed], "smoke", root)
    book._render([executed], "smoke", root)
    assert kept == [True, True, False]
    assert not (build / "rendering").exists()
    book._render([executed], "smoke", root)
    assert len(kept) == 3


def test_a_second_build_waits_for_the_first(tmp_path, capsys):
    entered = threading.Event()

    def second():
        with book._alone(tmp_path / "_build" / ".lock"):
            entered.set()

    with book._alone(tmp_path / "_build" / ".lock"):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert not entered.wait(0.3)
    waiting.join(30)
    assert entered.is_set()
    assert "Another build holds" in capsys.readouterr().err


def test_a_checkout_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "_build").write_text("a file, not a folder")
    with (
        pytest.raises(InputError, match="checkout must be in a folder that can be written"),
        book._alone(tmp_path / "_build" / ".lock"),
    ):
        pass


# decoded images


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "pictures").mkdir()
    for i in range(3):
        Image.new("RGB", (8, 8), (i, i, i)).save(tmp_path / "pictures" / f"{i}.png")
    return tmp_path / "pictures"


def test_of_two_processes_one_decodes(pictures, tmp_path, monkeypatch):
    first = images.load(pictures, size=8, holdout=0, root=tmp_path / "a").train.pixels
    (made,) = (tmp_path / "a" / "decoded").glob("*.npy")
    cache, key = tmp_path / "b" / "decoded", made.name.partition("-")[0]
    cache.mkdir(parents=True)
    found = []

    def second():
        found.append(images.load(pictures, size=8, holdout=0, root=tmp_path / "b").train.pixels)

    with FileLock(cache / f"{key}.lock"):
        waiting = threading.Thread(target=second)
        waiting.start()
        (cache / f"{key}.part").write_bytes(b"half")
        time.sleep(0.3)
        assert not found
        monkeypatch.setattr(readers, "decoded", None)
        (cache / made.name).write_bytes(made.read_bytes())
    waiting.join(30)
    assert np.array_equal(found[0], first)


def test_what_a_killed_decoding_left_is_overwritten(pictures, tmp_path):
    first = images.load(pictures, size=8, holdout=0, root=tmp_path).train.pixels
    (made,) = (tmp_path / "decoded").glob("*.npy")
    content, left = made.read_bytes(), made.with_name(made.name.partition("-")[0] + ".part")
    os.rename(made, left)
    left.write_bytes(content[:50])
    assert np.array_equal(
        images.load(pictures, size=8, holdout=0, root=tmp_path).train.pixels, first
    )
    assert not left.exists()
    assert made.read_bytes() == content


# clocks, workers, disks


def test_a_clock_set_back_loses_no_run(tmp_path, monkeypatch):
    """A run from the future is found, listed and not taken for an old one."""
    store = Store(tmp_path)
    run = store.make("train", {"a": 1}, lambda folder: {"x": 1.0})
    ahead = time.time() + 10 * 86400
    for path in [run.path, *run.path.rglob("*")]:
        os.utime(path, (ahead, ahead))
    earlier = datetime.now(timezone.utc) - timedelta(days=300)
    monkeypatch.setattr(run_folder, "now", lambda: earlier.isoformat(timespec="seconds"))
    assert store.find("train", {"a": 1}) == run
    assert store.make("train", {"a": 1}, lambda folder: {"x": 3.0}) == run
    assert store.clean(older_than=1.0, dry_run=True) == []
    other = store.make("train", {"a": 2}, lambda folder: {"x": 2.0})
    assert other.provenance["seconds"] >= 0
    monkeypatch.setenv("MEMPAPER_RUNS", str(tmp_path))
    listed = CliRunner().invoke(app, ["runs", "list"])
    assert listed.exit_code == 0
    assert listed.stdout.count("finished") == 2


def test_a_lost_worker_is_said_and_what_others_stored_is_kept(tmp_path):
    jobs = [{"folder": str(tmp_path), "number": number} for number in range(4)]
    with pytest.raises(
        parallel.WorkerLost, match=r"drawing was killed.*of 4 jobs.*Repeat the same"
    ):
        parallel.run(die_or_keep, jobs, description="drawing", workers=2)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept <= {"0", "1", "2"}
    parallel.run(die_or_keep, jobs[:3], workers=2)
    assert {path.name for path in tmp_path.iterdir()} == {"0", "1", "2"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
def test_a_command_that_finds_no_room_says_what_to_do(number, tmp_path, monkeypatch):
    def full(self):
        raise OSError(number, os.strerror(number), "/somewhere/file")

    monkeypatch.setattr(Store, "list", full)
    done = CliRunner().invoke(app, ["runs", "list"])
    assert done.exit_code == 1
    assert f"{os.strerror(number)}: '/somewhere/file'. Free some space" in done.stderr
    assert "Traceback" not in done.stderr

import dataclasses
import errno
import json
import os
import subprocess
import sys
import textwrap
import time
import types
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from mempaper import files
from mempaper.errors import InputError
from mempaper.runs import RunWarning, Store, code_version, provenance
from mempaper.runs.provenance import _commit, worked

CONFIG = {"model": "dcgan", "size": 32, "rate": 2e-4, "widths": (512, 256)}


def build(folder):
    (folder / "weights.bin").write_bytes(bytes(range(256)) * 64)
    (folder / "curves").mkdir()
    (folder / "curves" / "loss.csv").write_text("step,loss\n1,0.5\n")
    return {"loss": 0.5}


def must_not_build(folder):
    raise AssertionError("built again")


def contents(run):
    """Returns the bytes of every file that may not depend on time or on the number of attempts."""
    return {
        str(file.relative_to(run.path)): file.read_bytes()
        for file in run.path.rglob("*")
        if file.is_file() and file.name not in ("provenance.json", "manifest.json")
    }


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


def test_a_run_is_made_once_and_then_found(store):
    made = store.make("train", CONFIG, build, seed=7)
    again = store.make("train", CONFIG, must_not_build, seed=7)
    assert again == made == store.find("train", CONFIG) == store.get(made.id[:6])
    assert made.path == store.root / "train" / made.id
    assert made.metrics == {"loss": 0.5}
    assert made.config == {"model": "dcgan", "size": 32, "rate": 2e-4, "widths": [512, 256]}
    assert made.file("curves/loss.csv").read_text() == "step,loss\n1,0.5\n"
    assert made.provenance["seed"] == 7
    assert made.provenance["attempts"] == 1
    assert made.provenance["started"] <= made.provenance["finished"]
    assert made.provenance["seconds"] < 60


def test_seconds_of_a_core_leave_out_what_others_took(store):
    def wait(folder):
        time.sleep(0.3)
        begun = time.process_time()
        while time.process_time() < begun + 0.2:
            pass
        return {}

    made = store.make("train", CONFIG, wait).provenance
    assert made["seconds"] >= 0.5
    assert 0.18 <= made["core_seconds"] < 0.4  # ticks are of 0.01 s
    assert worked(made | {"accelerator": None}) == made["core_seconds"]
    assert worked(made | {"accelerator": "a GPU"}) == made["seconds"]


def test_a_missing_file_of_a_run_is_named_with_those_that_exist(store):
    run = store.make("train", CONFIG, build)
    with pytest.raises(InputError, match=r"'weights.pt'.*weights\.bin"):
        run.file("weights.pt")


def test_absent_runs_are_not_found(store):
    assert store.find("train", CONFIG) is None
    assert store.list() == []
    with pytest.raises(InputError, match="no run"):
        store.get("0123")


def test_root_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MEMPAPER_RUNS", str(tmp_path / "there"))
    assert Store().root == tmp_path / "there"
    monkeypatch.delenv("MEMPAPER_RUNS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert Store().root.parts[-2:] == ("mempaper", "runs")


# identity


@dataclasses.dataclass(frozen=True)
class Hinge:
    margin: float = 1.0


@dataclasses.dataclass(frozen=True)
class Saturating:
    margin: float = 1.0


def identity(store, config, **options):
    return store.make("kind", config, lambda folder: {}, **options).id


def test_id_depends_on_content_not_on_its_spelling(store):
    same = [
        {"a": 1, "b": {"x": (1, 2.5), "y": None}},
        {"b": {"y": None, "x": [1.0, 2.5]}, "a": 1.0},
        {"a": np.int64(1), "b": {"x": np.array([1, 2.5]), "y": None}},
    ]
    assert len({identity(store, config) for config in same}) == 1


def test_id_differs_wherever_content_does(store):
    different = [
        {},
        {"a": 1},
        {"a": 2},
        {"a": True},
        {"a": "1"},
        {"a": None},
        {"a": [1]},
        {"a": [1, 2]},
        {"a": [2, 1]},
        {"a": 0.1 + 0.2},
        {"a": 0.3},
        {"b": 1},
        {"a": Hinge()},
        {"a": Hinge(2.0)},
        {"a": Saturating()},
    ]
    ids = {identity(store, config) for config in different}
    assert len(ids) == len(different)
    assert store.make("other", {}, lambda folder: {}).id not in ids


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"rate": float("nan")}, "config.rate must be finite; got nan"),
        ({"rates": [1.0, float("inf")]}, r"config.rates\[1\] must be finite; got inf"),
        ({"loss": build}, "config.loss must be made of"),
        ({1: 2}, "config must be made of"),
        ({"names": {"a"}}, "config.names must be made of"),
    ],
)
def test_configurations_that_identify_nothing_are_refused(store, config, named):
    with pytest.raises(InputError, match=named):
        store.make("train", config, must_not_build)
    assert not store.root.exists()


def test_a_kind_that_is_no_name_is_refused(store):
    with pytest.raises(InputError, match="kind"):
        store.make("../train", CONFIG, must_not_build)


SOURCE = '''
"""Doubles."""

def double(x):
    """Returns twice x."""
    return 2 * x  # exact


class Empty:
    """Nothing."""
'''
SAME = '''
def double( x ):

    # another comment
    return (2 * x)

class Empty:
    """Still nothing."""
'''


def module(folder, name, source):
    folder.mkdir(exist_ok=True)
    made = types.ModuleType(name)
    made.__file__ = str(folder / f"{name}.py")
    Path(made.__file__).write_text(source)
    return made


def test_code_version_ignores_comments_and_docstrings_only(tmp_path):
    version = code_version(module(tmp_path, "m", SOURCE))
    assert code_version(module(tmp_path, "m", SAME)) == version
    assert code_version(module(tmp_path, "m", SOURCE.replace("2 * x", "3 * x"))) != version
    assert code_version(module(tmp_path, "n", SOURCE)) != version
    assert code_version() != version


def test_code_version_of_a_package_covers_its_modules(tmp_path):
    package = module(tmp_path / "p", "__init__", "")
    package.__path__ = [str(tmp_path / "p")]
    module(tmp_path / "p", "inner", "x = 1\n")
    version = code_version(package)
    module(tmp_path / "p", "inner", "x = 2\n")
    assert code_version(package) != version


def test_code_version_does_not_depend_on_the_order(tmp_path):
    a, b = module(tmp_path, "a", "x = 1\n"), module(tmp_path, "b", "y = 1\n")
    assert code_version(a, b) == code_version(b, a)


def test_a_run_is_made_again_when_its_code_changes_and_not_when_a_comment_does(store, tmp_path):
    first = identity(store, {}, code=[module(tmp_path, "m", SOURCE)])
    assert identity(store, {}, code=[module(tmp_path, "m", SAME)]) == first
    assert identity(store, {}, code=[module(tmp_path, "m", "def double(x): return x + x")]) != first


def test_provenance_names_versions_and_machine():
    record = provenance(seed=3)
    assert record["seed"] == 3
    assert record["numpy"] == np.__version__
    assert record["python"] == ".".join(map(str, sys.version_info[:3]))
    assert record["cores"] >= 1
    assert record["processor"]
    json.dumps(record)


def test_provenance_needs_no_git(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    _commit.cache_clear()
    commit = provenance()["commit"]
    _commit.cache_clear()
    assert commit is None


# damage


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


DAMAGES = {
    "flipped": flip,
    "cut": lambda file: os.truncate(file, file.stat().st_size // 2),
    "deleted": os.unlink,
}


@pytest.mark.parametrize("name", ["weights.bin", "curves/loss.csv", "config.json", "manifest.json"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_noticed_named_and_made_good(store, name, damage):
    run = store.make("train", CONFIG, build)
    sound = contents(run)
    DAMAGES[damage](run.file(name))
    with pytest.warns(RunWarning, match="passed over"):
        assert store.find("train", CONFIG) is None
    with pytest.raises(InputError, match=f"{run.id} \\(.*\\). Repeat the command"):
        store.get(run.id)
    named = ".*" if name == "manifest.json" else name
    with pytest.warns(RunWarning, match=f"{named}.*made again"):
        again = store.make("train", CONFIG, build)
    assert again.id == run.id
    assert contents(again) == sound
    assert store.find("train", CONFIG) == again
    assert [record.state for record in store.list()] == ["finished"]


# interruption


def test_an_interrupted_build_continues_from_what_it_left(store):
    def stopped(folder):
        (folder / "checkpoints").mkdir()
        (folder / "checkpoints" / "step-1").write_text("half way")
        (folder / ".weights.bin.x81k").write_text("cut")
        raise KeyboardInterrupt

    def continued(folder):
        assert (folder / "checkpoints" / "step-1").read_text() == "half way"
        assert not (folder / ".weights.bin.x81k").exists()
        return build(folder)

    with pytest.raises(KeyboardInterrupt):
        store.make("train", CONFIG, stopped)
    assert store.find("train", CONFIG) is None
    assert [record.state for record in store.list()] == ["unfinished"]
    with pytest.raises(InputError, match="unfinished"):
        store.get(store.list()[0].id)
    run = store.make("train", CONFIG, continued)
    assert run.provenance["attempts"] == 2
    assert not (run.path / "checkpoints").exists()


KILLED_AT_EVERY_WRITE = """
    import os, sys
    from pathlib import Path
    from mempaper.files import write_atomic
    from mempaper.runs import Store, provenance

    STEPS = 4
    os.fsync = lambda descriptor: None  # a killed process loses nothing that it has written
    root = Path(sys.argv[1])

    def build(folder):
        checkpoints = folder / "checkpoints"
        done = sorted(checkpoints.glob("step-*")) if checkpoints.exists() else []
        state = done[-1].read_bytes() if done else b""
        for step in range(len(state), STEPS):
            with open(root / "steps", "a") as f:
                f.write("x")
            state += bytes([step * step])
            write_atomic(checkpoints / f"step-{step}", state)
        write_atomic(folder / "samples" / "weights.bin", state * 1000)
        (folder / "loss.csv").write_text(state.hex())
        return {"steps": STEPS}

    def make(name, last=None):
        # Makes the run in a process that dies just before its write number `last`; returns
        # the number of writes, or None after a death.
        reader, writer = os.pipe()
        if (child := os.fork()) == 0:
            count = 0
            inside = str(root / name)

            def watch(event, arguments):
                nonlocal count
                changes = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir") or (
                    event == "open" and isinstance(arguments[2], int)
                    and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
                )
                if changes and (event in ("os.remove", "os.rmdir") or inside in str(arguments[0])):
                    count += 1
                    if count == last:
                        os._exit(9)

            sys.addaudithook(watch)
            Store(root / name).make("train", {"a": 1}, build)
            os.write(writer, str(count).encode())
            os._exit(0)
        os.close(writer)
        _, status = os.waitpid(child, 0)
        text = os.read(reader, 20)
        os.close(reader)
        assert os.waitstatus_to_exitcode(status) == (0 if text else 9)
        return int(text) if text else None

    def steps():
        return len((root / "steps").read_text())

    def contents(name):
        store = Store(root / name)
        (record,) = store.list()
        run = store.get(record.id)
        skipped = ("provenance.json", "manifest.json")
        return {
            str(p.relative_to(run.path)): p.read_bytes() if p.name not in skipped else b""
            for p in run.path.rglob("*")
            if p.is_file()
        }

    provenance()  # asks git once, not once in every child
    writes = make("whole")
    expected = contents("whole")
    assert steps() == STEPS
    for last in range(1, writes + 1):
        before = steps()
        assert make(f"killed-{last}", last) is None
        assert make(f"killed-{last}") is not None
        assert contents(f"killed-{last}") == expected, last
        assert steps() - before <= STEPS + 1, last
    print(writes)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_write_the_run_comes_out_the_same(tmp_path):
    script = textwrap.dedent(KILLED_AT_EVERY_WRITE)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40, done.stdout


ASKS = """
    import sys, time
    from pathlib import Path
    from mempaper.runs import Store

    root = Path(sys.argv[1])

    def build(folder):
        with open(root / "built", "a") as f:
            f.write("x")
        (root / "begun").touch()
        while not (root / "go").exists():
            time.sleep(0.01)
        (folder / "weights.bin").write_bytes(b"weights")
        return {}

    print(Store(root / "runs").make("train", {"a": 1}, build).id)
"""


def started(tmp_path, until=None):
    command = [sys.executable, "-c", textwrap.dedent(ASKS), str(tmp_path)]
    process = subprocess.Popen(command, stdout=-1, stderr=-1, text=True)
    deadline = time.monotonic() + 30
    while until is not None and not until.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    return process


def test_two_processes_asking_for_the_same_run_make_it_once(tmp_path):
    first = started(tmp_path, until=tmp_path / "begun")
    second = started(tmp_path)
    said = second.stderr.readline()
    assert said.startswith("waiting for train ")
    (tmp_path / "go").touch()
    ids = {process.communicate(timeout=30)[0].strip() for process in (first, second)}
    assert first.returncode == second.returncode == 0
    assert len(ids) == 1
    assert ids.pop() in said
    assert (tmp_path / "built").read_text() == "x"


def test_a_process_killed_while_building_leaves_the_run_to_the_next(tmp_path):
    first = started(tmp_path, until=tmp_path / "begun")
    second = started(tmp_path)
    assert second.stderr.readline().startswith("waiting")
    first.kill()
    first.communicate(timeout=30)
    (tmp_path / "go").touch()
    second.communicate(timeout=30)
    assert second.returncode == 0
    assert (tmp_path / "built").read_text() == "xx"


# a store that cannot be written


def test_a_full_disk_is_said_and_loses_nothing(store, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    def stopped(folder):
        (folder / "checkpoints").mkdir()
        files.write_atomic(folder / "checkpoints" / "step-1", b"1")
        monkeypatch.setattr(os, "fsync", full)
        return build(folder)

    finished = store.make("train", {}, build)
    with pytest.raises(InputError, match=r"room left; got .*No space left on device.*repeat"):
        store.make("train", CONFIG, stopped)
    monkeypatch.undo()
    assert store.find("train", {}) == finished
    (unfinished,) = [record for record in store.list() if record.state == "unfinished"]
    assert (unfinished.path / "checkpoints" / "step-1").read_bytes() == b"1"
    assert store.make("train", CONFIG, lambda folder: {}).provenance["attempts"] == 2


def test_a_full_disk_in_the_midst_of_a_build_is_said(store):
    def stopped(folder):
        with open(folder / "weights.bin", "wb"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InputError, match="No space left on device"):
        store.make("train", CONFIG, stopped)


def test_other_errors_of_a_build_are_its_own(store):
    def wrong(folder):
        (folder / "absent").read_bytes()

    with pytest.raises(FileNotFoundError, match="absent"):
        store.make("train", CONFIG, wrong)


def test_a_root_that_cannot_be_read_is_said(store, closed):
    run = store.make("train", CONFIG, build)
    with closed(store.root, run.path.parent, run.path):
        for act in (
            lambda: store.make("train", CONFIG, must_not_build),
            lambda: store.find("train", CONFIG),
            store.list,
            lambda: store.get(run.id),
        ):
            with pytest.raises(InputError, match=r"root must be a readable folder.*denied"):
                act()
    assert store.get(run.id) == run


@pytest.mark.parametrize("content", ["", "{", "[]", '{"started": 1}'])
def test_a_damaged_record_of_an_earlier_attempt_costs_only_the_count(store, content):
    def interrupted(folder):
        (folder / "provenance.json").write_text(content)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.make("train", CONFIG, interrupted)
    assert store.make("train", CONFIG, build).provenance["attempts"] == 1


def test_a_root_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="root must be a readable folder on a writable"):
        Store(tmp_path / "file").make("train", CONFIG, must_not_build)


def test_a_finished_run_is_read_from_a_store_that_cannot_be_written(store, monkeypatch):
    run = store.make("train", CONFIG, build)

    def refused(path, *arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    for name in ("mkdir", "rename", "replace", "unlink"):
        monkeypatch.setattr(os, name, refused)
    assert store.make("train", CONFIG, must_not_build) == run
    with pytest.raises(InputError, match="Read-only file system"):
        store.make("train", {}, must_not_build)
    with pytest.raises(InputError, match="Read-only file system"):
        store.clean(everything=True)
    assert store.find("train", CONFIG) == run


# list and clean


def interrupted(store, kind, config):
    def stopped(folder):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.make(kind, config, stopped)


@pytest.fixture
def filled(store):
    store.make("train", {"seed": 0}, build)
    store.make("recover", {"seed": 0}, build)
    interrupted(store, "train", {"seed": 1})
    return store


def summary(records):
    return {(record.kind, record.state, record.config["seed"]) for record in records}


def test_list_says_what_is_there(filled):
    records = filled.list()
    assert summary(records) == {
        ("train", "finished", 0),
        ("recover", "finished", 0),
        ("train", "unfinished", 1),
    }
    for record in records:
        files = [file for file in record.path.rglob("*") if file.is_file()]
        assert record.bytes == sum(len(file.read_bytes()) for file in files)
        assert 0 <= time.time() - record.modified < 60


@pytest.mark.parametrize(
    ("conditions", "removed"),
    [
        ({"kind": "recover"}, {("recover", "finished", 0)}),
        ({"kind": "absent"}, set()),
        ({"unfinished": True}, {("train", "unfinished", 1)}),
        ({"unfinished": True, "kind": "recover"}, set()),
        ({"older_than": 1.0}, set()),
        (
            {"older_than": 0.0},
            {("train", "finished", 0), ("recover", "finished", 0), ("train", "unfinished", 1)},
        ),
        (
            {"everything": True},
            {("train", "finished", 0), ("recover", "finished", 0), ("train", "unfinished", 1)},
        ),
    ],
)
def test_clean_removes_what_it_says_and_nothing_else(filled, conditions, removed):
    before = summary(filled.list())
    assert summary(filled.clean(**conditions, dry_run=True)) == removed
    assert summary(filled.list()) == before
    assert summary(filled.clean(**conditions)) == removed
    assert summary(filled.list()) == before - removed


def test_clean_by_age(filled):
    old = time.time() - 3 * 86400
    (record,) = [record for record in filled.list() if record.kind == "recover"]
    for path in [record.path, *record.path.rglob("*")]:
        os.utime(path, (old, old))
    assert summary(filled.clean(older_than=2.0)) == {("recover", "finished", 0)}


def test_clean_wants_a_condition(filled):
    with pytest.raises(InputError, match="what to clean"):
        filled.clean()
    assert len(filled.list()) == 3


def test_clean_leaves_what_a_process_is_making(tmp_path):
    process = started(tmp_path, until=tmp_path / "begun")
    store = Store(tmp_path / "runs")
    assert [record.state for record in store.list()] == ["running"]
    assert store.clean(everything=True, dry_run=True) == []
    assert store.clean(everything=True) == []
    assert store.clean(unfinished=True) == []
    (tmp_path / "go").touch()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert [record.state for record in store.list()] == ["finished"]


def test_clean_leaves_a_finished_run_whose_lock_is_held(filled):
    run = filled.find("recover", {"seed": 0})
    with FileLock(run.path.with_name(run.id + ".lock")):
        assert summary(filled.clean(kind="recover")) == set()
    assert filled.find("recover", {"seed": 0}) == run


def test_an_interrupted_removal_is_finished_by_the_next(filled):
    run = filled.find("recover", {"seed": 0})
    os.rename(run.path, run.path.with_name(run.id + ".removed"))
    assert ("recover", "leftover", 0) in summary(filled.list())
    filled.make("recover", {"seed": 0}, build)
    filled.clean(everything=True)
    assert filled.list() == []


def test_get_wants_one_run(store):
    ids = [identity(store, {"i": i}) for i in range(17)]  # two of 17 begin with the same digit
    first = max("0123456789abcdef", key=lambda digit: sum(i[0] == digit for i in ids))
    with pytest.raises(InputError, match="beginning of one finished run's id") as error:
        store.get(first)
    assert all(i in str(error.value) for i in ids if i[0] == first)
    assert store.get(ids[0]).config == {"i": 0}


def test_metrics_may_be_arrays_and_not_numbers(store):
    metrics = {"errors": np.array([0.5, 1.5]), "gap": np.float32(0.25), "p": float("nan")}
    run = store.make("recover", {}, lambda folder: metrics)
    assert run.metrics["errors"] == [0.5, 1.5]
    assert run.metrics["gap"] == 0.25
    assert np.isnan(run.metrics["p"])

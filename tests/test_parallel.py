import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sklearn.cluster  # noqa: F401
import torch
from threadpoolctl import threadpool_info

from mempaper import parallel, progress
from mempaper.errors import InputError

BOTH = pytest.mark.parametrize("workers", [1, 2])


def echo(value, pause=0.0):
    time.sleep(pause)
    return value, os.getpid()


def convolved(seed):
    draws = torch.Generator().manual_seed(seed)
    with parallel.one_thread():
        x = torch.randn(64, 32, 16, 16, generator=draws)
        return torch.conv2d(x, torch.randn(8, 32, 5, 5, generator=draws)).sum().item()


def refuse(folder, number):
    if number == 0:
        raise InputError("number", "not be 0", number, "Choose another.")
    time.sleep(0.05)
    (folder / str(number)).touch()


def surroundings():
    return os.environ.get(progress.CHANNEL)


def threads():
    """Returns the numbers of threads of torch and of libraries, scikit-learn's among them."""
    return {torch.get_num_threads(), *(each["num_threads"] for each in threadpool_info())}


@BOTH
def test_a_job_computes_on_one_thread(workers):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert parallel.run(threads, [{}, {}], workers=workers) == [{1}, {1}]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@BOTH
def test_results_come_in_the_order_of_the_jobs(workers):
    jobs = [{"value": i, "pause": 0.2 if i == 0 else 0.0} for i in range(6)]
    found = parallel.run(echo, iter(jobs), workers=workers)
    assert [value for value, _ in found] == list(range(6))
    processes = {process for _, process in found}
    assert (processes == {os.getpid()}) == (workers == 1)
    assert len(processes) <= workers


def test_workers_change_no_bit():
    jobs = [{"seed": seed} for seed in range(4)]
    one, two = (parallel.run(convolved, jobs, workers=n) for n in (1, 2))
    assert one == two
    assert len(set(one)) == 4


@BOTH
def test_an_error_in_a_job_reaches_the_caller_and_ends_the_waiting(tmp_path, workers):
    jobs = [{"folder": tmp_path, "number": n} for n in range(40)]
    with pytest.raises(InputError, match="number must not be 0; got 0") as caught:
        parallel.run(refuse, jobs, workers=workers)
    assert caught.value.argument == "number"
    assert len(list(tmp_path.iterdir())) < 39


def test_no_jobs_give_no_results():
    assert parallel.run(echo, []) == []


@pytest.mark.parametrize(("cores", "processes"), [(1, 1), (None, 1), (8, 1)])
def test_one_job_or_one_core_takes_no_other_process(monkeypatch, cores, processes):
    monkeypatch.setattr(parallel, "cores", lambda: cores)
    jobs = [{"value": 0}] if cores == 8 else [{"value": 0}, {"value": 1}]
    assert {process for _, process in parallel.run(echo, jobs)} == {os.getpid()}


def test_workers_show_no_bars_and_the_caller_tells_its_progress(tmp_path, monkeypatch):
    monkeypatch.setenv(progress.CHANNEL, str(tmp_path / "line"))
    assert parallel.run(surroundings, [{}, {}], workers=2) == [os.devnull] * 2
    assert (tmp_path / "line").read_text().startswith("working ")


def test_a_script_without_a_guard_is_not_run_by_its_workers(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        "import textwrap\n"
        "from mempaper import parallel\n"
        "print('begun')\n"
        "jobs = [{'text': 'a', 'prefix': str(i)} for i in range(3)]\n"
        "print(parallel.run(textwrap.indent, jobs, workers=2), __file__)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"begun\n['0a', '1a', '2a'] {script}\n"


HIRED = """\
import os, textwrap
from mempaper import parallel

with parallel.hired():
    assert parallel.run(os.getppid, [{}] * 4) == [os.getpid()] * 4
    try:
        parallel.run(textwrap.indent, [{"text": "a"}, {"text": "b"}])
    except TypeError:
        print("refused")
    assert parallel.run(os.getppid, [{}] * 4) == [os.getpid()] * 4
"""


@pytest.mark.skipif((parallel.cores() or 1) < 2, reason="one core takes no worker")
@pytest.mark.skipif(torch.cuda.is_available(), reason="beside a GPU there is one worker")
def test_hired_workers_are_copies_of_the_caller_and_outlast_an_error():
    done = subprocess.run([sys.executable, "-c", HIRED], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr


def test_one_thread_gives_the_threads_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with parallel.one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), parallel.one_thread():
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


SLEEPERS = """\
import os, time
from pathlib import Path
from mempaper import parallel

def sleep(folder):
    Path(folder, f"worker-{os.getpid()}").touch()
    time.sleep(120)

if __name__ == "__main__":
    parallel.run(sleep, [{"folder": os.getcwd()}] * 3, workers=2)
"""


def alive(session):
    """Returns the processes of a session that are not mere entries waiting to be collected."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it ended meanwhile
            continue
        if int(its_session) == session and state != "Z":
            found.add(int(stat.parent.name))
    return found


def wait_until(condition, *, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    (tmp_path / "sleepers.py").write_text(SLEEPERS)
    command = [sys.executable, "sleepers.py"]
    parent = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    try:
        began = wait_until(lambda: len(list(tmp_path.glob("worker-*"))) == 2, seconds=60)
        assert began
        workers = {int(path.name.split("-")[1]) for path in tmp_path.glob("worker-*")}
        assert workers <= alive(parent.pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert wait_until(lambda: not alive(parent.pid), seconds=10), alive(parent.pid)
    finally:
        parent.kill()
        parent.wait()
        for process in alive(parent.pid):
            os.kill(process, signal.SIGKILL)


# Progress


def test_inside_a_build_one_line_goes_to_the_file_that_is_named(tmp_path, monkeypatch, capfd):
    line = tmp_path / "line"
    monkeypatch.setenv(progress.CHANNEL, str(line))
    with progress.track(description="training", total=8, initial=2) as bar:
        bar.update(4)
        bar.refresh()
        assert line.read_text().startswith("training 6/8, ")
        assert line.read_text().endswith(" left")
    assert list(progress.track([1, 2], "counting")) == [1, 2]
    assert capfd.readouterr() == ("", "")


def test_elsewhere_nothing_is_shown(capfd):
    assert list(progress.track(range(3), "counting")) == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_a_hidden_bar_writes_no_line(tmp_path, monkeypatch):
    monkeypatch.setenv(progress.CHANNEL, str(tmp_path / "line"))
    assert list(progress.track(range(3), show=False)) == [0, 1, 2]
    assert not (tmp_path / "line").exists()

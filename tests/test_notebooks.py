"""Notebooks: parameters are refused before anything runs, copies say what made them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("papermill", reason="the extra `book` is not installed")

from mempaper import notebooks
from mempaper.errors import InputError
from mempaper.notebooks import execution
from mempaper.notebooks.parameters import check, describe
from mempaper.progress import track

HEADER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

"""
DEMO = (
    HEADER
    + """\
# %% [markdown]
# # A demonstration

# %% tags=["parameters"]
steps = 3  # [1, 10] how often to count
dataset = "digits"  # {digits, faces} source of images

# %%
import os
from mempaper.progress import track
total = sum(1 for _ in track(range(steps), "counting"))
print(total, dataset, os.environ["MEMPAPER_PROFILE"])
"""
)


@pytest.fixture
def root(tmp_path):
    """Returns a checkout with the notebook `one/demo` and the profile `smoke`."""
    (tmp_path / "_config.yml").write_text("title: t\n")
    (tmp_path / "notebooks" / "one").mkdir(parents=True)
    (tmp_path / "notebooks" / "one" / "demo.py").write_text(DEMO)
    (tmp_path / "profiles").mkdir()
    smoke = "description: d\nnotebooks: {one/demo: {steps: 2}}\nseconds: {one/demo: 3}\n"
    (tmp_path / "profiles" / "smoke.yaml").write_text(smoke)
    return tmp_path


def outputs(path):
    """Returns the text that the cells of an executed copy printed."""
    cells = json.loads(path.read_text())["cells"]
    return "".join(
        "".join(output["text"])
        for cell in cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "stream"
    )


@pytest.mark.parametrize(
    ("default", "comment", "legal", "meaning"),
    [
        ("50", "[1, 5000] passes", "[1, 5000]", "passes"),
        ("0.5", "(0, 1] rate", "(0, 1]", "rate"),
        ("[0, 1]", "[0, inf) one run each", "[0, inf)", "one run each"),
        ("'a'", "{a, b} which", "{a, b}", "which"),
        ("True", "whether to [re]start", "", "whether to [re]start"),
        ("3", "(see Eq. 4, below) count", "", "(see Eq. 4, below) count"),
    ],
)
def test_a_line_declares_legal_values_and_meaning(default, comment, legal, meaning):
    parameter = describe("x", default, comment)
    assert (parameter.legal, parameter.meaning) == (legal, meaning)


@pytest.mark.parametrize(
    ("default", "comment", "given", "accepted"),
    [
        ("50", "[1, 99] n", "7", 7),
        ("0.5", "(0, 1] n", "1e-3", 1e-3),
        ("0.5", "(0, 1] n", 1, 1.0),
        ("False", "n", "true", True),
        ("'a'", "{a, b} n", "b", "b"),
        ("'a'", "n", "3", "3"),
        ("[0]", "[0, 9] n", "[4, 5]", [4, 5]),
        ("['a']", "{a, b} n", "[b]", ["b"]),
        ("[0.5]", "[0, 9] n", [1, "2"], [1.0, 2.0]),
        ("None", "[1, 9] n", "null", None),
        ("None", "[1, 9] n", "4", 4),
        ("{'a': 1}", "n", "{b: 2}", {"b": 2}),
        ("['a-8']", "{gan, a-N} n", "[gan, a-12]", ["gan", "a-12"]),
        ("[0, 'q3']", "{number, qN} n", "[0.5, q40, 1e-3]", [0.5, "q40", "1e-3"]),
        ("'q3'", "{number, qN, d-bar} n", "0.13", "0.13"),
    ],
)
def test_values_are_read_as_the_defaults_type(default, comment, given, accepted):
    value = describe("x", default, comment).accept(given)
    assert value == accepted
    assert type(value) is type(accepted)


@pytest.mark.parametrize(
    ("default", "comment", "given", "words"),
    [
        ("50", "[1, 99] n", 0, r"whole number in \[1, 99\]; got 0"),
        ("50", "[1, 99] n", "100", r"whole number in \[1, 99\]; got '100'"),
        ("50", "[1, 99] n", "3.5", "whole number"),
        ("50", "[1, 99] n", True, "whole number"),
        ("50", "[1, 99] n", None, "whole number"),
        ("0.5", "(0, 1] n", 0, r"number in \(0, 1\]"),
        ("0.5", "n", "nan", "a number; got 'nan'"),
        ("0.5", "[0, 1) n", 1.0, r"number in \[0, 1\)"),
        ("False", "n", "yes", "true or false"),
        ("False", "n", 1, "true or false"),
        ("'digits'", "{digits, faces} n", "digit", "Did you mean 'digits'?"),
        ("'a'", "n", 3, "text"),
        ("[0]", "[0, 9] n", "3", "list"),
        ("[0]", "[0, 9] n", "[3, 10]", r"each element a whole number in \[0, 9\]"),
        ("[0]", "[0, 9] n", [], "list"),
        ("[0]", "n", "[1, [", "list"),
        ("None", "[1, 9] n", 0, "null or any value"),
        (
            "['a-8']",
            "{gan, a-N} n",
            "[gan, a]",
            r"a-N}, N the number of training images; got",
        ),
        ("['a-8']", "{gan, a-N} n", "[a-0]", "out of {gan, a-N}"),
        ("['MNIST']", "{MNIST, gan} n", "[MNIS1]", "Did you mean 'MNIST'?"),
        ("'q3'", "{number, qN} n", "qq", "out of {number, qN}"),
        ("'q3'", "{number, qN} n", "nan", "out of {number, qN}"),
        ("{}", "by family", "[a]", "be a mapping"),
    ],
)
def test_wrong_values_are_refused_with_the_legal_ones(default, comment, given, words):
    with pytest.raises(InputError, match=words):
        describe("x", default, comment).accept(given)


def test_training_is_read_by_family_and_argument():
    known = {"training": describe("training", "{}", "by family")}
    given = {"training": "{glo: {steps: 9, learning_rate: 1e-3}, dcgan: {loss: hinge}}"}
    expected = {"glo": {"steps": 9, "learning_rate": 0.001}, "dcgan": {"loss": "hinge"}}
    assert check(known, given) == {"training": expected}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{gol: {steps: 9}}", "training must hold families: ae, .*got 'gol'. Did you mean 'glo'?"),
        ("{glo: {step: 9}}", "glo must hold arguments of .*, steps, .*Did you mean 'steps'?"),
        ("{glo: {seed: 9}}", "glo must hold arguments"),
        ("{glo: 9}", "glo must be a mapping of arguments of experiments.train to values; got 9"),
        ("{glo: {steps: 0}}", r"steps of glo must be a whole number in \[1, inf\); got 0"),
        ("{glo: {steps: many}}", r"steps of glo must be a whole number .*got 'many'"),
        ("{glo: {learning_rate: -1}}", r"learning_rate of glo must be a number in \(0, 1000\)"),
        ("{biggan: {rejection: {tau: 1}}}", "rejection must hold a threshold"),
    ],
)
def test_a_wrong_training_is_refused_with_what_is_legal(given, words):
    known = {"training": describe("training", "{}", "by family")}
    with pytest.raises(InputError, match=words):
        check(known, {"training": given})


def test_an_unknown_parameter_is_refused_with_the_nearest_name():
    known = {"steps": describe("steps", "3", ""), "seeds": describe("seeds", "[0]", "")}
    with pytest.raises(InputError, match=r"be one of steps, seeds; got 'stpes'. Did you mean 'st"):
        check(known, {"stpes": 1})


@pytest.mark.parametrize(
    ("default", "comment"), [("1 + 1", "n"), ("f(3)", "n"), ("0", "[1, 9] n"), ("'c'", "{a, b} n")]
)
def test_a_default_must_be_a_legal_literal(default, comment):
    with pytest.raises(InputError):
        describe("x", default, comment)


def test_a_parameter_line_that_cannot_be_read_is_reported(root):
    script = root / "notebooks" / "one" / "demo.py"
    script.write_text(DEMO.replace("how often to count", "count = 3"))
    with pytest.raises(InputError, match=r"parameters cell of one/demo.*steps"):
        notebooks.parameters("demo", root)


def test_defaults_lie_under_the_profile_and_that_under_what_is_given(root):
    declared = notebooks.parameters("one/demo", root)
    assert [p.default for p in declared.values()] == [3, "digits"]
    assert notebooks.effective("demo", None, "smoke", root) == {"steps": 2, "dataset": "digits"}
    given = {"steps": "5", "dataset": "faces"}
    assert notebooks.effective("demo", given, "smoke", root) == {"steps": 5, "dataset": "faces"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("notebook: {}", "keys description, notebooks and seconds only; got notebook"),
        ("seconds: {one/demo: long}", "seconds of one/demo in .* be a number; got 'long'"),
        ("notebooks: {one/dema: {}}", r"got one/dema. Did you mean 'one/demo'"),
        ("notebooks: {one/demo: {step: 3}}", "Did you mean 'steps'"),
        ("notebooks: {one/demo: {steps: 11}}", r"in \[1, 10\]; got 11"),
    ],
)
def test_a_wrong_profile_is_refused(root, content, words):
    (root / "profiles" / "smoke.yaml").write_text(content)
    with pytest.raises(InputError, match=words):
        notebooks.effective("demo", None, "smoke", root)


def test_unknown_profile_and_notebook_are_refused_by_name(root):
    with pytest.raises(InputError, match=r"be one of smoke; got 'smoek'\. Did you mean 'smoke'"):
        notebooks.load_profile("smoek", root)
    with pytest.raises(InputError, match="be one of one/demo; got 'demmo'"):
        notebooks.locate("demmo", root)


def test_the_root_is_found_from_below_and_only_there(root, tmp_path_factory, monkeypatch):
    monkeypatch.delenv("MEMPAPER_ROOT", raising=False)
    assert notebooks.find_root(root / "notebooks" / "one") == root
    with pytest.raises(InputError, match="the current folder must"):
        notebooks.find_root(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("MEMPAPER_ROOT", str(root / "notebooks"))
    with pytest.raises(InputError, match="MEMPAPER_ROOT must"):
        notebooks.find_root(root)


def test_an_executed_copy_says_what_made_it_and_goes_stale_with_it(root, monkeypatch):
    monkeypatch.setenv("HOME", str(root / "nobody"))
    demo = notebooks.locate("demo", root)
    assert not notebooks.is_fresh(demo, "smoke")
    path = notebooks.run("demo", profile="smoke", root=root)
    assert path == root / "_build" / "executed" / "smoke" / "one" / "demo.ipynb"
    assert outputs(path) == "2 digits smoke\n"

    made = notebooks.record(path)
    assert made["parameters"] == {"steps": 2, "dataset": "digits"}
    assert (made["notebook"], made["profile"]) == ("one/demo", "smoke")
    assert made["source_sha256"] == demo.sha256
    assert made["seconds"] > 0
    assert str(root) not in path.read_text()
    assert notebooks.is_fresh(demo, "smoke")

    source, profile = demo.source, root / "profiles" / "smoke.yaml"
    for changed in (source, profile, root / "results" / "table.csv"):
        before = changed.read_bytes() if changed.exists() else None
        changed.parent.mkdir(exist_ok=True)
        changed.write_bytes((before or b"").replace(b"steps: 2", b"steps: 4") + b"\n# changed\n")
        assert not notebooks.is_fresh(demo, "smoke"), changed
        changed.write_bytes(before) if before is not None else changed.unlink()
        assert notebooks.is_fresh(demo, "smoke"), changed

    monkeypatch.setattr(execution, "_package_version", lambda: "another")
    assert not notebooks.is_fresh(demo, "smoke")
    monkeypatch.undo()
    path.write_bytes(path.read_bytes()[:-20])
    assert not notebooks.is_fresh(demo, "smoke")


def test_given_parameters_leave_the_books_copy_alone(root):
    path = notebooks.run("demo", {"steps": "5", "dataset": "faces"}, "smoke", root=root)
    assert outputs(path) == "5 faces smoke\n"
    assert path.parts[-3].startswith("smoke-")
    chosen = notebooks.run("demo", {"steps": 4}, "smoke", root=root, output=root / "mine.ipynb")
    assert chosen == root / "mine.ipynb"
    assert outputs(chosen) == "4 digits smoke\n"
    assert not notebooks.executed_path(notebooks.locate("demo", root), "smoke").exists()


def test_nothing_runs_when_a_parameter_is_refused(root):
    with pytest.raises(InputError):
        notebooks.run("demo", {"steps": 11}, "smoke", root=root)
    assert not (root / "_build").exists()


def test_a_failing_cell_is_shown_and_the_last_whole_copy_stays(root):
    path = notebooks.run("demo", profile="smoke", root=root)
    script = root / "notebooks" / "one" / "demo.py"
    script.write_text(DEMO.replace("print(total", "raise KeyError('no such key')\nprint(total"))
    before = path.read_bytes()
    with pytest.raises(notebooks.NotebookFailed) as failure:
        notebooks.run("demo", profile="smoke", root=root)
    message = str(failure.value)
    assert "notebooks/one/demo.py" in message
    assert "KeyError: 'no such key'" in message
    assert "    raise KeyError('no such key')" in message
    failed = path.with_suffix(".failed.ipynb")
    assert str(failed) in message
    assert "Traceback" in failed.read_text()
    assert path.read_bytes() == before


def test_a_killed_execution_leaves_no_copy_and_no_kernel(root):
    script = root / "notebooks" / "one" / "demo.py"
    mark = root / "kernel.pid"
    hang = f"open({str(mark)!r}, 'w').write(str(os.getpid())); import time; time.sleep(60)\n"
    script.write_text(DEMO.replace("print(total", hang + "print(total"))
    code = "from mempaper import notebooks; notebooks.run('demo', profile='smoke')"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    _wait(lambda: mark.exists() and mark.read_text())
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (root / "_build").exists()
    _wait(lambda: not _alive(int(mark.read_text())))


def _wait(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self").exists()
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="a spare kernel is a fork")
@pytest.mark.parametrize("given_work", [False, True])
def test_an_interrupted_page_takes_its_kernel_along(given_work):
    script = f"""
import asyncio, contextlib, multiprocessing
from jupyter_client.kernelspec import KernelSpec
from mempaper.notebooks.spare import spare_kernel
with contextlib.suppress(KeyboardInterrupt), spare_kernel() as manager:
    print(*[child.pid for child in multiprocessing.active_children()])
    if {given_work}:
        kernel = manager()
        kernel._kernel_spec = KernelSpec(argv=["python", "-f", "{{connection_file}}"])
        asyncio.run(kernel.start_kernel())
    raise KeyboardInterrupt
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert not done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_the_plain_command_line_route_works(root):
    """`jupytext --to ipynb` and then `papermill`, as a user would type them."""
    script, tools = root / "notebooks" / "one" / "demo.py", Path(sys.executable).parent
    convert = [tools / "jupytext", "--to", "ipynb", "--output", root / "in.ipynb", script]
    execute = [tools / "papermill", root / "in.ipynb", root / "out.ipynb", "-p", "steps", "7"]
    environment = os.environ | {"MEMPAPER_PROFILE": "none", "HOME": str(root)}
    for command in (convert, execute):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert "7 digits none\n" in outputs(root / "out.ipynb")


@pytest.mark.parametrize("name", list(notebooks.find()))
def test_a_script_edited_and_saved_in_jupyterlab_changes_by_the_edit_alone(name):
    """As jupytext's contents manager does it, with the settings of jupytext.toml."""
    import jupytext
    from jupytext import config

    source = notebooks.find()[name].source
    settings = config.load_jupytext_configuration_file(
        config.find_jupytext_configuration_file(str(source))
    )
    opened = jupytext.read(source, config=settings)
    assert opened.metadata["kernelspec"]["name"] == "python3"
    opened.metadata["language_info"] = {"name": "python", "version": "3.11"}
    for cell in opened.cells:
        cell.metadata["trusted"] = True
        if cell.cell_type == "code":
            cell.execution_count, cell.metadata["execution"] = 1, {"iopub.status.busy": "now"}
    (edited,) = [c for c in opened.cells if "parameters" in c.metadata.get("tags", [])]
    before = source.read_text(encoding="utf-8")
    first = edited.source.splitlines()[0]
    edited.source = edited.source.replace(first, f"# {first}", 1)
    saved = jupytext.writes(opened, fmt="py:percent", config=settings)
    assert saved == before.replace(first, f"# {first}", 1)


def test_a_double_click_opens_scripts_as_notebooks_after_one_command(tmp_path):
    tool = Path(sys.executable).parent / "jupytext-config"
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(tmp_path)}
    subprocess.run([tool, "set-default-viewer", "python"], env=environment, check=True)
    (file,) = tmp_path.rglob("default_setting_overrides.json")
    viewers = json.loads(file.read_text())["@jupyterlab/docmanager-extension:plugin"]
    assert viewers["defaultViewers"]["python"] == "Jupytext Notebook"


def test_progress_goes_to_the_builds_file(tmp_path, monkeypatch, capsys):
    channel = tmp_path / "progress"
    monkeypatch.setenv("MEMPAPER_PROGRESS", str(channel))
    seen = []
    for _ in track(range(3), "counting"):
        time.sleep(0.6)
        seen.append(channel.read_text())
    assert seen[0].startswith("counting 0/3")
    assert seen[-1].startswith("counting 2/3")
    assert seen[-1].endswith("left")
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_long_cell_shows_on_a_terminal_and_leaves_no_bar_in_the_page(root):
    import fcntl
    import pty
    import struct
    import termios

    script = root / "notebooks" / "one" / "demo.py"
    script.write_text(DEMO.replace("sum(1 for _", "sum(1 + bool(time.sleep(0.6)) for _"))
    script.write_text(script.read_text().replace("import os\n", "import os, time\n"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 140, 0, 0))
    code = "from mempaper.cli import main; main()"
    command = [sys.executable, "-c", code, "notebook", "run", "demo", "--profile", "smoke"]
    command += ["-p", "steps", "4"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b"".join(iter(lambda: _received(ours), b"")).decode()
        path = Path(process.stdout.read().decode().strip())
    os.close(ours)
    assert "demo: cell 4 of 4 · counting" in shown
    assert outputs(path) == "4 digits smoke\n"


def _received(descriptor):
    """Returns what came, or nothing once the other end is closed."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


def test_progress_is_silent_without_a_terminal(monkeypatch, capfd):
    monkeypatch.delenv("MEMPAPER_PROGRESS", raising=False)
    with track(total=2, description="counting") as bar:
        bar.update(2)
    assert capfd.readouterr() == ("", "")

"""Notebooks executed with papermill, each copy saying what made it.

The book's copy lies in `_build/executed/<profile>/<folder>/<name>.ipynb`; its metadata, under
"mempaper", name source, parameters, package code, results, time and machine, and the checksum of
all the rest: a copy that was cut short or changed counts as none.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import mempaper

from ..errors import InputError
from ..files import sha256, write_atomic
from ..progress import CHANNEL
from ..runs import code_version, provenance
from ..runs.identity import content_id
from ..runs.provenance import machine, now
from .catalogue import Notebook, effective, locate
from .pictures import lighten

__all__ = [
    "NotebookFailed",
    "checksum",
    "displayed",
    "executed_path",
    "identity",
    "is_fresh",
    "mark",
    "marker",
    "record",
    "run",
]

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class NotebookFailed(RuntimeError):
    """A cell raised or the kernel died: says where, and which file holds what ran before."""


def executed_path(
    notebook: Notebook, profile: str, given: Mapping[str, object] | None = None
) -> Path:
    """Returns where the executed copy lies: apart from the book's where parameters are `given`."""
    folder = profile
    if given:
        text = json.dumps(dict(given), sort_keys=True)
        folder = f"{profile}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return notebook.root / "_build" / "executed" / folder / f"{notebook.name}.ipynb"


def record(path: Path) -> dict | None:
    """Returns what an executed copy says made it; None where no whole copy is."""
    try:
        copy = json.loads(path.read_text(encoding="utf-8"))
        made = copy["metadata"]["mempaper"]
        return made if made["sha256"] == checksum(copy) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def checksum(copy: Mapping[str, Any]) -> str:
    """Returns the SHA-256 of an executed copy, read as JSON, but for the checksum in it."""
    made = {k: v for k, v in copy["metadata"]["mempaper"].items() if k != "sha256"}
    content = {**copy, "metadata": {**copy["metadata"], "mempaper": made}}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def displayed(copy: Mapping[str, Any], mime: str) -> list[Any]:
    """Returns what the cells of an executed copy, read as JSON, display as `mime`, in order."""
    outputs = (output for cell in copy["cells"] for output in cell.get("outputs", []))
    return [output["data"][mime] for output in outputs if mime in output.get("data", {})]


def is_fresh(notebook: Notebook, profile: str) -> bool:
    """Returns whether the book's copy was made by today's source, parameters, code and results."""
    made = record(executed_path(notebook, profile))
    values = effective(notebook.name, profile=profile, root=notebook.root)
    return made is not None and identity(notebook, profile, values).items() <= made.items()


def marker(notebook: Notebook, profile: str, values: Mapping[str, object]) -> Path:
    """Returns the file that is there where the book's copy was made with these values, by today's
    source, code and results: freshness for what looks at files only."""
    path = executed_path(notebook, profile)
    return path.with_suffix(f".{content_id(identity(notebook, profile, values))}.done")


def mark(notebook: Notebook, profile: str) -> None:
    """Writes the marker of a fresh copy."""
    values = effective(notebook.name, profile=profile, root=notebook.root)
    write_atomic(marker(notebook, profile, values), b"")


def run(
    name: str,
    given: Mapping[str, object] | None = None,
    profile: str = "laptop",
    *,
    root: Path | None = None,
    output: Path | None = None,
    report: Callable[[str], None] = lambda message: None,
    channel: Path | None = None,
    kernel: type | None = None,
) -> Path:
    """Executes a notebook and returns the path of the executed copy, which appears whole or not.

    given       parameter values over the profile's; text is read as the default's type
    output      where to write; by default below `_build/executed`, apart from the book's own copy
                where parameters are given
    report      called with "cell 3 of 12" as each cell starts
    channel     the file in which the notebook reports its own progress, see `progress.track`
    kernel      jupyter's manager of the kernel, see `spare.spare_kernel`; None: of a fresh one

    Raises
        InputError      an unknown notebook, profile or parameter, or an illegal value
        NotebookFailed  a cell raised; what ran before lies beside `output`, as *.failed.ipynb
    """
    import nbformat
    import papermill
    from jupyter_client.manager import AsyncKernelManager
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    notebook = locate(name, root)
    values = effective(notebook.name, given, profile, notebook.root)
    made = identity(notebook, profile, values)
    converted = notebook.convert()
    cells = len(converted.cells) + 1
    chosen = {parameter: values[parameter] for parameter in given or {}}
    output = Path(output or executed_path(notebook, profile, chosen))
    _check_output(output)
    failed = output.with_suffix(".failed.ipynb")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mempaper-") as folder:
        source, target = Path(folder) / "source.ipynb", Path(folder) / "executed.ipynb"
        nbformat.write(converted, source)
        # What this logs of a kernel that died, it raises as well, but where we were interrupted.
        logging.getLogger("papermill").setLevel(logging.CRITICAL)
        with _kernel_environment(Path(folder), profile, channel or Path(folder) / "progress"):
            try:
                papermill.execute_notebook(
                    source,
                    target,
                    parameters=values,
                    kernel_name="python3",
                    progress_bar=False,
                    cwd=notebook.source.parent,
                    kernel_manager_class=kernel or AsyncKernelManager,
                    on_cell_start=lambda cell, cell_index: report(
                        f"cell {cell_index + 1} of {cells}"
                    ),
                )
            except (PapermillExecutionError, DeadKernelError) as error:
                failed.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(target, failed)
                raise NotebookFailed(_failure(notebook, error, failed)) from error
            except KeyboardInterrupt:
                # nbclient leaves its task behind, which would report itself when Python ends.
                logging.getLogger("asyncio").setLevel(logging.CRITICAL)
                raise
        executed = nbformat.read(target, as_version=4)
    _forget_paths(executed)
    lighten(executed)
    origin = provenance()
    executed.metadata["mempaper"] = made | {
        "version": origin["mempaper"],
        "commit": origin["commit"],
        "executed": now(),
        "seconds": round(time.monotonic() - started, 1),
        "machine": machine(origin),
    }
    executed.metadata["mempaper"]["sha256"] = checksum(json.loads(nbformat.writes(executed)))
    for outdated in output.parent.glob(f"{output.stem}.*.done"):
        outdated.unlink(missing_ok=True)
    write_atomic(output, nbformat.writes(executed).encode())
    if output == executed_path(notebook, profile):
        write_atomic(marker(notebook, profile, values), b"")
    failed.unlink(missing_ok=True)
    return output


def _check_output(path: Path) -> None:
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise InputError(
            "output", "lie in a folder that can be written", path, "Choose another path."
        )
    if path.is_dir() or path.suffix != ".ipynb":
        raise InputError("output", "be the path of an .ipynb file", path, "Add a file name.")


def identity(notebook: Notebook, profile: str, values: Mapping[str, object]) -> dict:
    """Returns what an execution depends on, by what the executed copy calls it."""
    return {
        "notebook": notebook.name,
        "source_sha256": notebook.sha256,
        "profile": profile,
        "parameters": json.loads(json.dumps(values)),
        "code": _package_version(),
        "results": _folder_sha256(notebook.root / "results"),
    }


@lru_cache(maxsize=1)
def _package_version() -> str:
    """Returns a hash of the package's code and of the tables and statements that lie beside it."""
    data = _folder_sha256(Path(mempaper.__file__).parent / "data")
    return hashlib.sha256(f"{code_version(mempaper)} {data}".encode()).hexdigest()[:12]


def _folder_sha256(folder: Path) -> str:
    digest = hashlib.sha256()
    # Names with a dot before them are no results, but left by an interrupted writing of one.
    kept = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    for path in sorted(kept):
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
    return digest.hexdigest()


@contextmanager
def _kernel_environment(folder: Path, profile: str, channel: Path) -> Iterator[None]:
    """Lets the kernel be this interpreter, draw for dense screens and for print, and leave the
    user's Jupyter folders alone.
    """
    from ipykernel.kernelspec import get_kernel_dict

    kernel = get_kernel_dict()
    kernel["argv"] += ["--log-level=CRITICAL", "--InlineBackend.figure_formats={'retina'}"]
    spec = folder / "jupyter" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps(kernel))
    settings = {
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MEMPAPER_PROFILE": profile,
        CHANNEL: str(channel),
    }
    before = {key: os.environ.get(key) for key in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _forget_paths(executed) -> None:
    """Drops papermill's notes, which hold this machine's paths."""
    for metadata in [executed.metadata, *(cell.metadata for cell in executed.cells)]:
        metadata.pop("papermill", None)


def _failure(notebook: Notebook, error: Exception, failed: Path) -> str:
    source = getattr(error, "source", None)
    if source is None:
        what = f"The kernel died ({error}): out of memory, or killed."
    else:
        lines = "\n".join(f"    {line}" for line in _ANSI.sub("", source).splitlines())
        what = f"{error.ename}: {_ANSI.sub('', error.evalue)}\nin this cell:\n\n{lines}\n"
    return (
        f"notebooks/{notebook.name}.py stopped.\n{what}\n"
        f"All cells up to there, with the traceback: {failed}"
    )

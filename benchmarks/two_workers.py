"""Throughput of two workers against one: trainings of one core each, as jobs of the Snakefile.

    python benchmarks/two_workers.py [--jobs 8] [--steps 400]

Each round trains the same networks in an empty store, with --cores 1 and with --cores 2, on a
machine that does nothing else. Two workers should do at least 1.8 times as much.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from mempaper.runs.provenance import provenance

ROOT = Path(__file__).parents[1]
PAGE = "latent_recovery/table_1"


def checkout(folder: Path, jobs: int, steps: int) -> None:
    """Makes a book of one page, whose parameters ask for so many trainings of equal length."""
    for name in ("Snakefile", "_config.yml"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    source = folder / "notebooks" / f"{PAGE}.py"
    source.parent.mkdir(parents=True)
    source.write_bytes((ROOT / "notebooks" / f"{PAGE}.py").read_bytes())
    (folder / "book").mkdir()
    contents = {"root": "book/intro", "chapters": [{"file": f"notebooks/{PAGE}"}]}
    (folder / "book" / "_toc.yml").write_text(yaml.safe_dump(contents))
    (folder / "results").mkdir()
    (folder / "profiles").mkdir()
    values = {
        "datasets": ["digits"],
        "models": ["dcgan"],
        "training": {"dcgan": {"steps": steps}},
        "seeds": list(range(jobs)),
    }
    profile = {"notebooks": {PAGE: values}}
    (folder / "profiles" / "smoke.yaml").write_text(yaml.safe_dump(profile))


def seconds(jobs: int, steps: int, cores: int) -> float:
    """Returns the time that all trainings take."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkout(folder, jobs, steps)
        command = [sys.executable, "-m", "snakemake", "--quiet", "all", "--nolock"]
        command += ["--cores", str(cores), "--scheduler", "greedy", "--until", "train"]
        command += ["--config", "profile=smoke", "apart=true"]
        environment = os.environ | {"MEMPAPER_RUNS": str(folder / "runs"), "OMP_NUM_THREADS": "1"}
        started = time.monotonic()
        subprocess.run(command, cwd=folder, env=environment, check=True)
        taken = time.monotonic() - started
        trained = len(list((folder / "runs" / "train").glob("*/metrics.json")))
        assert trained == jobs, f"{trained} of {jobs} trained"
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=8, help="trainings in a round")
    parser.add_argument("--steps", type=int, default=400, help="updates of each training")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ratios = []
    for _ in range(options.rounds):
        one, two = (seconds(options.jobs, options.steps, cores) for cores in (1, 2))
        ratios.append(one / two)
        print(f"one worker {one:.1f} s, two {two:.1f} s: {one / two:.2f} times", flush=True)
    origin = provenance()
    print(json.dumps({"ratios": ratios, "machine": origin["processor"], "cores": origin["cores"]}))


if __name__ == "__main__":
    main()

"""Measures what another seed, processor, number of cores and batch size change in a result.

    python book/measured/reproducibility.py

writes results/reproducibility_gaps.csv and results/reproducibility_bits.csv, each with what made
it. Ten minutes of one core; repeated after an interruption, it continues.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from mempaper import experiments, files, generators, parallel, recovery, results

MODELS, SEEDS = ("glo-128", "glo-1024"), range(5)
DATASET, COUNT, PASSES = "digits", 250, 50
BATCHES = (250, 64, 7)
INSTRUCTIONS = {
    "AVX-512": {},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
}
"""The widest that the libraries may use; with fewer they round as on a processor that lacks it."""

ROOT = Path(__file__).parents[2]
STORES = ROOT / "_build" / "measured"


def measured(seeds: list[int], workers: int) -> list[dict]:
    """Returns one row for each model and seed, with hashes of its weights and its errors."""
    jobs = experiments.jobs([DATASET], models=MODELS, training={}, seeds=seeds)
    runs = parallel.run(experiments.train, jobs, workers=workers)
    rows = []
    for found in experiments.assess(runs, count=COUNT, check_count=0, steps=PASSES):
        errors = np.concatenate([found.errors["train"], found.errors["holdout"]])
        rows.append(
            {
                "model": found.name,
                "seed": found.seed,
                "gap": found.test.gap.estimate,
                "detected": found.test.detected_by_ks or found.test.detected_by_gap,
                "weights": files.sha256(found.run.file("generator.safetensors")),
                "errors": hashlib.sha256(errors.tobytes()).hexdigest(),
            }
        )
    return rows


def batches() -> list[str]:
    """Returns a hash of the errors of recovery for each of BATCHES, of a finished training."""
    (job,) = experiments.jobs([DATASET], models=MODELS[:1], training={}, seeds=[0])
    run = experiments.train(**job)
    generator = generators.load(run)
    targets = experiments.targets(run, "holdout", COUNT)
    found = (
        recovery.recover(
            generator, targets, generator.latent_dim, steps=PASSES, batch_size=size
        ).errors
        for size in BATCHES
    )
    return [hashlib.sha256(np.asarray(errors).tobytes()).hexdigest() for errors in found]


def elsewhere(function: str, *arguments, store: Path, settings: dict[str, str]) -> list:
    """Returns what a process of its own measures, since libraries read `settings` as they load."""
    command = [sys.executable, __file__, function, json.dumps(arguments)]
    environment = os.environ | settings | {"MEMPAPER_RUNS": str(store)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def main() -> None:
    """Writes the tables after each part, with what is known by then."""
    began, rows, bits = time.monotonic(), {}, []
    for name, settings in INSTRUCTIONS.items():
        rows[name] = elsewhere("measured", list(SEEDS), 1, store=STORES / name, settings=settings)
        if not bits:
            usual = rows[name]
            again = elsewhere("measured", [0], 2, store=STORES / "again", settings={})
            by_batch = elsewhere("batches", store=STORES / name, settings={})
            bits = [_compared("computed again, two models at once", usual, again)]
            bits += [
                {
                    "what changes": f"{size} images recovered at once instead of {BATCHES[0]}",
                    "weights": "the same",
                    "errors": "the same" if found == by_batch[0] else "differ",
                }
                for size, found in list(zip(BATCHES, by_batch, strict=True))[1:]
            ]
        else:
            bits.append(_compared(f"{name} instead of AVX-512", usual, rows[name]))
        write({"gaps": gaps(rows), "bits": bits}, seconds=time.monotonic() - began)


def gaps(rows: dict[str, list[dict]]) -> list[dict]:
    """Returns a row for each model and set of instructions, with the MRE-gap of each seed."""
    table = []
    for model in MODELS:
        for name, found in rows.items():
            of_model = [row for row in found if row["model"].lower() == model]
            values = [row["gap"] for row in of_model]
            table.append(
                {
                    "model": of_model[0]["model"],
                    "instructions": name,
                    **{f"seed {row['seed']}": row["gap"] for row in of_model},
                    "mean": np.mean(values),
                    "standard deviation": np.std(values, ddof=1),
                    "detected": f"{sum(row['detected'] for row in of_model)} of {len(of_model)}",
                }
            )
    return table


def write(tables: dict[str, list[dict]], *, seconds: float) -> None:
    """Writes tables and what made them into results/."""
    parameters = {"dataset": DATASET, "count": COUNT, "passes": PASSES, "models": MODELS}
    source = results.made_by(
        "book/measured/reproducibility",
        profile="laptop",
        seeds=SEEDS,
        seconds=seconds,
        parameters=parameters,
    )
    for name, table in tables.items():
        results.write(f"reproducibility_{name}", pd.DataFrame(table), source, root=ROOT)


def _compared(what: str, first: list[dict], found: list[dict]) -> dict[str, str]:
    before = {(row["model"], row["seed"]): row for row in first}
    pairs = [(before[row["model"], row["seed"]], row) for row in found]
    return {"what changes": what} | {
        key: "the same" if all(a[key] == b[key] for a, b in pairs) else "differ"
        for key in ("weights", "errors")
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        function = {"measured": measured, "batches": batches}[sys.argv[1]]
        print(json.dumps(function(*json.loads(sys.argv[2]))))
    else:
        main()

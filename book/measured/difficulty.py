"""Measures how much harder the hold-out images of Table 1 are than its training images.

    python book/measured/difficulty.py

writes results/difficulty.csv with what made it, in a minute; MNIST and CIFAR-10 are needed.
"""

import time
from pathlib import Path

import pandas as pd

from mempaper import difficulty, results

COUNTS = {"mnist": 1000, "cifar10": 400, "faces": 400}
"""Images of each kind in the recorded tables."""

ROOT = Path(__file__).parents[2]


def main() -> None:
    began = time.monotonic()
    rows = [difficulty.row(dataset, count=count) for dataset, count in COUNTS.items()]
    source = results.made_by(
        "book/measured/difficulty",
        profile="real",
        seeds=[0],
        seconds=time.monotonic() - began,
        parameters={"dataset": ", ".join(COUNTS), "counts": COUNTS},
    )
    results.write("difficulty", pd.DataFrame(rows), source, root=ROOT)


if __name__ == "__main__":
    main()

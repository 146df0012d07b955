"""Fig. 3 of Webster et al. (2019): training and validation images, and what models make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from torch import Tensor

from . import experiments, families, parallel
from .experiments.models import TrainedModel
from .runs import Run, Store
from .statistics import Interval, OverfittingTest, overfitting_test

__all__ = ["Recoveries", "recover"]


@dataclass(frozen=True)
class Recoveries:
    """What the models make of the same images; kinds are "train" and "holdout".

    targets   kind -> the first images (k, c, h, w)
    images    model -> kind -> their recoveries (k, c, h, w)
    tests     model -> what the errors of all images say
    families  model -> the name of its family in families.FAMILIES
    """

    targets: Mapping[str, Tensor]
    images: Mapping[str, Mapping[str, Tensor]]
    tests: Mapping[str, OverfittingTest]
    families: Mapping[str, str]

    def rows(self, kind: str) -> dict[str, Tensor]:
        """Returns the rows of the figure: targets, then each model's recoveries."""
        return {"target": self.targets[kind]} | {m: by[kind] for m, by in self.images.items()}

    def gaps(self, *wanted: str) -> dict[str, Interval]:
        """Returns the MRE-gaps of the models of these families."""
        return {m: test.gap for m, test in self.tests.items() if self.families[m] in wanted}

    def table(self) -> pd.DataFrame:
        """Returns the median errors of each row, and their gap in per cent with its interval."""
        rows = [
            {
                "model": model,
                "MRE train": f"{test.mre_train.estimate:.2e}",
                "MRE validation": f"{test.mre_val.estimate:.2e}",
                "MRE-gap (%)": test.gap.in_percent(),
                "KS p-value": f"{test.ks.p_value:.2g}",
            }
            for model, test in self.tests.items()
        ]
        return pd.DataFrame(rows).set_index("model").rename_axis(None)


def recover(
    runs: Sequence[Run],
    *,
    count: int,  # training and as many hold-out images
    shown: int,  # of them, in the figure
    steps: int,
    seed: int = 0,
    store: Store | None = None,
    data_root: Path | None = None,
) -> Recoveries:
    """Returns recoveries of the first images of both kinds, by the encoder where there is one.

    The models' training images begin alike, so that all rows show recoveries of the same images.
    """
    settings = {"count": count, "steps": steps, "seed": seed, "store": store}
    settings["data_root"] = data_root
    jobs = [
        {"run": run, "kind": kind, "method": families.get(run.config["model"]).method, **settings}
        for run in runs
        for kind in ("train", "holdout")
    ]
    found = iter(parallel.run(experiments.recover, jobs, description="recovering"))
    images, tests, names = {}, {}, {}
    for run in runs:
        name = TrainedModel(run).name
        names[name] = run.config["model"]
        made = {kind: next(found) for kind in ("train", "holdout")}
        images[name] = {
            kind: experiments.recovered_images(run, step, shown) for kind, step in made.items()
        }
        errors = {kind: experiments.recovered(step)["errors"] for kind, step in made.items()}
        tests[name] = overfitting_test(errors["train"], errors["holdout"])
    targets = {
        kind: experiments.targets(runs[0], kind, shown, data_root=data_root)
        for kind in ("train", "holdout")
    }
    return Recoveries(targets, images, tests, names)

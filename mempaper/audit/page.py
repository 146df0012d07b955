"""An audit's report as one file that a browser opens without a network."""

import base64
import io
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
import matplotlib.pyplot as plt

from .. import plotting
from .examination import Test

if TYPE_CHECKING:
    from .report import Recovered, Report

__all__ = ["html"]

_SUSPECTS = 12


def html(report: "Report") -> str:
    """Returns the page; what comes from the reader is escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(files(__package__).joinpath("report.html.j2").read_text())
    with plt.rc_context():
        plotting.style()
        pictures = {
            "suspects": _picture(_suspects(report)),
            "tests": [(test, _picture(_scores(test))) for test in report.tests],
            "recovered": report.recovered and _picture(_recovered(report.recovered)),
        }
    return template.render(report=report, pictures=pictures, percent=_percent)


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _scores(test: Test) -> Any:
    fig, ax = plt.subplots(figsize=(7, 3.2))
    plotting.cumulative(
        {"train": test.scores.train, "validation": test.scores.holdout},
        ax=ax,
        xlabel=test.scores.unit,
    )
    return fig


def _suspects(report: "Report") -> Any:
    order = report.suspects.order[:_SUSPECTS]
    rows = {"generated": report.generated[order].numpy()}
    for name, found in report.suspects.found.items():
        rows[f"nearest training\nimage, {name}"] = report.train[found.train[order]].numpy()
    _, ax = plt.subplots(figsize=(9, 1.1 + 0.75 * len(rows)))
    return plotting.image_grid(rows, ax=ax).figure


def _recovered(found: "Recovered") -> Any:
    _, ax = plt.subplots(figsize=(9, 4.2))
    rows = {
        "training image": found.train.numpy(),
        "nearest made": found.train_found.numpy(),
        "hold-out image": found.holdout.numpy(),
        "nearest made ": found.holdout_found.numpy(),
    }
    return plotting.image_grid(rows, ax=ax).figure


def _picture(figure: Any) -> str:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=130, bbox_inches="tight")
    plt.close(figure)
    return base64.b64encode(content.getvalue()).decode()

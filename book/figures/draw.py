"""Draws the sketches of the book, book/figures/*.svg: `python book/figures/draw.py`.

Each page has one of its own name. They are drawn by hand, from no data, to show an idea; those with
curves that are fitted or minimised are computed.
"""

import inspect
from pathlib import Path

import cross_examination
import latent_recovery
import matplotlib
import matplotlib.pyplot as plt
import memorization_rejection

from mempaper import plotting

FOLDER = Path(__file__).parent
PARTS = (latent_recovery, memorization_rejection, cross_examination)


def sketches():
    """Returns page -> function that draws its figure."""
    return {
        name: function
        for part in PARTS
        for name, function in vars(part).items()
        if inspect.isfunction(function)
        and function.__module__ == part.__name__
        and not name.startswith("_")
    }


if __name__ == "__main__":
    plotting.style()
    matplotlib.rcParams["svg.hashsalt"] = "mempaper"
    for name, function in sketches().items():
        figure = function()
        figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)

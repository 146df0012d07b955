"""Arrays and an Axes in, the Axes out; one colour for one meaning throughout the book.

A `*_knob` takes no Axes: it returns a figure with a slider, for the page to show.
"""

from .copying import (
    copying_against_threshold,
    distance_bands,
    distance_distributions,
    fid_against_copying,
    percentile_grid,
)
from .curves import (
    convergence_curves,
    error_against_strength,
    fid_against_mre,
    gap_against_count,
)
from .distributions import cumulative, error_histograms, gap_intervals
from .grids import image_grid, sample_grid
from .heat_map import heat_map
from .knobs import count_knob, point_knob, strength_knob, threshold_knob
from .power import power_against_share
from .scatter import embedding_scatter, scatter_by_distance
from .theme import COLORS, CYCLE, style, typeset

__all__ = [
    "COLORS",
    "CYCLE",
    "convergence_curves",
    "copying_against_threshold",
    "count_knob",
    "cumulative",
    "distance_bands",
    "distance_distributions",
    "embedding_scatter",
    "error_against_strength",
    "error_histograms",
    "fid_against_copying",
    "fid_against_mre",
    "gap_against_count",
    "gap_intervals",
    "heat_map",
    "image_grid",
    "percentile_grid",
    "point_knob",
    "power_against_share",
    "sample_grid",
    "scatter_by_distance",
    "strength_knob",
    "style",
    "threshold_knob",
    "typeset",
]

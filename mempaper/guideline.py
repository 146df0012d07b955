"""Thresholds of memorization rejection, and what they would reject (Bai et al. 2022, Sec. 5.7)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .claims import Tradeoff
from .sweep import Sweep, c_t, fid

__all__ = ["at_d_bar", "marks", "table"]

_D_BAR = "d-bar"
_ROUNDED = 1e-5  # tau is d-bar of six digits


def marks(sweep: Sweep) -> dict[str, float]:
    """Returns each tau above 0 by its name: d-bar, or the share of training images it rejects."""
    return {_name(sweep, tau): tau for tau in sweep.thresholds}


def table(sweep: Sweep) -> pd.DataFrame:
    """Returns for each tau above 0 what it rejects, in per cent, and what training with it changes.

    The rejected are training images, held against the others, hold-out images, and images of the
    models trained without rejection.
    """
    plain = sweep.by_threshold[0.0]
    distances = plain[0].distances
    rows = []
    for name, tau in marks(sweep).items():
        copies = np.mean([_rejected(copying.distances["generated"], tau) for copying in plain])
        growth = sweep.growth(tau, fid("holdout"))
        rows.append(
            {
                "threshold": name,
                "τ": f"{tau:.3g}",
                "of training images (%)": f"{100 * _rejected(distances['train'], tau):.0f}",
                "of hold-out images (%)": f"{100 * _rejected(distances['holdout'], tau):.0f}",
                "of generated images (%)": f"{100 * copies:.0f}",
                "rise of C_T": f"{sweep.rise(tau, c_t()):.2f}",
                "growth of FID (%)": growth.in_percent(),
            }
        )
    return pd.DataFrame(rows).set_index("threshold").rename_axis(None)


def at_d_bar(sweeps: Mapping[str, Sweep]) -> dict[str, Tradeoff]:
    """Returns what a threshold of d-bar changes, by model; without those not trained with it."""
    return {
        name: swept.tradeoff(tau, reference="holdout")
        for name, swept in sweeps.items()
        for tau in swept.thresholds
        if _name(swept, tau) == _D_BAR
    }


def _name(sweep: Sweep, tau: float) -> str:
    plain = sweep.by_threshold[0.0][0]
    if abs(tau / plain.d_bar - 1) < _ROUNDED:
        return _D_BAR
    return f"{100 * _rejected(plain.distances['train'], tau):.0f} % of train"


def _rejected(distances: np.ndarray, tau: float) -> float:
    return float(np.mean(distances <= tau))

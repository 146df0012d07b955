"""Arrays in, numbers out; no model and no path in sight."""

from .bootstrap import Interval, bootstrap_interval, mean_interval, share_interval
from .convergence import pass_ratio
from .frechet import frechet_distance, frechet_gap
from .gap_law import GapLaw, gap_law
from .kernel import KernelDistance, kernel_distance, squared_discrepancy
from .manifold import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
)
from .recovery_errors import (
    KS_P_VALUE_THRESHOLD,
    MRE_GAP_THRESHOLD,
    KSResult,
    OverfittingTest,
    gap_change,
    ks_test,
    median_recovery_error,
    mre_gap,
    overfitting_test,
    paired_excess,
    relative_excess,
    wasserstein,
)

__all__ = [
    "KS_P_VALUE_THRESHOLD",
    "MRE_GAP_THRESHOLD",
    "DensityCoverage",
    "GapLaw",
    "Interval",
    "KSResult",
    "KernelDistance",
    "OverfittingTest",
    "PrecisionRecall",
    "bootstrap_interval",
    "density_coverage",
    "frechet_distance",
    "frechet_gap",
    "gap_change",
    "gap_law",
    "kernel_distance",
    "ks_test",
    "mean_interval",
    "median_recovery_error",
    "mre_gap",
    "overfitting_test",
    "paired_excess",
    "pass_ratio",
    "precision_recall",
    "relative_excess",
    "share_interval",
    "squared_discrepancy",
    "wasserstein",
]

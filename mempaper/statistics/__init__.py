"""Arrays in, numbers out; no model and no path in sight."""

from .bootstrap import Interval, bootstrap_interval, share_interval
from .convergence import pass_ratio
from .recovery_errors import (
    KS_P_VALUE_THRESHOLD,
    MRE_GAP_THRESHOLD,
    KSResult,
    OverfittingTest,
    ks_test,
    median_recovery_error,
    mre_gap,
    overfitting_test,
    relative_excess,
    wasserstein,
)

__all__ = [
    "KS_P_VALUE_THRESHOLD",
    "MRE_GAP_THRESHOLD",
    "Interval",
    "KSResult",
    "OverfittingTest",
    "bootstrap_interval",
    "ks_test",
    "median_recovery_error",
    "mre_gap",
    "overfitting_test",
    "pass_ratio",
    "relative_excess",
    "share_interval",
    "wasserstein",
]

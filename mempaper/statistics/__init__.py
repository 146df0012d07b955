"""Arrays in, numbers out; no model and no path in sight."""

from .bootstrap import Interval, bootstrap_interval, mean_interval, share_interval
from .cells import kmeans_cells
from .class_wise_copying import ClassWiseResult, bai2022_cells, class_wise_copying_test
from .convergence import pass_ratio
from .copying_scores import z_u
from .coverage import coverage_contrast, rarefied_coverage
from .data_copying import (
    FEW_TEST_IMAGES,
    CellResult,
    DataCopyingResult,
    FewTestImagesWarning,
    data_copying_test,
)
from .frechet import frechet_distance, frechet_gap
from .gap_law import GapLaw, gap_law
from .kernel import KernelDistance, kernel_distance, squared_discrepancy
from .manifold import (
    DensityCoverage,
    PrecisionRecall,
    ball_hits,
    density_coverage,
    inside,
    precision_recall,
)
from .membership import (
    MembershipInference,
    black_box_scores,
    calibrated_scores,
    membership_auc,
    membership_inference,
    true_positive_rate,
)
from .ranges import range_interval
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
from .support_size import BirthdayTest, SupportSize, birthday_test, support_size

__all__ = [
    "FEW_TEST_IMAGES",
    "KS_P_VALUE_THRESHOLD",
    "MRE_GAP_THRESHOLD",
    "BirthdayTest",
    "CellResult",
    "ClassWiseResult",
    "DataCopyingResult",
    "DensityCoverage",
    "FewTestImagesWarning",
    "GapLaw",
    "Interval",
    "KSResult",
    "KernelDistance",
    "MembershipInference",
    "OverfittingTest",
    "PrecisionRecall",
    "SupportSize",
    "bai2022_cells",
    "ball_hits",
    "birthday_test",
    "black_box_scores",
    "bootstrap_interval",
    "calibrated_scores",
    "class_wise_copying_test",
    "coverage_contrast",
    "data_copying_test",
    "density_coverage",
    "frechet_distance",
    "frechet_gap",
    "gap_change",
    "gap_law",
    "inside",
    "kernel_distance",
    "kmeans_cells",
    "ks_test",
    "mean_interval",
    "median_recovery_error",
    "membership_auc",
    "membership_inference",
    "mre_gap",
    "overfitting_test",
    "paired_excess",
    "pass_ratio",
    "precision_recall",
    "range_interval",
    "rarefied_coverage",
    "relative_excess",
    "share_interval",
    "squared_discrepancy",
    "support_size",
    "true_positive_rate",
    "wasserstein",
    "z_u",
]

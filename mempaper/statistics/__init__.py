"""Arrays in, numbers out; no model and no path in sight."""

from .authenticity import Authenticity, authenticity
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
from .feature_likelihood import FeatureLikelihood, feature_likelihood
from .frechet import frechet_distance, frechet_gap
from .gap_law import GapLaw, gap_law
from .kernel import KernelDistance, kernel_distance, squared_discrepancy
from .log_scores import LogScoreTest, log_score_test
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
from .memorization_informed import MemorizationInformed, memorization_informed_distance
from .multiple import holm
from .nearest_neighbor_test import (
    NearestNeighborGap,
    NearestNeighborTest,
    nearest_neighbor_gap,
    nearest_neighbor_test,
)
from .ranges import range_interval
from .rank_correlation import RankCorrelations, rank_correlations
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
from .three_sample import ThreeSampleTest, three_sample_test

__all__ = [
    "FEW_TEST_IMAGES",
    "KS_P_VALUE_THRESHOLD",
    "MRE_GAP_THRESHOLD",
    "Authenticity",
    "BirthdayTest",
    "CellResult",
    "ClassWiseResult",
    "DataCopyingResult",
    "DensityCoverage",
    "FeatureLikelihood",
    "FewTestImagesWarning",
    "GapLaw",
    "Interval",
    "KSResult",
    "KernelDistance",
    "LogScoreTest",
    "MembershipInference",
    "MemorizationInformed",
    "NearestNeighborGap",
    "NearestNeighborTest",
    "OverfittingTest",
    "PrecisionRecall",
    "RankCorrelations",
    "SupportSize",
    "ThreeSampleTest",
    "authenticity",
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
    "feature_likelihood",
    "frechet_distance",
    "frechet_gap",
    "gap_change",
    "gap_law",
    "holm",
    "inside",
    "kernel_distance",
    "kmeans_cells",
    "ks_test",
    "log_score_test",
    "mean_interval",
    "median_recovery_error",
    "membership_auc",
    "membership_inference",
    "memorization_informed_distance",
    "mre_gap",
    "nearest_neighbor_gap",
    "nearest_neighbor_test",
    "overfitting_test",
    "paired_excess",
    "pass_ratio",
    "precision_recall",
    "range_interval",
    "rank_correlations",
    "rarefied_coverage",
    "relative_excess",
    "share_interval",
    "squared_discrepancy",
    "support_size",
    "three_sample_test",
    "true_positive_rate",
    "wasserstein",
    "z_u",
]

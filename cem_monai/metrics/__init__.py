"""Measures of generated images that MONAI lacks: contrast, noise, distances, false enhancement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

from cem_monai.metrics.case import CaseMeasures
from cem_monai.metrics.case_enhancement import FOCUS_MM2
from cem_monai.metrics.case_regions import CaseRegions, KnownPosition
from cem_monai.metrics.cnr import (
    CNREdge,
    breast_cnr,
    breast_cnr_valid_windows,
    breast_cnr_windows,
    contrast_to_noise_ratio,
)
from cem_monai.metrics.contrast_index import CCINormalization, carneiro_contrast_index
from cem_monai.metrics.delta_cnr import DeltaCNR, delta_cnr_breast, delta_cnr_mass
from cem_monai.metrics.distances import grey_values, l1, l2, psnr_frame, psnr_roi
from cem_monai.metrics.enhancement import (
    FalseEnhancement,
    TissueLevels,
    enhancement_threshold,
    false_enhancement,
    mean_excess,
)
from cem_monai.metrics.histogram import grey_histogram, wasserstein_distance
from cem_monai.metrics.lesion import (
    is_missed,
    lesion_contrast,
    lesion_metrics,
    missed_enhancement,
    reader_lesion_metrics,
    split_lesions,
)
from cem_monai.metrics.local_similarity import ssim_map
from cem_monai.metrics.measure_options import MeasureOptions
from cem_monai.metrics.metrics_csv import (
    Histograms,
    Row,
    case_rows,
    missing_rows,
    write_metrics_csv,
)
from cem_monai.metrics.mirror import mirrored_region
from cem_monai.metrics.patch import patch_metrics
from cem_monai.metrics.regions import surround_ring
from cem_monai.metrics.similarity import Similarity, ms_ssim, ssim

if TYPE_CHECKING:
    from cem_monai.metrics.contrast_index_metric import CarneiroContrastIndexMetric
    from cem_monai.metrics.delta_cnr_metric import DeltaCNRMetric

# MONAI takes seconds to import, in every process that measures folders of predictions without it
__getattr__, _, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "contrast_index_metric": ["CarneiroContrastIndexMetric"],
        "delta_cnr_metric": ["DeltaCNRMetric"],
    },
)

__all__ = [
    "FOCUS_MM2",
    "CCINormalization",
    "CNREdge",
    "CarneiroContrastIndexMetric",
    "CaseMeasures",
    "CaseRegions",
    "DeltaCNR",
    "DeltaCNRMetric",
    "FalseEnhancement",
    "Histograms",
    "KnownPosition",
    "MeasureOptions",
    "Row",
    "Similarity",
    "TissueLevels",
    "breast_cnr",
    "breast_cnr_valid_windows",
    "breast_cnr_windows",
    "carneiro_contrast_index",
    "case_rows",
    "contrast_to_noise_ratio",
    "delta_cnr_breast",
    "delta_cnr_mass",
    "enhancement_threshold",
    "false_enhancement",
    "grey_histogram",
    "grey_values",
    "is_missed",
    "l1",
    "l2",
    "lesion_contrast",
    "lesion_metrics",
    "mean_excess",
    "mirrored_region",
    "missed_enhancement",
    "missing_rows",
    "ms_ssim",
    "patch_metrics",
    "psnr_frame",
    "psnr_roi",
    "reader_lesion_metrics",
    "split_lesions",
    "ssim",
    "ssim_map",
    "surround_ring",
    "wasserstein_distance",
    "write_metrics_csv",
]

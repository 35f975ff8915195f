"""Contrast-to-noise ratios, contrast index and regional distances that MONAI lacks."""

from cem_monai.metrics.case import case_metrics
from cem_monai.metrics.cnr import (
    CNREdge,
    breast_cnr,
    breast_cnr_valid_windows,
    breast_cnr_windows,
    contrast_to_noise_ratio,
)
from cem_monai.metrics.contrast_index import (
    CarneiroContrastIndexMetric,
    CCINormalization,
    carneiro_contrast_index,
)
from cem_monai.metrics.delta_cnr import (
    DeltaCNR,
    DeltaCNRMetric,
    delta_cnr_breast,
    delta_cnr_mass,
)
from cem_monai.metrics.distances import l1, l2, psnr_frame, psnr_roi
from cem_monai.metrics.patch import patch_metrics
from cem_monai.metrics.regions import surround_ring

__all__ = [
    "CCINormalization",
    "CNREdge",
    "CarneiroContrastIndexMetric",
    "DeltaCNR",
    "DeltaCNRMetric",
    "breast_cnr",
    "breast_cnr_valid_windows",
    "breast_cnr_windows",
    "carneiro_contrast_index",
    "case_metrics",
    "contrast_to_noise_ratio",
    "delta_cnr_breast",
    "delta_cnr_mass",
    "l1",
    "l2",
    "patch_metrics",
    "psnr_frame",
    "psnr_roi",
    "surround_ring",
]

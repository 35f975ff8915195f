"""Enhancement of one image pair where the real image has no lesion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.case_regions import CaseRegions, Mask
from cem_monai.metrics.enhancement import false_enhancement, mean_excess
from cem_monai.metrics.lesion import lesion_contrast
from cem_monai.metrics.measure_options import MeasureOptions
from cem_monai.metrics.regions import surround_ring

FOCUS_MM2 = 7.0
"""mm², smallest area of a false focus: a disk of 3 mm diameter."""


@dataclass(frozen=True)
class _Found:
    share: float = math.nan
    foci: float = math.nan


class EnhancementMeasures:
    """Columns `false_*` (breast without its lesions), `mirror_*` and `decoy_*`.

    A decoy is measured against a ring around it, clear of lesions.

    Args:
        real: (H, W) stored pixel values.
        regions: masks of the same shape.
        options: see `MeasureOptions`.
    """

    def __init__(self, real: npt.ArrayLike, regions: CaseRegions, options: MeasureOptions) -> None:
        self._real, self._regions, self._options = real, regions, options
        nothing = np.zeros_like(regions.inside)
        self._tissue: Mask = regions.inside & ~regions.lesions
        self._mirrored: Mask = _of(regions.mirrored, nothing) & self._tissue
        self._decoy: Mask = _of(regions.decoy, nothing) & self._tissue
        self._ring: Mask = (
            surround_ring(self._decoy, self._tissue) if self._decoy.any() else nothing
        )
        self._of_real = self._found(real, regions.inside)

    def measure(self, generated: npt.ArrayLike) -> dict[str, float]:
        """See `cem_monai.metrics.case.Measures`."""
        found = self._found(generated, self._regions.inside)
        return {
            "false_share": found.share,
            "false_foci": found.foci,
            "false_excess": self._excess(generated, self._tissue),
            "false_share_real": self._of_real.share,
            "false_abs_share_error": abs(found.share - self._of_real.share),
            "false_foci_real": self._of_real.foci,
            "mirror_pixels": float(self._mirrored.sum()),
            "mirror_share": self._found(generated, self._mirrored).share,
            "mirror_excess": self._excess(generated, self._mirrored),
            "decoy_pixels": float(self._decoy.sum()),
            "decoy_contrast_real": self._decoy_contrast(self._real),
            "decoy_contrast_generated": self._decoy_contrast(generated),
        }

    def _found(self, image: npt.ArrayLike, region: Mask) -> _Found:
        if self._options.threshold is None or not region.any():
            return _Found()
        area = self._regions.pixel_area
        found = false_enhancement(
            image,
            region,
            threshold=self._options.threshold,
            minimal_area=math.ceil(FOCUS_MM2 / area) if area else 1,
            data_range=self._options.data_range,
            lesions=self._regions.lesions,
        )
        return _Found(found.share, float(found.foci) if area else math.nan)

    def _excess(self, generated: npt.ArrayLike, region: Mask) -> float:
        return mean_excess(generated, self._real, region, data_range=self._options.data_range)

    def _decoy_contrast(self, image: npt.ArrayLike) -> float:
        data_range = self._options.data_range
        return lesion_contrast(image, self._decoy, self._ring, data_range=data_range)


def _of(mask: npt.ArrayLike | None, nothing: Mask) -> Mask:
    return nothing if mask is None else np.asarray(mask).astype(bool)

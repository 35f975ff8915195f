"""Measures of the masses of one image pair: all together by reader, and each lesion."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy.typing as npt

from cem_monai.metrics.case_regions import READERS, CaseRegions, Mask
from cem_monai.metrics.delta_cnr import delta_cnr_mass
from cem_monai.metrics.lesion import mean_of_readers, reader_lesion_metrics
from cem_monai.metrics.measure_options import MeasureOptions

CONTRAST_COLUMNS = {
    "mass_contrast_real": "contrast_real",
    "mass_contrast_generated": "contrast_generated",
    "mass_contrast_error": "contrast_error",
    "mass_real_sigma_cnr_generated": "cnr_generated",
    "mass_real_sigma_delta_cnr": "delta_cnr",
    "mass_missed_enhancement": "missed_enhancement",
}
"""Column → value of `lesion_metrics`, for all masses of an image as one."""


class MassMeasures:
    """Columns `mass_*` that are no distance: means over readers, and each reader's delta CNR.

    Args:
        real: (H, W) stored pixel values.
        regions: masks of the same shape.
        options: see `MeasureOptions`.
    """

    def __init__(self, real: npt.ArrayLike, regions: CaseRegions, options: MeasureOptions) -> None:
        self._real, self._regions, self._options = real, regions, options

    def measure(self, generated: npt.ArrayLike) -> dict[str, float]:
        """See `cem_monai.metrics.case.Measures`."""
        found = {
            reader: delta_cnr_mass(generated, self._real, mass, surround)
            for reader, (mass, surround) in self._regions.readings.items()
        }
        delta = mean_of_readers([one.delta for one in found.values()])
        of_readers = {
            f"mass_delta_cnr_{reader}": found[reader].delta if reader in found else math.nan
            for reader in READERS
        }
        return {
            "mass_cnr_real": mean_of_readers([one.real for one in found.values()]),
            "mass_cnr_generated": mean_of_readers([one.generated for one in found.values()]),
            "mass_delta_cnr": delta,
            "mass_abs_delta_cnr": abs(delta),
            **of_readers,
            **self._contrasts(generated),
            "surround_is_ring": float(self._regions.surround_is_ring) if found else math.nan,
        }

    def _contrasts(self, generated: npt.ArrayLike) -> dict[str, float]:
        values = dict.fromkeys(CONTRAST_COLUMNS.values(), math.nan)
        if readings := self._regions.readings:
            data_range = self._options.data_range
            _, values = reader_lesion_metrics(
                generated, self._real, readings, data_range=data_range
            )
        row = {column: values[name] for column, name in CONTRAST_COLUMNS.items()}
        return row | {"mass_abs_contrast_error": abs(row["mass_contrast_error"])}


def lesion_row(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    readers: Mapping[str, tuple[Mask, Mask]],
    regions: CaseRegions,
    options: MeasureOptions,
) -> dict[str, float]:
    """Measure one lesion.

    Args:
        generated, real: (H, W) stored pixel values.
        readers: of `CaseRegions.single_lesions`.
        regions, options: of the case.

    Returns:
        `lesion_pixels` and `lesion_diameter_mm` as the first of them drew it, and `lesion_` before
        every value of `lesion_metrics`, means over the readers who drew it.
    """
    mass, _ = next(iter(readers.values()))
    _, values = reader_lesion_metrics(generated, real, readers, data_range=options.data_range)
    return {
        "lesion_pixels": float(mass.sum()),
        "lesion_diameter_mm": regions.diameter(mass),
        **{f"lesion_{name}": value for name, value in values.items()},
        "lesion_abs_contrast_error": abs(values["contrast_error"]),
    }

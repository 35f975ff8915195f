"""The paper's three settings, in both readings of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cem_monai.evaluation.measure_table import MeasureTable
from cem_monai.evaluation.resampling import Resampling
from cem_monai.evaluation.summary_schema import IntervalEntry, Reading, Setting, TableCells

BY_IMAGE: dict[Setting, tuple[bool, str]] = {
    "breast_with_mass": (True, "breast"),
    "breast_without_mass": (False, "breast"),
    "mass_only": (True, "mass"),
}
"""Setting → whether its images have a mass, and the region that is measured."""

READINGS: dict[Reading, dict[Setting, tuple[bool, str]]] = {
    "by_image": BY_IMAGE,
    "same_breast": {**BY_IMAGE, "breast_without_mass": (True, "rest")},
}

TablesByReading = dict[Reading, dict[Setting, dict[str, TableCells]]]


def setting_tables(tables: Mapping[str, MeasureTable], resampling: Resampling) -> TablesByReading:
    """Return reading → setting → predictor → one row of the paper's tables.

    "Breast without mass" are other images (`by_image`, the literal text), or the same breasts
    without the pixels of their mass (`same_breast`). Which images have a mass is known from any
    predictor: a case that failed stays in the denominator of its setting.

    References:
        Hosseinipour et al., HC@AIxIA 2024, Tables 2 to 4.
    """
    has_mass = cases_with_mass(tables)
    return {
        reading: {
            setting: {
                name: _cells(table.where(has_mass == with_mass), region, resampling)
                for name, table in tables.items()
            }
            for setting, (with_mass, region) in settings.items()
        }
        for reading, settings in READINGS.items()
    }


def cases_with_mass(
    tables: Mapping[str, MeasureTable],
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return (N,) whether a case has a mass, in the order of the tables' rows."""
    pixels = np.stack([np.nan_to_num(table.column("mass_pixels")) for table in tables.values()])
    return np.asarray((pixels > 0).any(axis=0))


def _cells(table: MeasureTable, region: str, resampling: Resampling) -> TableCells:
    def mean(name: str) -> IntervalEntry:
        return resampling.mean(table.column(f"{region}_{name}"), table.patients)

    return {
        "l1": mean("l1"),
        "l2": mean("l2"),
        "psnr_roi": mean("psnr_roi"),
        "psnr_frame": mean("psnr_frame"),
        "delta_cnr": mean("delta_cnr"),
    }

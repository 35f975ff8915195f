"""The checks that the simulator must pass: measured beside required."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator_report.noise_study import Noise, dose_slope
from simulator_report.page import table
from simulator_report.summaries import finite
from simulator_report.view_blocks import residual_rms, values_of
from simulator_report.view_study import LOW_ENERGY, ViewMeasurement


class Check(NamedTuple):
    """One line: a measured value must lie between `low` and `high`."""

    name: str
    value: float
    low: float
    high: float
    digits: int

    @property
    def passed(self) -> bool:
        """Whether it does."""
        return self.low <= self.value <= self.high


def checks(views: list[ViewMeasurement], noises: list[Noise]) -> list[Check]:
    """Return all checks."""
    sensitivity = float(np.mean(values_of(views, "sensitivity")))
    exponent = float(finite(values_of(views, f"beta {LOW_ENERGY}")).mean())
    residual = residual_rms(views, "residual interior")
    return [
        Check("iodine sensitivity (PV per mg/cm²)", sensitivity, 30, 43, 1),
        Check("exponent β of the LE image", exponent, 2.8, 3.6, 2),
        Check("residual of normal tissue (mg/cm²)", residual, 0, 0.3, 2),
        Check("LE noise over dose, slope", dose_slope(noises, "low_energy"), -0.55, -0.45, 3),
        Check("DES noise over dose, slope", dose_slope(noises, "recombined"), -0.55, -0.45, 3),
    ]


def acceptance_block(found: list[Check]) -> str:
    """Return the block `acceptance`."""
    rows = [
        [
            check.name,
            f"{check.value:.{check.digits}f}",
            f"{check.low:g} to {check.high:g}",
            "yes" if check.passed else "**no**",
        ]
        for check in found
    ]
    return table(["check", "measured", "required", "passed"], rows)

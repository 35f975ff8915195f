"""The contrast index of the dose pairs under each named conversion to 8 bits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cem_monai.simulator import Conversion, DoseLevel, simulate_dose_series, to_eight_bits
from simulator_report.page import table

PAIRS = 11
"""Arrangements with all doses."""
RIM = 8.0
"""In mm; the phantom is judged further inside."""
STRUCTURE, NOISE = "noise-free raw image", "noise of the raw image"

Contrast = dict[tuple[str, str], float]


class DosePair(NamedTuple):
    """One arrangement: CCI by row of the table and dose."""

    contrast: Contrast


def measure_dose_pair(arrangement: int) -> DosePair:
    """Return the mean 3 x 3 standard deviation inside the phantom, at the paper's pixel size."""
    series = simulate_dose_series(arrangement)
    inside = series.phantom.inside
    judged = series.phantom.distance > RIM
    contrast: Contrast = {}
    for level, raw in series.raw.items():
        for conversion in Conversion:
            image = to_eight_bits(raw, conversion, entrance_dose=level.entrance_dose, inside=inside)
            contrast[conversion.value, level.value] = local_deviation(image)[judged].mean()
        expected = _expected(series.noise_free, level)
        contrast[STRUCTURE, level.value] = local_deviation(expected)[judged].mean()
        contrast[NOISE, level.value] = local_deviation(raw - expected)[judged].mean()
    return DosePair(contrast)


def local_deviation(image: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Return the standard deviation of the 3 x 3 neighborhood of each pixel, (H, W)."""
    values = image.astype(np.float64)
    values -= values.mean()
    square = ndimage.uniform_filter(values**2, 3) - ndimage.uniform_filter(values, 3) ** 2
    return np.asarray(np.sqrt(np.maximum(square, 0)))


def _expected(noise_free: npt.NDArray[np.uint16], level: DoseLevel) -> npt.NDArray[np.float64]:
    """Raw images are linear in the dose."""
    share = level.entrance_dose / DoseLevel.HIGH.entrance_dose
    return np.asarray(noise_free * share, np.float64)


def dose_pairs_block(pairs: list[DosePair]) -> str:
    """Return the table, means over arrangements."""
    rows = []
    for name in (*(one.value for one in Conversion), STRUCTURE, NOISE):
        low, auto, high = (
            float(np.mean([pair.contrast[name, level.value] for pair in pairs]))
            for level in DoseLevel
        )
        rows.append([name, f"{low:.3g}", f"{auto:.3g}", f"{high:.3g}", f"{high / low:.2f}"])
    return table(["mean 3 × 3 standard deviation", "low", "auto", "high", "high / low"], rows)

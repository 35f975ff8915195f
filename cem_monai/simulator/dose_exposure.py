"""Exposures of the phantom for dose pairs: raw images that are linear in X-rays."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.attenuation import transmit
from cem_monai.simulator.detector import detect, scatter_ratio, scattered
from cem_monai.simulator.dose import Beam, beam_at_kerma
from cem_monai.simulator.dose_box import THICKNESS
from cem_monai.simulator.dose_phantom import DosePhantom
from cem_monai.simulator.grid import NATIVE_PIXEL, FloatImage
from cem_monai.simulator.spectra import technique

TECHNIQUE = "RhRh29"
"""Of all doses (assumed): only the tube load differs."""
RAW_BITS = 14
VALUE_PER_QUANTUM = 0.15
"""Of a 0.1 mm pixel (assumed). Behind the full thickness the high dose gives about 1000 to 3600. As
on real detectors the open field saturates, at the two larger doses; of the phantom only the
outermost 0.1 mm of its rim does, at the high dose."""


class DoseLevel(str, Enum):
    """The exposures of one arrangement."""

    LOW = "low"
    AUTO = "auto"
    HIGH = "high"

    @property
    def entrance_dose(self) -> float:
        """mGy, mean entrance dose."""
        return ENTRANCE_DOSES[self]


ENTRANCE_DOSES = {DoseLevel.LOW: 3.359, DoseLevel.AUTO: 8.407, DoseLevel.HIGH: 11.523}


class Radiation(NamedTuple):
    """What reaches the detector, per unit of exposure.

    Args:
        primary: (H, W), as `transmit` gives it.
        scatter: (H, W), in the same unit.
        pixel: mm.
    """

    primary: FloatImage
    scatter: FloatImage
    pixel: float


def radiation(phantom: DosePhantom) -> Radiation:
    """Send X-rays through a phantom: the same for every dose."""
    pixel = phantom.grid.pixel
    primary = transmit(technique(TECHNIQUE), phantom.materials, 0.0)
    relative = phantom.thickness / np.float32(THICKNESS)
    # the ratio knows the energy, not the dose
    ratio = scatter_ratio(dose_beam(1.0, pixel), THICKNESS)
    return Radiation(primary, scattered(primary, relative, ratio, pixel), pixel)


def expose_phantom(
    source: Radiation, entrance_dose: float, rng: np.random.Generator | None
) -> npt.NDArray[np.uint16]:
    """Take one raw image.

    Args:
        source: from `radiation`.
        entrance_dose: mGy, air kerma at the phantom's entrance.
        rng: of the noise; `None` for the noise-free image, which is the mean of all noisy ones
            (rounded, and up to saturation).

    Returns:
        (H, W) of 14 bits, proportional to the X-rays up to saturation.

    Raises:
        ValueError: `entrance_dose` is not positive.
    """
    readout = detect(
        source.primary, source.scatter, dose_beam(entrance_dose, source.pixel), source.pixel, rng
    )
    values = (readout.expected + readout.noise) * np.float32(value_per_quantum(source.pixel))
    return np.clip(np.rint(values), 0, 2**RAW_BITS - 1).astype(np.uint16)


def dose_beam(entrance_dose: float, pixel: float) -> Beam:
    """Return the exposure with an entrance dose in mGy, for pixels of `pixel` mm.

    Raises:
        ValueError: `entrance_dose` is not positive.
    """
    if not entrance_dose > 0:
        raise ValueError(f"entrance_dose must be positive, got {entrance_dose} mGy.")
    return beam_at_kerma(technique(TECHNIQUE), "low", entrance_dose, THICKNESS, pixel)


def value_per_quantum(pixel: float) -> float:
    """Return raw values per quantum: larger pixels are means of native ones, not sums."""
    return VALUE_PER_QUANTUM * (NATIVE_PIXEL / pixel) ** 2

"""From the average glandular dose to the number of X-ray quanta in a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.spectra import Technique

Energy = Literal["low", "high"]

REFERENCE_THICKNESS = 5.3
"""In cm; the doses of a protocol refer to it."""
SOURCE_DISTANCE = 66.0
"""In cm, from the focal spot to the detector."""
DOSE_EXPONENT = {"low": 0.55, "high": 0.8}
"""Growth of the dose with thickness (automatic exposure control, assumed)."""
GRID_AND_COVER = {"low": 0.70 * 0.90, "high": 0.82 * 0.97}
"""Transmission of primary radiation (Carton 2009 for the grid)."""
SWANK_FACTOR = {"low": 0.90, "high": 0.80}
"""Information loss in the scintillator (assumed)."""

# Dance 2000, table of g for half-value layers of 0.30 and 0.45 mm Al, by thickness in cm
DANCE_THICKNESS = (2, 3, 4, 5, 6, 7, 8, 9)
DANCE_SOFT = (0.390, 0.274, 0.207, 0.164, 0.135, 0.114, 0.098, 0.0859)
DANCE_HARD = (0.509, 0.374, 0.289, 0.232, 0.192, 0.163, 0.140, 0.1233)
GLANDULARITY_AND_SPECTRUM = 1.1 * 1.04


@dataclass(frozen=True)
class Beam:
    """One exposure.

    Args:
        technique: spectrum.
        energy: low or high.
        dose: mGy, average glandular dose.
        kerma: mGy, air kerma at the breast's entrance.
        quanta: detected quanta per pixel and unit of `transmit`.
    """

    technique: Technique
    energy: Energy
    dose: float
    kerma: float
    quanta: float


def expose(protocol: Protocol, energy: Energy, thickness: float, pixel: float) -> Beam:
    """Return the exposure of a breast of `thickness` cm, for square pixels of `pixel` mm."""
    low, high = protocol.techniques(thickness)
    technique = low if energy == "low" else high
    nominal = protocol.low_energy_dose if energy == "low" else protocol.high_energy_dose
    dose = nominal * (thickness / REFERENCE_THICKNESS) ** DOSE_EXPONENT[energy]
    kerma = dose / _dose_per_kerma(technique, energy, thickness)
    quanta = _quanta(technique, energy, kerma, thickness) * pixel**2
    return Beam(technique, energy, dose, kerma, quanta)


def beam_at_kerma(
    technique: Technique, energy: Energy, kerma: float, thickness: float, pixel: float
) -> Beam:
    """Return the exposure of an object by its entrance kerma.

    Args:
        technique: spectrum.
        energy: low or high.
        kerma: mGy, at the object's entrance.
        thickness: cm, of the object; the dose is that of a breast in its place.
        pixel: mm, side of a square pixel.
    """
    dose = kerma * _dose_per_kerma(technique, energy, thickness)
    quanta = _quanta(technique, energy, kerma, thickness) * pixel**2
    return Beam(technique, energy, dose, kerma, quanta)


def _dose_per_kerma(technique: Technique, energy: Energy, thickness: float) -> float:
    if energy == "high":
        return 0.66 * (REFERENCE_THICKNESS / thickness) ** 0.45  # fit in the style of Dance 2014
    soft, hard = (np.interp(thickness, DANCE_THICKNESS, g) for g in (DANCE_SOFT, DANCE_HARD))
    hardness = (technique.half_value_layer - 0.30) / 0.15
    return float(soft + (hard - soft) * hardness) * GLANDULARITY_AND_SPECTRUM


def _quanta(technique: Technique, energy: Energy, kerma: float, thickness: float) -> float:
    """Return detected quanta per mm2 and unit of signal, Swank factor included."""
    distance = (SOURCE_DISTANCE - thickness) / SOURCE_DISTANCE
    tube_load = kerma * 1e3 / technique.kerma_per_mas * distance**2  # mAs
    per_square_millimeter = tube_load / technique.effective_energy * 1e-2
    return per_square_millimeter * GRID_AND_COVER[energy] * SWANK_FACTOR[energy]

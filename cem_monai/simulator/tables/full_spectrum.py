"""Full spectra in bins of 0.5 keV (SpekPy) and attenuation at their energies (xraylib)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import spekpy
import xraylib

from cem_monai.simulator.attenuation import PADDLE
from cem_monai.simulator.dose import SOURCE_DISTANCE
from cem_monai.simulator.tables.materials import (
    IODINE,
    MATERIALS,
    SCINTILLATOR,
    SCINTILLATOR_COVERAGE,
)
from cem_monai.simulator.tables.path_lengths import Floats
from cem_monai.simulator.tables.tube_settings import TubeSetting

ANODE_ANGLE = 15.0
"""In degrees."""
WINDOW = ("Be", 0.8)
"""Exit window of the tube, thickness in mm."""
BIN_WIDTH = 0.5
"""In keV."""
LOWEST_ENERGY = 8.0
"""In keV; what is below adds less than 2e-4 to the signal behind the paddle."""


@dataclass(frozen=True, eq=False)
class FullSpectrum:
    """A beam at the detector, per bin.

    Args:
        energies: keV, (bins,), middle of each bin.
        fluence: 1/(cm2 mAs), (bins,), photons.
        weights: keV/(cm2 mAs), (bins,), energy that the scintillator absorbs.
        attenuation: 1/cm, (bins,), for each material; `"iodine"` in cm2/mg.
        kerma_per_mas: uGy/mAs, air kerma behind the paddle, where the breast begins.
        half_value_layer: mm Al, first, there.
        mean_energy: keV, of the photons behind the filters.
    """

    energies: Floats
    fluence: Floats
    weights: Floats
    attenuation: Mapping[str, Floats]
    kerma_per_mas: float
    half_value_layer: float
    mean_energy: float


def full_spectrum(setting: TubeSetting) -> FullSpectrum:
    """Compute a beam at the distance of the detector, with nothing but its filters in between.

    Kerma and half-value layer are those behind the paddle: to them Dance's factors refer.
    """
    beam = spekpy.Spek(
        kvp=setting.kilovolts,
        targ=setting.anode,
        th=ANODE_ANGLE,
        physics="casim",
        dk=BIN_WIDTH,
        z=SOURCE_DISTANCE,
        mas=1.0,
    )
    beam.multi_filter([WINDOW, *setting.filters])
    energies, fluence_per_kev = beam.get_spectrum()
    kept = (energies > LOWEST_ENERGY) & (fluence_per_kev > 0)
    energies, fluence = energies[kept], fluence_per_kev[kept] * BIN_WIDTH
    mean_energy = beam.get_emean()
    beam.filter("Perspex", 10 * PADDLE)
    return FullSpectrum(
        energies=energies,
        fluence=fluence,
        weights=fluence * _absorbed_share(energies) * energies,
        attenuation=linear_attenuation(energies),
        kerma_per_mas=beam.get_kerma(),
        half_value_layer=beam.get_hvl1(),
        mean_energy=mean_energy,
    )


def linear_attenuation(energies: Floats) -> dict[str, Floats]:
    """Return 1/cm for each material at `energies` in keV; for iodine cm2/mg."""
    attenuation = {
        name: material.density * mass_attenuation(material.fractions, energies)
        for name, material in MATERIALS.items()
    }
    return attenuation | {"iodine": mass_attenuation(IODINE, energies) / 1000}


def mass_attenuation(fractions: Mapping[str, float], energies: Floats) -> Floats:
    """Return the total mass attenuation, with coherent scatter, of a mixture.

    Args:
        fractions: share of the mass for each chemical symbol.
        energies: keV.

    Returns:
        cm2/g, of the shape of `energies`.
    """
    total = np.zeros_like(energies)
    for symbol, fraction in fractions.items():
        number = xraylib.SymbolToAtomicNumber(symbol)
        total += fraction * np.array([xraylib.CS_Total(number, float(e)) for e in energies])
    return total


def _absorbed_share(energies: Floats) -> Floats:
    """Return the share of the photons that interact; fluorescence is taken as absorbed."""
    return 1 - np.exp(-SCINTILLATOR_COVERAGE * mass_attenuation(SCINTILLATOR, energies))

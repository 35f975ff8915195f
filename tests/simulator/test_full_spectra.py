"""The committed tables against a fresh computation, and its tools against published numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from cem_monai.simulator.attenuation import PADDLE
from cem_monai.simulator.tables.make_nodes import main
from cem_monai.simulator.tables.materials import IODINE, MATERIALS
from cem_monai.simulator.tables.tube_settings import TUBE_SETTINGS, TubeSetting

REASON = "needs SpekPy and xraylib: pip install 'cem_monai[tables]'"
pytest.importorskip("spekpy", reason=REASON)
pytest.importorskip("xraylib", reason=REASON)

from cem_monai.simulator.tables.full_spectrum import full_spectrum, mass_attenuation  # noqa: E402

pytestmark = pytest.mark.slow

WATER = {"H": 0.111894, "O": 0.888106}
ALUMINUM = {"Al": 1.0}
# Hubbell and Seltzer, NIST Standard Reference Database 126: keV, cm2/g
PUBLISHED_ATTENUATION = [
    *((WATER, keV, mu) for keV, mu in ((10, 5.329), (20, 0.8096), (30, 0.3756), (40, 0.2683))),
    *((IODINE, keV, mu) for keV, mu in ((20, 25.43), (30, 8.561), (40, 22.10), (50, 12.32))),
    *((IODINE, keV, mu) for keV, mu in ((33.169, 6.553), (33.17, 35.82))),  # K edge
    *((ALUMINUM, keV, mu) for keV, mu in ((10, 26.23), (20, 3.441), (30, 1.128), (40, 0.5685))),
    *((MATERIALS["pmma"].fractions, keV, mu) for keV, mu in ((20, 0.5714), (40, 0.2350))),
    *((MATERIALS["muscle"].fractions, keV, mu) for keV, mu in ((20, 0.8205), (40, 0.2685))),
]
# the same for the energy absorption of air
AIR_ENERGIES = (8, 10, 15, 20, 30, 40, 50)
AIR_ABSORPTION = (9.446, 4.742, 1.334, 0.5389, 0.1537, 0.06833, 0.04098)
MICROGRAY = 1.602176634e-16 * 1e9
"""In uGy for 1 keV/g."""


def test_committed_tables_are_what_the_script_computes(capsys):
    reference = Path(__file__).with_name("full_spectrum.json")

    assert main(["--check", "--reference", str(reference)]) == 0
    assert capsys.readouterr().out.count(" 0 differences") == 2


@pytest.mark.parametrize(("fractions", "energy", "published"), PUBLISHED_ATTENUATION)
def test_attenuation_is_that_of_nist(fractions, energy, published):
    computed = mass_attenuation(fractions, np.array([float(energy)]))

    assert computed[0] == pytest.approx(published, rel=1e-3)


@pytest.mark.parametrize("name", TUBE_SETTINGS)
def test_kerma_and_half_value_layer_follow_from_the_spectrum(name):
    spectrum = full_spectrum(TUBE_SETTINGS[name])
    energies = spectrum.energies
    absorption = np.exp(np.interp(np.log(energies), np.log(AIR_ENERGIES), np.log(AIR_ABSORPTION)))
    paddle = np.exp(-PADDLE * spectrum.attenuation["pmma"])
    kerma = MICROGRAY * spectrum.fluence * paddle * energies * absorption
    aluminum = 0.2699 * mass_attenuation(ALUMINUM, energies)  # 1/mm

    half = brentq(lambda depth: (kerma @ np.exp(-aluminum * depth)) / kerma.sum() - 0.5, 0.01, 10)

    # SpekPy takes the cross sections of PENELOPE: 2.5 % less absorption in air
    assert spectrum.kerma_per_mas == pytest.approx(kerma.sum(), rel=0.04)
    assert spectrum.half_value_layer == pytest.approx(half, rel=0.03)


@pytest.mark.parametrize(
    ("anode", "kilovolts", "layer", "measured"),
    # European guidelines for quality assurance in mammography, 4th edition: mm Al, typical
    [
        *(("Mo", 28, ("Mo", 0.03), 0.36), ("Mo", 28, ("Rh", 0.025), 0.42)),
        *(("Rh", 28, ("Rh", 0.025), 0.43), ("Rh", 31, ("Rh", 0.025), 0.48)),
        *(("W", 28, ("Rh", 0.05), 0.54), ("W", 31, ("Rh", 0.05), 0.56)),
    ],
)
def test_half_value_layer_behind_the_paddle_is_a_typical_one(anode, kilovolts, layer, measured):
    setting = TubeSetting(anode, kilovolts, (layer, ("Air", 600.0)))

    assert full_spectrum(setting).half_value_layer == pytest.approx(measured, rel=0.08)

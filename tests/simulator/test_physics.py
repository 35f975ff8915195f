"""Closed forms of attenuation, recombination, dose and noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cem_monai.simulator.attenuation import PADDLE, transmit
from cem_monai.simulator.detector import BLUR, detect, noise_variance, scatter_ratio, scattered
from cem_monai.simulator.dose import expose
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.recombination import GAIN, calibrate
from cem_monai.simulator.spectra import Technique, technique, techniques

MU_LOW = {"pmma": 0.6, "skin": 0.8, "adipose": 0.45, "gland": 0.75, "iodine": 0.02}
MU_HIGH = {"pmma": 0.25, "skin": 0.30, "adipose": 0.22, "gland": 0.28, "iodine": 0.022}


def monochromatic(name: str, attenuation: dict[str, float]) -> Technique:
    nodes = {material: (mu,) for material, mu in attenuation.items()}
    return Technique(name, "Rh", (), 30.0, 100.0, 0.34, 20.0, (20.0,), (7.0,), nodes)


def test_monochromatic_beam_through_one_material_follows_beer_lambert():
    thickness = np.array([0.0, 1.0, 2.5, 6.0], np.float32)
    signal = transmit(monochromatic("low", MU_LOW), {"gland": thickness}, 3.0)

    assert signal == pytest.approx(
        7 * np.exp(-0.6 * PADDLE - 0.75 * thickness - 0.02 * 3), rel=1e-5
    )


def test_polychromatic_beam_hardens():
    thickness = np.linspace(0, 8, 9, dtype=np.float32)
    logarithm = np.log(transmit(technique("RhRh29"), {"adipose": thickness}, 0.0))

    assert np.all(np.diff(logarithm) < 0)
    assert np.all(np.diff(logarithm, 2) > 0)


def test_monochromatic_calibration_is_the_ratio_of_tissue_differences():
    result = calibrate(monochromatic("low", MU_LOW), monochromatic("high", MU_HIGH), 5.0)
    weight = (0.28 - 0.22) / (0.75 - 0.45)

    assert result.linear == pytest.approx(weight, rel=1e-3)
    assert result.quadratic == pytest.approx(0, abs=1e-3)
    assert result.sensitivity == pytest.approx(0.022 - weight * 0.02, rel=1e-3)


@pytest.mark.parametrize("thickness", [2.5, 4.0, 5.3, 7.0, 9.0])
def test_sensitivity_is_that_of_a_clinical_unit(thickness):
    low, high = Protocol().techniques(thickness)

    # GE SenoBright HD: 30 to 43 pixel values per mg/cm2
    assert 30 < GAIN * calibrate(low, high, thickness).sensitivity < 43


@pytest.mark.parametrize("glandularity", [0.0, 0.1, 0.4, 0.8])
def test_normal_tissue_cancels(glandularity):
    low, high = Protocol().techniques(5.3)
    tissues = {"skin": 0.3, "adipose": 5.0 * (1 - glandularity), "gland": 5.0 * glandularity}
    result = calibrate(low, high, 5.3)
    logarithms = (np.log(transmit(item, tissues, 0.0)) for item in (low, high))

    assert abs(result.subtract(*logarithms)) < 0.3 * result.sensitivity


def test_iodine_absorbs_more_above_its_k_edge():
    iodine = technique("RhCu49").attenuation["iodine"]
    below = [mu for mu, e in zip(iodine, technique("RhCu49").energies, strict=True) if e < 33.1]
    above = [mu for mu, e in zip(iodine, technique("RhCu49").energies, strict=True) if e > 33.2]

    assert max(above) > 3 * min(below)


def test_all_techniques_hold_the_same_materials_at_all_nodes():
    for item in techniques().values():
        assert set(item.attenuation) >= {"adipose", "gland", "skin", "muscle", "blood", "iodine"}
        assert all(len(mu) == len(item.weights) for mu in item.attenuation.values())
        assert min(item.weights) > 0


def test_unknown_technique_is_refused():
    with pytest.raises(ValueError, match=r"technique must be one of .*RhRh29.*'XX30'"):
        technique("XX30")


def test_dose_is_that_of_a_clinical_exam():
    low, high = (expose(Protocol(), energy, 5.3, 0.1) for energy in ("low", "high"))

    assert low.dose + high.dose == pytest.approx(2.2)  # Gennaro 2022: 2.19 to 2.51 mGy
    assert 4 < low.kerma < 10
    assert high.quanta > 0


@pytest.mark.parametrize("energy", ["low", "high"])
def test_relative_noise_falls_with_the_square_root_of_the_dose(energy):
    def relative_noise(factor: float) -> float:
        protocol = Protocol(low_energy_dose=1.6 * factor, high_energy_dose=0.6 * factor)
        beam = expose(protocol, energy, 5.3, 0.28)
        primary = np.full((256, 256), transmit(beam.technique, {"adipose": 4.3, "gland": 1.0}, 0.0))
        readout = detect(primary, 0 * primary, beam, 0.28, np.random.default_rng(1))
        return float((readout.noise / readout.expected).std())

    assert relative_noise(1.0) / relative_noise(4.0) == pytest.approx(2.0, rel=0.03)


def test_quantum_noise_is_the_root_of_the_number_of_quanta():
    beam = expose(Protocol(), "low", 5.3, 0.28)
    primary = np.full((256, 256), np.float32(1e6 / beam.quanta))
    readout = detect(primary, 0 * primary, beam, 0.28, np.random.default_rng(2))

    assert readout.expected == pytest.approx(1e6, rel=1e-5)
    # 2.8 blurred small pixels in a row lose what their ends share with their neighbors
    kept = 1 - 2 * (1 - BLUR**2 - (1 - BLUR) ** 2) / 2.8
    assert readout.noise.std() == pytest.approx(np.hypot(1e3 * kept, 12 * 2.8), rel=0.02)


@pytest.mark.parametrize("number", [2, 3, 5])
def test_noise_of_large_pixels_is_that_of_small_ones_summed(number):
    side, quanta = 1200, 1e4
    small = np.full((side, side), np.float32(quanta))
    large = np.full((side // number, side // number), np.float32(quanta * number**2))
    beam = replace(expose(Protocol(), "low", 5.3, 0.1), quanta=1.0)
    noises = [
        detect(signal, 0 * signal, beam, pixel, np.random.default_rng(3)).noise
        for signal, pixel in ((small, 0.1), (large, 0.1 * number))
    ]
    sums = noises[0].reshape(side // number, number, side // number, number).sum((1, 3))

    assert noises[1].std() == pytest.approx(sums.std(), rel=0.02)
    closed_form = np.sqrt(noise_variance(large, 0.1 * number)).mean()
    assert noises[1].std() == pytest.approx(closed_form, rel=0.02)


def test_detector_without_noise_source_adds_none():
    primary = np.ones((8, 8), np.float32)
    readout = detect(primary, 0 * primary, expose(Protocol(), "low", 5.3, 0.1), 0.1, None)

    assert not readout.noise.any()


def test_scatter_of_a_wide_slab_is_the_ratio_times_the_primary():
    beam = expose(Protocol(), "high", 6.0, 1.0)
    ratio = scatter_ratio(beam, 6.0)
    primary = np.full((200, 200), np.float32(3.0))
    scatter = scattered(primary, np.ones_like(primary), ratio, 1.0)

    assert 0.06 < ratio < 0.31  # Carton 2009 between 2 and 8 cm
    assert scatter == pytest.approx(3.0 * ratio, rel=1e-4)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"low_energy": "Zz30"}, "technique"),
        (
            {"high_energy_dose": 0.0},
            "high_energy_dose must be positive and at most 1e\\+06 mGy, got 0.0",
        ),
        ({"high_energy_dose": float("inf")}, "high_energy_dose must be positive and at most"),
        ({"high_energy": "MoMo26"}, r"high_energy cannot be MoMo26 of 26 kV"),
        ({"low_energy": "RhCu49"}, r"low_energy cannot be RhCu49 of 49 kV"),
        ({"motion": -1.0}, "motion must lie between 0 and 1, got -1.0"),
    ],
)
def test_impossible_protocol_is_refused(argument, message):
    with pytest.raises(ValueError, match=message):
        Protocol(**argument)

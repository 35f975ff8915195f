from __future__ import annotations

import numpy as np
import pytest

from cem_monai.simulator.texture import PowerSpectrum, gaussian_field, ridge, smoothstep

COARSE = PowerSpectrum(3.0, coarsest=14, high_pass=40, cutoff=0.20)
FINE = PowerSpectrum(2.9, coarsest=25, high_pass=40)


def streams(shell: int) -> np.random.Generator:
    return np.random.default_rng([5, shell])


def test_field_has_mean_zero_and_variance_one():
    field = gaussian_field(streams, 512, COARSE)

    assert field.dtype == np.float32
    assert field.mean() == pytest.approx(0, abs=1e-4)
    assert field.std() == pytest.approx(1, abs=0.05)


def test_band_limited_field_is_the_same_function_at_every_resolution():
    fine, coarse = gaussian_field(streams, 768, COARSE), gaussian_field(streams, 256, COARSE)

    # with an odd ratio the centers of coarse pixels are centers of fine pixels
    assert np.allclose(fine[1::3, 1::3], coarse, atol=1e-4)


@pytest.mark.parametrize("box", [128, 129, 200])
def test_coarser_grid_keeps_the_large_structures(box):
    whole = gaussian_field(streams, 3 * box, FINE)
    means = whole.reshape(box, 3, box, 3).mean((1, 3))

    assert np.corrcoef(means.ravel(), gaussian_field(streams, box, FINE).ravel())[0, 1] > 0.97


def test_power_falls_with_the_exponent():
    spectrum = PowerSpectrum(3.0, coarsest=300)
    power = np.abs(np.fft.fft2(gaussian_field(streams, 512, spectrum))) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512)))
    band = (frequency > 0.02) & (frequency < 0.4)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]

    assert slope == pytest.approx(-3.0, abs=0.1)


def test_smoothstep_and_ridge_stay_between_zero_and_one():
    values = np.linspace(-3, 3, 31, dtype=np.float32)

    assert smoothstep(values, -1, 1)[[0, 15, 30]] == pytest.approx([0, 0.5, 1])
    assert ridge(values, 0.5)[15] == 1
    assert ridge(values, 0.5)[[0, 30]] == pytest.approx([0, 0])

"""Raw images of the phantom for dose pairs: linear, with the noise that theory asks for."""

from __future__ import annotations

import numpy as np
import pytest

from cem_monai.simulator import DoseLevel, simulate_dose_series
from cem_monai.simulator.attenuation import transmit
from cem_monai.simulator.detector import BLUR, ELECTRONIC_NOISE, noise_variance
from cem_monai.simulator.dose_box import THICKNESS
from cem_monai.simulator.dose_exposure import (
    RAW_BITS,
    TECHNIQUE,
    VALUE_PER_QUANTUM,
    Radiation,
    dose_beam,
    expose_phantom,
    radiation,
    value_per_quantum,
)
from cem_monai.simulator.spectra import technique

RATIO = 11.523 / 3.359
FULL_SCALE = 2**RAW_BITS - 1
PIXEL = 0.8


@pytest.fixture(scope="module")
def series():
    return simulate_dose_series(3, pixel=PIXEL)


@pytest.fixture(scope="module")
def clean(series):
    source = radiation(series.phantom)
    return {
        level: expose_phantom(source, level.entrance_dose, None).astype(float)
        for level in DoseLevel
    }


def slab(shape=(400, 400), *, pixel=0.1):
    """A wide homogeneous phantom, without scattered radiation."""
    materials = {"paraffin": THICKNESS - 0.08, "pvc": 0.08}
    primary = np.full(shape, transmit(technique(TECHNIQUE), materials, 0.0))
    return Radiation(primary, np.zeros_like(primary), pixel)


def deviation_of_neighborhoods(image):
    """Return the standard deviation of each 3 x 3 neighborhood that lies in the image."""
    return np.lib.stride_tricks.sliding_window_view(image, (3, 3)).std((2, 3))


def test_doses_are_those_of_the_paper():
    doses = {level.value: level.entrance_dose for level in DoseLevel}

    assert doses == {"low": 3.359, "auto": 8.407, "high": 11.523}


@pytest.mark.parametrize("pixel", [0.1, 0.8])
def test_raw_value_follows_from_kerma_and_spectrum(pixel):
    used, source = technique(TECHNIQUE), slab((4, 4), pixel=pixel)
    at_detector = 5.0 * 1e3 * ((66 - THICKNESS) / 66) ** 2  # uGy without the phantom
    detected = at_detector / used.kerma_per_mas / used.effective_energy * 1e-2 * 0.63 * 0.9
    quanta = float(source.primary[0, 0]) * detected * 0.1**2

    assert expose_phantom(source, 5.0, None) == pytest.approx(VALUE_PER_QUANTUM * quanta, abs=0.51)


@pytest.mark.parametrize("level", [DoseLevel.AUTO, DoseLevel.HIGH])
def test_noise_free_images_are_proportional_to_the_dose(clean, level):
    ratio = level.entrance_dose / DoseLevel.LOW.entrance_dose
    linear = clean[level] < FULL_SCALE
    difference = clean[level] - ratio * clean[DoseLevel.LOW]

    assert np.abs(difference[linear]).max() <= 0.5 + 0.5 * ratio + 1e-2  # both are rounded
    assert linear[clean[DoseLevel.LOW] < FULL_SCALE / ratio - 1].all()


def test_signal_and_structure_grow_with_the_dose(series, clean):
    inner = series.phantom.distance > 8
    box = slice(100, 180), slice(10, 90)
    low, high = clean[DoseLevel.LOW], clean[DoseLevel.HIGH]
    local = [deviation_of_neighborhoods(image[box]).mean() for image in (low, high)]

    assert high[inner].mean() / low[inner].mean() == pytest.approx(RATIO, rel=1e-3)
    assert high[inner].std() / low[inner].std() == pytest.approx(RATIO, rel=1e-3)
    assert local[1] / local[0] == pytest.approx(RATIO, rel=0.01)
    signal = {level: raw[inner].mean() for level, raw in series.raw.items()}
    assert signal[DoseLevel.HIGH] / signal[DoseLevel.LOW] == pytest.approx(RATIO, rel=1e-3)


@pytest.mark.parametrize("level", DoseLevel)
def test_variance_of_the_noise_is_the_closed_form(level):
    source, dose = slab(), level.entrance_dose
    quanta = source.primary * np.float32(dose_beam(dose, 0.1).quanta)
    expected = VALUE_PER_QUANTUM**2 * noise_variance(quanta, 0.1)[0, 0] + 1 / 12  # rounding
    raw = expose_phantom(source, dose, np.random.default_rng(1)).astype(float)

    assert raw[2:-2, 2:-2].var() == pytest.approx(expected, rel=0.03)


def test_relative_noise_falls_with_the_root_of_the_dose():
    variances, means = [], []
    for level in (DoseLevel.LOW, DoseLevel.HIGH):
        raw = expose_phantom(slab(), level.entrance_dose, np.random.default_rng(2)).astype(float)
        fixed = (VALUE_PER_QUANTUM * ELECTRONIC_NOISE) ** 2 + 1 / 12
        variances.append(raw[2:-2, 2:-2].var() - fixed)
        means.append(raw.mean())
    relative = np.sqrt(variances) / means

    assert relative[0] / relative[1] == pytest.approx(np.sqrt(RATIO), rel=0.03)
    # a quantum spreads into its neighbors, which takes this share of the variance
    kernel = np.outer(*2 * [[BLUR, 1 - 2 * BLUR, BLUR]])
    quanta = means[1] / VALUE_PER_QUANTUM
    assert variances[1] / VALUE_PER_QUANTUM**2 == pytest.approx(
        (kernel**2).sum() * quanta, rel=0.03
    )


def test_noise_is_independent_between_doses_arrangements_and_seeds(series, clean):
    inner = series.phantom.distance > 8
    noises = [(series.raw[level] - clean[level])[inner] for level in DoseLevel]
    correlation = np.corrcoef(noises) - np.eye(3)
    again = simulate_dose_series(3, pixel=PIXEL)
    other = simulate_dose_series(3, seed=1, pixel=PIXEL)

    assert np.abs(correlation).max() < 4 / np.sqrt(inner.sum())
    assert all(np.array_equal(again.raw[level], series.raw[level]) for level in DoseLevel)
    assert not np.array_equal(other.noise_free, series.noise_free)


def test_noise_free_image_is_the_mean_of_all_noisy_ones(series):
    source = radiation(series.phantom)
    box = slice(100, 180), slice(10, 90)
    cropped = Radiation(source.primary[box], source.scatter[box], PIXEL)
    dose, draws = DoseLevel.HIGH.entrance_dose, 200
    rng = np.random.default_rng(4)
    mean = np.mean([expose_phantom(cropped, dose, rng) for _ in range(draws)], axis=0)
    error = (mean - series.noise_free[box])[1:-1, 1:-1]  # the cut blurs the border otherwise
    beam = dose_beam(dose, PIXEL)
    quanta = (cropped.primary + cropped.scatter) * np.float32(beam.quanta)
    variance = noise_variance(quanta, PIXEL).mean() * value_per_quantum(PIXEL) ** 2
    spread = np.sqrt((variance + 1 / 12) / draws + 1 / 12)  # the mean's, and rounding

    assert error.std() == pytest.approx(spread, rel=0.05)
    assert abs(error.mean()) < 4 * spread / np.sqrt(error.size)


def test_only_the_open_field_and_the_edge_of_the_rim_saturate(series):
    deep = series.phantom.distance > 1.0
    for level, raw in series.raw.items():
        assert raw.dtype == np.uint16
        assert raw[deep].max() < FULL_SCALE
        open_field = raw[series.phantom.distance < -1]
        assert (open_field == FULL_SCALE).all() == (level is not DoseLevel.LOW)
    assert series.raw[DoseLevel.LOW].max() < FULL_SCALE


def test_nodules_and_granules_absorb(series, clean):
    phantom, high = series.phantom, clean[DoseLevel.HIGH]

    assert high[phantom.nodules].mean() < 0.95 * high[phantom.surround].mean()
    granules = phantom.materials["calc"] > 0.02
    near = np.pad(granules, 3)[3:-3, 6:] & ~granules
    assert high[granules].mean() < 0.95 * high[near].mean()


@pytest.mark.parametrize("dose", [0.0, -3.359, float("nan")])
def test_impossible_dose_is_refused(dose):
    with pytest.raises(ValueError, match=f"entrance_dose must be positive, got {dose} mGy"):
        expose_phantom(slab((4, 4)), dose, None)

"""Conversions of raw images to 8 bits, and what each does to the CCI."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from cem_monai.simulator import Conversion, DoseLevel, simulate_dose_series, to_eight_bits
from cem_monai.simulator.attenuation import transmit
from cem_monai.simulator.dose_exposure import TECHNIQUE, Radiation, expose_phantom
from cem_monai.simulator.spectra import technique

RAW = np.array([[0, 7, 268, 335, 600], [999, 1343, 4095, 4096, 16383]], np.uint16)
INSIDE = np.array([[False, False, True, True, True], [True, True, True, False, False]])
DOSE = 3.359


def convert(raw, conversion, dose=DOSE, inside=INSIDE):
    return to_eight_bits(raw, conversion, entrance_dose=dose, inside=inside)


def naive_raw_fixed(value):
    return round(255 * min(value / 4095, 1))


def naive_log_fixed(value):
    per_mgy = max(value, 1) / DOSE
    share = math.log(400 / per_mgy) / math.log(400 / 80)
    return round(255 * min(max(share, 0), 1))


def naive_percentile(values, percentage):
    ordered = sorted(values)
    position = percentage / 100 * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def naive_per_image(value):
    values = [float(one) for one in RAW[INSIDE]]
    low, high = naive_percentile(values, 0.1), naive_percentile(values, 99.9)
    return round(255 * min(max((value - low) / (high - low), 0), 1))


@pytest.mark.parametrize(
    ("conversion", "naive"),
    [
        (Conversion.RAW_FIXED, naive_raw_fixed),
        (Conversion.LOG_FIXED, naive_log_fixed),
        (Conversion.PER_IMAGE, naive_per_image),
    ],
)
def test_conversion_is_its_definition(conversion, naive):
    expected = [[naive(float(value)) for value in row] for row in RAW]
    converted = convert(RAW, conversion)

    assert converted.dtype == np.uint8
    assert converted.tolist() == expected
    assert np.array_equal(convert(RAW, conversion.value), converted)


def test_attenuation_does_not_depend_on_the_dose():
    raw = np.linspace(300, 1300, 50, dtype=np.uint16)[None]
    twice = convert(2 * raw, Conversion.LOG_FIXED, 2 * DOSE)

    assert np.array_equal(twice, convert(raw, Conversion.LOG_FIXED))


def test_own_window_does_not_depend_on_the_dose():
    twice = convert(2 * RAW[:, :4], Conversion.PER_IMAGE, inside=INSIDE[:, :4])

    assert np.array_equal(twice, convert(RAW[:, :4], Conversion.PER_IMAGE, inside=INSIDE[:, :4]))


def test_unknown_conversion_is_refused():
    message = "conversion must be one of raw_fixed, log_fixed, per_image, got 'minmax'"
    with pytest.raises(ValueError, match=message):
        convert(RAW, "minmax")


def cci(image):
    """Mean standard deviation of all 3 x 3 neighborhoods, from the definition."""
    return np.lib.stride_tricks.sliding_window_view(image.astype(float), (3, 3)).std((2, 3)).mean()


def cci_by_dose(raw, inside, conversion):
    return [
        cci(to_eight_bits(image, conversion, entrance_dose=level.entrance_dose, inside=inside))
        for level, image in raw.items()
    ]


def assert_cci_follows_the_conversion(raw, inside):
    low, auto, high = cci_by_dose(raw, inside, Conversion.RAW_FIXED)
    assert low < auto < high < 3.431 * low
    assert high > 1.85 * low
    low, auto, high = cci_by_dose(raw, inside, Conversion.LOG_FIXED)
    assert low > auto > high
    low, _, high = cci_by_dose(raw, inside, Conversion.PER_IMAGE)
    assert 0.7 < high / low < 1.2


def test_cci_of_a_texture_rises_with_the_dose_in_raw_values_and_falls_in_logarithms():
    rng = np.random.default_rng(6)
    texture = ndimage.gaussian_filter(rng.standard_normal((300, 300)), 4, mode="wrap")
    paths = {"paraffin": 4.42, "pvc": 0.08 + 0.02 * texture / texture.std()}
    primary = transmit(technique(TECHNIQUE), paths, 0.0)
    source = Radiation(primary, 0.1 * primary, 0.1)
    raw = {level: expose_phantom(source, level.entrance_dose, rng) for level in DoseLevel}

    assert_cci_follows_the_conversion(raw, np.ones(primary.shape, bool))


@pytest.mark.slow
def test_cci_of_the_phantom_rises_with_the_dose_in_raw_values_and_falls_in_logarithms():
    series = simulate_dose_series(1)
    box = slice(700, 1600), slice(0, 600)
    raw = {level: image[box] for level, image in series.raw.items()}

    assert_cci_follows_the_conversion(raw, series.phantom.inside[box])

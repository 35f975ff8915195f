from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from cem_monai.metrics import grey_histogram, l1, wasserstein_distance

Image = np.ndarray[Any, Any]
FULL = np.ones((6, 8), bool)
seeds = st.integers(0, 2**32 - 1)


def random_pair(seed: int, peak: int = 255) -> tuple[Image, Image, Image]:
    rng = np.random.default_rng(seed)
    generated, real = rng.integers(0, peak + 1, (2, 6, 8)).astype(np.uint16)
    region = rng.random((6, 8)) < 0.5
    region[0, 0] = True
    return generated, real, region


# Distance


@settings(max_examples=40, deadline=None)
@given(seed=seeds, peak=st.sampled_from([1, 255, 4095, 65535]))
def test_distance_equals_scipy(seed: int, peak: int) -> None:
    generated, real, region = random_pair(seed, peak)
    grey = [image[region].astype(float) * 255 / peak for image in (generated, real)]
    value = wasserstein_distance(generated, real, region, data_range=(0, peak))
    assert value == pytest.approx(scipy.stats.wasserstein_distance(*grey), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_distance_is_the_area_between_the_cumulated_histograms(seed: int) -> None:
    generated, real, region = random_pair(seed)
    area = 0.0
    for level in range(255):
        below = [(image[region] <= level).mean() for image in (generated, real)]
        area += abs(below[0] - below[1])
    value = wasserstein_distance(generated, real, region, data_range=(0, 255))
    assert value == pytest.approx(area, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, shift=st.floats(-300, 300), scale=st.floats(0.01, 20))
def test_affine_changes(seed: int, shift: float, scale: float) -> None:
    generated, real, region = (part.astype(float) for part in random_pair(seed))
    shifted = wasserstein_distance(real + shift, real, region, data_range=(0, 255))
    assert shifted == pytest.approx(abs(shift), abs=1e-9)
    value = wasserstein_distance(generated, real, region, data_range=(0, 255))
    changed = [image * scale + shift for image in (generated, real)]
    scaled = wasserstein_distance(*changed, region, data_range=(shift, 255 * scale + shift))
    assert scaled == pytest.approx(value, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_position_does_not_matter_and_l1_bounds_it(seed: int) -> None:
    generated, real, region = random_pair(seed)
    value = wasserstein_distance(generated, real, region, data_range=(0, 255))
    assert wasserstein_distance(real, generated, region, data_range=(0, 255)) == value
    assert value <= l1(generated, real, region, data_range=(0, 255)) + 1e-9
    turned = wasserstein_distance(real[::-1, ::-1], real, FULL, data_range=(0, 255))
    assert turned == 0


@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_white_against_black_does_not_wrap(dtype: type[np.generic], white: int) -> None:
    black, bright = np.zeros((6, 8), dtype), np.full((6, 8), white, dtype)
    assert wasserstein_distance(black, bright, FULL, data_range=(0, white)) == 255
    assert wasserstein_distance(bright, black, FULL, data_range=(0, white)) == 255


def test_empty_region_is_nan_and_one_pixel_is_its_error() -> None:
    generated, real, _ = random_pair(0)
    pixel = np.zeros((6, 8))
    assert math.isnan(wasserstein_distance(generated, real, pixel, data_range=(0, 255)))
    pixel[3, 4] = 1
    value = wasserstein_distance(generated, real, pixel, data_range=(0, 255))
    assert value == abs(int(generated[3, 4]) - int(real[3, 4]))


def test_nan_inside_the_region_raises_and_outside_does_not_matter() -> None:
    generated, real, region = random_pair(0)
    expected = wasserstein_distance(generated, real, region, data_range=(0, 255))
    outside = np.where(region, generated, math.nan)
    assert wasserstein_distance(outside, real, region, data_range=(0, 255)) == expected
    with pytest.raises(ValueError, match="NaN or infinite pixels in the 48 of region"):
        wasserstein_distance(outside, real, FULL, data_range=(0, 255))


# Histograms


def test_each_byte_has_its_own_bin() -> None:
    image = np.arange(256).reshape(16, 16)
    for turned in (image, image[::-1]):
        counts = grey_histogram(turned, np.ones((16, 16)), data_range=(0, 255))
        np.testing.assert_array_equal(counts, np.ones(256))


def test_each_bin_has_256_of_the_16_bit_values() -> None:
    image = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    counts = grey_histogram(image, np.ones(image.shape), data_range=(0, 65535))
    np.testing.assert_array_equal(counts, np.full(256, 256))


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_counts_equal_numpy_and_sum_to_the_region(seed: int) -> None:
    generated, real, region = random_pair(seed, 4095)
    for image in (generated, real):
        counts = grey_histogram(image, region, data_range=(0, 4095))
        expected, _ = np.histogram(image[region], 256, (0, 4095))
        np.testing.assert_array_equal(counts, expected)
        assert counts.sum() == region.sum()


def test_values_outside_the_range_count_in_the_end_bins() -> None:
    image = np.array([[-5000.0, 50.0, 9000.0]])
    counts = grey_histogram(image, np.ones((1, 3)), data_range=(0, 100))
    assert (counts[0], counts[128], counts[255]) == (1, 1, 1)


def test_empty_region_has_no_counts() -> None:
    for image in random_pair(0)[:2]:
        counts = grey_histogram(image, np.zeros((6, 8)), data_range=(0, 255))
        np.testing.assert_array_equal(counts, np.zeros(256))

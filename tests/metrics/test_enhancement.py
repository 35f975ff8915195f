from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cem_monai.metrics import (
    TissueLevels,
    enhancement_threshold,
    false_enhancement,
    grey_values,
    mean_excess,
)

Image = np.ndarray[Any, Any]
BYTE = (0, 255)
FULL = np.ones((10, 12), bool)
seeds = st.integers(0, 2**32 - 1)


# Threshold


@settings(max_examples=40, deadline=None)
@given(seed=seeds, percentile=st.floats(0.5, 100))
def test_threshold_of_one_image_is_its_percentile(seed: int, percentile: float) -> None:
    values = np.random.default_rng(seed).integers(0, 256, 57)
    expected = np.percentile(values, percentile, method="inverted_cdf")
    assert enhancement_threshold([values], percentile=percentile) == expected


@settings(max_examples=40, deadline=None)
@given(seed=seeds, percentile=st.sampled_from([1, 10, 50, 90, 95, 99, 100]))
def test_threshold_pools_images_as_if_all_had_the_same_number_of_pixels(
    seed: int, percentile: float
) -> None:
    rng = np.random.default_rng(seed)
    images = [rng.integers(0, 50, size) for size in (1, 4, 10, 25, 100)]
    pooled = sorted(int(level) for image in images for level in np.repeat(image, 100 // image.size))
    needed = math.ceil(len(pooled) * percentile / 100)  # 500 values: exact in these percentiles
    assert enhancement_threshold(images, percentile=percentile) == pooled[needed - 1]


def test_large_breast_does_not_outweigh_a_small_one() -> None:
    small, large = np.full(10, 200.0), np.full(100_000, 50.0)
    assert enhancement_threshold([small, large], percentile=60) == 200
    assert enhancement_threshold([small, large], percentile=50) == 50


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_order_and_repetition_of_images_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    images = [rng.normal(100, 20, size) for size in (3, 30, 7)]
    value = enhancement_threshold(images, percentile=80)
    assert enhancement_threshold(images[::-1] * 3, percentile=80) == value


@settings(max_examples=40, deadline=None)
@given(seed=seeds, cuts=st.tuples(st.integers(0, 5), st.integers(0, 5)))
def test_merged_levels_are_those_of_all_images(seed: int, cuts: tuple[int, int]) -> None:
    """Of parts of any size, also none, merged in any order."""
    rng = np.random.default_rng(seed)
    images = [rng.integers(0, 60, size) for size in (1, 40, 7, 90, 12)]
    first, second = sorted(cuts)
    total = TissueLevels()
    for part in (images[second:], images[:first], images[first:second]):
        levels = TissueLevels()
        for image in part:
            levels.add(image)
        total.merge(levels)
    assert total.threshold(90) == enhancement_threshold(images, percentile=90)


def test_one_percent_of_the_tissue_lies_above_the_default_threshold() -> None:
    image = np.random.default_rng(0).permutation(10_000).reshape(100, 100)
    tissue = np.ones(image.shape)
    threshold = enhancement_threshold([grey_values(image, tissue, data_range=(0, 9999))])
    result = false_enhancement(
        image, tissue, threshold=threshold, minimal_area=1, data_range=(0, 9999)
    )
    assert result.share == 0.01


def test_images_without_tissue_have_no_part() -> None:
    assert enhancement_threshold([np.arange(100), np.array([])]) == 98
    with pytest.raises(ValueError, match="none of 2 images has tissue"):
        enhancement_threshold([[], []])
    with pytest.raises(ValueError, match="none of 0 images has tissue"):
        enhancement_threshold([])


def test_threshold_refuses_nan_and_percentiles_out_of_range() -> None:
    with pytest.raises(ValueError, match="image 1 hold 2 NaN"):
        enhancement_threshold([np.ones(3), np.array([1, math.nan, math.inf])])
    for percentile in (0, -1, 100.1, math.nan):
        with pytest.raises(ValueError, match=f"at most 100, got {percentile}"):
            enhancement_threshold([np.ones(3)], percentile=percentile)


# False enhancement


def measure(image: Image, **options: Any) -> tuple[float, int]:
    defaults: dict[str, Any] = {
        "region": FULL,
        "threshold": 100,
        "minimal_area": 3,
        "data_range": BYTE,
    }
    result = false_enhancement(image, **(defaults | options))
    return result.share, result.foci


def bright(*pixels: tuple[int, int]) -> Image:
    image = np.full(FULL.shape, 40, np.uint8)
    for pixel in pixels:
        image[pixel] = 180
    return image


def test_tissue_at_the_threshold_is_not_above_it() -> None:
    assert measure(np.full(FULL.shape, 100)) == (0, 0)
    assert measure(np.full(FULL.shape, 101)) == (1, 1)


def test_foci_have_the_minimal_area_and_connect_at_corners() -> None:
    diagonal = bright((1, 1), (2, 2), (3, 3))
    assert measure(diagonal) == (3 / 120, 1)
    assert measure(diagonal, minimal_area=4) == (3 / 120, 0)
    assert measure(bright((1, 1), (1, 2), (5, 5), (5, 6), (5, 7))) == (5 / 120, 1)


@pytest.mark.parametrize(
    ("lesion", "foci"),
    [((2, 4), 0), ((2, 5), 0), ((2, 6), 1), ((3, 5), 0), ((0, 1), 0), ((4, 3), 1)],
)
def test_focus_that_touches_a_lesion_is_its_border(lesion: tuple[int, int], foci: int) -> None:
    lesions = np.zeros(FULL.shape)
    lesions[lesion] = 1
    image = bright((1, 2), (2, 3), (2, 4))
    share, found = measure(image, lesions=lesions)
    assert found == foci
    assert share == (3 - (lesion == (2, 4))) / 119


def test_pieces_that_only_a_lesion_connects_do_not_count() -> None:
    image = bright((4, 1), (4, 2), (4, 3), (4, 4), (4, 5), (4, 6), (4, 7))
    lesions = np.zeros(FULL.shape)
    lesions[4, 4] = 1
    assert measure(image, lesions=lesions) == (6 / 119, 0)


def test_enhancement_outside_the_region_does_not_matter() -> None:
    region = np.zeros(FULL.shape)
    region[:, :4] = 1
    image = bright((1, 2), (1, 3), (1, 4), (7, 7))
    assert measure(image, region=region) == (2 / 40, 0)
    assert measure(image, region=region, minimal_area=2) == (2 / 40, 1)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, area=st.integers(1, 6))
def test_equals_loops_over_pixels(seed: int, area: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 4096, FULL.shape).astype(np.uint16)
    region, lesions = rng.random(FULL.shape) < 0.8, rng.random(FULL.shape) < 0.05
    options = {"threshold": 170.0, "minimal_area": area, "data_range": (0, 4095)}
    result = measure(image, region=region, lesions=lesions, **options)
    share, foci = naive(image.astype(float) * 255 / 4095 > 170, region, lesions, area)
    assert result == (pytest.approx(share, nan_ok=True), foci)


def naive(above: Image, region: Image, lesions: Image, area: int) -> tuple[float, int]:
    tissue = {(y, x) for y, x in np.ndindex(above.shape) if region[y, x] and not lesions[y, x]}
    left = {pixel for pixel in tissue if above[pixel]}
    share, foci = len(left) / len(tissue), 0
    while left:
        focus, border = set(), {left.pop()}
        while border:
            focus |= border
            border = {pixel for one in border for pixel in around(one)} & left
            left -= border
        touches = any(
            0 <= y < above.shape[0] and 0 <= x < above.shape[1] and lesions[y, x]
            for pixel in focus
            for y, x in around(pixel)
        )
        foci += len(focus) >= area and not touches
    return share, foci


def around(pixel: tuple[int, int]) -> list[tuple[int, int]]:
    return [(pixel[0] + i, pixel[1] + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]


def test_region_without_tissue_has_no_share() -> None:
    empty = np.zeros(FULL.shape)
    for options in ({"region": empty}, {"lesions": FULL}):
        share, foci = measure(bright((1, 1)), **options)
        assert math.isnan(share)
        assert foci == 0


def test_one_pixel_of_tissue() -> None:
    pixel = np.zeros(FULL.shape)
    pixel[1, 1] = 1
    assert measure(bright((1, 1)), region=pixel, minimal_area=1) == (1, 1)


def test_background_has_no_false_enhancement() -> None:
    assert measure(np.zeros(FULL.shape, np.uint16)) == (0, 0)


def test_16_bit_white_is_all_above() -> None:
    white = np.full(FULL.shape, 65535, np.uint16)
    assert measure(white, data_range=(0, 65535), threshold=254.9) == (1, 1)


def test_false_enhancement_refuses_nan_in_the_tissue_only() -> None:
    image = bright((1, 1)).astype(float)
    image[0, 0] = math.nan
    with pytest.raises(ValueError, match="1 NaN or infinite pixels in the 120 of region"):
        measure(image)
    assert measure(image, lesions=np.isnan(image)) == (1 / 119, 0)


def test_false_enhancement_refuses_other_shapes_and_no_area() -> None:
    with pytest.raises(ValueError, match=r"lesions \(3, 3\) and image \(10, 12\)"):
        measure(bright(), lesions=np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"region \(3, 3\) and image \(10, 12\)"):
        measure(bright(), region=np.ones((3, 3)))
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        measure(bright(), minimal_area=0)


# Mean excess


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_excess_equals_a_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    generated, real = rng.integers(0, 65536, (2, *FULL.shape)).astype(np.uint16)
    region = rng.random(FULL.shape) < 0.5
    region[0, 0] = True
    errors = [int(generated[p]) - int(real[p]) for p in np.ndindex(region.shape) if region[p]]
    expected = sum(errors) / len(errors) * 255 / 65535
    value = mean_excess(generated, real, region, data_range=(0, 65535))
    assert value == pytest.approx(expected, abs=1e-9)


def test_excess_is_signed_and_in_grey_levels() -> None:
    black, white = np.zeros(FULL.shape, np.uint16), np.full(FULL.shape, 65535, np.uint16)
    assert mean_excess(white, black, FULL, data_range=(0, 65535)) == 255
    assert mean_excess(black, white, FULL, data_range=(0, 65535)) == -255
    assert mean_excess(white, white, FULL, data_range=(0, 65535)) == 0


def test_excess_of_an_empty_region_is_nan() -> None:
    image = bright()
    assert math.isnan(mean_excess(image, image, np.zeros(FULL.shape), data_range=BYTE))


def test_excess_refuses_nan() -> None:
    image = bright().astype(float)
    image[0, 0] = math.nan
    with pytest.raises(ValueError, match="1 NaN"):
        mean_excess(bright(), image, FULL, data_range=BYTE)

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cem_monai.metrics import (
    CNREdge,
    breast_cnr,
    breast_cnr_valid_windows,
    breast_cnr_windows,
    contrast_to_noise_ratio,
)

Image = np.ndarray[Any, Any]
EDGES = [edge.value for edge in CNREdge]
FULL = np.ones((192, 192), bool)


@pytest.fixture(scope="module")
def noisy() -> tuple[Image, Image]:
    """A 12-bit image whose sides are no multiples of 16, and a round mask."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:330, :293]
    mask = np.hypot(y - 160, x - 120) < 150
    return rng.integers(0, 4096, mask.shape).astype(np.uint16), mask


# One region


def test_region_against_its_surroundings() -> None:
    image = np.array([[7, 9, 0, 4], [8, 8, 2, 2]])
    roi = np.array([[1, 1, 0, 0], [1, 1, 0, 0]])
    assert contrast_to_noise_ratio(image, roi, 1 - roi) == (8 - 2) / math.sqrt(2)


@pytest.mark.parametrize("scale", [2.0, -2.0])
def test_region_cnr_ignores_scale_and_offset(scale: float) -> None:
    rng = np.random.default_rng(0)
    image, roi = rng.normal(size=(20, 20)), rng.random((20, 20)) < 0.3
    changed = contrast_to_noise_ratio(scale * image + 5, roi, ~roi)
    expected = math.copysign(1, scale) * contrast_to_noise_ratio(image, roi, ~roi)
    assert changed == pytest.approx(expected, abs=1e-12)


def test_region_without_pixels_is_nan() -> None:
    image, full, empty = np.arange(16).reshape(4, 4), np.ones((4, 4)), np.zeros((4, 4))
    assert math.isnan(contrast_to_noise_ratio(image, empty, full))
    assert math.isnan(contrast_to_noise_ratio(image, full, empty))


def test_constant_surroundings_are_nan_despite_rounding() -> None:
    image = np.full((20, 10), 0.1)
    image[:10] = 1
    roi = image == 1
    assert image[~roi].std() > 0
    assert math.isnan(contrast_to_noise_ratio(image, roi, ~roi))


def test_unsigned_pixels_do_not_wrap() -> None:
    image = np.array([[0, 0, 250, 252]], np.uint8)
    roi = np.array([[1, 1, 0, 0]])
    assert contrast_to_noise_ratio(image, roi, 1 - roi) == -251


def test_region_cnr_takes_tensors() -> None:
    image, roi = torch.tensor([[3.0, 5.0, 1.0, -1.0]]), torch.tensor([[1, 1, 0, 0]])
    assert contrast_to_noise_ratio(image, roi, 1 - roi) == 4


def test_mask_of_another_shape_raises() -> None:
    with pytest.raises(ValueError, match=r"background \(3, 4\) and image \(4, 4\)"):
        contrast_to_noise_ratio(np.zeros((4, 4)), np.ones((4, 4)), np.ones((3, 4)))


# Sliding window: hand cases of one window


def test_checkerboard_background() -> None:
    image = np.indices((192, 192)).sum(axis=0) % 2 * 2
    image[64:128, 64:128] = 100
    assert breast_cnr(image, FULL) == 99.0


def test_ramp_has_no_contrast() -> None:
    ramp = np.tile(np.arange(192), (192, 1))
    assert breast_cnr(ramp, FULL) == pytest.approx(0, abs=1e-12)


def test_parabola() -> None:
    parabola = np.tile((np.arange(192) - 95.5) ** 2, (192, 1))
    assert breast_cnr(parabola, FULL) == pytest.approx((341.25 - 3413.25) / 2726.188, abs=1e-6)
    assert breast_cnr(parabola, FULL) == pytest.approx(-1.126848, abs=1e-6)


@pytest.mark.parametrize("value", [0, 7, 0.1, 65535, 1e9, -0.3])
@pytest.mark.parametrize("edge", EDGES)
def test_constant_image_has_valid_windows_but_no_value(value: float, edge: str) -> None:
    image = np.full((256, 256), value)
    mask = np.ones(image.shape)
    assert breast_cnr_valid_windows(mask, edge=edge).sum() == 25
    assert np.isnan(breast_cnr_windows(image, mask, edge=edge)).all()
    assert math.isnan(breast_cnr(image, mask, edge=edge))


def test_constant_float_background_far_from_the_mean_is_dropped() -> None:
    image = np.random.default_rng(0).normal(size=(192, 500))
    image[:, :192] = 0.1
    image[64:128, 64:128] = 3.7
    windows = breast_cnr_windows(image, np.ones(image.shape))
    assert np.isnan(windows[0, 0])
    assert np.isfinite(windows[0, 1:]).all()


# Sliding window: deterministic phantom


@pytest.mark.parametrize(
    ("shape", "mask_pixels", "edge", "windows", "cnr"),
    [
        ((512, 512), 107_448, "strict", 37, -0.2411474),
        ((512, 512), 107_448, "masked", 176, -0.1691944),
        ((512, 512), 107_448, "image", 176, 0.1386668),
        ((1024, 1024), 429_327, "strict", 730, -0.0065818),
        ((1024, 1024), 429_327, "masked", 1147, 0.0454921),
        ((1024, 1024), 429_327, "image", 1147, 0.1271040),
        pytest.param((2850, 2394), 2_791_963, "strict", 8230, -0.0033758, marks=pytest.mark.slow),
        pytest.param((2850, 2394), 2_791_963, "masked", 9458, -0.0004913, marks=pytest.mark.slow),
        pytest.param((2850, 2394), 2_791_963, "image", 9458, 0.0334842, marks=pytest.mark.slow),
    ],
)
def test_phantom(
    phantom: Callable[[int, int], tuple[Image, Image]],
    shape: tuple[int, int],
    mask_pixels: int,
    edge: str,
    windows: int,
    cnr: float,
) -> None:
    image, mask = phantom(*shape)
    values = breast_cnr_windows(image, mask, edge=edge)
    assert mask.sum() == mask_pixels
    assert np.isfinite(values).sum() == windows
    assert breast_cnr_valid_windows(mask, edge=edge).sum() == windows
    assert breast_cnr(image, mask, edge=edge) == pytest.approx(cnr, abs=5e-8)


# Sliding window: against the loop


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("scale", [1, 1 / 4095, 16.0037])
def test_default_windows_match_the_loop(
    noisy: tuple[Image, Image], loop_windows: Callable[..., Image], edge: str, scale: float
) -> None:
    image, mask = noisy
    values = breast_cnr_windows(image * scale, mask, edge=edge)
    np.testing.assert_allclose(values, loop_windows(image * scale, mask, edge), atol=1e-12, rtol=0)
    assert np.isfinite(values).any()


@pytest.mark.parametrize("edge", ["strict", "masked"])
def test_integer_windows_equal_whole_number_arithmetic(
    noisy: tuple[Image, Image], edge: str
) -> None:
    image, mask = noisy
    values = breast_cnr_windows(image, mask, edge=edge)
    for i, j in np.argwhere(breast_cnr_valid_windows(mask, edge=edge)):
        square = slice(16 * i, 16 * i + 192), slice(16 * j, 16 * j + 192)
        around = mask[square].copy()
        around[64:128, 64:128] = False
        n, pixels = int(around.sum()), image[square][around].tolist()
        s1, s2 = sum(pixels), sum(pixel * pixel for pixel in pixels)
        center = sum(image[square][64:128, 64:128].ravel().tolist())
        assert values[i, j] == (center / 4096 - s1 / n) / math.sqrt((n * s2 - s1 * s1) / (n * n))


@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 45),
    width=st.integers(1, 45),
    bits=st.sampled_from([1, 8, 12, 16]),
    blocks=st.tuples(st.integers(1, 3), st.integers(1, 4)),
    filled=st.sampled_from([0.9, 0.99, 1.0]),
    edge=st.sampled_from(EDGES),
    as_float=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_any_image_matches_the_loop(
    loop_windows: Callable[..., Image],
    seed: int,
    height: int,
    width: int,
    bits: int,
    blocks: tuple[int, int],
    filled: float,
    edge: str,
    as_float: bool,
) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 2**bits, (height, width)).astype(np.uint16)
    if as_float:
        image = image / 2**bits + 1e-3
    mask = rng.random(image.shape) < filled
    stride, patch = blocks[0], blocks[0] * blocks[1]
    values = breast_cnr_windows(image, mask, patch_size=patch, stride=stride, edge=edge)
    expected = loop_windows(image, mask, edge, patch, stride)
    assert values.shape == expected.shape
    np.testing.assert_allclose(values, expected, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("base", [200, 60_000])
def test_bright_16_bit_field_keeps_its_small_noise(
    loop_windows: Callable[..., Image], base: int
) -> None:
    noise = np.random.default_rng(2).integers(0, 3, (200, 220))
    image = (base + noise).astype(np.uint16)
    expected = loop_windows(image, np.ones(image.shape))
    for pixels in (image, image.astype(np.float32), image + 0.5):
        values = breast_cnr_windows(pixels, np.ones(image.shape))
        np.testing.assert_allclose(values, expected, atol=1e-8)


def test_small_float_noise_on_a_large_offset_keeps_its_digits(
    loop_windows: Callable[..., Image],
) -> None:
    noise = np.random.default_rng(2).normal(size=(200, 220))
    mask = np.ones(noise.shape)
    np.testing.assert_allclose(
        breast_cnr_windows(1e6 + noise, mask), loop_windows(noise, mask), atol=1e-8
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64, np.float32, np.float64])
def test_storage_type_does_not_matter(noisy: tuple[Image, Image], dtype: type[np.generic]) -> None:
    image, mask = noisy
    small = image // 16
    expected = breast_cnr_windows(small.astype(np.uint16), mask)
    np.testing.assert_array_equal(breast_cnr_windows(small.astype(dtype), mask), expected)


@pytest.mark.parametrize("peak", [2**31 - 1, 2**40])
def test_integers_beyond_16_bit_do_not_overflow(
    loop_windows: Callable[..., Image], peak: int
) -> None:
    image = np.random.default_rng(3).integers(0, peak, (192, 208))
    values = breast_cnr_windows(image, np.ones(image.shape))
    np.testing.assert_allclose(values, loop_windows(image, np.ones(image.shape)), atol=1e-12)


def test_tensors_and_lists_are_taken() -> None:
    image = np.random.default_rng(0).integers(0, 9, (12, 12))
    expected = breast_cnr(image, np.ones((12, 12)), patch_size=4, stride=2)
    tensors = torch.from_numpy(image), torch.ones(12, 12)
    assert breast_cnr(*tensors, patch_size=4, stride=2) == expected
    assert (
        breast_cnr(image.tolist(), np.ones((12, 12)).tolist(), patch_size=4, stride=2) == expected
    )


# Sliding window: properties


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize(("scale", "offset"), [(3, 11), (1, -4000), (-1, 4095), (-2, 0)])
def test_scale_and_offset_change_at_most_the_sign(
    noisy: tuple[Image, Image], edge: str, scale: int, offset: int
) -> None:
    image, mask = noisy
    changed = breast_cnr_windows(scale * image.astype(int) + offset, mask, edge=edge)
    expected = np.sign(scale) * breast_cnr_windows(image, mask, edge=edge)
    np.testing.assert_allclose(changed, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("edge", EDGES)
def test_mirror_keeps_the_value_when_the_grid_stays_aligned(
    noisy: tuple[Image, Image], edge: str
) -> None:
    image, mask = (array[:, :288] for array in noisy)
    mirrored = breast_cnr(image[:, ::-1], mask[:, ::-1], edge=edge)
    assert mirrored == pytest.approx(breast_cnr(image, mask, edge=edge), abs=1e-12)


@pytest.mark.parametrize("outside", [0, 65535, 0.5, 1e30, math.nan, math.inf])
@pytest.mark.parametrize("edge", ["strict", "masked"])
def test_values_outside_the_mask_do_not_matter(
    noisy: tuple[Image, Image], edge: str, outside: float
) -> None:
    image, mask = noisy
    values = breast_cnr_windows(np.where(mask, image, outside), mask, edge=edge)
    np.testing.assert_allclose(
        values, breast_cnr_windows(image, mask, edge=edge), atol=1e-12, rtol=0
    )


def test_air_enters_under_the_image_rule(noisy: tuple[Image, Image]) -> None:
    image, mask = noisy
    with_air = breast_cnr(np.where(mask, image, 0), mask, edge="image")
    assert with_air != breast_cnr(image, mask, edge="image")


def test_strict_windows_are_among_the_masked_ones(noisy: tuple[Image, Image]) -> None:
    strict, masked, image = (breast_cnr_valid_windows(noisy[1], edge=edge) for edge in EDGES)
    assert 0 < strict.sum() < masked.sum() <= image.sum()
    assert not (strict & ~masked).any()
    assert not (masked & ~image).any()


@pytest.mark.parametrize(("in_breast", "counts"), [(16_384, True), (16_383, False)])
def test_masked_rule_asks_for_half_of_the_background(in_breast: int, counts: bool) -> None:
    mask = np.zeros((192, 192), bool)
    mask[64:128, 64:128] = True
    mask.ravel()[np.flatnonzero(~mask)[:in_breast]] = True
    assert breast_cnr_valid_windows(mask, edge="masked").tolist() == [[counts]]


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("shape", [(100, 100), (300, 300), (191, 500), (0, 0)])
def test_empty_mask_is_nan(edge: str, shape: tuple[int, int]) -> None:
    image = np.zeros(shape)
    assert math.isnan(breast_cnr(image, np.zeros(shape), edge=edge))


# Sliding window: errors


@pytest.mark.parametrize("edge", EDGES)
def test_nan_inside_the_breast_raises(noisy: tuple[Image, Image], edge: str) -> None:
    image = noisy[0].astype(float)
    image[160, 120:122] = math.nan
    with pytest.raises(ValueError, match="2 NaN or infinite"):
        breast_cnr(image, noisy[1], edge=edge)


def test_nan_in_the_air_raises_under_the_image_rule(noisy: tuple[Image, Image]) -> None:
    image = noisy[0].astype(float)
    image[0, 0] = math.inf
    with pytest.raises(ValueError, match="1 NaN or infinite"):
        breast_cnr(image, noisy[1], edge="image")


def test_unknown_edge_raises() -> None:
    with pytest.raises(ValueError, match="loose"):
        breast_cnr(np.zeros((192, 192)), FULL, edge="loose")


def test_channel_axis_raises() -> None:
    with pytest.raises(
        ValueError, match=r"image must have the shape \(H, W\), got \(1, 192, 192\)"
    ):
        breast_cnr(np.zeros((1, 192, 192)), FULL)


def test_complex_pixels_raise() -> None:
    with pytest.raises(TypeError, match="image must hold real numbers, got complex128"):
        breast_cnr(np.zeros((192, 192), complex), FULL)

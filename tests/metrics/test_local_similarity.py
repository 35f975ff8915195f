from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from cem_monai.metrics import ssim_map

Image = np.ndarray[Any, Any]


def scikit_image_map(generated: Image, real: Image, data_range: tuple[float, float]) -> Image:
    low, high = data_range
    values = structural_similarity(
        generated.astype(float) - low,
        real.astype(float) - low,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=high - low,
        full=True,
    )
    return np.asarray(values[1])


def naive_map(generated: Image, real: Image, peak: float) -> Image:
    """Wang 2004 window by window: an 11 x 11 Gaussian, pixels reflected at the border."""
    offsets = np.arange(-5, 6)
    gaussian = np.exp(-(offsets[:, None] ** 2 + offsets[None, :] ** 2) / (2 * 1.5**2))
    gaussian /= gaussian.sum()
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    values = np.empty(real.shape)
    for y, x in np.ndindex(real.shape):
        rows = [reflected(y + step, real.shape[0]) for step in offsets]
        columns = [reflected(x + step, real.shape[1]) for step in offsets]
        a, b = (image[np.ix_(rows, columns)].astype(float) for image in (real, generated))
        mean_a, mean_b = (gaussian * a).sum(), (gaussian * b).sum()
        variances = (gaussian * ((a - mean_a) ** 2 + (b - mean_b) ** 2)).sum()
        covariance = (gaussian * (a - mean_a) * (b - mean_b)).sum()
        values[y, x] = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
        values[y, x] /= (mean_a**2 + mean_b**2 + c1) * (variances + c2)
    return values


def reflected(index: int, length: int) -> int:
    """d c b a | a b c d | d c b a"""
    index %= 2 * length
    return index if index < length else 2 * length - 1 - index


def textured(shape: tuple[int, int], peak: int, seed: int) -> tuple[Image, Image]:
    """A smooth image of the whole range with noise, and another noise on it."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(shape)
    smooth = peak * (0.5 + 0.5 * np.sin(y / 9 + seed) * np.cos(x / 13))
    pair = (smooth + rng.normal(0, 0.04 * peak, (2, *shape))).clip(0, peak).round()
    generated, real = pair.astype(np.uint16)
    return generated, real


@pytest.mark.parametrize("shape", [(11, 11), (31, 17), (32, 40), (33, 12), (97, 101)])
@pytest.mark.parametrize("peak", [255, 4095, 65535])
def test_map_equals_scikit_image(shape: tuple[int, int], peak: int) -> None:
    generated, real = textured(shape, peak, 3)
    values = ssim_map(generated, real, data_range=(0, peak))
    assert values.min() < 0.9
    np.testing.assert_allclose(
        values, scikit_image_map(generated, real, (0, peak)), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("shape", [(1, 1), (3, 20), (14, 13)])
def test_map_equals_the_definition(shape: tuple[int, int]) -> None:
    generated, real = textured(shape, 4095, 1)
    values = ssim_map(generated, real, data_range=(0, 4095))
    np.testing.assert_allclose(values, naive_map(generated, real, 4095), atol=1e-5, rtol=0)


@pytest.mark.parametrize("border", [1, 26, 27, 31, 32, 33, 37, 38, 64, 99])
@pytest.mark.parametrize("axis", [0, 1])
def test_identical_parts_are_as_scikit_image_has_them(border: int, axis: int) -> None:
    """Differences begin before, at and behind the borders of tiles and their windows."""
    generated, real = textured((101, 103), 4095, 4)
    same = np.indices(real.shape)[axis] < border
    generated = np.where(same, real, generated)
    values = ssim_map(generated, real, data_range=(0, 4095))
    expected = scikit_image_map(generated, real, (0, 4095))
    np.testing.assert_allclose(values, expected, atol=1e-4, rtol=0)
    assert (values < 0.99).any()
    far = np.indices(real.shape)[axis] < border - 5
    np.testing.assert_allclose(values[far], 1, atol=1e-5)


@pytest.mark.parametrize("pixel", [(0, 0), (31, 31), (32, 32), (40, 5), (69, 72)])
def test_single_pixel_differs(pixel: tuple[int, int]) -> None:
    _, real = textured((70, 73), 4095, 5)
    generated = real.copy()
    generated[pixel] = 0 if real[pixel] > 2000 else 4095
    values = ssim_map(generated, real, data_range=(0, 4095))
    expected = scikit_image_map(generated, real, (0, 4095))
    np.testing.assert_allclose(values, expected, atol=1e-4, rtol=0)
    y, x = np.indices(real.shape)
    touched = (abs(y - pixel[0]) <= 5) & (abs(x - pixel[1]) <= 5)
    assert (values[touched] < 1).all()
    np.testing.assert_allclose(values[~touched], 1, atol=1e-5)


@pytest.mark.parametrize("base", [0, 30_000, 65_235])
@pytest.mark.parametrize("noise", [1, 300])
def test_single_precision_suffices_for_16_bit_from_black_to_white(base: int, noise: int) -> None:
    rng = np.random.default_rng(0)
    generated, real = (base + rng.integers(0, noise + 1, (2, 90, 70))).astype(np.uint16)
    values = ssim_map(generated, real, data_range=(0, 65535))
    expected = scikit_image_map(generated, real, (0, 65535))
    np.testing.assert_allclose(values, expected, atol=1e-4, rtol=0)


def test_single_precision_suffices_where_black_meets_white() -> None:
    rng = np.random.default_rng(0)
    y, x = np.indices((130, 100))
    blocks = 65000 * ((y // 13 + x // 17) % 2)
    generated, real = (blocks + rng.integers(0, 500, (2, *blocks.shape))).astype(np.uint16)
    values = ssim_map(generated, real, data_range=(0, 65535))
    errors = values - scikit_image_map(generated, real, (0, 65535))
    assert np.abs(errors).max() < 3e-4
    assert abs(errors.mean()) < 1e-5


def test_white_against_black_does_not_overflow() -> None:
    white, black = np.full((20, 20), 65535, np.uint16), np.zeros((20, 20), np.uint16)
    for generated, real in ((white, black), (black, white)):
        values = ssim_map(generated, real, data_range=(0, 65535))
        np.testing.assert_allclose(values, 1e-4 / (1 + 1e-4), rtol=1e-3)
    assert (ssim_map(white, white, data_range=(0, 65535)) == 1).all()


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 255), (100, 120), (255, 128)])
def test_constant_images_differ_in_luminance_alone(first: int, second: int) -> None:
    values = ssim_map(np.full((9, 15), first), np.full((9, 15), second), data_range=(0, 255))
    c1 = (0.01 * 255) ** 2
    expected = (2 * first * second + c1) / (first**2 + second**2 + c1)
    np.testing.assert_allclose(values, expected, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    scale=st.floats(0.01, 200),
    offset=st.floats(-1000, 1000),
)
def test_affine_change_of_images_and_range_does_not_matter(
    seed: int, scale: float, offset: float
) -> None:
    generated, real = textured((20, 24), 255, seed)
    values = ssim_map(generated, real, data_range=(0, 255))
    changed = ssim_map(
        generated * scale + offset,
        real * scale + offset,
        data_range=(offset, 255 * scale + offset),
    )
    np.testing.assert_allclose(changed, values, atol=1e-4, rtol=0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000))
def test_map_is_symmetric_and_at_most_1(seed: int) -> None:
    generated, real = textured((20, 24), 255, seed)
    values = ssim_map(generated, real, data_range=(0, 255))
    assert np.abs(values).max() <= 1 + 1e-6
    np.testing.assert_allclose(ssim_map(real, generated, data_range=(0, 255)), values, atol=1e-4)
    assert (ssim_map(real, real, data_range=(0, 255)) == 1).all()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_raises_with_its_count(value: float) -> None:
    bad = np.zeros((12, 12))
    bad[0, :2] = value
    with pytest.raises(ValueError, match=r"generated image \(12, 12\) holds 2 NaN"):
        ssim_map(bad, np.zeros((12, 12)), data_range=(0, 255))
    with pytest.raises(ValueError, match=r"real image \(12, 12\) holds 2 NaN"):
        ssim_map(np.zeros((12, 12)), bad, data_range=(0, 255))


def test_shapes_that_would_broadcast_raise() -> None:
    with pytest.raises(ValueError, match=r"generated \(1, 12\) and real \(12, 12\)"):
        ssim_map(np.zeros((1, 12)), np.zeros((12, 12)), data_range=(0, 255))


def test_empty_data_range_raises() -> None:
    with pytest.raises(ValueError, match="data_range must be"):
        ssim_map(np.zeros((12, 12)), np.zeros((12, 12)), data_range=(255, 255))

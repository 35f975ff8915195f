from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.measure import block_reduce
from skimage.metrics import structural_similarity

from cem_monai.metrics import Similarity, ms_ssim, ssim
from cem_monai.metrics.similarity import SCALE_WEIGHTS, SMALLEST_SIDE

Image = np.ndarray[Any, Any]
RANGE = (0, 4095)


@pytest.fixture(scope="module")
def pair(phantom: Callable[[int, int], tuple[Image, Image]]) -> tuple[Image, Image, Image]:
    """Generated, real and breast; odd sides, noise and a drift of brightness."""
    tissue, breast = phantom(237, 203)
    rng = np.random.default_rng(2)
    real = tissue + rng.normal(0, 60, breast.shape)
    generated = 0.9 * tissue + 150 + rng.normal(0, 90, breast.shape)
    real, generated = (np.rint(image).clip(0, 4095) for image in (real, generated))
    return generated, real, breast


def naive_ms_ssim(generated: Image, real: Image, region: Image, peak: float) -> float:
    """Wang 2003 in float64; the region is taken from its exact share of each coarse pixel."""
    value = 1.0
    for scale, weight in enumerate(SCALE_WEIGHTS):
        side = 2**scale
        a, b, inside = (_blocks(image.astype(float), side) for image in (real, generated, region))
        mean_a, mean_b, square_a, square_b, product = (
            gaussian_filter(x, 1.5, truncate=3.5, mode="reflect")
            for x in (a, b, a * a, b * b, a * b)
        )
        c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
        variances = square_a - mean_a**2 + square_b - mean_b**2
        values = (2 * (product - mean_a * mean_b) + c2) / (variances + c2)
        if scale == len(SCALE_WEIGHTS) - 1:
            values *= (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
        value *= max(0, values[inside >= 0.5].mean()) ** weight
    return value


def _blocks(image: Image, side: int) -> Image:
    """Means of side x side pixels. Halving an odd side again and again keeps side // 2**scale."""
    rows, columns = (length // side * side for length in image.shape)
    return np.asarray(block_reduce(image[:rows, :columns], (side, side), np.mean))


def test_ssim_is_the_mean_of_scikit_images_map(pair: tuple[Image, Image, Image]) -> None:
    generated, real, breast = pair
    _, values = structural_similarity(
        generated,
        real,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=4095,
        full=True,
    )
    whole = np.ones(real.shape)
    assert ssim(generated, real, whole, data_range=RANGE) == pytest.approx(values.mean(), abs=1e-5)
    of_breast = ssim(generated, real, breast, data_range=RANGE)
    assert of_breast == pytest.approx(values[breast].mean(), abs=1e-5)
    assert of_breast < 0.9


@pytest.mark.parametrize("region", ["whole", "breast", "disk"])
def test_ms_ssim_equals_the_definition_in_double(
    pair: tuple[Image, Image, Image], region: str
) -> None:
    generated, real, breast = pair
    y, x = np.indices(breast.shape)
    disk = np.hypot(y - 118, x - 50) < 20
    mask = {"whole": np.ones(breast.shape), "breast": breast, "disk": disk}[region]
    value = ms_ssim(generated, real, mask, data_range=RANGE)
    assert value == pytest.approx(naive_ms_ssim(generated, real, mask, 4095), abs=1e-5)
    assert value < 0.97


def test_all_regions_at_once_equal_each_alone(pair: tuple[Image, Image, Image]) -> None:
    generated, real, breast = pair
    regions = {"image": np.ones(real.shape), "breast": breast, "air": ~breast}
    similarity = Similarity(real, regions, data_range=RANGE)
    similarity.measure(np.zeros(real.shape))  # leaves nothing behind
    row = similarity.measure(generated)
    assert set(row) == {f"{name}_{kind}" for name in regions for kind in ("ssim", "ms_ssim")}
    for name, region in regions.items():
        assert row[f"{name}_ssim"] == ssim(generated, real, region, data_range=RANGE)
        assert row[f"{name}_ms_ssim"] == ms_ssim(generated, real, region, data_range=RANGE)


def test_single_precision_suffices_for_16_bit_white() -> None:
    rng = np.random.default_rng(1)
    generated, real = 65535 - rng.integers(0, 4000, (2, 180, 190))
    whole = np.ones(real.shape)
    expected = naive_ms_ssim(generated, real, whole, 65535)
    similarity = Similarity(real.astype(np.uint16), {"image": whole}, data_range=(0, 65535))
    row = similarity.measure(generated.astype(np.uint16))
    assert row["image_ms_ssim"] == pytest.approx(expected, abs=1e-4)
    white = np.full(real.shape, 65535, np.uint16)
    assert set(Similarity(white, {"a": whole}, data_range=(0, 65535)).measure(white).values()) == {
        1.0
    }


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), bits=st.sampled_from([8, 12, 16]))
def test_identical_images_are_1_and_no_other_is(seed: int, bits: int) -> None:
    rng = np.random.default_rng(seed)
    real = rng.integers(0, 2**bits, (180, 178)).astype(np.uint16)
    regions = {"all": np.ones(real.shape), "part": rng.random(real.shape) < 0.7}
    similarity = Similarity(real, regions, data_range=(0, 2**bits - 1))
    assert set(similarity.measure(real).values()) == {1.0}
    assert all(value < 1 for value in similarity.measure(real[::-1]).values())


def test_brightness_and_contrast_of_the_generated_image_count(
    pair: tuple[Image, Image, Image],
) -> None:
    _, real, breast = pair
    similarity = Similarity(real, {"breast": breast}, data_range=RANGE)
    brighter, fainter = similarity.measure(real + 1500), similarity.measure(real / 2)
    for row in (brighter, fainter):
        assert all(0.3 < value < 0.99 for value in row.values()), row
    # structure is the same on all scales, luminance counts on the coarsest alone
    luminance = brighter["breast_ssim"]
    assert brighter["breast_ms_ssim"] == pytest.approx(luminance ** SCALE_WEIGHTS[-1], abs=0.01)


def test_inverted_image_has_no_ms_ssim_below_0(pair: tuple[Image, Image, Image]) -> None:
    _, real, _ = pair
    noise = np.random.default_rng(0).integers(0, 4096, real.shape)
    whole = np.ones(real.shape)
    assert ssim(4095 - noise, noise, whole, data_range=RANGE) < 0
    assert ms_ssim(4095 - noise, noise, whole, data_range=RANGE) == 0


def test_empty_region_is_nan(pair: tuple[Image, Image, Image]) -> None:
    generated, real, _ = pair
    row = Similarity(real, {"mass": np.zeros(real.shape)}, data_range=RANGE).measure(generated)
    assert math.isnan(row["mass_ssim"])
    assert math.isnan(row["mass_ms_ssim"])


def test_one_pixel_has_an_ssim_but_no_ms_ssim(pair: tuple[Image, Image, Image]) -> None:
    generated, real, _ = pair
    pixel = np.zeros(real.shape)
    pixel[100, 50] = 1
    assert 0 < ssim(generated, real, pixel, data_range=RANGE) < 1
    assert math.isnan(ms_ssim(generated, real, pixel, data_range=RANGE))


@pytest.mark.parametrize("shape", [(1, 1), (SMALLEST_SIDE - 1, 400), (400, SMALLEST_SIDE - 1)])
def test_small_image_has_an_ssim_but_no_ms_ssim(shape: tuple[int, int]) -> None:
    image, whole = np.zeros(shape, np.uint8), np.ones(shape)
    assert ssim(image, image, whole, data_range=(0, 255)) == 1
    assert math.isnan(ms_ssim(image, image, whole, data_range=(0, 255)))


def test_smallest_image_of_ms_ssim() -> None:
    image = np.zeros((SMALLEST_SIDE, SMALLEST_SIDE), np.uint8)
    assert ms_ssim(image, image, np.ones(image.shape), data_range=(0, 255)) == 1


def test_all_background_is_perfect() -> None:
    black = np.zeros((200, 200), np.uint16)
    row = Similarity(black, {"image": np.ones(black.shape)}, data_range=RANGE).measure(black)
    assert set(row.values()) == {1.0}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_anywhere_raises_with_its_count(pair: tuple[Image, Image, Image], value: float) -> None:
    generated, real, breast = pair
    bad = generated.copy()
    bad[0, -3:] = value  # in the air
    with pytest.raises(ValueError, match=r"generated image \(237, 203\) holds 3 NaN"):
        Similarity(real, {"breast": breast}, data_range=RANGE).measure(bad)
    with pytest.raises(ValueError, match=r"real image \(237, 203\) holds 3 NaN"):
        Similarity(bad, {"breast": breast}, data_range=RANGE)


def test_other_shapes_raise(pair: tuple[Image, Image, Image]) -> None:
    generated, real, breast = pair
    with pytest.raises(ValueError, match=r"mass \(3, 3\) and image \(237, 203\)"):
        Similarity(real, {"breast": breast, "mass": np.ones((3, 3))}, data_range=RANGE)
    with pytest.raises(ValueError, match=r"generated \(203, 237\) and real \(237, 203\)"):
        Similarity(real, {"breast": breast}, data_range=RANGE).measure(generated.T)

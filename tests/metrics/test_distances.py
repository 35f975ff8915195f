from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cem_monai.metrics import grey_values, l1, l2, psnr_frame, psnr_roi
from cem_monai.metrics.distances import RegionDistances

Image = np.ndarray[Any, Any]
BYTE = (0, 255)
FULL = np.ones((6, 8), bool)


def zeros() -> Image:
    return np.zeros((6, 8))


def random_pair(
    seed: int, dtype: type[np.generic] = np.uint8, peak: int = 255
) -> tuple[Image, Image, Image]:
    rng = np.random.default_rng(seed)
    generated, real = rng.integers(0, peak + 1, (2, 6, 8)).astype(dtype)
    mask = rng.random((6, 8)) < 0.5
    mask[0, 0] = True
    return generated, real, mask


def loop(
    generated: Image, real: Image, mask: Image, data_range: tuple[float, float]
) -> list[float]:
    """l1, l2, psnr_roi, psnr_frame pixel by pixel in Python numbers."""
    absolute = squared = 0.0
    pixels = 0
    for y in range(mask.shape[0]):
        for x in range(mask.shape[1]):
            if mask[y, x]:
                error = float(generated[y, x]) - float(real[y, x])
                error *= 255 / (data_range[1] - data_range[0])
                absolute, squared, pixels = absolute + abs(error), squared + error**2, pixels + 1
    roi = 10 * math.log10(255**2 / (squared / pixels))
    return [
        absolute / pixels,
        squared / pixels,
        roi,
        10 * math.log10(255**2 / (squared / mask.size)),
    ]


@pytest.mark.parametrize(
    ("dtype", "data_range"),
    [(np.uint8, (0, 255)), (np.uint16, (0, 4095)), (np.float32, (-100, 1500))],
)
def test_distances_match_a_loop(dtype: type[np.generic], data_range: tuple[float, float]) -> None:
    generated, real, mask = random_pair(3, dtype, 255)
    values = [
        f(generated, real, mask, data_range=data_range) for f in (l1, l2, psnr_roi, psnr_frame)
    ]
    assert values == pytest.approx(loop(generated, real, mask, data_range), abs=1e-9)


@pytest.mark.parametrize(("error", "decibels"), [(1, 48.1308), (10, 28.1308)])
def test_constant_error(error: float, decibels: float) -> None:
    assert psnr_roi(zeros() + error, zeros(), FULL, data_range=BYTE) == pytest.approx(
        decibels, abs=5e-5
    )
    assert l1(zeros() + error, zeros(), FULL, data_range=BYTE) == error
    assert l2(zeros() + error, zeros(), FULL, data_range=BYTE) == error**2


@pytest.mark.parametrize(
    ("mean_square", "decibels"),
    [(192.19, 25.2935), (189.59, 25.3526), (129.97, 26.9924), (2955.36, 13.4247)],
)
def test_psnr_of_mean_square(mean_square: float, decibels: float) -> None:
    generated = zeros() + math.sqrt(mean_square)
    assert psnr_roi(generated, zeros(), FULL, data_range=BYTE) == pytest.approx(decibels, abs=5e-5)


@pytest.mark.parametrize("data_range", [(0, 4095), (1000, 5095)])
def test_12_bit_errors_are_in_grey_levels(data_range: tuple[float, float]) -> None:
    generated = zeros() + 4095 / 255
    assert l1(generated, zeros(), FULL, data_range=data_range) == pytest.approx(1, abs=1e-12)
    assert l2(generated, zeros(), FULL, data_range=data_range) == pytest.approx(1, abs=1e-12)


def test_identical_images_are_infinitely_good() -> None:
    generated, _, mask = random_pair(1)
    assert l1(generated, generated, mask, data_range=BYTE) == 0
    assert psnr_roi(generated, generated, mask, data_range=BYTE) == math.inf
    assert psnr_frame(generated, generated, mask, data_range=BYTE) == math.inf


@pytest.mark.parametrize("distance", [l1, l2, psnr_roi, psnr_frame])
def test_empty_region_is_nan(distance: Any) -> None:
    assert math.isnan(distance(zeros() + 1, zeros(), zeros(), data_range=BYTE))
    assert math.isnan(distance(zeros(), zeros(), zeros(), data_range=BYTE))


@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_white_against_black_does_not_wrap(dtype: type[np.generic], white: int) -> None:
    black, bright = np.zeros((6, 8), dtype), np.full((6, 8), white, dtype)
    for generated, real in ((black, bright), (bright, black)):
        assert l1(generated, real, FULL, data_range=(0, white)) == 255
        assert l2(generated, real, FULL, data_range=(0, white)) == 255**2
        assert psnr_roi(generated, real, FULL, data_range=(0, white)) == 0


def test_uniform_noise_on_bytes() -> None:
    rng = np.random.default_rng(0)
    generated, real = rng.integers(0, 256, (2, 1000, 1000)).astype(np.uint8)
    mask = np.ones(real.shape, bool)
    # E|a - b| = (n^2 - 1) / 3n and E(a - b)^2 = (n^2 - 1) / 6 for independent uniform 0..n-1
    assert l1(generated, real, mask, data_range=BYTE) == pytest.approx(65535 / 768, rel=0.005)
    assert l2(generated, real, mask, data_range=BYTE) == pytest.approx(65535 / 6, rel=0.005)


@given(seed=st.integers(0, 2**32 - 1))
def test_relations_between_the_distances(seed: int) -> None:
    generated, real, mask = random_pair(seed)
    generated[0, 0] = real[0, 0] ^ 1  # inside the mask: not identical
    mean_error, mean_square, roi, frame = (
        f(generated, real, mask, data_range=BYTE) for f in (l1, l2, psnr_roi, psnr_frame)
    )
    assert mean_square >= mean_error**2 - 1e-9
    assert frame - roi == pytest.approx(-10 * math.log10(mask.mean()), abs=1e-9)
    assert l1(real, generated, mask, data_range=BYTE) == mean_error


@given(seed=st.integers(0, 2**32 - 1))
def test_mean_of_psnr_is_at_least_psnr_of_the_pooled_error(seed: int) -> None:
    pairs = [random_pair(seed), random_pair(seed + 1)]
    apart = [psnr_roi(a, b, FULL, data_range=BYTE) for a, b, _ in pairs]
    pooled = np.mean([l2(a, b, FULL, data_range=BYTE) for a, b, _ in pairs])
    assert np.mean(apart) >= 10 * math.log10(255**2 / pooled) - 1e-9


@pytest.mark.parametrize("distance", [l1, l2, psnr_roi, psnr_frame])
@pytest.mark.parametrize("outside", [9, math.nan, math.inf])
def test_values_outside_the_region_do_not_matter(distance: Any, outside: float) -> None:
    generated, real, mask = random_pair(7)
    changed = np.where(mask, generated, outside)
    expected = distance(generated, real, mask, data_range=BYTE)
    assert distance(changed, real, mask, data_range=BYTE) == expected


def test_nan_inside_the_region_shows() -> None:
    generated = zeros()
    generated[0, 0] = math.nan
    assert math.isnan(psnr_roi(generated, zeros(), FULL, data_range=BYTE))


def test_tensors_are_taken() -> None:
    assert l1(torch.ones(6, 8), torch.zeros(6, 8), torch.ones(6, 8), data_range=BYTE) == 1


@pytest.mark.parametrize("distance", [l1, l2, psnr_roi, psnr_frame])
@pytest.mark.parametrize("data_range", [(255, 0), (3, 3), (0, math.nan), (0, math.inf)])
def test_empty_data_range_raises(distance: Any, data_range: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="data_range must be"):
        distance(zeros() + 1, zeros(), FULL, data_range=data_range)


@pytest.mark.parametrize("distance", [l1, l2, psnr_roi, psnr_frame])
def test_shapes_that_would_broadcast_raise(distance: Any) -> None:
    with pytest.raises(ValueError, match=r"mask \(6, 8\) and image \(1, 8\)"):
        distance(np.zeros((1, 8)), zeros(), FULL, data_range=BYTE)
    with pytest.raises(ValueError, match="differ in shape"):
        distance(zeros(), zeros(), np.ones((6, 1)), data_range=BYTE)


def test_grey_values_are_relative_to_the_range() -> None:
    image, region = np.array([[1000, 3000, 5000], [7000, 0, 9]]), np.array([[1, 1, 1], [1, 1, 0]])
    values = grey_values(image.astype(np.uint16), region, data_range=(1000, 5000))
    np.testing.assert_allclose(values, [0, 127.5, 255, 382.5, -63.75])


def test_grey_values_refuse_nan() -> None:
    with pytest.raises(ValueError, match="1 NaN or infinite pixels in the 2 of region"):
        grey_values(np.array([[math.nan, 1.0]]), np.ones((1, 2)), data_range=BYTE)


# All at once


@pytest.mark.parametrize("data_range", [(0, 255), (-100, 1500)])
def test_all_distances_at_once_match_the_loop(data_range: tuple[float, float]) -> None:
    generated, real, mask = random_pair(5)
    found = RegionDistances(real, mask, data_range=data_range).of(generated)
    names = ["l1", "l2", "psnr_roi", "psnr_frame"]
    assert [found[name] for name in names] == pytest.approx(loop(generated, real, mask, data_range))
    assert list(found) == names


def test_part_of_a_frame_counts_the_whole_frame() -> None:
    generated, real, mask = random_pair(6)
    pads = ((3, 0), (10, 40))
    frame, frame_real, frame_mask = (np.pad(array, pads) for array in (generated, real, mask))
    part = RegionDistances(real, mask, data_range=BYTE, frame_pixels=frame.size)
    whole = RegionDistances(frame_real, frame_mask, data_range=BYTE)
    assert part.of(generated) == whole.of(frame)
    assert part.pixels == whole.pixels == mask.sum()


def test_all_distances_of_nothing_and_of_no_error() -> None:
    image = random_pair(7)[0]
    nothing = RegionDistances(image, zeros(), data_range=BYTE).of(image)
    assert all(map(math.isnan, nothing.values()))
    assert RegionDistances(image, FULL, data_range=BYTE).of(image) == {
        **{"l1": 0, "l2": 0},
        **{"psnr_roi": math.inf, "psnr_frame": math.inf},
    }

from __future__ import annotations

import numpy as np
import pytest

from cem_monai.metrics.sliding_window import WindowGrid


@pytest.mark.parametrize(
    ("shape", "windows"),
    [
        ((192, 192), 1),
        ((256, 256), 25),
        ((512, 512), 441),
        ((1024, 1024), 2809),
        ((2850, 2394), 23046),
        ((191, 500), 0),
        ((500, 191), 0),
        ((10, 10), 0),
    ],
)
def test_number_of_positions(shape: tuple[int, int], windows: int) -> None:
    rows, columns = WindowGrid(64, 16).shape(shape)
    assert rows * columns == windows


@pytest.mark.parametrize(("patch_size", "stride"), [(64, 24), (8, 16), (0, 1), (4, 0), (-4, 2)])
def test_patch_that_is_no_multiple_of_the_stride_raises(patch_size: int, stride: int) -> None:
    with pytest.raises(ValueError, match=f"multiple of stride, got patch_size={patch_size}"):
        WindowGrid(patch_size, stride)


@pytest.mark.parametrize("shape", [(12, 12), (13, 17), (30, 25)])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float64])
def test_sums_match_a_loop(shape: tuple[int, int], squared: bool, dtype: type[np.generic]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape).astype(dtype)
    grid = WindowGrid(4, 2)
    patch, background = grid.sums(pixels, squared=squared)
    assert patch.shape == background.shape == grid.shape(shape)
    powers = pixels.astype(np.int64) ** (2 if squared else 1)
    for row in range(patch.shape[0]):
        for column in range(patch.shape[1]):
            y, x = 2 * row, 2 * column
            center = powers[y + 4 : y + 8, x + 4 : x + 8].sum()
            assert patch[row, column] == center
            assert background[row, column] == powers[y : y + 12, x : x + 12].sum() - center


def test_squares_of_16_bit_do_not_wrap() -> None:
    white = np.full((192, 192), 65535, np.uint16)
    patch, background = WindowGrid(64, 16).sums(white, squared=True)
    assert int(patch[0, 0]) == 64**2 * 65535**2
    assert int(background[0, 0]) == 8 * 64**2 * 65535**2


@pytest.mark.parametrize(
    ("dtype", "value", "stride"),
    [
        (np.bool_, 1, 256),
        (np.uint8, 255, 2),
        (np.int8, -128, 16),
        (np.uint16, 11586, 16),  # 16 squares just above 31 bits
        (np.int32, -(2**20), 64),
    ],
)
@pytest.mark.parametrize("squared", [False, True])
def test_sums_do_not_wrap_in_any_type(
    dtype: type[np.generic], value: int, stride: int, squared: bool
) -> None:
    pixels = np.full((3 * stride, 3 * stride), value, dtype)
    patch, background = WindowGrid(stride, stride).sums(pixels, squared=squared)
    expected = stride**2 * value ** (2 if squared else 1)
    assert (int(patch[0, 0]), int(background[0, 0])) == (expected, 8 * expected)


def test_pixels_of_positions_are_their_squares() -> None:
    grid = WindowGrid(4, 2)
    pixels = np.random.default_rng(0).integers(0, 256, (30, 25))
    positions = slice(1, 4), slice(2, 3)
    parts, wholes = grid.sums(pixels[grid.pixels_of(positions)]), grid.sums(pixels)
    for part, whole in zip(parts, wholes, strict=True):
        np.testing.assert_array_equal(part, whole[positions])

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cem_monai.metrics import mirrored_region

Image = np.ndarray[Any, Any]


def box(shape: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]) -> Image:
    mask = np.zeros(shape, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def test_same_breast_gives_the_same_place() -> None:
    breast = box((20, 20), (3, 17), (0, 11))
    lesion = box((20, 20), (8, 11), (4, 7))
    np.testing.assert_array_equal(mirrored_region(lesion, breast, breast), lesion)


def test_place_is_measured_from_the_chest_wall_and_the_middle_row() -> None:
    breast = box((20, 20), (3, 17), (0, 11))  # middle row 9
    other = box((30, 25), (9, 29), (2, 16))  # middle row 18, two columns of air at the left
    lesion = box((20, 20), (8, 11), (4, 7))
    expected = box((30, 25), (17, 20), (6, 9))
    np.testing.assert_array_equal(mirrored_region(lesion, breast, other), expected)


def test_part_outside_the_other_breast_is_left_out() -> None:
    breast, other = box((20, 20), (2, 18), (0, 15)), box((20, 20), (6, 14), (0, 8))
    lesion = box((20, 20), (9, 12), (6, 12))
    expected = box((20, 20), (9, 12), (6, 8))
    np.testing.assert_array_equal(mirrored_region(lesion, breast, other), expected)


def test_place_outside_the_other_breast_or_image_is_empty() -> None:
    breast = box((40, 40), (2, 38), (0, 30))
    lesion = box((40, 40), (18, 22), (25, 29))
    assert not mirrored_region(lesion, breast, box((40, 40), (10, 30), (0, 8))).any()
    assert mirrored_region(lesion, breast, np.ones((12, 12))).shape == (12, 12)
    assert not mirrored_region(lesion, breast, np.ones((12, 12))).any()


@pytest.mark.parametrize("empty", range(3))
def test_empty_mask_gives_an_empty_one(empty: int) -> None:
    masks = [np.ones((5, 5)) for _ in range(3)]
    masks[empty] = np.zeros((5, 5))
    mirrored = mirrored_region(*masks)
    assert mirrored.shape == (5, 5)
    assert not mirrored.any()


def test_one_pixel_breasts() -> None:
    pixel, other = box((5, 5), (1, 2), (3, 4)), box((6, 4), (5, 6), (0, 1))
    np.testing.assert_array_equal(mirrored_region(pixel, pixel, other), other)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_equals_a_loop_over_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    breast, other = rng.random((9, 11)) < 0.3, rng.random((12, 8)) < 0.4
    breast[4, 4] = other[5, 5] = True
    lesion = rng.random((9, 11)) < 0.3
    expected = np.zeros(other.shape, bool)
    for y, x in np.argwhere(lesion):
        target_y, target_x = y - middle_row(breast) + middle_row(other), x - left(breast)
        target_x += left(other)
        if 0 <= target_y < 12 and 0 <= target_x < 8:
            expected[target_y, target_x] = other[target_y, target_x]
    np.testing.assert_array_equal(mirrored_region(lesion, breast, other), expected)


def middle_row(mask: Image) -> int:
    rows = [int(y) for y, _ in np.argwhere(mask)]
    return (min(rows) + max(rows)) // 2


def left(mask: Image) -> int:
    return min(int(x) for _, x in np.argwhere(mask))


def test_masks_of_another_shape_raise() -> None:
    with pytest.raises(ValueError, match=r"mask \(3, 3\) and image \(4, 4\)"):
        mirrored_region(np.ones((3, 3)), np.ones((4, 4)), np.ones((4, 4)))

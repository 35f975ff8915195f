from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cem_monai.evaluation import breast_coordinates
from cem_monai.evaluation.breast_coordinates import depth_from_skin, relative_intensity

Mask = npt.NDArray[np.bool_]


def half_disk(rows: int, columns: int, radius: float) -> Mask:
    """A breast at the left edge."""
    y, x = np.mgrid[:rows, :columns]
    return np.asarray(np.hypot(y - (rows - 1) / 2, x) < radius)


def naive_depth(breast: Mask) -> npt.NDArray[Any]:
    """Distance of each pixel to each pixel of air."""
    distances = [min(np.hypot(*(air - one)) for air in np.argwhere(~breast)) for one in _of(breast)]
    return np.array(distances) / max(distances)


def _of(breast: Mask) -> npt.NDArray[Any]:
    return np.argwhere(breast)


@pytest.mark.parametrize("radius", [3.5, 6.2, 9.0])  # 9: cut at top and bottom
def test_depth_is_the_distance_to_air(radius: float) -> None:
    breast = half_disk(14, 16, radius)

    np.testing.assert_allclose(depth_from_skin(breast), naive_depth(breast))


def test_depth_of_scattered_pixels_is_the_distance_to_air() -> None:
    breast = np.zeros((20, 30), bool)
    breast[5:12, 8:19] = np.random.default_rng(0).random((7, 11)) < 0.8

    np.testing.assert_allclose(depth_from_skin(breast), naive_depth(breast))


def test_borders_of_the_image_are_no_skin() -> None:
    breast = np.zeros((5, 8), bool)
    breast[:, :4] = True  # from top to bottom, chest wall at the left

    depth = depth_from_skin(breast).reshape(5, 4)

    assert depth.tolist() == [[1, 0.75, 0.5, 0.25]] * 5


def test_depth_follows_a_mask_that_changes_in_place() -> None:
    breast = half_disk(9, 9, 4)
    depth_from_skin(breast)
    breast[4, 2] = False

    np.testing.assert_allclose(depth_from_skin(breast), naive_depth(breast))


def test_masks_of_the_same_pixels_and_another_shape_are_not_mixed_up() -> None:
    pixels = np.array([1, 1, 1, 0, 1, 1, 0, 0], bool)

    wide, high = pixels.reshape(2, 4), pixels.reshape(4, 2)

    np.testing.assert_allclose(depth_from_skin(wide), naive_depth(wide))
    np.testing.assert_allclose(depth_from_skin(high), naive_depth(high))


def test_depth_of_one_mask_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    transform = breast_coordinates.distance_transform_edt
    monkeypatch.setattr(
        breast_coordinates, "distance_transform_edt", lambda a: calls.append(1) or transform(a)
    )
    breast = half_disk(11, 13, 5.5)

    first, second = depth_from_skin(breast), depth_from_skin(breast.copy())

    assert first is second
    assert len(calls) == 1
    assert not first.flags.writeable


def test_mask_without_a_pixel_raises() -> None:
    with pytest.raises(ValueError, match="the breast mask has no pixel"):
        depth_from_skin(np.zeros((3, 4), bool))


def test_mask_without_air_raises() -> None:
    with pytest.raises(ValueError, match="the breast fills all of the 3 x 4 pixels"):
        depth_from_skin(np.ones((3, 4), bool))


def test_intensity_runs_from_percentile_1_to_99_of_the_breast() -> None:
    image = np.full((3, 101), 1e6)
    image[1] = np.arange(101) * 7 - 300
    breast = np.zeros(image.shape, bool)
    breast[1] = True

    intensity = relative_intensity(image, breast)

    np.testing.assert_allclose(intensity, ((np.arange(101) - 1) / 98).clip(0, 1), atol=1e-12)


def test_uniform_breast_has_intensity_zero() -> None:
    intensity = relative_intensity(np.full((3, 3), 0.25), np.eye(3, dtype=bool))

    assert intensity.tolist() == [0, 0, 0]


def test_intensity_that_is_not_finite_raises() -> None:
    image = np.array([[1, np.nan, np.inf, np.nan]])

    with pytest.raises(ValueError, match="2 of 3 low-energy pixels in the breast are not finite"):
        relative_intensity(image, np.array([[True, True, True, False]]))

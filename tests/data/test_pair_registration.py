from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cem_monai.data import Registration, RegistrationError, register_pair, to_recombined_frame

SIDE = 256


def exposures(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Make the two images of one made-up breast: shared edges, other contrasts, own noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    height, depth, middle = rng.uniform((0.35, 0.4, 0.45), (0.45, 0.7, 0.55))
    inside = ((y - middle) / height) ** 2 + (x / depth) ** 2
    breast = inside < 1
    gland = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), 3) > 0.05
    lesion = np.hypot(y - middle, x - 0.3 * depth) < 0.05
    low_energy = breast * (80 + 60 * gland + 40 * lesion + 30 * (inside < 0.9))
    recombined = breast * (60 - 12 * gland + 60 * lesion - 20 * (inside < 0.9))
    noise = rng.normal(0, (4, 4), (SIDE, SIDE, 2))
    return (
        low_energy + breast * noise[..., 0],
        ndimage.gaussian_filter(recombined, 0.7) + breast * noise[..., 1],
    )


@pytest.mark.parametrize(
    ("scale", "rows", "columns"),
    [(1, 0, 0), (1, 12, -5), (1, -30, 9), (0.93, 14, 6), (1.06, -20, -8)],
)
def test_known_scale_gives_the_shift_to_a_pixel(scale: float, rows: int, columns: int) -> None:
    truth = Registration(scale, rows, columns, 1)
    low_energy, recombined = exposures(0)
    moved = to_recombined_frame(recombined, truth, (SIDE, SIDE), order=1)
    assert largest_error(register_pair(low_energy, moved, scale=scale), truth) <= 1


@pytest.mark.parametrize("scale", [0.94, 1.0, 1.05])
def test_unknown_scale_is_found(scale: float) -> None:
    truth = Registration(scale, 6, -3, 1)
    low_energy, recombined = (image[48:208, :176] for image in exposures(1))
    moved = to_recombined_frame(recombined, truth, (160, 176), order=1)
    found = register_pair(low_energy, moved, scale=None)
    assert found.scale == pytest.approx(scale, abs=0.01)
    assert largest_error(found, truth) <= 2.5


def test_crop_and_padding_are_undone() -> None:
    low_energy, recombined = exposures(2)
    cropped = np.pad(recombined[20:, :220], ((3, 0), (40, 35)))
    found = register_pair(low_energy, cropped, scale=1)
    assert largest_error(found, Registration(1, -17, 40, 1)) <= 1


def test_larger_images_give_the_same_shift_in_their_pixels() -> None:
    low_energy, recombined = (image.repeat(3, 0).repeat(3, 1) for image in exposures(3))
    moved = np.pad(recombined[24:], ((0, 24), (0, 10)))
    found = register_pair(low_energy, moved, scale=1)
    assert largest_error(found, Registration(1, -24, 0, 1)) <= 2  # one pixel of the reduced copies


def test_gray_values_may_have_any_unit() -> None:
    low_energy, recombined = exposures(4)
    found = register_pair(low_energy, recombined, scale=1)
    other = register_pair(low_energy * 16 + 5, recombined / 7, scale=1)
    assert (other.rows, other.columns) == (found.rows, found.columns)
    assert other.quality == pytest.approx(found.quality, abs=1e-6)


def test_different_breasts_are_refused() -> None:
    with pytest.raises(RegistrationError, match=r"correlate by -?0\.0") as caught:
        register_pair(exposures(5)[0], exposures(6)[1], scale=1)
    assert "\n" not in str(caught.value)


def test_noise_is_refused() -> None:
    noise = np.random.default_rng(0).normal(100, 10, (2, SIDE, SIDE))
    with pytest.raises(RegistrationError, match="needed"):
        register_pair(*noise, scale=1)


@pytest.mark.parametrize("which", [0, 1])
def test_image_of_air_alone_is_refused(which: int) -> None:
    images = list(exposures(0))
    images[which] = np.zeros((SIDE, SIDE))
    with pytest.raises(RegistrationError, match=f"the {('low-energy', 'recombined')[which]} image"):
        register_pair(*images, scale=1)


def test_shift_beyond_plausibility_is_refused() -> None:
    low_energy, recombined = exposures(0)
    moved = np.pad(recombined, ((300, 0), (0, 0)))
    with pytest.raises(RegistrationError, match=r"shift of 1\d\d pixels"):
        register_pair(low_energy, moved, scale=1)


@pytest.mark.parametrize("scale", [0.5, 2.0, float("nan")])
def test_implausible_scale_is_refused(scale: float) -> None:
    with pytest.raises(RegistrationError, match=f"the scale is {scale:g}"):
        register_pair(*exposures(0), scale=scale)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_not_finite_are_counted(value: float) -> None:
    low_energy, recombined = exposures(0)
    recombined[3:5, 7] = value
    with pytest.raises(ValueError, match="the recombined image has 2 pixels that are not finite"):
        register_pair(low_energy, recombined, scale=1)


def test_color_image_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"low-energy image must be \(H, W\), got \(4, 4, 3\)"):
        register_pair(np.zeros((4, 4, 3)), np.zeros((4, 4)), scale=1)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (10, 10)])
def test_tiny_images_are_refused(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).normal(size=shape)
    with pytest.raises(RegistrationError):
        register_pair(image, exposures(0)[1], scale=1)


def largest_error(found: Registration, truth: Registration) -> float:
    corners = np.array([(0, 0), (0, SIDE), (SIDE, 0), (SIDE, SIDE)])
    return float(np.abs(found.apply(corners) - truth.apply(corners)).max())

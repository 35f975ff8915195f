from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cem_monai.data import BreastMaskError, breast_mask

SIZE = (600, 400)


def _breast(height: int = SIZE[0], width: int = SIZE[1]) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return ((y - height / 2) / (0.42 * height)) ** 2 + (x / (0.6 * width)) ** 2 < 1


def _oblique() -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return _breast() | (x < 150 * (1 - y / 400))  # with the pectoral muscle up to the top edge


def _image(breast: np.ndarray, *, noise: float = 0, skin: float = 0, seed: int = 1) -> np.ndarray:
    """Return tissue of 1500 to 2500 in air of 100 with noise and a skin line `skin` pixels wide."""
    random = np.random.default_rng(seed)
    texture = ndimage.gaussian_filter(random.normal(size=breast.shape), 8)
    tissue = 2000 + 300 * texture / texture.std()
    share = ndimage.gaussian_filter(breast.astype(float), skin) if skin else breast
    return 100 + share * (tissue - 100) + random.normal(0, noise, breast.shape)


def _dice(found: np.ndarray, true: np.ndarray) -> float:
    return float(2 * (found & true).sum() / (found.sum() + true.sum()))


def _with_label(image: np.ndarray) -> np.ndarray:
    labeled = image.copy()
    labeled[20:60, 330:390] = 4095
    return labeled


def _with_frame(image: np.ndarray) -> np.ndarray:
    framed = np.full_like(image, 4095)
    framed[4:-4, :-4] = image[4:-4, :-4]
    return framed


CASES: dict[str, tuple[np.ndarray, np.ndarray, float]] = {
    "clean": (_image(_breast()), _breast(), 0.98),
    "oblique": (_image(_oblique()), _oblique(), 0.98),
    "noisy air": (_image(_breast(), noise=40), _breast(), 0.98),
    "soft skin line": (_image(_breast(), noise=20, skin=6), _breast(), 0.97),
    "bright label": (_with_label(_image(_breast(), noise=20)), _breast(), 0.98),
    "white frame": (_with_frame(_image(_breast(), noise=20)), _breast(), 0.97),
}


@pytest.mark.parametrize("case", CASES)
def test_mask_covers_the_breast(case: str) -> None:
    image, breast, dice = CASES[case]
    mask = breast_mask(image)
    assert mask.dtype == bool
    assert mask.shape == image.shape
    assert _dice(mask, breast) > dice


def test_mask_is_one_region_without_holes() -> None:
    breast = _breast()
    image = _image(breast, noise=20)
    image[280:310, 60:100] = 100  # as dark as air
    image[20:60, 330:390] = 4095  # a label far away
    mask = breast_mask(image)
    assert ndimage.label(mask)[1] == 1
    assert mask[295, 80]
    assert not mask[40, 360]


def test_orientation_does_not_matter() -> None:
    image = _image(_oblique(), noise=20)
    np.testing.assert_array_equal(breast_mask(image[:, ::-1]), breast_mask(image)[:, ::-1])


@pytest.mark.parametrize("size", [(1025, 700), (1100, 771), (1537, 513), (513, 514), (130, 90)])
@pytest.mark.parametrize("offset", [0, 20000, -5000])
def test_any_size_and_any_offset_of_the_values(size: tuple[int, int], offset: float) -> None:
    breast = _breast(*size)
    mask = breast_mask(_image(breast) + offset)
    assert mask.shape == size
    assert _dice(mask, breast) > 0.97


def test_integers_are_taken_as_they_are() -> None:
    image = _image(_breast())
    mask = breast_mask(image.astype(np.uint16))
    assert _dice(mask, _breast()) > 0.98


def test_constant_image_is_refused() -> None:
    with pytest.raises(BreastMaskError, match=r"the image is constant \(7\)"):
        breast_mask(np.full(SIZE, 7.0))


@pytest.mark.parametrize("breast", [_breast(), _oblique()], ids=["CC", "MLO"])
@pytest.mark.parametrize("noise", [0, 40])
def test_inverted_polarity_is_refused(breast: np.ndarray, noise: float) -> None:
    image = _image(breast, noise=noise)
    with pytest.raises(BreastMaskError, match="wrong polarity"):
        breast_mask(4095 - image)


def test_image_without_air_is_refused() -> None:
    with pytest.raises(BreastMaskError, match="no air around the breast"):
        breast_mask(_image(np.ones(SIZE, bool), noise=20))


@pytest.mark.parametrize("radius", [5, 30])
def test_speck_is_no_breast(radius: int) -> None:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    speck = (y - 300) ** 2 + (x - 100) ** 2 < radius**2
    with pytest.raises(BreastMaskError):
        breast_mask(_image(speck))


def test_image_of_another_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match=r"low_energy must be \(H, W\), got \(1, 600, 400\)"):
        breast_mask(np.zeros((1, *SIZE)))

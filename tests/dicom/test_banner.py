from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cem_monai.dicom import BANNER, erase_banner, paint_banner

TOP = 4095


def _breast(height: int, width: int, *, right: bool = False, depth: float = 0.6) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    inside = ((y - height / 2) / (0.4 * height)) ** 2 + (x / (depth * width)) ** 2 < 1
    return inside[:, ::-1] if right else inside


def _paint(breast: np.ndarray, *, right: bool = False, text: str = BANNER) -> np.ndarray:
    pixels = np.where(breast, 1000, 0).astype(np.uint16)
    before = pixels.copy()
    painted = paint_banner(pixels, breast, value=TOP, chest_wall_at_right=right, text=text)
    np.testing.assert_array_equal(pixels, before)  # the argument stays as it is
    assert painted.shape == pixels.shape
    assert painted.dtype == pixels.dtype
    return painted


@pytest.mark.parametrize("right", [False, True], ids=["left", "right"])
@pytest.mark.parametrize("size", [(256, 160), (512, 512), (700, 300), (200, 400)])
def test_text_stands_in_the_air_opposite_the_chest_wall(size: tuple[int, int], right: bool) -> None:
    breast = _breast(*size, right=right)
    marked = _paint(breast, right=right) == TOP
    assert marked.sum() > 100
    assert not (marked & breast).any()
    columns = np.flatnonzero(marked.any(axis=0))
    far_edge = columns[0] if right else size[1] - 1 - columns[-1]
    assert far_edge < size[1] / 10


@pytest.mark.parametrize("right", [False, True], ids=["left", "right"])
def test_nothing_but_the_text_changes(right: bool) -> None:
    breast = _breast(300, 200, right=right)
    painted = _paint(breast, right=right)
    assert set(np.unique(painted)) == {0, 1000, TOP}
    np.testing.assert_array_equal(painted[breast], 1000)


def test_text_is_legible() -> None:
    """Every letter of the text is a component of its own, of the height asked for."""
    marked = _paint(_breast(1600, 1200)) == TOP
    letters = ndimage.find_objects(ndimage.label(marked, np.ones((3, 3)))[0])
    heights = sorted(rows.stop - rows.start for rows, _ in letters)
    assert len(letters) == len(BANNER.replace(" ", ""))
    assert heights[len(heights) // 2] >= 1600 / 32 / 2


def test_text_turns_upright_where_the_air_is_narrow() -> None:
    breast = np.zeros((600, 200), bool)
    breast[:, :150] = True
    marked = _paint(breast) == TOP
    assert not (marked & breast).any()
    rows, columns = (np.flatnonzero(marked.any(axis=axis)) for axis in (1, 0))
    assert rows[-1] - rows[0] > 3 * (columns[-1] - columns[0])


@pytest.mark.parametrize("right", [False, True], ids=["left", "right"])
def test_strip_at_the_far_edge_where_no_air_is_left(right: bool) -> None:
    breast = np.ones((400, 300), bool)
    painted = _paint(breast, right=right)
    assert (painted == TOP).sum() > 100
    changed = np.flatnonzero((painted != 1000).any(axis=0))
    assert (painted[:, changed] != 1000).all(), "the strip runs along the whole edge"
    assert len(changed) < 40
    assert changed[0] == 0 if right else changed[-1] == 299


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 8), (8, 1), (4, 4), (8, 6), (6, 8), (16, 12), (40, 30)]
)
@pytest.mark.parametrize("covered", [False, True], ids=["all air", "all breast"])
def test_the_smallest_image_is_marked(size: tuple[int, int], covered: bool) -> None:
    painted = _paint(np.full(size, covered))
    assert (painted == TOP).any()


def test_eight_bit_image() -> None:
    pixels = np.zeros((128, 128), np.uint8)
    painted = paint_banner(pixels, pixels > 0, value=255, chest_wall_at_right=False)
    assert painted.dtype == np.uint8
    assert painted.max() == 255


def test_text_can_be_chosen() -> None:
    breast = _breast(256, 256)
    assert not np.array_equal(_paint(breast, text="A"), _paint(breast, text="B"))


def _erase(image: np.ndarray, breast: np.ndarray, *, right: bool) -> np.ndarray:
    pixels = image.astype(np.float32)
    return erase_banner(pixels, breast, value=TOP, background=0, chest_wall_at_right=right)


@pytest.mark.parametrize("right", [False, True], ids=["left", "right"])
@pytest.mark.parametrize("depth", [0.6, 2.0], ids=["air", "no air: strip"])
def test_erased_text_becomes_air(depth: float, right: bool) -> None:
    breast = _breast(512, 400, right=right, depth=depth)
    air = 20
    before = np.where(breast, 1000, air).astype(np.uint16)
    painted = paint_banner(before, breast, value=TOP, background=0, chest_wall_at_right=right)
    covered = painted != before

    erased = _erase(painted, breast, right=right)

    np.testing.assert_array_equal(erased[~covered], before[~covered])
    np.testing.assert_array_equal(erased[covered], air)


def test_image_without_the_text_stays_as_it_is() -> None:
    breast = _breast(512, 400)
    painted = _paint(breast)
    painted[painted == TOP] -= 1

    np.testing.assert_array_equal(_erase(painted, breast, right=False), painted)


def test_text_elsewhere_stays() -> None:
    breast = _breast(512, 400)

    erased = _erase(_paint(breast), breast[:, ::-1], right=True)

    np.testing.assert_array_equal(erased, _paint(breast))

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cem_monai.data import PictureError, breast_mask, pixels_sha256, read_picture_mammogram
from cem_monai.data.breast import chest_wall_side
from cem_monai.data.picture_name import is_subtracted, named_laterality
from cem_monai.dicom import Laterality
from pictures import breast_picture, write_picture


@pytest.mark.parametrize("name", ["P1_{}_DM_CC", "scan-{}CC-3", "a {} b", "17.{}.x"])
@pytest.mark.parametrize("laterality", ["L", "R"])
def test_chest_wall_comes_to_the_left(tmp_path, name, laterality):
    stored = breast_picture(laterality=laterality)
    path = write_picture(tmp_path / f"{name.format(laterality)}.png", stored)
    image = read_picture_mammogram(path)
    assert (image.laterality.value, image.laterality_from) == (laterality, "name")
    assert image.flipped == (laterality == "R")
    np.testing.assert_array_equal(image.pixels, stored[:, ::-1] if image.flipped else stored)
    assert image.value_range == (0, 255)
    np.testing.assert_array_equal(image.breast, breast_mask(image.pixels))


@pytest.mark.parametrize("laterality", ["L", "R"])
def test_pixels_tell_the_breast_where_the_name_does_not(tmp_path, laterality):
    picture = breast_picture(laterality=laterality)
    image = read_picture_mammogram(write_picture(tmp_path / "image7.png", picture))
    assert (image.laterality.value, image.laterality_from) == (laterality, "pixels")


def test_padding_at_the_chest_wall_does_not_hide_it():
    for laterality in Laterality:
        breast = breast_picture(laterality=laterality.value) > 0
        assert chest_wall_side(np.pad(breast, ((0, 0), (30, 30))))[0] is laterality


def test_mirrored_image_is_refused(tmp_path):
    path = write_picture(tmp_path / "P1_L_DM_CC.png", breast_picture(laterality="R"))
    with pytest.raises(PictureError, match=r"name tells breast L, .* breast R: mirrored"):
        read_picture_mammogram(path)


def test_symmetric_breast_needs_a_name(tmp_path):
    y, x = np.mgrid[-1:1:60j, -1:1:60j]
    disk = np.where(np.hypot(x, y) < 0.8, 120 + 60 * y, 0).astype(np.uint8)
    with pytest.raises(PictureError, match=r"neither its name .* nor its pixels tell"):
        read_picture_mammogram(write_picture(tmp_path / "a.png", disk))
    assert read_picture_mammogram(write_picture(tmp_path / "R.png", disk)).flipped


def test_inverted_and_empty_images_are_refused(tmp_path):
    inverted = write_picture(tmp_path / "L.png", 255 - breast_picture())
    with pytest.raises(PictureError, match="polarity"):
        read_picture_mammogram(inverted)
    black = write_picture(tmp_path / "L2_L.png", np.zeros((20, 20), np.uint8))
    with pytest.raises(PictureError, match="constant"):
        read_picture_mammogram(black)


def test_image_named_virtual_is_refused(tmp_path):
    """Even where a program has thrown its text chunks away."""
    path = write_picture(tmp_path / "P1_L_DM_CC_VIRTUAL_DES.png")
    with pytest.raises(PictureError, match="a generated image is no input"):
        read_picture_mammogram(path)


@pytest.mark.parametrize(
    ("name", "laterality"),
    [
        ("P12_R_DM_MLO_2", "R"),
        ("patient left cc", "L"),
        ("RIGHT", "R"),
        ("lmlo", "L"),
        ("L_R", None),
        ("light", None),
        ("REFT", None),
        ("DMR", None),
        ("LM", None),
    ],
)
def test_what_a_name_tells_of_the_breast(name, laterality):
    found = named_laterality(Path(f"{name}.png"))
    assert (found and found.value) == laterality


@pytest.mark.parametrize(
    ("name", "subtracted"),
    [
        ("P1_L_CM_CC.jpg", True),
        ("P99_L_CM_MLO_2.jpg", True),
        ("P281_L_CM_MLO2.jpg", True),
        ("P3_L_CM_CC .jpg", True),
        ("P1_L_DM_CC.jpg", False),
        ("CM.jpg", False),
        ("P1_CM.jpg", False),
    ],
)
def test_subtracted_images_by_name(name, subtracted):
    assert is_subtracted(Path(name)) is subtracted


def test_hash_is_of_the_values_alone():
    values = np.arange(12).reshape(3, 4)
    assert pixels_sha256(values.astype(np.uint8)) == pixels_sha256(values.astype(np.float32))
    assert pixels_sha256(np.asfortranarray(values)) == pixels_sha256(values)
    different = [values.T, values.reshape(4, 3), values[:, ::-1], values + 1]
    assert len({pixels_sha256(one) for one in (values, *different)}) == 5

from __future__ import annotations

import json

import numpy as np
import pydicom
import pytest
import torch
from monai.data import DataLoader, Dataset
from monai.transforms import Compose, DivisiblePadd, Invertd, LoadImage, LoadImaged, Resized

from cem_monai.data import mask_path, write_mask
from cem_monai.dicom import MammogramError, read_mammogram
from cem_monai.transforms import (
    BreastMask,
    BreastMaskd,
    CEMLoadImaged,
    CEMSaveImaged,
    MammogramReader,
)
from exams import breast_and_mass, write_exam

SIZE = 64


@pytest.fixture
def exam(tmp_path):
    write_exam(tmp_path, "TEST-000", size=SIZE)
    return tmp_path / "TEST-000"


def item(exam, laterality="L"):
    recombined = exam / f"{laterality}_CC_DES.dcm"
    masks = {region: str(mask_path(recombined, region)) for region in ("mass", "surround")}
    return {"image": str(exam / f"{laterality}_CC_LE.dcm"), "label": str(recombined), **masks}


def test_loads_what_the_reader_reads(exam):
    loaded = CEMLoadImaged(["image", "label"])(item(exam))
    for key in ("image", "label"):
        assert loaded[key].shape == (1, SIZE, SIZE)
        expected = read_mammogram(item(exam)[key]).pixels
        assert np.array_equal(loaded[key][0].numpy(), expected)


def test_metadata_tell_range_and_spacing_and_no_patient(exam):
    image = CEMLoadImaged("image")(item(exam))["image"]
    assert (image.meta["value_low"], image.meta["value_high"]) == (0, 4095)
    assert image.affine.tolist() == [[0.5, 0, 0], [0, 0.5, 0], [0, 0, 1]]
    without_path = {key: str(value) for key, value in image.meta.items() if "filename" not in key}
    assert "TEST" not in json.dumps(without_path)


@pytest.mark.parametrize("laterality", ["L", "R"])
def test_masks_are_mirrored_with_their_image(exam, laterality):
    loaded = CEMLoadImaged(["image", "label"], mask_keys=["mass"])(item(exam, laterality))
    _, mass, _ = breast_and_mass(SIZE)
    assert np.array_equal(loaded["mass"][0].numpy() > 0, mass)


def test_missing_mask_is_empty_and_missing_optional_mask_absent(exam):
    data = item(exam)
    del data["mass"]
    loaded = CEMLoadImaged("image", mask_keys=["mass"], optional_mask_keys=["breast"])(data)
    assert loaded["mass"].shape == (1, SIZE, SIZE)
    assert loaded["mass"].sum() == 0
    assert "breast" not in loaded


def test_mask_of_another_size_is_refused(exam):
    data = item(exam)
    write_mask(np.ones((5, 7), bool), data["mass"], (1, 1))
    with pytest.raises(ValueError, match="5 x 7"):
        CEMLoadImaged("image", mask_keys=["mass"])(data)


def test_unusable_file_is_named(exam):
    data = item(exam)
    with open(data["image"], "r+b") as file:
        file.truncate(2000)
    with pytest.raises(MammogramError, match=r"L_CC_LE\.dcm.*PixelData \(7FE0,0010\)"):
        CEMLoadImaged("image")(data)


def test_is_found_as_a_loader_by_class_and_by_name():
    assert isinstance(CEMLoadImaged("image"), LoadImaged)
    assert "LoadImage" in CEMLoadImaged.__name__
    assert "SaveImage" in CEMSaveImaged.__name__


def test_reader_works_inside_monai_load_image(exam):
    path = item(exam, "R")["image"]
    loaded = LoadImage(reader=MammogramReader(), ensure_channel_first=True)(path, MammogramReader())
    assert np.array_equal(loaded[0].numpy(), read_mammogram(path).pixels)


def test_two_images_collate_into_a_batch(exam):
    data = [item(exam, "L"), item(exam, "R")]
    batch = next(iter(DataLoader(Dataset(data, CEMLoadImaged("image")), batch_size=2)))
    assert batch["image"].shape == (2, 1, SIZE, SIZE)


def test_breast_mask_finds_the_breast(exam):
    image = CEMLoadImaged("image")(item(exam))["image"]
    found = BreastMask()(image)[0].numpy() > 0
    breast, _, _ = breast_and_mass(SIZE)
    assert 2 * (found & breast).sum() / (found.sum() + breast.sum()) > 0.97


def test_breast_mask_of_the_item_is_kept(exam):
    own = torch.ones(1, SIZE, SIZE)
    data = {**CEMLoadImaged("image")(item(exam)), "breast": own}
    assert BreastMaskd()(data)["breast"] is own


def test_breast_mask_error_names_the_file(exam):
    loaded = CEMLoadImaged("image")(item(exam))
    loaded["image"] = loaded["image"] * 0
    with pytest.raises(ValueError, match=r"L_CC_LE\.dcm"):
        BreastMaskd()(loaded)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(b"weights")
    return path


@pytest.mark.parametrize("laterality", ["L", "R"])
@pytest.mark.parametrize("resize", [False, True])
def test_saved_pixels_lie_where_they_were_in_the_source(
    exam, weights, tmp_path, laterality, resize
):
    """The low-energy image itself, through padding and resizing and back, is the generated one."""
    steps = [CEMLoadImaged("image")]
    if resize:
        steps.append(Resized("image", spatial_size=2 * SIZE, size_mode="longest", mode="nearest"))
    steps.append(DivisiblePadd("image", k=48, method="end"))
    preprocessing = Compose(steps)
    data = preprocessing(item(exam, laterality))
    data["pred"] = data["image"].clone()
    invert = Invertd("pred", preprocessing, orig_keys="image", nearest_interp=True)
    save = CEMSaveImaged("pred", output_dir=tmp_path / "out", model_name="m", weights=weights)
    save(invert(data))
    (path,) = (tmp_path / "out").glob("*.dcm")
    saved = pydicom.dcmread(path).pixel_array
    source = pydicom.dcmread(item(exam, laterality)["image"]).pixel_array
    breast, _, _ = breast_and_mass(SIZE)
    breast = breast[:, ::-1] if laterality == "R" else breast
    assert np.array_equal(saved[breast], source[breast])


def test_saving_again_replaces_the_same_file(exam, weights, tmp_path):
    save = CEMSaveImaged("pred", output_dir=tmp_path / "out", model_name="m", weights=weights)
    data = CEMLoadImaged("image")(item(exam))
    for _ in range(2):
        save({**data, "pred": data["image"]})
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_image_of_another_size_is_not_saved(exam, weights, tmp_path):
    save = CEMSaveImaged("pred", output_dir=tmp_path / "out", model_name="m", weights=weights)
    data = CEMLoadImaged("image")(item(exam))
    with pytest.raises(ValueError, match="64"):
        save({**data, "pred": data["image"][:, :32]})
    assert not (tmp_path / "out").exists()


def test_pixels_that_are_not_finite_are_not_saved(exam, weights, tmp_path):
    save = CEMSaveImaged("pred", output_dir=tmp_path / "out", model_name="m", weights=weights)
    data = CEMLoadImaged("image")(item(exam))
    broken = data["image"].clone()
    broken[0, 3, 4] = float("nan")
    with pytest.raises(ValueError, match=r"L_CC_LE\.dcm: 1 generated pixels are not finite"):
        save({**data, "pred": broken})
    assert not (tmp_path / "out").exists()


def test_other_settings_give_another_instance(exam, weights, tmp_path):
    data = CEMLoadImaged("image")(item(exam))
    for settings in ({"image_size": 1024}, {"image_size": 0}):
        save = CEMSaveImaged(
            "pred", output_dir=tmp_path, model_name="m", weights=weights, settings=settings
        )
        save({**data, "pred": data["image"]})
    assert len(list(tmp_path.glob("*.dcm"))) == 2

from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import DataLoader, Dataset, decollate_batch
from monai.transforms import Compose, Invertd, Resized
from PIL import Image

from cem_monai.data import PictureError, read_virtual_png
from cem_monai.transforms import (
    PictureLoadImaged,
    PictureSaveImaged,
    RestoreIntensityBitDepthd,
    ScaleIntensityBitDepthd,
)
from pictures import breast_picture, write_picture


def translate(path, output, tmp_path, *, size=None, bits=12):
    """Do what the bundle does, with a network that changes nothing."""
    (tmp_path / "model.pt").write_bytes(b"weights")
    steps = [PictureLoadImaged("image"), ScaleIntensityBitDepthd("image")]
    if size:
        steps.append(Resized("image", size, size_mode="longest", mode="bicubic"))
    preprocessing = Compose(steps)
    postprocessing = Compose(
        [
            Invertd("pred", preprocessing, orig_keys="image", nearest_interp=False),
            RestoreIntensityBitDepthd("pred", bits_stored=bits),
            PictureSaveImaged(
                "pred",
                output_dir=output,
                model_name="identity",
                weights=tmp_path / "model.pt",
                bits_stored=bits,
            ),
        ]
    )
    data = [{"image": str(path), "case": f"sub/{path.stem}"}]
    for batch in DataLoader(Dataset(data, preprocessing), batch_size=1):
        batch["pred"] = batch["image"].clone()
        for item in decollate_batch(batch):
            postprocessing(item)
    return output / "sub" / f"{path.stem}_VIRTUAL_DES.png"


@pytest.mark.parametrize("laterality", ["L", "R"])
@pytest.mark.parametrize("bits", [8, 16])
def test_every_bit_of_every_pixel_comes_back_where_it_was(tmp_path, laterality, bits):
    stored = breast_picture(137, 61, laterality=laterality, bits=bits)
    path = write_picture(tmp_path / f"{laterality}.png", stored)

    result = translate(path, tmp_path / "out", tmp_path, bits=bits)

    values = read_virtual_png(result).values
    assert values.shape == stored.shape
    breast = stored > 0
    # MONAI computes in float32: the 16 bits of a value come back to one step
    assert np.abs(values.astype(int) - stored)[breast].max() <= (bits == 16)
    assert bits == 16 or (values[breast] == stored[breast]).all()


@pytest.mark.parametrize("laterality", ["L", "R"])
@pytest.mark.parametrize("shape", [(137, 61), (60, 101), (64, 64)])
def test_resized_image_lies_where_its_source_does(tmp_path, laterality, shape):
    """The centers of the breast agree within a third of a pixel of the source."""
    stored = np.where(breast_picture(*shape, laterality=laterality), 200, 0).astype(np.uint8)
    path = write_picture(tmp_path / f"{laterality}.png", stored)

    values = read_virtual_png(translate(path, tmp_path / "out", tmp_path, size=48)).values / 4095

    assert values.shape == shape
    values = np.where(values == 1, 0, values)  # the banner
    for axis in (0, 1):
        profiles = [image.sum(axis=1 - axis) for image in (values, stored)]
        means = [(one * np.arange(len(one))).sum() / one.sum() for one in profiles]
        assert means[0] == pytest.approx(means[1], abs=1 / 3)


def test_metadata_tell_the_range_and_not_the_patient(tmp_path):
    path = write_picture(tmp_path / "R.png", breast_picture(laterality="R", bits=16))
    image = PictureLoadImaged("image")({"image": str(path)})["image"]
    assert image.shape == (1, 75, 52)
    assert image.dtype == torch.float32
    assert (image.meta["value_low"], image.meta["value_high"]) == (0, 65535)
    assert image.meta["flipped"]


def test_source_that_changed_since_it_was_found_is_refused(tmp_path):
    path = write_picture(tmp_path / "L.png")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(PictureError, match="damaged"):
        PictureLoadImaged("image")({"image": str(path)})


def test_pixels_that_are_not_finite_are_not_written(tmp_path):
    path = write_picture(tmp_path / "L.png")
    item = PictureLoadImaged("image")({"image": str(path), "case": "L"})
    item["pred"] = item["image"] * float("nan")
    (tmp_path / "model.pt").write_bytes(b"weights")
    save = PictureSaveImaged(
        "pred", output_dir=tmp_path / "out", model_name="x", weights=tmp_path / "model.pt"
    )
    with pytest.raises(ValueError, match="not finite"):
        save(item)
    assert not list(tmp_path.glob("out/*"))


def test_jpeg_in_png_out_has_the_size_of_its_source(tmp_path):
    path = write_picture(tmp_path / "L.jpg", breast_picture(99, 51))
    with Image.open(translate(path, tmp_path / "out", tmp_path, size=32)) as result:
        assert (result.size, result.mode) == ((51, 99), "I;16")

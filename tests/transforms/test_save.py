"""Files of every kind of output: validated, lossless, and complete or absent."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch
from monai.transforms import Compose, Invertd, Resized
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from cem_monai.dicom import (
    Exposure,
    ImageContent,
    Laterality,
    ViewPosition,
    mammogram_dataset,
    read_generated,
    save_dataset,
)
from cem_monai.transforms import CEMLoadImaged, CEMSaveImaged, UncertaintySaveImaged
from dciodvfy import dciodvfy_findings
from dicom.iod_check import iod_findings
from exams import breast_and_mass

SIZE = 150


@pytest.fixture
def weights(tmp_path) -> Path:
    path = tmp_path / "model.pt"
    path.write_bytes(b"weights")
    return path


def write_source(path: Path, laterality: str = "L", polarity: str = "MONOCHROME2") -> np.ndarray:
    """Write a low-energy image; return it as it is stored, in the polarity of MONOCHROME2."""
    breast, _, _ = breast_and_mass(SIZE)
    noise = np.random.default_rng(3).integers(0, 400, breast.shape)
    pixels = np.where(breast, 1600 + noise, 0).astype(np.uint16)
    pixels = pixels if laterality == "L" else np.ascontiguousarray(pixels[:, ::-1])
    exposure = Exposure(
        *("P1", "Test^Phantom", "1.2.3", "1.2.4"),
        *(Laterality(laterality), ViewPosition.MLO, datetime(2025, 1, 2)),
    )
    dataset = mammogram_dataset(
        4095 - pixels if polarity == "MONOCHROME1" else pixels,
        exposure,
        image_content=ImageContent.LOW_ENERGY,
        bits_stored=12,
        spacing=(0.1, 0.1),
        window=(2048, 4096),
        sop_instance_uid="1.2.5",
        series_instance_uid="1.2.6",
        series_number=1,
        series_description="test",
        manufacturer="Vendor",
        model_name="phantom",
        software_versions="1",
        photometric_interpretation=polarity,
    )
    save_dataset(dataset, path)
    return pixels


def findings(path: Path) -> list[str]:
    return dciodvfy_findings(path) + iod_findings(pydicom.dcmread(path))


@pytest.mark.parametrize("resized", [False, True])
@pytest.mark.parametrize("compression", ["none", "jpeg_ls"])
@pytest.mark.parametrize("polarity", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize("laterality", ["L", "R"])
def test_virtual_image_lies_on_its_source_and_validators_find_nothing(
    tmp_path, weights, laterality, polarity, compression, resized
):
    """The low-energy image itself is the generated one."""
    source = write_source(tmp_path / "le.dcm", laterality, polarity)
    steps = [CEMLoadImaged("image")]
    if resized:
        steps.append(Resized("image", spatial_size=2 * SIZE, size_mode="longest", mode="nearest"))
    preprocessing = Compose(steps)
    item = preprocessing({"image": str(tmp_path / "le.dcm")})
    item["pred"] = item["image"].clone()
    item = Invertd("pred", preprocessing, orig_keys="image", nearest_interp=True)(item)
    options = {"model_name": "m", "weights": weights, "compression": compression}
    CEMSaveImaged("pred", output_dir=tmp_path / "out", **options)(item)
    (path,) = (tmp_path / "out").iterdir()
    assert findings(path) == []
    saved = pydicom.dcmread(path)
    syntax = JPEGLSLossless if compression == "jpeg_ls" else ExplicitVRLittleEndian
    assert saved.file_meta.TransferSyntaxUID == syntax
    assert path.stem == saved.SOPInstanceUID == saved.file_meta.MediaStorageSOPInstanceUID
    breast = source > 0
    assert np.array_equal(saved.pixel_array[breast], source[breast])
    assert saved.PhotometricInterpretation == "MONOCHROME2"
    assert read_generated(path).flipped == (laterality == "R")


@pytest.mark.parametrize("compression", ["none", "jpeg_ls"])
@pytest.mark.parametrize("laterality", ["L", "R"])
def test_uncertainty_map_lies_on_its_source_and_states_its_unit(
    tmp_path, weights, laterality, compression
):
    source = write_source(tmp_path / "le.dcm", laterality)
    item = CEMLoadImaged("image")({"image": str(tmp_path / "le.dcm")})
    # half of 300 stored values is 1: each deviation is a thousandth of the low-energy value
    item["uncertainty"] = item["image"] / 1000 / 150
    options = {"model_name": "m", "weights": weights, "compression": compression}
    UncertaintySaveImaged(
        *["uncertainty"],
        passes=8,
        recombined_window=(1900, 2200),
        output_dir=tmp_path / "out",
        **options,
    )(item)
    (path,) = (tmp_path / "out").iterdir()
    assert findings(path) == []
    saved = pydicom.dcmread(path)
    breast = source > 0
    expected = np.rint(source / 1000 * 16)
    assert np.abs(saved.pixel_array[breast] - expected[breast]).max() <= 1
    assert "16 stored values are 1 stored value of that image" in saved.DerivationDescription
    assert "in 8 passes with dropout" in saved.DerivationDescription
    assert saved.ImageType[5] == "AI_UNCERTAINTY"
    assert (saved.WindowCenter, saved.WindowWidth) == (48, 96)  # up to 2 % of 300, in steps of 16


def test_map_and_image_are_instances_of_two_series_on_one_frame_of_reference(tmp_path, weights):
    write_source(tmp_path / "le.dcm")
    item = CEMLoadImaged("image")({"image": str(tmp_path / "le.dcm")})
    item |= {"pred": item["image"], "uncertainty": item["image"] * 0}
    options = {"model_name": "m", "weights": weights}
    CEMSaveImaged("pred", output_dir=tmp_path / "a", **options)(item)
    for passes in (4, 8):
        save = UncertaintySaveImaged(
            "uncertainty", passes=passes, output_dir=tmp_path / "b", **options
        )
        save(item)
    (image,) = map(pydicom.dcmread, (tmp_path / "a").iterdir())
    maps = list(map(pydicom.dcmread, (tmp_path / "b").iterdir()))
    both = [image, *maps]
    assert len({one.SOPInstanceUID for one in both}) == len({one.SeriesInstanceUID for one in both})
    assert len({one.SOPInstanceUID for one in both}) == 3
    assert {one.FrameOfReferenceUID for one in both} == {"1.2.4"}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_map_that_is_not_finite_is_not_saved(tmp_path, weights, value):
    write_source(tmp_path / "le.dcm")
    item = CEMLoadImaged("image")({"image": str(tmp_path / "le.dcm")})
    item["uncertainty"] = torch.full_like(item["image"], value)
    save = UncertaintySaveImaged(
        "uncertainty", passes=4, output_dir=tmp_path / "out", model_name="m", weights=weights
    )
    with pytest.raises(ValueError, match="22500 generated pixels are not finite"):
        save(item)
    assert not (tmp_path / "out").exists()


def test_compression_keeps_the_instance_and_leaving_out_the_banner_does_not(tmp_path, weights):
    write_source(tmp_path / "le.dcm")
    item = CEMLoadImaged("image")({"image": str(tmp_path / "le.dcm")})
    item["pred"] = item["image"]
    changes = ({}, {"compression": "jpeg_ls"}, {"banner": False})
    for number, change in enumerate(changes):
        folder = tmp_path / str(number)
        CEMSaveImaged("pred", output_dir=folder, model_name="m", weights=weights, **change)(item)
    plain, compressed, bare = ({p.name for p in (tmp_path / str(n)).iterdir()} for n in range(3))
    assert plain == compressed
    assert plain.isdisjoint(bare)


def test_unknown_compression_is_refused(tmp_path, weights):
    with pytest.raises(ValueError, match="must be none or jpeg_ls, is 'zip'"):
        CEMSaveImaged(
            "pred", output_dir=tmp_path, model_name="m", weights=weights, compression="zip"
        )


def test_what_a_killed_run_left_is_removed(tmp_path, weights):
    write_source(tmp_path / "le.dcm")
    item = CEMLoadImaged("image")({"image": str(tmp_path / "le.dcm")})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".1.2.dcm.x7.tmp").write_bytes(b"half")
    save = CEMSaveImaged("pred", output_dir=tmp_path / "out", model_name="m", weights=weights)
    save({**item, "pred": item["image"]})
    (path,) = (tmp_path / "out").iterdir()
    assert path.suffix == ".dcm"


@pytest.mark.parametrize("kind", [CEMSaveImaged, UncertaintySaveImaged])
def test_second_run_gives_the_same_bytes_at_another_time(tmp_path, weights, monkeypatch, kind):
    write_source(tmp_path / "le.dcm")
    item = CEMLoadImaged("image")({"image": str(tmp_path / "le.dcm")})
    passes = {"passes": 4} if kind is UncertaintySaveImaged else {}
    save = kind("pred", output_dir=tmp_path / "out", model_name="m", weights=weights, **passes)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    save({**item, "pred": item["image"]})
    (path,) = (tmp_path / "out").iterdir()
    first = path.read_bytes()
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    save({**item, "pred": item["image"]})
    assert path.read_bytes() == first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1100000000")
    save({**item, "pred": item["image"]})
    assert pydicom.dcmread(path).ContentDate == "20041109"
    path.write_bytes(first[:1000])  # no object to take a time from
    save({**item, "pred": item["image"]})
    assert pydicom.dcmread(path).ContentDate == "20041109"

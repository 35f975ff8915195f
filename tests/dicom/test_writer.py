from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DigitalMammographyXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
)

from cem_monai.dicom import (
    ImageContent,
    Laterality,
    MammogramError,
    PresentationIntent,
    ViewPosition,
    deterministic_uid,
    image_content,
    read_mammogram,
    save_dataset,
)
from dicom.iod_check import iod_findings

WriteExposure = Callable[..., Dataset]
Validator = Callable[[Dataset], list[str]]

LOW, DES = ImageContent.LOW_ENERGY, ImageContent.RECOMBINED
VIEWS = [(side, view) for side in ("L", "R") for view in ("CC", "MLO", "ML")]
EXPECTED_ORIENTATION = {
    ("L", "CC"): ["A", "R"],
    ("R", "CC"): ["P", "L"],
    ("L", "MLO"): ["A", "FR"],
    ("R", "MLO"): ["P", "FL"],
    ("L", "ML"): ["A", "F"],
    ("R", "ML"): ["P", "F"],
}


def _written(dataset: Dataset, folder: Path) -> Path:
    save_dataset(dataset, folder / "image.dcm")
    return folder / "image.dcm"


@pytest.mark.parametrize("content", [LOW, DES])
@pytest.mark.parametrize(("laterality", "view"), VIEWS)
def test_validators_find_nothing(
    write_exposure: WriteExposure,
    dciodvfy: Validator,
    laterality: str,
    view: str,
    content: ImageContent,
) -> None:
    dataset = write_exposure(laterality=laterality, view_position=view, image_content=content)
    assert dciodvfy(dataset) == []


@pytest.mark.parametrize("content", [LOW, DES])
@pytest.mark.parametrize(("laterality", "view"), VIEWS)
def test_tables_of_the_standard_find_nothing(
    write_exposure: WriteExposure, laterality: str, view: str, content: ImageContent
) -> None:
    dataset = write_exposure(laterality=laterality, view_position=view, image_content=content)
    assert iod_findings(dataset) == []


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_validators_find_nothing_at_any_depth_and_polarity(
    write_exposure: WriteExposure, dciodvfy: Validator, bits: int, photometric: str
) -> None:
    dataset = write_exposure(bits_stored=bits, photometric_interpretation=photometric)
    assert dciodvfy(dataset) == []
    assert iod_findings(dataset) == []


def raw_exposure(write_exposure: WriteExposure) -> Dataset:
    return write_exposure(
        image_content=None,
        bits_stored=14,
        window=None,
        photometric_interpretation="MONOCHROME1",
        presentation_intent=PresentationIntent.FOR_PROCESSING,
    )


def test_validators_find_nothing_in_raw_images(
    write_exposure: WriteExposure, dciodvfy: Validator
) -> None:
    dataset = raw_exposure(write_exposure)
    assert dciodvfy(dataset) == []
    assert iod_findings(dataset) == []


def test_raw_images_count_x_rays(write_exposure: WriteExposure) -> None:
    dataset = raw_exposure(write_exposure)
    assert dataset.SOPClassUID == DigitalMammographyXRayImageStorageForProcessing
    assert dataset.PresentationIntentType == "FOR PROCESSING"
    assert dataset.PixelIntensityRelationship == "LIN"
    assert dataset.PixelIntensityRelationshipSign == 1  # higher values are more X-rays
    assert list(dataset.ImageType) == ["ORIGINAL", "PRIMARY", ""]
    assert "WindowCenter" not in dataset


def test_raw_images_are_no_input_of_a_model(write_exposure: WriteExposure, tmp_path: Path) -> None:
    path = _written(raw_exposure(write_exposure), tmp_path)
    with pytest.raises(MammogramError, match="PresentationIntentType"):
        read_mammogram(path)


def test_tables_of_the_standard_notice_what_is_wrong(write_exposure: WriteExposure) -> None:
    dataset = write_exposure()
    del dataset.ImageLaterality
    dataset.DetectorType = None
    del dataset.PatientName
    del dataset.ViewCodeSequence[0].CodeValue
    dataset.SliceThickness = 1
    dataset.private_block(0x11, "test", create=True).add_new(1, "LO", "x")
    findings = "\n".join(iod_findings(dataset))
    assert "type 1 missing in dx-anatomy-imaged: ImageLaterality" in findings
    assert "type 2 missing in patient: PatientName" in findings
    assert "not in the IOD: SliceThickness" in findings
    assert "private: (0011,1001)" in findings
    assert "DetectorType" not in findings


def test_missing_spacing_is_what_the_tables_complain_of(write_exposure: WriteExposure) -> None:
    findings = iod_findings(write_exposure(spacing=None))
    assert findings == ["type 1 missing in dx-detector: ImagerPixelSpacing"]


@pytest.mark.parametrize(("laterality", "view"), VIEWS)
def test_view_reads_back(
    write_exposure: WriteExposure, tmp_path: Path, laterality: str, view: str
) -> None:
    pixels = np.arange(15, dtype=np.uint8).reshape(3, 5)  # an odd number of bytes
    dataset = write_exposure(pixels, laterality=laterality, view_position=view, bits_stored=8)
    mammogram = read_mammogram(_written(dataset, tmp_path))
    expected = pixels if laterality == "L" else pixels[:, ::-1]
    np.testing.assert_array_equal(mammogram.pixels, expected)
    assert mammogram.attributes.laterality is Laterality(laterality)
    assert mammogram.attributes.view_position is ViewPosition(view)
    assert mammogram.attributes.imager_pixel_spacing == (0.1, 0.07)
    assert dataset.PatientOrientation == EXPECTED_ORIENTATION[laterality, view]


@pytest.mark.parametrize("content", list(ImageContent))
def test_content_reads_back(
    write_exposure: WriteExposure, tmp_path: Path, content: ImageContent
) -> None:
    path = _written(write_exposure(image_content=content), tmp_path)
    assert image_content(dcmread(path), path) is content


@pytest.mark.parametrize("bits", [8, 9, 12, 14, 16])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_whole_range_reads_back(
    write_exposure: WriteExposure, tmp_path: Path, bits: int, photometric: str
) -> None:
    top = 2**bits - 1
    pixels = np.array([[0, 1, 2], [top - 2, top - 1, top]], np.uint16)
    dataset = write_exposure(pixels, bits_stored=bits, photometric_interpretation=photometric)
    read = read_mammogram(_written(dataset, tmp_path)).pixels
    np.testing.assert_array_equal(read, top - pixels if photometric == "MONOCHROME1" else pixels)


@pytest.mark.parametrize(
    ("photometric", "shape", "sign"),
    [("MONOCHROME2", "IDENTITY", -1), ("MONOCHROME1", "INVERSE", 1)],
)
def test_polarity_attributes_agree(
    write_exposure: WriteExposure, photometric: str, shape: str, sign: int
) -> None:
    dataset = write_exposure(photometric_interpretation=photometric)
    assert dataset.PresentationLUTShape == shape
    assert dataset.PixelIntensityRelationshipSign == sign


def test_exposure_is_told(write_exposure: WriteExposure) -> None:
    dataset = write_exposure()
    assert (dataset.PatientID, dataset.PatientName) == ("TEST-1", "Test^Phantom")
    assert dataset.FrameOfReferenceUID == "1.2.4"
    assert dataset.AcquisitionDate + dataset.AcquisitionTime == "20250102030405"
    assert (dataset.WindowCenter, dataset.WindowWidth) == (2048, 4096)


@pytest.mark.parametrize(
    ("pixels", "bits", "message"),
    [
        (np.zeros((6, 8), np.int16), 12, r"\(6, 8\) int16"),
        (np.zeros((6, 8), np.float32), 12, r"\(6, 8\) float32"),
        (np.zeros((1, 6, 8), np.uint16), 12, r"\(1, 6, 8\) uint16"),
        (np.full((6, 8), 4096, np.uint16), 12, "4096, which does not fit 12 bits"),
        (np.full((6, 8), 256, np.uint16), 8, "256, which does not fit 8 bits"),
        (np.zeros((6, 8), np.uint16), 7, "bits_stored must be 8 to 16, got 7"),
        (np.zeros((6, 8), np.uint32), 17, "bits_stored must be 8 to 16, got 17"),
    ],
)
def test_unfit_pixels_are_refused(
    write_exposure: WriteExposure, pixels: np.ndarray, bits: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_exposure(pixels, bits_stored=bits)


def test_deterministic_uid_is_valid_and_stable() -> None:
    uid = UID(deterministic_uid("a", "b"))
    assert uid.is_valid
    assert len(uid) <= 64
    # Frozen: files written today must be found again by later versions
    assert uid == "2.25.119227826172245961861613382481361547631"


@pytest.mark.parametrize("other", [("a",), ("b", "a"), ("ab",), ("a", "b", ""), ("a", "c")])
def test_other_texts_give_another_uid(other: tuple[str, ...]) -> None:
    assert deterministic_uid(*other) != deterministic_uid("a", "b")


def test_uid_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one text"):
        deterministic_uid()


def test_file_has_an_empty_preamble_and_our_meta_information(
    write_exposure: WriteExposure, tmp_path: Path
) -> None:
    dataset = write_exposure()
    dataset.preamble = b"#!/bin/sh\n".ljust(128, b"x")
    path = _written(dataset, tmp_path)
    assert path.read_bytes()[:132] == bytes(128) + b"DICM"
    meta = dcmread(path).file_meta
    assert meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert meta.MediaStorageSOPInstanceUID == "1.2.5"
    assert UID(meta.ImplementationClassUID).is_valid


def test_failed_write_keeps_the_old_file_and_leaves_no_other(
    write_exposure: WriteExposure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(_: Dataset, file: Any, **__: Any) -> None:
        file.write(b"half")
        raise OSError("disk full")

    path = _written(write_exposure(), tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(Dataset, "save_as", write_half)
    with pytest.raises(OSError, match="disk full"):
        save_dataset(write_exposure(series_number=4), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["image.dcm"]

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID

from cem_monai.dicom import (
    GeneratingModel,
    MammogramError,
    open_mammogram,
    save_dataset,
    virtual_des_dataset,
)
from cem_monai.dicom.writer import code_item
from dicom.iod_check import iod_findings

WriteExposure = Callable[..., Dataset]
Validator = Callable[[Dataset], list[str]]

MODEL = GeneratingModel("test_bundle", "1.2.3", "ab" * 32, "ef" * 32)
SIZE = (128, 96)
IDENTITY = {
    "SpecificCharacterSet": "ISO_IR 100",
    "TimezoneOffsetFromUTC": "+0100",
    "PatientName": "Müller^Erika",
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "PatientAge": "055Y",
    "StudyDate": "20240102",
    "StudyTime": "030405",
    "StudyID": "S7",
    "AccessionNumber": "A7",
    "ReferringPhysicianName": "Doctor^Who",
    "AcquisitionDate": "20240103",
    "AcquisitionTime": "040506",
    "AcquisitionNumber": "7",
    "AcquisitionUID": "1.2.98",
    "FieldOfViewOrigin": ["0", "0"],
    "FieldOfViewRotation": "0",
    "FieldOfViewHorizontalFlip": "NO",
    "BreastImplantPresent": "NO",
    "DetectorType": "SCINTILLATOR",
    "EstimatedRadiographicMagnificationFactor": "1.05",
    "PositionerPrimaryAngle": "45",
    "CompressionForce": "90",
    "BodyPartThickness": "55",
}
"""What the generated object shares with its source."""
UNTRUE = {
    "KVP": "28",
    "Exposure": "70",
    "ExposureTime": "900",
    "XRayTubeCurrent": "80",
    "RelativeXRayExposure": "100",
    "FilterMaterial": "RHODIUM",
    "AnodeTargetMaterial": "MOLYBDENUM",
    "OrganDose": "0.015",
    "EntranceDose": 5,
    "EntranceDoseInmGy": "5.0",
    "IrradiationEventUID": "1.2.99",
    "ContrastBolusAgent": "Iodine",
    "ContrastBolusVolume": "100",
    "DetectorID": "D1",
    "StationName": "MG1",
    "InstitutionName": "Clinic",
    "DeviceSerialNumber": "7",
    "WindowCenterWidthExplanation": "HARD",
    "PixelPaddingValue": 0,
}
"""What would be untrue of it, or be counted twice."""


def _source(write_exposure: WriteExposure, **changes: Any) -> Dataset:
    dataset = write_exposure(np.zeros(SIZE, np.uint16), **changes)
    for keyword, value in (IDENTITY | UNTRUE).items():
        setattr(dataset, keyword, value)
    dataset.WindowCenter, dataset.WindowWidth = "1234", "567"
    dataset.RequestAttributesSequence = [Dataset()]
    dataset.private_block(0x45, "GEMS_SENO_02", create=True).add_new(0x1B, "LO", "LCC")
    dataset.add_new(0x60000010, "US", SIZE[0])
    return dataset


@pytest.fixture
def source(write_exposure: WriteExposure) -> Dataset:
    return _source(write_exposure)


def _generate(source: Dataset, **changes: Any) -> Dataset:
    pixels = np.zeros(SIZE, np.uint16)
    breast = np.zeros(SIZE, bool)
    breast[30:100, :40] = True
    pixels[breast] = 2000
    arguments: dict[str, Any] = {"model": MODEL, "bits_stored": 12, "window": (2050, 300)}
    return virtual_des_dataset(source, pixels, breast, **(arguments | changes))


@pytest.mark.parametrize("keyword", IDENTITY)
def test_identity_and_geometry_are_those_of_the_source(source: Dataset, keyword: str) -> None:
    assert _generate(source)[keyword].value == source[keyword].value


@pytest.mark.parametrize(
    "keyword",
    [
        *("SOPClassUID", "PatientID", "StudyInstanceUID", "FrameOfReferenceUID", "Rows", "Columns"),
        *("ImagerPixelSpacing", "PatientOrientation", "ImageLaterality", "ViewCodeSequence"),
        *("AnatomicRegionSequence", "Modality", "PresentationIntentType"),
    ],
)
@pytest.mark.parametrize("laterality", ["L", "R"])
def test_generated_image_lies_on_its_source(
    write_exposure: WriteExposure, laterality: str, keyword: str
) -> None:
    source = _source(write_exposure, laterality=laterality, view_position="MLO")
    assert _generate(source)[keyword].value == source[keyword].value


@pytest.mark.parametrize("keyword", UNTRUE)
def test_what_would_be_untrue_is_not_copied(source: Dataset, keyword: str) -> None:
    assert keyword in source
    assert keyword not in _generate(source)


def test_no_private_tag_overlay_request_or_window_of_the_source(source: Dataset) -> None:
    generated = _generate(source)
    assert not any(element.tag.is_private for element in generated.iterall())
    assert not any(element.tag.group >> 8 == 0x60 for element in generated.iterall())
    assert "RequestAttributesSequence" not in generated
    assert (generated.WindowCenter, generated.WindowWidth) == (2050, 300)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageType", ["DERIVED", "SECONDARY", "", "GENERATED_2D", "", "VIRTUAL_DES"]),
        ("SyntheticData", "YES"),
        ("ContentQualification", "RESEARCH"),
        ("Manufacturer", "cem_monai"),
        ("ManufacturerModelName", "test_bundle"),
        ("SoftwareVersions", ["1.2.3", "weights:" + "ab" * 24, "config:" + "ef" * 24]),
        ("SeriesNumber", 9001),
        ("SeriesDescription", "VIRTUAL DES AI - no iodine measured"),
        ("InstanceNumber", 1),
        ("PositionReferenceIndicator", ""),
        ("BurnedInAnnotation", "NO"),
        ("LossyImageCompression", "00"),
        ("PhotometricInterpretation", "MONOCHROME2"),
        ("PresentationLUTShape", "IDENTITY"),
        ("PixelIntensityRelationshipSign", -1),
        ("RescaleSlope", 1),
        ("RescaleIntercept", 0),
        ("BitsStored", 12),
    ],
)
def test_what_is_said_of_the_generated_image(source: Dataset, keyword: str, value: Any) -> None:
    assert _generate(source)[keyword].value == value


def test_source_is_referenced(source: Dataset) -> None:
    (item,) = _generate(source).SourceImageSequence
    assert item.ReferencedSOPClassUID == source.SOPClassUID
    assert item.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert item.SpatialLocationsPreserved == "YES"
    (purpose,) = item.PurposeOfReferenceCodeSequence
    assert (purpose.CodeValue, purpose.CodingSchemeDesignator) == ("121322", "DCM")


def test_what_made_it_is_named(source: Dataset) -> None:
    generated = _generate(source)
    (derivation,) = generated.DerivationCodeSequence
    assert (derivation.CodeValue, derivation.CodingSchemeDesignator) == ("123110", "DCM")
    assert "test_bundle 1.2.3" in generated.DerivationDescription
    assert "no iodine was measured" in generated.DerivationDescription
    equipment, modality = generated.ContributingEquipmentSequence
    (purpose,) = equipment.PurposeOfReferenceCodeSequence
    assert (purpose.CodeValue, purpose.CodingSchemeDesignator) == ("109100", "DCM")
    assert equipment.ManufacturerModelName == "test_bundle"
    assert equipment.SoftwareVersions == ["1.2.3", "weights:" + "ab" * 24, "config:" + "ef" * 24]
    assert "ab" * 32 in equipment.ContributionDescription
    assert "ef" * 32 in equipment.ContributionDescription
    (purpose,) = modality.PurposeOfReferenceCodeSequence
    assert (purpose.CodeValue, purpose.CodingSchemeDesignator) == ("109101", "DCM")
    assert modality.Manufacturer == source.Manufacturer
    assert modality.DeviceSerialNumber == "7"
    assert "InstitutionName" not in modality


def test_lossy_source_makes_a_lossy_result(source: Dataset) -> None:
    source.LossyImageCompression, source.LossyImageCompressionRatio = "01", "10"
    generated = _generate(source)
    assert generated.LossyImageCompression == "01"
    assert generated.LossyImageCompressionRatio == 10


def test_uids_follow_from_source_and_weights(source: Dataset) -> None:
    first, again = _generate(source), _generate(source)
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
        assert first[keyword].value == again[keyword].value
        assert UID(first[keyword].value).is_valid
        assert first[keyword].value != source[keyword].value


@pytest.mark.parametrize(
    "model",
    [
        GeneratingModel("test_bundle", "1.2.3", "cd" * 32, "ef" * 32),
        GeneratingModel("test_bundle", "1.2.4", "ab" * 32, "ef" * 32),
        GeneratingModel("other_bundle", "1.2.3", "ab" * 32, "ef" * 32),
        GeneratingModel("test_bundle", "1.2.3", "ab" * 32, "12" * 32),
    ],
)
def test_other_model_gives_other_uids(source: Dataset, model: GeneratingModel) -> None:
    first, other = _generate(source), _generate(source, model=model)
    assert first.SOPInstanceUID != other.SOPInstanceUID
    assert first.SeriesInstanceUID != other.SeriesInstanceUID


def test_other_source_gives_another_instance(write_exposure: WriteExposure) -> None:
    first = _generate(_source(write_exposure))
    other = _generate(_source(write_exposure, sop_instance_uid="1.2.55"))
    assert first.SOPInstanceUID != other.SOPInstanceUID


def test_series_has_one_frame_of_reference(source: Dataset) -> None:
    first = _generate(source)
    source.FrameOfReferenceUID = "1.2.77"
    assert _generate(source).SeriesInstanceUID != first.SeriesInstanceUID


def test_nothing_is_invented_where_the_source_is_silent(source: Dataset) -> None:
    for keyword in (
        *("StudyDate", "StudyTime", "StudyID", "AcquisitionDate", "AcquisitionTime"),
        *("PatientBirthDate", "PatientSex", "DetectorType", "FrameOfReferenceUID"),
    ):
        delattr(source, keyword)
    generated = _generate(source)
    for keyword in ("StudyDate", "StudyTime", "StudyID", "PatientBirthDate", "PatientSex"):
        assert generated[keyword].value == ""  # type 2: present, empty
    assert generated["DetectorType"].is_empty
    assert "AcquisitionDate" not in generated
    assert "AcquisitionTime" not in generated
    assert UID(generated.FrameOfReferenceUID).is_valid
    assert iod_findings(generated) == []


def test_source_stays_as_it_was_and_shares_nothing(source: Dataset) -> None:
    before = source.to_json()
    generated = _generate(source)
    generated.ViewCodeSequence[0].CodeMeaning = "changed"
    assert source.to_json() == before


def test_banner_is_painted_beside_the_breast(source: Dataset) -> None:
    pixels = _generate(source).pixel_array
    assert (pixels[30:100, :40] == 2000).all()
    assert (pixels == 4095).any()


@pytest.mark.parametrize("view", ["CC", "MLO", "ML"])
@pytest.mark.parametrize("laterality", ["L", "R"])
def test_validators_find_nothing(
    write_exposure: WriteExposure, dciodvfy: Validator, laterality: str, view: str
) -> None:
    generated = _generate(_source(write_exposure, laterality=laterality, view_position=view))
    assert dciodvfy(generated) == []
    assert iod_findings(generated) == []


def test_text_in_other_characters_survives_the_file(source: Dataset, tmp_path: Path) -> None:
    save_dataset(source, tmp_path / "le.dcm")
    generated = _generate(open_mammogram(tmp_path / "le.dcm"))
    save_dataset(generated, tmp_path / "virtual.dcm")
    assert dcmread(tmp_path / "virtual.dcm").PatientName == "Müller^Erika"


@pytest.mark.parametrize("lost", ["ImageType", "SyntheticData"])
def test_one_of_two_marks_is_enough_to_refuse_it(
    source: Dataset, tmp_path: Path, lost: str
) -> None:
    generated = _generate(source)
    setattr(generated, lost, "")
    save_dataset(generated, tmp_path / "virtual.dcm")
    with pytest.raises(MammogramError, match="a generated image is no input"):
        open_mammogram(tmp_path / "virtual.dcm")


@pytest.mark.parametrize(
    ("pixels", "breast"), [((96, 128), SIZE), (SIZE, (96, 128)), ((1, *SIZE), SIZE)]
)
def test_other_size_than_the_source_is_refused(
    source: Dataset, pixels: tuple[int, ...], breast: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"the source has \(128, 96\) pixels, the generated image"):
        virtual_des_dataset(
            source,
            np.zeros(pixels, np.uint16),
            np.zeros(breast, bool),
            model=MODEL,
            bits_stored=12,
            window=(2048, 4096),
        )


def test_partial_view_codes_are_copied(source: Dataset) -> None:
    source.PartialView = "YES"
    source.PartialViewCodeSequence = [code_item("399168000", "SCT", "Medial")]
    generated = _generate(source)
    assert generated.PartialView == "YES"
    assert generated.PartialViewCodeSequence == source.PartialViewCodeSequence


def test_nothing_private_hides_in_copied_codes(source: Dataset) -> None:
    item = source.ViewCodeSequence[0]
    item.OperatorsName = "Secret^Operator"
    item.private_block(0x0099, "VENDOR", create=True).add_new(1, "LO", "secret")
    (view,) = _generate(source).ViewCodeSequence
    assert {element.keyword for element in view} <= {
        *("CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning"),
        "ViewModifierCodeSequence",
    }
    assert view.CodeValue == item.CodeValue

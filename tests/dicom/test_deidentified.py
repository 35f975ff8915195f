"""After de-identification a generated image still is one for everybody who looks.

The actions are those of the Basic Application Level Confidentiality Profile (PS3.15 table E.1-1),
as the library dicom-anonymizer takes them from the standard.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicomanonymizer.simpledicomanonymizer import anonymize_dataset
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from cem_monai.dicom import (
    Compression,
    Exposure,
    GeneratingModel,
    ImageContent,
    Laterality,
    MammogramError,
    PresentationIntent,
    ViewPosition,
    mammogram_dataset,
    open_mammogram,
    open_raw_mammogram,
    paint_banner,
    save_dataset,
    uncertainty_map_dataset,
    virtual_des_dataset,
    virtual_high_dose_dataset,
)

MODEL = GeneratingModel("test_bundle", "1.2.3", "ab" * 32, "ef" * 32)
SIZE = (160, 120)
TEXTS = {
    "virtual_des": "VIRTUAL CONTRAST - AI",
    "high_dose": "VIRTUAL HIGH DOSE - AI",
    "uncertainty": "AI UNCERTAINTY - NO IMAGE",
}
KINDS = sorted(TEXTS)


def _breast(height: int, width: int, laterality: Laterality) -> np.ndarray:
    breast = np.zeros(SIZE, bool)
    breast[80 - height : 80 + height, :width] = True
    return breast if laterality is Laterality.LEFT else breast[:, ::-1].copy()


def _source(kind: str, laterality: Laterality, view: ViewPosition) -> Dataset:
    raw = kind == "high_dose"
    intent = PresentationIntent.FOR_PROCESSING if raw else PresentationIntent.FOR_PRESENTATION
    dataset = mammogram_dataset(
        np.zeros(SIZE, np.uint16),
        Exposure("P1", "Secret^Name", "1.2.3", "1.2.4", laterality, view, datetime(2025, 1, 2)),
        image_content=None if raw else ImageContent.LOW_ENERGY,
        bits_stored=12,
        spacing=(0.1, 0.1),
        window=None if raw else (2048, 4096),
        sop_instance_uid="1.2.5",
        series_instance_uid="1.2.6",
        series_number=1,
        series_description="test",
        manufacturer="Vendor",
        model_name="phantom",
        software_versions="1",
        presentation_intent=intent,
    )
    dataset.AccessionNumber, dataset.ReferringPhysicianName = "A7", "Doctor^Who"
    return dataset


def _generated(kind: str, source: Dataset, breast: np.ndarray) -> Dataset:
    if kind == "uncertainty":
        return uncertainty_map_dataset(
            source, breast * 2.5, breast, model=MODEL, passes=8, image_range=300
        )
    pixels = np.where(breast, 99, 3).astype(np.uint16)
    if kind == "high_dose":
        return virtual_high_dose_dataset(
            source, pixels, breast, model=MODEL, bits_stored=8, linear=True
        )
    return virtual_des_dataset(
        source, pixels, breast, model=MODEL, bits_stored=12, window=(2050, 300)
    )


def _deidentified(generated: Dataset, compression: Compression, folder: Path) -> Dataset:
    save_dataset(generated, folder / "generated.dcm", compression)
    dataset = pydicom.dcmread(folder / "generated.dcm")
    anonymize_dataset(dataset, delete_private_tags=True)
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    file.seek(0)
    return pydicom.dcmread(file)


def _assert_recognizable(dataset: Dataset, kind: str, breast: np.ndarray) -> None:
    assert dataset.ImageType[:5] == ["DERIVED", "SECONDARY", "", "GENERATED_2D", ""]
    assert dataset.ImageType[5] in ("VIRTUAL_DES", "VIRTUAL_DOSE", "AI_UNCERTAINTY")
    assert dataset.SyntheticData == "YES"
    assert dataset.ContentQualification == "RESEARCH"
    assert dataset.Manufacturer == "cem_monai"
    assert any("ab" * 24 in version for version in dataset.SoftwareVersions)
    assert dataset.DerivationCodeSequence[0].CodeValue == "123110"
    purposes = [
        item.PurposeOfReferenceCodeSequence[0].CodeValue
        for item in dataset.ContributingEquipmentSequence
    ]
    assert "109100" in purposes
    text = paint_banner(
        np.zeros(SIZE, np.uint8),
        breast,
        value=1,
        chest_wall_at_right=dataset.ImageLaterality == "R",
        text=TEXTS[kind],
    )
    assert text.sum() > 50
    dark_is_bright = dataset.PhotometricInterpretation == "MONOCHROME1"
    bright = 0 if dark_is_bright else 2**dataset.BitsStored - 1
    assert (dataset.pixel_array[text > 0] == bright).all()


def _refusal(dataset: Dataset, kind: str, folder: Path) -> str:
    path = folder / "input.dcm"
    dataset.save_as(path, enforce_file_format=True)
    with pytest.raises(MammogramError) as error:
        (open_raw_mammogram if kind == "high_dose" else open_mammogram)(path)
    return str(error.value)


@example("high_dose", Laterality.LEFT, ViewPosition.CC, Compression.NONE, 73, 113, "")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(KINDS),
    laterality=st.sampled_from(Laterality),
    view=st.sampled_from(ViewPosition),
    compression=st.sampled_from(Compression),
    height=st.integers(5, 80),
    width=st.integers(5, 120),
    lost=st.sampled_from(["", "ImageType", "SyntheticData", "ContributingEquipmentSequence"]),
)
def test_generated_image_stays_recognizable_after_the_basic_profile(
    tmp_path, kind, laterality, view, compression, height, width, lost
):
    breast = _breast(height, width, laterality)
    generated = _generated(kind, _source(kind, laterality, view), breast)
    dataset = _deidentified(generated, compression, tmp_path)
    _assert_recognizable(dataset, kind, breast)
    # and one mark more may be lost
    if lost:
        delattr(dataset, lost)
    assert "a generated image is no input" in _refusal(dataset, kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_profile_did_remove_what_names_the_patient_and_the_texts(tmp_path, kind):
    """Otherwise the test above would tell nothing."""
    breast = _breast(40, 50, Laterality.LEFT)
    generated = _generated(kind, _source(kind, Laterality.LEFT, ViewPosition.CC), breast)
    dataset = _deidentified(generated, Compression.NONE, tmp_path)
    for keyword in ("SeriesDescription", "DerivationDescription", "ImageComments"):
        assert keyword in generated
        assert keyword not in dataset
    assert "Secret" not in str(dataset)
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert dataset[keyword].value != generated[keyword].value

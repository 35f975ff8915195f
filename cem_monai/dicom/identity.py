"""What a generated object has in common with its source."""

from __future__ import annotations

from copy import deepcopy

from pydicom.dataset import Dataset

COPIED = (
    # Patient, Patient Study, General Study
    *("SpecificCharacterSet", "TimezoneOffsetFromUTC", "PatientName", "PatientID"),
    *("PatientBirthDate", "PatientSex", "PatientAge", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName", "QualityControlSubject"),
    # General Image, General Acquisition
    *("PatientOrientation", "AcquisitionDate", "AcquisitionTime", "AcquisitionUID"),
    "QualityControlImage",
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
    # DX Anatomy, Mammography Image, DX Detector, DX Positioning
    *("ImageLaterality", "AnatomicRegionSequence", "ViewCodeSequence", "BreastImplantPresent"),
    *("PartialView", "PartialViewCodeSequence", "DetectorType", "ImagerPixelSpacing"),
    *("EstimatedRadiographicMagnificationFactor", "PositionerPrimaryAngle"),
    *("CompressionForce", "BodyPartThickness"),
)
"""The only attributes taken over from the source. Its dose, exposure, contrast agent, equipment,
private tags and windows are not: a dose registry would count them twice, a reader would believe
them."""


CODE_KEYWORDS = ("CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning")


def copy_identity(source: Dataset, dataset: Dataset) -> None:
    """Copy patient, study and geometry from a source to what was generated from it."""
    for keyword in COPIED:
        if keyword in source:
            dataset[keyword] = deepcopy(source[keyword])
            if source[keyword].VR == "SQ":
                setattr(dataset, keyword, [_plain_code(item) for item in source[keyword].value])
    # mammogram_dataset filled in these too; what the source does not tell stays untold
    for keyword in {"StudyDate", "StudyTime", "StudyID"} - set(source.dir()):
        setattr(dataset, keyword, "")
    for keyword in {"AcquisitionDate", "AcquisitionTime"} - set(source.dir()):
        delattr(dataset, keyword)
    if "DetectorType" not in source:
        dataset.DetectorType = ""


def _plain_code(item: Dataset) -> Dataset:
    """Copy a code, without what else a vendor may have put into the item."""
    plain = Dataset()
    for keyword in CODE_KEYWORDS:
        if keyword in item:
            plain[keyword] = deepcopy(item[keyword])
    if "ViewModifierCodeSequence" in item:
        modifiers = item.ViewModifierCodeSequence or []
        plain.ViewModifierCodeSequence = [_plain_code(modifier) for modifier in modifiers]
    return plain

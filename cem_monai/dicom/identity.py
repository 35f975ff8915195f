"""What a generated object has in common with its source."""

from __future__ import annotations

from copy import deepcopy

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import validate_value

from cem_monai.dicom.bounded_parsing import TEXTS

COPIED = (
    # Patient, Patient Study, General Study
    *("SpecificCharacterSet", "TimezoneOffsetFromUTC", "PatientName", "PatientID"),
    *("PatientBirthDate", "PatientSex", "PatientAge", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName", "QualityControlSubject"),
    # General Image, General Acquisition
    *(
        "InstanceNumber",
        "PatientOrientation",
        "AcquisitionDate",
        "AcquisitionTime",
        "AcquisitionUID",
    ),
    *("AcquisitionNumber", "QualityControlImage"),
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

FIELD_OF_VIEW = ("FieldOfViewOrigin", "FieldOfViewRotation", "FieldOfViewHorizontalFlip")
"""DX Detector wants all three or none."""
CODE_KEYWORDS = ("CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning")
EMPTY_IF_UNTOLD = ("PatientName", "StudyDate", "StudyTime", "StudyID", "DetectorType")
ABSENT_IF_UNTOLD = ("AcquisitionDate", "AcquisitionTime")


def copy_identity(source: Dataset, dataset: Dataset) -> None:
    """Copy patient, study and geometry from a source to what was generated from it.

    What the source has empty or broken counts as untold: `mammogram_dataset` filled in what must
    not be empty, from what the source tells elsewhere.
    """
    told = {keyword for keyword in (*COPIED, *FIELD_OF_VIEW) if _is_told(source, keyword)}
    if not told.issuperset(FIELD_OF_VIEW):
        told.difference_update(FIELD_OF_VIEW)
    for keyword in told:
        dataset[keyword] = deepcopy(source[keyword])
        if source[keyword].VR == "SQ":
            setattr(dataset, keyword, [_plain_code(item) for item in source[keyword].value])
    for keyword in set(EMPTY_IF_UNTOLD) - told:
        setattr(dataset, keyword, "")
    for keyword in set(ABSENT_IF_UNTOLD) - told:
        delattr(dataset, keyword)
    for view in dataset.ViewCodeSequence:
        if "ViewModifierCodeSequence" not in view:  # type 2
            view.ViewModifierCodeSequence = []


def _is_told(source: Dataset, keyword: str) -> bool:
    if keyword not in source or source[keyword].is_empty:
        return False
    element = source[keyword]
    values = element.value if isinstance(element.value, MultiValue) else [element.value]
    try:
        for value in values if element.VR in TEXTS else []:
            validate_value(element.VR, str(value), config.RAISE)
    except ValueError:  # what a validator would find in the copy as well
        return False
    return True


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

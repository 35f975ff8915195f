"""A generated image as a DICOM object that nobody can take for a contrast examination."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import VIRTUAL_DES, MammogramAttributes, read_attributes
from cem_monai.dicom.banner import BANNER, paint_banner
from cem_monai.dicom.writer import (
    Exposure,
    ImageContent,
    code_item,
    deterministic_uid,
    mammogram_dataset,
    source_reference,
)

SERIES_DESCRIPTION = "VIRTUAL DES AI - no iodine measured"
COMMENT = (
    "VIRTUAL CONTRAST - AI GENERATED - NO IODINE WAS MEASURED - RESEARCH ONLY, NOT FOR DIAGNOSIS"
)
SERIES_NUMBER = 9001

COPIED = (
    # Patient, Patient Study, General Study
    *("SpecificCharacterSet", "TimezoneOffsetFromUTC", "PatientName", "PatientID"),
    *("PatientBirthDate", "PatientSex", "PatientAge", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName"),
    # General Image, General Acquisition
    *("PatientOrientation", "AcquisitionDate", "AcquisitionTime", "AcquisitionUID"),
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


@dataclass(frozen=True)
class GeneratingModel:
    """What made the pixels: part of the identity of every generated object.

    Attributes:
        name: name of the bundle.
        version: version of the bundle.
        weights_sha256: SHA-256 of the weights file, hexadecimal.
        config_sha256: SHA-256 of the settings that the pixels depend on, hexadecimal.
    """

    name: str
    version: str
    weights_sha256: str
    config_sha256: str

    @property
    def identity(self) -> tuple[str, ...]:
        """What a generated object's UIDs follow from, besides its source."""
        return self.name, self.version, self.weights_sha256, self.config_sha256


def virtual_des_dataset(
    source: Dataset,
    pixels: npt.NDArray[np.unsignedinteger],
    breast: npt.NDArray[np.bool_],
    *,
    model: GeneratingModel,
    bits_stored: int,
    window: tuple[float, float],
) -> Dataset:
    """Return a virtual dual-energy-subtracted image derived from a low-energy one.

    Same SOP class, patient, study, frame of reference and geometry as the source; new series and
    instance, whose UIDs follow from the source and the model, so that a re-run replaces its result.
    Marked as synthetic in ImageType, SyntheticData, ContentQualification,
    ContributingEquipmentSequence, SeriesDescription, ImageComments and in the pixels.

    Args:
        source: the low-energy mammogram.
        pixels: (H, W) unsigned integers in the stored orientation of the source, MONOCHROME2.
        breast: (H, W) mask in the same orientation: where the banner must not go.
        model: what generated the pixels.
        bits_stored: BitsStored of the result.
        window: WindowCenter and WindowWidth.

    Raises:
        ValueError: size of `pixels` or `breast` differs from the source's.
    """
    attributes = read_attributes(source, Path(str(getattr(source, "filename", "source"))))
    _check_size(attributes, pixels, breast)
    painted = paint_banner(
        pixels,
        breast,
        value=2**bits_stored - 1,
        chest_wall_at_right=attributes.chest_wall_at_right,
    )
    exposure = _exposure(source, attributes)
    dataset = mammogram_dataset(
        painted,
        exposure,
        image_content=ImageContent.RECOMBINED,
        bits_stored=bits_stored,
        spacing=attributes.imager_pixel_spacing,
        window=window,
        sop_instance_uid=deterministic_uid(attributes.sop_instance_uid, *model.identity),
        # A series has one frame of reference (PS3.3 C.7.4.1), so each compression has its own
        series_instance_uid=deterministic_uid(
            *(exposure.study_instance_uid, exposure.frame_of_reference_uid),
            *model.identity,
        ),
        series_number=SERIES_NUMBER,
        series_description=SERIES_DESCRIPTION,
        manufacturer="cem_monai",
        model_name=model.name,
        software_versions=model.version,
    )
    _copy(source, dataset)
    _mark(dataset, model)
    dataset.SourceImageSequence = [source_reference(source)]
    return dataset


def _check_size(
    attributes: MammogramAttributes,
    pixels: npt.NDArray[np.unsignedinteger],
    breast: npt.NDArray[np.bool_],
) -> None:
    size = (attributes.rows, attributes.columns)
    if pixels.shape != size or breast.shape != size:
        raise ValueError(
            f"the source has {size} pixels, the generated image {pixels.shape}, "
            f"the breast mask {breast.shape}"
        )


def _exposure(source: Dataset, attributes: MammogramAttributes) -> Exposure:
    return Exposure(
        patient_id=attributes.patient_id,
        patient_name=str(source.get("PatientName") or ""),
        study_instance_uid=attributes.study_instance_uid,
        frame_of_reference_uid=attributes.frame_of_reference_uid
        or deterministic_uid(attributes.sop_instance_uid, "frame of reference"),
        laterality=attributes.laterality,
        view_position=attributes.view_position,
        acquired=datetime.now(),  # General Image: when this image was made
    )


def _copy(source: Dataset, dataset: Dataset) -> None:
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


def _mark(dataset: Dataset, model: GeneratingModel) -> None:
    # SUBTRACTION and POST_CONTRAST would be untrue: nothing was subtracted, no agent was measured
    dataset.ImageType = ["DERIVED", "SECONDARY", "", "GENERATED_2D", "", VIRTUAL_DES]
    dataset.SyntheticData, dataset.ContentQualification = "YES", "RESEARCH"
    dataset.ImageComments = COMMENT
    dataset.InstanceCreationDate = dataset.ContentDate
    dataset.InstanceCreationTime = dataset.ContentTime
    dataset.DerivationDescription = (
        f"Predicted by the neural network {model.name} {model.version} from the low-energy image; "
        f"no iodine was measured. The text {BANNER!r} is painted into the pixels."
    )
    dataset.DerivationCodeSequence = [code_item("123110", "DCM", "Artificial Intelligence")]
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = [
        code_item("109100", "DCM", "Synthesizing Equipment")
    ]
    equipment.Manufacturer, equipment.ManufacturerModelName = "cem_monai", model.name
    # 48 digits: a value of Software Versions has at most 64 characters, the label included
    equipment.SoftwareVersions = [
        model.version,
        f"weights:{model.weights_sha256[:48]}",
        f"config:{model.config_sha256[:48]}",
    ]
    equipment.DeviceSerialNumber = "0"
    equipment.ContributionDateTime = dataset.ContentDate + dataset.ContentTime
    equipment.ContributionDescription = (
        "AI image-to-image translation; "
        f"weights sha256 {model.weights_sha256}; config sha256 {model.config_sha256}"
    )
    dataset.ContributingEquipmentSequence = [equipment]

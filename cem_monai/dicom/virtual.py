"""A generated image as a DICOM object that nobody can take for a contrast examination."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import (
    VIRTUAL_DES,
    MammogramAttributes,
    PresentationIntent,
    read_attributes,
)
from cem_monai.dicom.banner import BANNER, paint_banner
from cem_monai.dicom.identity import copy_identity
from cem_monai.dicom.writer import (
    Exposure,
    ImageContent,
    code_item,
    deterministic_uid,
    mammogram_dataset,
    source_reference,
)


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


@dataclass(frozen=True)
class GeneratedMarks:
    """What every generated object of one kind says of itself.

    Attributes:
        image_type: value 6 of ImageType.
        image_content: see `mammogram_dataset`.
        banner: text that is painted into the air.
        series_number, series_description: as a viewer lists the series.
        comment: ImageComments.
        derivation: ends the sentence "Predicted by the neural network X from the ...".
    """

    image_type: str
    image_content: ImageContent | None
    banner: str
    series_number: int
    series_description: str
    comment: str
    derivation: str


VIRTUAL_DES_MARKS = GeneratedMarks(
    image_type=VIRTUAL_DES,
    image_content=ImageContent.RECOMBINED,
    banner=BANNER,
    series_number=9001,
    series_description="VIRTUAL DES AI - no iodine measured",
    comment=(
        "VIRTUAL CONTRAST - AI GENERATED - NO IODINE WAS MEASURED - "
        "RESEARCH ONLY, NOT FOR DIAGNOSIS"
    ),
    derivation="low-energy image; no iodine was measured",
)


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

    Arguments and errors are those of `generated_dataset`.
    """
    return generated_dataset(
        source,
        pixels,
        breast,
        marks=VIRTUAL_DES_MARKS,
        model=model,
        bits_stored=bits_stored,
        window=window,
    )


def generated_dataset(
    source: Dataset,
    pixels: npt.NDArray[np.unsignedinteger],
    breast: npt.NDArray[np.bool_],
    *,
    marks: GeneratedMarks,
    model: GeneratingModel,
    bits_stored: int,
    window: tuple[float, float] | None,
    photometric_interpretation: str = "MONOCHROME2",
) -> Dataset:
    """Return a generated image derived from a mammogram.

    Same SOP class, patient, study, frame of reference and geometry as the source; new series and
    instance, whose UIDs follow from the source and the model, so that a re-run replaces its result.
    Marked as synthetic in ImageType, SyntheticData, ContentQualification,
    ContributingEquipmentSequence, SeriesDescription, ImageComments and in the pixels.

    Args:
        source: the mammogram that the pixels were generated from.
        pixels: (H, W) unsigned integers in the stored orientation of the source.
        breast: (H, W) mask in the same orientation: where the banner must not go.
        marks: what the object says of itself.
        model: what generated the pixels.
        bits_stored: BitsStored of the result.
        window: WindowCenter and WindowWidth; None for an image that is not to be shown as it is.
        photometric_interpretation: see `mammogram_dataset`. The banner is bright in either.

    Raises:
        ValueError: size of `pixels` or `breast` differs from the source's.
    """
    attributes = read_attributes(source, Path(str(getattr(source, "filename", "source"))))
    _check_size(attributes, pixels, breast)
    dark, bright = 0, 2**bits_stored - 1
    if photometric_interpretation == "MONOCHROME1":
        dark, bright = bright, dark
    painted = paint_banner(
        pixels,
        breast,
        value=bright,
        background=dark,
        chest_wall_at_right=attributes.chest_wall_at_right,
        text=marks.banner,
    )
    exposure = _exposure(source, attributes)
    dataset = mammogram_dataset(
        painted,
        exposure,
        image_content=marks.image_content,
        bits_stored=bits_stored,
        spacing=attributes.imager_pixel_spacing,
        window=window,
        sop_instance_uid=deterministic_uid(attributes.sop_instance_uid, *model.identity),
        # A series has one frame of reference (PS3.3 C.7.4.1), so each compression has its own
        series_instance_uid=deterministic_uid(
            *(exposure.study_instance_uid, exposure.frame_of_reference_uid),
            *model.identity,
        ),
        series_number=marks.series_number,
        series_description=marks.series_description,
        manufacturer="cem_monai",
        model_name=model.name,
        software_versions=model.version,
        photometric_interpretation=photometric_interpretation,
        presentation_intent=PresentationIntent(source.PresentationIntentType),
    )
    copy_identity(source, dataset)
    _mark(dataset, marks, model)
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


def _mark(dataset: Dataset, marks: GeneratedMarks, model: GeneratingModel) -> None:
    # SUBTRACTION and POST_CONTRAST would be untrue: nothing was subtracted, no agent was measured
    dataset.ImageType = ["DERIVED", "SECONDARY", "", "GENERATED_2D", "", marks.image_type]
    dataset.SyntheticData, dataset.ContentQualification = "YES", "RESEARCH"
    dataset.ImageComments = marks.comment
    dataset.InstanceCreationDate = dataset.ContentDate
    dataset.InstanceCreationTime = dataset.ContentTime
    dataset.DerivationDescription = (
        f"Predicted by the neural network {model.name} {model.version} from the "
        f"{marks.derivation}. The text {marks.banner!r} is painted into the pixels."
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

"""A generated image as a DICOM object that nobody can take for a contrast examination."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import (
    GENERATOR_MANUFACTURER,
    MammogramAttributes,
    PresentationIntent,
    read_attributes,
)
from cem_monai.dicom.banner import paint_banner
from cem_monai.dicom.equipment import GeneratingModel, contributing_equipment
from cem_monai.dicom.generation_time import generation_time
from cem_monai.dicom.identity import copy_identity
from cem_monai.dicom.marks import VIRTUAL_DES_MARKS, GeneratedMarks, mark_generated
from cem_monai.dicom.writer import (
    Exposure,
    deterministic_uid,
    mammogram_dataset,
    source_reference,
)


def virtual_des_dataset(
    source: Dataset,
    pixels: npt.NDArray[np.unsignedinteger],
    breast: npt.NDArray[np.bool_],
    *,
    model: GeneratingModel,
    bits_stored: int,
    window: tuple[float, float],
    banner: bool = True,
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
        banner=banner,
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
    banner: bool = True,
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
        banner: whether the text of the marks is painted into the pixels.

    Raises:
        ValueError: size of `pixels` or `breast` differs from the source's.
    """
    attributes = read_attributes(source, Path(str(getattr(source, "filename", "source"))))
    _check_size(attributes, pixels, breast)
    dark, bright = 0, 2**bits_stored - 1
    if photometric_interpretation == "MONOCHROME1":
        dark, bright = bright, dark
    painted = pixels
    if banner:
        painted = paint_banner(
            pixels,
            breast,
            value=bright,
            background=dark,
            chest_wall_at_right=attributes.chest_wall_at_right,
            text=marks.banner,
        )
    exposure = _exposure(source, attributes)
    identity = (*model.identity, *marks.identity)
    dataset = mammogram_dataset(
        painted,
        exposure,
        image_content=marks.image_content,
        bits_stored=bits_stored,
        spacing=attributes.imager_pixel_spacing,
        window=window,
        sop_instance_uid=deterministic_uid(attributes.sop_instance_uid, *identity),
        # A series has one frame of reference (PS3.3 C.7.4.1), so each compression has its own
        series_instance_uid=deterministic_uid(
            exposure.study_instance_uid, exposure.frame_of_reference_uid, *identity
        ),
        series_number=marks.series_number,
        series_description=marks.series_description,
        manufacturer=GENERATOR_MANUFACTURER,
        model_name=model.name,
        software_versions=model.software_versions,
        photometric_interpretation=photometric_interpretation,
        presentation_intent=PresentationIntent(source.PresentationIntentType),
    )
    copy_identity(source, dataset)
    said = _about_banner(marks, painted != pixels, breast) if banner else ""
    mark_generated(dataset, marks, model, said)
    dataset.ContributingEquipmentSequence = contributing_equipment(
        source, model, dataset.ContentDate + dataset.ContentTime
    )
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
        # General Image: when this image was made
        acquired=generation_time(source.get("TimezoneOffsetFromUTC")),
    )


def _about_banner(
    marks: GeneratedMarks, painted: npt.NDArray[np.bool_], breast: npt.NDArray[np.bool_]
) -> str:
    said = f"The text {marks.banner!r} is painted into the pixels."
    if (painted & breast).any():
        return f"{said} It covers the edge opposite the chest wall: no air was left beside."
    return said

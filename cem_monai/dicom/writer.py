"""Build and save mammography objects that DICOM validators find nothing wrong with."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from cem_monai import __version__
from cem_monai.dicom.attributes import (
    ImageContent,
    Laterality,
    PresentationIntent,
    ViewPosition,
)

IMPLEMENTATION_CLASS_UID = UID("2.25.251823541563476043958467117029480417637")
IMAGE_TYPES = {
    # Value 3 POST_CONTRAST is what PS3.3 C.8.11.7.1.4 asks for; validators follow the DX module,
    # which wants it empty. Values 4 and 5 tell the content.
    ImageContent.LOW_ENERGY: ["ORIGINAL", "PRIMARY", "", "", "LOW_ENERGY"],
    ImageContent.HIGH_ENERGY: ["ORIGINAL", "PRIMARY", "", "", "HIGH_ENERGY"],
    ImageContent.RECOMBINED: ["DERIVED", "PRIMARY", "", "SUBTRACTION"],
    None: ["ORIGINAL", "PRIMARY", ""],
}


@dataclass(frozen=True)
class Exposure:
    """Identity of one compression of one breast; its low-energy and recombined image share it.

    Attributes:
        patient_id: PatientID (0010,0020).
        patient_name: PatientName (0010,0010), family and given name separated by `^`.
        study_instance_uid: StudyInstanceUID (0020,000D).
        frame_of_reference_uid: FrameOfReferenceUID (0020,0052), new for each compression.
        laterality: which breast.
        view_position: which projection.
        acquired: acquisition date and time.
        study_started: StudyDate and StudyTime, one for all of a study; None for `acquired`.
    """

    patient_id: str
    patient_name: str
    study_instance_uid: str
    frame_of_reference_uid: str
    laterality: Laterality
    view_position: ViewPosition
    acquired: datetime
    study_started: datetime | None = None


def mammogram_dataset(
    pixels: npt.NDArray[np.unsignedinteger],
    exposure: Exposure,
    *,
    image_content: ImageContent | None,
    bits_stored: int,
    spacing: tuple[float, float] | None,
    window: tuple[float, float] | None,
    sop_instance_uid: str,
    series_instance_uid: str,
    series_number: int,
    series_description: str,
    manufacturer: str,
    model_name: str,
    software_versions: str | list[str],
    photometric_interpretation: str = "MONOCHROME2",
    presentation_intent: PresentationIntent = PresentationIntent.FOR_PRESENTATION,
) -> Dataset:
    """Return a Digital Mammography X-Ray Image, ready for more attributes.

    Args:
        pixels: (H, W) unsigned integers below 2**bits_stored, in stored orientation: chest wall at
            the left edge for a left breast, at the right edge for a right one.
        exposure: patient, study, compression, view.
        image_content: sets ImageType (0008,0008); None for an image without contrast agent.
        bits_stored: 8 to 16; more than 8 are stored in 16.
        spacing: mm at the detector, (row, column); None writes no ImagerPixelSpacing, which makes
            the object incomplete: only for sources that do not tell it.
        window: WindowCenter and WindowWidth; None for an image that is not to be shown as it is.
        sop_instance_uid, series_instance_uid: see `deterministic_uid`.
        series_number, series_description: as a viewer lists the series.
        manufacturer, model_name, software_versions: who made the pixels.
        photometric_interpretation: MONOCHROME2, or MONOCHROME1 for pixels already inverted, or
            that count X-rays.
        presentation_intent: values are logarithmic For Presentation, linear in X-rays For
            Processing.

    Raises:
        ValueError: `pixels` are not unsigned integers of two dimensions within `bits_stored`.
    """
    _check_pixels(pixels, bits_stored)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    dataset.file_meta.ImplementationVersionName = f"CEM_MONAI_{__version__}"[:16]
    _add_intent(dataset, presentation_intent)
    # SOP Common
    dataset.SOPInstanceUID = sop_instance_uid
    _add_patient_and_study(dataset, exposure)
    # General Series
    dataset.Modality, dataset.SeriesInstanceUID = "MG", series_instance_uid
    dataset.SeriesNumber, dataset.SeriesDescription = series_number, series_description
    # Frame of Reference, General Equipment
    dataset.FrameOfReferenceUID = exposure.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    dataset.Manufacturer, dataset.ManufacturerModelName = manufacturer, model_name
    dataset.SoftwareVersions = software_versions
    _add_image(dataset, exposure, image_content)
    _add_pixels(dataset, pixels, bits_stored, photometric_interpretation)
    if window is not None:
        # VOI LUT
        dataset.WindowCenter, dataset.WindowWidth = f"{window[0]:g}", f"{window[1]:g}"
        dataset.VOILUTFunction = "LINEAR"
    _add_anatomy(dataset, exposure)
    # DX Detector, Acquisition Context
    dataset.DetectorType = "DIRECT"
    if spacing is not None:
        dataset.ImagerPixelSpacing = [f"{value:.6g}" for value in spacing]
    dataset.AcquisitionContextSequence = []
    return dataset


def deterministic_uid(*entropy: str) -> str:
    """Return the UID that belongs to these texts: the same texts give the same UID for ever.

    It is a UUID written as a decimal under 2.25 (PS3.5 B.2), made from the SHA-256 of the texts.

    Args:
        entropy: what identifies the object, e.g. source UID and hash of the weights.
    """
    if not entropy:
        raise ValueError("a deterministic UID needs at least one text")
    digest = hashlib.sha256("\0".join(entropy).encode()).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"


def code_item(value: str, scheme: str, meaning: str) -> Dataset:
    """Return one item of a code sequence (PS3.3 8.8)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def source_reference(source: Dataset) -> Dataset:
    """Return the item of SourceImageSequence (0008,2112) that names the image derived from."""
    reference = Dataset()
    reference.ReferencedSOPClassUID = source.SOPClassUID
    reference.ReferencedSOPInstanceUID = source.SOPInstanceUID
    reference.SpatialLocationsPreserved = "YES"
    purpose = code_item("121322", "DCM", "Source image for image processing operation")
    reference.PurposeOfReferenceCodeSequence = [purpose]
    return reference


def _check_pixels(pixels: npt.NDArray[np.unsignedinteger], bits_stored: int) -> None:
    if not 8 <= bits_stored <= 16:
        raise ValueError(f"bits_stored must be 8 to 16, got {bits_stored}")
    if pixels.ndim != 2 or not np.issubdtype(pixels.dtype, np.unsignedinteger):
        raise ValueError(
            f"pixels must be (H, W) unsigned integers, got {pixels.shape} {pixels.dtype}"
        )
    largest = int(pixels.max(initial=0))
    if largest >= 2**bits_stored:
        raise ValueError(f"pixels hold {largest}, which does not fit {bits_stored} bits")


def _add_intent(dataset: Dataset, presentation_intent: PresentationIntent) -> None:
    # SOP Common, DX Series
    dataset.SOPClassUID = presentation_intent.sop_class_uid
    dataset.PresentationIntentType = presentation_intent.value
    # DX Image
    linear = presentation_intent is PresentationIntent.FOR_PROCESSING
    dataset.PixelIntensityRelationship = "LIN" if linear else "LOG"


def _add_patient_and_study(dataset: Dataset, exposure: Exposure) -> None:
    # Patient
    dataset.PatientName, dataset.PatientID = exposure.patient_name, exposure.patient_id
    dataset.PatientBirthDate, dataset.PatientSex = "", ""
    # General Study
    date, time = f"{exposure.acquired:%Y%m%d}", f"{exposure.acquired:%H%M%S}"
    dataset.StudyInstanceUID, dataset.StudyID = exposure.study_instance_uid, "1"
    started = exposure.study_started or exposure.acquired
    dataset.StudyDate, dataset.StudyTime = f"{started:%Y%m%d}", f"{started:%H%M%S}"
    dataset.AccessionNumber, dataset.ReferringPhysicianName = "", ""
    # General Image, General Acquisition
    dataset.ContentDate, dataset.ContentTime = date, time
    dataset.AcquisitionDate, dataset.AcquisitionTime = date, time


def _add_image(dataset: Dataset, exposure: Exposure, image_content: ImageContent | None) -> None:
    dataset.ImageType = IMAGE_TYPES[image_content]
    dataset.InstanceNumber = 1
    left = exposure.laterality is Laterality.LEFT
    oblique = exposure.view_position in (ViewPosition.MLO, ViewPosition.LMO)
    sideways = exposure.view_position in (ViewPosition.ML, ViewPosition.LM)
    down = "F" if sideways else {True: "R", False: "L"}[left]
    dataset.PatientOrientation = ["A" if left else "P", f"F{down}" if oblique else down]
    # DX Image; Burned In Annotation means text that identifies the patient, which there is none of
    dataset.BurnedInAnnotation, dataset.LossyImageCompression = "NO", "00"
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"


def _add_pixels(
    dataset: Dataset,
    pixels: npt.NDArray[np.unsignedinteger],
    bits_stored: int,
    photometric_interpretation: str,
) -> None:
    dataset.PhotometricInterpretation = photometric_interpretation
    inverse = photometric_interpretation == "MONOCHROME1"
    dataset.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    # 1 where higher values mean more X-rays, -1 where they mean fewer (PS3.3 C.8.11.3.1.2)
    dataset.PixelIntensityRelationshipSign = 1 if inverse else -1
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 8 if bits_stored == 8 else 16
    dataset.BitsStored, dataset.HighBit = bits_stored, bits_stored - 1
    data = pixels.astype("<u1" if bits_stored == 8 else "<u2").tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits_stored == 8 else "OW"


def _add_anatomy(dataset: Dataset, exposure: Exposure) -> None:
    # DX Anatomy Imaged
    dataset.ImageLaterality = exposure.laterality.value
    dataset.AnatomicRegionSequence = [code_item("76752008", "SCT", "Breast")]
    # Mammography Image. ViewPosition (0018,5101) is left out: the DX module knows other terms
    dataset.OrganExposed, dataset.PositionerType = "BREAST", "MAMMOGRAPHIC"
    value, meaning = exposure.view_position.code
    view = code_item(value, "SCT", meaning)
    view.ViewModifierCodeSequence = []
    dataset.ViewCodeSequence = [view]

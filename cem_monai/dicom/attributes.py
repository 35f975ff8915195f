"""The vocabulary: what a mammogram's header says, with the standard's keywords as names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
)

from cem_monai.dicom.errors import refuse

MG_FOR_PRESENTATION = DigitalMammographyXRayImageStorageForPresentation
VIRTUAL_DES = "VIRTUAL_DES"
"""Value 6 of ImageType (0008,0008) of images that this package generates from low-energy ones."""
VIRTUAL_HIGH_DOSE = "VIRTUAL_DOSE"
"""The same of images that it generates from low-dose ones."""
UNCERTAINTY_MAP = "AI_UNCERTAINTY"
"""The same of maps that tell how much a generated image varies."""
GENERATED_IMAGES = frozenset({VIRTUAL_DES, VIRTUAL_HIGH_DOSE, UNCERTAINTY_MAP})
"""All of them: such an object is no input."""
SIMULATOR_MANUFACTURER = "cem_monai simulator"
"""Manufacturer (0008,0070) of simulated exams: the only synthetic objects accepted as input."""


GENERATOR_MANUFACTURER = "cem_monai"
"""The same of generated images: they are none."""
SYNTHESIZING_EQUIPMENT = "109100"
"""Purpose of a contributing equipment (PS3.16 CID 7005): it made the pixels artificially."""


class ImageContent(str, Enum):
    """What one image of a contrast-enhanced exposure shows."""

    LOW_ENERGY = "low_energy"
    HIGH_ENERGY = "high_energy"
    RECOMBINED = "recombined"


class PresentationIntent(str, Enum):
    """PresentationIntentType (0008,0068): whether an image is ready for a reader."""

    FOR_PRESENTATION = "FOR PRESENTATION"
    FOR_PROCESSING = "FOR PROCESSING"

    @property
    def sop_class_uid(self) -> UID:
        """SOP class of such a mammogram."""
        if self is PresentationIntent.FOR_PRESENTATION:
            return MG_FOR_PRESENTATION
        return DigitalMammographyXRayImageStorageForProcessing


class Laterality(str, Enum):
    """ImageLaterality (0020,0062): the breast that the image shows."""

    LEFT = "L"
    RIGHT = "R"


class ViewPosition(str, Enum):
    """ViewPosition (0018,5101) terms, with their codes in ViewCodeSequence (0054,0220)."""

    CC = "CC"
    MLO = "MLO"
    ML = "ML"
    LM = "LM"
    LMO = "LMO"
    XCCL = "XCCL"
    XCCM = "XCCM"

    @property
    def code(self) -> tuple[str, str]:
        """SNOMED CT code value and meaning (PS3.16 CID 4014)."""
        return VIEW_CODES[self]


VIEW_CODES = {
    ViewPosition.CC: ("399162004", "cranio-caudal"),
    ViewPosition.MLO: ("399368009", "medio-lateral oblique"),
    ViewPosition.ML: ("399260004", "medio-lateral"),
    ViewPosition.LM: ("399352003", "latero-medial"),
    ViewPosition.LMO: ("399099002", "latero-medial oblique"),
    ViewPosition.XCCL: ("399192008", "cranio-caudal exaggerated laterally"),
    ViewPosition.XCCM: ("399101009", "cranio-caudal exaggerated medially"),
}
# PS3.16 CID 4014 in its older SNOMED-RT spelling, still written by many modalities.
RETIRED_VIEW_CODES = {
    "R-10242": ViewPosition.CC,
    "R-10226": ViewPosition.MLO,
    "R-10224": ViewPosition.ML,
    "R-10228": ViewPosition.LM,
    "R-10230": ViewPosition.LMO,
    "R-1024A": ViewPosition.XCCL,
    "R-1024B": ViewPosition.XCCM,
}
VIEW_OF_CODE = {code: view for view, (code, _) in VIEW_CODES.items()} | RETIRED_VIEW_CODES

# PS3.16 CID 4015: views of a part of the breast, or of a breast with its implant pushed away.
REFUSED_VIEW_MODIFIERS = {
    "399163009": "magnification",
    "R-102D6": "magnification",
    "399055006": "spot compression",
    "R-102D7": "spot compression",
    "399209000": "implant displaced",
    "R-102D5": "implant displaced",
}

SHARED_GEOMETRY = (
    *("Rows", "Columns", "ImagerPixelSpacing", "PatientOrientation", "CompressionForce"),
    *("BodyPartThickness", "PositionerPrimaryAngle", "DetectorID"),
)
"""Attributes that are equal in the images of one compression on one detector."""


@dataclass(frozen=True)
class MammogramAttributes:
    """The header of one mammogram, as far as pairing and geometry need it.

    Attributes:
        path: file that was read.
        sop_instance_uid, study_instance_uid, series_instance_uid: identity of the object.
        patient_id: PatientID (0010,0020); may be empty.
        laterality, view_position, view_modifiers: which view; modifiers are sorted code values.
        rows, columns: stored matrix in pixels.
        bits_stored: BitsStored (0028,0101).
        patient_orientation: PatientOrientation (0020,0020), e.g. `("A", "R")`; empty if absent.
        imager_pixel_spacing: mm at the detector, (row, column); None if absent.
        frame_of_reference_uid: equal for the images of one compression; None if absent.
        source_uids: SOP instances named in SourceImageSequence (0008,2112).
        event_uids: IrradiationEventUID (0008,3010) and AcquisitionUID (0008,0017) values.
        acquisition_number: AcquisitionNumber (0020,0012), the weakest link; None if absent.
        acquired: acquisition date and time; None if absent.
        synthetic: SyntheticData (0008,001C) is YES.
        geometry: what all images of one compression share, by keyword (see `SHARED_GEOMETRY`), as
            far as the object tells it.
    """

    path: Path
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    patient_id: str
    laterality: Laterality
    view_position: ViewPosition
    view_modifiers: tuple[str, ...]
    rows: int
    columns: int
    bits_stored: int
    patient_orientation: tuple[str, ...]
    imager_pixel_spacing: tuple[float, float] | None
    frame_of_reference_uid: str | None
    source_uids: frozenset[str]
    event_uids: frozenset[str]
    acquisition_number: int | None
    acquired: datetime | None
    synthetic: bool
    geometry: dict[str, str]

    @property
    def chest_wall_at_right(self) -> bool:
        """Whether the stored image has the chest wall at its right edge (PS3.3 C.7.6.1.1.1)."""
        if self.patient_orientation:
            return self.patient_orientation[0] == "P"
        return self.laterality is Laterality.RIGHT


def read_attributes(dataset: Dataset, path: Path) -> MammogramAttributes:
    """Read the attributes of a mammogram that passed `check_mammogram`.

    Raises:
        MammogramError: laterality, view, orientation or pixel spacing is missing, unknown or
            contradictory.
    """
    laterality = _laterality(dataset, path)
    orientation = _patient_orientation(dataset, path, laterality)
    return MammogramAttributes(
        path=path,
        sop_instance_uid=str(dataset.SOPInstanceUID),
        study_instance_uid=str(dataset.StudyInstanceUID),
        series_instance_uid=str(dataset.get("SeriesInstanceUID", "")),
        patient_id=str(dataset.get("PatientID") or ""),
        laterality=laterality,
        view_position=_view_position(dataset, path),
        view_modifiers=view_modifiers(dataset),
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        bits_stored=int(dataset.BitsStored),
        patient_orientation=orientation,
        imager_pixel_spacing=_spacing(dataset, path),
        frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID") or "") or None,
        source_uids=source_uids(dataset),
        event_uids=_event_uids(dataset),
        acquisition_number=_integer(dataset.get("AcquisitionNumber")),
        acquired=_acquired(dataset),
        synthetic=dataset.get("SyntheticData") == "YES",
        geometry=_geometry(dataset),
    )


def view_modifiers(dataset: Dataset) -> tuple[str, ...]:
    """Return the sorted code values of ViewModifierCodeSequence (0054,0222)."""
    views = dataset.get("ViewCodeSequence") or []
    items = [item for view in views for item in view.get("ViewModifierCodeSequence") or []]
    return tuple(sorted(str(item.get("CodeValue", "")) for item in items))


def source_uids(dataset: Dataset) -> frozenset[str]:
    """Return the SOP instances named in SourceImageSequence (0008,2112)."""
    items = dataset.get("SourceImageSequence") or []
    return frozenset(str(item.get("ReferencedSOPInstanceUID", "")) for item in items) - {""}


def _laterality(dataset: Dataset, path: Path) -> Laterality:
    of_series = dataset.get("Laterality") and not dataset.get("ImageLaterality")
    keyword = "Laterality" if of_series else "ImageLaterality"
    value = dataset.get(keyword)
    try:
        return Laterality(value)
    except ValueError:
        raise refuse(path, keyword, value, "must be L or R") from None


def _view_position(dataset: Dataset, path: Path) -> ViewPosition:
    codes = [str(item.get("CodeValue", "")) for item in dataset.get("ViewCodeSequence") or []]
    if codes:
        if codes[0] not in VIEW_OF_CODE:
            raise refuse(
                path, "ViewCodeSequence", codes[0], "which is not a known mammography view"
            )
        return VIEW_OF_CODE[codes[0]]
    value = dataset.get("ViewPosition") or None
    try:
        return ViewPosition(value)
    except ValueError:
        terms = ", ".join(view.value for view in ViewPosition)
        raise refuse(path, "ViewPosition", value, f"must be one of {terms}") from None


def _patient_orientation(dataset: Dataset, path: Path, laterality: Laterality) -> tuple[str, ...]:
    orientation = tuple(str(value) for value in dataset.get("PatientOrientation") or ())
    if not orientation:
        return ()
    # A left breast is stored with the chest wall at the left edge, so rows run to Anterior; a right
    # breast is its mirror image. Anything else is a flipped image or a wrong label.
    expected = "A" if laterality is Laterality.LEFT else "P"
    if orientation[0] != expected:
        wanted = f"must begin with {expected} for ImageLaterality {laterality.value}"
        raise refuse(path, "PatientOrientation", orientation, wanted)
    # Columns run to the feet or to the other side of the body; to the head or to its own side an
    # image is upside down
    if any(letter in orientation[-1] for letter in ("H", laterality.value)):
        wanted = f"which is upside down for ImageLaterality {laterality.value}"
        raise refuse(path, "PatientOrientation", orientation, wanted)
    return orientation


def _spacing(dataset: Dataset, path: Path) -> tuple[float, float] | None:
    value = dataset.get("ImagerPixelSpacing")
    if not value:
        return None
    values = [value] if isinstance(value, float) else list(value)
    if len(values) != 2 or min(values) <= 0:
        raise refuse(path, "ImagerPixelSpacing", values, "must be two numbers above 0")
    return float(values[0]), float(values[1])


def _event_uids(dataset: Dataset) -> frozenset[str]:
    values: set[str] = set()
    for keyword in ("IrradiationEventUID", "AcquisitionUID"):
        value = dataset.get(keyword) or []
        values.update([value] if isinstance(value, str) else map(str, value))
    return frozenset(values - {""})


def _geometry(dataset: Dataset) -> dict[str, str]:
    found = {keyword: dataset.get(keyword) for keyword in SHARED_GEOMETRY}
    return {key: _plain(value) for key, value in found.items() if value not in (None, "")}


def _plain(value: object) -> str:
    """Write numbers alike however they were encoded, e.g. 0.1 and 0.100."""
    if isinstance(value, (str, int, float)):
        return value if isinstance(value, str) else f"{float(value):g}"
    return "\\".join(_plain(item) for item in value)  # type: ignore[attr-defined]


def _integer(value: object) -> int | None:
    text = str(value)
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else None


def _acquired(dataset: Dataset) -> datetime | None:
    """Read AcquisitionDateTime, or else date and time of acquisition, or else of content."""
    texts = [str(dataset.get("AcquisitionDateTime") or "")]
    for kind in ("Acquisition", "Content"):
        date, time = dataset.get(f"{kind}Date"), dataset.get(f"{kind}Time")
        texts.append(f"{date}{time}" if date and time else "")
    return next((found for text in texts if (found := _timestamp(text))), None)


def _timestamp(text: str) -> datetime | None:
    # A time without seconds is no time: it cannot tell one compression from the next
    match = re.fullmatch(r"(\d{14})(\.\d{1,6})?([+-]\d{4})? *", text)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1] + (match[2] or ".0"), "%Y%m%d%H%M%S.%f")
    except ValueError:  # digits, but no date
        return None

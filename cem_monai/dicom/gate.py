"""Refuse, before a pixel is decoded, what is not one low-energy or recombined mammogram."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cem_monai.dicom.attributes import (
    GENERATED_IMAGES,
    GENERATOR_MANUFACTURER,
    MG_FOR_PRESENTATION,
    REFUSED_VIEW_MODIFIERS,
    SIMULATOR_MANUFACTURER,
    SYNTHESIZING_EQUIPMENT,
    view_modifiers,
)
from cem_monai.dicom.errors import MammogramError, attribute_label, refuse
from cem_monai.dicom.reading import read_header, read_image
from cem_monai.dicom.refusal_codes import RefusalCode

DECODERS = {
    ImplicitVRLittleEndian: "",
    ExplicitVRLittleEndian: "",
    RLELossless: "pydicom",
    JPEGLSLossless: "pyjpegls",
    JPEGLossless: "itk",
    JPEGLosslessSV1: "itk",
    JPEG2000Lossless: "itk",
}
"""Accepted transfer syntaxes, each with the one decoder: pydicom's own choice would change with the
installed packages. Deflated objects are refused since 300 kB may hold 600 MB."""

MAX_SIDE, MAX_PIXELS = 8192, 50_000_000
MAX_LOSSY_RATIO = 10.0
"""Only as far as the object tells the ratio of a lossy compression that came before."""
GENERATED, NO_INPUT = RefusalCode.GENERATED, "a generated image is no input"
REFUSED_IMAGE_TYPES = ("TOMO", "STEREO", "PRE FIRE", "POST FIRE", "BIOPSY")

MAX_PATIENT_ID = 64
"""Characters (PS3.5 6.2, LO): cut, it would be that of another patient."""

Test = Callable[[Any], bool]
Requirement = tuple[str, Test, str]
"""Keyword, what its value must pass, and what the message says it must be."""
FOR_PRESENTATION: tuple[Requirement, ...] = (
    ("Modality", lambda v: v == "MG", "must be MG"),
    ("PresentationIntentType", lambda v: v == "FOR PRESENTATION", "must be FOR PRESENTATION"),
    (
        "SOPClassUID",
        lambda v: v == MG_FOR_PRESENTATION,
        f"must be {MG_FOR_PRESENTATION} (Digital Mammography X-Ray Image - For Presentation)",
    ),
)
ONE_GRAY_IMAGE: tuple[Requirement, ...] = (
    ("NumberOfFrames", lambda v: int(v or 1) == 1, "must be 1"),
    ("SamplesPerPixel", lambda v: v == 1, "must be 1"),
    (
        "PhotometricInterpretation",
        lambda v: v in ("MONOCHROME1", "MONOCHROME2"),
        "must be MONOCHROME1 or MONOCHROME2",
    ),
    ("Rows", lambda v: 1 <= (v or 0) <= MAX_SIDE, f"must be 1 to {MAX_SIDE}"),
    ("Columns", lambda v: 1 <= (v or 0) <= MAX_SIDE, f"must be 1 to {MAX_SIDE}"),
    ("BitsAllocated", lambda v: v in (8, 16), "must be 8 or 16"),
    ("BitsStored", lambda v: 8 <= (v or 0) <= 16, "must be 8 to 16"),
    ("PixelRepresentation", lambda v: v == 0, "must be 0 (unsigned)"),
    ("RescaleSlope", lambda v: v is None or float(v) != 0, "must be one number other than 0"),
    ("RescaleIntercept", lambda v: v is None or float(v) == v, "must be one number"),
    ("PixelPaddingValue", lambda v: v is None or int(v) == v, "must be one number"),
    ("PixelPaddingRangeLimit", lambda v: v is None or int(v) == v, "must be one number"),
    (
        "LossyImageCompressionRatio",
        lambda v: max(map(float, _values(v)), default=0) <= MAX_LOSSY_RATIO,
        f"must not exceed {MAX_LOSSY_RATIO:g}",
    ),
    ("SOPInstanceUID", lambda v: UID(v or "").is_valid, "must be a valid UID"),
    ("StudyInstanceUID", lambda v: UID(v or "").is_valid, "must be a valid UID"),
    ("FrameOfReferenceUID", lambda v: not v or UID(v).is_valid, "must be a valid UID"),
    ("AcquisitionUID", lambda v: not v or UID(v).is_valid, "must be a valid UID"),
)


def open_mammogram(path: Path) -> Dataset:
    """Read one DICOM file and check that it holds a mammogram that this package can process.

    The object must be a Digital Mammography X-Ray Image - For Presentation with one unsigned
    gray frame of 8 to 16 bits in an accepted transfer syntax, show a whole breast without spot
    compression or magnification, and not be synthetic (exams of our own simulator excepted).

    Raises:
        MammogramError: the file cannot be read, or the object is not such a mammogram.
    """
    dataset = open_gray_image(path)
    check_origin(dataset, path)
    _check_view(dataset, path)
    return dataset


def open_header(path: Path) -> Dataset:
    """Read one DICOM file without its pixels; only its transfer syntax is checked.

    Raises:
        MammogramError: the file cannot be read.
    """
    return read_header(path, DECODERS)


def open_gray_image(path: Path) -> Dataset:
    """Read one DICOM file and check all that `open_mammogram` does, but its origin and view.

    Raises:
        MammogramError: the file cannot be read, or the object is no mammography image.
    """
    return open_checked(path, (*FOR_PRESENTATION, *ONE_GRAY_IMAGE))


def open_checked(path: Path, requirements: Iterable[Requirement]) -> Dataset:
    """Read one DICOM file whose attributes must pass all requirements, checked in their order.

    Transfer syntax, bits and length of the pixel data are checked in any case.

    Raises:
        MammogramError: the file cannot be read, or an attribute does not pass.
    """
    dataset = read_image(path, DECODERS)
    for keyword, accepts, wanted in requirements:
        value = dataset.get(keyword)
        if not _holds(accepts, value):
            raise refuse(path, keyword, value, wanted)
    _check_patient(dataset, path)
    _check_bits(dataset, path)
    _check_pixel_data(dataset, path)
    return dataset


def check_implant(dataset: Dataset, path: Path) -> None:
    """Refuse a breast with an implant, which hides tissue and is unlike what models have seen.

    Raises:
        MammogramError: BreastImplantPresent (0028,1300) is YES.
    """
    if dataset.get("BreastImplantPresent") == "YES":
        raise refuse(path, "BreastImplantPresent", "YES", "must be NO: implants were not asked for")


def _holds(accepts: Test, value: Any) -> bool:
    try:
        return accepts(value)
    except (TypeError, ValueError, OverflowError):
        return False


def _values(value: Any) -> list[Any]:
    """Return the values of an attribute, none if it is absent or empty."""
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MultiValue) else [value]


def _check_patient(dataset: Dataset, path: Path) -> None:
    """Refuse, without quoting it, an identity that what is generated could not tell as well."""
    patient = dataset.get("PatientID") or ""
    if not isinstance(patient, str) or len(patient) > MAX_PATIENT_ID or not patient.isprintable():
        label = attribute_label("PatientID")
        sentence = f"{path}: {label} is no text of at most {MAX_PATIENT_ID} printable characters"
        raise MammogramError(sentence, RefusalCode.ATTRIBUTE)


def _check_bits(dataset: Dataset, path: Path) -> None:
    if dataset.BitsStored > dataset.BitsAllocated:
        wanted = f"must not exceed BitsAllocated, which is {dataset.BitsAllocated}"
        raise refuse(path, "BitsStored", dataset.BitsStored, wanted)
    if dataset.get("HighBit") != dataset.BitsStored - 1:
        wanted = f"must be BitsStored - 1 = {dataset.BitsStored - 1}"
        raise refuse(path, "HighBit", dataset.get("HighBit"), wanted)
    if dataset.Rows * dataset.Columns > MAX_PIXELS:
        size = f"{dataset.Rows} x {dataset.Columns}"
        raise refuse(path, "Rows", size, f"must not exceed {MAX_PIXELS} pixels")


def check_origin(dataset: Dataset, path: Path) -> None:
    """Refuse generated images, our own simulator's excepted, and parts of a series.

    Raises:
        MammogramError: the image is no plain projection by X-rays.
    """
    image_type = [str(value).upper() for value in dataset.get("ImageType") or []]
    if GENERATED_IMAGES & set(image_type):
        raise refuse(path, "ImageType", image_type, NO_INPUT, GENERATED)
    if any(value.startswith(REFUSED_IMAGE_TYPES) for value in image_type[2:3]):
        raise refuse(path, "ImageType", image_type, "must be a plain projection")
    simulated = dataset.get("Manufacturer") == SIMULATOR_MANUFACTURER
    if dataset.get("SyntheticData") == "YES" and not simulated:
        raise refuse(path, "SyntheticData", "YES", NO_INPUT)
    if dataset.get("Manufacturer") == GENERATOR_MANUFACTURER:
        raise refuse(path, "Manufacturer", GENERATOR_MANUFACTURER, NO_INPUT, GENERATED)
    if _is_synthesized(dataset):
        code = f"{SYNTHESIZING_EQUIPMENT} (Synthesizing Equipment)"
        raise refuse(path, "ContributingEquipmentSequence", code, NO_INPUT, GENERATED)


def _is_synthesized(dataset: Dataset) -> bool:
    """Tell whether a Synthesizing Equipment contributed, ours or that of another."""
    items = dataset.get("ContributingEquipmentSequence") or []
    purposes = [code for item in items for code in item.get("PurposeOfReferenceCodeSequence") or []]
    return any(code.get("CodeValue") == SYNTHESIZING_EQUIPMENT for code in purposes)


def _check_view(dataset: Dataset, path: Path) -> None:
    for code in view_modifiers(dataset):
        if code in REFUSED_VIEW_MODIFIERS:
            value = f"{code} ({REFUSED_VIEW_MODIFIERS[code]})"
            raise refuse(path, "ViewModifierCodeSequence", value, "must be a whole-breast view")


def _check_pixel_data(dataset: Dataset, path: Path) -> None:
    if "PixelData" not in dataset:
        raise refuse(path, "PixelData", None, "so the object holds no image")
    compressed = dataset.file_meta.TransferSyntaxUID.is_compressed
    if compressed != dataset["PixelData"].is_undefined_length:
        wanted = f"must {'' if compressed else 'not '}be encapsulated in its transfer syntax"
        raise refuse(path, "PixelData", f"{len(dataset.PixelData)} bytes long", wanted)
    if not compressed:
        expected = dataset.Rows * dataset.Columns * dataset.BitsAllocated // 8
        found = len(dataset.PixelData)
        if found != expected + expected % 2:
            wanted = f"must be {expected} for {dataset.Rows} x {dataset.Columns} pixels"
            raise refuse(path, "PixelData", f"{found} bytes long", wanted)

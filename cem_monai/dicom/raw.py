"""Raw mammograms: For Processing, values proportional to the X-rays that the detector saw."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import PresentationIntent
from cem_monai.dicom.errors import damaged_otherwise
from cem_monai.dicom.gate import ONE_GRAY_IMAGE, Requirement, check_origin, open_checked
from cem_monai.dicom.pixels import stored_values

MG_FOR_PROCESSING = PresentationIntent.FOR_PROCESSING.sop_class_uid
# PS3.3 C.8.11.3.1.2 for relationship and sign
FOR_PROCESSING: tuple[Requirement, ...] = (
    ("Modality", lambda v: v == "MG", "must be MG"),
    ("PresentationIntentType", lambda v: v == "FOR PROCESSING", "must be FOR PROCESSING"),
    (
        "SOPClassUID",
        lambda v: v == MG_FOR_PROCESSING,
        f"must be {MG_FOR_PROCESSING} (Digital Mammography X-Ray Image - For Processing)",
    ),
    ("PixelIntensityRelationship", lambda v: v == "LIN", "must be LIN"),
    ("PixelIntensityRelationshipSign", lambda v: v == 1, "must be 1 (more X-rays are higher)"),
    ("RescaleSlope", lambda v: v is None or float(v) == 1, "must be 1"),
    ("RescaleIntercept", lambda v: v is None or float(v) == 0, "must be 0"),
    ("EntranceDoseInmGy", lambda v: v is None or float(v) > 0, "must be positive"),
)


@dataclass(frozen=True)
class RawMammogram:
    """One raw image, in stored orientation.

    Attributes:
        pixels: (H, W) unsigned integers, proportional to the X-rays: air is the brightest.
        bits_stored: bits of the format; the detector saturates at 2**bits_stored - 1.
        entrance_dose: mGy, EntranceDoseInmGy (0040,8302); None if it is not told.
        path: the file.
    """

    pixels: npt.NDArray[np.unsignedinteger]
    bits_stored: int
    entrance_dose: float | None
    path: Path


def read_raw_mammogram(path: str | os.PathLike[str]) -> RawMammogram:
    """Read one raw DICOM mammogram.

    Photometric interpretation and window do not matter: they tell how to show it.

    Args:
        path: DICOM file, Digital Mammography X-Ray Image - For Processing, linear.

    Raises:
        MammogramError: the file is unusable; one sentence says why.
    """
    path = Path(path)
    with damaged_otherwise(path):
        dataset = open_raw_mammogram(path)
        dose = dataset.get("EntranceDoseInmGy")
        return RawMammogram(
            pixels=stored_values(dataset, path),
            bits_stored=int(dataset.BitsStored),
            entrance_dose=None if dose is None else float(dose),
            path=path,
        )


def open_raw_mammogram(path: Path) -> Dataset:
    """Read one raw DICOM mammogram as it is.

    Raises:
        MammogramError: the file is unusable; one sentence says why.
    """
    dataset = open_checked(path, (*FOR_PROCESSING, *ONE_GRAY_IMAGE))
    check_origin(dataset, path)
    return dataset

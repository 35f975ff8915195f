"""A generated high-dose image as a DICOM object that nobody can take for a measured one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import VIRTUAL_HIGH_DOSE
from cem_monai.dicom.equipment import GeneratingModel
from cem_monai.dicom.marks import GeneratedMarks
from cem_monai.dicom.virtual import generated_dataset

VIRTUAL_HIGH_DOSE_MARKS = GeneratedMarks(
    image_type=VIRTUAL_HIGH_DOSE,
    image_content=None,
    banner="VIRTUAL HIGH DOSE - AI",
    series_number=9002,
    series_description="VIRTUAL HIGH DOSE AI - low dose measured",
    comment=(
        "VIRTUAL HIGH DOSE - AI GENERATED - ONLY THE LOW DOSE WAS MEASURED - "
        "RESEARCH ONLY, NOT FOR DIAGNOSIS"
    ),
    derivation="low-dose image; no other X-rays were measured",
)


def virtual_high_dose_dataset(
    source: Dataset,
    pixels: npt.NDArray[np.unsignedinteger],
    foreground: npt.NDArray[np.bool_],
    *,
    model: GeneratingModel,
    bits_stored: int,
    linear: bool,
    banner: bool = True,
) -> Dataset:
    """Return a virtual high-dose image, For Processing like the low-dose one it derives from.

    No entrance dose is told: there was none.

    Args:
        source: the raw low-dose mammogram.
        pixels, model, bits_stored, banner: see `generated_dataset`.
        foreground: (H, W) mask of the object, where the banner must not go.
        linear: whether more X-rays have higher values, on a linear scale. If not, more material
            has, on a logarithmic one.

    Raises:
        ValueError: size of `pixels` or `foreground` differs from the source's.
    """
    dataset = generated_dataset(
        source,
        pixels,
        foreground,
        marks=VIRTUAL_HIGH_DOSE_MARKS,
        model=model,
        bits_stored=bits_stored,
        window=None,
        photometric_interpretation="MONOCHROME1" if linear else "MONOCHROME2",
        banner=banner,
    )
    dataset.PixelIntensityRelationship = "LIN" if linear else "LOG"
    return dataset

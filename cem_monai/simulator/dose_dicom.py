"""DICOM objects of the raw images of the phantom for dose pairs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

import cem_monai
from cem_monai.dicom import (
    SIMULATOR_MANUFACTURER,
    Exposure,
    Laterality,
    PresentationIntent,
    ViewPosition,
    deterministic_uid,
    mammogram_dataset,
)
from cem_monai.simulator.dicom_objects import FIRST_DAY, MATERIALS, PATIENT_NAME
from cem_monai.simulator.dose_box import THICKNESS
from cem_monai.simulator.dose_exposure import RAW_BITS, TECHNIQUE, DoseLevel
from cem_monai.simulator.spectra import technique

COMMENT = "Computer simulation of a phantom, no patient was imaged; laterality and view are nominal"
NOISE_FREE_CODE = "noise_free"
"""Ends the name of a noise-free image."""


def phantom_id(arrangement: int) -> str:
    """Return the PatientID of an arrangement, e.g. `SIM-DOSE-01`."""
    return f"SIM-DOSE-{arrangement:02d}"


@dataclass(frozen=True)
class RawIdentity:
    """What sets one raw image apart; its UIDs follow from arrangement and recipe.

    Args:
        arrangement: number.
        recipe: digest of the study's recipe.
        level: of the dose.
        noise_free: whether it is the image without noise.
    """

    arrangement: int
    recipe: str
    level: DoseLevel
    noise_free: bool = False

    @property
    def name(self) -> str:
        """For example `"low"` or `"high_noise_free"`."""
        return self.level.value + (f"_{NOISE_FREE_CODE}" if self.noise_free else "")

    def uid(self, *entropy: str) -> str:
        """Return the UID of something in this arrangement."""
        study = (SIMULATOR_MANUFACTURER, self.recipe, phantom_id(self.arrangement))
        return deterministic_uid(*study, *entropy)

    def exposure(self) -> Exposure:
        """Return the identity of the arrangement; it is not moved between the doses."""
        order = list(DoseLevel).index(self.level)
        return Exposure(
            patient_id=phantom_id(self.arrangement),
            patient_name=PATIENT_NAME,
            study_instance_uid=self.uid("study"),
            frame_of_reference_uid=self.uid("frame of reference"),
            laterality=Laterality.LEFT,
            view_position=ViewPosition.CC,
            acquired=FIRST_DAY + timedelta(days=self.arrangement, minutes=2 * order),
        )


def raw_dataset(pixels: npt.NDArray[np.uint16], identity: RawIdentity, pixel: float) -> Dataset:
    """Return a Digital Mammography X-Ray Image - For Processing.

    Args:
        pixels: (H, W) of 14 bits, proportional to the X-rays.
        identity: which image.
        pixel: mm, side of a pixel.
    """
    dataset = mammogram_dataset(
        pixels,
        identity.exposure(),
        image_content=None,
        bits_stored=RAW_BITS,
        spacing=(pixel, pixel),
        window=None,
        sop_instance_uid=identity.uid(identity.name),
        series_instance_uid=identity.uid(identity.name, "series"),
        series_number=1
        + list(DoseLevel).index(identity.level)
        + len(DoseLevel) * identity.noise_free,
        series_description=f"Simulated phantom {identity.name.replace('_', ' ')}",
        manufacturer=SIMULATOR_MANUFACTURER,
        model_name="cem_monai.simulator",
        software_versions=cem_monai.__version__,
        photometric_interpretation="MONOCHROME1",
        presentation_intent=PresentationIntent.FOR_PROCESSING,
    )
    _add_phantom(dataset)
    _add_acquisition(dataset, identity.level)
    return dataset


def _add_phantom(dataset: Dataset) -> None:
    # SOP Common
    dataset.SyntheticData = "YES"
    # Patient
    dataset.QualityControlSubject = "YES"
    # General Image
    dataset.QualityControlImage = "YES"
    dataset.ImageComments = COMMENT


def _add_acquisition(dataset: Dataset, level: DoseLevel) -> None:
    used = technique(TECHNIQUE)
    # X-Ray Acquisition Dose
    dataset.KVP = f"{used.kilovolts:g}"
    dataset.AnodeTargetMaterial = MATERIALS[used.anode]
    dataset.FilterMaterial = [MATERIALS[material] for material, _ in used.filters]
    dataset.BodyPartThickness = f"{10 * THICKNESS:.1f}"
    dataset.EntranceDoseInmGy = f"{level.entrance_dose:.3f}"

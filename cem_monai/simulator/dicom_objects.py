"""DICOM objects of a simulated view."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

import cem_monai
from cem_monai.dicom import (
    SIMULATOR_MANUFACTURER,
    Exposure,
    ImageContent,
    Laterality,
    ViewPosition,
    deterministic_uid,
    mammogram_dataset,
    source_reference,
)
from cem_monai.simulator.device import Device, Marking
from cem_monai.simulator.recipe import Recipe
from cem_monai.simulator.spectra import Technique, technique
from cem_monai.simulator.view import SimulatedView

Pixels: TypeAlias = npt.NDArray[np.uint16]

PATIENT_NAME = "Simulated^Phantom"
RECOMBINED_WINDOW = (2050.0, 300.0)
"""Center and width in values of 12 bits: 1900 to 2200 hold more than 99 % of tissue."""
LOW_ENERGY_WINDOW = (2048.0, 4096.0)
NAMES = {ImageContent.LOW_ENERGY: "low-energy", ImageContent.RECOMBINED: "recombined"}
LOW_ENERGY_CODE, TWIN_CODE, RECOMBINED_CODE = "LE", "LE_TWIN", "DES"
"""Ends of the file names."""
TWIN_SERIES = 9
"""Number of the first series of a twin, after the eight of the four views."""
TWIN_EARLIER = timedelta(minutes=10)
"""The twin is what another compression before the injection would have shown."""
FIRST_DAY = datetime(2020, 1, 1, 8)
MATERIALS = {
    "Ag": "SILVER",
    "Al": "ALUMINUM",
    "Cu": "COPPER",
    "Mo": "MOLYBDENUM",
    "Rh": "RHODIUM",
    "W": "TUNGSTEN",
}
"""Defined terms of FilterMaterial (0018,7050) and AnodeTargetMaterial (0018,1191)."""


def patient_id(seed: int) -> str:
    """Return the PatientID of an exam, e.g. `SIM-000003`."""
    return f"SIM-{seed:06d}"


@dataclass(frozen=True)
class ViewIdentity:
    """What sets one view apart; its UIDs follow from the seed and the recipe.

    Args:
        seed: of the exam.
        recipe: of the data set.
        laterality: which breast.
        view_position: which projection.
        number: of the view within the exam, from 0.
    """

    seed: int
    recipe: Recipe
    laterality: Laterality
    view_position: ViewPosition
    number: int

    @property
    def device(self) -> Device:
        """Look of the exam."""
        return self.recipe.exam_device(self.seed)

    @property
    def name(self) -> str:
        """For example `"L_CC"`."""
        return f"{self.laterality.value}_{self.view_position.value}"

    def uid(self, *entropy: str) -> str:
        """Return the UID of something in this exam."""
        return deterministic_uid(
            SIMULATOR_MANUFACTURER, self.recipe.digest(), str(self.seed), *entropy
        )

    def exposure(self) -> Exposure:
        """Return the identity of the compression; its date follows from the seed."""
        day = FIRST_DAY + timedelta(days=self.seed % 1461, minutes=self.seed * 7 % 600)
        return Exposure(
            patient_id=patient_id(self.seed),
            patient_name=PATIENT_NAME,
            study_instance_uid=self.uid("study"),
            frame_of_reference_uid=self.uid(self.name, "frame of reference"),
            laterality=self.laterality,
            view_position=self.view_position,
            acquired=day + timedelta(minutes=2 * self.number),
            study_started=day - 2 * TWIN_EARLIER,
        )


def view_datasets(view: SimulatedView, identity: ViewIdentity) -> dict[str, Dataset]:
    """Return the low-energy and the recombined object of a view, and the twin if there is one.

    The keys end the file names.
    """
    low_energy = _dataset(view, identity, ImageContent.LOW_ENERGY)
    recombined = _dataset(view, identity, ImageContent.RECOMBINED)
    recombined.DerivationDescription = "Weighted logarithmic subtraction of two simulated exposures"
    _mark(low_energy, recombined, identity)
    datasets = {LOW_ENERGY_CODE: low_energy, RECOMBINED_CODE: recombined}
    if view.low_energy_without_contrast is not None:
        datasets[TWIN_CODE] = _twin_dataset(low_energy, view.low_energy_without_contrast, identity)
    return datasets


def _dataset(view: SimulatedView, identity: ViewIdentity, content: ImageContent) -> Dataset:
    low, device = content is ImageContent.LOW_ENERGY, identity.device
    steps = device.values_per_12_bits
    center, width = LOW_ENERGY_WINDOW if low else RECOMBINED_WINDOW
    dataset = mammogram_dataset(
        _polarity(view.low_energy if low else view.recombined, device),
        identity.exposure(),
        image_content=content,
        bits_stored=device.bits_stored,
        spacing=view.spacing,
        window=_window(center * steps, width * steps, device),
        sop_instance_uid=identity.uid(identity.name, content.value),
        # a series has one frame of reference (PS3.3 C.7.4.1), so each view has its own series
        series_instance_uid=identity.uid(identity.name, content.value, "series"),
        series_number=1 + 2 * identity.number + (not low),
        series_description=f"Simulated {NAMES[content]} {identity.name.replace('_', ' ')}",
        manufacturer=SIMULATOR_MANUFACTURER,
        model_name=f"cem_monai.simulator {device.name}",
        software_versions=cem_monai.__version__,
        photometric_interpretation=device.photometric_interpretation,
    )
    _add_acquisition(dataset, view, "low_energy" if low else "high_energy")
    dataset.DetectorType = "SCINTILLATOR"
    # Contrast/Bolus
    dataset.ContrastBolusAgent = "Iodine (simulated)"
    return dataset


def _polarity(pixels: Pixels, device: Device) -> Pixels:
    if device.photometric_interpretation == "MONOCHROME2":
        return pixels
    return np.asarray(device.largest_value - pixels, np.uint16)


def _window(center: float, width: float, device: Device) -> tuple[float, float]:
    """Return center and width in stored values; the linear function is centered half a step low."""
    if device.photometric_interpretation == "MONOCHROME2":
        return center, width
    return device.largest_value + 1 - center, width


def _mark(low_energy: Dataset, recombined: Dataset, identity: ViewIdentity) -> None:
    """Apply the device's habit of telling content and partner."""
    marking = identity.device.marking
    if marking is Marking.STANDARD:
        recombined.SourceImageSequence = [source_reference(low_energy)]
        return
    low_energy.ImageType, recombined.ImageType = ["ORIGINAL", "PRIMARY"], ["DERIVED", "PRIMARY"]
    if marking is Marking.PROCESSING_CODE:
        low_energy.AcquisitionDeviceProcessingCode = "GEMS_FFDM_PV"
        recombined.AcquisitionDeviceProcessingCode = "GEMS_CESM_1"
        return
    recombined.FrameOfReferenceUID = identity.uid(identity.name, "second frame of reference")
    del recombined.KVP  # of two exposures


def _twin_dataset(low_energy: Dataset, pixels: Pixels, identity: ViewIdentity) -> Dataset:
    """Return what the low-energy object would be had no contrast agent been injected."""
    dataset = deepcopy(low_energy)
    dataset.PixelData = _polarity(pixels, identity.device).astype("<u2").tobytes()
    dataset.SOPInstanceUID = identity.uid(identity.name, TWIN_CODE)
    dataset.SeriesInstanceUID = identity.uid(identity.name, TWIN_CODE, "series")
    dataset.FrameOfReferenceUID = identity.uid(identity.name, TWIN_CODE, "frame of reference")
    dataset.SeriesNumber = TWIN_SERIES + identity.number
    dataset.SeriesDescription += " without contrast agent"
    time = f"{identity.exposure().acquired - TWIN_EARLIER:%H%M%S}"
    dataset.ContentTime, dataset.AcquisitionTime = time, time
    del dataset.ContrastBolusAgent
    return dataset


def _add_acquisition(dataset: Dataset, view: SimulatedView, energy: str) -> None:
    """Tell how the image was exposed; a recombined one carries the second, high-energy exposure."""
    parameters = view.parameters
    used: Technique = technique(parameters[f"{energy}_technique"])
    # SOP Common
    dataset.SyntheticData = "YES"
    # Patient
    dataset.PatientSex = "F"
    # General Image
    dataset.ImageComments = "Computer simulation, no patient was imaged"
    # X-Ray Acquisition Dose; OrganDose is in dGy
    dataset.KVP = f"{used.kilovolts:g}"
    dataset.AnodeTargetMaterial = MATERIALS[used.anode]
    dataset.FilterMaterial = [MATERIALS[material] for material, _ in used.filters]
    dataset.BodyPartThickness = f"{parameters['thickness_mm']:.1f}"
    dataset.OrganDose = f"{parameters[f'{energy}_dose_mgy'] / 100:.6f}"
    dataset.EntranceDoseInmGy = f"{parameters[f'{energy}_kerma_mgy']:.4f}"

"""DICOM objects of a simulated view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

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
from cem_monai.simulator.recipe import Recipe
from cem_monai.simulator.spectra import Technique, technique
from cem_monai.simulator.view import SimulatedView

PATIENT_NAME = "Simulated^Phantom"
BITS = 12
RECOMBINED_WINDOW = (2050.0, 300.0)
"""Center and width: values 1900 to 2200 hold more than 99.9 % of breasts and lesions."""
LOW_ENERGY_WINDOW = (2048.0, 4096.0)
NAMES = {ImageContent.LOW_ENERGY: "low-energy", ImageContent.RECOMBINED: "recombined"}
LOW_ENERGY_CODE, TWIN_CODE, RECOMBINED_CODE = "LE", "LE_TWIN", "DES"
"""Ends of the file names."""
TWIN_SERIES = 9
"""Number of the first series of a twin, after the eight of the four views."""
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
        day = timedelta(days=self.seed % 1461, minutes=self.seed * 7 % 600)
        return Exposure(
            patient_id=patient_id(self.seed),
            patient_name=PATIENT_NAME,
            study_instance_uid=self.uid("study"),
            frame_of_reference_uid=self.uid(self.name, "frame of reference"),
            laterality=self.laterality,
            view_position=self.view_position,
            acquired=FIRST_DAY + day + timedelta(minutes=2 * self.number),
        )


def view_datasets(view: SimulatedView, identity: ViewIdentity) -> dict[str, Dataset]:
    """Return the low-energy and the recombined object of a view, and the twin if there is one.

    The keys end the file names. The recombined object names the low-energy one as its source: so
    it is no question which of the two low-energy objects belongs to it.
    """
    low_energy = _dataset(view, identity, ImageContent.LOW_ENERGY)
    recombined = _dataset(view, identity, ImageContent.RECOMBINED)
    recombined.SourceImageSequence = [source_reference(low_energy)]
    recombined.DerivationDescription = "Weighted logarithmic subtraction of two simulated exposures"
    datasets = {LOW_ENERGY_CODE: low_energy, RECOMBINED_CODE: recombined}
    if view.low_energy_without_contrast is not None:
        datasets[TWIN_CODE] = _twin_dataset(view, identity)
    return datasets


def _dataset(view: SimulatedView, identity: ViewIdentity, content: ImageContent) -> Dataset:
    low = content is ImageContent.LOW_ENERGY
    dataset = mammogram_dataset(
        view.low_energy if low else view.recombined,
        identity.exposure(),
        image_content=content,
        bits_stored=BITS,
        spacing=view.spacing,
        window=LOW_ENERGY_WINDOW if low else RECOMBINED_WINDOW,
        sop_instance_uid=identity.uid(identity.name, content.value),
        # a series has one frame of reference (PS3.3 C.7.4.1), so each view has its own series
        series_instance_uid=identity.uid(identity.name, content.value, "series"),
        series_number=1 + 2 * identity.number + (not low),
        series_description=f"Simulated {NAMES[content]} {identity.name.replace('_', ' ')}",
        manufacturer=SIMULATOR_MANUFACTURER,
        model_name="cem_monai.simulator",
        software_versions=cem_monai.__version__,
    )
    _add_acquisition(dataset, view, "low_energy" if low else "high_energy")
    # Contrast/Bolus
    dataset.ContrastBolusAgent = "Iodine (simulated)"
    return dataset


def _twin_dataset(view: SimulatedView, identity: ViewIdentity) -> Dataset:
    """Return what the low-energy object would be had no contrast agent been injected."""
    assert view.low_energy_without_contrast is not None
    plain = replace(view, low_energy=view.low_energy_without_contrast)
    dataset = _dataset(plain, identity, ImageContent.LOW_ENERGY)
    dataset.SOPInstanceUID = identity.uid(identity.name, TWIN_CODE)
    dataset.SeriesInstanceUID = identity.uid(identity.name, TWIN_CODE, "series")
    dataset.SeriesNumber = TWIN_SERIES + identity.number
    dataset.SeriesDescription += " without contrast agent"
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

"""A pair of a public collection as DICOM: two objects of one study that tell their origin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cem_monai.dicom import (
    Exposure,
    ImageContent,
    Laterality,
    ViewPosition,
    deterministic_uid,
    mammogram_dataset,
    save_dataset,
)

UNKNOWN_DATE = datetime(1900, 1, 1)
CODES = {ImageContent.LOW_ENERGY: "LE", ImageContent.RECOMBINED: "DES"}
NAMES = {ImageContent.LOW_ENERGY: "low-energy", ImageContent.RECOMBINED: "recombined"}


@dataclass(frozen=True)
class ImportedPair:
    """Identity of one pair, from which all names and UIDs follow: the same pair, the same bytes.

    Attributes:
        collection: begins PatientID (0010,0020), e.g. `CESM-UCBM`.
        patient: in the collection, e.g. `P96`.
        view: begins the names of its files, different for each pair of a patient, e.g. `R_MLO_76`.
        laterality, view_position: which view.
        number: different for each pair of a patient, at least 0; orders the series.
        comments: ImageComments (0020,4000) of both images.
    """

    collection: str
    patient: str
    view: str
    laterality: Laterality
    view_position: ViewPosition
    number: int
    comments: str

    @property
    def patient_id(self) -> str:
        """PatientID (0010,0020), and the name of the patient's folder."""
        return f"{self.collection}-{self.patient}"

    def path(self, content: ImageContent, output: Path) -> Path:
        """Return where an image is written: `<output>/<patient>/<view>_{LE,DES}.dcm`."""
        return output / self.patient_id / f"{self.view}_{CODES[content]}.dcm"


def write_imported(
    pixels: npt.NDArray[np.unsignedinteger],
    pair: ImportedPair,
    content: ImageContent,
    output: Path,
    *,
    bits_stored: int,
    spacing: tuple[float, float] | None,
    window: tuple[float, float],
    derivation: str,
) -> None:
    """Write one image of a pair: a derived object without manufacturer, dates and dose.

    Args:
        pixels: (H, W) unsigned integers in stored orientation (see `mammogram_dataset`).
        pair: whose image.
        content: low-energy or recombined.
        output: folder of all patients.
        bits_stored: 8 to 16.
        spacing: mm at the detector, (row, column); None where the source tells none.
        window: WindowCenter and WindowWidth.
        derivation: DerivationDescription (0008,2111): what was done to the source.
    """
    entropy = (pair.collection, pair.patient, pair.view, CODES[content])
    dataset = mammogram_dataset(
        pixels,
        _exposure(pair),
        image_content=content,
        bits_stored=bits_stored,
        spacing=spacing,
        window=window,
        sop_instance_uid=deterministic_uid(*entropy),
        # A series has one frame of reference (PS3.3 C.7.4.1), and each pair its own
        series_instance_uid=deterministic_uid(*entropy, "series"),
        series_number=1 + 2 * pair.number + list(CODES).index(content),
        series_description=f"{pair.collection} {NAMES[content]} {pair.view.replace('_', ' ')}",
        manufacturer="",
        model_name="",
        software_versions="",
    )
    # General Image
    dataset.ImageType = ["DERIVED", *dataset.ImageType[1:]]
    dataset.DerivationDescription, dataset.ImageComments = derivation, pair.comments
    # DX Detector
    dataset.DetectorType = ""
    save_dataset(dataset, pair.path(content, output))


def _exposure(pair: ImportedPair) -> Exposure:
    entropy = (pair.collection, pair.patient)
    return Exposure(
        patient_id=pair.patient_id,
        patient_name=f"{pair.collection}^{pair.patient}",
        study_instance_uid=deterministic_uid(*entropy, "study"),
        frame_of_reference_uid=deterministic_uid(*entropy, pair.view, "frame of reference"),
        laterality=pair.laterality,
        view_position=pair.view_position,
        acquired=UNKNOWN_DATE,
    )

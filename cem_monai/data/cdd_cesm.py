"""Import the 512-pixel copies of CDD-CESM (DOI 10.7937/29kw-ae92) as DICOM study folders."""

from __future__ import annotations

import json
import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from scipy import ndimage
from tqdm import tqdm

from cem_monai.atomic import atomic_write
from cem_monai.data.breast import BreastMaskError, breast_mask
from cem_monai.data.cdd_cesm_source import (
    ImageFileError,
    Source,
    SourcePair,
    read_image,
    read_source,
)
from cem_monai.data.dicom_folder import report_refused
from cem_monai.data.masks import mask_path, write_mask
from cem_monai.data.pair import Refused
from cem_monai.data.via import outlines_mask
from cem_monai.dicom import (
    Exposure,
    ImageContent,
    deterministic_uid,
    mammogram_dataset,
    save_dataset,
)

logger = logging.getLogger(__name__)

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

UNKNOWN_DATE = datetime(1900, 1, 1)
SURROUND_PIXELS = 10
"""Width of the ring around the lesions in pixels of the 512-pixel copies."""

CODES = {ImageContent.LOW_ENERGY: "LE", ImageContent.RECOMBINED: "DES"}
NAMES = {ImageContent.LOW_ENERGY: "low-energy", ImageContent.RECOMBINED: "subtracted"}
VIEWS = ("L_CC", "L_MLO", "R_CC", "R_MLO")
ENTROPY = "CDD-CESM, 512-pixel copies"
DERIVATION = (
    "From the 8-bit JPEG of CDD-CESM (DOI 10.7937/29kw-ae92), already windowed, cropped, "
    "padded to square and scaled to 512 by the source"
)
COMMENTS = (
    "The low-energy and the subtracted image of this pair are not registered to each other. "
    f"The source tells no dates: {UNKNOWN_DATE:%Y-%m-%d} stands for an unknown one. "
    "The source tells no pixel spacing."
)


@dataclass(frozen=True)
class ImportSummary:
    """What an import has written.

    Attributes:
        pairs, patients: how many.
        with_mass: pairs that got a lesion mask; the others have no outline or no known native size.
        refused: what was left out, each with one sentence.
    """

    pairs: int
    patients: int
    with_mass: int
    refused: list[Refused]

    def __str__(self) -> str:
        """Return one sentence."""
        return (
            f"{self.pairs} pairs of {self.patients} patients imported, {self.with_mass} with a "
            f"lesion mask and {self.pairs - self.with_mass} without, {len(self.refused)} refused"
        )


def import_cdd_cesm(
    source: str | os.PathLike[str], output: str | os.PathLike[str]
) -> ImportSummary:
    """Convert real low-energy/subtracted pairs into DICOM study folders with lesion masks.

    Pixel values stay as the JPEG files decode; nothing is stretched or registered. Running it again
    writes the same bytes. `refused.csv` in the output lists what was left out.

    * Mass: union of the outlines drawn on the subtracted image. Pairs whose native size is unknown,
      or a source without outlines or sizes, give no masks.
    * Surround: 10-pixel ring around the mass, inside the breast of the low-energy image.

    Args:
        source: folder that holds `cdd_cesm_512/` and, for masks, `cdd_cesm_annotations/` and
            `README.md` with the table of native sizes.
        output: folder to write; `<patient>/<view>_{LE,DES}.dcm`, masks and `exam.json`.

    Raises:
        FileNotFoundError: the source or its `pairs.tsv` is missing.
        ValueError: a table is damaged, the output is a file, or no pair can be imported.
    """
    source, output = Path(source), Path(output)
    if output.exists() and not output.is_dir():
        raise ValueError(f"{output}: is a file, the output must be a folder")
    tables = read_source(source)
    imported, with_mass, refused = _import_pairs(tables, output)
    refused = tables.refused + refused
    report_refused(refused, output / "refused.csv")
    if not imported:
        raise ValueError(f"{source}: no pair can be imported; the first: {refused[0].reason}")
    patients = _write_exams(imported, output)
    return ImportSummary(len(imported), patients, with_mass, refused)


def _import_pairs(tables: Source, output: Path) -> tuple[list[SourcePair], int, list[Refused]]:
    imported: list[SourcePair] = []
    refused: list[Refused] = []
    with_mass = 0
    for pair in tqdm(tables.pairs, desc="importing CDD-CESM", unit="pair"):
        try:
            low_energy, recombined = read_image(pair.low_energy), read_image(pair.recombined)
        except ImageFileError as error:
            refused.append(Refused(error.path, str(error)))
            continue
        mass = _mass(pair, tables)
        _write_masks(mass, low_energy, _file(pair, ImageContent.RECOMBINED, output))
        _write_image(low_energy, pair, ImageContent.LOW_ENERGY, output)
        _write_image(recombined, pair, ImageContent.RECOMBINED, output)
        imported.append(pair)
        with_mass += mass is not None
    return imported, with_mass, refused


def _mass(pair: SourcePair, tables: Source) -> Mask | None:
    outlines = tables.outlines.get(pair.recombined.name)
    frame = tables.frames.get(pair.name)
    if not outlines or not frame:
        return None
    mass = outlines_mask(outlines, frame)
    return mass if mass.any() else None


def _write_masks(mass: Mask | None, low_energy: Image, image: Path) -> None:
    surround = None if mass is None else _surround(mass, low_energy, image)
    for region, mask in (("mass", mass), ("surround", surround)):
        path = mask_path(image, region)
        if mask is None:
            path.unlink(missing_ok=True)  # of an earlier import, with other tables
        else:
            write_mask(mask, path, spacing=None)


def _surround(mass: Mask, low_energy: Image, image: Path) -> Mask | None:
    try:
        breast = breast_mask(low_energy)
    except BreastMaskError as error:
        logger.warning("%s: no surround mask: %s", image, error)
        return None
    near = ndimage.distance_transform_edt(~mass) <= SURROUND_PIXELS
    ring = np.asarray(near & breast & ~mass)
    return ring if ring.any() else None


def _write_image(pixels: Image, pair: SourcePair, content: ImageContent, output: Path) -> None:
    code, view = CODES[content], _view(pair)
    dataset = mammogram_dataset(
        pixels,
        _exposure(pair),
        image_content=content,
        bits_stored=8,
        spacing=None,
        window=(128, 256),
        sop_instance_uid=deterministic_uid(ENTROPY, pair.name, code),
        # A series has one frame of reference (PS3.3 C.7.4.1), and each view its own
        series_instance_uid=deterministic_uid(ENTROPY, pair.name, code, "series"),
        series_number=1 + 2 * VIEWS.index(view) + list(CODES).index(content),
        series_description=f"CDD-CESM {NAMES[content]} {view.replace('_', ' ')}",
        manufacturer="",
        model_name="",
        software_versions="",
    )
    _add_origin(dataset, pair.annotations["age"])
    save_dataset(dataset, _file(pair, content, output))


def _exposure(pair: SourcePair) -> Exposure:
    return Exposure(
        patient_id=_patient_id(pair),
        patient_name=f"CDD-CESM^{pair.patient}",
        study_instance_uid=deterministic_uid(ENTROPY, pair.patient, "study"),
        frame_of_reference_uid=deterministic_uid(ENTROPY, pair.name, "frame of reference"),
        laterality=pair.laterality,
        view_position=pair.view_position,
        acquired=UNKNOWN_DATE,
    )


def _add_origin(dataset: Dataset, age: str) -> None:
    # Patient Study
    if age.isdecimal():
        dataset.PatientAge = f"{int(age):03d}Y"
    # General Image
    dataset.ImageType = ["DERIVED", *dataset.ImageType[1:]]
    dataset.DerivationDescription, dataset.ImageComments = DERIVATION, COMMENTS
    # PS3.3 C.7.6.1.1.5. The ratio is left out: the first of the two compressions is unknown
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionMethod = "ISO_10918_1"
    # DX Detector
    dataset.DetectorType = ""


def _write_exams(pairs: Sequence[SourcePair], output: Path) -> int:
    exams: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for pair in pairs:
        exams[_patient_id(pair)][_view(pair)] = pair.annotations
    for patient, views in exams.items():
        exam = {"patient": patient, "source": DERIVATION, "views": views}
        with atomic_write(output / patient / "exam.json", "w") as file:
            file.write(json.dumps(exam, indent=2, ensure_ascii=False) + "\n")
    return len(exams)


def _file(pair: SourcePair, content: ImageContent, output: Path) -> Path:
    return output / _patient_id(pair) / f"{_view(pair)}_{CODES[content]}.dcm"


def _patient_id(pair: SourcePair) -> str:
    return f"CDD-CESM-{pair.patient}"


def _view(pair: SourcePair) -> str:
    return f"{pair.laterality.value}_{pair.view_position.value}"

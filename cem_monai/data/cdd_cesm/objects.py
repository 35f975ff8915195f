"""The two images of a pair of CDD-CESM as DICOM objects that tell where they come from."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cem_monai.data.cdd_cesm.image_name import ImageName, PairName
from cem_monai.data.cdd_cesm.placement import Placement
from cem_monai.data.cdd_cesm.source_folder import Layout
from cem_monai.dicom import (
    Exposure,
    ImageContent,
    code_item,
    deterministic_uid,
    mammogram_dataset,
)

Image = npt.NDArray[np.uint8]

UNKNOWN_DATE = datetime(1900, 1, 1)
CODES = {ImageContent.LOW_ENERGY: "LE", ImageContent.RECOMBINED: "DES"}
NAMES = {ImageContent.LOW_ENERGY: "low-energy", ImageContent.RECOMBINED: "subtracted"}
VIEWS = ("L_CC", "L_MLO", "R_CC", "R_MLO")
COMMENTS = (
    f"The source tells no dates: {UNKNOWN_DATE:%Y-%m-%d} stands for an unknown one. "
    "The source tells no pixel spacing."
)
UNREGISTERED = (
    "The low-energy and the subtracted image of this pair are not registered to each other. "
)
LOSSY_COMPRESSION = ("113040", "DCM", "Lossy Compression")
SPATIAL_RESAMPLING = ("113085", "DCM", "Spatial resampling")


def low_energy_object(pixels: Image, pair: PairName, layout: Layout, age: str) -> Dataset:
    """Return the low-energy image; it is the same whether its partner is registered or not.

    Args:
        pixels: (H, W), as the JPEG decodes.
        pair: its name.
        layout: of the source.
        age: years; empty if unknown.
    """
    dataset = _object(pixels, pair.low_energy, layout)
    _add_origin(dataset, layout, age)
    dataset.DerivationDescription, dataset.ImageComments = layout.derivation, COMMENTS
    return dataset


def recombined_object(
    pixels: Image, pair: PairName, layout: Layout, age: str, placement: Placement
) -> Dataset:
    """Return the recombined image on the grid of the low-energy one.

    Args:
        pixels: (H, W) of the low-energy image.
        pair: its name.
        layout: of the source.
        age: years; empty if unknown.
        placement: what was done; it is told at full precision, so that it can be undone.
    """
    # other pixels are another object
    identity = (placement.registration.to_json(),) if placement.registered else ()
    dataset = _object(pixels, pair.recombined, layout, *identity)
    _add_origin(dataset, layout, age)
    done = "registered to the low-energy image" if placement.registered else "not registered"
    dataset.DerivationDescription = f"{layout.derivation}; {done}"
    dataset.ImageComments = placement_text(placement) + COMMENTS
    if placement.registered and layout.side is None:
        dataset.DerivationCodeSequence.append(code_item(*SPATIAL_RESAMPLING))
    return dataset


def placement_text(placement: Placement) -> str:
    """Tell how the pixels got where they are, with numbers that read back without loss."""
    moves, (height, width) = placement.registration, placement.source_shape
    where = (
        f"The pixel (r, c), counted from 0, shows what the source's image of {height} rows and "
        f"{width} columns shows at (scale * r + rows, scale * c + columns), where scale = "
        f"{moves.scale!r}, rows = {moves.rows!r}, columns = {moves.columns!r}. "
    )
    if not placement.registered:
        moved = moves.rows or moves.columns
        return UNREGISTERED + (where if moved else "")
    quality = f"Quality of the registration: {moves.quality!r}. Cubic interpolation. "
    return "Registered to the low-energy image. " + where + quality


def _object(pixels: Image, name: ImageName, layout: Layout, *identity: str) -> Dataset:
    pair, code = name.pair, CODES[name.content]
    view = f"{pair.laterality.value}_{pair.view_position.value}"
    series = 1 + 2 * VIEWS.index(view) + list(CODES).index(name.content)
    dataset = mammogram_dataset(
        pixels,
        _exposure(pair, layout),
        image_content=name.content,
        bits_stored=8,  # never stretched: what 12 bits would have shown is lost
        spacing=None,
        window=(128, 256),
        sop_instance_uid=deterministic_uid(layout.name, str(pair), code, *identity),
        # A series has one frame of reference (PS3.3 C.7.4.1), and each view its own
        series_instance_uid=deterministic_uid(layout.name, str(pair), code, "series"),
        series_number=series + 2 * len(VIEWS) * (pair.number - 1),
        series_description=f"CDD-CESM {NAMES[name.content]} {pair.view.replace('_', ' ')}",
        manufacturer="",
        model_name="",
        software_versions="",
    )
    if pair.number > 1:
        dataset.AcquisitionNumber = pair.number
    return dataset


def _exposure(pair: PairName, layout: Layout) -> Exposure:
    patient = f"P{pair.patient}"
    return Exposure(
        patient_id=pair.patient_id,
        patient_name=f"CDD-CESM^{patient}",
        study_instance_uid=deterministic_uid(layout.name, patient, "study"),
        frame_of_reference_uid=deterministic_uid(layout.name, str(pair), "frame of reference"),
        laterality=pair.laterality,
        view_position=pair.view_position,
        acquired=UNKNOWN_DATE,
    )


def _add_origin(dataset: Dataset, layout: Layout, age: str) -> None:
    # Patient Study
    if age:
        dataset.PatientAge = f"{int(age):03d}Y"
    # General Image
    dataset.ImageType = ["DERIVED", *dataset.ImageType[1:]]
    # PS3.16 CID 7203
    codes = [LOSSY_COMPRESSION, *([SPATIAL_RESAMPLING] if layout.side else [])]
    dataset.DerivationCodeSequence = [code_item(*code) for code in codes]
    # PS3.3 C.7.6.1.1.5. The ratio is left out: the first of the two compressions is unknown
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionMethod = "ISO_10918_1"
    # DX Detector
    dataset.DetectorType = ""

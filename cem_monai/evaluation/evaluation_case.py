"""One test pair as predictions of any origin are judged by: whole, at its native size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.data import ExamFacts, KnownLesion, read_exam_facts
from cem_monai.dicom import (
    Laterality,
    Mammogram,
    MammogramError,
    ViewPosition,
    open_header,
    read_mammogram,
)
from cem_monai.evaluation.case_masks import Mask, Reading, read_case_masks
from cem_monai.evaluation.problems import PredictionsError, Problem, ProblemKind

IntImage = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class EvaluationCase:
    """One low-energy/recombined pair with its masks.

    Images and masks are (H, W), in canonical polarity (more tissue or iodine is higher) and
    orientation (chest wall at the left edge).

    Attributes:
        name: of the case in the datalist.
        patient: what statistics must keep together.
        laterality, view_position: of both images.
        low_energy: pixel values.
        recombined: pixel values of the real image.
        value_range: lowest and highest value that the recombined object can hold.
        low_energy_range: the same of the low-energy object.
        bits_stored: bits of the recombined object.
        spacing: mm at the detector, (row, column), or None if unknown.
        breast: mask, given by the datalist or found in the low-energy image.
        readers: mass and surround as each reader outlined them; empty without a mass.
        decoy: mask of what the low-energy image shows and does not enhance, or None.
        attributes: `density`, `manufacturer`, `machine`, `thickness_mm` (compressed breast, mm) and
            `lesion_kind`, for subgroups; empty if unknown. What the item of the datalist says under
            these keys goes before what the files say. For values see `ExamFacts`.
        lesions: of simulated views, as they were drawn.
        low_energy_path, recombined_path: DICOM files.
        flipped: whether the stored recombined image was mirrored to get to canonical orientation.
    """

    name: str
    patient: str
    laterality: Laterality
    view_position: ViewPosition
    low_energy: IntImage
    recombined: IntImage
    value_range: tuple[float, float]
    low_energy_range: tuple[float, float]
    bits_stored: int
    spacing: tuple[float, float] | None
    breast: Mask
    readers: tuple[Reading, ...]
    decoy: Mask | None
    attributes: dict[str, str]
    lesions: tuple[KnownLesion, ...]
    low_energy_path: Path
    recombined_path: Path
    flipped: bool


def load_evaluation_case(item: Mapping[str, Any]) -> EvaluationCase:
    """Read the images and masks of one case.

    Args:
        item: of `load_datalist`; `case`, `patient`, `image` and `label` are needed.

    Raises:
        PredictionsError: an image is unusable, the two do not belong together, or a mask is not
            theirs (see `read_case_masks`); it tells all that is wrong with the case.
    """
    name = str(item["case"])
    low_energy, recombined = _read_pair(item, name)
    masks = read_case_masks(item, low_energy, recombined)
    facts = read_exam_facts(recombined.attributes)
    return EvaluationCase(
        name=name,
        patient=str(item["patient"]),
        laterality=recombined.attributes.laterality,
        view_position=recombined.attributes.view_position,
        low_energy=low_energy.pixels.astype(np.int32),
        recombined=recombined.pixels.astype(np.int32),
        value_range=recombined.value_range,
        low_energy_range=low_energy.value_range,
        bits_stored=recombined.attributes.bits_stored,
        spacing=recombined.attributes.imager_pixel_spacing,
        breast=masks.breast,
        readers=masks.readers,
        decoy=masks.decoy,
        attributes=_attributes(item, low_energy, facts),
        lesions=facts.lesions,
        low_energy_path=low_energy.attributes.path,
        recombined_path=recombined.attributes.path,
        flipped=recombined.flipped,
    )


def _read_pair(item: Mapping[str, Any], name: str) -> tuple[Mammogram, Mammogram]:
    try:
        low_energy, recombined = (read_mammogram(item[key]) for key in ("image", "label"))
    except MammogramError as error:
        raise _unusable(name, str(error)) from None
    if low_energy.pixels.shape != recombined.pixels.shape:
        sizes = (*low_energy.pixels.shape, *recombined.pixels.shape)
        raise _unusable(name, "low-energy {} x {}, recombined {} x {}".format(*sizes))
    patients = {one.attributes.patient_id for one in (low_energy, recombined)} - {""}
    if len(patients) > 1:
        raise _unusable(name, "low-energy and recombined image are of different patients")
    if _view(low_energy) != _view(recombined):
        views = f"low-energy {_view(low_energy)}, recombined {_view(recombined)}"
        raise _unusable(name, views)
    for image in (low_energy, recombined):
        if (image.pixels != np.rint(image.pixels)).any():
            path = image.attributes.path
            raise _unusable(name, f"{path}: RescaleSlope (0028,1053) gives broken numbers")
    return low_energy, recombined


def _view(image: Mammogram) -> str:
    return f"{image.attributes.laterality.value} {image.attributes.view_position.value}"


def _unusable(name: str, reason: str) -> PredictionsError:
    return PredictionsError([Problem(ProblemKind.UNUSABLE_CASE, name, reason)])


def _attributes(item: Mapping[str, Any], low_energy: Mammogram, facts: ExamFacts) -> dict[str, str]:
    header = open_header(low_energy.attributes.path)
    found = {
        "density": facts.density,
        "manufacturer": str(header.get("Manufacturer") or ""),
        "machine": str(header.get("ManufacturerModelName") or "") or facts.machine,
        "thickness_mm": low_energy.attributes.geometry.get("BodyPartThickness", ""),
        "lesion_kind": facts.lesion_kind,
    }
    return {key: str(item.get(key) or value) for key, value in found.items()}

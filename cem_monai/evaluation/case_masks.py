"""The masks of one case, checked to belong to its images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cem_monai.data import REGIONS, BreastMaskError, breast_mask, mask_path, read_mask
from cem_monai.dicom import Mammogram, to_canonical
from cem_monai.evaluation.problems import PredictionsError, Problem, ProblemKind

Mask = npt.NDArray[np.bool_]
FloatImage = npt.NDArray[np.float32]

LEAST_OVERLAP, OVERLAP_SAMPLES = 0.5, 200
"""Dice coefficient of a breast mask with the breast that the low-energy image shows. Outlines of
one breast differ at skin and muscle only; the mask of the other breast is mirrored. It is found in
so many pixels per side: finding it in all takes as long as reading the rest of the case."""


class Reading(NamedTuple):
    """What one reader outlined.

    Attributes:
        mass: (H, W) mask.
        surround: (H, W) mask of tissue around it, or None if nobody drew one.
    """

    mass: Mask
    surround: Mask | None


class CaseMasks(NamedTuple):
    """Masks in canonical orientation, all (H, W).

    Attributes:
        breast: given, or found in the low-energy image.
        readers: what each reader outlined; empty for an image without a mass.
        decoy: lesions that the low-energy image shows and that do not enhance, or None.
    """

    breast: Mask
    readers: tuple[Reading, ...]
    decoy: Mask | None


def read_case_masks(
    item: Mapping[str, Any], low_energy: Mammogram, recombined: Mammogram
) -> CaseMasks:
    """Read the masks that a datalist item names.

    The second reader's masks and the decoy are taken from beside the recombined image if the item
    does not name them: older datalists do not. A second reader without a surround judges by the
    first one's, less what the second one took for the mass.

    Raises:
        PredictionsError: a mask is damaged, empty, outside of the breast or of another image; the
            second reader has a mass and the first has none; no breast is found.
    """
    problems: list[Problem] = []
    masks = {}
    for region, path in _mask_files(item).items():
        try:
            masks[region] = _read(path, recombined, f"{item['case']} {region}")
        except PredictionsError as error:
            problems += error.problems
    breast = _breast(masks.pop("breast", None), low_energy, item, problems)
    problems += _misfits(masks, breast, item)
    if problems or breast is None:
        raise PredictionsError(problems)
    return CaseMasks(breast, _readers(masks), masks.get("decoy"))


def _mask_files(item: Mapping[str, Any]) -> dict[str, Path]:
    files = {region: Path(item[region]) for region in REGIONS if item.get(region)}
    second = ("mass_second", "surround_second") if "mass" in files else ()
    for region in ("decoy", *second):
        path = mask_path(item["label"], region)
        if path.is_file():
            files.setdefault(region, path)
    return files


def _read(path: Path, recombined: Mammogram, subject: str) -> Mask:
    try:
        mask = read_mask(path)
    except ValueError as error:
        raise _error(ProblemKind.UNREADABLE_MASK, subject, str(error)) from None
    if mask.shape != recombined.pixels.shape:
        found = "{} x {}, not {} x {}".format(*mask.shape, *recombined.pixels.shape)
        raise _error(ProblemKind.MASK_SIZE, subject, found)
    if not mask.any():
        raise _error(ProblemKind.EMPTY_MASK, subject)
    return to_canonical(mask, chest_wall_at_right=recombined.flipped)


def _breast(
    given: Mask | None, low_energy: Mammogram, item: Mapping[str, Any], problems: list[Problem]
) -> Mask | None:
    """Return the breast, or add to the problems why there is none."""
    case = str(item["case"])
    if given is None:
        try:
            return breast_mask(low_energy.pixels)
        except BreastMaskError as error:
            problems.append(Problem(ProblemKind.UNUSABLE_CASE, case, str(error)))
            return None
    overlap = _overlap(given, low_energy.pixels)
    if overlap < LEAST_OVERLAP:
        problems.append(Problem(ProblemKind.FOREIGN_BREAST, case, f"overlap {overlap:.0%}"))
    return given


def _overlap(given: Mask, low_energy: FloatImage) -> float:
    """Return the overlap with the breast that is found, or 1 if none is: that is no evidence."""
    step = max(1, min(given.shape) // OVERLAP_SAMPLES)
    given, low_energy = given[::step, ::step], low_energy[::step, ::step]
    try:
        found = breast_mask(low_energy)
    except BreastMaskError:
        return 1.0
    return 2 * int((given & found).sum()) / int(given.sum() + found.sum())


def _misfits(
    masks: Mapping[str, Mask], breast: Mask | None, item: Mapping[str, Any]
) -> Iterator[Problem]:
    case = str(item["case"])
    if "mass_second" in masks and not item.get("mass"):  # an unusable one was told
        yield Problem(ProblemKind.LONE_SECOND, case)
    for region, mask in masks.items():
        if breast is not None and not (mask & breast).any():
            yield Problem(ProblemKind.MASK_OUTSIDE, f"{case} {region}")


def _readers(masks: Mapping[str, Mask]) -> tuple[Reading, ...]:
    if "mass" not in masks:
        return ()
    first = Reading(masks["mass"], masks.get("surround"))
    if "mass_second" not in masks:
        return (first,)
    mass, surround = masks["mass_second"], masks.get("surround_second")
    if surround is None and first.surround is not None:
        rest = first.surround & ~mass
        surround = rest if rest.any() else None
    return first, Reading(mass, surround)


def _error(kind: ProblemKind, subject: str, detail: str = "") -> PredictionsError:
    return PredictionsError([Problem(kind, subject, detail)])

"""One prediction as pixel values on the grid of its recombined image, or why it is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cem_monai.data import (
    BreastMaskError,
    PictureError,
    VirtualPng,
    breast_mask,
    read_virtual_png,
    virtual_marks,
)
from cem_monai.dicom import (
    Mammogram,
    MammogramError,
    erase_banner,
    from_canonical,
    open_header,
    read_for_comparison,
    to_canonical,
    to_pixel_values,
)
from cem_monai.evaluation.evaluation_case import EvaluationCase
from cem_monai.evaluation.misplacement import misplacement
from cem_monai.evaluation.prediction_formats import StoredPlane, plane_suffix, read_stored_plane
from cem_monai.evaluation.problems import PredictionsError, Problem, ProblemKind

FloatImage = npt.NDArray[np.float32]

SPACING_TOLERANCE = 0.005
"""Relative: headers round 0.0941 mm to 0.094."""

EIGHT_BITS = 255
"""Highest value of an image that was scaled to 0 … 1 or 0 … 255 (a network may overshoot 1)."""


def read_prediction(path: Path, case: EvaluationCase) -> FloatImage:
    """Read one prediction.

    NIfTI, PNG and NPY hold what the real recombined file stores: the same orientation (chest wall
    at the right for a right breast), the same scale (0 to 4095 for 12 bits, not 0 to 1 and not 0 to
    255), and inverted values where that file is MONOCHROME1. For the order of their axes see
    `read_stored_plane`. DICOM says all that itself, and so do the PNG files that this package
    generates: their range of values stands for that of the real image, which may have fewer bits.
    The banner of generated images is taken out, since the real image has none.

    Args:
        path: DICOM, `.nii`, `.nii.gz`, `.png` or `.npy` file.
        case: what it predicts.

    Returns:
        (H, W) pixel values in canonical polarity and orientation, as `case.recombined`; not
        rounded.

    Raises:
        PredictionsError: the file is damaged, or does not fit the case; it tells all that is wrong.
    """
    if virtual_marks(path):
        pixels = _from_virtual_png(path, case)
    else:
        pixels = _from_plane(path, case) if plane_suffix(path) else _from_dicom(path, case)
    if how := misplacement(pixels, case.recombined):
        raise PredictionsError([Problem(ProblemKind.MISPLACED, case.name, how)])
    return pixels


def _from_plane(path: Path, case: EvaluationCase) -> FloatImage:
    try:
        plane = read_stored_plane(path)
    except ValueError as error:
        raise _unreadable(case, error) from None
    _refuse([*_plane_problems(plane, case)])
    header = open_header(case.recombined_path)
    stored = plane.values
    if "ModalityLUTSequence" in header:  # a table knows whole numbers only
        stored = np.rint(stored).astype(np.uint16)
    values = to_pixel_values(stored, header, case.recombined_path)
    if _is_scaled_down(plane.values, header, case):
        raise PredictionsError([_other_range(plane.values, case)])
    return to_canonical(values, chest_wall_at_right=case.flipped)


def _is_scaled_down(values: npt.NDArray[Any], header: Dataset, case: EvaluationCase) -> bool:
    """Return whether an image keeps below 256 where the real breast does not."""
    if not values.min() < values.max() <= EIGHT_BITS:
        return False
    ends = to_pixel_values(np.array([[1, EIGHT_BITS]], np.uint16), header, case.recombined_path)
    breast = np.median(case.recombined[case.breast])
    return not ends.min() <= breast <= ends.max()


def _plane_problems(plane: StoredPlane, case: EvaluationCase) -> Iterator[Problem]:
    if not plane.gray:
        yield Problem(ProblemKind.COLOR, case.name)
        return
    yield from _grid_problems(plane.values.shape, plane.spacing, case)
    if plane.bits is not None and plane.bits < case.bits_stored:
        yield _other_bits(plane.bits, case)
    finite = plane.values[np.isfinite(plane.values)]
    if bad := plane.values.size - finite.size:
        yield Problem(ProblemKind.NOT_FINITE, case.name, f"{bad} of {plane.values.size}")
    if finite.size and _is_foreign_range(finite, case):
        yield _other_range(finite, case)


def _is_foreign_range(values: npt.NDArray[Any], case: EvaluationCase) -> bool:
    low, high = values.min(), values.max()
    normalized = values.dtype.kind == "f" and low < high <= 1
    return bool(low < 0 or high > 2**case.bits_stored - 1 or normalized)


def _other_range(values: npt.NDArray[Any], case: EvaluationCase) -> Problem:
    told = f"{values.min():g} to {values.max():g}, not 0 to {2**case.bits_stored - 1}"
    return Problem(ProblemKind.RANGE, case.name, told)


def _from_virtual_png(path: Path, case: EvaluationCase) -> FloatImage:
    try:
        image = read_virtual_png(path)
    except PictureError as error:
        raise _unreadable(case, error) from None
    _refuse([*_virtual_problems(image, case)])
    stored = to_canonical(image.values.astype(np.float32), chest_wall_at_right=case.flipped)
    highest = float(2**image.bits - 1)
    pixels = without_banner(stored, (0.0, highest), case.low_energy, flipped=case.flipped)
    low, high = case.value_range
    return np.asarray(low + pixels * ((high - low) / highest), np.float32)


def _virtual_problems(image: VirtualPng, case: EvaluationCase) -> Iterator[Problem]:
    yield from _grid_problems(image.values.shape, None, case)
    if image.bits < case.bits_stored:
        yield _other_bits(image.bits, case)
    if (side := image.marks.get("Laterality")) != case.laterality.value:
        yield Problem(ProblemKind.VIEW, case.name, str(side))


def _from_dicom(path: Path, case: EvaluationCase) -> FloatImage:
    try:
        mammogram = read_for_comparison(path)
    except MammogramError as error:
        raise _unreadable(case, error) from None
    _refuse([*_mammogram_problems(mammogram, case)])
    return without_banner(
        mammogram.pixels, mammogram.value_range, case.low_energy, flipped=mammogram.flipped
    )


def _mammogram_problems(mammogram: Mammogram, case: EvaluationCase) -> Iterator[Problem]:
    attributes = mammogram.attributes
    yield from _grid_problems(mammogram.pixels.shape, attributes.imager_pixel_spacing, case)
    if attributes.bits_stored != case.bits_stored:
        yield _other_bits(attributes.bits_stored, case)
    elif mammogram.value_range != case.value_range:
        ranges = "{:g} to {:g}, not {:g} to {:g}"
        told = ranges.format(*mammogram.value_range, *case.value_range)
        yield Problem(ProblemKind.RANGE, case.name, told)
    if (attributes.laterality, attributes.view_position) != (case.laterality, case.view_position):
        found = f"{attributes.laterality.value} {attributes.view_position.value}"
        yield Problem(ProblemKind.VIEW, case.name, found)


def without_banner(
    pixels: FloatImage,
    value_range: tuple[float, float],
    low_energy: npt.NDArray[Any],
    *,
    flipped: bool,
) -> FloatImage:
    """Return a generated image without its banner, which the real image has none of.

    Args:
        pixels: (H, W) in canonical orientation.
        value_range: lowest and highest value that the object can hold.
        low_energy: (H, W) its source in canonical orientation; tells where the breast is.
        flipped: whether the stored image was mirrored to get there.
    """
    low, high = value_range
    if not (pixels == high).any():
        return pixels
    try:  # painted beside the breast that was found, not beside a mask of the datalist
        breast = breast_mask(low_energy)
    except BreastMaskError:
        return pixels
    erased = erase_banner(
        from_canonical(pixels, chest_wall_at_right=flipped),
        from_canonical(breast, chest_wall_at_right=flipped),
        value=high,
        background=low,
        chest_wall_at_right=flipped,
    )
    return to_canonical(erased, chest_wall_at_right=flipped)


def _grid_problems(
    shape: tuple[int, ...], spacing: tuple[float, float] | None, case: EvaluationCase
) -> Iterator[Problem]:
    if shape != case.recombined.shape:
        found, wanted = (" x ".join(map(str, one)) for one in (shape, case.recombined.shape))
        yield Problem(ProblemKind.SIZE, case.name, f"{found}, not {wanted}")
    if spacing and case.spacing and not np.allclose(spacing, case.spacing, SPACING_TOLERANCE, 0):
        found, wanted = ("{:g} x {:g}".format(*one) for one in (spacing, case.spacing))
        yield Problem(ProblemKind.SPACING, case.name, f"{found} mm, not {wanted} mm")


def _other_bits(bits: int, case: EvaluationCase) -> Problem:
    return Problem(ProblemKind.BIT_DEPTH, case.name, f"{bits}, not {case.bits_stored}")


def _unreadable(case: EvaluationCase, error: ValueError) -> PredictionsError:
    return PredictionsError([Problem(ProblemKind.UNREADABLE, case.name, str(error))])


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise PredictionsError(problems)

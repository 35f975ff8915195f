"""The images of one case to be looked at side by side, from DICOM files or from arrays."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.data import breast_mask, read_mask
from cem_monai.dicom import Mammogram, read_generated, read_mammogram, to_canonical
from cem_monai.evaluation.evaluation_case import EvaluationCase
from cem_monai.evaluation.window import Range, display_range, linear_range

Path = str | os.PathLike[str]
FloatImage = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

DIFFERENCE_SHARE = 0.25
"""Share of the display window at which the colors of the difference end: bound to the window and
not to the errors, so that a good case looks paler than a bad one."""


@dataclass(frozen=True)
class CasePanel:
    """What is drawn of one case, in canonical polarity and orientation (chest wall at the left).

    Attributes:
        low_energy: (H, W) pixel values.
        recombined: (H, W) pixel values of the real image.
        virtual: (H, W) pixel values of the generated image.
        breast: (H, W) mask; the difference is shown inside only, and the view is cut to it.
        mass: (H, W) mask of the first or only reader, or None.
        low_energy_range: pixel values of `low_energy` shown as black and as white.
        recombined_range: the same for `recombined` and `virtual` alike.
        spacing: mm at the detector, (row, column), or None.
        mass_second: (H, W) mask of the second reader, or None.
        surround: (H, W) mask of the tissue that the mass is compared with, or None.
        decoy: (H, W) mask of what the low-energy image shows and does not enhance, or None.
        mirrored: (H, W) mask of the position of the other breast's lesion, or None.
    """

    low_energy: FloatImage
    recombined: FloatImage
    virtual: FloatImage
    breast: Mask
    mass: Mask | None
    low_energy_range: Range
    recombined_range: Range
    spacing: tuple[float, float] | None
    mass_second: Mask | None = None
    surround: Mask | None = None
    decoy: Mask | None = None
    mirrored: Mask | None = None

    @property
    def difference(self) -> np.ma.MaskedArray[Any, np.dtype[np.float32]]:
        """(H, W) virtual - recombined, masked outside the breast."""
        return np.ma.MaskedArray(self.virtual - self.recombined, mask=~self.breast)

    @property
    def difference_limit(self) -> float:
        """Stored values; differences beyond it, up or down, have the darkest color."""
        low, high = self.recombined_range
        return (high - low) * DIFFERENCE_SHARE


def case_panel(
    case: EvaluationCase,
    prediction: FloatImage,
    *,
    display_window: tuple[float, float] | None = None,
    mirrored: Mask | None = None,
) -> CasePanel:
    """Return the panel of a case and its prediction.

    Args:
        case: with masks.
        prediction: (H, W) stored pixel values, as `read_prediction` returns it.
        display_window: WindowCenter and WindowWidth for the recombined and the virtual image; the
            window of the recombined file by default.
        mirrored: (H, W) mask of the position of the other breast's lesion, see `mirrored_region`.

    Raises:
        ValueError: the window has no width, or the prediction has another size than the case.
    """
    if prediction.shape != case.recombined.shape:
        sizes = (*prediction.shape, *case.recombined.shape)
        raise ValueError("{}: prediction {} x {}, image {} x {}".format(case.name, *sizes))
    first, second = (*case.readers, None, None)[:2]
    return CasePanel(
        low_energy=case.low_energy.astype(np.float32),
        recombined=case.recombined.astype(np.float32),
        virtual=prediction.astype(np.float32),
        breast=case.breast,
        mass=first.mass if first else None,
        low_energy_range=_file_range(case.low_energy_path),
        recombined_range=linear_range(*display_window)
        if display_window
        else _file_range(case.recombined_path),
        spacing=case.spacing,
        mass_second=second.mass if second else None,
        surround=first.surround if first else None,
        decoy=case.decoy,
        mirrored=mirrored,
    )


def load_case_panel(
    low_energy_path: Path,
    recombined_path: Path,
    virtual_path: Path,
    *,
    display_window: tuple[float, float] | None = None,
    mass: Path | None = None,
    breast: Path | None = None,
) -> CasePanel:
    """Read the files of one case.

    Args:
        low_energy_path, recombined_path: DICOM files of one compression.
        virtual_path: DICOM file that was generated from the low-energy one.
        display_window: WindowCenter and WindowWidth for the recombined and the virtual image; the
            window of the recombined file by default.
        mass, breast: NIfTI masks drawn on the recombined image. Without `mass` no outline is drawn;
            without `breast` the breast is found in the low-energy image.

    Raises:
        MammogramError: a DICOM file is missing or unusable.
        ValueError: a mask is missing or damaged, sizes differ, the window has no width, or the
            virtual image was generated from another low-energy image.
    """
    low_energy, recombined = read_mammogram(low_energy_path), read_mammogram(recombined_path)
    virtual = read_generated(virtual_path)
    _check_source(virtual, low_energy)
    panel = CasePanel(
        low_energy=low_energy.pixels,
        recombined=recombined.pixels,
        virtual=virtual.pixels,
        breast=_mask(breast, recombined) if breast else breast_mask(low_energy.pixels),
        mass=_mask(mass, recombined) if mass else None,
        low_energy_range=display_range(low_energy, low_energy_path),
        recombined_range=linear_range(*display_window)
        if display_window
        else display_range(recombined, recombined_path),
        spacing=recombined.attributes.imager_pixel_spacing,
    )
    _check_sizes(panel, recombined_path)
    return panel


def _file_range(path: Path) -> Range:
    return display_range(read_mammogram(path), path)


def _check_source(virtual: Mammogram, low_energy: Mammogram) -> None:
    if low_energy.attributes.sop_instance_uid not in virtual.attributes.source_uids:
        raise ValueError(
            f"{virtual.attributes.path}: was not generated from {low_energy.attributes.path}"
        )


def _check_sizes(panel: CasePanel, recombined_path: Path) -> None:
    names = ("low_energy", "recombined", "virtual", "breast", "mass")
    arrays = {name: getattr(panel, name) for name in names}
    shapes = {name: array.shape for name, array in arrays.items() if array is not None}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {rows} x {columns}" for name, (rows, columns) in shapes.items())
        raise ValueError(f"{recombined_path}: the images of this case differ in size: {listed}")


def _mask(path: Path, recombined: Mammogram) -> Mask:
    return to_canonical(read_mask(path), chest_wall_at_right=recombined.flipped)

"""The images of one case to be looked at side by side."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.dicom import display_range, linear_range, read_mammogram
from cem_monai.dicom.window import Range
from cem_monai.evaluation.evaluation_case import EvaluationCase

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


def _file_range(path: Path) -> Range:
    return display_range(read_mammogram(path), path)

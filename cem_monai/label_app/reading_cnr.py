"""Contrast-to-noise ratio of what one reader drew, in every image of the view."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.data import breast_mask
from cem_monai.dicom import Mammogram, read_for_comparison, read_mammogram, to_canonical
from cem_monai.evaluation.case_evaluation import stored
from cem_monai.evaluation.prediction_pixels import without_banner
from cem_monai.label_app.labelmap import Drawing
from cem_monai.label_app.request_error import RequestError
from cem_monai.metrics import CaseRegions, contrast_to_noise_ratio, delta_cnr_mass

Pixels = npt.NDArray[Any]


@dataclass(frozen=True)
class ReadingCNR:
    """What one drawing gives, as `evaluate` measures it.

    Attributes:
        surround: `drawn`, `ring` (see `surround_ring`), or empty without a mass.
        mass_pixels: area of the mass, pixels.
        cnr_low_energy, cnr_real, cnr_virtual: of the mass against its surround; NaN where there is
            no such image, no mass, or a constant surround.
        delta_cnr: virtual minus real.
    """

    surround: str
    mass_pixels: int
    cnr_low_energy: float
    cnr_real: float
    cnr_virtual: float
    delta_cnr: float


class ViewMeasure:
    """The measured images of one view, read once for all readers and models.

    Args:
        low_energy: DICOM file.
        real: DICOM file of the measured recombined image, if there is one.

    Raises:
        MammogramError: an image cannot be used.
        BreastMaskError: no breast is found.
        RequestError: the two differ in size (422).
    """

    def __init__(self, low_energy: Path, real: Path | None = None) -> None:
        self._low_energy = read_mammogram(low_energy)
        self._breast = breast_mask(self._low_energy.pixels)
        self._real = None if real is None else self._stored(read_mammogram(real), real.name)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the images."""
        rows, columns = self._low_energy.pixels.shape
        return rows, columns

    def measure(self, drawing: Drawing, virtual: Path | None = None) -> ReadingCNR:
        """Measure one drawing.

        Args:
            drawing: masks in the stored orientation of the low-energy image.
            virtual: DICOM file of a generated image, if there is one.

        Raises:
            MammogramError: the generated image cannot be used.
            RequestError: a size differs (422).
        """
        mass, background = (self._canonical(mask) for mask in drawing)
        regions = CaseRegions(self._breast, [(mass, background if background.any() else None)])
        images = {
            "low_energy": self._stored(self._low_energy, "low-energy image"),
            "real": self._real,
            "virtual": None if virtual is None else self._virtual(virtual),
        }
        if not regions.readings:
            return ReadingCNR("", 0, math.nan, math.nan, math.nan, math.nan)
        area, surround = regions.readings["first"]
        cnr = {
            name: math.nan if image is None else contrast_to_noise_ratio(image, area, surround)
            for name, image in images.items()
        }
        return ReadingCNR(
            surround="ring" if regions.surround_is_ring else "drawn",
            mass_pixels=int(area.sum()),
            cnr_low_energy=cnr["low_energy"],
            cnr_real=cnr["real"],
            cnr_virtual=cnr["virtual"],
            delta_cnr=_delta(images["virtual"], images["real"], area, surround),
        )

    def _canonical(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        if mask.shape != self.shape:
            raise RequestError(f"the drawing has {mask.shape} pixels, its image {self.shape}")
        return to_canonical(mask, chest_wall_at_right=self._low_energy.flipped)

    def _virtual(self, path: Path) -> Pixels:
        image = read_for_comparison(path)
        self._check(image, path.name)
        pixels = without_banner(
            image.pixels, image.value_range, self._low_energy.pixels, flipped=image.flipped
        )
        return stored(pixels, image.value_range)

    def _stored(self, image: Mammogram, name: str) -> Pixels:
        self._check(image, name)
        return stored(image.pixels, image.value_range)

    def _check(self, image: Mammogram, name: str) -> None:
        if image.pixels.shape != self.shape:
            told = f"{name} has {image.pixels.shape} pixels, the low-energy image {self.shape}"
            raise RequestError(told)


def _delta(virtual: Pixels | None, real: Pixels | None, mass: Pixels, surround: Pixels) -> float:
    if virtual is None or real is None:
        return math.nan
    return delta_cnr_mass(virtual, real, mass, surround).delta

"""All measures of one image pair, for any number of generated images of the same real one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.case_breast import BreastMeasures
from cem_monai.metrics.case_enhancement import EnhancementMeasures
from cem_monai.metrics.case_mass import MassMeasures, lesion_row
from cem_monai.metrics.case_regions import CaseRegions, Mask
from cem_monai.metrics.contrast_index import CCINormalization, carneiro_contrast_index
from cem_monai.metrics.distances import RegionDistances, grey_per_unit
from cem_monai.metrics.histogram import grey_histogram
from cem_monai.metrics.measure_options import MeasureOptions
from cem_monai.metrics.regions import finite_plane
from cem_monai.metrics.similarity import Similarity

WHOLE = "image"
"""The whole image as a region."""


MOST_BITS = 16
"""That the contrast index takes."""


class Measures(Protocol):
    """Measures of one kind against one real image."""

    def measure(self, generated: npt.ArrayLike) -> dict[str, float]:
        """Return column → value; NaN marks what an image does not have."""
        ...


class CaseMeasures:
    """Measure generated images against one real image; what they share is computed once.

    What the caller has done: generated values are rounded to whole numbers and clipped to what
    could be stored. Nothing is rounded here. All columns are in `docs/reference/metrics.md`.

    Args:
        real: (H, W) stored pixel values.
        regions: masks of the same shape.
        options: see `MeasureOptions`.

    Raises:
        ValueError: shapes differ, or the real image holds NaN or infinite pixels.
    """

    def __init__(self, real: npt.ArrayLike, regions: CaseRegions, options: MeasureOptions) -> None:
        whole = finite_plane(real, "real")
        if whole.shape != regions.inside.shape:
            raise ValueError(
                f"real {whole.shape} and breast {regions.inside.shape} differ in shape"
            )
        self._whole, self._options = whole, options
        # Most of a mammogram is air. Windows of the breast CNR reach one patch out of the breast.
        self._part, self.regions = regions.cropped(options.patch_size, options.stride)
        self._real = whole[self._part]
        self._masks = {"breast": regions.inside, "mass": regions.mass}

    def case_row(self, generated: npt.ArrayLike) -> dict[str, float]:
        """Measure the image as a whole.

        Args:
            generated: (H, W) stored pixel values.

        Raises:
            ValueError: the shape differs, or a pixel is NaN or infinite.
        """
        image = self._checked(generated)
        row: dict[str, float] = {}
        for measures in self._of_image:
            row |= measures.measure(image)
        for measures in self._of_breast:
            row |= measures.measure(image[self._part])
        return row

    def lesion_rows(self, generated: npt.ArrayLike) -> list[dict[str, float]]:
        """Measure each lesion, largest first, see `lesion_row`.

        Arguments and errors are those of `case_row`.
        """
        image = self._checked(generated)[self._part]
        return [
            {"lesion": float(number)}
            | lesion_row(image, self._real, readers, self.regions, self._options)
            for number, readers in enumerate(self.regions.single_lesions, start=1)
        ]

    def histograms(self, image: npt.ArrayLike) -> dict[str, npt.NDArray[np.float64]]:
        """Return how the grey levels of an image are distributed.

        Args:
            image: (H, W) stored pixel values, real or generated.

        Returns:
            (256,) shares of the pixels, sum 1, of `breast_with_mass` and `mass_only`, or of
            `breast_without_mass`.
        """
        mass, pixels = self.regions.mass, self._checked(image)[self._part]
        regions = {"breast_without_mass": self.regions.inside}
        if mass.any():
            regions = {"breast_with_mass": self.regions.inside, "mass_only": mass}
        data_range = self._options.data_range
        counts = {
            name: grey_histogram(pixels, region, data_range=data_range)
            for name, region in regions.items()
        }
        return {name: bins / bins.sum() for name, bins in counts.items() if bins.any()}

    def _checked(self, generated: npt.ArrayLike) -> npt.NDArray[Any]:
        image = finite_plane(generated, "generated")
        if image.shape != self._whole.shape:
            raise ValueError(
                f"generated {image.shape} and real {self._whole.shape} differ in shape"
            )
        return image

    @cached_property
    def _of_image(self) -> tuple[Measures, ...]:
        areas = {WHOLE: np.ones(self._whole.shape, bool), **self._masks}
        data_range = self._options.data_range
        return (
            _WholeDistances(self._whole, data_range),
            Similarity(self._whole, areas, data_range=data_range),
            _ContrastIndex(self._whole, data_range),
        )

    @cached_property
    def _of_breast(self) -> tuple[Measures, ...]:
        regions, options = self.regions, self._options
        areas = {"breast": regions.inside, "mass": regions.mass, "rest": regions.rest}
        return (
            _Distances(self._real, areas, self._whole.size, options.data_range),
            BreastMeasures(self._real, regions, options),
            MassMeasures(self._real, regions, options),
            EnhancementMeasures(self._real, regions, options),
        )


class _WholeDistances:
    def __init__(self, real: npt.NDArray[Any], data_range: tuple[float, float]) -> None:
        self._whole = RegionDistances(real, np.ones(real.shape, bool), data_range=data_range)

    def measure(self, generated: npt.ArrayLike) -> dict[str, float]:
        found = self._whole.of(generated)
        # its size is told by the grid, and both kinds of PSNR are one
        return {f"{WHOLE}_{measure}": found[measure] for measure in ("l1", "l2", "psnr_roi")}


class _Distances:
    def __init__(
        self,
        real: npt.ArrayLike,
        areas: Mapping[str, Mask],
        frame_pixels: int,
        data_range: tuple[float, float],
    ) -> None:
        self._areas = {
            name: RegionDistances(real, area, data_range=data_range, frame_pixels=frame_pixels)
            for name, area in areas.items()
        }

    def measure(self, generated: npt.ArrayLike) -> dict[str, float]:
        row: dict[str, float] = {}
        for name, area in self._areas.items():
            row[f"{name}_pixels"] = float(area.pixels)
            row |= {f"{name}_{measure}": value for measure, value in area.of(generated).items()}
        return row


class _ContrastIndex:
    def __init__(self, real: npt.NDArray[np.generic], data_range: tuple[float, float]) -> None:
        self._scale = grey_per_unit(data_range)
        self._of_real = self._index(real)

    def measure(self, generated: npt.ArrayLike) -> dict[str, float]:
        found = self._index(np.asarray(generated))
        ratio = found / self._of_real if self._of_real > 0 else np.nan
        return {"cci_real": self._of_real, "cci_generated": found, "cci_ratio": ratio}

    def _index(self, image: npt.NDArray[np.generic]) -> float:
        # Where zero lies does not matter, but the index takes formats that begin with it.
        shifted = image - image.min()
        bits = max(1, int(shifted.max()).bit_length())
        if bits > MOST_BITS:
            return np.nan
        return self._scale * carneiro_contrast_index(shifted, bits, normalize=CCINormalization.NONE)

"""Enhancement that a generated image shows where the real one has no lesion."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.distances import grey_values
from cem_monai.metrics.regions import components, image_and_mask

# A cumulated share within this of the percentile has reached it: it is a sum of rounded shares.
SHARE_ROUNDING = 1e-12


@dataclass(frozen=True)
class FalseEnhancement:
    """What a generated image shows above the enhancement threshold on lesion-free tissue.

    Args:
        share: of the pixels of the tissue, 0 to 1; NaN where there is no tissue.
        foci: number of connected pieces, see `false_enhancement`.
    """

    share: float
    foci: int


class TissueLevels:
    """Grey levels of real lesion-free tissue, image by image, and the level that little exceeds."""

    def __init__(self) -> None:
        self._levels: list[npt.NDArray[np.float64]] = []
        self._shares: list[npt.NDArray[np.float64]] = []

    def add(self, values: npt.ArrayLike) -> None:
        """Add one image.

        Args:
            values: (N,) grey levels of its lesion-free tissue, see `grey_values`; an image without
                such tissue has no part.

        Raises:
            ValueError: a grey level is NaN or infinite.
        """
        pixels = np.asarray(values, np.float64)
        if bad := int(pixels.size - np.isfinite(pixels).sum()):
            number = len(self._levels)
            raise ValueError(f"values of image {number} hold {bad} NaN or infinite grey levels")
        found, counts = np.unique(pixels, return_counts=True)
        self._levels.append(found)
        self._shares.append(counts / max(1, pixels.size))

    def merge(self, other: TissueLevels) -> None:
        """Add the images of another."""
        self._levels += other._levels
        self._shares += other._shares

    def threshold(self, percentile: float = 99.0) -> float:
        """Return the smallest grey level that at least so much of the tissue does not exceed.

        Every image weighs alike, however large its breast.

        Args:
            percentile: percent, above 0 and at most 100.

        Raises:
            ValueError: `percentile` is out of range, or no image has tissue.
        """
        if not 0 < percentile <= 100:
            raise ValueError(f"percentile must be above 0 and at most 100, got {percentile}")
        if not sum(map(len, self._levels)):
            raise ValueError(
                f"none of {len(self._levels)} images has tissue to set a threshold from"
            )
        levels, shares = np.concatenate(self._levels), np.concatenate(self._shares)
        order = np.argsort(levels)
        reached = np.cumsum(shares[order]) / shares.sum()
        above = int(np.searchsorted(reached, percentile / 100 - SHARE_ROUNDING))
        return float(levels[order][min(above, levels.size - 1)])


def enhancement_threshold(values: Iterable[npt.ArrayLike], *, percentile: float = 99.0) -> float:
    """Return the grey level that little of real lesion-free tissue exceeds.

    Set it once, from real recombined images, and keep it for all predictors.

    Args:
        values: of each image, see `TissueLevels.add`.
        percentile: see `TissueLevels.threshold`.

    Raises:
        ValueError: see `TissueLevels`.
    """
    tissue = TissueLevels()
    for of_image in values:
        tissue.add(of_image)
    return tissue.threshold(percentile)


def false_enhancement(
    image: npt.ArrayLike,
    region: npt.ArrayLike,
    *,
    threshold: float,
    minimal_area: int,
    data_range: tuple[float, float],
    lesions: npt.ArrayLike | None = None,
) -> FalseEnhancement:
    """Measure the enhancement on lesion-free tissue: the region without the lesions.

    A false focus is a piece of tissue above the threshold (pixels that meet at a corner belong
    together) of at least the minimal area, which touches no lesion: the blurred border of a lesion
    is no focus. The share counts all pixels above the threshold.

    Args:
        image: (H, W) stored pixel values, in general of a generated image; those of the real image
            tell how much is there without any error.
        region: (H, W) mask, nonzero inside: the breast, or a `mirrored_region`.
        threshold: grey levels, see `enhancement_threshold`.
        minimal_area: pixels.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.
        lesions: (H, W) mask of all lesions of the image, nonzero inside; None for none.

    Raises:
        ValueError: the shapes differ or are not (H, W), the range is empty, the minimal area is
            below 1, or a pixel of the tissue is NaN or infinite.
    """
    if minimal_area < 1:
        raise ValueError(f"minimal_area must be at least 1 pixel, got {minimal_area}")
    pixels, tissue = image_and_mask(image, region, "region")
    excluded = np.zeros_like(tissue)
    if lesions is not None:
        _, excluded = image_and_mask(pixels, lesions, "lesions")
    tissue = tissue & ~excluded
    above = np.zeros_like(tissue)
    above[tissue] = grey_values(pixels, tissue, data_range=data_range) > threshold
    share = float(above.sum() / tissue.sum()) if tissue.any() else math.nan
    return FalseEnhancement(share, _foci(above, excluded, minimal_area))


def mean_excess(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    region: npt.ArrayLike,
    *,
    data_range: tuple[float, float],
) -> float:
    """Compute the mean of generated - real over a region of lesion-free tissue.

    Args:
        generated: (H, W) stored pixel values.
        real: (H, W) stored pixel values.
        region: (H, W) mask, nonzero inside.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.

    Returns:
        Grey levels, above 0 where the generated tissue is too bright; NaN for an empty region.

    Raises:
        ValueError: the shapes differ or are not (H, W), the range is empty, or a pixel inside the
            region is NaN or infinite.
    """
    of_generated, of_real = (
        grey_values(image, region, data_range=data_range) for image in (generated, real)
    )
    return float((of_generated - of_real).mean()) if of_real.size else math.nan


def _foci(above: npt.NDArray[np.bool_], lesions: npt.NDArray[np.bool_], minimal_area: int) -> int:
    # A focus that touches a lesion is one piece with it.
    labels, areas = components(above | lesions)
    counted = areas >= minimal_area
    counted[labels[lesions] - 1] = False
    return int(counted.sum())

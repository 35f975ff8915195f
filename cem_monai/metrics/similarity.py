"""Structural similarity of images over regions, at one scale and at five."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.local_similarity import (
    WINDOW,
    Array,
    Deficits,
    LocalSimilarity,
    relative_to_range,
)
from cem_monai.metrics.regions import finite_plane, image_and_mask

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales of MS-SSIM, finest first, as published (they sum to 1.0001)."""
SMALLEST_SIDE = WINDOW * 2 ** (len(SCALE_WEIGHTS) - 1)
"""Pixels, side of an image on whose coarsest scale one window fits: 176."""


class Similarity:
    r"""Compare any number of generated images with one real image.

    What depends on the real image and the regions alone is computed once.

    .. math::
        l = \frac{2 \mu_x \mu_y + C_1}{\mu_x^2 + \mu_y^2 + C_1}, \quad
        s = \frac{2 \sigma_{xy} + C_2}{\sigma_x^2 + \sigma_y^2 + C_2}

    SSIM is the mean of `l * s` over the pixels of a region. MS-SSIM takes five scales, each the
    2 x 2 means of the one before, and multiplies the means of `s` (on the coarsest scale of
    `l * s`), each to the power of its weight; a negative mean counts as 0. Local moments are those
    of a Gaussian window of 11 pixels, sigma 1.5, and images are continued by reflection.

    Pixels near the border of a region see what lies outside: on the coarsest scale a window is 176
    pixels wide. Both measures reward empty background, and hardly see a lost lesion.

    Args:
        real: (H, W) stored pixel values.
        regions: name to (H, W) mask, nonzero inside; all ones for the whole image. On a coarser
            scale a pixel belongs to the region if at least half of its area does. An odd last row
            or column has no part in the next scale.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.

    Raises:
        ValueError: shapes differ or are not (H, W), the range is empty, or a pixel is NaN or
            infinite.

    References:
        Wang et al., IEEE TIP 13 (2004) 600; Wang, Simoncelli, Bovik, Asilomar 2003, 1398.
    """

    def __init__(
        self,
        real: npt.ArrayLike,
        regions: Mapping[str, npt.ArrayLike],
        *,
        data_range: tuple[float, float],
    ) -> None:
        pixels = finite_plane(real, "real")
        self._shape, self._data_range = pixels.shape, data_range
        scales = _pyramid(relative_to_range(pixels, data_range))
        self._scales = [LocalSimilarity(scale) for scale in scales]
        self._regions = {
            name: _region_pyramid(image_and_mask(pixels, mask, name)[1])
            for name, mask in regions.items()
        }

    def measure(self, generated: npt.ArrayLike) -> dict[str, float]:
        """Measure one generated image.

        Args:
            generated: (H, W) stored pixel values.

        Returns:
            `{region}_ssim`, -1 to 1, and `{region}_ms_ssim`, 0 to 1, of every region; 1 for
            identical images. NaN for an empty region; `{region}_ms_ssim` also for a region so small
            that a scale has none of its pixels, and for an image with a side below `SMALLEST_SIDE`.

        Raises:
            ValueError: the shape is not that of the real image, or a pixel is NaN or infinite.
        """
        pixels = finite_plane(generated, "generated")
        if pixels.shape != self._shape:
            raise ValueError(f"generated {pixels.shape} and real {self._shape} differ in shape")
        scales = _pyramid(relative_to_range(pixels, self._data_range))
        found = [real.deficits(scale) for real, scale in zip(self._scales, scales, strict=True)]
        row = {}
        for name, region in self._regions.items():
            means = [_mean(one, one.structure, at) for one, at in zip(found, region, strict=True)]
            means[-1] = _mean(found[-1], found[-1].ssim, region[-1])
            row[f"{name}_ssim"] = _mean(found[0], found[0].ssim, region[0])
            row[f"{name}_ms_ssim"] = _product(means)
        return row


def ssim(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    region: npt.ArrayLike,
    *,
    data_range: tuple[float, float],
) -> float:
    """Compute the structural similarity over a region, see `Similarity`.

    Args:
        generated: (H, W) stored pixel values.
        real: (H, W) stored pixel values.
        region: (H, W) mask, nonzero inside.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.

    Returns:
        From -1 to 1, which identical images have; NaN for an empty region.

    Raises:
        ValueError: see `Similarity`.
    """
    return _measure_region(generated, real, region, data_range)["region_ssim"]


def ms_ssim(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    region: npt.ArrayLike,
    *,
    data_range: tuple[float, float],
) -> float:
    """Compute the structural similarity over a region at five scales, see `Similarity`.

    Arguments and errors are those of `ssim`.

    Returns:
        From 0 to 1, which identical images have; NaN where the region or the image is too small,
        see `Similarity.measure`.
    """
    return _measure_region(generated, real, region, data_range)["region_ms_ssim"]


def _measure_region(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    region: npt.ArrayLike,
    data_range: tuple[float, float],
) -> dict[str, float]:
    return Similarity(real, {"region": region}, data_range=data_range).measure(generated)


def _pyramid(pixels: Array) -> list[Array]:
    """Return the five scales, finest first; the finest alone where the image is too small."""
    scales = [pixels]
    if min(pixels.shape) >= SMALLEST_SIDE:
        for _ in SCALE_WEIGHTS[1:]:
            scales.append(_halved(scales[-1]))
    return scales


class _Region(NamedTuple):
    """One region on one scale: 1 inside, 0 outside, (H, W), and its pixels."""

    inside: Array
    pixels: int


def _region_pyramid(inside: npt.NDArray[np.bool_]) -> list[_Region]:
    scales = [share >= 0.5 for share in _pyramid(inside.astype(np.float32))]
    return [_Region(scale.astype(np.float32), int(scale.sum())) for scale in scales]


def _halved(pixels: Array) -> Array:
    height, width = (side // 2 * 2 for side in pixels.shape)
    rows = pixels[0:height:2, :width] + pixels[1:height:2, :width]
    means: Array = (rows[:, 0::2] + rows[:, 1::2]) / 4
    return means


def _mean(found: Deficits, lacking: Array, region: _Region) -> float:
    """Return 1 less the mean deficit of a region."""
    if not region.pixels:
        return math.nan
    height, width = lacking.shape
    inside = region.inside[found.top : found.top + height, found.left : found.left + width]
    # float32 within a row only, which is far faster than picking the pixels out
    sums = np.einsum("yx,yx->y", lacking, inside)
    return 1 + float(sums.sum(dtype=np.float64)) / region.pixels


def _product(means: list[float]) -> float:
    if len(means) < len(SCALE_WEIGHTS):
        return math.nan
    # max(nan, 0) would be nan, max(0, nan) 0
    powers = (max(mean, 0.0) ** weight for mean, weight in zip(means, SCALE_WEIGHTS, strict=True))
    return math.prod(powers)

"""Contrast-to-noise ratio of one region, and of a patch that slides over the breast."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.regions import image_and_mask, plane, region_values
from cem_monai.metrics.sliding_window import WindowGrid

# Variances below this share of the mean square are rounding errors of float64 sums.
FLOAT_FLATNESS = 1e-13


class CNREdge(str, Enum):
    """Which windows count where the breast ends.

    `STRICT`: patch and background lie wholly in the breast; a rim of one patch is lost.
    `MASKED`: the patch lies wholly in the breast, the background is its part in the breast, which
    must be at least half of it.
    `IMAGE`: the patch lies wholly in the breast, the background is unmasked, so that air enters;
    for comparison only.
    """

    STRICT = "strict"
    MASKED = "masked"
    IMAGE = "image"


def contrast_to_noise_ratio(
    image: npt.ArrayLike, roi: npt.ArrayLike, background: npt.ArrayLike
) -> float:
    """Compute (mean of the region - mean of the background) / standard deviation of the background.

    The standard deviation is the population's. Scale and offset of the image do not matter.

    Args:
        image: (H, W), values linear in the signal.
        roi: (H, W) mask of the region of interest, nonzero inside.
        background: (H, W) mask of its surroundings, nonzero inside.

    Returns:
        The ratio; NaN when a mask is empty or the background is constant.

    Raises:
        ValueError: the shapes differ or are not (H, W).

    References:
        Hosseinipour et al., HC@AIxIA 2024, Eq. 9-12.
    """
    pixels = plane(image, "image")
    inside = region_values(pixels, roi, "roi")
    around = region_values(pixels, background, "background")
    # A constant is found by its extremes: its float standard deviation need not be exactly 0.
    if inside.size == 0 or around.size == 0 or around.min() == around.max():
        return math.nan
    return float((inside.mean() - around.mean()) / around.std())


def breast_cnr(
    image: npt.ArrayLike,
    mask: npt.ArrayLike,
    *,
    patch_size: int = 64,
    stride: int = 16,
    edge: CNREdge | str = CNREdge.STRICT,
) -> float:
    """Average the contrast-to-noise ratio of a patch that slides over the breast.

    Arguments and errors are those of `breast_cnr_windows`.

    Returns:
        Mean over the windows that have a value; NaN when there is none.
    """
    windows = breast_cnr_windows(image, mask, patch_size=patch_size, stride=stride, edge=edge)
    return mean_of_windows(windows, np.isfinite(windows))


def breast_cnr_windows(
    image: npt.ArrayLike,
    mask: npt.ArrayLike,
    *,
    patch_size: int = 64,
    stride: int = 16,
    edge: CNREdge | str = CNREdge.STRICT,
) -> npt.NDArray[np.float64]:
    r"""Compute the contrast-to-noise ratio of a sliding patch against its eight neighbors.

    .. math:: \mathrm{CNR}_i = (\mu_{patch} - \mu_{background}) / \sigma_{background}

    The background pools the pixels of the eight patches around the patch, which do not overlap it.
    Whole numbers up to 16 bit, also when stored as floats, are summed as integers and are exact up
    to the last division; other values are summed in float64.

    Args:
        image: (H, W), values linear in the signal.
        mask: (H, W) breast mask, nonzero inside.
        patch_size: pixels, side of the patch; a multiple of `stride`.
        stride: pixels between neighboring windows.
        edge: which windows count where the breast ends, see `CNREdge`.

    Returns:
        (rows, columns) CNR per window; NaN where the window does not count (see
        `breast_cnr_valid_windows`) and where its background is constant. A side below three
        patches has no window. Element (i, j) belongs to the patch that starts at row
        `patch_size + i * stride` and column `patch_size + j * stride`.

    Raises:
        ValueError: shapes differ or are not (H, W); `patch_size` is no multiple of `stride`; `edge`
            is unknown; a pixel that counts is NaN or infinite.

    References:
        Hosseinipour et al., HC@AIxIA 2024, Eq. 9-12.
    """
    grid, edge = WindowGrid(patch_size, stride), CNREdge(edge)
    pixels, inside = image_and_mask(image, mask)
    counted = np.ones_like(inside) if edge is CNREdge.IMAGE else inside
    _require_finite(pixels, counted)
    valid, counts = _valid_windows(inside, grid, edge)
    windows = np.full(valid.shape, np.nan)
    if valid.any():
        box = _bounding_box(valid)
        part = grid.pixels_of(box)
        contrast, variance = _contrast_and_variance(pixels[part], counted[part], counts[box], grid)
        kept = valid[box] & (variance > 0)
        windows[box][kept] = contrast[kept] / np.sqrt(variance[kept])
    return windows


def breast_cnr_valid_windows(
    mask: npt.ArrayLike,
    *,
    patch_size: int = 64,
    stride: int = 16,
    edge: CNREdge | str = CNREdge.STRICT,
) -> npt.NDArray[np.bool_]:
    """Tell which windows of `breast_cnr_windows` count, from the breast mask alone.

    A window that counts and still is NaN there was dropped for its constant background.

    Args:
        mask: (H, W) breast mask, nonzero inside.
        patch_size: pixels, side of the patch; a multiple of `stride`.
        stride: pixels between neighboring windows.
        edge: which windows count where the breast ends, see `CNREdge`.

    Returns:
        (rows, columns), true where the window counts.
    """
    inside = plane(mask, "mask").astype(bool)
    return _valid_windows(inside, WindowGrid(patch_size, stride), CNREdge(edge))[0]


def mean_of_windows(windows: npt.NDArray[np.float64], kept: npt.NDArray[np.bool_]) -> float:
    """Average the kept windows; NaN when none is kept."""
    return float(windows[kept].mean()) if kept.any() else math.nan


def _valid_windows(
    inside: npt.NDArray[np.bool_], grid: WindowGrid, edge: CNREdge
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.integer]]:
    """Return which windows count, and their numbers of background pixels."""
    shape = grid.shape(inside.shape)
    all_pixels = np.broadcast_to(grid.background_pixels, shape)
    if 0 in shape:
        return np.zeros(shape, bool), all_pixels
    in_patch, in_background = grid.sums(inside)
    valid = in_patch == grid.patch_pixels
    if edge is CNREdge.IMAGE:
        return valid, all_pixels
    if edge is CNREdge.STRICT:
        return valid & (in_background == grid.background_pixels), all_pixels
    # At least 1, so that windows outside the breast divide by something.
    return valid & (2 * in_background >= grid.background_pixels), np.maximum(in_background, 1)


def _bounding_box(valid: npt.NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the rows and columns of windows outside which none counts."""
    rows, columns = (np.flatnonzero(valid.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _contrast_and_variance(
    pixels: npt.NDArray[Any],
    inside: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.integer],
    grid: WindowGrid,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    if _fits_integer_sums(pixels, grid):
        integers = pixels if np.can_cast(pixels.dtype, np.int64) else pixels.astype(np.int32)
        pixels = integers * inside
    else:
        # Sums of squares lose the digits of the mean, therefore it is taken off first.
        pixels = np.where(inside, pixels.astype(np.float64) - pixels[inside].mean(), 0.0)
    patch, s1 = grid.sums(pixels)
    _, s2 = grid.sums(pixels, squared=True)
    variance = (counts * s2 - s1 * s1) / (counts * counts)
    if pixels.dtype.kind == "f":
        variance[variance <= FLOAT_FLATNESS * s2 / counts] = 0.0
    return patch / grid.patch_pixels - s1 / counts, variance


def _fits_integer_sums(pixels: npt.NDArray[Any], grid: WindowGrid) -> bool:
    """Tell whether all pixels are whole numbers whose integer sums cannot overflow."""
    # n * sum(x^2) <= (n * peak)^2 must stay below 2^63: 16 bit for patches of 64 pixels.
    peak = math.isqrt(2**63 - 1) // grid.background_pixels
    if not (-peak <= float(pixels.min()) and float(pixels.max()) <= peak):
        return False
    return pixels.dtype.kind != "f" or np.array_equal(pixels, np.rint(pixels))


def _require_finite(pixels: npt.NDArray[Any], counted: npt.NDArray[np.bool_]) -> None:
    bad = 0 if pixels.dtype.kind != "f" else int((counted & ~np.isfinite(pixels)).sum())
    if bad:
        raise ValueError(f"image holds {bad} NaN or infinite pixels where the CNR counts them")

"""Carneiro Contrast Index: mean local standard deviation of an image."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.distances import GREY_LEVELS
from cem_monai.metrics.regions import bounding_box, plane

SIDE = 3
"""Pixels, side of a neighborhood."""
STRIP = 32
"""Rows that are worked on together, so that all their arrays stay in the processor's cache."""

Pixels = npt.NDArray[Any]


class CCINormalization(str, Enum):
    """In what unit the index is."""

    FULL_SCALE = "full_scale"
    """Grey levels: 255ths of the range of the format."""
    MINMAX = "minmax"
    """255ths of the range of the image, which then has no brightness or contrast of its own."""
    NONE = "none"
    """Stored values."""


def carneiro_contrast_index(
    image: npt.ArrayLike,
    bit_depth: int,
    *,
    normalize: CCINormalization | str = CCINormalization.FULL_SCALE,
) -> float:
    r"""Average the standard deviation of each pixel's 3 x 3 neighborhood.

    .. math:: \mathrm{CCI} = \mathrm{mean}_p \sqrt{9 \sum x^2 - (\sum x)^2} \, / \, 9

    The standard deviation is the population's. Neighborhoods that reach beyond the image do not
    count. Sums are exact, on bright images of 16 bits too.

    The index counts noise as contrast and loses it by blurring: compare it beside a distance, and
    aim at that of the real image, never at a high one.

    Args:
        image: (H, W) stored values, whole numbers from 0 to 2**bit_depth - 1; may be floats.
        bit_depth: bits of the format, 1 to 16.
        normalize: see `CCINormalization`.

    Returns:
        The index, not negative; 0 for a constant image, NaN for one smaller than a neighborhood.

    Raises:
        ValueError: `bit_depth` or `normalize` is unknown, the shape is not (H, W), or the image
            holds something else than such whole numbers.

    References:
        Brenha, Carneiro, Patrocínio, "Pix-2-Pix Neural Network Proposal for Automatic Breast Images
        Contrast Correction"; its normalization is not printed, `full_scale` is our reading.
    """
    normalize = CCINormalization(normalize)
    pixels = _stored_values(image, bit_depth)
    if min(pixels.shape) < SIDE:
        return math.nan
    height, width = pixels.shape
    varied = _without_constant_border(pixels)
    tops = range(0, len(varied) - SIDE + 1, STRIP)
    # Both types hold 81 times the square of the highest value exactly.
    exact = np.int32 if bit_depth <= 12 else np.float64
    strips = (varied[top : top + STRIP + SIDE - 1].astype(exact, copy=False) for top in tops)
    deviations = math.fsum(map(_sum_of_deviations, strips))
    scale = {
        CCINormalization.FULL_SCALE: GREY_LEVELS / (2**bit_depth - 1),
        # a constant image has no deviation to scale
        CCINormalization.MINMAX: GREY_LEVELS / max(1, int(pixels.max()) - int(pixels.min())),
        CCINormalization.NONE: 1.0,
    }
    return deviations / ((height - SIDE + 1) * (width - SIDE + 1)) * scale[normalize]


def _stored_values(image: npt.ArrayLike, bit_depth: int) -> npt.NDArray[np.int32]:
    if not 1 <= bit_depth <= 16:
        raise ValueError(f"bit_depth must be 1 to 16, got {bit_depth}")
    pixels, highest = plane(image, "image"), 2**bit_depth - 1
    # comparisons with NaN are false; an empty image holds nothing wrong
    if pixels.size and not (pixels.min() >= 0 and pixels.max() <= highest):
        found = f"{pixels.min()} to {pixels.max()}"
        raise ValueError(f"pixels of {bit_depth} bits must be 0 to {highest}, got {found}")
    whole = pixels.astype(np.int32)
    if pixels.dtype.kind == "f" and (bad := int((pixels != whole).sum())):
        raise ValueError(
            f"image holds {bad} of {pixels.size} pixels that are no whole numbers: round it first"
        )
    return whole


def _without_constant_border(pixels: Pixels) -> Pixels:
    """Cut air off: where all pixels are alike, no neighborhood deviates."""
    return pixels[bounding_box(pixels != pixels[-1, -1], SIDE - 1)]


def _sum_of_deviations(pixels: Pixels) -> float:
    """Add up the standard deviations of all neighborhoods in the strip."""
    count = SIDE**2
    numerators = count * _neighborhood_sums(pixels**2)
    numerators -= _neighborhood_sums(pixels) ** 2
    return float(np.sqrt(numerators, dtype=np.float64).sum()) / count


def _neighborhood_sums(pixels: Pixels) -> Pixels:
    """Sum each 3 x 3 neighborhood, (H - 2, W - 2), down the columns first, then along the rows."""
    columns = pixels[:-2] + pixels[1:-1] + pixels[2:]
    return columns[:, :-2] + columns[:, 1:-1] + columns[:, 2:]

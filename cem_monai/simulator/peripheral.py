"""Thickness trend along the skin line, estimated from an image as a device does it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cem_monai.simulator.grid import BoolImage, FloatImage
from cem_monai.simulator.texture import smoothstep

BINS = 64
FARTHEST = 75.0
"""In mm from the skin."""
MOST_SAMPLES = 300_000
FEWEST_PER_BIN = 9


def peripheral_trend(
    image: FloatImage,
    distance: FloatImage,
    selected: BoolImage,
    thickness: float,
) -> tuple[FloatImage, float]:
    """Separate an image into a plateau and a trend that depends on the distance to the skin.

    The trend is the median of the image in bins of the distance, fine near the skin; it fades
    to 0 where the breast has its full thickness.

    Args:
        image: (H, W).
        distance: (H, W), mm to the skin.
        selected: (H, W), pixels to learn from.
        thickness: cm, nominal; the trend reaches about 6 times as far (in mm).

    Returns:
        The trend, (H, W), and the plateau.
    """
    centers = ((np.arange(BINS + 1) + 0.5) / BINS) ** 2 * FARTHEST
    profile = _profile(image, distance, selected)
    known = ~np.isnan(profile)
    if not known.any():
        return np.zeros_like(image), float(np.median(image))
    reach = 6.3 * thickness
    filled = np.interp(centers, centers[known], profile[known])
    filled = ndimage.gaussian_filter1d(filled, 1.0, mode="nearest")
    plateau = _plateau(filled, centers, reach, deepest=centers[known][-1])
    fading = 1 - smoothstep(centers.astype(np.float32), 0.8 * reach, 1.25 * reach)
    trend = np.interp(distance, centers, (filled - plateau) * fading)
    return trend.astype(np.float32), plateau


def _profile(
    image: FloatImage, distance: FloatImage, selected: BoolImage
) -> npt.NDArray[np.float64]:
    """Return the median in each bin; NaN where there are too few pixels."""
    step = max(1, int(selected.sum()) // MOST_SAMPLES)
    chosen = np.flatnonzero(selected)[::step]
    root = np.sqrt(np.maximum(distance.ravel()[chosen], 0) / FARTHEST)
    bins = np.clip((root * BINS).astype(int), 0, BINS)
    order = np.argsort(bins, kind="stable")
    values = image.ravel()[chosen][order]
    edges = np.searchsorted(bins[order], np.arange(1, BINS + 1))
    profile = np.full(BINS + 1, np.nan)
    for number, part in enumerate(np.split(values, edges)):
        if len(part) >= FEWEST_PER_BIN:
            profile[number] = np.median(part)
    return profile


def _plateau(
    profile: npt.NDArray[np.float64],
    centers: npt.NDArray[np.float64],
    reach: float,
    deepest: float,
) -> float:
    flat = (centers > reach) & (centers < reach + 20)
    if deepest <= reach or not flat.any():
        return float(profile[centers <= deepest][-1])
    return float(np.median(profile[flat]))

"""Where a virtual image is brightest: a place to begin to draw, no detection."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cem_monai.metrics.regions import components

BLUR_MM, RIM_MM = 1.0, 5.0
"""The noise is blurred; at the rim of the breast virtual images are often bright."""
ROBUST_SIGMAS = 3.0
SIGMA_OF_DEVIATION = 1.4826
"""Standard deviation of a normal distribution whose median absolute deviation is 1."""
UNKNOWN_SPACING = (0.1, 0.1)

Mask = npt.NDArray[np.bool_]


def propose_region(
    virtual: npt.NDArray[np.floating], breast: Mask, spacing: tuple[float, float] | None
) -> Mask:
    """Return the most conspicuous piece of what is far above the median of the breast.

    Args:
        virtual: (H, W) pixel values, more iodine is higher.
        breast: (H, W) mask.
        spacing: mm, (row, column); about that of common detectors if unknown.

    Returns:
        (H, W) mask of the piece with the largest sum of excess; empty where nothing stands out.
    """
    spacing = spacing or UNKNOWN_SPACING
    blurred = ndimage.gaussian_filter(virtual.astype(np.float32), [BLUR_MM / s for s in spacing])
    inside = ndimage.distance_transform_edt(breast, sampling=spacing) > RIM_MM
    if not inside.any():
        return np.zeros_like(breast)
    median = float(np.median(blurred[inside]))
    deviation = SIGMA_OF_DEVIATION * float(np.median(np.abs(blurred[inside] - median)))
    excess = np.where(inside, blurred - median - ROBUST_SIGMAS * deviation, 0)
    pieces, areas = components(excess > 0)
    if not areas.size or deviation == 0:
        return np.zeros_like(breast)
    sums = ndimage.sum_labels(excess, pieces, np.arange(1, areas.size + 1))
    return np.asarray(pieces == 1 + int(np.argmax(sums)))

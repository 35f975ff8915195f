"""The nipple: a papilla in front of the compressed breast.

It makes both images bright: the correction for the thickness expected so near to the skin line
takes what is more for dense tissue, and in the recombined image for iodine.
"""

from __future__ import annotations

import numpy as np

from cem_monai.simulator.grid import FloatImage, Grid
from cem_monai.simulator.outline import ANGLES, Outline
from cem_monai.simulator.random_streams import Stream, ViewKey

RADII = (4.0, 6.5)
"""In mm, along the skin line."""
FLATNESS = 0.8
"""Its radius across the skin line, relative to the one along it."""
HEIGHTS = (0.1, 0.4)
"""In cm, path length that its middle adds to that of the breast."""
DEPTH = 0.8
"""Of its center behind the skin line in profile, relative to its radius."""
TURN = 1.5
"""In mm; standard deviation of how much farther behind it lies, as it is not quite in profile."""


def nipple_path(key: ViewKey, outline: Outline, distance: FloatImage, grid: Grid) -> FloatImage:
    """Return the path length in cm of the skin that the nipple adds to the breast, (H, W).

    Args:
        key: of the view.
        outline: of the breast, which tells where its tip is.
        distance: (H, W), mm to the skin line.
        grid: of the result.
    """
    build = key.breast_stream(Stream.NIPPLE)
    radius, height = build.uniform(*RADII), build.uniform(*HEIGHTS)
    tip = float(np.interp(outline.tilt, ANGLES, outline.radius))
    center = tip - DEPTH * radius - abs(key.view_stream(Stream.NIPPLE).normal(0, TURN))
    y, x = grid.coordinates()
    y = y - np.float32(outline.center)
    cosine, sine = np.float32(np.cos(outline.tilt)), np.float32(np.sin(outline.tilt))
    outward, along = x * cosine + y * sine - np.float32(center), y * cosine - x * sine
    square = ((outward / np.float32(FLATNESS)) ** 2 + along**2) / np.float32(radius**2)
    path = np.float32(height) * np.clip(1 - square, 0, None)
    return np.where(distance > 0, path, np.float32(0))

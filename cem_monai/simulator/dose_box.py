"""The box of the phantom for dose pairs on its detector: a half disc with a rounded rim."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.grid import NATIVE_PIXEL, FloatImage, Grid

DETECTOR = (229.4, 191.4)
"""In mm, rows and columns: 2294 x 1914 pixels of 0.1 mm, the matrix of a Senographe Essential."""
LARGEST_PIXEL = 2.0
CENTER = DETECTOR[0] / 2
"""In mm, y of the half disc's center; its x is 0, the chest wall."""
RADIUS = 98.0
"""In mm (assumed). The area holds 67 patches of 15 mm x 15 mm."""
THICKNESS = 4.5
"""In cm (assumed)."""
ROUNDING = 6.0
"""In mm, width of the rounded rim."""


def dose_grid(pixel: float) -> Grid:
    """Return the detector's grid.

    Args:
        pixel: mm, 0.1 to 2.

    Raises:
        ValueError: any other pixel.
    """
    if not NATIVE_PIXEL <= pixel <= LARGEST_PIXEL:
        raise ValueError(
            f"pixel must lie between {NATIVE_PIXEL} and {LARGEST_PIXEL} mm, got {pixel!r}."
        )
    rows, columns = (round(side / pixel) for side in DETECTOR)
    return Grid(rows, columns, pixel)


def distance_to_rim(x: npt.ArrayLike, y: npt.ArrayLike) -> FloatImage:
    """Return the distance to the curved rim in mm: positive in the box, negative outside."""
    return np.asarray(RADIUS - np.hypot(x, np.asarray(y) - CENTER), np.float32)


def box_thickness(distance: FloatImage) -> FloatImage:
    """Return the thickness in cm at a distance to the rim in mm."""
    from_full = 1 - np.clip(distance / ROUNDING, 0, 1)
    return np.asarray(THICKNESS * np.sqrt(1 - from_full**2), np.float32)

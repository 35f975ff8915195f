"""Pixel grids: the detector, and the coarser one on which the anatomy is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

FloatImage: TypeAlias = npt.NDArray[np.float32]
BoolImage: TypeAlias = npt.NDArray[np.bool_]
Size: TypeAlias = int | Literal["native"]

FIELD_OF_VIEW = 288.0
"""Side of the square image and of the periodic box of all textures, in mm."""
SMALLEST_SIZE = 128
LARGEST_SIZE = 2880
NATIVE_SHAPE = (2850, 2394)
NATIVE_PIXEL = 0.1
FINEST_ANATOMY_PIXEL = 0.2
"""In mm. Finer anatomy costs four times the time and is invisible behind the noise."""


@dataclass(frozen=True)
class Grid:
    """Square pixels; the chest wall is the line x = 0, y points to the feet (or laterally).

    Args:
        rows: number of rows.
        columns: number of columns.
        pixel: mm, side of a pixel.
    """

    rows: int
    columns: int
    pixel: float

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    @property
    def box(self) -> int:
        """Number of pixels along the side of the periodic texture box."""
        return round(FIELD_OF_VIEW / self.pixel)

    def coordinates(self) -> tuple[FloatImage, FloatImage]:
        """Return the pixel centers in mm: y of shape (rows, 1) and x of shape (1, columns)."""
        y = (np.arange(self.rows, dtype=np.float32) + 0.5) * self.pixel
        x = (np.arange(self.columns, dtype=np.float32) + 0.5) * self.pixel
        return y[:, None].astype(np.float32), x[None].astype(np.float32)


def detector_grid(size: Size, native: Grid | None = None) -> Grid:
    """Return the grid of the images that are written.

    Args:
        size: side of a square image of 288 mm, 128 to 2880 pixels; or `"native"`.
        native: pixels of a native image; `None` for 2850 rows and 2394 columns of 0.1 mm.

    Raises:
        ValueError: any other size.
    """
    if size == "native":
        return native or Grid(*NATIVE_SHAPE, NATIVE_PIXEL)
    whole = isinstance(size, int) and not isinstance(size, bool)
    if not whole or not SMALLEST_SIZE <= size <= LARGEST_SIZE:
        raise ValueError(
            f"size must be 'native' or a whole number of pixels from {SMALLEST_SIZE} to "
            f"{LARGEST_SIZE}, got {size!r}."
        )
    return Grid(size, size, FIELD_OF_VIEW / size)


def anatomy_grid(detector: Grid, width: float) -> Grid:
    """Return the grid of the anatomy: all rows, but only `width` mm from the chest wall."""
    box = round(FIELD_OF_VIEW / max(FINEST_ANATOMY_PIXEL, detector.pixel))
    pixel = FIELD_OF_VIEW / box
    extent_y, extent_x = (n * detector.pixel for n in detector.shape)
    rows = min(box, math.ceil(extent_y / pixel) + 1)
    columns = min(box, math.ceil(min(width, extent_x) / pixel) + 1)
    return Grid(rows, columns, pixel)


def cropped_detector(detector: Grid, anatomy: Grid) -> Grid:
    """Return the part of the detector that the anatomy covers; the rest is open field."""
    columns = int(anatomy.columns * anatomy.pixel / detector.pixel)
    return Grid(detector.rows, min(detector.columns, columns), detector.pixel)

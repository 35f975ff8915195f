"""Path lengths through calcifications, in the few pixels of the detector that hold any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.calcifications import Speck
from cem_monai.simulator.grid import FloatImage, Grid

SAMPLES = 32
"""Points per direction that a speck is made of."""


class SpeckPixels(NamedTuple):
    """Pixels with calcifications, each once, all (N,).

    Args:
        rows: of the view.
        columns: of the view.
        path: cm, mean path length in the pixel.
    """

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    path: FloatImage


def draw_specks(specks: Iterable[Speck], grid: Grid) -> SpeckPixels:
    """Draw specks on a view; each keeps its volume however large the pixels are."""
    x, y, volume = _points(np.array([tuple(speck) for speck in specks]).reshape(-1, 5))
    rows, columns = (np.floor(place / grid.pixel).astype(np.intp) for place in (y, x))
    inside = (rows >= 0) & (rows < grid.rows) & (columns >= 0) & (columns < grid.columns)
    flat, number = np.unique((rows * grid.columns + columns)[inside], return_inverse=True)
    volumes = np.bincount(number, volume[inside], len(flat))
    path = 0.1 * volumes / grid.pixel**2  # mm to cm
    return SpeckPixels(*np.divmod(flat, grid.columns), path.astype(np.float32))


def _points(
    specks: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return positions in mm and volumes in mm3 of the points of all specks, (S, 5)."""
    along, across, share = _ellipsoid()
    x, y, diameter, aspect, angle = (values[:, None] for values in specks.T)
    along = along * diameter / 2 * np.sqrt(aspect)
    across = across * diameter / 2 / np.sqrt(aspect)
    return (
        (x + along * np.cos(angle) - across * np.sin(angle)).ravel(),
        (y + along * np.sin(angle) + across * np.cos(angle)).ravel(),
        (share * np.pi / 6 * diameter**3).ravel(),
    )


def _ellipsoid() -> tuple[
    npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]
]:
    """Return points of a unit disk and the share of a sphere's volume above and below each."""
    side = (np.arange(SAMPLES) + 0.5) / SAMPLES * 2 - 1
    height = np.sqrt(np.clip(1 - side**2 - side[:, None] ** 2, 0, None))
    inside = height > 0
    across, along = (grid[inside] for grid in np.meshgrid(side, side, indexing="ij"))
    return along, across, height[inside] / height.sum()

"""Path lengths through thin straight tubes: vessels and spicules."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cem_monai.simulator.grid import FloatImage, Grid

SMALLEST_RADIUS = 0.55
"""In pixels. Thinner tubes are drawn this wide and thinned out, so that they keep their mass."""


class Tube(NamedTuple):
    """One straight tube from (x0, y0) to (x1, y1); all in mm."""

    x0: float
    y0: float
    x1: float
    y1: float
    radius: float


def draw_tubes(tubes: list[Tube], grid: Grid) -> FloatImage:
    """Return the path length in cm; where tubes cross, the longest counts.

    Args:
        tubes: any number.
        grid: of the result, (rows, columns).
    """
    image = np.zeros(grid.shape, np.float32)
    for tube in tubes:
        _draw(image, tube, grid.pixel)
    return image


def _draw(image: FloatImage, tube: Tube, pixel: float) -> None:
    margin = tube.radius + pixel
    rows = _range(tube.y0, tube.y1, margin, pixel, image.shape[0])
    columns = _range(tube.x0, tube.x1, margin, pixel, image.shape[1])
    if len(rows) == 0 or len(columns) == 0:
        return
    y = ((np.array(rows) + 0.5) * pixel).astype(np.float32)
    x = ((np.array(columns) + 0.5) * pixel).astype(np.float32)
    chord = _chord(tube, x[None], y[:, None], pixel)
    part = image[rows.start : rows.stop, columns.start : columns.stop]
    np.maximum(part, chord, out=part)


def _range(start: float, end: float, margin: float, pixel: float, limit: int) -> range:
    first = int((min(start, end) - margin) / pixel)
    last = int((max(start, end) + margin) / pixel) + 2
    return range(max(first, 0), min(last, limit))


def _chord(tube: Tube, x: FloatImage, y: FloatImage, pixel: float) -> FloatImage:
    along_x, along_y = tube.x1 - tube.x0, tube.y1 - tube.y0
    square_length = along_x**2 + along_y**2 + 1e-9
    position = ((x - tube.x0) * along_x + (y - tube.y0) * along_y) / square_length
    position = np.clip(position, 0, 1)
    square = (x - tube.x0 - position * along_x) ** 2 + (y - tube.y0 - position * along_y) ** 2
    radius = max(tube.radius, SMALLEST_RADIUS * pixel)
    thinning = (tube.radius / radius) ** 2
    chord = 0.2 * thinning * np.sqrt(np.clip(radius**2 - square, 0, None))  # 2 radii, mm to cm
    return np.asarray(chord, np.float32)

"""Path lengths, iodine and labels of the lesions of a view."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cem_monai.simulator.grid import FloatImage, Grid
from cem_monai.simulator.lesion_projection import LesionProjection
from cem_monai.simulator.population import LesionKind, UptakePattern
from cem_monai.simulator.random_streams import Stream, ViewKey
from cem_monai.simulator.tubes import draw_tubes

RIM_CORE = 0.72
"""Radius of the core without contrast agent, relative to the lesion."""
HETEROGENEITY = 0.45
"""Standard deviation of the logarithm of the local concentration."""
TEXTURE_PIXEL = 0.5
"""In mm; heterogeneous uptake is drawn on this grid around the lesion at every resolution."""

VISIBLE, OCCULT, WITHOUT_UPTAKE = 1, 2, 3
"""Labels: enhancing mass that the low-energy image shows, one that it hides, and a density that
does not enhance."""


class LesionMaps(NamedTuple):
    """Lesions of a view, all (H, W).

    Args:
        mass: cm, path length of dense lesion tissue.
        spicules: cm.
        iodine: mg/cm2.
        label: uint8, 0 outside or one of `VISIBLE`, `OCCULT`, `WITHOUT_UPTAKE`.
    """

    mass: FloatImage
    spicules: FloatImage
    iodine: FloatImage
    label: npt.NDArray[np.uint8]


def draw_lesion_maps(
    key: ViewKey, projections: list[LesionProjection], inner: FloatImage, grid: Grid
) -> LesionMaps:
    """Draw the lesions as ellipsoids, at most 90 % of the breast's inner thickness deep.

    Args:
        key: of the view.
        projections: lesions as this view shows them.
        inner: (H, W), cm, thickness without skin.
        grid: of the result.
    """
    mass, iodine = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    label = np.zeros(grid.shape, np.uint8)
    for projection in projections:
        box, distance, path = _ellipsoid(projection, grid)
        path = np.minimum(path, 0.9 * inner[box])
        lesion = projection.lesion
        mass[box] = np.maximum(mass[box], lesion.density * path)
        iodine[box] += lesion.concentration * path * _uptake(key, projection, grid, box, distance)
        label[box][(distance < 1) & (inner[box] > 0)] = _label(projection)
    spicules = draw_tubes([tube for item in projections for tube in item.spicules], grid)
    return LesionMaps(mass, spicules * (mass < 0.3), iodine, label)


def _ellipsoid(
    projection: LesionProjection, grid: Grid
) -> tuple[tuple[slice, slice], FloatImage, FloatImage]:
    """Return a box, the distance from the center relative to the contour, and the path in cm."""
    margin = projection.lesion.diameter * 0.8 + 4
    rows = _span(projection.y, margin, grid.pixel, grid.rows)
    columns = _span(projection.x, margin, grid.pixel, grid.columns)
    y, x = grid.coordinates()
    y, x = y[rows] - projection.y, x[:, columns] - projection.x
    relative = np.hypot(x, y) / projection.radius(np.arctan2(y, x))
    distance = np.asarray(relative, np.float32)
    return (rows, columns), distance, _chord(distance, projection.lesion.half_depth)


def _span(center: float, margin: float, pixel: float, limit: int) -> slice:
    first, last = int((center - margin) / pixel), int((center + margin) / pixel) + 1
    return slice(max(0, first), min(limit, last))


def _chord(distance: FloatImage, half_depth: float) -> FloatImage:
    """Return the path in cm through an ellipsoid of `half_depth` mm."""
    return np.asarray(0.2 * half_depth * np.sqrt(np.clip(1 - distance**2, 0, None)), np.float32)


def _label(projection: LesionProjection) -> int:
    if not projection.lesion.enhancing:
        return WITHOUT_UPTAKE
    return OCCULT if projection.lesion.kind is LesionKind.OCCULT else VISIBLE


def _uptake(
    key: ViewKey,
    projection: LesionProjection,
    grid: Grid,
    box: tuple[slice, slice],
    distance: FloatImage,
) -> FloatImage:
    """Return the concentration relative to the lesion's, averaged along the path."""
    if projection.lesion.pattern is UptakePattern.RIM:
        return _rim(distance)
    if projection.lesion.pattern is UptakePattern.HETEROGENEOUS:
        return _heterogeneous(key, projection, grid, box)
    return np.ones_like(distance)


def _rim(distance: FloatImage) -> FloatImage:
    """A shell of contrast agent around a core that holds a fifth of it."""
    whole, core = _chord(distance, 1.0), RIM_CORE * _chord(distance / RIM_CORE, 1.0)
    return np.clip((whole - 0.8 * core) / np.maximum(whole, 1e-4), 0, 1)


def _heterogeneous(
    key: ViewKey, projection: LesionProjection, grid: Grid, box: tuple[slice, slice]
) -> FloatImage:
    rng = key.view_stream(Stream.HIDDEN_TEXTURE, 1 + projection.number)
    half = int(np.ceil((projection.lesion.diameter * 0.8 + 4) / TEXTURE_PIXEL)) + 2
    noise = rng.standard_normal((2 * half + 1, 2 * half + 1))
    field = ndimage.gaussian_filter(noise, 1.3 / TEXTURE_PIXEL)
    y, x = grid.coordinates()
    rows = (y[box[0]] - projection.y) / TEXTURE_PIXEL + half
    columns = (x[:, box[1]] - projection.x) / TEXTURE_PIXEL + half
    positions = list(np.broadcast_arrays(rows, columns))
    values = ndimage.map_coordinates(field / field.std(), positions, order=1, mode="nearest")
    return np.exp(HETEROGENEITY * values - HETEROGENEITY**2 / 2).astype(np.float32)

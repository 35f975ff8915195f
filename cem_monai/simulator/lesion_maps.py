"""Path lengths, iodine and labels of the lesions of a view."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cem_monai.simulator.grid import FloatImage, Grid
from cem_monai.simulator.lesion_projection import LesionProjection
from cem_monai.simulator.lesions import Lesion
from cem_monai.simulator.population import LesionKind, UptakePattern
from cem_monai.simulator.random_streams import Stream, ViewKey
from cem_monai.simulator.tubes import draw_tubes
from cem_monai.simulator.uptake import Uptake

RIM_CORE = 0.72
"""Radius of the core without contrast agent, relative to the lesion."""
SPICULE_DEPTH = 3.0
"""Extent along the beam relative to the width: a spicule that shows is a sheet seen on edge."""
HETEROGENEITY_SCALE = 1.3
"""In mm, Gaussian blur of the texture of heterogeneous uptake."""
TEXTURE_PIXEL = 0.5
"""In mm; heterogeneous uptake is drawn on this grid around the lesion at every resolution."""

VISIBLE, OCCULT, WITHOUT_UPTAKE = 1, 2, 3
"""Labels: enhancing lesion that the low-energy image shows, one that it hides, and one that it
shows although it does not enhance."""


class LesionMaps(NamedTuple):
    """Lesions of a view, all (H, W).

    Args:
        mass: cm, path length of dense lesion tissue.
        spicules: cm.
        iodine: mg/cm2.
        label: uint8, 0 or one of `VISIBLE`, `OCCULT`, `WITHOUT_UPTAKE`.
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
        box, distance, path = lesion_path(projection, inner, grid)
        lesion = projection.lesion
        mass[box] = np.maximum(mass[box], lesion.density * path)
        iodine[box] += lesion.concentration * path * _uptake(key, projection, grid, box, distance)
        if seen := _label(projection):
            label[box][(distance < 1) & (inner[box] > 0)] = seen
    spicules = draw_tubes([tube for item in projections for tube in item.spicules], grid)
    spicules *= np.float32(SPICULE_DEPTH) * (mass < 0.3)
    return LesionMaps(mass, spicules, iodine, label)


def lesion_path(
    projection: LesionProjection, inner: FloatImage, grid: Grid
) -> tuple[tuple[slice, slice], FloatImage, FloatImage]:
    """Return a box, the distance from the center relative to the contour, and the path in cm.

    Args:
        projection: the lesion as the view shows it.
        inner: (H, W), cm, thickness without skin; at most 90 % of it is lesion.
        grid: of `inner`.
    """
    box, y, x = offsets(projection, grid)
    relative = np.hypot(x, y) / projection.radius(np.arctan2(y, x))
    distance = np.asarray(relative, np.float32)
    path = np.minimum(_path(projection.lesion, distance), 0.9 * inner[box])
    return box, distance, path


def offsets(
    projection: LesionProjection, grid: Grid
) -> tuple[tuple[slice, slice], FloatImage, FloatImage]:
    """Return a box around a lesion, and its pixels' distances y and x from the center in mm."""
    margin = _margin(projection)
    rows = _span(projection.y, margin, grid.pixel, grid.rows)
    columns = _span(projection.x, margin, grid.pixel, grid.columns)
    y, x = grid.coordinates()
    return (rows, columns), y[rows] - projection.y, x[:, columns] - projection.x


def _path(lesion: Lesion, distance: FloatImage) -> FloatImage:
    """Return the path in cm: a mass has a sharp contour, a non-mass fades out."""
    path = chord(distance, lesion.half_depth)
    if lesion.kind is not LesionKind.NON_MASS:
        return path
    return path * np.sqrt(np.clip(1 - distance**2, 0, None))


def _margin(projection: LesionProjection) -> float:
    """Return how far in mm from its center a lesion may reach, irregularities included."""
    return projection.lesion.length * 0.8 + 4


def _span(center: float, margin: float, pixel: float, limit: int) -> slice:
    first, last = int((center - margin) / pixel), int((center + margin) / pixel) + 1
    return slice(max(0, first), min(limit, last))


def chord(distance: FloatImage, half_depth: float) -> FloatImage:
    """Return the path in cm through an ellipsoid of `half_depth` mm."""
    return np.asarray(0.2 * half_depth * np.sqrt(np.clip(1 - distance**2, 0, None)), np.float32)


def _label(projection: LesionProjection) -> int:
    """Return the label; 0 for an occult lesion that takes up too little: nobody sees it."""
    enhancing = projection.lesion.enhancing
    if projection.lesion.kind is LesionKind.OCCULT:
        return OCCULT if enhancing else 0
    return VISIBLE if enhancing else WITHOUT_UPTAKE


def _uptake(
    key: ViewKey,
    projection: LesionProjection,
    grid: Grid,
    box: tuple[slice, slice],
    distance: FloatImage,
) -> FloatImage:
    """Return the concentration relative to the lesion's, averaged along the path."""
    if projection.lesion.pattern is UptakePattern.RIM:
        return rim_uptake(distance)
    if projection.lesion.pattern is UptakePattern.HETEROGENEOUS:
        return _heterogeneous(key, projection, grid, box)
    return np.ones_like(distance)


def rim_uptake(distance: FloatImage) -> FloatImage:
    """A shell of contrast agent around a core that holds a fifth of it."""
    whole, core = chord(distance, 1.0), RIM_CORE * chord(distance / RIM_CORE, 1.0)
    return np.clip((whole - 0.8 * core) / np.maximum(whole, 1e-4), 0, 1)


def pattern_moment(uptake: Uptake, rim: FloatImage, order: int) -> FloatImage:
    """Return the mean of the relative uptake to the power 1 or 2.

    Args:
        uptake: its patterns.
        rim: relative uptake of a lesion that enhances in its rim.
        order: 1 or 2.
    """
    homogeneous, heterogeneous, rim_share = uptake.patterns
    local = np.exp(order * (order - 1) / 2 * uptake.heterogeneity**2)
    return np.asarray(homogeneous + heterogeneous * local + rim_share * rim**order, np.float32)


def _heterogeneous(
    key: ViewKey, projection: LesionProjection, grid: Grid, box: tuple[slice, slice]
) -> FloatImage:
    rng = key.view_stream(Stream.HIDDEN_TEXTURE, 1 + projection.number)
    half = int(np.ceil(_margin(projection) / TEXTURE_PIXEL)) + 2
    noise = rng.standard_normal((2 * half + 1, 2 * half + 1))
    sigma = HETEROGENEITY_SCALE / TEXTURE_PIXEL
    # the filter leaves a standard deviation of 1 / (2 sqrt(pi) sigma)
    field = 2 * np.sqrt(np.pi) * sigma * ndimage.gaussian_filter(noise, sigma)
    y, x = grid.coordinates()
    rows = (y[box[0]] - projection.y) / TEXTURE_PIXEL + half
    columns = (x[:, box[1]] - projection.x) / TEXTURE_PIXEL + half
    positions = list(np.broadcast_arrays(rows, columns))
    values = ndimage.map_coordinates(field, positions, order=1, mode="nearest")
    spread = projection.lesion.heterogeneity
    return np.exp(spread * values - spread**2 / 2).astype(np.float32)

"""Where an occult lesion may lie, and how much iodine it adds: a diffuse prior over the breast.

An occult lesion has no density of its own, so the low-energy image tells of it only through the
outline of breast, gland and muscle. The density of its center is that of
`lesion_projection.project_lesions`, integrated over diameter and distance from the nipple on a grid
of 1.5 mm or coarser. Neglected: irregular contours, and thin parts of the breast that cut a lesion.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from cem_monai.simulator.breast import Breast
from cem_monai.simulator.gland import draw_cone
from cem_monai.simulator.grid import FloatImage, Grid
from cem_monai.simulator.lesion_maps import chord, pattern_moment, rim_uptake
from cem_monai.simulator.lesion_projection import DEPTH_SPREAD, Surroundings, apart, suitability
from cem_monai.simulator.lesions import (
    DIAMETERS,
    LARGEST_DEPTH,
    LOG_DIAMETER_SPREAD,
    MEDIAN_DIAMETER,
    NIPPLE_DISTANCE,
    NIPPLE_DISTANCE_SPREAD,
    NIPPLE_DISTANCES,
    RELATIVE_DEPTH,
)
from cem_monai.simulator.occult import occult_probability
from cem_monai.simulator.outline import draw_outline
from cem_monai.simulator.pectoral import draw_pectoral
from cem_monai.simulator.phantom import Phantom
from cem_monai.simulator.population import LesionKind, Population
from cem_monai.simulator.random_streams import ViewKey
from cem_monai.simulator.resampling import block_mean, upsample
from cem_monai.simulator.uptake import Uptake

PIXEL = 1.5
"""In mm, at least."""
DIAMETER_NODES, DISTANCE_NODES = 9, 9
"""Iodine grows with the cube of the diameter: its tail needs Gaussian nodes, with weights."""
SUBSAMPLES = 5
"""Per pixel and direction of a lesion's profile."""


def occult_moments(
    key: ViewKey, breast: Breast, population: Population, phantom: Phantom
) -> tuple[FloatImage, FloatImage]:
    """Return mean (mg/cm2) and variance of the iodine of an occult lesion at each pixel, (H, W)."""
    from scipy.signal import fftconvolve  # takes a second to import, and few need it

    factor = max(1, round(PIXEL / phantom.grid.pixel))
    rows, columns = (-(-n // factor) for n in phantom.grid.shape)
    grid = Grid(rows, columns, phantom.grid.pixel * factor)
    surroundings = _surroundings(key, breast)
    uptake = Uptake.of(LesionKind.OCCULT, None, population)
    first, second = np.zeros((2, *grid.shape), np.float32)
    for diameter, share in _diameters():
        density = _center_density(surroundings, phantom, diameter, grid)
        profiles = _profiles(diameter, breast.thickness, uptake, grid.pixel)
        for total, profile in zip((first, second), profiles, strict=True):
            total += np.float32(share) * fftconvolve(density, profile, mode="same")
    probability = np.float32(occult_probability(key, population))
    mean, square = (
        upsample(probability * total, phantom.grid.shape, factor) for total in (first, second)
    )
    inside = phantom.inner > 0
    variance = np.maximum(square - mean**2, 0)  # rounding of the transforms
    return np.maximum(mean, 0) * inside, variance * inside


def _surroundings(key: ViewKey, breast: Breast) -> Surroundings:
    outline = draw_outline(key, breast)
    return Surroundings(key, outline, draw_cone(key, breast), draw_pectoral(key, outline))


def _normal_nodes(count: int) -> npt.NDArray[np.float64]:
    """Return equally probable values of a standard normal variable."""
    return np.asarray(special.ndtri((np.arange(count) + 0.5) / count))


def _diameters() -> list[tuple[float, float]]:
    """Return diameters in mm with their probabilities."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(DIAMETER_NODES)
    diameters = np.clip(MEDIAN_DIAMETER * np.exp(LOG_DIAMETER_SPREAD * nodes), *DIAMETERS)
    return list(zip(diameters.tolist(), (weights / weights.sum()).tolist(), strict=True))


def _center_density(
    surroundings: Surroundings, phantom: Phantom, diameter: float, grid: Grid
) -> FloatImage:
    """Return the probability of the lesion's center in each pixel, (rows, columns)."""
    y, x = grid.coordinates()
    outline = surroundings.outline
    weight = suitability(surroundings, diameter, x, y)
    weight = weight * apart(diameter, phantom.visible_lesions, x, y)
    nodes = NIPPLE_DISTANCE + NIPPLE_DISTANCE_SPREAD * _normal_nodes(DISTANCE_NODES)
    density = np.zeros(grid.shape, np.float32)
    for distance in np.clip(nodes, *NIPPLE_DISTANCES) * outline.depth:
        strip = np.exp(-(((x - outline.nipple[0] + distance) / DEPTH_SPREAD) ** 2) / 2) * weight
        density += strip / max(float(strip.sum()), 1e-12) / DISTANCE_NODES
    return density


def _profiles(
    diameter: float, thickness: float, uptake: Uptake, pixel: float
) -> tuple[FloatImage, FloatImage]:
    """Return the first and second moment of the iodine around the center, per pixel."""
    half = int(np.ceil(diameter / 2 / pixel))
    samples = (np.arange((2 * half + 1) * SUBSAMPLES) + 0.5) / SUBSAMPLES - half - 0.5
    relative = np.hypot(samples, samples[:, None]) * pixel / (diameter / 2)
    distance: FloatImage = relative.astype(np.float32)
    moments = []
    for order in (1, 2):
        paths = [chord(distance, depth) ** order for depth in _depths(diameter, thickness)]
        pattern = pattern_moment(uptake, rim_uptake(distance), order)
        iodine = np.float32(uptake.moment(order)) * np.mean(paths, axis=0) * pattern
        moments.append(block_mean(iodine, SUBSAMPLES))
    return moments[0], moments[1]


def _depths(diameter: float, thickness: float) -> list[float]:
    """Return two equally probable half depths in mm with the mean and spread of all."""
    low, high = RELATIVE_DEPTH
    middle, spread = (low + high) / 2, (high - low) / np.sqrt(12)
    limit = thickness * 5 * LARGEST_DEPTH
    return [min(diameter / 2 * relative, limit) for relative in (middle - spread, middle + spread)]

"""Median of the noisy iodine at each pixel, given all that is not hidden: small lookup tables.

The sum of background enhancement, one lesion and noise has no median in closed form. Divided by
the noise it depends on few numbers: the path in gland, the path in the lesion, the lesion's rim.
A table holds the median of fixed pseudorandom draws over these; between its nodes it is linear.

Approximations: medians of vessels and muscle are added to the median of the rest (their spread is
small); occult lesions do not move the median (with the default they are improbable at
every pixel; where one is expected in every second breast, up to 1 % of the absolute error).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cem_monai.simulator.breast import (
    GLAND_SPREAD,
    MUSCLE_UPTAKE,
    VESSEL_UPTAKE,
    enhancement_probabilities,
)
from cem_monai.simulator.grid import FloatImage
from cem_monai.simulator.iodine_moments import patch_variance
from cem_monai.simulator.lesion_maps import lesion_path, rim_uptake
from cem_monai.simulator.phantom import Phantom
from cem_monai.simulator.population import Population
from cem_monai.simulator.random_streams import ViewKey
from cem_monai.simulator.uptake import Uptake

DRAWS = 2000
LARGEST_RATIO = 400.0
PATH_NODES = np.concatenate([[0.0], np.geomspace(0.5, LARGEST_RATIO, 13)])
"""Path length relative to the noise, in cm per mg/cm2."""
RIM_NODES = np.linspace(0.4, 1.0, 4)


@dataclass(frozen=True, eq=False)
class _Draws:
    """Equally probable values of what is hidden, each (DRAWS,).

    Args:
        gland: mg/ml, local concentration in gland.
        noise: standard normal.
    """

    gland: npt.NDArray[np.float32]
    noise: npt.NDArray[np.float32]


def median_iodine(
    key: ViewKey, population: Population, phantom: Phantom, noise: FloatImage
) -> FloatImage:
    """Return the median of iodine plus noise in mg/cm2, (H, W).

    Args:
        key: of the view.
        population: distribution of what is hidden.
        phantom: anatomy of the view.
        noise: (H, W), mg/cm2, standard deviation of the noise, positive.
    """
    draws = _draw_gland(key, population, patch_variance(phantom))
    noise = np.maximum(noise, phantom.thickness / np.float32(LARGEST_RATIO))
    gland = phantom.parenchyma / noise
    median = noise * _look_up(_gland_table(draws), gland)
    for projection in phantom.visible_lesions:
        lesion = projection.lesion
        table = _lesion_table(draws, Uptake.of(lesion.kind, lesion.score, population))
        box, distance, path = lesion_path(projection, phantom.inner, phantom.grid)
        with_lesion = _look_up(table, gland[box], path / noise[box], rim_uptake(distance))
        median[box] += noise[box] * (with_lesion - _look_up(_gland_table(draws), gland[box]))
    vessels = np.float32(VESSEL_UPTAKE) * phantom.tissues["blood"]
    return median + vessels + np.float32(MUSCLE_UPTAKE) * phantom.tissues["muscle"]


def _draw_gland(key: ViewKey, population: Population, field_variance: float) -> _Draws:
    rng = np.random.default_rng(0)  # the same draws for every view
    probabilities = enhancement_probabilities(key, population)
    levels = rng.choice(len(probabilities), DRAWS, p=probabilities)
    spread = population.enhancement_patchiness
    logarithm = GLAND_SPREAD * rng.standard_normal(DRAWS) - spread**2 / 2
    logarithm += spread * np.sqrt(field_variance) * rng.standard_normal(DRAWS)
    gland = np.array(population.enhancement_concentrations)[levels] * np.exp(logarithm)
    return _Draws(gland.astype(np.float32), rng.standard_normal(DRAWS, np.float32))


def _gland_table(draws: _Draws) -> FloatImage:
    """Return the median over the path in gland."""
    values = PATH_NODES[:, None].astype(np.float32) * draws.gland + draws.noise
    return np.asarray(np.median(values, axis=-1), np.float32)


def _lesion_table(draws: _Draws, uptake: Uptake) -> FloatImage:
    """Return the median over path in gland, path in the lesion and uptake of its rim."""
    rng = np.random.default_rng(1)
    enhances = rng.random(DRAWS) < uptake.enhancing
    logarithm = uptake.log_median + uptake.log_spread * rng.standard_normal(DRAWS)
    concentration = np.where(enhances, np.exp(logarithm), 0)
    spread = uptake.heterogeneity
    local = np.exp(spread * rng.standard_normal(DRAWS) - spread**2 / 2)
    pattern = rng.choice(3, DRAWS, p=uptake.patterns)
    table = np.empty((len(PATH_NODES), len(PATH_NODES), len(RIM_NODES)), np.float32)
    for number, rim in enumerate(RIM_NODES):
        relative = np.choose(pattern, [1.0, local, rim])
        lesion = PATH_NODES[:, None] * (concentration * relative)
        for row, path in enumerate(PATH_NODES):
            values = (path * draws.gland + draws.noise + lesion).astype(np.float32)
            table[row, :, number] = np.median(values, axis=-1)
    return table


def _look_up(table: FloatImage, *arguments: FloatImage) -> FloatImage:
    """Interpolate linearly between the nodes of the table."""
    nodes = (PATH_NODES, PATH_NODES, RIM_NODES)
    positions = [
        np.interp(argument, axis, np.arange(len(axis)))
        for argument, axis in zip(arguments, nodes, strict=False)
    ]
    return np.asarray(ndimage.map_coordinates(table, positions, order=1), np.float32)

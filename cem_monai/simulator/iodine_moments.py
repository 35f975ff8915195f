"""Mean and variance of the iodine at each pixel, given all that is not hidden.

Known: the anatomy (path length of each tissue, lesions with their shape and density score) and the
density of the patient. Hidden and independent of one another: level and patches of the background
enhancement, concentrations in vessels and muscle, uptake and pattern of each lesion, occult
lesions. Means and variances of independent sources add up:

- gland: a mixture of log-normals over the levels, times log-normal patches,
- vessels and muscle: log-normal concentrations,
- visible lesions: enhancing or not, log-normal uptake given the score, one of three patterns,
- occult lesions: see `occult_prior`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cem_monai.simulator.breast import (
    GLAND_SPREAD,
    MUSCLE_SPREAD,
    MUSCLE_UPTAKE,
    VESSEL_SPREAD,
    VESSEL_UPTAKE,
    Breast,
    enhancement_probabilities,
)
from cem_monai.simulator.grid import FIELD_OF_VIEW, FINEST_ANATOMY_PIXEL, FloatImage
from cem_monai.simulator.lesion_maps import lesion_path, pattern_moment, rim_uptake
from cem_monai.simulator.occult_prior import occult_moments
from cem_monai.simulator.phantom import PATCHES, Phantom
from cem_monai.simulator.population import Population
from cem_monai.simulator.random_streams import ViewKey
from cem_monai.simulator.texture import field_variance
from cem_monai.simulator.uptake import Uptake


class IodineMoments(NamedTuple):
    """Of the iodine at each pixel, (H, W).

    Args:
        mean: mg/cm2.
        variance: (mg/cm2)^2.
    """

    mean: FloatImage
    variance: FloatImage


def iodine_moments(
    key: ViewKey, breast: Breast, population: Population, phantom: Phantom
) -> IodineMoments:
    """Return the moments over all draws of what is hidden; they do not depend on `key.hidden`."""
    mean, variance = _tissue_moments(key, population, phantom)
    for projection in phantom.visible_lesions:
        uptake = Uptake.of(projection.lesion.kind, projection.lesion.score, population)
        box, distance, path = lesion_path(projection, phantom.inner, phantom.grid)
        first, second = (
            np.float32(uptake.moment(order))
            * path**order
            * pattern_moment(uptake, rim_uptake(distance), order)
            for order in (1, 2)
        )
        mean[box] += first
        variance[box] += second - first**2
    occult_mean, occult_variance = occult_moments(key, breast, population, phantom)
    return IodineMoments(mean + occult_mean, variance + occult_variance)


def patch_variance(phantom: Phantom) -> float:
    """Return the variance of the field behind the patches of background enhancement."""
    box = round(FIELD_OF_VIEW / max(FINEST_ANATOMY_PIXEL, phantom.grid.pixel))
    return field_variance(PATCHES, box)


def _tissue_moments(
    key: ViewKey, population: Population, phantom: Phantom
) -> tuple[FloatImage, FloatImage]:
    paths = (phantom.parenchyma, phantom.tissues["blood"], phantom.tissues["muscle"])
    concentrations = (
        _gland_moments(key, population, patch_variance(phantom)),
        _log_normal(VESSEL_UPTAKE, VESSEL_SPREAD),
        _log_normal(MUSCLE_UPTAKE, MUSCLE_SPREAD),
    )
    mean, variance = np.zeros(phantom.grid.shape, np.float32), np.zeros_like(phantom.thickness)
    for path, (first, second) in zip(paths, concentrations, strict=True):
        mean += np.float32(first) * path
        variance += np.float32(second - first**2) * path**2
    return mean, variance


def _gland_moments(
    key: ViewKey, population: Population, field_variance: float
) -> tuple[float, float]:
    """Return first and second moment of the local concentration in gland in mg/ml."""
    levels = enhancement_probabilities(key, population)
    medians = np.array(population.enhancement_concentrations)
    moments = []
    for order in (1, 2):
        level = float((levels * medians**order).sum()) * np.exp((order * GLAND_SPREAD) ** 2 / 2)
        spread = population.enhancement_patchiness
        patch = np.exp((order * spread) ** 2 * field_variance / 2 - order * spread**2 / 2)
        moments.append(float(level * patch))
    return moments[0], moments[1]


def _log_normal(median: float, spread: float) -> tuple[float, float]:
    first, second = (median**order * np.exp((order * spread) ** 2 / 2) for order in (1, 2))
    return float(first), float(second)

"""One breast of one patient: what its craniocaudal and oblique view share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cem_monai.simulator.lesions import Lesion, draw_lesions
from cem_monai.simulator.population import DENSITIES, THICKNESSES, Population
from cem_monai.simulator.random_streams import Stream, ViewKey

GLAND_SPREAD = 0.2
"""Of the logarithm of the concentration in gland at a given level of enhancement."""
VESSEL_UPTAKE, VESSEL_SPREAD = 2.0, 0.25
"""Median in mg/ml, and standard deviation of the logarithm."""
MUSCLE_UPTAKE, MUSCLE_SPREAD = 0.13, 0.4


@dataclass(frozen=True)
class Breast:
    """Parameters that both views of a breast have in common.

    Args:
        thickness: cm, compressed thickness.
        scale: size in the image relative to an average breast.
        density: fraction of the volume within the skin that is fibroglandular tissue.
        enhancement_level: background parenchymal enhancement, 0 minimal to 3 marked.
        gland_concentration: mg/ml iodine in glandular tissue.
        vessel_concentration: mg/ml iodine in vessels.
        muscle_concentration: mg/ml iodine in the pectoral muscle.
        lesions: visible ones first.
    """

    thickness: float
    scale: float
    density: float
    enhancement_level: int
    gland_concentration: float
    vessel_concentration: float
    muscle_concentration: float
    lesions: tuple[Lesion, ...]


def draw_breast(key: ViewKey, population: Population) -> Breast:
    """Draw a breast; left and right breast of a patient resemble each other."""
    thickness, scale, log_density = _draw_patient(key, population)
    hidden = key.patient_stream(Stream.HIDDEN_PATIENT)
    probabilities = enhancement_probabilities(key, population)
    level = int(hidden.choice(len(probabilities), p=probabilities))
    median = population.enhancement_concentrations[level]
    side = key.breast_stream(Stream.BREAST)
    thickness = float(np.clip(thickness + side.normal(0, 0.15), *THICKNESSES))
    return Breast(
        thickness=thickness,
        scale=float(np.clip(scale + side.normal(0, 0.02), 0.62, 1.35)),
        density=float(np.clip(np.exp(log_density + side.normal(0, 0.08)), *DENSITIES)),
        enhancement_level=level,
        gland_concentration=float(median * np.exp(hidden.normal(0, GLAND_SPREAD))),
        vessel_concentration=float(np.exp(hidden.normal(np.log(VESSEL_UPTAKE), VESSEL_SPREAD))),
        muscle_concentration=float(np.exp(hidden.normal(np.log(MUSCLE_UPTAKE), MUSCLE_SPREAD))),
        lesions=draw_lesions(key, thickness, population),
    )


def _draw_patient(key: ViewKey, population: Population) -> tuple[float, float, float]:
    """Return thickness in cm, scale and logarithm of the density; thick breasts are less dense."""
    rng = key.patient_stream(Stream.PATIENT)
    thickness = rng.normal(population.thickness, population.thickness_spread)
    thickness = float(np.clip(thickness, *THICKNESSES))
    excess = thickness - population.thickness
    scale = rng.normal(1, 0.16) + 0.06 * excess
    log_density = rng.normal(np.log(population.density), population.density_spread) - 0.10 * excess
    return thickness, float(scale), float(log_density)


def enhancement_probabilities(key: ViewKey, population: Population) -> npt.NDArray[np.float64]:
    """Return the probability of each level of background enhancement, given the density."""
    _, _, log_density = _draw_patient(key, population)
    score = (log_density - np.log(population.density)) / population.density_spread
    levels = np.arange(len(population.enhancement_levels))
    tilt = np.exp(population.enhancement_density_tilt * levels * score)
    weights = np.array(population.enhancement_levels) * tilt
    return np.asarray(weights / weights.sum(), np.float64)

"""One breast of one patient: what its craniocaudal and oblique view share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cem_monai.simulator.lesions import Lesion, draw_lesions
from cem_monai.simulator.population import Population
from cem_monai.simulator.random_streams import Stream, ViewKey

MEDIAN_DENSITY = 0.155
LOG_DENSITY_SPREAD = 0.55


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
    thickness, scale, log_density = _draw_patient(key)
    hidden = key.patient_stream(Stream.HIDDEN_PATIENT)
    level = _draw_enhancement_level(hidden, log_density, population)
    median = population.enhancement_concentrations[level]
    side = key.breast_stream(Stream.BREAST)
    thickness = float(np.clip(thickness + side.normal(0, 0.15), 2.2, 9.0))
    return Breast(
        thickness=thickness,
        scale=float(np.clip(scale + side.normal(0, 0.02), 0.62, 1.35)),
        density=float(np.clip(np.exp(log_density + side.normal(0, 0.08)), 0.035, 0.62)),
        enhancement_level=level,
        gland_concentration=float(median * np.exp(hidden.normal(0, 0.2))),
        vessel_concentration=float(np.exp(hidden.normal(np.log(2.0), 0.25))),
        muscle_concentration=float(np.exp(hidden.normal(np.log(0.13), 0.4))),
        lesions=draw_lesions(key, thickness, population),
    )


def _draw_patient(key: ViewKey) -> tuple[float, float, float]:
    """Return thickness in cm, scale and logarithm of the density; thick breasts are less dense."""
    rng = key.patient_stream(Stream.PATIENT)
    thickness = float(np.clip(rng.normal(5.4, 1.3), 2.2, 9.0))
    scale = rng.normal(1, 0.16) + 0.06 * (thickness - 5.4)
    log_density = rng.normal(np.log(MEDIAN_DENSITY), LOG_DENSITY_SPREAD) - 0.10 * (thickness - 5.4)
    return thickness, float(scale), float(log_density)


def _draw_enhancement_level(
    rng: np.random.Generator, log_density: float, population: Population
) -> int:
    levels = np.arange(len(population.enhancement_levels))
    score = (log_density - np.log(MEDIAN_DENSITY)) / LOG_DENSITY_SPREAD
    tilt = np.exp(population.enhancement_density_tilt * levels * score)
    weights = np.array(population.enhancement_levels) * tilt
    return int(rng.choice(levels, p=weights / weights.sum()))

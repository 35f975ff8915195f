"""Lesions of a breast: what both of its views share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cem_monai.simulator.occult import draw_occult, visible_kinds
from cem_monai.simulator.population import LesionKind, Population, UptakePattern
from cem_monai.simulator.random_streams import Stream, ViewKey

VISIBLE_UPTAKE = 0.2
"""mg/ml; a reader outlines lesions with more than this as enhancing."""
MEDIAN_DIAMETER, LOG_DIAMETER_SPREAD = 13.5, 0.42
"""In mm, and of its logarithm."""
DIAMETERS = (5.0, 36.0)
RELATIVE_DEPTH = (0.65, 0.95)
"""Extent along the beam relative to the diameter."""
LARGEST_DEPTH = 0.85
"""Of the thickness of the breast."""
NIPPLE_DISTANCE, NIPPLE_DISTANCE_SPREAD, NIPPLE_DISTANCES = 0.46, 0.15, (0.22, 0.75)
"""Relative to the breast's depth: mean, standard deviation, limits."""


@dataclass(frozen=True)
class Lesion:
    """One lesion.

    Args:
        kind: shape.
        diameter: mm, mean diameter in the image.
        half_depth: mm, half of its extent along the beam.
        depth: distance from the nipple towards the chest wall, relative to the breast's depth.
        density: share of its path that is dense tissue; 0 for occult lesions.
        concentration: mg/ml iodine; 0 if it does not enhance.
        pattern: spread of the iodine.
    """

    kind: LesionKind
    diameter: float
    half_depth: float
    depth: float
    density: float
    concentration: float
    pattern: UptakePattern

    @property
    def enhancing(self) -> bool:
        """Whether a reader would see and outline it in the recombined image."""
        return self.concentration >= VISIBLE_UPTAKE


def draw_lesions(key: ViewKey, thickness: float, population: Population) -> tuple[Lesion, ...]:
    """Draw the lesions of a breast of `thickness` cm; none in a normal exam."""
    kinds = visible_kinds(key, population)
    kinds += [LesionKind.OCCULT] * draw_occult(key, population)
    return tuple(
        _draw_lesion(key, number, kind, thickness, population) for number, kind in enumerate(kinds)
    )


def _draw_lesion(
    key: ViewKey, number: int, kind: LesionKind, thickness: float, population: Population
) -> Lesion:
    occult = kind is LesionKind.OCCULT
    stream = Stream.HIDDEN_OCCULT_BUILD if occult else Stream.LESION
    rng = key.breast_stream(stream, 1 + number)
    logarithm = rng.normal(np.log(MEDIAN_DIAMETER), LOG_DIAMETER_SPREAD)
    diameter = float(np.clip(np.exp(logarithm), *DIAMETERS))
    half_depth = min(diameter / 2 * rng.uniform(*RELATIVE_DEPTH), thickness * 5 * LARGEST_DEPTH)
    depth = float(np.clip(rng.normal(NIPPLE_DISTANCE, NIPPLE_DISTANCE_SPREAD), *NIPPLE_DISTANCES))
    score = float(rng.normal())
    concentration, pattern = _draw_uptake(key, number, kind, score, population)
    return Lesion(
        kind=kind,
        diameter=diameter,
        half_depth=half_depth,
        depth=depth,
        density=0.0 if occult else _density(score),
        concentration=concentration,
        pattern=pattern,
    )


def _density(score: float) -> float:
    return float(np.clip(0.72 + 0.2 * score, 0.25, 1.15))


def _draw_uptake(
    key: ViewKey, number: int, kind: LesionKind, score: float, population: Population
) -> tuple[float, UptakePattern]:
    """Draw what the low-energy image tells only in part: concentration in mg/ml and pattern."""
    rng = key.breast_stream(Stream.HIDDEN_LESION, number)
    morphology, correlation = population.morphologies[kind], population.uptake_correlation
    mixed = correlation * score + np.sqrt(1 - correlation**2) * rng.normal()
    enhances = rng.random() < morphology.enhancing
    concentration = morphology.uptake * np.exp(population.uptake_spread * mixed)
    pattern = list(UptakePattern)[rng.choice(len(UptakePattern), p=morphology.patterns)]
    return float(concentration) if enhances else 0.0, pattern

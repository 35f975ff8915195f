"""Lesions of a breast: what both of its views share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cem_monai.simulator.calcifications import draw_cluster
from cem_monai.simulator.occult import draw_occult, visible_kinds
from cem_monai.simulator.population import LesionKind, Population, UptakePattern
from cem_monai.simulator.random_streams import Stream, ViewKey
from cem_monai.simulator.uptake import draw_uptake

VISIBLE_UPTAKE = 0.2
"""mg/ml; a reader outlines lesions with more than this as enhancing."""
MEDIAN_DIAMETER, LOG_DIAMETER_SPREAD = 13.5, 0.42
"""In mm, and of its logarithm."""
DIAMETERS = (5.0, 36.0)
MEDIAN_LENGTH, LOG_LENGTH_SPREAD = 25.0, 0.4
"""Of a non-mass, in mm, and of its logarithm."""
LENGTHS = (12.0, 50.0)
ELONGATIONS = (1.4, 2.6)
"""Length over width of a non-mass."""
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
        elongation: length along the line to the nipple over width; 1 for masses.
        half_depth: mm, half of its extent along the beam.
        depth: distance from the nipple towards the chest wall, relative to the breast's depth.
        score: standard normal; how dense the lesion is (a non-mass: how calcified), and in part how
            much it takes up.
        density: share of its path that is dense tissue; 0 for non-masses and occult lesions.
        specks: mm, diameters of its calcifications.
        concentration: mg/ml iodine; 0 if it does not enhance.
        pattern: spread of the iodine.
        heterogeneity: standard deviation of the logarithm of the local concentration, if the
            pattern is heterogeneous.
    """

    kind: LesionKind
    diameter: float
    elongation: float
    half_depth: float
    depth: float
    score: float
    density: float
    specks: tuple[float, ...]
    concentration: float
    pattern: UptakePattern
    heterogeneity: float

    @property
    def length(self) -> float:
        """Return the longest diameter in the image in mm."""
        return self.diameter * float(np.sqrt(self.elongation))

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
    diameter, elongation = _draw_extent(rng, kind)
    half_depth = min(diameter / 2 * rng.uniform(*RELATIVE_DEPTH), thickness * 5 * LARGEST_DEPTH)
    depth = float(np.clip(rng.normal(NIPPLE_DISTANCE, NIPPLE_DISTANCE_SPREAD), *NIPPLE_DISTANCES))
    score = float(rng.normal())
    concentration, pattern = draw_uptake(key, number, kind, score, population)
    return Lesion(
        kind=kind,
        diameter=diameter,
        elongation=elongation,
        half_depth=half_depth,
        depth=depth,
        score=score,
        density=_density(kind, score),
        specks=draw_cluster(key, number, kind, score, population),
        concentration=concentration,
        pattern=pattern,
        heterogeneity=population.morphologies[kind].heterogeneity,
    )


def _draw_extent(rng: np.random.Generator, kind: LesionKind) -> tuple[float, float]:
    """Return mean diameter in mm and elongation."""
    deviation = rng.normal()
    if kind is not LesionKind.NON_MASS:
        diameter = np.exp(np.log(MEDIAN_DIAMETER) + LOG_DIAMETER_SPREAD * deviation)
        return float(np.clip(diameter, *DIAMETERS)), 1.0
    length = np.clip(MEDIAN_LENGTH * np.exp(LOG_LENGTH_SPREAD * deviation), *LENGTHS)
    elongation = rng.uniform(*ELONGATIONS)
    return float(length / np.sqrt(elongation)), float(elongation)


def _density(kind: LesionKind, score: float) -> float:
    if kind in (LesionKind.NON_MASS, LesionKind.OCCULT):
        return 0.0
    return float(np.clip(0.72 + 0.2 * score, 0.25, 1.15))

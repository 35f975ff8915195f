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
        score: standard normal; how dense the lesion is, and in part how much it takes up.
        density: share of its path that is dense tissue; 0 for occult lesions.
        concentration: mg/ml iodine; 0 if it does not enhance.
        pattern: spread of the iodine.
    """

    kind: LesionKind
    diameter: float
    half_depth: float
    depth: float
    score: float
    density: float
    concentration: float
    pattern: UptakePattern

    @property
    def enhancing(self) -> bool:
        """Whether a reader would see and outline it in the recombined image."""
        return self.concentration >= VISIBLE_UPTAKE


@dataclass(frozen=True)
class Uptake:
    """What is known of a lesion's iodine before contrast agent is injected.

    Args:
        enhancing: probability of taking up contrast agent.
        log_median: logarithm of the median concentration in mg/ml of those that do.
        log_spread: standard deviation of that logarithm.
        patterns: probabilities of homogeneous, heterogeneous and rim uptake.
    """

    enhancing: float
    log_median: float
    log_spread: float
    patterns: tuple[float, float, float]

    @classmethod
    def of(cls, kind: LesionKind, score: float | None, population: Population) -> Uptake:
        """Return the uptake of a lesion; `score` is `None` where its density is not known."""
        morphology, correlation = population.morphologies[kind], population.uptake_correlation
        known = 0.0 if score is None else correlation
        return cls(
            enhancing=morphology.enhancing,
            log_median=float(np.log(morphology.uptake))
            + population.uptake_spread * known * (score or 0.0),
            log_spread=population.uptake_spread * float(np.sqrt(1 - known**2)),
            patterns=morphology.patterns,
        )

    def moment(self, order: int) -> float:
        """Return the mean of the concentration to the power `order`, 0 if it does not enhance."""
        spread = order * self.log_spread
        return self.enhancing * float(np.exp(order * self.log_median + spread**2 / 2))


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
        score=score,
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
    uptake = Uptake.of(kind, score, population)
    concentration = np.exp(uptake.log_median + uptake.log_spread * rng.normal())
    enhances = rng.random() < uptake.enhancing
    pattern = list(UptakePattern)[rng.choice(len(UptakePattern), p=uptake.patterns)]
    return float(concentration) if enhances else 0.0, pattern

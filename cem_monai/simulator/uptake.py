"""What a low-energy image tells of the iodine in a lesion, and the draw of the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cem_monai.simulator.population import LesionKind, Population, UptakePattern
from cem_monai.simulator.random_streams import Stream, ViewKey


@dataclass(frozen=True)
class Uptake:
    """What is known of a lesion's iodine before contrast agent is injected.

    Args:
        enhancing: probability of taking up contrast agent.
        log_median: logarithm of the median concentration in mg/ml of those that do.
        log_spread: standard deviation of that logarithm.
        patterns: probabilities of homogeneous, heterogeneous and rim uptake.
        heterogeneity: standard deviation of the logarithm of the local concentration, if the
            pattern is heterogeneous.
    """

    enhancing: float
    log_median: float
    log_spread: float
    patterns: tuple[float, float, float]
    heterogeneity: float

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
            heterogeneity=morphology.heterogeneity,
        )

    def moment(self, order: int) -> float:
        """Return the mean of the concentration to the power `order`, 0 if it does not enhance."""
        spread = order * self.log_spread
        return self.enhancing * float(np.exp(order * self.log_median + spread**2 / 2))


def draw_uptake(
    key: ViewKey, number: int, kind: LesionKind, score: float, population: Population
) -> tuple[float, UptakePattern]:
    """Draw what the low-energy image tells only in part: concentration in mg/ml and pattern."""
    rng = key.breast_stream(Stream.HIDDEN_LESION, number)
    uptake = Uptake.of(kind, score, population)
    concentration = np.exp(uptake.log_median + uptake.log_spread * rng.normal())
    enhances = rng.random() < uptake.enhancing
    pattern = list(UptakePattern)[rng.choice(len(UptakePattern), p=uptake.patterns)]
    return float(concentration) if enhances else 0.0, pattern

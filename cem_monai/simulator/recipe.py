"""What a simulated data set is made with: everything but the seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cem_monai
from cem_monai.simulator.grid import Size, detector_grid
from cem_monai.simulator.population import Population
from cem_monai.simulator.predictability import Predictability, preset_population
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.random_streams import check_hidden

CUSTOM = "custom"
"""In place of a preset where a population was given."""


@dataclass(frozen=True)
class Recipe:
    """Parameters that all exams of a data set share.

    Args:
        size: of the images, see `simulate_view`.
        predictability: preset that the population comes from, or `CUSTOM`.
        population: which breasts and lesions occur.
        protocol: how the exposures are taken.
        hidden: which draw of what the low-energy image cannot reveal.
        twin: whether there is a low-energy image without contrast agent beside each other one.

    Raises:
        ValueError: unknown size, or `hidden` outside its range.
    """

    size: Size = 512
    predictability: str = Predictability.CLINICAL.value
    population: Population = field(default_factory=Population)
    protocol: Protocol = field(default_factory=Protocol)
    hidden: int = 0
    twin: bool = False

    def __post_init__(self) -> None:
        detector_grid(self.size)
        check_hidden(self.hidden)

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON reads it back, with the version of this package."""
        recipe = {
            "version": cem_monai.__version__,
            "size": self.size,
            "predictability": self.predictability,
            "population": self.population.as_dict(),
            "protocol": self.protocol.as_dict(),
            "hidden": self.hidden,
            "twin": self.twin,
        }
        return dict(json.loads(json.dumps(recipe)))

    @classmethod
    def of(
        cls,
        size: Size,
        predictability: Predictability | str,
        population: Population | None,
        **settings: Any,
    ) -> Recipe:
        """Return the recipe of a preset, or of a population of one's own.

        Raises:
            ValueError: unknown preset; a population beside another preset than the default.
        """
        preset = preset_population(predictability)
        if population is None:
            return cls(size, Predictability(predictability).value, preset, **settings)
        if predictability != Predictability.CLINICAL:
            raise ValueError(
                f"predictability {predictability!r} and a population exclude each other."
            )
        return cls(size, CUSTOM, population, **settings)

    def digest(self) -> str:
        """Return a SHA-256 that changes with any parameter or the version."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

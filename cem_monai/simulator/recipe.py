"""What a simulated data set is made with: everything but the seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cem_monai
from cem_monai.simulator.grid import Size, detector_grid
from cem_monai.simulator.population import Population
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.random_streams import check_hidden


@dataclass(frozen=True)
class Recipe:
    """Parameters that all exams of a data set share.

    Args:
        size: of the images, see `simulate_view`.
        population: which breasts and lesions occur.
        protocol: how the exposures are taken.
        hidden: which draw of what the low-energy image cannot reveal.
        twin: whether there is a low-energy image without contrast agent beside each other one.

    Raises:
        ValueError: unknown size, or `hidden` outside its range.
    """

    size: Size = 512
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
            "population": self.population.as_dict(),
            "protocol": self.protocol.as_dict(),
            "hidden": self.hidden,
            "twin": self.twin,
        }
        return dict(json.loads(json.dumps(recipe)))

    def digest(self) -> str:
        """Return a SHA-256 that changes with any parameter or the version."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

"""What a simulated data set is made with: everything but the seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cem_monai
from cem_monai.simulator.device import STANDARD, Device, devices_of
from cem_monai.simulator.grid import Grid, Size, detector_grid
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
        protocol: how the exposures are taken; `None` for the default with the device's anode.
        device: look of the exams, see `devices_of`.
        hidden: which draw of what the low-energy image cannot reveal.
        twin: whether there is a low-energy image without contrast agent beside each other one.

    Raises:
        ValueError: unknown size or device, or `hidden` outside its range.
    """

    size: Size = 512
    predictability: str = Predictability.CLINICAL.value
    population: Population = field(default_factory=Population)
    protocol: Protocol | None = None
    device: str = STANDARD.name
    hidden: int = 0
    twin: bool = False

    def __post_init__(self) -> None:
        detector_grid(self.size)
        devices_of(self.device)
        check_hidden(self.hidden)

    def exam_device(self, seed: int) -> Device:
        """Return the look of the exam of a seed."""
        looks = devices_of(self.device)
        return looks[seed % len(looks)]

    def exam_grid(self, seed: int) -> Grid:
        """Return the pixels of the images of an exam."""
        return detector_grid(self.size, self.exam_device(seed).native)

    def exam_protocol(self, device: Device) -> Protocol:
        """Return how the exposures of exams of a look are taken."""
        return self.protocol or Protocol(high_energy=device.high_energy)

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON reads it back, with the version of this package."""
        recipe = {
            "version": cem_monai.__version__,
            "size": self.size,
            "predictability": self.predictability,
            "population": self.population.as_dict(),
            "protocol": {
                look.name: self.exam_protocol(look).as_dict() for look in devices_of(self.device)
            },
            "device": self.device,
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

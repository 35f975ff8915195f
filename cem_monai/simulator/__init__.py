"""Physics simulator of contrast-enhanced mammography: from X-ray photons to a study folder."""

from __future__ import annotations

from cem_monai.simulator.floors import floors
from cem_monai.simulator.population import LesionKind, Morphology, Population, UptakePattern
from cem_monai.simulator.predictability import Predictability, preset_population
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.reference import Reference
from cem_monai.simulator.study import simulate_exams
from cem_monai.simulator.view import SimulatedView, simulate_view

__all__ = [
    "LesionKind",
    "Morphology",
    "Population",
    "Predictability",
    "Protocol",
    "Reference",
    "SimulatedView",
    "UptakePattern",
    "floors",
    "preset_population",
    "simulate_exams",
    "simulate_view",
]

"""Physics simulator of contrast-enhanced mammography: from X-ray photons to a study folder."""

from __future__ import annotations

from cem_monai.data import Conversion, to_eight_bits
from cem_monai.simulator.device import DEVICES, Device, Marking
from cem_monai.simulator.dose_exposure import DoseLevel
from cem_monai.simulator.dose_phantom import DosePhantom
from cem_monai.simulator.dose_series import DoseSeries, simulate_dose_series
from cem_monai.simulator.dose_study import simulate_dose_pairs
from cem_monai.simulator.floors import floors
from cem_monai.simulator.population import LesionKind, Morphology, Population, UptakePattern
from cem_monai.simulator.predictability import Predictability, preset_population
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.reference import Reference
from cem_monai.simulator.reference_files import read_reference
from cem_monai.simulator.study import simulate_exams
from cem_monai.simulator.view import SimulatedView, simulate_view

__all__ = [
    "DEVICES",
    "Conversion",
    "Device",
    "DoseLevel",
    "DosePhantom",
    "DoseSeries",
    "LesionKind",
    "Marking",
    "Morphology",
    "Population",
    "Predictability",
    "Protocol",
    "Reference",
    "SimulatedView",
    "UptakePattern",
    "floors",
    "preset_population",
    "read_reference",
    "simulate_dose_pairs",
    "simulate_dose_series",
    "simulate_exams",
    "simulate_view",
    "to_eight_bits",
]

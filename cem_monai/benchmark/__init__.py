"""Train the published models on the same data and set them beside each other."""

from __future__ import annotations

from cem_monai.benchmark.cdd_cesm import CDDCESMExperiment
from cem_monai.benchmark.dose_pairs import DoseExperiment
from cem_monai.benchmark.exams import ExamsExperiment
from cem_monai.benchmark.experiment import Block, Experiment, Model, Table
from cem_monai.benchmark.runner import run_suite
from cem_monai.benchmark.suites import SUITES, Suite

__all__ = [
    "SUITES",
    "Block",
    "CDDCESMExperiment",
    "DoseExperiment",
    "ExamsExperiment",
    "Experiment",
    "Model",
    "Suite",
    "Table",
    "run_suite",
]

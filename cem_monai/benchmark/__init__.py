"""Train the published models on the same simulated exams and set them beside each other."""

from __future__ import annotations

from cem_monai.benchmark.runner import run_suite
from cem_monai.benchmark.suites import SUITES, Model, Suite, Table

__all__ = ["SUITES", "Model", "Suite", "Table", "run_suite"]

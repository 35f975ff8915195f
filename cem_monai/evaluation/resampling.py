"""Means and differences as a summary holds them, all by the same resampling of patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.statistics import (
    Interval,
    paired_patient_bootstrap,
    patient_bootstrap,
)
from cem_monai.evaluation.summary_schema import IntervalEntry

Floats = npt.NDArray[np.float64]
Patients = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Resampling:
    """Settings of every interval of one evaluation.

    Args:
        resamples: number of resamples.
        confidence: nominal coverage, between 0 and 1.
    """

    resamples: int
    confidence: float

    def mean(self, values: Floats, patients: Patients) -> IntervalEntry:
        """Return the mean of (N,) values, see `patient_bootstrap`."""
        interval = patient_bootstrap(
            values, patients, resamples=self.resamples, confidence=self.confidence
        )
        return interval_entry(interval)

    def difference(self, a: Floats, b: Floats, patients: Patients) -> IntervalEntry:
        """Return the mean of (N,) a - b, see `paired_patient_bootstrap`."""
        interval = paired_patient_bootstrap(
            a, b, patients, resamples=self.resamples, confidence=self.confidence
        )
        return interval_entry(interval)


def interval_entry(interval: Interval) -> IntervalEntry:
    """Return an interval as `summary.json` holds it."""
    return {
        "mean": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "n_values": interval.n_values,
        "n_cases": interval.n_cases,
        "n_patients": interval.n_patients,
    }

"""Cases in memory with lesions, for tests that need no file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cem_monai.dicom import Laterality, ViewPosition
from cem_monai.evaluation import EvaluationCase, Reading

TOP = 4095.0
GREY = TOP / 255
"""Stored values per grey level."""


def half_disk(size: int) -> np.ndarray:
    """A breast (size, size) at the left edge."""
    y, x = np.mgrid[:size, :size]
    return np.asarray(np.hypot(y - (size - 1) / 2, x) < 0.45 * size)


def case_of(
    recombined: np.ndarray,
    *masses: np.ndarray,
    name: str = "case",
    patient: str = "patient",
    breast: np.ndarray | None = None,
) -> EvaluationCase:
    """A case with the masses of several readers."""
    return EvaluationCase(
        name=name,
        patient=patient,
        laterality=Laterality.LEFT,
        view_position=ViewPosition.CC,
        low_energy=np.zeros(recombined.shape, np.int32),
        recombined=recombined,
        value_range=(0.0, TOP),
        low_energy_range=(0.0, TOP),
        bits_stored=12,
        spacing=None,
        breast=half_disk(len(recombined)) if breast is None else breast,
        readers=tuple(Reading(mass, None) for mass in masses),
        decoy=None,
        attributes={},
        lesions=(),
        low_energy_path=Path("LE.dcm"),
        recombined_path=Path("DES.dcm"),
        flipped=False,
    )


def lesion_case(number: int, *, contrast: float, size: int = 64) -> EvaluationCase:
    """A noisy breast with one round lesion somewhere; contrast in grey levels."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:size, :size] / size
    mass = np.hypot(y - rng.uniform(0.35, 0.65), x - rng.uniform(0.1, 0.25)) < 0.04
    grey = 100 + rng.normal(0, 3, mass.shape) + contrast * mass
    recombined = np.where(half_disk(size), grey * GREY, 0).round().astype(np.int32)
    return case_of(recombined, mass, name=f"case {number}", patient=f"patient {number // 2}")

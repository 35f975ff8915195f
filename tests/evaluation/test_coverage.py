from __future__ import annotations

import pytest

from benchmarks.coverage_of_intervals import coverage


@pytest.mark.slow
@pytest.mark.parametrize("patients", [11, 40, 100])
def test_intervals_by_patient_hold_the_truth_and_those_by_image_do_not(patients: int) -> None:
    """Several images per patient, 1 to 8, with a patient effect; nominal 95 %."""
    measured = coverage(patients, simulations=2000)

    assert 0.92 <= measured.clustered <= 0.97
    assert measured.by_image < 0.85

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from cem_monai.evaluation.patient_resampling import draw_patients, expanded_percentiles


@pytest.mark.parametrize(("n_patients", "confidence"), [(5, 0.9), (11, 0.95), (40, 0.8)])
def test_ends_of_a_normal_distribution_are_those_of_the_t_interval(
    n_patients: int, confidence: float
) -> None:
    """Resample means of sd 1 belong to a standard error of √(n / (n - 1))."""
    resampled = stats.norm.ppf((np.arange(400_001) + 0.5) / 400_001)

    low, high = expanded_percentiles(resampled, n_patients, confidence)

    half = stats.t.ppf((1 + confidence) / 2, n_patients - 1) * math.sqrt(
        n_patients / (n_patients - 1)
    )
    assert (low, high) == pytest.approx((-half, half), abs=0.01)


def test_many_patients_give_the_plain_percentiles() -> None:
    low, high = expanded_percentiles(np.arange(1001.0), 10**6, 0.9)

    assert (low, high) == (49, 951)


def test_two_patients_give_the_whole_range_in_any_order() -> None:
    assert expanded_percentiles(np.array([2.0, math.inf, 1.0]), 2, 0.95) == (1, math.inf)


def test_every_patient_is_drawn_equally_often() -> None:
    draws = draw_patients(7, 10_000, 0)

    assert draws.shape == (10_000, 7)
    assert np.bincount(draws.ravel()) == pytest.approx(np.full(7, 10_000), rel=0.04)

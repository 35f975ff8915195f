from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cem_monai.evaluation import rank_correlation
from cem_monai.evaluation.patient_resampling import draw_patients, expanded_percentiles

Values = np.ndarray[Any, Any]
SEEDS = st.integers(0, 2**32 - 1)


def lesions(seed: int, patients: int = 12) -> tuple[Values, Values, Values]:
    """Contrasts in whole grey levels, so that some are tied."""
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    real = rng.normal(40, 5, owners.size)
    return np.round(real), np.round(0.5 * real + rng.normal(0, 3, owners.size)), owners


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_rho_is_that_of_scipy_with_ties(seed: int) -> None:
    real, generated, owners = lesions(seed)

    result = rank_correlation(real, generated, owners, resamples=20)

    assert result.rho == pytest.approx(stats.spearmanr(real, generated).statistic, abs=1e-12)


def test_interval_is_that_of_a_loop_over_resamples() -> None:
    real, generated, owners = lesions(1, patients=8)
    rhos = []
    for drawn in draw_patients(8, 300, 6):
        chosen = np.concatenate([np.flatnonzero(owners == patient) for patient in drawn])
        rhos.append(stats.spearmanr(real[chosen], generated[chosen]).statistic)

    result = rank_correlation(real, generated, owners, resamples=300, confidence=0.8, seed=6)

    expected = expanded_percentiles(np.array(rhos), 8, 0.8)
    assert (result.low, result.high) == pytest.approx(expected, abs=1e-12)
    assert result.n_degenerate == 0


def test_resamples_without_a_correlation_are_counted_and_left_out() -> None:
    real, generated = [1.0, 2.0, 2.0, 2.0], [1.0, 3.0, 2.0, 4.0]
    degenerate = 0
    for drawn in draw_patients(4, 400, 0):
        chosen = set(drawn.tolist())
        degenerate += len(chosen) < 3 or 0 not in chosen

    result = rank_correlation(real, generated, list("abcd"), resamples=400)

    assert result.n_degenerate == degenerate > 0
    assert -1 <= result.low <= result.rho <= result.high <= 1


def test_lesions_of_one_patient_do_not_count_as_independent() -> None:
    rng = np.random.default_rng(4)
    owners = np.repeat(np.arange(30), 9)
    real = rng.normal(size=30)[owners] + 0.01 * rng.normal(size=owners.size)
    generated = real + rng.normal(size=30)[owners]

    by_patient = rank_correlation(real, generated, owners)
    by_lesion = rank_correlation(real, generated, np.arange(owners.size))

    assert by_patient.high - by_patient.low > 2 * (by_lesion.high - by_lesion.low)


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_order_and_increasing_changes_do_not_matter(seed: int) -> None:
    real, generated, owners = lesions(seed)
    order = np.random.default_rng(seed).permutation(owners.size)

    straight = rank_correlation(real, generated, owners, resamples=100)

    changed = np.exp(generated / 10)
    mixed = rank_correlation(real[order], changed[order], owners[order], resamples=100)
    assert mixed == straight


def test_sign_follows_the_direction() -> None:
    real = np.arange(10.0)

    rising, falling = (rank_correlation(real, sign * real, range(10)) for sign in (1, -1))

    assert (rising.low, rising.rho, rising.high) == (1, 1, 1)
    assert (falling.low, falling.rho, falling.high) == (-1, -1, -1)


def test_missing_lesions_are_left_out_and_counted() -> None:
    real, generated = [1.0, 2.0, math.nan, 4.0, 5.0], [2.0, 1.0, 3.0, math.nan, 7.0]

    result = rank_correlation(real, generated, list("abcde"))

    assert result.rho == pytest.approx(stats.spearmanr([1, 2, 5], [2, 1, 7]).statistic)
    assert (result.n_lesions, result.n_patients, result.n_missing) == (3, 3, 2)


@pytest.mark.parametrize(
    ("real", "generated"), [([], []), ([1.0, 2.0], [1.0, 2.0]), ([3.0] * 5, range(5))]
)
def test_too_few_or_constant_lesions_have_no_correlation(real: Any, generated: Any) -> None:
    result = rank_correlation(real, generated, range(len(real)))

    assert all(math.isnan(end) for end in (result.rho, result.low, result.high))
    assert result.n_lesions == len(real)


def test_one_patient_has_a_correlation_but_no_interval() -> None:
    result = rank_correlation([1, 2, 3, 4], [2, 1, 3, 4], ["a"] * 4)

    assert result.rho == pytest.approx(0.8)
    assert math.isnan(result.low)
    assert math.isnan(result.high)
    assert (result.n_lesions, result.n_patients) == (4, 1)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match=r"values \(2,\) and patients \(3,\)"):
        rank_correlation([1, 2, 3], [1, 2], ["a", "b", "c"])


def test_no_resamples_raise() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        rank_correlation([1, 2, 3], [1, 2, 3], ["a", "b", "c"], resamples=0)

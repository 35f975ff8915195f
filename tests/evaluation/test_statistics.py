from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cem_monai.evaluation.statistics import (
    Interval,
    paired_patient_bootstrap,
    patient_bootstrap,
)

Values = np.ndarray[Any, Any]


def width(interval: Interval) -> float:
    return interval.high - interval.low


def loop_means(values: Values, patients: list[str], resamples: int, seed: int) -> list[float]:
    """Resample patient by patient and collect all their images; the same random numbers."""
    names = sorted(set(patients))
    rng = np.random.default_rng(seed)
    means = []
    for drawn in rng.integers(len(names), size=(resamples, len(names))):
        images: list[float] = []
        for index in drawn:
            images += [v for v, p in zip(values, patients, strict=True) if p == names[index]]
        means.append(float(np.mean(images)))
    return sorted(means)


def test_resamples_match_a_loop_over_patients() -> None:
    patients = list("abbbccddddde")
    values = np.random.default_rng(0).normal(size=len(patients))
    interval = patient_bootstrap(values, patients, resamples=201, confidence=0.9, seed=4)
    means = loop_means(values, patients, 201, 4)
    # Five patients: the t quantile of 4 degrees of freedom, and the divisor n instead of n - 1
    below = math.floor(200 * stats.norm.cdf(math.sqrt(5 / 4) * stats.t.ppf(0.05, 4)))
    assert interval.mean == pytest.approx(values.mean(), abs=1e-12)
    assert interval.low == pytest.approx(means[below], abs=1e-12)
    assert interval.high == pytest.approx(means[200 - below], abs=1e-12)
    assert (interval.n_values, interval.n_patients, interval.n_missing) == (12, 5, 0)


@pytest.mark.parametrize("confidence", [0.95, 0.8])
@pytest.mark.parametrize("size", [12, 400])
def test_independent_values_agree_with_the_t_interval(size: int, confidence: float) -> None:
    values = 10 + 3 * stats.norm.ppf((np.arange(size) + 0.5) / size)
    interval = patient_bootstrap(values, range(size), resamples=20_000, confidence=confidence)
    expected = stats.t.interval(confidence, size - 1, values.mean(), stats.sem(values))
    assert interval.mean == pytest.approx(values.mean(), abs=1e-12)
    assert (interval.low, interval.high) == pytest.approx(expected, abs=0.08 * stats.sem(values))


def test_images_of_one_patient_do_not_count_as_independent() -> None:
    rng = np.random.default_rng(2)
    patients = np.repeat(np.arange(40), 9)
    values = rng.normal(size=40)[patients] + 0.01 * rng.normal(size=patients.size)
    by_patient = patient_bootstrap(values, patients)
    by_image = patient_bootstrap(values, np.arange(patients.size))
    assert width(by_patient) == pytest.approx(3 * width(by_image), rel=0.15)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_order_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    patients = rng.integers(0, 8, 40).astype(str)
    values = rng.normal(size=40)
    values[rng.random(40) < 0.2] = math.nan
    order = rng.permutation(40)
    straight = patient_bootstrap(values, patients, resamples=100)
    assert patient_bootstrap(values[order], patients[order], resamples=100) == straight


def test_seed_decides_the_resamples() -> None:
    values, patients = np.random.default_rng(0).normal(size=30), np.arange(30) // 3
    first = patient_bootstrap(values, patients, seed=7)
    assert patient_bootstrap(values, patients, seed=7) == first
    assert patient_bootstrap(values, patients, seed=8) != first


def test_missing_values_are_left_out_and_counted() -> None:
    values = [1.0, math.nan, 3.0, math.nan, 8.0]
    interval = patient_bootstrap(values, ["a", "a", "b", "c", "d"])
    without = patient_bootstrap([1.0, 3.0, 8.0], ["a", "b", "d"])
    assert interval.mean == 4
    assert (interval.n_values, interval.n_patients, interval.n_missing) == (3, 3, 2)
    assert interval.n_cases == 5
    assert asdict(interval) == asdict(without) | {"n_missing": 2}


@pytest.mark.parametrize("values", [[], [math.nan, math.nan]])
def test_no_values_give_nan_not_zero(values: list[float]) -> None:
    interval = patient_bootstrap(values, ["a"] * len(values))
    assert all(math.isnan(end) for end in (interval.mean, interval.low, interval.high))
    assert (interval.n_values, interval.n_patients, interval.n_missing) == (0, 0, len(values))


def test_one_patient_has_a_mean_but_no_interval() -> None:
    interval = patient_bootstrap([1, 2, 6], ["a", "a", "a"])
    assert interval.mean == 3
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert (interval.n_values, interval.n_patients) == (3, 1)


def test_infinite_psnr_does_not_become_nan() -> None:
    interval = patient_bootstrap([30.0, 31.0, math.inf, 29.0], list("abcd"))
    assert interval.mean == interval.high == math.inf
    assert 29 <= interval.low <= 31


def test_infinities_of_both_signs_have_no_mean_and_no_interval() -> None:
    interval = patient_bootstrap([math.inf, 1.0, -math.inf], list("abc"))
    assert all(math.isnan(end) for end in (interval.mean, interval.low, interval.high))
    assert (interval.n_values, interval.n_patients, interval.n_missing) == (3, 3, 0)


def test_constant_values_have_no_width() -> None:
    interval = patient_bootstrap(np.full(20, 0.25), np.arange(20))
    assert (interval.mean, interval.low, interval.high) == (0.25, 0.25, 0.25)


def test_more_confidence_is_wider() -> None:
    values, patients = np.random.default_rng(0).normal(size=30), np.arange(30)
    ninety, ninety_nine = (
        patient_bootstrap(values, patients, confidence=confidence) for confidence in (0.9, 0.99)
    )
    assert ninety_nine.low < ninety.low < ninety.mean < ninety.high < ninety_nine.high


# Paired


def test_paired_is_the_bootstrap_of_the_differences() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 24))
    patients = np.arange(24) // 2
    paired = paired_patient_bootstrap(a, b, patients, resamples=300, confidence=0.9, seed=5)
    assert paired == patient_bootstrap(a - b, patients, resamples=300, confidence=0.9, seed=5)


def test_paired_sees_a_small_difference_under_a_large_spread() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(0, 10, 50)
    b = a - 0.5 + 0.1 * rng.normal(size=50)
    paired = paired_patient_bootstrap(a, b, np.arange(50))
    assert 0.4 < paired.low < 0.5 < paired.high < 0.6
    assert width(paired) < 0.1 * width(patient_bootstrap(a, np.arange(50)))


def test_swapping_the_models_changes_the_sign() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 20))
    one, other = (paired_patient_bootstrap(*pair, np.arange(20)) for pair in ((a, b), (b, a)))
    assert one.mean == -other.mean
    assert one.low == pytest.approx(-other.high, abs=1e-12)


def test_model_against_itself_is_exactly_zero() -> None:
    a = np.random.default_rng(0).normal(size=20)
    paired = paired_patient_bootstrap(a, a, np.arange(20))
    assert (paired.mean, paired.low, paired.high) == (0, 0, 0)


def test_pair_with_a_missing_or_two_infinite_values_is_counted() -> None:
    a = [1.0, math.nan, 3.0, math.inf, 6.0]
    b = [0.0, 1.0, math.nan, math.inf, 5.0]
    paired = paired_patient_bootstrap(a, b, list("abcde"))
    assert paired.mean == 1
    assert (paired.n_values, paired.n_missing) == (2, 3)


# Errors


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match=r"values \(3,\) and patients \(2,\)"):
        patient_bootstrap([1, 2, 3], ["a", "b"])
    with pytest.raises(ValueError, match=r"a \(2,\) and b \(3,\)"):
        paired_patient_bootstrap([1, 2], [1, 2, 3], ["a", "b"])


def test_table_of_values_raises() -> None:
    with pytest.raises(ValueError, match="one length"):
        patient_bootstrap(np.ones((2, 2)), np.ones((2, 2)))


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_outside_0_to_1_raises(confidence: float) -> None:
    with pytest.raises(ValueError, match=f"between 0 and 1, got {confidence}"):
        patient_bootstrap([1, 2], ["a", "b"], confidence=confidence)


def test_no_resamples_raise() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        patient_bootstrap([1, 2], ["a", "b"], resamples=0)

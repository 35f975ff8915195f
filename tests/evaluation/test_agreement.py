from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cem_monai.evaluation import BlandAltman, bland_altman, paired_patient_bootstrap

Values = np.ndarray[Any, Any]
SEEDS = st.integers(0, 2**32 - 1)


def lesions(seed: int, patients: int = 10) -> tuple[Values, Values, Values]:
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(patients), rng.integers(1, 6, patients))
    real = rng.normal(40, 5, owners.size)
    differences = rng.normal(size=patients)[owners] + rng.normal(size=owners.size)
    return real, real + 3 + differences, owners


def naive_variances(differences: Values, owners: Values) -> tuple[float, float]:
    """One-way analysis of variance, patient by patient."""
    groups = [differences[owners == owner] for owner in np.unique(owners)]
    sizes = [len(group) for group in groups]
    within = sum(((group - group.mean()) ** 2).sum() for group in groups)
    within /= len(differences) - len(groups)
    between = sum(len(group) * (group.mean() - differences.mean()) ** 2 for group in groups)
    between /= len(groups) - 1
    each = (sum(sizes) - sum(size**2 for size in sizes) / sum(sizes)) / (len(groups) - 1)
    return within, max(0.0, (between - within) / each)


def naive_limit(differences: Values, owners: Values, side: int) -> float:
    return differences.mean() + side * 1.96 * math.sqrt(sum(naive_variances(differences, owners)))


@pytest.mark.parametrize("seed", range(5))
def test_limits_are_those_of_the_analysis_of_variance(seed: int) -> None:
    real, generated, owners = lesions(seed)
    differences = generated - real

    result = bland_altman(real, generated, owners)

    within, between = naive_variances(differences, owners)
    assert (result.sd_within**2, result.sd_between**2) == pytest.approx((within, between))
    assert result.lower.value == pytest.approx(naive_limit(differences, owners, -1))
    assert result.upper.value == pytest.approx(naive_limit(differences, owners, 1))


def test_one_lesion_each_gives_the_plain_standard_deviation() -> None:
    real, generated = np.random.default_rng(0).normal(size=(2, 30))
    differences = generated - real

    result = bland_altman(real, generated, range(30))

    assert math.isnan(result.sd_within)
    assert result.sd_between == pytest.approx(differences.std(ddof=1))
    assert result.upper.value == pytest.approx(differences.mean() + 1.96 * differences.std(ddof=1))


def test_interval_of_a_limit_is_the_jackknife_by_patient() -> None:
    real, generated, owners = lesions(2)
    differences = generated - real
    left_out = [
        naive_limit(differences[owners != owner], owners[owners != owner], 1)
        for owner in np.unique(owners)
    ]

    upper = bland_altman(real, generated, owners, confidence=0.9).upper

    error = math.sqrt(9 / 10 * ((np.array(left_out) - np.mean(left_out)) ** 2).sum())
    half = stats.t.ppf(0.95, 9) * error
    assert (upper.low, upper.high) == pytest.approx((upper.value - half, upper.value + half))


def test_bias_is_that_of_the_paired_bootstrap() -> None:
    real, generated, owners = lesions(3)

    bias = bland_altman(real, generated, owners, seed=2).bias

    assert bias == paired_patient_bootstrap(generated, real, owners, seed=2)


def test_what_is_drawn_are_means_and_differences() -> None:
    result = bland_altman([1.0, math.nan, 4.0], [3.0, 5.0, 4.5], list("abc"))

    assert result.means == (2, 4.25)
    assert result.differences == (2, 0.5)
    assert (result.bias.n_values, result.bias.n_missing) == (2, 1)


def test_equal_patients_have_no_variance_between_them() -> None:
    """Means of the patients are nearer to each other than chance would have them."""
    result = bland_altman([0.0] * 6, [-1.0, 1.0] * 3, list("aabbcc"))

    assert result.sd_between == 0
    assert result.sd_within == pytest.approx(math.sqrt(2))


def limits(result: BlandAltman) -> list[float]:
    return [
        end
        for limit in (result.lower, result.upper)
        for end in (limit.value, limit.low, limit.high)
    ]


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_order_does_not_matter(seed: int) -> None:
    real, generated, owners = lesions(seed)
    order = np.random.default_rng(seed).permutation(owners.size)

    straight = bland_altman(real, generated, owners)
    mixed = bland_altman(real[order], generated[order], owners[order])

    drawn = {"means": (), "differences": ()}
    assert replace(mixed, **drawn) == replace(straight, **drawn)
    assert sorted(mixed.differences) == sorted(straight.differences)


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_swapping_the_images_mirrors_the_limits(seed: int) -> None:
    real, generated, owners = lesions(seed)

    one, other = bland_altman(real, generated, owners), bland_altman(generated, real, owners)

    assert one.bias.mean == pytest.approx(-other.bias.mean)
    assert (one.upper.value, one.upper.low) == pytest.approx(
        (-other.lower.value, -other.lower.high)
    )


@given(seed=SEEDS, offset=st.floats(-1e4, 1e4))
@settings(max_examples=15, deadline=None)
def test_a_constant_offset_shifts_bias_and_limits(seed: int, offset: float) -> None:
    real, generated, owners = lesions(seed)

    plain, shifted = (bland_altman(real, generated + add, owners) for add in (0, offset))

    moved = [end + offset for end in limits(plain)]
    assert limits(shifted) == pytest.approx(moved, abs=1e-6)
    assert shifted.sd_within == pytest.approx(plain.sd_within, rel=1e-6)


def test_equal_images_agree_without_width() -> None:
    real = np.arange(6.0)

    assert limits(bland_altman(real, real, list("aabbcd"))) == [0] * 6


def test_two_patients_have_limits_without_interval() -> None:
    result = bland_altman([0.0] * 4, [1.0, 2.0, 3.0, 5.0], list("aabb"))

    assert result.upper.value == pytest.approx(
        naive_limit(np.array([1.0, 2.0, 3.0, 5.0]), np.array([0, 0, 1, 1]), 1)
    )
    assert math.isnan(result.upper.low)


@pytest.mark.parametrize(
    "generated", [[], [math.nan], [5.0], [1.0, math.inf, 2.0], [-math.inf, math.inf, 2.0]]
)
def test_limits_that_do_not_exist_are_nan(generated: list[float]) -> None:
    result = bland_altman([0.0] * len(generated), generated, range(len(generated)))

    assert all(math.isnan(end) for end in limits(result))
    assert result.bias.n_cases == len(generated)


@pytest.mark.slow
def test_limits_of_forty_patients_are_covered_about_as_often_as_they_say() -> None:
    """The truth is 1.96 √2; the interval is approximate, so 90 % are enough for nominal 95 %."""
    covered = 0
    for seed in range(600):
        real, generated, owners = lesions(seed, patients=40)
        upper = bland_altman(real, generated, owners).upper
        covered += upper.low <= 3 + 1.96 * math.sqrt(2) <= upper.high

    assert 0.9 <= covered / 600 <= 0.98

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cem_monai.evaluation import holm, paired_patient_bootstrap, paired_permutation_test

Values = np.ndarray[Any, Any]
SEEDS = st.integers(0, 2**32 - 1)


def naive_p(a: Values, b: Values, patients: list[str]) -> float:
    """Swap the two models in every subset of the patients, image by image."""
    names = sorted(set(patients))
    seen = abs(np.mean(a - b))
    extreme = 0
    for swapped in itertools.product([False, True], repeat=len(names)):
        swap = np.array([dict(zip(names, swapped, strict=True))[name] for name in patients])
        first, second = np.where(swap, b, a), np.where(swap, a, b)
        extreme += abs(np.mean(first - second)) >= seen - 1e-12
    return extreme / 2 ** len(names)


def study(seed: int, patients: int) -> tuple[Values, Values, list[str]]:
    """Several images of each patient, the first model worse by half a standard deviation."""
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(patients), rng.integers(1, 5, patients))
    a, b = rng.normal(size=(2, owners.size))
    return a + 0.5, b, [f"p{owner:03}" for owner in owners]


@pytest.mark.parametrize("seed", range(4))
def test_exact_is_the_enumeration_of_all_arrangements(seed: int) -> None:
    a, b, patients = study(seed, 7)

    result = paired_permutation_test(a, b, patients)

    assert result.exact
    assert result.p_value == pytest.approx(naive_p(a, b, patients), abs=1e-15)
    assert 2 / 2**7 <= result.p_value < 1


def test_exact_with_one_image_each_is_that_of_scipy() -> None:
    a, b = np.random.default_rng(5).normal(size=(2, 9))

    expected = stats.permutation_test(
        (a - b,), np.mean, permutation_type="samples", n_resamples=math.inf
    )

    assert paired_permutation_test(a, b, range(9)).p_value == pytest.approx(expected.pvalue)


def test_images_of_one_patient_change_sign_together() -> None:
    """Ten equal images of two patients are two, not ten, independent signs."""
    result = paired_permutation_test([1.0] * 10, [0.0] * 10, ["a"] * 5 + ["b"] * 5)

    assert result.p_value == 0.5


def test_random_arrangements_agree_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, patients = study(3, 12)
    exact = paired_permutation_test(a, b, patients)
    monkeypatch.setattr("cem_monai.evaluation.permutation.EXACT_PATIENTS", 11)

    random = paired_permutation_test(a, b, patients, permutations=20_000)

    assert (exact.exact, random.exact) == (True, False)
    error = math.sqrt(exact.p_value * (1 - exact.p_value) / 20_000)
    assert random.p_value == pytest.approx(exact.p_value, abs=4 * error)
    assert random.p_value * 20_001 == pytest.approx(round(random.p_value * 20_001))


@pytest.mark.parametrize(("patients", "exact"), [(14, True), (15, False)])
def test_exact_up_to_fourteen_patients(patients: int, exact: bool) -> None:
    assert paired_permutation_test(*study(0, patients)).exact is exact


def test_random_p_value_is_never_zero() -> None:
    result = paired_permutation_test(np.arange(60) + 100.0, np.arange(60.0), range(60))

    assert result.p_value == 1 / 10_000


def test_difference_is_that_of_the_paired_bootstrap() -> None:
    a, b, patients = study(1, 20)

    difference = paired_permutation_test(a, b, patients, seed=3).difference

    assert difference == paired_patient_bootstrap(a, b, patients, seed=3)


@pytest.mark.slow
def test_p_value_is_uniform_when_models_are_alike() -> None:
    p_values = []
    for seed in range(500):
        a, b, patients = study(seed, 11)
        p_values.append(paired_permutation_test(a - 0.5, b, patients).p_value)

    assert stats.kstest(p_values, "uniform").pvalue > 0.01


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_order_does_not_matter(seed: int) -> None:
    a, b, patients = study(seed, 8)
    order = np.random.default_rng(seed).permutation(a.size)

    mixed = paired_permutation_test(a[order], b[order], [patients[i] for i in order])

    assert mixed == paired_permutation_test(a, b, patients)


@given(seed=SEEDS, patients=st.integers(2, 18))
@settings(max_examples=15, deadline=None)
def test_swapping_the_models_changes_only_the_sign(seed: int, patients: int) -> None:
    a, b, owners = study(seed, patients)

    one, other = (
        paired_permutation_test(*pair, owners, permutations=99) for pair in ((a, b), (b, a))
    )

    assert one.p_value == other.p_value
    assert one.difference.mean == pytest.approx(-other.difference.mean, abs=1e-12)


def test_missing_pairs_are_left_out_and_counted() -> None:
    a = [1.0, math.nan, 3.0, math.inf, 6.0]
    b = [0.0, 1.0, math.nan, math.inf, 3.0]

    result = paired_permutation_test(a, b, list("abcde"))

    without = paired_permutation_test([1.0, 6.0], [0.0, 3.0], list("ae"))
    assert result.p_value == without.p_value == 0.5
    assert (result.difference.n_values, result.difference.n_missing) == (2, 3)


@pytest.mark.parametrize("a", [[], [math.nan, math.nan], [1.0, math.inf]])
def test_no_pairs_or_infinite_differences_have_no_p_value(a: list[float]) -> None:
    result = paired_permutation_test(a, [0.0] * len(a), range(len(a)))

    assert math.isnan(result.p_value)


def test_model_against_itself_has_p_one() -> None:
    a = np.random.default_rng(0).normal(size=30)

    assert paired_permutation_test(a, a, np.arange(30) // 3).p_value == 1


def test_no_permutations_raise() -> None:
    with pytest.raises(ValueError, match="permutations must be at least 1, got 0"):
        paired_permutation_test([1], [2], ["a"], permutations=0)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match=r"values \(2,\) and patients \(1,\)"):
        paired_permutation_test([1, 2], [1, 2], ["a"])


# Holm


def naive_holm(p_values: list[float]) -> list[float]:
    """The smallest family-wise error at which the step-down procedure rejects each hypothesis."""
    return [
        max(
            min(1, other * sum(third >= other for third in p_values))
            for other in p_values
            if other <= p
        )
        for p in p_values
    ]


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), max_size=9))
def test_holm_is_the_step_down_procedure(p_values: list[float]) -> None:
    adjusted = holm(p_values)

    assert adjusted == pytest.approx(naive_holm(p_values))
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9, unique=True), st.randoms())
def test_holm_keeps_the_order_of_the_input(p_values: list[float], random: Any) -> None:
    order = list(range(len(p_values)))
    random.shuffle(order)

    assert holm([p_values[i] for i in order]) == [holm(p_values)[i] for i in order]


def test_holm_counts_a_test_without_p_value() -> None:
    adjusted = holm([0.01, math.nan, 0.02])

    assert (adjusted[0], adjusted[2]) == (0.03, 0.04)
    assert math.isnan(adjusted[1])


@pytest.mark.parametrize("p_values", [[0.1, 1.5], [-0.1]])
def test_holm_refuses_what_is_no_probability(p_values: list[float]) -> None:
    with pytest.raises(ValueError, match=f"between 0 and 1, got {p_values[-1]}"):
        holm(p_values)


def test_holm_refuses_a_table() -> None:
    with pytest.raises(ValueError, match=r"one list, got the shape \(2, 2\)"):
        holm([[0.1, 0.2], [0.3, 0.4]])

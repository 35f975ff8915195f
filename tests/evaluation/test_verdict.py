from __future__ import annotations

from collections.abc import Callable

import pytest

from cem_monai.evaluation import paired_difference, verdict
from cem_monai.evaluation.statistics import paired_patient_bootstrap
from cem_monai.evaluation.summary import Measure
from cem_monai.evaluation.verdict import small_sample_remark

MakeRow = Callable[..., dict[str, str]]
Row = dict[str, str]

L1 = Measure("breast_l1", "breast L1 (grey levels)", 2)


def rows(make_row: MakeRow, model: list[float | str], constant: list[float | str]) -> list[Row]:
    """One patient per case; the baseline's rows in the opposite order."""
    first = [make_row("model", f"c{i}", breast_l1=value) for i, value in enumerate(model)]
    second = [make_row("constant", f"c{i}", breast_l1=value) for i, value in enumerate(constant)]
    return first + second[::-1]


def test_difference_pairs_the_same_cases(make_row: MakeRow) -> None:
    model, constant = [3.0, 5.0, 9.0], [1.0, 2.0, 3.0]

    difference = paired_difference(rows(make_row, model, constant), "breast_l1")

    assert difference == paired_patient_bootstrap(model, constant, ["c0", "c1", "c2"])
    assert difference.mean == pytest.approx(11 / 3)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ([10.0] * 20, "the model is better than the baseline"),
        ([14.0] * 20, "the model is worse than the baseline"),
        ([11.0, 13.0] * 10, "no difference shown between the model and the baseline"),
        ([12.0] * 20, "no difference shown between the model and the baseline"),
    ],
)
def test_outcome(make_row: MakeRow, model: list[float | str], said: str) -> None:
    sentence = verdict(rows(make_row, model, [12.0] * 20), L1)

    assert sentence.startswith(f'breast L1 (grey levels): {said} "constant inside the breast" (')


def test_numbers_in_the_sentence(make_row: MakeRow) -> None:
    sentence = verdict(rows(make_row, [10.0] * 20, [12.5] * 20), L1)

    assert "below zero is better: -2.50 [-2.50, -2.50]; images / patients: 20 / 20)" in sentence


def test_few_patients_are_called_a_small_sample(make_row: MakeRow) -> None:
    sentence = verdict(rows(make_row, [1.0] * 19, [2.0] * 19), L1)

    assert "in this small sample the model is better" in sentence


def test_one_patient_shows_nothing(make_row: MakeRow) -> None:
    sentence = verdict(rows(make_row, [1.0], [9.0]), L1)

    assert "no difference shown (one patient gives no interval)" in sentence


def test_cases_without_the_measure_are_left_out(make_row: MakeRow) -> None:
    table = rows(make_row, [1.0, ""], [2.0, ""])

    assert paired_difference(table, "breast_l1").n_values == 1
    assert verdict(table, Measure("mass_l1", "mass L1", 2)) == "mass L1: no case to compare."


def test_unequal_cases_raise(make_row: MakeRow) -> None:
    with pytest.raises(ValueError, match=r"model and constant differ in the cases \['c1'\]"):
        paired_difference(rows(make_row, [1.0, 2.0], [1.0]), "breast_l1")


def test_absent_baseline_raises(make_row: MakeRow) -> None:
    with pytest.raises(ValueError, match="no case of the predictor 'constant'"):
        verdict([make_row("model", "a", breast_l1=1)], L1)


def test_remark_counts_patients_not_images(make_row: MakeRow) -> None:
    table = [make_row("model", f"c{i}", f"p{i % 19}") for i in range(40)]

    assert small_sample_remark(table).startswith("Patients in the test set: 19.")
    assert small_sample_remark([*table, make_row("model", "c40", "p19")]) == ""

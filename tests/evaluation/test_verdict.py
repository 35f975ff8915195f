from __future__ import annotations

from typing import Any

import pytest

from cem_monai.evaluation import verdict
from cem_monai.evaluation.verdict import format_p, small_sample_remark, table_of_tests, verdicts


def make_test(
    mean: float | None = -2.5,
    low: float | None = -3,
    high: float | None = -2,
    *,
    p_holm: float | None = 0.01,
    n_patients: int = 20,
    measure: str = "breast_l1",
) -> dict[str, Any]:
    counts = {"n_values": 40 if mean is not None else 0, "n_cases": 44, "n_patients": n_patients}
    return {
        "measure": measure,
        "a": "model",
        "b": "constant",
        "difference": {"mean": mean, "low": low, "high": high} | counts,
        "p_value": None if p_holm is None else p_holm / 5,
        "p_holm": p_holm,
    }


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (make_test(), '"model" is better than "constant inside the breast" ('),
        (make_test(2.5, 2, 3), '"model" is worse than "constant inside the breast" ('),
        (make_test(0.1, -1, 1.2), 'no difference shown between "model" and "constant inside'),
        (make_test(p_holm=0.06), 'no difference shown between "model" and "constant inside'),
        (make_test(p_holm=None), 'no difference shown between "model" and "constant inside'),
        (make_test(low=None, high=None), "no difference shown (one patient gives no interval)"),
    ],
)
def test_outcome(test: dict[str, Any], said: str) -> None:
    assert verdict(test).startswith(f"breast L1 (grey levels): {said}")


def test_numbers_in_the_sentence() -> None:
    sentence = verdict(make_test())

    assert "below zero is better: -2.50 [-3.00, -2.00]; p = 0.002, by Holm = 0.010;" in sentence
    assert sentence.endswith("images / patients: 40 of 44 / 20).")


def test_few_patients_are_called_a_small_sample() -> None:
    assert "in this small sample" in verdict(make_test(n_patients=19))
    assert "in this small sample" not in verdict(make_test())


def test_nothing_to_compare() -> None:
    test = make_test(None, None, None, measure="mass_l1")

    assert verdict(test) == "mass L1 (grey levels): no case to compare."


def test_only_two_measures_get_a_sentence_and_all_a_row() -> None:
    measures = ("breast_l1", "false_abs_share_error", "mass_l1", "mass_abs_delta_cnr")
    summary = {"tests": [make_test(measure=measure) for measure in measures]}

    assert [one.split(":")[0] for one in verdicts(summary)] == [
        "breast L1 (grey levels)",
        "mass L1 (grey levels)",
    ]
    heading, *rows = table_of_tests(summary)
    assert len(heading) == len(rows[0])
    assert [row[0] for row in rows] == [
        "breast L1 (grey levels)",
        "false enhancement: |share − that of the real image| (%)",
        "mass L1 (grey levels)",
        "mass |ΔCNR|",
    ]
    assert rows[1][3] == "-250.00"  # a share of -2.5 in percent


def test_confidence_sets_what_counts_as_shown() -> None:
    summary = {"tests": [make_test(p_holm=0.06)], "settings": {"confidence": 0.9}}

    assert "is better than" in verdicts(summary)[0]


def test_without_tests_there_is_nothing_to_say() -> None:
    assert verdicts({}) == []
    assert table_of_tests({}) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), "–"), (0.0009, "< 0.001"), (0.001, "0.001"), (1.0, "1.000")],
)
def test_p_values(value: float, text: str) -> None:
    assert format_p(value) == text


def test_remark_counts_patients() -> None:
    assert small_sample_remark(19).startswith("Patients in the test set: 19. With fewer than 20")
    assert small_sample_remark(20) == ""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from cem_monai.evaluation.measure_table import (
    case_tables,
    lesion_tables,
    predictor_order,
)
from evaluated_rows import ALL, CASE_MEASURES, LIMITS, TRIVIAL, case_rows, lesion_rows


def test_columns_are_numbers_of_the_rows_by_case() -> None:
    rows = case_rows(3)
    random.Random(0).shuffle(rows)

    table = case_tables(rows, ["model"])["model"]

    cases = [row["case"] for row in table.rows]
    assert cases == sorted(cases)
    expected = {row["case"]: float(row["breast_l1"]) for row in rows if row["predictor"] == "model"}
    assert dict(zip(cases, table.column("breast_l1"), strict=True)) == expected


def test_measures_are_all_columns_with_numbers_of_cases() -> None:
    assert case_tables(case_rows(1), ["model"])["model"].measures == list(CASE_MEASURES)


def test_empty_field_is_nan() -> None:
    rows = [row | {"breast_l1": ""} for row in case_rows(1)]

    assert np.isnan(case_tables(rows, ["model"])["model"].column("breast_l1")).all()


def test_case_without_patient_is_its_own() -> None:
    rows = [row | {"patient": ""} for row in case_rows(1)]

    assert case_tables(rows, ["model"])["model"].patients.tolist() == ["c000", "c001"]


def test_order_is_that_of_tables() -> None:
    names = ["b", "limit_median", "a", *reversed(TRIVIAL), "limit_mean"]

    assert predictor_order(names, ["b", "a"]) == [*TRIVIAL, *LIMITS, "b", "a"]


def test_unknown_predictor_raises() -> None:
    with pytest.raises(ValueError, match="predictors other are neither trivial nor models"):
        predictor_order(["constant", "other", "model"], ["model"])


def test_model_without_cases_raises() -> None:
    with pytest.raises(ValueError, match="no case of the models second"):
        predictor_order(["constant", "model"], ["model", "second"])


def test_no_rows_raises() -> None:
    with pytest.raises(ValueError, match="there is no case"):
        case_tables([], ["model"])


def test_predictors_of_other_cases_raise() -> None:
    rows = [row for row in case_rows(2) if (row["predictor"], row["case"]) != ("model", "c002")]

    with pytest.raises(ValueError, match="constant and model differ in the cases c002"):
        case_tables(rows, ["model"])


def test_case_twice_raises() -> None:
    rows = case_rows(2)

    with pytest.raises(ValueError, match="more than one row of model for the cases c003"):
        case_tables([*rows, rows[-1]], ["model"])


def test_text_for_a_number_raises() -> None:
    rows = [row | {"breast_l1": "8,5"} for row in case_rows(1)]

    with pytest.raises(ValueError, match="breast_l1 of the case c000 must be a number, got '8,5'"):
        case_tables(rows, ["model"])["model"].column("breast_l1")


def test_lacking_column_raises() -> None:
    with pytest.raises(ValueError, match="lacks the column breast_l3"):
        case_tables(case_rows(1), ["model"])["model"].column("breast_l3")


def test_lesion_of_a_failed_case_stays_without_measures() -> None:
    rows = [row for row in lesion_rows(3) if (row["predictor"], row["case"]) != ("model", "c004")]

    table = lesion_tables(rows, ALL)["model"]

    assert [(row["case"], row["lesion"]) for row in table.rows[4:6]] == [
        ("c004", "1"),
        ("c004", "2"),
    ]
    assert {row["predictor"] for row in table.rows} == {"model"}
    missing = [math.isnan(value) for value in table.column("lesion_cnr_real")]
    assert missing == [False] * 4 + [True] * 2 + [False] * 2
    assert table.rows[5]["lesion_kind"] == "occult"


def test_without_lesions_there_is_no_table() -> None:
    assert lesion_tables([], ALL) == {}


def test_lesions_of_a_predictor_without_cases_raise() -> None:
    with pytest.raises(ValueError, match="lesions of the predictors model, which have no case"):
        lesion_tables(lesion_rows(1), ["constant", *TRIVIAL, *LIMITS])


def test_lesion_twice_raises() -> None:
    rows = lesion_rows(1)

    with pytest.raises(ValueError, match="more than one row of constant for the cases c000"):
        lesion_tables([*rows, rows[0]], ALL)

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

import numpy as np
import pytest

from cem_monai.evaluation import patient_bootstrap
from cem_monai.evaluation.report_tables import read_interval
from cem_monai.evaluation.resampling import interval_entry
from evaluated_rows import (
    ALL,
    CASE_MEASURES,
    TRIVIAL,
    case_rows,
    evaluated_data,
    evaluation_settings,
    lesion_rows,
    summary_of,
)


def test_every_mean_is_that_of_patient_bootstrap() -> None:
    rows = case_rows()
    summary = summary_of(rows=rows)

    assert list(summary["measures"]) == list(ALL)
    for name, measures in summary["measures"].items():
        chosen = [row for row in rows if row["predictor"] == name]
        patients = [row["patient"] for row in chosen]
        assert list(measures) == list(CASE_MEASURES)
        for column, entry in measures.items():
            values = [float(row[column] or "nan") for row in chosen]
            interval = patient_bootstrap(values, patients, resamples=100, confidence=0.9)
            assert entry == interval_entry(interval)
            assert entry["mean"] == pytest.approx(np.nanmean(values))


def test_order_of_rows_does_not_matter() -> None:
    rows, lesions = case_rows(), lesion_rows()
    random.Random(1).shuffle(rows)
    random.Random(2).shuffle(lesions)

    shuffled, ordered = summary_of(rows=rows, lesions=lesions), summary_of()

    assert repr(shuffled | {"created": ""}) == repr(ordered | {"created": ""})


def test_facts_of_the_evaluation_are_kept() -> None:
    settings = evaluation_settings(data_range=[0.0, 4095.0], resamples=50)
    data = evaluated_data(section="validation", simulated=False)

    summary = summary_of(data=data, settings=settings, substitution={"curve": [1]})

    assert (summary["data"], summary["settings"]) == (data, settings)
    assert summary["models"] == {"model": {"predictions": "model", "weights_sha256": "ab" * 32}}
    assert summary["substitution"] == {"curve": [1]}
    assert summary["leak"] is None
    age = datetime.now(timezone.utc) - datetime.fromisoformat(summary["created"])
    assert timedelta(0) <= age < timedelta(hours=1)
    assert summary["software"]["numpy"] == np.__version__
    assert summary["software"]["torch"] == version("torch")


def test_real_exams_have_no_recall_by_visibility() -> None:
    assert summary_of(data=evaluated_data(simulated=False))["recall"] == {}


def test_failed_cases_are_listed_and_counted() -> None:
    rows = [
        row | dict.fromkeys(CASE_MEASURES, "")
        if (row["predictor"], row["case"]) in {("model", "c003"), ("model", "c001")}
        else row
        for row in case_rows()
    ]

    summary = summary_of(rows=rows)

    assert summary["failed"] == {name: [] for name in ALL} | {"model": ["c001", "c003"]}
    entry = summary["measures"]["model"]["breast_l1"]
    assert (entry["n_values"], entry["n_cases"]) == (10, 12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cases": 13}, "the table has 12 cases, the datalist has 13"),
        ({"patients": 7}, "the table has 6 patients, the datalist has 7"),
    ],
)
def test_smaller_denominator_raises(changes: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        summary_of(data=evaluated_data(**changes))


@pytest.mark.parametrize(
    "name", ["mass_pixels", "rest_l1", "false_abs_share_error", "mass_abs_delta_cnr"]
)
def test_lacking_column_raises(name: str) -> None:
    rows = [{key: text for key, text in row.items() if key != name} for row in case_rows()]

    with pytest.raises(ValueError, match=f"the table lacks the column {name}"):
        summary_of(rows=rows)


def test_several_models_come_in_the_order_given() -> None:
    models = ("second", "first")

    summary = summary_of(predictors=(*TRIVIAL, *models), models=models)

    assert list(summary["models"]) == list(models)
    assert list(summary["measures"]) == [*TRIVIAL, *models]


def test_entry_and_interval_are_the_same_numbers() -> None:
    interval = patient_bootstrap([1.0, 2.0, float("nan")], ["a", "b", "b"])

    assert read_interval(interval_entry(interval)) == interval

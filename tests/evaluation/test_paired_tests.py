from __future__ import annotations

import numpy as np
import pytest

from cem_monai.evaluation import holm, paired_patient_bootstrap, paired_permutation_test
from cem_monai.evaluation.paired_tests import TESTED
from cem_monai.evaluation.resampling import interval_entry
from evaluated_rows import TRIVIAL, case_rows, summary_of

MODELS = ("second", "model")
PREDICTORS = (*TRIVIAL, *MODELS)


def test_every_model_meets_the_baselines_and_the_others_in_every_measure() -> None:
    tests = summary_of(predictors=PREDICTORS, models=MODELS)["tests"]

    pairs = [
        *[(model, name) for model in MODELS for name in ("constant", "depth_intensity_table")],
        ("second", "model"),
    ]
    assert [(one["measure"], one["a"], one["b"]) for one in tests] == [
        (measure, *pair) for measure in TESTED for pair in pairs
    ]


def test_numbers_are_those_of_the_public_functions() -> None:
    tests = summary_of(predictors=PREDICTORS, models=MODELS)["tests"]

    rows = case_rows(predictors=PREDICTORS)
    p_values = []
    for one in tests:
        a, b = (
            [float(row[one["measure"]] or "nan") for row in rows if row["predictor"] == name]
            for name in (one["a"], one["b"])
        )
        patients = [row["patient"] for row in rows if row["predictor"] == one["a"]]
        p_values.append(paired_permutation_test(a, b, patients).p_value)
        interval = paired_patient_bootstrap(a, b, patients, resamples=100, confidence=0.9)
        assert one["difference"] == interval_entry(interval)
        assert one["difference"]["mean"] == pytest.approx(np.nanmean(np.subtract(a, b)))
    assert [one["p_value"] for one in tests] == p_values
    assert [one["p_holm"] for one in tests] == holm(p_values)


def test_without_baselines_only_models_meet() -> None:
    tests = summary_of(predictors=MODELS, models=MODELS)["tests"]

    assert {(one["a"], one["b"]) for one in tests} == {MODELS}


def test_single_model_without_baselines_has_nobody_to_meet() -> None:
    assert summary_of(predictors=("model",))["tests"] == []

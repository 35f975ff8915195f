from __future__ import annotations

import numpy as np
import pytest

from cem_monai.evaluation.leak import leak_gaps
from cem_monai.evaluation.resampling import Resampling
from evaluated_rows import TRIVIAL, case_rows, lesion_rows, summary_of

MODELS = ("model", "model_without_contrast")
RESAMPLING = Resampling(resamples=50, confidence=0.9)


def test_means_with_and_without_are_over_the_same_images() -> None:
    rows, lesions = case_rows(predictors=MODELS), lesion_rows(predictors=MODELS)
    of_model = [row for row in rows if row["predictor"] == "model"]
    of_twin = [row for row in rows if row["predictor"] == "model_without_contrast"]
    of_model[0]["breast_l1"] = of_twin[1]["breast_l1"] = ""

    leak = leak_gaps(rows, lesions, MODELS, RESAMPLING)

    assert leak is not None
    gap = leak["model"]["breast_l1"]
    for name, chosen in (("with", of_model), ("without", of_twin)):
        values = [float(row["breast_l1"]) for row in chosen[2:]]
        assert gap[name]["mean"] == pytest.approx(np.mean(values))
    for entry in gap.values():
        assert (entry["n_values"], entry["n_cases"]) == (len(rows) // 2 - 2, len(rows) // 2)
    assert gap["difference"]["mean"] == pytest.approx(gap["with"]["mean"] - gap["without"]["mean"])


def test_no_leak_without_images_without_contrast() -> None:
    assert leak_gaps(case_rows(), lesion_rows(), ["model"], RESAMPLING) is None


def test_leak_adds_no_test_to_those_that_are_corrected_for() -> None:
    predictors = (*TRIVIAL, *MODELS)

    tests = summary_of(predictors=predictors, models=MODELS)["tests"]

    assert {test["a"] for test in tests} == {"model"}
    assert "model_without_contrast" not in {test["b"] for test in tests}

from __future__ import annotations

import json

import pytest

from cem_monai.evaluation import EvaluationSummary, eval_metrics
from evaluated_rows import LIMITS, TRIVIAL, case_rows, evaluation_settings, summary_of


@pytest.fixture(scope="module")
def summary() -> EvaluationSummary:
    return summary_of()


def test_numbers_are_those_of_the_summary_in_six_digits(summary: EvaluationSummary) -> None:
    metrics = eval_metrics(summary)

    for prefix, name in (
        ("", "model"),
        ("baseline_constant_", "constant"),
        ("baseline_depth_intensity_table_", "depth_intensity_table"),
    ):
        own = summary["measures"][name]["mass_l1"]
        entry = metrics[f"{prefix}mass_l1"]
        assert entry["mean"] == pytest.approx(own["mean"], rel=1e-5)
        assert entry["ci90"] == pytest.approx([own["low"], own["high"]], rel=1e-5)
        assert (entry["images"], entry["patients"]) == (6, 3)
        missed = metrics[f"{prefix}lesion_is_missed"]
        expected = summary["lesions"][name]["is_missed"]["mean"]
        assert missed["mean"] == pytest.approx(expected, rel=1e-5)
        assert missed["lesions"] == 12


def test_key_of_the_interval_is_its_confidence() -> None:
    settings = evaluation_settings(confidence=0.95)

    assert "ci95" in eval_metrics(summary_of(settings=settings))["breast_l1"]


def test_other_predictors_stay_in_the_summary(summary: EvaluationSummary) -> None:
    left_out = {*TRIVIAL, *LIMITS} - {"constant", "depth_intensity_table"}

    assert not [key for key in eval_metrics(summary) for name in left_out if name in key]


def test_provenance_goes_with_the_numbers(summary: EvaluationSummary) -> None:
    metrics = eval_metrics(summary)

    assert metrics["weights_sha256"] == summary["models"]["model"]["weights_sha256"]
    assert metrics["datalist_sha256"] == summary["data"]["datalist_sha256"]
    assert metrics["evaluated"] == summary["created"]
    assert (metrics["images"], metrics["images_failed"], metrics["patients"]) == (12, 0, 6)


def test_it_is_strict_json_also_without_a_mean() -> None:
    rows = [row | {"mass_l1": "", "breast_psnr_roi": "inf"} for row in case_rows()]

    metrics = eval_metrics(summary_of(rows=rows, lesions=[]))

    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    assert metrics["mass_l1"] == {"mean": None, "ci90": [None, None], "images": 0, "patients": 0}
    assert metrics["breast_psnr_roi"]["mean"] == "inf"
    assert "lesion_is_missed" not in metrics


def test_one_of_several_models_is_named() -> None:
    models = ("first", "second")
    summary = summary_of(predictors=("constant", *models), models=models)

    metrics = eval_metrics(summary, "second")

    expected = summary["measures"]["second"]["breast_l1"]["mean"]
    assert metrics["breast_l1"]["mean"] == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="one must be named"):
        eval_metrics(summary)

from __future__ import annotations

import numpy as np
import pytest

from cem_monai.evaluation import EvaluationSummary, patient_bootstrap
from cem_monai.evaluation.resampling import interval_entry
from evaluated_rows import case_rows, summary_of

CELLS = ("l1", "l2", "psnr_roi", "psnr_frame", "delta_cnr")


@pytest.fixture(scope="module")
def summary() -> EvaluationSummary:
    return summary_of()


@pytest.mark.parametrize(
    ("reading", "setting", "with_mass", "region"),
    [
        ("by_image", "breast_with_mass", True, "breast"),
        ("by_image", "breast_without_mass", False, "breast"),
        ("by_image", "mass_only", True, "mass"),
        ("same_breast", "breast_with_mass", True, "breast"),
        ("same_breast", "breast_without_mass", True, "rest"),
        ("same_breast", "mass_only", True, "mass"),
    ],
)
@pytest.mark.parametrize("predictor", ["constant", "model"])
def test_cells_are_means_over_the_images_of_the_setting(
    summary, predictor, reading, setting, with_mass, region
) -> None:
    rows = [row for row in case_rows() if row["predictor"] == predictor]
    chosen = [row for row in rows if bool(row["mass_pixels"]) == with_mass]

    cells = summary["tables"][reading][setting][predictor]

    for cell in CELLS:
        values = [float(row[f"{region}_{cell}"]) for row in chosen]
        interval = patient_bootstrap(
            values, [row["patient"] for row in chosen], resamples=100, confidence=0.9
        )
        assert cells[cell] == interval_entry(interval)
        assert cells[cell]["mean"] == pytest.approx(np.mean(values))


def test_failed_case_stays_in_the_denominator_of_its_setting() -> None:
    measures = [name for name in case_rows(1)[0] if name.startswith(("breast_", "mass_", "rest_"))]
    rows = [
        row | dict.fromkeys(measures, "")
        if (row["predictor"], row["case"]) == ("model", "c000")
        else row
        for row in case_rows()
    ]

    cells = summary_of(rows=rows)["tables"]["by_image"]["mass_only"]

    assert (cells["model"]["l1"]["n_values"], cells["model"]["l1"]["n_cases"]) == (5, 6)
    assert cells["constant"]["l1"]["n_values"] == 6


def test_mass_without_pixels_is_no_mass() -> None:
    rows = [row | {"mass_pixels": "0"} for row in case_rows()]

    cells = summary_of(rows=rows)["tables"]["by_image"]

    assert cells["breast_with_mass"]["model"]["l1"]["n_cases"] == 0
    assert cells["breast_without_mass"]["model"]["l1"]["n_cases"] == 12

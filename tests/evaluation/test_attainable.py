from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_monai.evaluation.attainable import attainable_gain, ratio_by_patient
from cem_monai.evaluation.measure_table import case_tables
from cem_monai.evaluation.patient_resampling import expanded_percentiles
from cem_monai.evaluation.resampling import Resampling
from evaluated_rows import LIMITS, TRIVIAL, case_rows

RESAMPLING = Resampling(resamples=300, confidence=0.9)
MEASURES = ("breast_l1", "mass_l1", "breast_l2", "mass_l2")
VALUES = st.lists(st.integers(1, 1000), min_size=6, max_size=6)


def gains(rows):
    return attainable_gain(case_tables(rows, ["model"]), RESAMPLING)


def between(share: float):
    """Rows in which the model goes that share of the way from constant to both limits."""
    constant = {row["case"]: row for row in case_rows() if row["predictor"] == "constant"}
    rows = []
    for row in case_rows():
        for measure in MEASURES:
            if start := constant[row["case"]][measure]:
                way = {"constant": 0.0, "model": share, "limit_mean": 1, "limit_median": 1}
                value = float(start) * (1 - way.get(row["predictor"], 0.5) / 2)
                row |= {measure: repr(value)}
        rows.append(row)
    return rows


@pytest.mark.parametrize("share", [-0.5, 0, 0.25, 1, 1.5])
def test_share_of_the_way_is_found(share: float) -> None:
    entries = gains(between(share))["model"]

    for measure in MEASURES:
        entry = entries[measure]
        ends = [entry["share"], entry["low"], entry["high"]]
        assert ends == pytest.approx([share] * 3, abs=1e-12)
        assert entry["n_cases"] == (6 if measure.startswith("mass") else 12)
        assert entry["n_patients"] == entry["n_cases"] // 2
        assert entry["limit"] == ("limit_median" if measure.endswith("l1") else "limit_mean")


def test_trivial_predictors_are_compared_too_but_not_the_ends() -> None:
    assert list(gains(case_rows())) == [*TRIVIAL[1:], "model"]


def test_without_limits_there_is_nothing() -> None:
    assert gains(case_rows(predictors=(*TRIVIAL, "model"))) == {}
    assert gains(case_rows(predictors=("constant", LIMITS[0], "model"))) == {}


def test_limit_no_better_than_the_constant_gives_no_share() -> None:
    constant = {row["case"]: row for row in case_rows() if row["predictor"] == "constant"}
    rows = [
        row | {"breast_l1": constant[row["case"]]["breast_l1"]}
        if row["predictor"] == "limit_median"
        else row
        for row in case_rows()
    ]

    entry = gains(rows)["model"]["breast_l1"]

    assert all(math.isnan(entry[key]) for key in ("share", "low", "high"))
    assert entry["n_cases"] == 12


@given(above=VALUES, below=VALUES, sign=st.sampled_from([-1, 1]))
def test_interval_is_that_of_a_naive_bootstrap(above, below, sign) -> None:
    patients = np.array(["a", "a", "b", "c", "c", "c"])
    up, down = sign * np.array(above, float), np.array(below, float)
    members = [np.flatnonzero(patients == name) for name in "abc"]
    rng = np.random.default_rng(0)
    ratios = []
    for draw in rng.integers(3, size=(RESAMPLING.resamples, 3)):
        chosen = np.concatenate([members[one] for one in draw])
        ratios.append(up[chosen].mean() / down[chosen].mean())

    found = ratio_by_patient(up, down, patients, RESAMPLING)

    expected = (up.mean() / down.mean(), *expanded_percentiles(np.array(ratios), 3, 0.9))
    assert found == pytest.approx(expected)


def test_resample_without_gain_leaves_no_interval() -> None:
    patients = np.array(["a", "b", "c"])

    ratio, low, high = ratio_by_patient(
        np.ones(3), np.array([3.0, 2.0, -1.0]), patients, RESAMPLING
    )

    assert ratio == 0.75
    assert math.isnan(low)
    assert math.isnan(high)


def test_single_patient_has_no_interval() -> None:
    ratio, low, high = ratio_by_patient(np.ones(2), np.ones(2), np.array(["a", "a"]), RESAMPLING)

    assert ratio == 1
    assert math.isnan(low)
    assert math.isnan(high)


def test_no_case_gives_nothing() -> None:
    ratio, _, _ = ratio_by_patient(np.empty(0), np.empty(0), np.empty(0, dtype=str), RESAMPLING)

    assert math.isnan(ratio)

"""Does the model beat another predictor? One plain sentence for each test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cem_monai.evaluation.report_columns import Column, column_of
from cem_monai.evaluation.report_predictors import predictor_label
from cem_monai.evaluation.report_tables import (
    format_ends,
    format_mean,
    format_number,
    read_interval,
    read_number,
)
from cem_monai.evaluation.statistics import Interval
from cem_monai.evaluation.summary import format_counts

ENOUGH_PATIENTS = 20
"""With fewer, intervals are not to be interpreted."""

VERDICTS = ("breast_l1", "mass_l1")
"""Measures that get a sentence; the table of tests has all."""


def verdicts(summary: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each test of a model by one of `VERDICTS`."""
    chosen = [test for test in summary.get("tests", []) if test["measure"] in VERDICTS]
    return [verdict(test, _alpha(summary)) for test in chosen]


def verdict(test: Mapping[str, Any], alpha: float = 0.05) -> str:
    """Return whether a model beats another predictor by a measure of which less is better.

    Better or worse are said only if the whole interval lies on one side of zero and the p-value
    corrected by Holm is below alpha.

    Args:
        test: of `summary["tests"]`.
        alpha: greatest share of errors among the tests.
    """
    difference, column = read_interval(test["difference"]), _signed(test["measure"])
    if not difference.n_values:
        return f"{column.heading}: no case to compare."
    few = difference.n_patients < ENOUGH_PATIENTS
    corrected = read_number(test["p_holm"])
    return (
        f"{column.heading}: {'in this small sample ' if few else ''}"
        f"{_outcome(difference, corrected < alpha, predictor_label(test['a']))} "
        f'"{predictor_label(test["b"])}" (mean difference, below zero is better: '
        f"{format_mean(difference, column)}; p {_equals(read_number(test['p_value']))}, "
        f"by Holm {_equals(corrected)}; images / patients: {format_counts(difference)})."
    )


def table_of_tests(summary: Mapping[str, Any]) -> list[list[str]]:
    """Return all tests as text, a heading row first; empty if there is none."""
    tests = summary.get("tests", [])
    if not tests:
        return []
    heading = ["measure", "a", "b", "a - b", "interval", "p", "p by Holm", "n / patients"]
    return [heading, *(_row(test) for test in tests)]


def small_sample_remark(patients: int) -> str:
    """Return the remark that intervals must not be interpreted, empty with enough patients."""
    if patients >= ENOUGH_PATIENTS:
        return ""
    return (
        f"Patients in the test set: {patients}. With fewer than {ENOUGH_PATIENTS}, "
        "the intervals are not to be interpreted."
    )


def format_p(value: float) -> str:
    """Return a p-value with three digits; a dash where there is none."""
    if math.isnan(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _equals(value: float) -> str:
    text = format_p(value)
    return text if text.startswith("<") else f"= {text}"


def _row(test: Mapping[str, Any]) -> list[str]:
    difference, column = read_interval(test["difference"]), _signed(test["measure"])
    return [
        column.heading,
        predictor_label(test["a"]),
        predictor_label(test["b"]),
        format_number(difference.mean, column),
        format_ends(difference.low, difference.high, column),
        format_p(read_number(test["p_value"])),
        format_p(read_number(test["p_holm"])),
        format_counts(difference),
    ]


def _outcome(difference: Interval, significant: bool, model: str) -> str:
    if significant and difference.high < 0:
        return f'"{model}" is better than'
    if significant and difference.low > 0:
        return f'"{model}" is worse than'
    missing = " (one patient gives no interval)" if math.isnan(difference.low) else ""
    return f'no difference shown{missing} between "{model}" and'


def _signed(measure: str) -> Column:
    column = column_of(measure)
    return Column(column.name, column.label, column.digits, column.unit, column.factor, True)


def _alpha(summary: Mapping[str, Any]) -> float:
    return 1 - float(summary.get("settings", {}).get("confidence", 0.95))

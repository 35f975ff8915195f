"""Does the model beat a trivial predictor? One plain sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cem_monai.evaluation.statistics import Interval, paired_patient_bootstrap
from cem_monai.evaluation.summary import LABELS, Measure, Row, format_counts, format_interval

ENOUGH_PATIENTS = 20
"""With fewer, intervals are not to be interpreted."""


def paired_difference(
    rows: Sequence[Row], column: str, *, predictor: str = "model", baseline: str = "constant"
) -> Interval:
    """Return the mean of predictor - baseline over the cases that both have.

    Raises:
        ValueError: a predictor is absent, or has not the same cases as the other.
    """
    first, second = _by_case(rows, predictor), _by_case(rows, baseline)
    if unpaired := first.keys() ^ second.keys():
        raise ValueError(f"{predictor} and {baseline} differ in the cases {sorted(unpaired)}")
    return paired_patient_bootstrap(
        [float(row[column] or "nan") for row in first.values()],
        [float(second[case][column] or "nan") for case in first],
        [row["patient"] or case for case, row in first.items()],
    )


def verdict(
    rows: Sequence[Row], measure: Measure, *, predictor: str = "model", baseline: str = "constant"
) -> str:
    """Return whether the predictor beats the baseline by a measure of which less is better.

    Better or worse are said only if the whole interval lies on one side of zero.

    Raises:
        ValueError: see `paired_difference`.
    """
    difference = paired_difference(rows, measure.column, predictor=predictor, baseline=baseline)
    if not difference.n_values:
        return f"{measure.label}: no case to compare."
    few = difference.n_patients < ENOUGH_PATIENTS
    return (
        f"{measure.label}: {'in this small sample ' if few else ''}{_outcome(difference)} "
        f'the baseline "{LABELS.get(baseline, baseline)}" (mean difference, below zero is better: '
        f"{format_interval(difference, measure.digits)}; images / patients: "
        f"{format_counts(difference)})."
    )


def small_sample_remark(rows: Sequence[Row]) -> str:
    """Return the remark that intervals must not be interpreted, empty with enough patients."""
    patients = len({row["patient"] or row["case"] for row in rows})
    if patients >= ENOUGH_PATIENTS:
        return ""
    return (
        f"Patients in the test set: {patients}. With fewer than {ENOUGH_PATIENTS}, "
        "the intervals are not to be interpreted."
    )


def _outcome(difference: Interval) -> str:
    if difference.high < 0:
        return "the model is better than"
    if difference.low > 0:
        return "the model is worse than"
    missing = " (one patient gives no interval)" if math.isnan(difference.low) else ""
    return f"no difference shown{missing} between the model and"


def _by_case(rows: Sequence[Row], predictor: str) -> dict[str, Row]:
    chosen = {row["case"]: row for row in rows if row["predictor"] == predictor}
    if not chosen:
        raise ValueError(f"no case of the predictor {predictor!r} to compare with")
    return chosen

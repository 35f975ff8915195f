from __future__ import annotations

import math
from typing import Any

import pytest

from cem_monai.evaluation.report_columns import Column, ColumnGroup, column_of
from cem_monai.evaluation.report_predictors import predictor_names
from cem_monai.evaluation.report_settings import measure_tables, reading_tables
from cem_monai.evaluation.report_tables import (
    Cell,
    format_number,
    interval_table,
    read_interval,
    read_number,
)
from report_inputs import MODELS, SKILL, ReportInputs

L1, SHARE = Column("l1", "L1", 2, "grey levels"), Column("share", "share", 1, "%", 100)
DELTA = Column("delta", "ΔCNR", 2, signed=True)


def interval(mean: float | str | None, *, n_values: int = 3, **changes: Any) -> dict[str, Any]:
    counts = {"n_values": n_values, "n_cases": 4, "n_patients": 2}
    return {"mean": mean, "low": mean, "high": mean} | counts | changes


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (1.234, L1, "1.23"),
        (-0.001, L1, "0.00"),
        (0.0512, SHARE, "5.1"),
        (1.5, DELTA, "+1.50"),
        (-1.5, DELTA, "-1.50"),
        (math.nan, L1, "–"),
        (math.inf, L1, "∞"),
        (-math.inf, DELTA, "-∞"),
    ],
)
def test_numbers(value: float, column: Column, text: str) -> None:
    assert format_number(value, column) == text


def test_interval_of_the_summary() -> None:
    found = read_interval(interval(2.0, low=1.5, high="inf"))

    assert (found.mean, found.low, found.high) == (2.0, 1.5, math.inf)
    assert (found.n_values, found.n_missing, found.n_cases, found.n_patients) == (3, 1, 4, 2)


def test_absent_interval_stands_on_no_case() -> None:
    found = read_interval(None)

    assert math.isnan(found.mean)
    assert (found.n_values, found.n_cases) == (0, 0)


def test_numbers_of_the_summary() -> None:
    assert read_number("-inf") == -math.inf
    assert math.isnan(read_number(None))
    assert read_number(3) == 3


def test_cell_on_other_cases_than_the_row_says_so() -> None:
    intervals = {"model": {"l1": interval(2.0), "delta": interval(None, n_values=0, n_patients=0)}}
    summary = {"models": {"model": {}}, "measures": intervals}

    table = interval_table(summary, ColumnGroup("", (L1, DELTA)), intervals)

    assert table is not None
    (row,) = table.rows
    assert row.counts == "3 of 4 / 2"
    assert row.cells == (Cell("2.00", "[2.00, 2.00]"), Cell("–", "", "0 of 4 / 0"))


def test_columns_that_nobody_has_are_left_out() -> None:
    intervals = {"model": {"l1": interval(2.0)}}
    summary = {"models": {"model": {}}, "measures": intervals}

    table = interval_table(summary, ColumnGroup("", (L1, DELTA)), intervals)

    assert table is not None
    assert table.headings == (("L1", "grey levels"),)
    assert interval_table(summary, ColumnGroup("", (DELTA,)), intervals) is None


def test_predictors_are_ordered_trivial_limits_models_others() -> None:
    names = ["z", "b", "limit_median", "constant", "a", "depth_profile", "limit_mean"]
    summary = {"models": {"b": {}, "a": {}}, "measures": dict.fromkeys(names)}

    assert predictor_names(summary) == [
        "constant", "depth_profile", "limit_mean", "limit_median", "b", "a", "z",
    ]  # fmt: skip


def test_second_reading_repeats_nothing(evaluation: ReportInputs) -> None:
    first, second = reading_tables(evaluation.summary)

    assert [table.title for table in first.tables] == [
        "Breast with mass",
        "Breast without mass",
        "Mass only",
    ]
    assert first.same == []
    assert [table.title for table in second.tables] == ["Breast without mass"]
    assert second.same == ["Breast with mass", "Mass only"]


def test_setting_has_its_numbers(evaluation: ReportInputs) -> None:
    found = evaluation.summary["tables"]["by_image"]["mass_only"][MODELS[1]]["psnr_roi"]

    table = reading_tables(evaluation.summary)[0].tables[2]

    assert [row.kind for row in table.rows] == ["trivial"] * 4 + ["limit"] * 2 + ["model"] * 2
    cell = table.rows[-1].cells[2]
    assert cell.value == f"{found['mean']:.2f}"
    assert cell.ends == f"[{found['low']:.2f}, {found['high']:.2f}]"
    assert table.rows[-1].counts == "47 of 48 / 24"


def test_every_measure_of_the_summary_is_shown(evaluation: ReportInputs) -> None:
    tables = {table.title: table for table in measure_tables(evaluation.summary)}

    assert tables["Other measures"].headings == (("unheard_of", ""),)
    shown = sum(len(table.headings) for table in tables.values())
    elsewhere = {
        name
        for name in evaluation.summary["measures"]["constant"]
        if name.startswith(("false_", "mirror_", "decoy_"))
    }
    assert shown + len(elsewhere) == len(evaluation.summary["measures"]["constant"])
    assert len(tables["Whole image"].rows) == len(SKILL)


def test_labels_outside_of_a_table_tell_the_region() -> None:
    assert column_of("rest_l2").heading == "rest of the breast L2 (grey levels²)"
    assert column_of("lesion_is_missed").heading == "lesion missed lesions (%)"
    assert column_of("what").heading == "what"

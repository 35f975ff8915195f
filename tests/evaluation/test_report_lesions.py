from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cem_monai.evaluation import interval_of
from cem_monai.evaluation.report_false_enhancement import (
    false_enhancement_tables,
    lesion_free_cases,
)
from cem_monai.evaluation.report_lesions import lesion_tables
from cem_monai.evaluation.report_tables import Table, TableRow
from report_inputs import FAILED, MODELS, ReportInputs

MakeRow = Callable[..., dict[str, str]]


def by_title(tables: list[Table], start: str) -> Table:
    (found,) = [table for table in tables if table.title.startswith(start)]
    return found


def row_of(table: Table, label: str) -> TableRow:
    (found,) = [row for row in table.rows if row.label == label]
    return found


@pytest.fixture(scope="module")
def tables(evaluation: ReportInputs) -> list[Table]:
    return lesion_tables(evaluation.summary)


def test_agreement(evaluation: ReportInputs, tables: list[Table]) -> None:
    found = evaluation.summary["lesions"][MODELS[0]]
    agreement, ranks = found["bland_altman"], found["rank_correlation"]

    row = row_of(by_title(tables, "Agreement"), MODELS[0])

    assert [cell.value for cell in row.cells] == [
        f"{ranks['rho']:+.2f}",
        f"{agreement['bias']['mean']:+.2f}",
        f"{agreement['lower']['value']:+.2f}",
        f"{agreement['upper']['value']:+.2f}",
        f"{agreement['sd_within']:.2f}",
        f"{agreement['sd_between']:.2f}",
    ]
    assert row.counts == "48 / 24"


def test_shares_are_in_percent(evaluation: ReportInputs, tables: list[Table]) -> None:
    found = evaluation.summary["lesions"][MODELS[0]]["is_missed"]["mean"]

    row = row_of(by_title(tables, "Contrast of single"), MODELS[0])

    assert row.cells[-1].value == f"{100 * found:.1f}"


def test_recall_of_occult_lesions(evaluation: ReportInputs, tables: list[Table]) -> None:
    found = evaluation.summary["recall"][MODELS[0]]

    row = row_of(by_title(tables, "Recall"), MODELS[0])

    expected = [f"{100 * found[kind]['mean']:.1f}" for kind in ("visible", "occult")]
    assert [cell.value for cell in row.cells] == expected


def test_attainable_gain(tables: list[Table]) -> None:
    table = by_title(tables, "Share of the attainable")
    row = row_of(table, MODELS[0])

    assert [label for label, _ in table.headings] == [
        "breast L1", "mass L1", "breast L2", "mass L2",
    ]  # fmt: skip
    assert (row.cells[0].value, row.cells[0].ends) == ("70", "[60, 80]")
    assert (row.counts, row.cells[1].counts) == ("96 / 24", "48 / 24")


def test_leak(evaluation: ReportInputs, tables: list[Table]) -> None:
    found = evaluation.summary["leak"][MODELS[0]]["mass_l1"]

    row = row_of(by_title(tables, "Leak"), "mass L1 (grey levels)")

    kinds = ("with", "without", "difference")
    assert [cell.value for cell in row.cells] == [f"{found[kind]['mean']:.2f}" for kind in kinds]


@pytest.mark.parametrize("empty", [{}, None])
def test_absent_parts_have_no_table(evaluation: ReportInputs, empty: Any) -> None:
    parts = ("lesions", "recall", "attainable", "leak")

    assert lesion_tables(evaluation.summary | dict.fromkeys(parts, empty)) == []


def test_no_bland_altman_without_numbers(evaluation: ReportInputs) -> None:
    nothing = {"value": None, "low": None, "high": None}
    bias = {"mean": None, "low": None, "high": None, "n_values": 0, "n_cases": 2, "n_patients": 0}
    own = evaluation.summary["lesions"][MODELS[0]] | {
        "rank_correlation": {"rho": None, "low": None, "high": None, "n_lesions": 0,
                             "n_patients": 0, "n_missing": 2},
        "bland_altman": {"bias": bias, "lower": nothing, "upper": nothing, "sd_within": None,
                         "sd_between": None},
    }  # fmt: skip

    table = by_title(lesion_tables(evaluation.summary | {"lesions": {MODELS[0]: own}}), "Agreement")

    assert [cell.value for cell in table.rows[0].cells] == ["–"] * 6
    assert table.rows[0].counts == "0 of 2 / 0"


def test_lesion_free_breasts_are_those_without_a_mass(evaluation: ReportInputs) -> None:
    cases = [row for row in evaluation.rows if not row["lesion"]]
    without = {row["case"] for row in cases if row["lesion_kind"] == "none"}
    own = [row for row in cases if row["case"] in without and row["predictor"] == MODELS[0]]

    table = by_title(false_enhancement_tables(evaluation.summary, cases), "Lesion-free breasts")

    expected = interval_of(own, "false_share")
    cell = row_of(table, MODELS[0]).cells[0]
    assert cell.value == f"{100 * expected.mean:.2f}"
    assert cell.ends == f"[{100 * expected.low:.2f}, {100 * expected.high:.2f}]"
    assert row_of(table, MODELS[0]).counts == "48 / 24"


def test_failed_image_with_a_mass_is_not_lesion_free(evaluation: ReportInputs) -> None:
    cases = [row for row in evaluation.rows if not row["lesion"]]
    failed = next(row for row in cases if row["case"] == FAILED and row["predictor"] == MODELS[1])
    assert failed["mass_l1"] == ""
    assert failed["lesion_kind"] != "none"

    assert FAILED not in lesion_free_cases(cases)


def test_failed_image_without_a_mass_counts_as_missing(make_row: MakeRow) -> None:
    rows = [
        make_row("constant", "a", breast_l1=1, false_share=0.1),
        make_row("model", "a", false_share=""),
    ]
    summary = {"models": {"model": {}}, "measures": {"constant": {}, "model": {}}}

    (table,) = false_enhancement_tables(summary, rows)

    assert [row.counts for row in table.rows] == ["1 / 1", "0 of 1 / 0"]

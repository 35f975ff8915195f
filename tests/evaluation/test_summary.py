from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from cem_monai.evaluation import (
    markdown_table,
    print_patch_summary,
    print_summary,
    read_lesions,
    read_metrics,
    summarize,
    table_cells,
)
from cem_monai.evaluation.statistics import Interval, patient_bootstrap
from cem_monai.evaluation.summary import MEASURES, PATCH_MEASURES, format_interval
from cem_monai.metrics import CaseMeasures, CaseRegions, MeasureOptions

MakeRow = Callable[..., dict[str, str]]
WriteTable = Callable[..., Path]


def cells_of(label: str, table: list[list[str]]) -> list[str]:
    return next(row[1:] for row in table if row[0] == label)


def test_read_returns_the_fields_as_text(make_row: MakeRow, write_table: WriteTable) -> None:
    rows = [make_row("model", "a", breast_l1="8.123456789")]

    assert read_metrics(write_table(rows)) == rows


def test_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"metrics\.csv: no metrics; run the bundle's eval"):
        read_metrics(tmp_path / "metrics.csv")


def test_table_without_rows_raises(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("predictor,case\n")

    with pytest.raises(ValueError, match="holds no case"):
        read_metrics(tmp_path / "metrics.csv")


def test_lesions_and_cases_are_read_apart(make_row: MakeRow, write_table: WriteTable) -> None:
    case = make_row("model", "a") | {"lesion": ""}
    lesions = [case | {"lesion": number} for number in ("1", "2")]
    path = write_table([case, *lesions])

    assert read_metrics(path) == [case]
    assert read_lesions(path) == lesions


def test_table_of_an_older_version_has_no_lesions(
    make_row: MakeRow, write_table: WriteTable
) -> None:
    assert read_lesions(write_table([make_row("model", "a")])) == []


def test_lesions_alone_are_no_case(make_row: MakeRow, write_table: WriteTable) -> None:
    with pytest.raises(ValueError, match="holds no case"):
        read_metrics(write_table([make_row("model", "a") | {"lesion": "1"}]))


def test_missing_columns_are_named(make_row: MakeRow, write_table: WriteTable) -> None:
    row = make_row("model", "a")
    del row["mass_l1"], row["mass_contrast_real"]

    with pytest.raises(ValueError, match="lacks the columns mass_contrast_real, mass_l1"):
        read_metrics(write_table([row]))


def test_every_measure_is_a_column_of_the_measures() -> None:
    image = [[float(row * column % 7) for column in range(8)] for row in range(8)]
    regions = CaseRegions([[1] * 8] * 8)

    row = CaseMeasures(image, regions, MeasureOptions((0, 7), 4, 2)).case_row(image)

    assert {measure.column for measure in MEASURES} <= row.keys()


def test_baselines_come_first(make_row: MakeRow) -> None:
    names = ("model", "low_energy_copied", "another", "constant")

    summary = summarize([make_row(name, "a") for name in names])

    assert list(summary) == ["constant", "low_energy_copied", "another", "model"]


def test_interval_is_that_of_the_patients(make_row: MakeRow) -> None:
    values, patients = [1.0, 2.0, 6.0, 7.5], ["a", "a", "b", "c"]
    rows = [
        make_row("model", str(number), patient, breast_l1=value)
        for number, (value, patient) in enumerate(zip(values, patients, strict=True))
    ]

    assert summarize(rows)["model"]["breast_l1"] == patient_bootstrap(values, patients)


def test_case_without_patient_is_its_own_patient(make_row: MakeRow) -> None:
    rows = [make_row("model", case, breast_l1=1) | {"patient": ""} for case in "ab"]

    assert summarize(rows)["model"]["breast_l1"].n_patients == 2


def test_empty_field_is_left_out_of_the_mean(make_row: MakeRow) -> None:
    rows = [make_row("model", "a", mass_l1=4), make_row("model", "b")]

    interval = summarize(rows)["model"]["mass_l1"]

    assert (interval.mean, interval.n_values, interval.n_missing) == (4, 1, 1)


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(8.654, 8.1, 9.2149, 5, 3, 0), "8.65 [8.10, 9.21]"),
        (Interval(8.654, math.nan, math.nan, 2, 1, 0), "8.65"),
        (Interval(math.nan, math.nan, math.nan, 0, 0, 4), "–"),
        (Interval(math.inf, 30.0, math.inf, 4, 3, 0), "inf [30.00, inf]"),
    ],
)
def test_format(interval: Interval, text: str) -> None:
    assert format_interval(interval, 2) == text


def test_cells_hold_rounded_means_and_counts(make_row: MakeRow) -> None:
    rows = [
        make_row("model", case, breast_l1=8.126, mass_contrast_real=97.4669, breast_psnr_roi=22.1)
        for case in "ab"
    ]

    table = table_cells(summarize(rows))

    assert table[0] == ["mean [95 % interval]", "model", "images / patients"]
    assert cells_of("breast L1 (grey levels)", table) == ["8.13 [8.13, 8.13]", "2 / 2"]
    assert cells_of("mass contrast real (grey levels)", table) == ["97.5 [97.5, 97.5]", "2 / 2"]
    assert cells_of("mass ΔCNR", table) == ["–", "0 of 2 / 0"]


def test_counts_of_each_predictor_where_they_differ(make_row: MakeRow) -> None:
    rows = [make_row("model", "a", mass_delta_cnr=1), make_row("constant", "a")]

    assert cells_of("mass ΔCNR", table_cells(summarize(rows)))[-1] == "0 of 1 / 0, 1 / 1"


def test_markdown_holds_the_same_cells(make_row: MakeRow) -> None:
    summary = summarize([make_row("model", "a", breast_l1=8), make_row("constant", "a")])

    heading, rule, *lines = markdown_table(summary).splitlines()

    assert rule == "|---|---|---|---|"
    cells = [line.strip("| ").split(" | ") for line in (heading, *lines)]
    assert cells == table_cells(summary)


def test_print(
    make_row: MakeRow, write_table: WriteTable, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_table([make_row("constant", "a", breast_l1=8)])

    print_summary(path)

    assert "| breast L1 (grey levels) | 8.00 | 1 / 1 |" in capsys.readouterr().out


def test_table_of_patches(write_table: WriteTable, capsys: pytest.CaptureFixture[str]) -> None:
    """Means over patches, intervals over arrangements, the trivial predictors first."""
    rows = [
        {"predictor": name, "case": str(number), "patient": f"A{number // 2}"}
        | {measure.column: str(number + shift) for measure in PATCH_MEASURES}
        for name, shift in (("model", 0), ("dose_scaled", 1), ("mean_target", 2))
        for number in range(4)
    ]
    print_patch_summary(write_table(rows))
    heading, _, first, *_ = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in heading.split("|")[2:5]] == [
        *("mean of the training targets", "low-dose image times dose ratio", "model")
    ]
    expected = patient_bootstrap([0, 1, 2, 3], ["A0", "A0", "A1", "A1"])
    assert format_interval(expected, 2) in first
    assert first.endswith("| 4 / 2 |")


def test_table_of_patches_needs_its_columns(write_table: WriteTable, make_row: MakeRow) -> None:
    with pytest.raises(ValueError, match="lacks the columns cci_generated"):
        print_patch_summary(write_table([make_row("model", "a")]))

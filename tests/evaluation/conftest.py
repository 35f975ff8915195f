from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cem_monai.evaluation import write_report
from cem_monai.evaluation.summary import MEASURES
from report_inputs import EVIL, ReportInputs, report_inputs

Row = dict[str, str]
MakeRow = Callable[..., Row]
WriteTable = Callable[..., Path]


@pytest.fixture
def make_row() -> MakeRow:
    """Return a factory of rows as `read_metrics` returns them; measures not given are missing."""

    def make(predictor: str, case: str, patient: str | None = None, **values: Any) -> Row:
        row = {measure.column: "" for measure in MEASURES}
        row |= {"predictor": predictor, "case": case, "patient": patient or case}
        return row | {column: str(value) for column, value in values.items()}

    return make


@pytest.fixture
def write_table(tmp_path: Path) -> WriteTable:
    """Return a function that writes rows as a CSV file."""

    def write(rows: list[Row], name: str = "metrics.csv") -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.fixture(scope="session")
def evaluation() -> ReportInputs:
    """A made-up evaluation of 24 patients; nothing may change it."""
    return report_inputs()


@pytest.fixture(scope="session")
def full_report(tmp_path_factory: pytest.TempPathFactory, evaluation: ReportInputs) -> Path:
    """The report with everything that there can be."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "losses.csv").write_text(
        "epoch,learning_rate,g_gan,g_l1,d_real,d_fake\n1,2e-4,1,0.5,1,0.1\n"
    )
    cases = ("P001_R_CC", EVIL)
    for number, case in enumerate(cases):
        (folder / f"{number}.png").write_bytes(f"png of {case}".encode())
    write_report(
        folder / "report.html",
        summary=evaluation.summary,
        rows=evaluation.rows,
        histograms=evaluation.histograms,
        pictures=[(case, folder / f"{number}.png") for number, case in enumerate(cases)],
        facts={"grid": "1024 x 1024", EVIL: EVIL},
        losses_csv=folder / "losses.csv",
    )
    return folder / "report.html"

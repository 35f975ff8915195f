from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cem_monai.evaluation.summary import MEASURES

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

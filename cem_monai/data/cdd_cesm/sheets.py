"""The sheets of the annotation workbook as rows of text with fixed column names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

COLUMNS = {
    "image": "Image_name",
    "patient": "Patient_ID",
    "side": "Side",
    "type": "Type",
    "age": "Age",
    "density": "Breast density (ACR)",
    "birads": "BIRADS",
    "findings": "Findings",
    "view": "View",
    "machine": "Machine",
    "pathology": "Pathology Classification/ Follow up",
    "tags": "Tags",
    "abnormality_type": "Abnormality type",
    "single_or_multiple": "Single/Multiple",
    "pattern": "Mass density/enhancement pattern",
    "shape": "Mass shape",
    "margin": "Mass margin",
}
"""Our names of the columns, and theirs."""
ALSO_CALLED = {"acr": "density"}
DESCRIPTION = ("abnormality_type", "single_or_multiple", "pattern", "shape", "margin")
COMMON = tuple(name for name in COLUMNS if name not in ("tags", *DESCRIPTION))
MAIN = "all"
SHEETS: dict[str, tuple[str, ...]] = {
    MAIN: (*COMMON, "tags"),
    "mass_description": (*COMMON, *DESCRIPTION),
    "distortion": COMMON,
    "postoperative": COMMON,
    "postneoajuvant chemotherapy": COMMON,
    "asymmetry": COMMON,
    "calcifications": COMMON,
    "mass enhancement_description": (*COMMON, *DESCRIPTION),
    "nonmass enhancement_description": COMMON,
}
"""Columns of each sheet; its name is spelt as the source spells it."""

Cells = Sequence[object]


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    Attributes:
        name: key of `SHEETS`.
        rows: by row number, from 2 as a spreadsheet shows it; text by key of `COLUMNS`, without
            spaces around, empty where the sheet has no such column.
        problems: one sentence on each thing that is missing.
    """

    name: str
    rows: dict[int, dict[str, str]]
    problems: list[str]


def read_sheets(path: Path) -> list[Sheet]:
    """Read a workbook, or the CSV of its main sheet.

    Raises:
        ValueError: the file cannot be read.
    """
    try:
        tables = _csv(path) if path.suffix.lower() == ".csv" else _workbook(path)
    except Exception as error:  # openpyxl lets many types through
        reason = f"cannot be read as a table or workbook ({type(error).__name__})"
        raise ValueError(f"{path}: {reason}") from None
    by_name = {_plain(title): lines for title, lines in tables.items()}
    wanted = SHEETS if len(tables) > 1 or path.suffix.lower() != ".csv" else {MAIN: SHEETS[MAIN]}
    return [_sheet(name, by_name.get(_plain(name)), path) for name in wanted]


def _workbook(path: Path) -> dict[str, list[Cells]]:
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in workbook}
    finally:
        workbook.close()


def _csv(path: Path) -> dict[str, list[Cells]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {MAIN: list(csv.reader(file))}


def _sheet(name: str, lines: list[Cells] | None, path: Path) -> Sheet:
    place = f"{path}: sheet {name!r}"
    if lines is None:
        return Sheet(name, {}, [f"{place} is missing"])
    keys = [_key(cell) for cell in lines[0]] if lines else []
    rows = {
        number: _row(keys, line)
        for number, line in enumerate(lines[1:], 2)
        if any(_text(cell) for cell in line)
    }
    if not rows:
        return Sheet(name, {}, [f"{place} is empty"])
    missing = [COLUMNS[key] for key in SHEETS[name] if key not in keys]
    problems = [f"{place} has no column {column!r}" for column in missing]
    return Sheet(name, rows if "image" in keys else {}, problems)


def _row(keys: Iterable[str | None], line: Cells) -> dict[str, str]:
    told = {key: _text(cell) for key, cell in zip(keys, line, strict=False) if key}
    return dict.fromkeys(COLUMNS, "") | told


def _key(header: object) -> str | None:
    plain = _plain(_text(header))
    return {_plain(name): key for key, name in COLUMNS.items()}.get(plain) or ALSO_CALLED.get(plain)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z]+", text.lower()))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell).strip()

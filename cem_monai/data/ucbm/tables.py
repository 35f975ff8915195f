"""Windows, density and annotations of CESM@UCBM, from its fold lists and its workbook."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cem_monai.data.pair import Refused
from cem_monai.data.table import read_table
from cem_monai.data.ucbm.source_folder import PAIR_NAME, UcbmPair
from cem_monai.dicom import ImageContent, linear_range

WORKBOOK = "file_dataset.xlsx"
LIST_SUFFIXES = {".txt", ".tsv"}
WINDOWS = {
    ImageContent.LOW_ENERGY: ("wc_x", "ww_x"),
    ImageContent.RECOMBINED: ("wc_y", "ww_y"),
}
LIST_COLUMNS = ("id", *WINDOWS[ImageContent.LOW_ENERGY], *WINDOWS[ImageContent.RECOMBINED])
DENSITY = "acr"
KEY = re.compile(rf"P\d{{1,6}}|{PAIR_NAME.pattern}", re.ASCII)
"""What a row of the workbook may be about: a patient or a pair."""
Window = tuple[float, float]


@dataclass(frozen=True)
class UcbmTables:
    """What the tables beside the images tell.

    Attributes:
        windows: pair name → WindowCenter and WindowWidth of its images.
        densities: pair name → ACR letter.
        rows: patient or pair name → columns of the workbook.
        refused: rows and files that tell nothing.
    """

    windows: dict[str, dict[ImageContent, Window]] = field(default_factory=dict)
    densities: dict[str, str] = field(default_factory=dict)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)

    def of(self, pair: UcbmPair) -> dict[str, str]:
        """Return the columns of the workbook on a pair, and its `density`, empty if unknown."""
        row = self.rows.get(pair.patient, {}) | self.rows.get(pair.name, {})
        told = [row[name] for name in row if re.search(r"acr|densit", name, re.IGNORECASE)]
        letters = [letter for text in told if (letter := _acr(text))]
        density = self.densities.get(pair.name) or next(iter(letters), "")
        return {f"{WORKBOOK}: {name}": text for name, text in row.items()} | {"density": density}


def read_ucbm_tables(source: Path) -> UcbmTables:
    """Read all fold lists (tab-separated `.txt` or `.tsv`) and the workbook below a folder.

    The lists say in which fold of the authors an image is. That is not read: those folds have the
    same patients, even the same breasts, in training and test.
    """
    tables = UcbmTables()
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() in LIST_SUFFIXES and _is_list(path):
            _read_list(path, tables)
        elif path.name == WORKBOOK:
            _read_workbook(path, tables)
    return tables


def _is_list(path: Path) -> bool:
    with path.open("rb") as file:
        columns = file.readline(4096).decode("utf-8", "replace").strip("\ufeff\r\n").split("\t")
    return set(LIST_COLUMNS) <= set(columns)


def _read_list(path: Path, tables: UcbmTables) -> None:
    try:
        rows = read_table(path, LIST_COLUMNS, delimiter="\t")
    except ValueError as error:
        tables.refused.append(Refused(path, str(error)))
        return
    for number, row in enumerate(rows, 1):
        if reason := _take_row(row, tables):
            tables.refused.append(Refused(path, f"{path}: row {number} ({row['id']}): {reason}"))


def _take_row(row: dict[str, str], tables: UcbmTables) -> str | None:
    """Add one row of a list to the tables; return why it cannot be used."""
    if not PAIR_NAME.fullmatch(row["id"]):
        return "the id is not P<n>_<k>_<R|L><CC|MLO>"
    try:
        windows = {content: _window(row, *names) for content, names in WINDOWS.items()}
    except ValueError as error:
        return str(error)
    if tables.windows.setdefault(row["id"], windows) != windows:
        return f"its windows differ from {_text(tables.windows[row['id']])}, told before"
    density = _acr(row.get(DENSITY, ""))
    if density and tables.densities.setdefault(row["id"], density) != density:
        return f"{DENSITY} is {density}, before it was {tables.densities[row['id']]}"
    return None


def _window(row: dict[str, str], center: str, width: str) -> Window:
    try:
        window = float(row[center]), float(row[width])
        linear_range(*window)
    except ValueError:
        raise ValueError(f"{center} {row[center]!r}, {width} {row[width]!r} is no window") from None
    return window


def _text(windows: dict[ImageContent, Window]) -> str:
    return ", ".join(f"{center:g}/{width:g}" for center, width in windows.values())


def _acr(text: str) -> str | None:
    """Return the letter of `a`, `B`, `ACR c` or `acr-D`; None for anything else."""
    match = re.fullmatch(r"(?:acr)?[\s_-]*([a-d])", text.strip(), re.IGNORECASE)
    return match[1].upper() if match else None


def _read_workbook(path: Path, tables: UcbmTables) -> None:
    try:
        sheets = list(_sheets(path))
    except Exception as error:  # openpyxl lets many types through
        kind = type(error).__name__
        tables.refused.append(Refused(path, f"{path}: cannot be read as a workbook ({kind})"))
        return
    for name, (header, *rows) in sheets:
        unknown = 0
        for cells in rows:
            row = {key: cell for key, cell in zip(header, cells, strict=False) if key and cell}
            key = next((cell for cell in row.values() if KEY.fullmatch(cell)), None)
            unknown += bool(row) and key is None
            if key:
                tables.rows[key] = tables.rows.get(key, {}) | row
        if unknown:
            reason = f"sheet {name!r}: {unknown} rows name no patient or image (P<n>, P<n>_<k>_...)"
            tables.refused.append(Refused(path, f"{path}: {reason}"))


def _sheets(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield the sheets that hold something, all cells as text."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles and validation rules are not needed
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        for sheet in book.worksheets:
            if rows := [[_cell(one) for one in row] for row in sheet.iter_rows(values_only=True)]:
                yield sheet.title, rows
    finally:
        book.close()


def _cell(value: Any) -> str:
    return "" if value is None else str(value).strip()

"""Delimited text tables with a header line."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path


def read_table(
    path: str | os.PathLike[str], columns: Sequence[str], *, delimiter: str
) -> list[dict[str, str]]:
    """Read a UTF-8 table whose first line names its columns.

    Args:
        path: file to read.
        columns: names that must be there; others are read too.
        delimiter: `","` or a tab.

    Returns:
        one dictionary per row, spaces around the values removed.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no text, lacks a column, or a row has too few or too many cells.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *lines = list(csv.reader(file, delimiter=delimiter)) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: cannot be read as a table ({error})") from None
    if missing := [name for name in columns if name not in header]:
        raise ValueError(f"{path}: has no column {', '.join(missing)}")
    return [_row(header, cells, f"{path}: row {n}") for n, cells in enumerate(lines, 1) if cells]


def _row(header: list[str], cells: list[str], place: str) -> dict[str, str]:
    if len(cells) != len(header):
        raise ValueError(f"{place} has {len(cells)} cells, the header has {len(header)}")
    return {name: cell.strip() for name, cell in zip(header, cells, strict=True)}

"""Delimited text tables with a header line."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TableScan:
    """What a table holds.

    Attributes:
        rows: one dictionary per whole row, spaces around the values removed, by row number from 1.
        problems: one sentence on each row with too few or too many cells.
    """

    rows: dict[int, dict[str, str]]
    problems: list[str]


def read_table(
    path: str | os.PathLike[str], columns: Sequence[str], *, delimiter: str
) -> list[dict[str, str]]:
    """Read a UTF-8 table whose first line names its columns, and refuse a damaged one.

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
    scan = scan_table(path, columns, delimiter=delimiter)
    if scan.problems:
        raise ValueError(scan.problems[0])
    return list(scan.rows.values())


def scan_table(
    path: str | os.PathLike[str], columns: Sequence[str], *, delimiter: str
) -> TableScan:
    """Read the whole rows of a table; arguments and errors but damaged rows as for `read_table`."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *lines = list(csv.reader(file, delimiter=delimiter)) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: cannot be read as a table ({error})") from None
    header = [name.strip() for name in header]
    if missing := [name for name in columns if name not in header]:
        raise ValueError(f"{path}: has no column {', '.join(missing)}")
    scan = TableScan({}, [])
    for number, cells in enumerate(lines, 1):
        if cells and len(cells) != len(header):
            counts = f"has {len(cells)} cells, the header has {len(header)}"
            scan.problems.append(f"{path}: row {number} {counts}")
        elif cells:
            scan.rows[number] = {k: v.strip() for k, v in zip(header, cells, strict=True)}
    return scan

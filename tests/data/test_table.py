from __future__ import annotations

from pathlib import Path

import pytest

from cem_monai.data.table import read_table


def _table(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


def test_rows_are_dictionaries_with_stripped_values(tmp_path: Path) -> None:
    path = _table(tmp_path, b'\xef\xbb\xbfname,text\r\nP1 ,"a, ""b"""\r\n\r\nP2,c\r\n')
    assert read_table(path, ["name"], delimiter=",") == [
        {"name": "P1", "text": 'a, "b"'},
        {"name": "P2", "text": "c"},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no column name, text"),
        (b"name\nP1\n", "has no column text"),
        (b"name,text\nP1\n", "row 1 has 1 cells, the header has 2"),
        (b"name,text\nP1,a\nP2,b,c\n", "row 2 has 3 cells, the header has 2"),
        (b"name,text\n\xff\xfe,a\n", "cannot be read as a table"),
    ],
)
def test_damaged_table_raises(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_table(_table(tmp_path, content), ["name", "text"], delimiter=",")


def test_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.csv: no such file"):
        read_table(tmp_path / "none.csv", ["name"], delimiter=",")

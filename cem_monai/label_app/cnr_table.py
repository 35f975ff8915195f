"""cnr.csv: one row for each view, reader and virtual image."""

from __future__ import annotations

import csv
import fcntl
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from cem_monai.atomic import atomic_write
from cem_monai.label_app.reading_cnr import ReadingCNR

NUMBER = ".6g"


@dataclass(frozen=True)
class CnrRow:
    """What one reader's drawing gives for one virtual image.

    Attributes:
        image: SOPInstanceUID of the low-energy image.
        study: StudyInstanceUID.
        view: laterality and view position.
        reader: who drew.
        model: that generated the virtual image; empty if none has.
        virtual: SOPInstanceUID of the virtual image.
        found: the measures.
    """

    image: str
    study: str
    view: str
    reader: str
    model: str
    virtual: str
    found: ReadingCNR

    def to_json(self) -> dict[str, str | int | float | None]:
        """Return the row by column; None for what has no value."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in zip(COLUMNS, self._values, strict=True)
        }

    @property
    def cells(self) -> list[str]:
        """The row as text; empty for what has no value."""
        return [
            format(value, NUMBER) if isinstance(value, float) else str(value)
            for value in ("" if one is None else one for one in self.to_json().values())
        ]

    @property
    def _values(self) -> tuple[str | int | float, ...]:
        identity = (self.image, self.study, self.view, self.reader, self.model, self.virtual)
        return (*identity, *astuple(self.found))


COLUMNS = (
    *(one.name for one in fields(CnrRow) if one.name != "found"),
    *(one.name for one in fields(ReadingCNR)),
)


def write_cnr(path: Path, rows: Iterable[CnrRow]) -> None:
    """Write the whole table anew."""
    with _locked(path):
        _write(path, [row.cells for row in rows])


def update_cnr(path: Path, image: str, reader: str, rows: Iterable[CnrRow]) -> None:
    """Replace the rows of one reader's drawing on one view; those of others stay as they are."""
    with _locked(path):
        others = [one for one in _read(path) if (one[0], one[3]) != (image, reader)]
        _write(path, [*others, *(row.cells for row in rows)])


def _read(path: Path) -> list[list[str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    return rows if tuple(header) == COLUMNS else []


def _write(path: Path, rows: list[list[str]]) -> None:
    with atomic_write(path, "w") as file:
        csv.writer(file).writerows([COLUMNS, *sorted(rows)])


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep others out: scoring runs in a process of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

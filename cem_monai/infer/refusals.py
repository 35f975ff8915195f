"""Lists of refused files whose paths mean nothing to a person: their copies are deleted."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from cem_monai.atomic import atomic_write
from cem_monai.dicom import MammogramError, open_header
from cem_monai.transport import check_uid


@dataclass(frozen=True)
class Refusal:
    """One refused file.

    Attributes:
        uid: its SOPInstanceUID (0008,0018); empty if it cannot be read.
        reason: one sentence for people, without the path.
        code: for programs, see docs/reference/refusals.md.
    """

    uid: str
    reason: str
    code: str


def read_refusals(path: Path) -> list[Refusal]:
    """Read a `refused.csv` while the files that it names are still there; none if it is missing."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [_refusal(row) for row in csv.DictReader(file)]


class RefusalList:
    """The refused files of all studies of a run, on disk after each.

    Args:
        path: CSV file with columns sop_instance_uid, reason, code.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[Refusal] = []
        self._write()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, refusals: list[Refusal]) -> None:
        """Take over those of one study."""
        if refusals:
            self._rows += refusals
            self._write()

    def _write(self) -> None:
        with atomic_write(self._path, "w") as file:
            rows = [[one.uid, one.reason, one.code] for one in self._rows]
            csv.writer(file).writerows([["sop_instance_uid", "reason", "code"], *rows])


def append_codes(refusals: list[Refusal], path: Path) -> None:
    """Append UID and code to a CSV file: nothing in it can name a patient."""
    with path.open("a", newline="", encoding="utf-8") as file:
        header = [] if file.tell() else [["sop_instance_uid", "code"]]
        csv.writer(file).writerows([*header, *([one.uid, one.code] for one in refusals)])


def _refusal(row: dict[str, str]) -> Refusal:
    reason = row["reason"].removeprefix(f"{row['path']}: ")
    return Refusal(_uid(Path(row["path"])), reason, row.get("code") or "")


def _uid(path: Path) -> str:
    try:
        return check_uid(str(open_header(path).SOPInstanceUID))
    except (MammogramError, AttributeError, ValueError):
        return ""

"""The cases of one model: pictures of the worst, and one line for each."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cem_monai.evaluation.case_panel import Path as PathLike
from cem_monai.evaluation.cases import worst_first
from cem_monai.evaluation.report_columns import column_of
from cem_monai.evaluation.report_tables import format_number, read_number
from cem_monai.evaluation.summary import Row

Pictures = Iterable[tuple[str, PathLike]]

TEXTS = {
    "patient": "patient",
    "laterality": "side",
    "view_position": "view",
    "lesion_kind": "lesion",
}
NUMBERS = {
    "breast_l1": "breast L1",
    "mass_l1": "mass L1",
    "mass_cnr_real": "mass CNR real",
    "mass_cnr_generated": "mass CNR virtual",
    "mass_delta_cnr": "mass ΔCNR",
    "mass_contrast_error": "contrast error",
    "mass_missed_enhancement": "missed",
    "false_share": "false",
}
"""Columns of `metrics.csv` → headings; false: share of lesion-free tissue above the threshold."""


@dataclass(frozen=True)
class ShownCase:
    """One case of the report.

    Attributes:
        name: as in `metrics.csv`.
        anchor: id of its picture.
        texts: what is known of it.
        numbers: its measures as text.
        picture: base64 of the PNG; empty where the case has none.
        failed: whether it has no measure.
    """

    name: str
    anchor: str
    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    picture: str
    failed: bool


@dataclass(frozen=True)
class CaseList:
    """All cases of one model, failed ones first, then from the worst to the best.

    Attributes:
        headings: label and unit of texts and numbers.
        cases: all of them.
    """

    headings: tuple[tuple[str, str], ...]
    cases: tuple[ShownCase, ...]

    @property
    def pictured(self) -> list[ShownCase]:
        """Those with a picture."""
        return [case for case in self.cases if case.picture]


def case_list(
    rows: Sequence[Row], predictor: str, pictures: Pictures, failed: Sequence[str] = ()
) -> CaseList:
    """Return the cases of one predictor.

    Args:
        rows: of `metrics.csv`, one per case and predictor.
        predictor: whose cases.
        pictures: case, and its PNG.
        failed: cases that the predictor lacks, whether or not they have a row.

    Raises:
        FileNotFoundError: a picture is missing.
        ValueError: there is no such predictor, or a picture belongs to no case.
    """
    ordered = worst_first(rows, predictor)
    encoded = _encoded(pictures, {row["case"] for row in ordered})
    texts = [name for name in TEXTS if name in ordered[0]]
    numbers = [name for name in NUMBERS if name in ordered[0]]
    failing = {*failed, *(row["case"] for row in ordered if not any(row[name] for name in numbers))}
    ordered = sorted(
        [*_absent(failed, ordered), *ordered], key=lambda row: row["case"] not in failing
    )
    return CaseList(
        headings=(
            *((TEXTS[name], "") for name in texts),
            *((NUMBERS[name], column_of(name).unit) for name in numbers),
        ),
        cases=tuple(
            ShownCase(
                name=row["case"],
                anchor=_anchor(index, row["case"]),
                texts=tuple(row[name] for name in texts),
                numbers=tuple(_number(row, name) for name in numbers),
                picture=encoded.get(row["case"], ""),
                failed=row["case"] in failing,
            )
            for index, row in enumerate(ordered, start=1)
        ),
    )


def _encoded(pictures: Pictures, cases: set[str]) -> dict[str, str]:
    encoded = {case: _picture(case, Path(path)) for case, path in pictures}
    if unknown := sorted(encoded.keys() - cases):
        raise ValueError(f"pictures of cases that were not evaluated: {', '.join(unknown)}")
    return encoded


def _absent(failed: Sequence[str], rows: Sequence[Row]) -> list[Row]:
    """Rows without measures of the failed cases that have none."""
    known, empty = {row["case"] for row in rows}, dict.fromkeys(rows[0], "")
    return [{**empty, "case": name} for name in failed if name not in known]


def _anchor(index: int, case: str) -> str:
    # numbered: two names may differ in characters only that an id cannot have
    return f"case-{index}-" + re.sub(r"[^\w.-]+", "-", case)


def _number(row: Mapping[str, Any], name: str) -> str:
    return format_number(read_number(row[name] or None), column_of(name))


def _picture(case: str, path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no picture of the case {case}")
    return base64.b64encode(path.read_bytes()).decode("ascii")

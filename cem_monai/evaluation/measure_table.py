"""Rows of `metrics.csv` as columns, one table for each predictor, all of the same cases."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.summary import LABELS, Row

FACTS = (
    *("predictor", "lesion", "case", "patient", "laterality", "view_position", "density"),
    *("manufacturer", "machine", "thickness_mm", "lesion_kind", "lesion_diameter_mm"),
    *("grid_rows", "grid_columns"),
)
"""Columns that tell what a row is of; all others are measures."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MeasureTable:
    """All cases, or all lesions, of one predictor.

    Args:
        rows: (N,) sorted by case and lesion.
    """

    rows: tuple[Row, ...]
    _columns: dict[str, Floats] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def patients(self) -> npt.NDArray[np.str_]:
        """(N,) patients; a row without one is its own."""
        return np.array([patient_of(row) for row in self.rows], dtype=np.str_)

    @property
    def measures(self) -> list[str]:
        """Columns with a number for each case, in the order of the file."""
        names = self.rows[0] if self.rows else ()
        return [name for name in names if name not in FACTS and not name.startswith("lesion_")]

    def column(self, name: str) -> Floats:
        """Return (N,) values of a measure; NaN where the field is empty.

        Raises:
            ValueError: there is no such column, or a field is no number.
        """
        if name not in self._columns:
            self._columns[name] = np.array([_number(row, name) for row in self.rows], dtype=float)
        return self._columns[name]

    def where(self, chosen: Iterable[bool]) -> MeasureTable:
        """Return the table of the chosen rows; (N,) chosen."""
        pairs = zip(self.rows, chosen, strict=True)
        return MeasureTable(tuple(row for row, is_chosen in pairs if is_chosen))


def patient_of(row: Row) -> str:
    """Return the patient of a row; the case, if none is known."""
    return row["patient"] or row["case"]


def predictor_order(names: Iterable[str], models: Sequence[str]) -> list[str]:
    """Return predictors in the order of tables: trivial, limits of the simulator, models.

    Args:
        names: those that occur.
        models: those that are judged, in the order wanted.

    Raises:
        ValueError: a name is neither a model nor one that every evaluation knows, or a model does
            not occur.
    """
    found = set(names)
    known = [name for name in LABELS if name in found and name not in models]
    if unknown := sorted(found - {*known, *models}):
        raise ValueError(f"the predictors {', '.join(unknown)} are neither trivial nor models")
    if absent := [name for name in models if name not in found]:
        raise ValueError(f"no case of the models {', '.join(absent)}")
    return [*known, *models]


def case_tables(rows: Sequence[Row], models: Sequence[str]) -> dict[str, MeasureTable]:
    """Return predictor → table of its cases, the same cases in all.

    Raises:
        ValueError: see `predictor_order`; no case, a case twice, or predictors of other cases.
    """
    if not rows:
        raise ValueError("there is no case to summarize")
    names = predictor_order((row["predictor"] for row in rows), models)
    tables = {name: _sorted_rows(rows, name) for name in names}
    reference = {row["case"] for row in tables[names[0]]}
    for name, members in tables.items():
        if differing := sorted(reference ^ {row["case"] for row in members}):
            listed = ", ".join(differing)
            raise ValueError(f"{names[0]} and {name} differ in the cases {listed}")
    return {name: MeasureTable(tuple(members)) for name, members in tables.items()}


def lesion_tables(rows: Sequence[Row], predictors: Sequence[str]) -> dict[str, MeasureTable]:
    """Return predictor → table of its lesions, all lesions in all.

    A lesion that a predictor lacks, because the case failed, has a row without measures: it counts
    as missing. Empty without lesions.

    Raises:
        ValueError: a lesion twice, or a predictor that has no cases.
    """
    if unknown := sorted({row["predictor"] for row in rows} - set(predictors)):
        raise ValueError(f"lesions of the predictors {', '.join(unknown)}, which have no case")
    blank = {_key(row): _without_measures(row) for row in rows}
    tables = {}
    for name in predictors if rows else ():
        own = {_key(row): row for row in _sorted_rows(rows, name)}
        filled = {key: own.get(key, row | {"predictor": name}) for key, row in blank.items()}
        tables[name] = MeasureTable(tuple(filled[key] for key in sorted(filled)))
    return tables


def _sorted_rows(rows: Sequence[Row], predictor: str) -> list[Row]:
    chosen = [row for row in rows if row["predictor"] == predictor]
    counts = Counter(_key(row) for row in chosen)
    if twice := sorted({case for (case, _), count in counts.items() if count > 1}):
        raise ValueError(f"more than one row of {predictor} for the cases {', '.join(twice)}")
    return sorted(chosen, key=_key)


def _key(row: Row) -> tuple[str, int]:
    return row["case"], int(row.get("lesion") or 0)


def _without_measures(row: Row) -> Row:
    return {name: text if name in FACTS else "" for name, text in row.items()}


def _number(row: Row, name: str) -> float:
    text = row.get(name)
    if text is None:
        raise ValueError(f"the table lacks the column {name}")
    try:
        return float(text or math.nan)
    except ValueError:
        raise ValueError(
            f"{name} of the case {row['case']} must be a number, got {text!r}"
        ) from None

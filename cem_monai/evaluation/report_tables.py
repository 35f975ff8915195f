"""Tables of intervals: predictors downwards, measures across."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cem_monai.evaluation.report_columns import Column, ColumnGroup
from cem_monai.evaluation.report_predictors import (
    predictor_kind,
    predictor_label,
    predictor_names,
)
from cem_monai.evaluation.statistics import Interval
from cem_monai.evaluation.summary import format_counts

MISSING = "–"


@dataclass(frozen=True)
class Cell:
    """One mean.

    Attributes:
        value: the mean; a dash where there is none.
        ends: `[low, high]`; empty where there is no interval.
        counts: images / patients, where they are not those of the row.
    """

    value: str
    ends: str = ""
    counts: str = ""


@dataclass(frozen=True)
class TableRow:
    """One predictor.

    Attributes:
        label: its name.
        kind: `trivial`, `limit` or `model`.
        cells: one for each column.
        counts: images / patients of its first cell.
    """

    label: str
    kind: str
    cells: tuple[Cell, ...]
    counts: str


@dataclass(frozen=True)
class Table:
    """What one group of measures shows.

    Attributes:
        title: heading.
        headings: label and unit of each column.
        rows: one for each predictor.
        note: how to read it.
        unit_counted: what the counts count.
    """

    title: str
    headings: tuple[tuple[str, str], ...]
    rows: tuple[TableRow, ...]
    note: str = ""
    unit_counted: str = "images / patients"


Intervals = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""predictor → measure → interval as `summary.json` holds it."""


def interval_table(
    summary: Mapping[str, Any],
    group: ColumnGroup,
    intervals: Intervals,
    *,
    unit_counted: str = "images / patients",
) -> Table | None:
    """Return one table; columns that no predictor has are left out, None if that are all.

    Args:
        summary: orders the predictors.
        group: its columns.
        intervals: what to show.
        unit_counted: what the intervals' values and patients are.
    """
    columns = [one for one in group.columns if any(one.name in own for own in intervals.values())]
    if not columns:
        return None
    return Table(
        title=group.title,
        headings=tuple((column.label, column.unit) for column in columns),
        rows=tuple(
            interval_row(
                predictor_label(name),
                predictor_kind(name, summary),
                [(column, read_interval(intervals[name].get(column.name))) for column in columns],
            )
            for name in predictor_names(summary)
            if name in intervals
        ),
        note=group.note,
        unit_counted=unit_counted,
    )


def interval_row(label: str, kind: str, values: Sequence[tuple[Column, Interval]]) -> TableRow:
    """Return one row; a cell that stands on other images than the first one says so."""
    counts = format_counts(values[0][1])
    return TableRow(label, kind, tuple(_cell(*value, counts) for value in values), counts)


def read_interval(value: Mapping[str, Any] | None) -> Interval:
    """Return an interval of `summary.json`; one that is not there stands on no case."""
    if value is None:
        return Interval(math.nan, math.nan, math.nan, 0, 0, 0)
    return Interval(
        mean=read_number(value["mean"]),
        low=read_number(value["low"]),
        high=read_number(value["high"]),
        n_values=value["n_values"],
        n_patients=value["n_patients"],
        n_missing=value["n_cases"] - value["n_values"],
    )


def read_number(value: float | str | None) -> float:
    """Return a number of `summary.json`: null is NaN, `"inf"` and `"-inf"` are infinite."""
    return math.nan if value is None else float(value)


def format_number(value: float, column: Column) -> str:
    """Return a number as its column shows it; a dash for NaN."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    shown = round(value * column.factor, column.digits) + 0.0  # no minus before zero
    return f"{shown:{'+' if column.signed else ''}.{column.digits}f}"


def format_ends(low: float, high: float, column: Column) -> str:
    """Return `[low, high]`; empty where there is no interval."""
    if math.isnan(low):
        return ""
    return f"[{format_number(low, column)}, {format_number(high, column)}]"


def format_mean(interval: Interval, column: Column) -> str:
    """Return the mean with its interval and without its counts, e.g. `8.65 [8.10, 9.21]`."""
    ends = format_ends(interval.low, interval.high, column)
    return f"{format_number(interval.mean, column)} {ends}".strip()


def tables(candidates: Iterable[Table | None]) -> list[Table]:
    """Return the tables that exist."""
    return [table for table in candidates if table is not None]


def _cell(column: Column, interval: Interval, row_counts: str) -> Cell:
    counts = format_counts(interval)
    return Cell(
        value=format_number(interval.mean, column),
        ends=format_ends(interval.low, interval.high, column),
        counts="" if counts == row_counts else counts,
    )

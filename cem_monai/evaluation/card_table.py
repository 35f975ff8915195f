"""Building blocks of the tables of a model card, in Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cem_monai.evaluation.report_tables import read_interval
from cem_monai.evaluation.statistics import Interval
from cem_monai.evaluation.summary import LABELS, format_counts, format_interval
from cem_monai.evaluation.summary_schema import IntervalEntry

Entries = Mapping[str, Mapping[str, IntervalEntry]]
"""Predictor → key → interval."""

NOTHING: IntervalEntry = {
    "mean": math.nan,
    "low": math.nan,
    "high": math.nan,
    "n_values": 0,
    "n_cases": 0,
    "n_patients": 0,
}
"""Of what does not apply."""


@dataclass(frozen=True)
class CardColumn:
    """How a card shows one measure.

    Args:
        key: in `summary.json`.
        label: heading, with unit.
        digits: after the decimal point.
        factor: shown number per measured one: 100 for a share in percent.
    """

    key: str
    label: str
    digits: int
    factor: float = 1.0


def interval_table(
    entries: Entries, columns: Sequence[CardColumn], *, counted: str = "images / patients"
) -> str:
    """Return intervals as a table; the last column is what the first one stands on.

    A cell that stands on other images says so itself.

    Args:
        entries: predictor → key → interval, or the name of another row.
        columns: which keys, at least one.
        counted: what values and patients are.
    """
    heading = ["predictor", *(column.label for column in columns), counted]
    rows = []
    for name, own in entries.items():
        intervals = [scaled(own[column.key], column.factor) for column in columns]
        counts = format_counts(intervals[0])
        cells = [cell(*pair, counts) for pair in zip(intervals, columns, strict=True)]
        rows.append([label_of(name), *cells, counts])
    return markdown([heading, *rows])


def scaled(entry: IntervalEntry, factor: float) -> Interval:
    """Return an interval in another unit; factor > 0."""
    one = read_interval(entry)
    return replace(one, mean=one.mean * factor, low=one.low * factor, high=one.high * factor)


def label_of(predictor: str) -> str:
    """Return what tables call a predictor."""
    return LABELS.get(predictor, predictor)


def cell(interval: Interval, column: CardColumn, counts: str) -> str:
    """Return mean and interval; also the counts where they are not those of the row."""
    text, own = format_interval(interval, column.digits), format_counts(interval)
    return text if own == counts or not interval.n_cases else f"{text} ({own})"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table, the first one as its heading."""
    escaped = [[text.replace("|", r"\|") for text in row] for row in rows]
    heading, *lines = ["| " + " | ".join(row) + " |" for row in escaped]
    return "\n".join([heading, "|---" * len(rows[0]) + "|", *lines])

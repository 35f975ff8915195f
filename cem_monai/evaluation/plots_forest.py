"""One measure in subgroups of the cases: means with intervals below each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cem_monai.evaluation.report_columns import Column, column_of
from cem_monai.evaluation.report_tables import read_interval
from cem_monai.evaluation.statistics import Interval
from cem_monai.evaluation.summary import format_counts
from cem_monai.evaluation.svg import COLORS, MARKERS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_INCHES, WIDTH_INCHES = 0.2, 10.5
SPREAD = 0.5
"""Share of a row over which the predictors of one subgroup lie."""


@dataclass(frozen=True)
class ForestRow:
    """One line of the plot.

    Attributes:
        text: the attribute, or one of its values.
        intervals: label of the predictor → interval; empty for an attribute.
    """

    text: str
    intervals: Mapping[str, Interval]

    @property
    def counts(self) -> str:
        """Images or lesions / patients; each predictor's where they differ."""
        counts = dict.fromkeys(format_counts(interval) for interval in self.intervals.values())
        return ", ".join(counts)


def forest_rows(
    subgroups: Sequence[Mapping[str, Any]], measure: str, labels: Mapping[str, str]
) -> list[ForestRow]:
    """Return the lines of one measure: each attribute, and its values below it.

    Args:
        subgroups: of `summary.json`.
        measure: to be drawn.
        labels: predictor → its label, of those to be drawn.
    """
    chosen = [one for one in subgroups if one["measure"] == measure and one["predictor"] in labels]
    rows = []
    for attribute in dict.fromkeys(one["label"] for one in chosen):
        rows.append(ForestRow(attribute, {}))
        own = [one for one in chosen if one["label"] == attribute]
        for value in dict.fromkeys(one["value"] for one in own):
            intervals = {
                labels[one["predictor"]]: read_interval(one["interval"])
                for one in own
                if one["value"] == value
            }
            rows.append(ForestRow(value, intervals))
    return rows


def forest_figure(
    rows: Sequence[ForestRow], measure: str, overall: Mapping[str, Interval]
) -> Figure:
    """Return the plot; the numbers at its right count images or lesions and patients.

    Args:
        rows: see `forest_rows`.
        measure: gives the axis its name and unit.
        overall: label of the predictor → mean of all cases, drawn as a dotted line.
    """
    column = column_of(measure)
    figure = new_figure(WIDTH_INCHES, ROW_INCHES * len(rows) + 1.3)
    axes = figure.add_subplot()
    labels = list(dict.fromkeys(label for row in rows for label in row.intervals))
    for number, label in enumerate(labels):
        offset = _offset(number, len(labels))
        _series(axes, rows, label, offset=offset, column=column, number=number)
        if label in overall and np.isfinite(overall[label].mean):
            mean, color = overall[label].mean * column.factor, COLORS[number % len(COLORS)]
            axes.axvline(mean, color=color, linestyle=":", linewidth=1)
    _name_rows(axes, rows)
    axes.set_xlabel(f"{column.heading}; dotted: all cases")
    axes.grid(axis="x", alpha=0.25)
    if labels:
        figure.legend(loc="outside upper center", ncols=3, fontsize=9)
    return figure


def _offset(number: int, predictors: int) -> float:
    return SPREAD * ((number + 0.5) / predictors - 0.5)


def _series(
    axes: Axes,
    rows: Sequence[ForestRow],
    label: str,
    *,
    offset: float,
    column: Column,
    number: int,
) -> None:
    shown = [
        (row.intervals[label], position + offset)
        for position, row in enumerate(rows)
        if label in row.intervals and np.isfinite(row.intervals[label].mean)
    ]
    means = [interval.mean * column.factor for interval, _ in shown]
    ends = [(interval.low, interval.high) for interval, _ in shown]
    arms = [
        np.nan_to_num(np.abs(np.array(both) * column.factor - mean), posinf=0)
        for both, mean in zip(ends, means, strict=True)
    ]
    axes.errorbar(
        means,
        [position for _, position in shown],
        xerr=np.array(arms).reshape(-1, 2).T,
        fmt=MARKERS[number % len(MARKERS)],
        color=COLORS[number % len(COLORS)],
        markersize=4.5,
        capsize=2,
        elinewidth=1.2,
        label=label,
    )


def _name_rows(axes: Axes, rows: Sequence[ForestRow]) -> None:
    positions = range(len(rows))
    axes.set_yticks(positions, [row.text for row in rows], fontsize=9)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for row, tick in zip(rows, axes.get_yticklabels(), strict=True):
        if not row.intervals:
            tick.set_fontweight("bold")
    counts = axes.secondary_yaxis("right")
    counts.set_yticks(positions, [row.counts for row in rows], fontsize=9)
    counts.tick_params(length=0)
    axes.set_title("n / patients", loc="right", fontsize=9)

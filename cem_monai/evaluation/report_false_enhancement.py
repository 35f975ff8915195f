"""Tables of enhancement that is not there in the real image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cem_monai.evaluation.report_columns import (
    DECOY_GROUP,
    FALSE_COLUMNS,
    FALSE_GROUP,
    LESION_FREE_GROUP,
    MIRROR_GROUP,
)
from cem_monai.evaluation.report_tables import Table, interval_table, tables
from cem_monai.evaluation.resampling import interval_entry
from cem_monai.evaluation.summary import Row, interval_of
from cem_monai.evaluation.summary_schema import IntervalEntry


def false_enhancement_tables(summary: Mapping[str, Any], rows: Sequence[Row]) -> list[Table]:
    """Return false enhancement in all breasts, in those without a mass, mirrored, and of decoys.

    Args:
        summary: as `summary.json` holds it.
        rows: of `metrics.csv`, one per case and predictor.
    """
    measures = summary["measures"]
    lesion_free = lesion_free_intervals(rows)
    return tables(
        (
            interval_table(summary, FALSE_GROUP, measures),
            interval_table(summary, LESION_FREE_GROUP, lesion_free) if lesion_free else None,
            interval_table(summary, MIRROR_GROUP, measures),
            interval_table(summary, DECOY_GROUP, measures),
        )
    )


def lesion_free_cases(rows: Sequence[Row]) -> set[str]:
    """Return the cases whose breast was measured and has no mass.

    A predictor that failed tells nothing of its case; the others do.
    """
    measured = [row for row in rows if row.get("breast_l1")]
    with_mass = {row["case"] for row in measured if row.get("mass_l1")}
    return {row["case"] for row in measured} - with_mass


def lesion_free_intervals(rows: Sequence[Row]) -> dict[str, dict[str, IntervalEntry]]:
    """Return predictor → measure → interval over the images without a mass."""
    cases = lesion_free_cases(rows)
    chosen = [row for row in rows if row["case"] in cases]
    columns = [column.name for column in FALSE_COLUMNS if chosen and column.name in chosen[0]]
    if not columns:
        return {}
    own = {name: [row for row in chosen if row["predictor"] == name] for name in _names(chosen)}
    return {
        name: {column: interval_entry(interval_of(of_name, column)) for column in columns}
        for name, of_name in own.items()
    }


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["predictor"] for row in rows))

"""The tables of the paper: breast with mass, breast without mass, mass only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cem_monai.evaluation.report_columns import (
    DECOY_GROUP,
    FALSE_GROUP,
    MEASURE_GROUPS,
    MIRROR_GROUP,
    SETTING_COLUMNS,
    SIZE_GROUP,
    Column,
    ColumnGroup,
)
from cem_monai.evaluation.report_predictors import predictor_names
from cem_monai.evaluation.report_tables import Table, interval_table, tables

READINGS = {
    "by_image": "Reading 1, by image: the breast with mass is that of images with a mass, the "
    "breast without mass that of other images",
    "same_breast": "Reading 2, same breast: the breast without mass is that of the images with a "
    "mass, less the mass",
}
SETTINGS = {
    "breast_with_mass": "Breast with mass",
    "breast_without_mass": "Breast without mass",
    "mass_only": "Mass only",
}


@dataclass(frozen=True)
class Reading:
    """One way to read the settings.

    Attributes:
        title: heading.
        tables: one for each setting that differs from the readings before.
        same: names of the settings that do not.
    """

    title: str
    tables: list[Table]
    same: list[str]


def reading_tables(summary: Mapping[str, Any]) -> list[Reading]:
    """Return the settings of each reading; what an earlier reading shows is not repeated."""
    shown: dict[str, Any] = {}
    readings = []
    for name, settings in summary.get("tables", {}).items():
        new = {key: value for key, value in settings.items() if shown.get(key) != value}
        groups = {key: ColumnGroup(SETTINGS.get(key, key), SETTING_COLUMNS) for key in settings}
        readings.append(
            Reading(
                title=READINGS.get(name, name),
                tables=tables(interval_table(summary, groups[key], new[key]) for key in new),
                same=[groups[key].title for key in settings if key not in new],
            )
        )
        shown = {**settings, **shown}
    return readings


def measure_tables(summary: Mapping[str, Any]) -> list[Table]:
    """Return all measures that no other section shows; unknown ones are the last table."""
    measures = summary["measures"]
    elsewhere = (SIZE_GROUP, FALSE_GROUP, MIRROR_GROUP, DECOY_GROUP)
    known = {column.name for group in (*MEASURE_GROUPS, *elsewhere) for column in group.columns}
    found = {name for own in measures.values() for name in own}
    others = tuple(Column(name, name, 3) for name in sorted(found - known))
    groups = (*MEASURE_GROUPS, ColumnGroup("Other measures", others))
    trivial = {name: own for name, own in measures.items() if name == predictor_names(summary)[0]}
    return tables(
        (
            *(interval_table(summary, group, measures) for group in groups),
            interval_table(summary, SIZE_GROUP, trivial),
        )
    )

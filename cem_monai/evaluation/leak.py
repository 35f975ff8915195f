"""What a model gains from the contrast agent in its input: the same exams without it.

The low-energy image of a contrast-enhanced exam is acquired after injection, so that it may show
some of the contrast agent. Simulated exams have a twin without any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from cem_monai.evaluation.lesion_summary import OCCULT
from cem_monai.evaluation.measure_table import Floats, MeasureTable, case_tables, lesion_tables
from cem_monai.evaluation.resampling import Patients, Resampling
from cem_monai.evaluation.summary import Row
from cem_monai.evaluation.summary_schema import LeakEntry, LeakMeasures

WITHOUT_CONTRAST = "_without_contrast"
"""Ends the name of a model that was given low-energy images without contrast agent."""


def judged_models(models: Iterable[str]) -> list[str]:
    """Return the models without what they make of images without contrast agent."""
    return [name for name in models if not name.endswith(WITHOUT_CONTRAST)]


def leak_gaps(
    rows: Sequence[Row], lesions: Sequence[Row], models: Sequence[str], resampling: Resampling
) -> dict[str, LeakMeasures] | None:
    """Return what each model gains, or None if no model was given images without contrast agent.

    A recall of occult lesions without contrast agent above that of chance is a bug or a leak: they
    show in no such image.

    Args:
        rows: of cases, of `metrics.csv`.
        lesions: rows of lesions.
        models: all names, those without contrast agent too.
        resampling: of the intervals.

    Raises:
        ValueError: see `case_tables`.
    """
    pairs = {name: name + WITHOUT_CONTRAST for name in models if name + WITHOUT_CONTRAST in models}
    if not pairs:
        return None
    cases = case_tables(rows, models)
    by_lesion = lesion_tables(lesions, list(cases))
    return {
        name: _gaps((cases[name], cases[twin]), _lesions(by_lesion, name, twin), resampling)
        for name, twin in pairs.items()
    }


Tables = tuple[MeasureTable, MeasureTable]


def _lesions(tables: Mapping[str, MeasureTable], name: str, twin: str) -> Tables:
    empty = MeasureTable(())
    return tables.get(name, empty), tables.get(twin, empty)


def _gaps(cases: Tables, lesions: Tables, resampling: Resampling) -> LeakMeasures:
    kinds = np.array([row["lesion_kind"] for row in lesions[0].rows])
    occult, visible = kinds == OCCULT, (kinds != "") & (kinds != OCCULT)
    return {
        "breast_l1": _case_gap(cases, "breast_l1", resampling),
        "mass_l1": _case_gap(cases, "mass_l1", resampling),
        "mass_contrast_generated": _case_gap(cases, "mass_contrast_generated", resampling),
        "recall_visible": _recall_gap(lesions, visible, resampling),
        "recall_occult": _recall_gap(lesions, occult, resampling),
    }


def _case_gap(tables: Tables, column: str, resampling: Resampling) -> LeakEntry:
    a, b = (table.column(column) for table in tables)
    return _gap(a, b, tables[0].patients, resampling)


def _recall_gap(
    tables: Tables, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]], resampling: Resampling
) -> LeakEntry:
    a, b = (1 - table.where(chosen).column("lesion_is_missed") for table in tables)
    return _gap(a, b, tables[0].where(chosen).patients, resampling)


def _gap(a: Floats, b: Floats, patients: Patients, resampling: Resampling) -> LeakEntry:
    lacking = np.isnan(a) | np.isnan(b)
    return {
        "with": resampling.mean(np.where(lacking, np.nan, a), patients),
        "without": resampling.mean(np.where(lacking, np.nan, b), patients),
        "difference": resampling.difference(a, b, patients),
    }

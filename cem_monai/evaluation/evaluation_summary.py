"""From the rows of `metrics.csv` to everything that `summary.json` holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

from cem_monai import __version__
from cem_monai.evaluation.attainable import attainable_gain
from cem_monai.evaluation.completeness import failed_cases
from cem_monai.evaluation.leak import judged_models
from cem_monai.evaluation.lesion_summary import lesion_summary, recall_by_visibility
from cem_monai.evaluation.measure_table import MeasureTable, case_tables, lesion_tables
from cem_monai.evaluation.paired_tests import paired_tests
from cem_monai.evaluation.resampling import Resampling
from cem_monai.evaluation.setting_tables import setting_tables
from cem_monai.evaluation.summary import Row
from cem_monai.evaluation.summary_schema import (
    SCHEMA,
    SCHEMA_VERSION,
    EvaluatedData,
    EvaluatedModel,
    EvaluationSettings,
    EvaluationSummary,
    IntervalEntry,
    LeakMeasures,
    Software,
)
from cem_monai.evaluation.summary_subgroups import summary_subgroups


def evaluation_summary(
    rows: Sequence[Row],
    lesions: Sequence[Row],
    *,
    data: EvaluatedData,
    settings: EvaluationSettings,
    models: Mapping[str, EvaluatedModel],
    leak: dict[str, LeakMeasures] | None = None,
    substitution: dict[str, Any] | None = None,
) -> EvaluationSummary:
    """Return the summary of one evaluation; docs/reference/summary.md explains its keys.

    Args:
        rows: of cases, one for each case and predictor; fields that are empty have no value.
        lesions: rows of lesions, one for each lesion and predictor.
        data: what was evaluated.
        settings: how it was measured; its `resamples` and `confidence` are those of all intervals.
        models: name → where its predictions came from, in the order of tables.
        leak: what models gain from residual contrast agent, if that was measured.
        substitution: result of the substitution experiment, if there was one.

    Raises:
        ValueError: predictors have not the same cases, the cases or patients are not as many as
            `data` says, a case twice, an unknown predictor, a model without cases, a column is
            lacking, or a field is no number.
    """
    tables = case_tables(rows, list(models))
    by_lesion = lesion_tables(lesions, list(tables))
    _check_counts(next(iter(tables.values())), data)
    resampling = Resampling(settings["resamples"], settings["confidence"])
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "software": _software(),
        "data": data,
        "settings": settings,
        "models": dict(models),
        "failed": {name: failed_cases(table.rows, name) for name, table in tables.items()},
        "measures": {name: _means(table, resampling) for name, table in tables.items()},
        "tables": setting_tables(tables, resampling),
        "tests": paired_tests(tables, judged_models(models), resampling),
        "subgroups": summary_subgroups(tables, by_lesion, resampling),
        "lesions": {name: lesion_summary(table, resampling) for name, table in by_lesion.items()},
        "recall": recall_by_visibility(by_lesion, resampling) if data["simulated"] else {},
        "attainable": attainable_gain(tables, resampling),
        "leak": leak,
        "substitution": substitution,
    }


def _means(table: MeasureTable, resampling: Resampling) -> dict[str, IntervalEntry]:
    return {name: resampling.mean(table.column(name), table.patients) for name in table.measures}


def _check_counts(table: MeasureTable, data: EvaluatedData) -> None:
    counts = {"cases": len(table.rows), "patients": len(set(table.patients.tolist()))}
    for name, found in counts.items():
        expected = data["cases"] if name == "cases" else data["patients"]
        if found != expected:
            raise ValueError(f"the table has {found} {name}, the datalist has {expected}")


def _software() -> Software:
    return {
        "cem_monai": __version__,
        "monai": version("monai"),
        "torch": version("torch"),
        "numpy": version("numpy"),
    }

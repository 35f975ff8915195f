"""From the tables of an evaluation to `summary.json` and `report.html`."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cem_monai.checksums import file_sha256
from cem_monai.data import load_datalist
from cem_monai.evaluation.case_evaluation import MeasureSettings
from cem_monai.evaluation.evaluation_summary import evaluation_summary
from cem_monai.evaluation.leak import leak_gaps
from cem_monai.evaluation.limits import has_limits
from cem_monai.evaluation.report import write_report
from cem_monai.evaluation.report_cases import Pictures
from cem_monai.evaluation.resampling import Resampling
from cem_monai.evaluation.summary import Row, read_lesions, read_metrics
from cem_monai.evaluation.summary_file import write_summary
from cem_monai.evaluation.summary_schema import (
    EvaluatedData,
    EvaluatedModel,
    EvaluationSettings,
    EvaluationSummary,
)
from cem_monai.metrics import FOCUS_MM2

RESAMPLING = Resampling(resamples=2000, confidence=0.95)
METRICS, HISTOGRAMS = "metrics.csv", "histograms.csv"
SUMMARY, REPORT = "summary.json", "report.html"


def write_evaluation(
    output: str | os.PathLike[str],
    *,
    datalist: str | os.PathLike[str],
    section: str,
    models: Mapping[str, EvaluatedModel],
    settings: MeasureSettings,
    threshold: float | None,
    pictures: Pictures = (),
    facts: Mapping[str, str] | None = None,
    losses_csv: str | os.PathLike[str] | None = None,
    substitution: Mapping[str, Any] | None = None,
) -> EvaluationSummary:
    """Write `summary.json` and `report.html` beside `metrics.csv` and `histograms.csv`.

    Args:
        output: folder that holds the tables.
        datalist, section: what was evaluated.
        models: name → where its predictions came from, in the order of tables.
        settings: how it was measured.
        threshold: of enhancement, grey level.
        pictures: case and PNG of the first model's worst cases.
        facts: what else the report tells: label → value.
        losses_csv: of `LossHistory`, for the training curves.
        substitution: result of the substitution experiment.

    Raises:
        FileNotFoundError: a table or the datalist is missing.
        ValueError: see `evaluation_summary` and `write_report`.
    """
    output = Path(output)
    cases, lesions = read_metrics(output / METRICS), read_lesions(output / METRICS)
    summary = evaluation_summary(
        cases,
        lesions,
        data=_data(Path(datalist), section, cases),
        settings=_settings(settings, threshold),
        models=models,
        leak=leak_gaps(cases, lesions, list(models), RESAMPLING),
        substitution=dict(substitution) if substitution else None,
    )
    write_summary(output / SUMMARY, summary)
    write_report(
        output / REPORT,
        summary=summary,
        rows=[*cases, *lesions],
        histograms=_read_histograms(output / HISTOGRAMS),
        pictures=pictures,
        facts=facts,
        losses_csv=losses_csv,
    )
    return summary


def _data(datalist: Path, section: str, cases: Sequence[Row]) -> EvaluatedData:
    names = {row["case"] for row in cases}
    items = load_datalist(datalist, section)
    return {
        "datalist": datalist.name,
        "datalist_sha256": file_sha256(datalist),
        "section": section,
        "cases": len(names),
        "patients": len({row["patient"] or row["case"] for row in cases}),
        "training_cases": len(load_datalist(datalist, "training", allow_empty=True)),
        "simulated": all(has_limits(item) for item in items),
    }


def _settings(settings: MeasureSettings, threshold: float | None) -> EvaluationSettings:
    return {
        "data_range": None if settings.data_range is None else list(settings.data_range),
        "cnr_patch_size": settings.patch_size,
        "cnr_stride": settings.stride,
        "cnr_edge": str(getattr(settings.edge, "value", settings.edge)),
        "enhancement_threshold": threshold,
        "minimal_focus_area_mm2": FOCUS_MM2,
        "confidence": RESAMPLING.confidence,
        "resamples": RESAMPLING.resamples,
    }


def _read_histograms(path: Path) -> list[Row]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no histograms; evaluate again")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))

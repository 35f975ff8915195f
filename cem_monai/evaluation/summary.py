"""`metrics.csv` to a table of means with intervals, the trivial predictors first."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cem_monai.evaluation.statistics import Interval, patient_bootstrap

LABELS = {
    "constant": "constant inside the breast",
    "low_energy_copied": "low-energy image copied",
    "depth_profile": "mean by depth from the skin",
    "depth_intensity_table": "table: depth × low-energy intensity",
    "limit_mean": "simulator's limit (mean)",
    "limit_median": "simulator's limit (median)",
    "mean_target": "mean of the training targets",
    "low_dose_copied": "low-dose image copied",
    "dose_scaled": "low-dose image times dose ratio",
    "model": "model",
}


@dataclass(frozen=True)
class Measure:
    """One column of the summary.

    Attributes:
        column: column of `metrics.csv`.
        label: heading, with unit.
        digits: after the decimal point.
    """

    column: str
    label: str
    digits: int


MEASURES = (
    Measure("breast_l1", "breast L1 (grey levels)", 2),
    Measure("breast_l2", "breast L2 (grey levels²)", 1),
    Measure("breast_psnr_roi", "breast psnr_roi (dB)", 2),
    Measure("breast_delta_cnr", "breast ΔCNR", 3),
    Measure("mass_l1", "mass L1 (grey levels)", 2),
    Measure("mass_l2", "mass L2 (grey levels²)", 0),
    Measure("mass_psnr_roi", "mass psnr_roi (dB)", 2),
    Measure("mass_psnr_frame", "mass psnr_frame (dB)", 2),
    Measure("mass_cnr_real", "mass CNR real", 2),
    Measure("mass_cnr_generated", "mass CNR generated", 2),
    Measure("mass_delta_cnr", "mass ΔCNR", 2),
    Measure("mass_abs_delta_cnr", "mass ΔCNR, magnitude", 2),
    # A constant image has no noise, hence no CNR; its contrast is 0
    Measure("mass_contrast_real", "mass contrast real (grey levels)", 1),
    Measure("mass_contrast_generated", "mass contrast generated (grey levels)", 1),
)

PATCH_MEASURES = (
    Measure("l1", "L1 (grey levels)", 2),
    Measure("l2", "L2 (grey levels²)", 1),
    Measure("psnr", "PSNR (dB)", 2),
    Measure("cci_real", "CCI real (grey levels)", 3),
    Measure("cci_generated", "CCI generated (grey levels)", 3),
    Measure("cci_ratio", "CCI generated / real", 3),
)

Row = dict[str, str]
Summary = dict[str, dict[str, Interval]]


def read_metrics(path: str | os.PathLike[str], measures: Sequence[Measure] = MEASURES) -> list[Row]:
    """Return the rows of whole images of `metrics.csv`; for those of lesions see `read_lesions`.

    Args:
        path: the file.
        measures: columns that it must have.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it has no row, or lacks columns of the summary.
    """
    path = Path(path)
    rows = [row for row in _read(path) if not row.get("lesion")]
    if not rows:
        raise ValueError(f"{path}: holds no case")
    wanted = {"predictor", "case", "patient", *(measure.column for measure in measures)}
    if missing := wanted - rows[0].keys():
        raise ValueError(f"{path}: lacks the columns {', '.join(sorted(missing))}")
    return rows


def read_lesions(path: str | os.PathLike[str]) -> list[Row]:
    """Return the rows of single lesions of `metrics.csv`; none is no error.

    Raises:
        FileNotFoundError: there is no such file.
    """
    return [row for row in _read(Path(path)) if row.get("lesion")]


def summarize(rows: Sequence[Row], measures: Sequence[Measure] = MEASURES) -> Summary:
    """Return predictor → column → mean with its patient-bootstrap 95 % interval."""
    names = {row["predictor"] for row in rows}
    known = [name for name in LABELS if name in names and name != "model"]
    ordered = known + sorted(names - set(known))
    return {
        name: _of_predictor([row for row in rows if row["predictor"] == name], measures)
        for name in ordered
    }


def table_cells(summary: Summary, measures: Sequence[Measure] = MEASURES) -> list[list[str]]:
    """Return the summary as text: a heading row, then one row per measure.

    Columns: measure, one for each predictor, number of images and patients (of each predictor, in
    the order of the columns, where they differ); see `format_counts`.
    """
    names = list(summary)
    cells = [
        ["mean [95 % interval]", *(LABELS.get(name, name) for name in names), "images / patients"]
    ]
    for measure in measures:
        intervals = [summary[name][measure.column] for name in names]
        means = [format_interval(interval, measure.digits) for interval in intervals]
        cells.append([measure.label, *means, _counts(intervals)])
    return cells


def markdown_table(summary: Summary, measures: Sequence[Measure] = MEASURES) -> str:
    """Return the summary as a Markdown table: one row per measure, one column per predictor."""
    heading, *rows = ("| " + " | ".join(row) + " |" for row in table_cells(summary, measures))
    return "\n".join([heading, "|---" * (len(summary) + 2) + "|", *rows])


def print_summary(path: str | os.PathLike[str]) -> None:
    """Print the table of one `metrics.csv`."""
    print(markdown_table(summarize(read_metrics(path))))


def print_patch_summary(path: str | os.PathLike[str]) -> None:
    """Print the table of one `metrics.csv` of patches; their patients are the arrangements."""
    rows = read_metrics(path, PATCH_MEASURES)
    print(markdown_table(summarize(rows, PATCH_MEASURES), PATCH_MEASURES))


def format_interval(interval: Interval, digits: int) -> str:
    """Return e.g. `8.65 [8.10, 9.21]`; a dash where no case has a value."""
    if math.isnan(interval.mean):
        return "–"
    mean = f"{interval.mean:.{digits}f}"
    if math.isnan(interval.low):
        return mean
    return f"{mean} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def format_counts(interval: Interval) -> str:
    """Return images / patients, e.g. `40 / 22`; `39 of 40 / 22` where a case has no value."""
    missing = f" of {interval.n_cases}" if interval.n_missing else ""
    return f"{interval.n_values}{missing} / {interval.n_patients}"


def interval_of(rows: Sequence[Row], column: str) -> Interval:
    """Return the mean of one column with its patient-bootstrap 95 % interval.

    A row without patient is its own patient; an empty field is missing.
    """
    patients = [row["patient"] or row["case"] for row in rows]
    return patient_bootstrap([float(row[column] or "nan") for row in rows], patients)


def _read(path: Path) -> list[Row]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no metrics; run the bundle's evaluation first")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _of_predictor(rows: Sequence[Row], measures: Sequence[Measure]) -> dict[str, Interval]:
    return {measure.column: interval_of(rows, measure.column) for measure in measures}


def _counts(intervals: Sequence[Interval]) -> str:
    """Images and patients; each predictor's where they differ, never a hidden denominator."""
    counts = [format_counts(interval) for interval in intervals]
    return counts[0] if len(set(counts)) == 1 else ", ".join(counts)

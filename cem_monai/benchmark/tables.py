"""Tables of a suite: models as the paper arranges them, trivial predictors, limit, intervals."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from cem_monai.atomic import atomic_write
from cem_monai.benchmark.suites import Suite, Table
from cem_monai.evaluation import paired_patient_bootstrap, patient_bootstrap
from cem_monai.evaluation.statistics import Interval
from cem_monai.evaluation.summary import BASELINES, LABELS, Measure, Row, format_interval

Results = Mapping[str, Sequence[Row]]

WITH_MASS, WITHOUT_MASS = "with mass", "without mass"
COLUMNS = (
    (Measure("breast_l1", "breast L1, images with a mass", 2), WITH_MASS),
    (Measure("breast_l1", "breast L1, images without", 2), WITHOUT_MASS),
    (Measure("breast_delta_cnr", "breast ΔCNR, with a mass", 3), WITH_MASS),
    (Measure("mass_l1", "mass L1", 2), WITH_MASS),
    (Measure("mass_l2", "mass L2", 0), WITH_MASS),
    (Measure("mass_delta_cnr", "mass ΔCNR", 2), WITH_MASS),
    (Measure("mass_contrast_generated", "mass contrast", 1), WITH_MASS),
)
LIMIT_LABELS = {
    "limit_median": "limit: conditional median",
    "limit_mean": "limit: conditional mean",
    "clean": "true iodine without noise",
}
DIFFERENCES = (Measure("breast_l1", "breast L1", 2), Measure("mass_l1", "mass L1", 2))


def markdown_report(suite: Suite, done: Results, limit: Sequence[Row]) -> str:
    """Return all tables of the models that are done.

    Args:
        suite: what was run.
        done: model → rows of its `metrics.csv`.
        limit: rows of the simulator's limit.
    """
    if not done:
        return "No model is trained yet.\n"
    sections = [_table(table, done, limit) for table in suite.tables]
    return "\n".join([section for section in sections if section]) + "\n"


def write_rows(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Write rows as `metrics.csv` has them: an empty field for what a case does not have."""
    with atomic_write(path, "w") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row in rows:
            # NaN is the one value unlike itself
            writer.writerow({key: "" if value != value else value for key, value in row.items()})


def _table(table: Table, done: Results, limit: Sequence[Row]) -> str:
    models = [name for name in table.models if name in done]
    if not models:
        return ""
    first = done[models[0]]
    rows = [(LABELS[name], _of(first, name)) for name in BASELINES]
    rows += [(name, _of(done[name], "model")) for name in models]
    rows += [(label, _of(limit, name)) for name, label in LIMIT_LABELS.items()]
    heading = ["mean [95 % interval]", *(measure.label for measure, _ in COLUMNS)]
    lines = [f"### {table.title}", "", _line(heading), "|---" * len(heading) + "|"]
    lines += [_line([label, *_cells(one)]) for label, one in rows]
    return "\n".join([*lines, "", *_published(table), "", *_differences(models, done), ""])


def _of(rows: Sequence[Row], predictor: str) -> list[Row]:
    return [row for row in rows if row["predictor"] == predictor]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cells(rows: Sequence[Row]) -> list[str]:
    return [
        format_interval(_mean(_group(rows, group), measure), measure.digits)
        for measure, group in COLUMNS
    ]


def _group(rows: Sequence[Row], group: str) -> list[Row]:
    return [row for row in rows if (float(row["mass_pixels"]) > 0) == (group == WITH_MASS)]


def _mean(rows: Sequence[Row], measure: Measure) -> Interval:
    values = [float(row[measure.column] or "nan") for row in rows]
    return patient_bootstrap(values, [row["patient"] for row in rows])


def _published(table: Table) -> list[str]:
    """Return the published numbers below each other: other images, other scale, no intervals."""
    columns = list(next(iter(table.models.values())))
    labels = {measure.column: measure.label for measure, group in COLUMNS if group == WITH_MASS}
    heading = ["published", *(labels[column] for column in columns)]
    lines = [_line(heading), "|---" * len(heading) + "|"]
    for name, numbers in table.models.items():
        lines.append(_line([name, *(f"{numbers[column]:g}" for column in columns)]))
    return lines


def _differences(models: Sequence[str], done: Results) -> list[str]:
    """Return each model against the first, on the same images."""
    first, *others = models
    if not others:
        return []
    heading = [f"minus {first}, same images", *(measure.label for measure in DIFFERENCES)]
    lines = [_line(heading), "|---" * len(heading) + "|"]
    for name in others:
        cells = [
            format_interval(_difference(done[name], done[first], measure), measure.digits)
            for measure in DIFFERENCES
        ]
        lines.append(_line([name, *cells]))
    return lines


def _difference(rows: Sequence[Row], others: Sequence[Row], measure: Measure) -> Interval:
    ours, theirs = (_group(_of(one, "model"), WITH_MASS) for one in (rows, others))
    by_case = {row["case"]: row for row in theirs}
    return paired_patient_bootstrap(
        [float(row[measure.column]) for row in ours],
        [float(by_case[row["case"]][measure.column]) for row in ours],
        [row["patient"] for row in ours],
    )

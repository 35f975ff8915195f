"""Tables of an experiment: trivial predictors, models, published numbers, limit; intervals."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from cem_monai.atomic import atomic_write
from cem_monai.benchmark.experiment import Block, Experiment, Table
from cem_monai.evaluation import (
    LABELS,
    Measure,
    Row,
    format_interval,
    paired_patient_bootstrap,
    patient_bootstrap,
)

PUBLISHED = "published"


@dataclass(frozen=True)
class Results:
    """What one model left.

    Args:
        metrics: rows of its `metrics.csv`.
        losses: last row of its `losses.csv`, means of that epoch.
    """

    metrics: Sequence[Row]
    losses: Mapping[str, float]


def markdown_tables(
    experiment: Experiment,
    done: Mapping[str, Results],
    limit: Sequence[Row],
    rival: Mapping[str, Results] | None = None,
) -> str:
    """Return all tables of the models that are done.

    Args:
        experiment: how they are arranged.
        done: model → what it left; may be empty.
        limit: rows of `limit.csv`.
        rival: the same of the experiment's `rival`.
    """
    if not done:
        return f"{experiment.name}: no model is trained yet.\n"
    sections = [_section(experiment, table, done, limit) for table in experiment.tables]
    if both := [name for name in done if name in (rival or {})]:
        sections.append(_against_rival(experiment, both, done, rival or {}))
    return "\n".join(section for section in sections if section)


def write_rows(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Write rows as `metrics.csv` has them: an empty field for what a case does not have."""
    with atomic_write(path, "w") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row in rows:
            # NaN is the one value unlike itself
            writer.writerow({key: "" if value != value else value for key, value in row.items()})


def read_losses(path: Path) -> dict[str, float]:
    """Return the last epoch of a `losses.csv`."""
    with path.open(newline="", encoding="utf-8") as file:
        return {name: float(value) for name, value in list(csv.DictReader(file))[-1].items()}


def _section(
    experiment: Experiment, table: Table, done: Mapping[str, Results], limit: Sequence[Row]
) -> str:
    models = {name: done[name] for name in table.models if name in done}
    if not models:
        return ""
    predictions = _predictions(experiment, models)
    parts = [
        *(
            _measured(experiment, table, number, predictions, limit)
            for number in range(len(experiment.blocks))
        ),
        _differences(experiment, experiment.reference or next(iter(models)), predictions),
        _losses(table, models),
    ]
    text = ["\n".join([*part, ""]) for part in parts if part]
    return "\n".join([f"### {table.title}", "", *text])


def _predictions(experiment: Experiment, models: Mapping[str, Results]) -> dict[str, Sequence[Row]]:
    """Return the rows of the trivial predictors and of each model, by their names."""
    first = next(iter(models.values())).metrics
    return {
        **{name: _of(first, name) for name in experiment.baselines},
        **{name: _of(results.metrics, "model") for name, results in models.items()},
    }


def _measured(
    experiment: Experiment,
    table: Table,
    number: int,
    predictions: Mapping[str, Sequence[Row]],
    limit: Sequence[Row],
) -> list[str]:
    """One block: predictors, models with their published numbers, and the limit."""
    block = experiment.blocks[number]
    rows = []
    for name, measured in predictions.items():
        rows.append([LABELS.get(name, name), *_cells(measured, block)])
        if published := table.models[name][number] if name in table.models else ():
            numbers = zip_longest(block.measures, published)
            rows.append([f"{name}, {PUBLISHED}", *(_number(one) for _, one in numbers)])
    rows += [[label, *_cells(_of(limit, name), block)] for name, label in experiment.limits.items()]
    counts = _counts(next(iter(predictions.values())), block, experiment.subjects)
    heading = f"{block.title} ({counts})"
    return _table([heading, *(measure.label for measure in block.measures)], rows)


def _differences(
    experiment: Experiment, reference: str, predictions: Mapping[str, Sequence[Row]]
) -> list[str]:
    """Set every predictor against one of them, image by image."""
    rows = [
        [
            LABELS.get(name, name),
            *(_difference(one, predictions[reference], block) for block in experiment.blocks),
        ]
        for name, one in predictions.items()
        if name != reference
    ]
    return _table(
        [f"minus {LABELS.get(reference, reference)}, same images", *_first_measures(experiment)],
        rows,
    )


def _against_rival(
    experiment: Experiment,
    names: Sequence[str],
    done: Mapping[str, Results],
    rival: Mapping[str, Results],
) -> str:
    """Set every model against itself, trained otherwise, image by image."""
    rows = [
        [
            name,
            *(
                _difference(
                    _of(done[name].metrics, "model"), _of(rival[name].metrics, "model"), block
                )
                for block in experiment.blocks
            ),
        ]
        for name in names
    ]
    heading = f"minus the same model of `{experiment.rival}`, same images"
    return "\n".join([*_table([heading, *_first_measures(experiment)], rows), ""])


def _first_measures(experiment: Experiment) -> list[str]:
    return [f"{block.measures[0].label}, {block.title}" for block in experiment.blocks]


def _losses(table: Table, models: Mapping[str, Results]) -> list[str]:
    """Losses of the last epoch, and the published ones of one moment."""
    if not table.losses:
        return []
    names = list(next(iter(table.losses.values())))
    rows = []
    for model, results in models.items():
        for label, losses in ((model, results.losses), (PUBLISHED, table.losses[model])):
            numbers = [f"{losses[name]:.3f}" for name in names]
            rows.append([label if label == model else f"{model}, {label}", *numbers])
    return _table(["losses of the last epoch", *names], rows)


def _of(rows: Sequence[Row], predictor: str) -> list[Row]:
    return [row for row in rows if row["predictor"] == predictor]


def _cells(rows: Sequence[Row], block: Block) -> list[str]:
    counted = block.of(rows)
    patients = [row["patient"] for row in counted]
    return [
        format_interval(patient_bootstrap(_values(counted, measure), patients), measure.digits)
        for measure in block.measures
    ]


def _counts(rows: Sequence[Row], block: Block, subjects: str) -> str:
    counted = block.of(rows)
    return f"{len(counted)} images of {len({row['patient'] for row in counted})} {subjects}"


def _difference(rows: Sequence[Row], others: Sequence[Row], block: Block) -> str:
    measure, ours = block.measures[0], block.of(rows)
    by_case = {row["case"]: row for row in others}
    theirs = [by_case[row["case"]] for row in ours]
    patients = [row["patient"] for row in ours]
    interval = paired_patient_bootstrap(_values(ours, measure), _values(theirs, measure), patients)
    return format_interval(interval, measure.digits)


def _values(rows: Sequence[Row], measure: Measure) -> list[float]:
    return [float(row[measure.column] or "nan") for row in rows]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(cells) + " |" for cells in (heading, *rows)]
    return [lines[0], "|---" * len(heading) + "|", *lines[1:]]

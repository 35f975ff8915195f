"""All folds of an experiment as one evaluation: summary, report, best, median and worst case."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cem_monai.benchmark.experiment import Experiment, Model
from cem_monai.benchmark.training import METRICS_FILE, Training, evaluate, trainings
from cem_monai.data import load_datalist
from cem_monai.data.datalist import write_sections
from cem_monai.evaluation import (
    EvaluatedModel,
    MeasureSettings,
    Row,
    read_lesions,
    read_metrics,
    worst_first,
    write_evaluation,
)
from cem_monai.metrics import Histograms, write_metrics_csv

FOLDER, EXAMPLES, HISTOGRAMS_FILE, ALL_FOLDS = "pooled", "examples", "histograms.csv", "all_folds"
MODEL, REAL = "model", "real"
"""Predictors of a bundle's tables."""


def write_pooled(experiment: Experiment, output: Path, models: Sequence[Model]) -> Path:
    """Write `pooled/report.html`, `summary.json` and tables of the models that are done.

    A model's rows are those of all folds, so that each patient counts once. Trivial predictors are
    those of each fold. Histograms are means over folds.

    Args:
        experiment: with several `parts`.
        output: folder of the suite.
        models: those of which no part is missing, the first of which is shown in pictures.

    Returns:
        the report.
    """
    folder = output / experiment.name / FOLDER
    rows: list[dict[str, object]] = []
    histograms = Histograms()
    for model in models:
        names = {MODEL: model.name}
        if model is models[0]:  # the trivial predictors are the same beside every model
            names |= {one: one for one in (*experiment.baselines, REAL)}
        for training in trainings(experiment, model):
            source = training.folder(output)
            rows += _rows(source / METRICS_FILE, names)
            _add(histograms, source / HISTOGRAMS_FILE, names)
    write_metrics_csv(folder / METRICS_FILE, rows)
    histograms.write(folder / HISTOGRAMS_FILE)
    origin: EvaluatedModel = {"predictions": experiment.name, "weights_sha256": None}
    options = experiment.options
    write_evaluation(
        folder,
        datalist=_all_folds(experiment, output),
        section="test",
        models={model.name: origin for model in models},
        settings=MeasureSettings(None, options["cnr_patch_size"], options["cnr_stride"]),
        threshold=None,
        pictures=_pictures(experiment, output, models[0]),
        facts={"folds": f"{len(experiment.parts)}, by patient; every patient is judged once"},
    )
    return folder / "report.html"


def _rows(path: Path, names: Mapping[str, str]) -> list[dict[str, object]]:
    return [
        {**row, "predictor": names[row["predictor"]]}
        for row in (*read_metrics(path), *read_lesions(path))
        if row["predictor"] in names
    ]


def _add(histograms: Histograms, path: Path, names: Mapping[str, str]) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            setting, predictor = row.pop("setting"), row.pop("predictor")
            if predictor in names:
                histograms.add(names[predictor], {setting: np.array([*map(float, row.values())])})


def _all_folds(experiment: Experiment, output: Path) -> Path:
    """Write and return a datalist whose test section holds the cases of all folds."""
    lists = [experiment.datalist(output, part) for part in experiment.parts]
    path = lists[0].with_name(f"{ALL_FOLDS}.json")
    items = [item for one in lists for item in json.loads(one.read_text("utf-8"))["test"]]
    write_sections([("test", item) for item in items], path)
    return path


def _pictures(experiment: Experiment, output: Path, model: Model) -> list[tuple[str, Path]]:
    """Draw the worst, the median and the best case of a model, each by the weights of its fold."""
    fold_of: dict[str, Training] = {}
    rows: list[Row] = []
    for training in trainings(experiment, model):
        of_fold = read_metrics(training.folder(output) / METRICS_FILE)
        fold_of |= dict.fromkeys((row["case"] for row in of_fold), training)
        rows += of_fold
    ordered = [row["case"] for row in worst_first(rows, MODEL)]
    pictures = []
    for case in (ordered[0], ordered[len(ordered) // 2], ordered[-1]):
        folder = output / experiment.name / EXAMPLES / case
        picture = folder / "pictures" / f"{case}.png"
        if not picture.exists():
            datalist = _single(fold_of[case], output, case, folder)
            evaluate(fold_of[case], output, folder, datalist)
        pictures.append((case, picture))
    return pictures


def _single(training: Training, output: Path, case: str, folder: Path) -> Path:
    """Write and return a datalist with one case to judge; the predictors learn as before."""
    datalist = training.experiment.datalist(output, training.part)
    learn, judge = (load_datalist(datalist, section) for section in ("training", "test"))
    items: list[tuple[str, dict[str, Any]]] = [("training", item) for item in learn]
    items += [("test", item) for item in judge if item["case"] == case]
    write_sections(items, folder / "datalist.json")
    return folder / "datalist.json"

"""Folders of predictions of any origin, measured case by case beside the trivial predictors."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cem_monai.data.datalist import TWIN_KEY
from cem_monai.evaluation.case_evaluation import (
    CaseJob,
    MeasureSettings,
    evaluate_case,
)
from cem_monai.evaluation.leak import WITHOUT_CONTRAST
from cem_monai.evaluation.limits import has_limits
from cem_monai.evaluation.mirrored_lesion import other_breasts
from cem_monai.evaluation.parallel import Processes
from cem_monai.evaluation.predictions import match_predictions
from cem_monai.evaluation.problems import PredictionsError, Problem, ProblemKind
from cem_monai.evaluation.training_fit import fit_training_cases
from cem_monai.metrics import Histograms, Row

Items = Sequence[Mapping[str, Any]]
Folder = str | os.PathLike[str]


@dataclass
class Measured:
    """All that was measured.

    Attributes:
        rows: of `metrics.csv`.
        histograms: of all images.
        threshold: of enhancement, grey level.
        files: model → case → file.
    """

    threshold: float
    files: dict[str, dict[str, Path | None]]
    rows: list[Row] = field(default_factory=list)
    histograms: Histograms = field(default_factory=Histograms)


def measure_predictions(
    models: Mapping[str, Folder],
    items: Items,
    training_items: Items,
    settings: MeasureSettings,
    processes: Processes,
    *,
    without_contrast: Mapping[str, Folder] | None = None,
    count_missing: bool = False,
) -> Measured:
    """Measure all cases by all predictors.

    Args:
        models: name → folder of its predictions, see `find_predictions`.
        items: of the test section, see `load_datalist`.
        training_items: of the training section, which the trivial predictors learn from.
        settings: how to measure.
        processes: to work in.
        without_contrast: name → folder of what the model made of `image_without_contrast`.
        count_missing: a missing prediction is a case without values, counted in every table; by
            default it is an error.

    Raises:
        FileNotFoundError: a folder is missing.
        ValueError: a training case is unusable or there is none.
        PredictionsError: see `find_predictions`, `load_evaluation_case` and `read_prediction`; all
            that is wrong at once, before anything is returned.
    """
    found, problems = _find(models, items, without_contrast or {}, count_missing=count_missing)
    fit = fit_training_cases(training_items, settings.data_range, processes)
    with_limits = all(has_limits(item) for item in items)
    partners = other_breasts(items)
    jobs = [
        CaseJob(
            item=item,
            predictions={model: files.get(str(item["case"])) for model, files in found.items()},
            trivial=fit.predictors,
            threshold=fit.threshold,
            settings=settings,
            other_breast=partners.get(str(item["case"])),
            with_limits=with_limits,
        )
        for item in {str(item["case"]): item for item in items}.values()
    ]
    measured = Measured(fit.threshold, found)
    for outcome in processes.map(evaluate_case, jobs, "measuring"):
        problems += outcome.problems
        measured.rows += outcome.rows
        measured.histograms.merge(outcome.histograms)
    if problems:
        raise PredictionsError(problems)
    return measured


def _find(
    models: Mapping[str, Folder],
    items: Items,
    without_contrast: Mapping[str, Folder],
    *,
    count_missing: bool,
) -> tuple[dict[str, dict[str, Path | None]], list[Problem]]:
    """Return model → case → file, and all that is wrong with names."""
    sources = {name: (folder, items) for name, folder in models.items()}
    for name, folder in without_contrast.items():
        sources[name + WITHOUT_CONTRAST] = (folder, _twins(items))
    found: dict[str, dict[str, Path | None]] = {}
    problems: list[Problem] = []
    for name, (folder, its_items) in sources.items():
        matching = match_predictions(folder, its_items)
        found[name] = {**matching.found}
        problems += [
            problem if len(sources) == 1 else _of_model(name, problem)
            for problem in matching.problems
            if not (count_missing and problem.kind is ProblemKind.MISSING)
        ]
    return found, problems


def _of_model(name: str, problem: Problem) -> Problem:
    return problem._replace(detail=f"{name}: {problem.detail}" if problem.detail else name)


def _twins(items: Items) -> Items:
    if lacking := [str(item["case"]) for item in items if not item.get(TWIN_KEY)]:
        problems = [Problem(ProblemKind.NO_TWIN, case) for case in lacking]
        raise PredictionsError(problems)
    return [{**item, "image": item[TWIN_KEY]} for item in items]

"""Evaluate folders of predictions of any origin, from files to the report."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from cem_monai.checksums import file_sha256
from cem_monai.data import load_datalist
from cem_monai.evaluation.case_evaluation import MeasureSettings
from cem_monai.evaluation.evaluation_case import EvaluationCase, load_evaluation_case
from cem_monai.evaluation.evaluation_files import (
    HISTOGRAMS,
    METRICS,
    REPORT,
    SUMMARY,
    write_evaluation,
)
from cem_monai.evaluation.leak import WITHOUT_CONTRAST
from cem_monai.evaluation.measure_predictions import Measured, measure_predictions
from cem_monai.evaluation.parallel import Processes
from cem_monai.evaluation.patch_classifier import PatchClassifier
from cem_monai.evaluation.prediction_pixels import FloatImage, read_prediction
from cem_monai.evaluation.substitution import substitute_images, train_patch_classifier
from cem_monai.evaluation.sufficiency import TooFewError
from cem_monai.evaluation.summary import LABELS, read_metrics
from cem_monai.evaluation.summary_schema import EvaluatedModel, EvaluationSummary
from cem_monai.evaluation.worst_pictures import draw_worst_cases
from cem_monai.metrics import write_metrics_csv

Items = Sequence[Mapping[str, Any]]

TRAINING = "training"
"""Section of a datalist."""


@dataclass(frozen=True)
class EvaluationRequest:
    """What to evaluate.

    Args:
        models: name → folder of its predictions, see `find_predictions`; the first is the one whose
            cases are shown.
        datalist: JSON file of `write_datalist`, or of the same form.
        section: of the datalist; not `training`, which the trivial predictors learn from.
        settings: how to measure.
        without_contrast: name → folder of what the model made of `image_without_contrast`.
        count_missing: see `measure_predictions`.
        with_substitution: whether to do the substitution experiment for the first model.
        weights: name → weights file; its SHA-256 goes into the summary.
        losses_csv: of the first model's training, for the curves.

    Raises:
        ValueError: a name is not usable in tables and files, or names no model; the section is
            `training`.
    """

    models: Mapping[str, Path]
    datalist: Path
    section: str = "test"
    settings: MeasureSettings = field(default_factory=MeasureSettings)
    without_contrast: Mapping[str, Path] = field(default_factory=dict)
    count_missing: bool = False
    with_substitution: bool = False
    weights: Mapping[str, Path] = field(default_factory=dict)
    losses_csv: Path | None = None

    def __post_init__(self) -> None:
        for name in self.models:
            reserved = name in LABELS.keys() - {"model"} or name.endswith(WITHOUT_CONTRAST)
            if reserved or not re.fullmatch(r"[\w.+-]+", name):
                raise ValueError(
                    f"the model {name!r} needs another name: letters, digits, . + - _, and not "
                    f"that of a trivial predictor, e.g. mine=DIR"
                )
        for name in (*self.without_contrast, *self.weights):
            if name not in self.models:
                raise ValueError(f"no model {name!r}, there are {', '.join(self.models)}")
        if self.section == TRAINING:
            raise ValueError(
                f"the section {TRAINING!r} cannot be evaluated: the trivial predictors and the "
                "threshold of false enhancement learn from it"
            )


def evaluate_predictions(
    request: EvaluationRequest, output: str | os.PathLike[str], *, workers: int = 1
) -> EvaluationSummary:
    """Measure, summarize, report.

    Writes `metrics.csv`, `histograms.csv`, `summary.json`, `report.html` and `pictures/`; nothing
    before all predictions have been read and measured.

    Args:
        request: what to evaluate.
        output: folder to write.
        workers: processes.

    Returns:
        what `summary.json` holds.

    Raises:
        FileNotFoundError: a folder or file is missing.
        ValueError: the output is a file, cannot be written or lies in a folder of predictions; a
            training case is unusable; there are too few lesions for the substitution experiment.
        PredictionsError: see `measure_predictions`.
    """
    output = Path(output)
    _check_output(output, (*request.models.values(), *request.without_contrast.values()))
    if request.losses_csv is not None and not request.losses_csv.is_file():
        raise FileNotFoundError(f"{request.losses_csv}: no such file")
    hashes = {name: file_sha256(path) for name, path in request.weights.items()}
    items = load_datalist(request.datalist, request.section)
    training = load_datalist(request.datalist, TRAINING, allow_empty=True)
    with Processes(workers).started() as processes:
        classifier = _classifier(request, training)
        measured = measure_predictions(
            request.models,
            items,
            training,
            request.settings,
            processes,
            without_contrast=request.without_contrast,
            count_missing=request.count_missing,
        )
        substitution, facts = _substitution(request, classifier, items, measured)
        output.mkdir(parents=True, exist_ok=True)
        for name in (SUMMARY, REPORT):  # of an earlier evaluation, if this one is broken off
            (output / name).unlink(missing_ok=True)
        write_metrics_csv(output / METRICS, measured.rows)
        measured.histograms.write(output / HISTOGRAMS)
        shown = next(iter(request.models))
        pictures = draw_worst_cases(
            output / "pictures",
            read_metrics(output / METRICS),
            shown,
            items,
            measured.files[shown],
            processes,
        )
        return write_evaluation(
            output,
            datalist=request.datalist,
            section=request.section,
            models=_models(request, hashes),
            settings=request.settings,
            threshold=measured.threshold,
            pictures=pictures,
            facts=facts,
            losses_csv=request.losses_csv,
            substitution=substitution,
        )


def _check_output(output: Path, predictions: Iterable[Path]) -> None:
    """Raise at once on what would otherwise end the evaluation after hours."""
    for folder in predictions:
        if output.resolve().is_relative_to(Path(folder).resolve()):
            raise ValueError(f"{output}: lies in {folder}, where it would pass for predictions")
    existing = next(path for path in (output, *output.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise ValueError(f"{output}: the output must be a folder, {existing} is a file")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ValueError(f"{output}: the folder {existing} cannot be written to")


def _models(request: EvaluationRequest, hashes: Mapping[str, str]) -> dict[str, EvaluatedModel]:
    models: dict[str, EvaluatedModel] = {}
    for name, folder in request.models.items():
        weights = hashes.get(name)
        models[name] = {"predictions": Path(folder).name, "weights_sha256": weights}
        if twin := request.without_contrast.get(name):
            entry: EvaluatedModel = {"predictions": Path(twin).name, "weights_sha256": weights}
            models[name + WITHOUT_CONTRAST] = entry
    return models


def _classifier(request: EvaluationRequest, training: Items) -> PatchClassifier | None:
    """Train first: too few lesions shall not be found out after everything else."""
    if not request.with_substitution:
        return None
    bar = tqdm(training, desc="learning lesions of real images", unit="case")
    cases = (load_evaluation_case(item) for item in bar)
    return train_patch_classifier(cases, data_range=request.settings.data_range)


def _substitution(
    request: EvaluationRequest,
    classifier: PatchClassifier | None,
    items: Items,
    measured: Measured,
) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """Return the outcome, or why there is none as a fact for the report."""
    if classifier is None:
        return None, {}
    files = measured.files[next(iter(request.models))]
    if lacking := [str(item["case"]) for item in items if files.get(str(item["case"])) is None]:
        told = f"not done, since {len(lacking)} of {len(items)} cases have no prediction"
        return None, {"substitution experiment": told}
    pairs = _pairs(tqdm(items, desc="substituting", unit="case"), files)
    try:
        data_range = request.settings.data_range
        return substitute_images(classifier, pairs, data_range=data_range).to_json(), {}
    except TooFewError as error:  # what has been measured is worth more
        print(error)
        return None, {"substitution experiment": str(error)}


def _pairs(
    items: Any, files: Mapping[str, Path | None]
) -> Iterator[tuple[EvaluationCase, FloatImage]]:
    for item in items:
        case = load_evaluation_case(item)
        if (path := files[case.name]) is not None:
            yield case, read_prediction(path, case)

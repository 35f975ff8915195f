"""One test case by every predictor: load, check, predict trivially, measure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.evaluation_case import EvaluationCase, load_evaluation_case
from cem_monai.evaluation.limits import read_limits
from cem_monai.evaluation.mirrored_lesion import mirrored_lesion
from cem_monai.evaluation.prediction_pixels import read_prediction
from cem_monai.evaluation.predictors import Predictor
from cem_monai.evaluation.problems import PredictionsError, Problem
from cem_monai.evaluation.training_fit import Range, scaled
from cem_monai.metrics import (
    CaseMeasures,
    CaseRegions,
    CNREdge,
    Histograms,
    KnownPosition,
    MeasureOptions,
    Row,
    case_rows,
    missing_rows,
)
from cem_monai.metrics.metrics_csv import REAL
from cem_monai.metrics.sliding_window import WindowGrid

Item = Mapping[str, Any]
StoredImage = npt.NDArray[np.int32]


@dataclass(frozen=True)
class MeasureSettings:
    """How cases are measured.

    Args:
        data_range: stored values (low, high) that stand for grey levels 0 and 255, beyond which all
            images are clipped; None for the whole range of each real image's format.
        patch_size, stride, edge: of the breast CNR, see `cem_monai.metrics.MeasureOptions`.

    Raises:
        ValueError: the edge is unknown, or the patch is no multiple of the stride.
    """

    data_range: Range | None = None
    patch_size: int = 64
    stride: int = 16
    edge: CNREdge | str = CNREdge.STRICT

    def __post_init__(self) -> None:
        WindowGrid(self.patch_size, self.stride)
        edges = [edge.value for edge in CNREdge]
        if self.edge not in edges:
            raise ValueError(f"cnr_edge must be one of {', '.join(edges)}, got {self.edge!r}")


@dataclass(frozen=True)
class CaseJob:
    """All that is needed to evaluate one case in another process.

    Args:
        item: of the datalist.
        predictions: model → file; None where the prediction is missing.
        trivial: predictors by name.
        threshold: of enhancement, grey level.
        settings: see `MeasureSettings`.
        other_breast: item of `other_breasts`, if there is one.
        with_limits: whether the simulator's limit lies beside the recombined image.
    """

    item: Item
    predictions: Mapping[str, Path | None]
    trivial: Mapping[str, Predictor]
    threshold: float
    settings: MeasureSettings
    other_breast: Item | None
    with_limits: bool


@dataclass(frozen=True)
class CaseOutcome:
    """What came of one case.

    Attributes:
        rows: of `metrics.csv`.
        histograms: of its images.
        problems: why it could not be evaluated; then there are no rows.
    """

    rows: list[Row] = field(default_factory=list)
    histograms: Histograms = field(default_factory=Histograms)
    problems: tuple[Problem, ...] = ()


def evaluate_case(job: CaseJob) -> CaseOutcome:
    """Evaluate one case by all predictors."""
    try:
        case = _load(json.dumps(job.item, default=str))
    except PredictionsError as error:
        return CaseOutcome(problems=error.problems)
    images: dict[str, npt.NDArray[Any]] = {}
    problems: list[Problem] = []
    for model, path in job.predictions.items():
        try:
            if path is not None:
                images[model] = read_prediction(path, case)
        except PredictionsError as error:
            problems += error.problems
    if problems:
        return CaseOutcome(problems=tuple(problems))
    try:
        return _measure(job, case, images)
    except PredictionsError as error:  # of the other breast
        return CaseOutcome(problems=error.problems)


@lru_cache(maxsize=3)
def _load(item: str) -> EvaluationCase:
    """Load a case, or have it still: views of one breast come two before those of the other."""
    return load_evaluation_case(json.loads(item))


def _measure(
    job: CaseJob, case: EvaluationCase, predictions: Mapping[str, npt.NDArray[Any]]
) -> CaseOutcome:
    data_range = job.settings.data_range or case.value_range
    limits = read_limits(case) if job.with_limits else {}
    images = {**_trivial(job, case, data_range), **limits, **predictions}
    other = None if job.other_breast is None else _load(json.dumps(job.other_breast, default=str))
    regions = case_regions(case, other)
    real = stored(case.recombined, data_range)
    measures = CaseMeasures(real, regions, _options(job, data_range))
    outcome = CaseOutcome()
    outcome.histograms.add(REAL, measures.histograms(real))
    for predictor, image in images.items():
        generated = stored(image, data_range)
        identity = {"predictor": predictor, **identity_of(case)}
        outcome.rows.extend(case_rows(measures, generated, identity))
        outcome.histograms.add(predictor, measures.histograms(generated))
    for model in [name for name in job.predictions if name not in predictions]:
        outcome.rows.extend(missing_rows(regions, {"predictor": model, **identity_of(case)}))
    return outcome


def case_regions(case: EvaluationCase, other_breast: EvaluationCase | None) -> CaseRegions:
    """Return where a case is measured.

    Args:
        case: see `load_evaluation_case`.
        other_breast: the same view of the other breast, if that has a mass.
    """
    return CaseRegions(
        breast=case.breast,
        readers=[(one.mass, one.surround) for one in case.readers],
        decoy=case.decoy,
        mirrored=None if other_breast is None else mirrored_lesion(case, other_breast),
        pixel_area=case.spacing[0] * case.spacing[1] if case.spacing else None,
        known_lesions=known_positions(case),
    )


def known_positions(case: EvaluationCase) -> list[KnownPosition]:
    """Return where the enhancing lesions lie whose kind is known."""
    return [KnownPosition(one.kind, one.row, one.column) for one in case.lesions if one.enhancing]


def identity_of(case: EvaluationCase) -> dict[str, object]:
    """Return the columns of `metrics.csv` that tell and group cases."""
    rows, columns = case.recombined.shape
    return {
        "lesion": "",
        "case": case.name,
        "patient": case.patient,
        "laterality": case.laterality.value,
        "view_position": case.view_position.value,
        **case.attributes,
        "grid_rows": rows,
        "grid_columns": columns,
    }


def stored(image: npt.NDArray[Any], data_range: Range) -> StoredImage:
    """Return an image as it would be stored: whole numbers inside the range."""
    return np.rint(image.clip(*data_range)).astype(np.int32)


def _options(job: CaseJob, data_range: Range) -> MeasureOptions:
    settings = job.settings
    return MeasureOptions(
        data_range, settings.patch_size, settings.stride, settings.edge, job.threshold
    )


def _trivial(job: CaseJob, case: EvaluationCase, data_range: Range) -> dict[str, Any]:
    low, high = data_range
    low_energy = scaled(case.low_energy, case.low_energy_range)
    predicted = {name: one.predict(low_energy, case.breast) for name, one in job.trivial.items()}
    return {name: low + (image + 1) * ((high - low) / 2) for name, image in predicted.items()}

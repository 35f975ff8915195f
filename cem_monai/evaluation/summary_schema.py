"""What `summary.json` holds: every key in one place; docs/reference/summary.md explains them."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

SCHEMA = "cem_monai.evaluation"
SCHEMA_VERSION = 1

Setting = Literal["breast_with_mass", "breast_without_mass", "mass_only"]
Reading = Literal["by_image", "same_breast"]


class IntervalEntry(TypedDict):
    """A mean with its interval by patient, see `cem_monai.evaluation.Interval`."""

    mean: float
    low: float
    high: float
    n_values: int
    n_cases: int
    n_patients: int


class Software(TypedDict):
    """Versions that the evaluation ran with."""

    cem_monai: str
    monai: str
    torch: str
    numpy: str


class EvaluatedData(TypedDict):
    """What was evaluated."""

    datalist: str
    datalist_sha256: str
    section: str
    cases: int
    patients: int
    training_cases: int
    simulated: bool


class EvaluationSettings(TypedDict):
    """How it was measured."""

    data_range: list[float] | None
    cnr_patch_size: int
    cnr_stride: int
    cnr_edge: str
    enhancement_threshold: float | None
    minimal_focus_area_mm2: float | None
    confidence: float
    resamples: int


class EvaluatedModel(TypedDict):
    """Where the predictions of one model came from."""

    predictions: str
    weights_sha256: str | None


class TableCells(TypedDict):
    """One row of the paper's tables in one setting."""

    l1: IntervalEntry
    l2: IntervalEntry
    psnr_roi: IntervalEntry
    psnr_frame: IntervalEntry
    delta_cnr: IntervalEntry


class PairedTestEntry(TypedDict):
    """Two predictors compared on the same cases."""

    measure: str
    a: str
    b: str
    difference: IntervalEntry
    p_value: float
    p_holm: float


class SubgroupEntry(TypedDict):
    """One measure of one predictor in one subgroup."""

    predictor: str
    measure: str
    attribute: str
    label: str
    value: str
    interval: IntervalEntry


class RankCorrelationEntry(TypedDict):
    """Spearman's rank correlation of lesion contrasts."""

    rho: float
    low: float
    high: float
    n_lesions: int
    n_patients: int
    n_missing: int


class LimitEntry(TypedDict):
    """One limit of agreement."""

    value: float
    low: float
    high: float


class BlandAltmanEntry(TypedDict):
    """Agreement of lesion CNR, generated - real."""

    bias: IntervalEntry
    lower: LimitEntry
    upper: LimitEntry
    sd_within: float
    sd_between: float


class LesionEntry(TypedDict):
    """All lesions of one predictor."""

    contrast_error: IntervalEntry
    abs_contrast_error: IntervalEntry
    delta_cnr: IntervalEntry
    missed_enhancement: IntervalEntry
    is_missed: IntervalEntry
    rank_correlation: RankCorrelationEntry
    bland_altman: BlandAltmanEntry


class AttainableEntry(TypedDict):
    """Share of the way from the constant image to the simulator's limit."""

    share: float
    low: float
    high: float
    n_cases: int
    n_patients: int
    limit: Literal["limit_mean", "limit_median"]


LeakEntry = TypedDict(
    "LeakEntry", {"with": IntervalEntry, "without": IntervalEntry, "difference": IntervalEntry}
)
"""One measure with and without contrast agent in the low-energy image."""


class LeakMeasures(TypedDict):
    """What a model gains from residual contrast agent."""

    breast_l1: LeakEntry
    mass_l1: LeakEntry
    mass_contrast_generated: LeakEntry
    recall_visible: LeakEntry
    recall_occult: LeakEntry


class EvaluationSummary(TypedDict):
    """The whole file. Predictors come in the order of tables, see `predictor_order`."""

    schema: str
    schema_version: int
    created: str
    software: Software
    data: EvaluatedData
    settings: EvaluationSettings
    models: dict[str, EvaluatedModel]
    failed: dict[str, list[str]]
    measures: dict[str, dict[str, IntervalEntry]]
    tables: dict[Reading, dict[Setting, dict[str, TableCells]]]
    tests: list[PairedTestEntry]
    subgroups: list[SubgroupEntry]
    lesions: dict[str, LesionEntry]
    recall: dict[str, dict[str, IntervalEntry]]
    attainable: dict[str, dict[str, AttainableEntry]]
    leak: dict[str, LeakMeasures] | None
    substitution: dict[str, Any] | None

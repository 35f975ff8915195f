"""Judge predictions: trivial baselines, intervals, tables, report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

from cem_monai.evaluation.agreement import BlandAltman, Limit, bland_altman
from cem_monai.evaluation.bundle_evaluation import write_bundle_evaluation
from cem_monai.evaluation.card_metrics import eval_metrics
from cem_monai.evaluation.case_evaluation import MeasureSettings
from cem_monai.evaluation.case_masks import Reading
from cem_monai.evaluation.case_panel import CasePanel, case_panel
from cem_monai.evaluation.cases import badness, case_caption, worst_first
from cem_monai.evaluation.completeness import failed_cases
from cem_monai.evaluation.evaluate import EvaluationRequest, evaluate_predictions
from cem_monai.evaluation.evaluation_case import EvaluationCase, load_evaluation_case
from cem_monai.evaluation.evaluation_files import write_evaluation
from cem_monai.evaluation.evaluation_summary import evaluation_summary
from cem_monai.evaluation.lesion_patches import (
    Patch,
    Position,
    lesion_patches,
    matched_patches,
)
from cem_monai.evaluation.model_card import model_card_performance
from cem_monai.evaluation.panels import panel_figure, write_panel
from cem_monai.evaluation.patch_card import patch_eval_metrics
from cem_monai.evaluation.patch_classifier import PatchClassifier, fit_patch_classifier
from cem_monai.evaluation.permutation import PairedTest, holm, paired_permutation_test
from cem_monai.evaluation.prediction_pixels import read_prediction
from cem_monai.evaluation.predictions import find_predictions, read_predictions
from cem_monai.evaluation.predictor_fit import TRIVIAL_PREDICTORS, fit_trivial_predictors
from cem_monai.evaluation.predictors import (
    Constant,
    DepthIntensityTable,
    DepthProfile,
    LowEnergyCopied,
    Predictor,
)
from cem_monai.evaluation.problems import PredictionsError, Problem, ProblemKind
from cem_monai.evaluation.rank_correlation import RankCorrelation, rank_correlation
from cem_monai.evaluation.report import write_report
from cem_monai.evaluation.statistics import (
    Interval,
    paired_patient_bootstrap,
    patient_bootstrap,
)
from cem_monai.evaluation.subgroups import NOT_KNOWN, Attribute, group_rows
from cem_monai.evaluation.substitution import (
    Substitution,
    run_substitution,
    substitute_images,
    train_patch_classifier,
)
from cem_monai.evaluation.substitution_curve import SubstitutionCurve, substitution_curve
from cem_monai.evaluation.sufficiency import TooFewError
from cem_monai.evaluation.summary import (
    LABELS,
    Measure,
    Row,
    format_counts,
    format_interval,
    interval_of,
    markdown_table,
    print_patch_summary,
    print_summary,
    read_lesions,
    read_metrics,
    summarize,
    table_cells,
)
from cem_monai.evaluation.summary_file import read_summary, write_summary
from cem_monai.evaluation.summary_schema import (
    EvaluatedData,
    EvaluatedModel,
    EvaluationSettings,
    EvaluationSummary,
    IntervalEntry,
    LeakMeasures,
)
from cem_monai.evaluation.verdict import verdict
from cem_monai.evaluation.write_card import (
    patch_performance_section,
    performance_section,
    write_card,
)

if TYPE_CHECKING:
    from cem_monai.evaluation.baselines import TrivialBaselinesd, fit_trivial_baselines
    from cem_monai.evaluation.dose_baselines import DoseBaselinesd, mean_of_labels
    from cem_monai.evaluation.evaluation_facts import EvaluationFactsd

# MONAI takes seconds to import, in every process, and folders of predictions need none of it
__getattr__, _, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "baselines": ["TrivialBaselinesd", "fit_trivial_baselines"],
        "dose_baselines": ["DoseBaselinesd", "mean_of_labels"],
        "evaluation_facts": ["EvaluationFactsd"],
    },
)

__all__ = [
    "LABELS",
    "NOT_KNOWN",
    "TRIVIAL_PREDICTORS",
    "Attribute",
    "BlandAltman",
    "CasePanel",
    "Constant",
    "DepthIntensityTable",
    "DepthProfile",
    "DoseBaselinesd",
    "EvaluatedData",
    "EvaluatedModel",
    "EvaluationCase",
    "EvaluationFactsd",
    "EvaluationRequest",
    "EvaluationSettings",
    "EvaluationSummary",
    "Interval",
    "IntervalEntry",
    "LeakMeasures",
    "Limit",
    "LowEnergyCopied",
    "Measure",
    "MeasureSettings",
    "PairedTest",
    "Patch",
    "PatchClassifier",
    "Position",
    "PredictionsError",
    "Predictor",
    "Problem",
    "ProblemKind",
    "RankCorrelation",
    "Reading",
    "Row",
    "Substitution",
    "SubstitutionCurve",
    "TooFewError",
    "TrivialBaselinesd",
    "badness",
    "bland_altman",
    "case_caption",
    "case_panel",
    "eval_metrics",
    "evaluate_predictions",
    "evaluation_summary",
    "failed_cases",
    "find_predictions",
    "fit_patch_classifier",
    "fit_trivial_baselines",
    "fit_trivial_predictors",
    "format_counts",
    "format_interval",
    "group_rows",
    "holm",
    "interval_of",
    "lesion_patches",
    "load_evaluation_case",
    "markdown_table",
    "matched_patches",
    "mean_of_labels",
    "model_card_performance",
    "paired_difference",
    "paired_patient_bootstrap",
    "paired_permutation_test",
    "panel_figure",
    "patch_eval_metrics",
    "patch_performance_section",
    "patient_bootstrap",
    "performance_section",
    "print_patch_summary",
    "print_summary",
    "rank_correlation",
    "read_lesions",
    "read_metrics",
    "read_prediction",
    "read_predictions",
    "read_summary",
    "run_substitution",
    "substitute_images",
    "substitution_curve",
    "summarize",
    "table_cells",
    "train_patch_classifier",
    "training_figure",
    "verdict",
    "worst_first",
    "write_bundle_evaluation",
    "write_card",
    "write_evaluation",
    "write_panel",
    "write_report",
    "write_summary",
]

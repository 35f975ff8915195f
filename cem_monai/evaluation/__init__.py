"""Judge predictions: trivial baselines, intervals, tables, report."""

from __future__ import annotations

from cem_monai.evaluation.agreement import BlandAltman, Limit, bland_altman
from cem_monai.evaluation.baselines import TrivialBaselinesd, fit_trivial_baselines
from cem_monai.evaluation.case_masks import Reading
from cem_monai.evaluation.case_panel import CasePanel, case_panel, load_case_panel
from cem_monai.evaluation.cases import case_caption, worst_first
from cem_monai.evaluation.completeness import add_absent_cases, failed_cases
from cem_monai.evaluation.dose_baselines import DoseBaselinesd, mean_of_labels
from cem_monai.evaluation.evaluation_case import EvaluationCase, load_evaluation_case
from cem_monai.evaluation.exam_facts import KnownLesion
from cem_monai.evaluation.panels import draw_case_panel, panel_figure, write_panel
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
from cem_monai.evaluation.subgroups import NOT_KNOWN, Attribute, Subgroup, subgroups
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
    read_metrics,
    summarize,
    table_cells,
)
from cem_monai.evaluation.verdict import verdict

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
    "EvaluationCase",
    "Interval",
    "KnownLesion",
    "Limit",
    "LowEnergyCopied",
    "Measure",
    "PairedTest",
    "PredictionsError",
    "Predictor",
    "Problem",
    "ProblemKind",
    "RankCorrelation",
    "Reading",
    "Row",
    "Subgroup",
    "TrivialBaselinesd",
    "add_absent_cases",
    "bland_altman",
    "case_caption",
    "case_panel",
    "draw_case_panel",
    "failed_cases",
    "find_predictions",
    "fit_trivial_baselines",
    "fit_trivial_predictors",
    "format_counts",
    "format_interval",
    "holm",
    "interval_of",
    "load_case_panel",
    "load_evaluation_case",
    "markdown_table",
    "mean_of_labels",
    "paired_patient_bootstrap",
    "paired_permutation_test",
    "panel_figure",
    "patient_bootstrap",
    "print_patch_summary",
    "print_summary",
    "rank_correlation",
    "read_metrics",
    "read_prediction",
    "read_predictions",
    "subgroups",
    "summarize",
    "table_cells",
    "verdict",
    "worst_first",
    "write_panel",
    "write_report",
]

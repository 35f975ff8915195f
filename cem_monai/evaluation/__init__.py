"""Judge predictions: trivial baselines, intervals, tables, report."""

from __future__ import annotations

from cem_monai.evaluation.baselines import TrivialBaselinesd, fit_trivial_baselines
from cem_monai.evaluation.case_panel import CasePanel, load_case_panel
from cem_monai.evaluation.cases import case_caption, worst_first
from cem_monai.evaluation.dose_baselines import DoseBaselinesd, mean_of_labels
from cem_monai.evaluation.panels import draw_case_panel, panel_figure
from cem_monai.evaluation.predictor_fit import TRIVIAL_PREDICTORS, fit_trivial_predictors
from cem_monai.evaluation.predictors import (
    Constant,
    DepthIntensityTable,
    DepthProfile,
    LowEnergyCopied,
    Predictor,
)
from cem_monai.evaluation.report import write_report
from cem_monai.evaluation.statistics import (
    Interval,
    paired_patient_bootstrap,
    patient_bootstrap,
)
from cem_monai.evaluation.summary import (
    LABELS,
    Measure,
    Row,
    format_interval,
    markdown_table,
    print_patch_summary,
    print_summary,
    read_metrics,
    summarize,
    table_cells,
)
from cem_monai.evaluation.training_curves import training_curves_png
from cem_monai.evaluation.verdict import paired_difference, verdict

__all__ = [
    "LABELS",
    "TRIVIAL_PREDICTORS",
    "CasePanel",
    "Constant",
    "DepthIntensityTable",
    "DepthProfile",
    "DoseBaselinesd",
    "Interval",
    "LowEnergyCopied",
    "Measure",
    "Predictor",
    "Row",
    "TrivialBaselinesd",
    "case_caption",
    "draw_case_panel",
    "fit_trivial_baselines",
    "fit_trivial_predictors",
    "format_interval",
    "load_case_panel",
    "markdown_table",
    "mean_of_labels",
    "paired_difference",
    "paired_patient_bootstrap",
    "panel_figure",
    "patient_bootstrap",
    "print_patch_summary",
    "print_summary",
    "read_metrics",
    "summarize",
    "table_cells",
    "training_curves_png",
    "verdict",
    "worst_first",
    "write_report",
]

"""What a model card tells of patches, from the `metrics.csv` of a bundle's own evaluating."""

from __future__ import annotations

import math
import os
from typing import Any

from cem_monai.evaluation.summary import (
    PATCH_MEASURES,
    Summary,
    markdown_table,
    read_metrics,
    summarize,
)

DIGITS = 6


def patch_performance(metrics_csv: str | os.PathLike[str], weights_sha256: str) -> str:
    """Return the performance of a model beside the trivial predictors, in Markdown.

    Args:
        metrics_csv: written by `cem_monai.handlers.PatchMetricsSaver`.
        weights_sha256: of the weights that were evaluated.
    """
    table = markdown_table(_summary(metrics_csv), PATCH_MEASURES)
    return (
        f"Weights: SHA-256 `{weights_sha256}`. Every patch: `docs/metrics.csv`.\n\n{table}\n\n"
        "The patients of the table are arrangements of the phantom."
    )


def patch_eval_metrics(metrics_csv: str | os.PathLike[str], weights_sha256: str) -> dict[str, Any]:
    """Return `eval_metrics` of `metadata.json`; a trivial predictor's begin with `baseline_`.

    Args:
        metrics_csv, weights_sha256: see `patch_performance`.
    """
    metrics: dict[str, Any] = {"weights_sha256": weights_sha256}
    for predictor, intervals in _summary(metrics_csv).items():
        prefix = "" if predictor == "model" else f"baseline_{predictor}_"
        for column, one in intervals.items():
            metrics[prefix + column] = {
                "mean": _rounded(one.mean),
                "ci95": [_rounded(one.low), _rounded(one.high)],
                "patches": one.n_values,
                "arrangements": one.n_patients,
            }
    return metrics


def _summary(metrics_csv: str | os.PathLike[str]) -> Summary:
    return summarize(read_metrics(metrics_csv, PATCH_MEASURES), PATCH_MEASURES)


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")

"""`eval_metrics` of a bundle's `metadata.json`, from `summary.json`."""

from __future__ import annotations

from typing import Any, Literal

from cem_monai.evaluation.model_card import card_model
from cem_monai.evaluation.paired_tests import BASELINES
from cem_monai.evaluation.summary_schema import EvaluationSummary, IntervalEntry
from cem_monai.evaluation.typed_json import encode

MEASURES = (
    *("breast_l1", "breast_l2", "breast_psnr_roi", "breast_delta_cnr"),
    *("mass_l1", "mass_delta_cnr", "mass_abs_contrast_error", "false_share"),
)
LESION_MEASURES: tuple[Literal["abs_contrast_error", "is_missed"], ...] = (
    "abs_contrast_error",
    "is_missed",
)

DIGITS = 6
"""Significant digits; all of them are in `summary.json`."""


def eval_metrics(summary: EvaluationSummary, model: str | None = None) -> dict[str, Any]:
    """Return the main measures of one model and of the trivial predictors that it must beat.

    Flat: `breast_l1` → `mean`, `ci95` (its ends), `images`, `patients`; for a trivial predictor
    `baseline_constant_breast_l1`. Measures of single lesions begin with `lesion_` and count
    `lesions`. Means that do not exist are None, so that it is JSON as it is.

    Args:
        summary: of one evaluation.
        model: whose metrics; without it, the only one of the summary.

    Raises:
        ValueError: no such model, or several and none is named.
    """
    name = card_model(summary, model)
    baselines = [one for one in BASELINES if one in summary["measures"]]
    named = {name: "", **{one: f"baseline_{one}_" for one in baselines}}
    data = summary["data"]
    metrics: dict[str, Any] = {
        "evaluated": summary["created"],
        "weights_sha256": summary["models"][name]["weights_sha256"],
        "datalist_sha256": data["datalist_sha256"],
        "section": data["section"],
        "simulated": data["simulated"],
        "images": data["cases"],
        "images_failed": len(summary["failed"][name]),
        "patients": data["patients"],
    }
    for predictor, prefix in named.items():
        metrics |= _of_predictor(summary, predictor, prefix)
    return metrics


def _of_predictor(summary: EvaluationSummary, predictor: str, prefix: str) -> dict[str, Any]:
    interval_key = f"ci{round(100 * summary['settings']['confidence'])}"

    def entry(interval: IntervalEntry, counted: str) -> dict[str, Any]:
        return {
            "mean": _rounded(interval["mean"]),
            interval_key: [_rounded(interval["low"]), _rounded(interval["high"])],
            counted: interval["n_values"],
            "patients": interval["n_patients"],
        }

    own = summary["measures"][predictor]
    metrics = {f"{prefix}{name}": entry(own[name], "images") for name in MEASURES if name in own}
    if lesions := summary["lesions"].get(predictor):
        for name in LESION_MEASURES:
            metrics[f"{prefix}lesion_{name}"] = entry(lesions[name], "lesions")
    return metrics


def _rounded(value: float) -> Any:
    return encode(float(f"{value:.{DIGITS}g}"))

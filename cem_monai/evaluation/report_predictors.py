"""Names, order and kind of the predictors of a summary, as the report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cem_monai.evaluation.predictor_fit import TRIVIAL_PREDICTORS
from cem_monai.evaluation.summary import LABELS

LIMITS = ("limit_mean", "limit_median")
"""Best possible guesses from the low-energy image, which only simulated exams have."""


def predictor_names(summary: Mapping[str, Any]) -> list[str]:
    """Return the predictors of a summary: trivial ones, limits, models, any others."""
    found = summary["measures"]
    ordered = [*TRIVIAL_PREDICTORS, *LIMITS, *model_names(summary)]
    return [name for name in ordered if name in found] + sorted(found.keys() - set(ordered))


def model_names(summary: Mapping[str, Any]) -> list[str]:
    """Return the models of a summary, in the order in which they were named."""
    return list(summary["models"])


def predictor_label(name: str) -> str:
    """Return what tables call a predictor."""
    return LABELS.get(name, name)


def predictor_kind(name: str, summary: Mapping[str, Any]) -> str:
    """Return `model`, `limit` or `trivial`; anything that is no model is there to compare with."""
    if name in summary["models"]:
        return "model"
    return "limit" if name in LIMITS else "trivial"

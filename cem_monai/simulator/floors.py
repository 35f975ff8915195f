"""Errors that the best possible predictions of a recombined image make: what to compare with."""

from __future__ import annotations

from typing import Any

import numpy as np

from cem_monai.simulator.grid import BoolImage, FloatImage
from cem_monai.simulator.view import SimulatedView

PREDICTIONS = ("mean", "median", "clean")
REGIONS = ("breast", "lesion")
DIGITS = 4


def floors(view: SimulatedView) -> dict[str, Any]:
    """Return mean absolute and squared errors in pixel values, by region and prediction.

    Args:
        view: with its reference.

    Returns:
        For `"breast"` and `"lesion"` (all lesions that the low-energy image shows; `None` if there
        is none): `{"l1", "l2"}` of `"mean"`, `"median"` and `"clean"` against the drawn image; and
        `"expected_l2"`, the squared error of `"mean"` over all draws of what is hidden.

        There are no floors of masses: a mass is outlined because it enhances, so its mask tells
        what is hidden, and a predictor that knew it could do better than `"mean"`.

    Raises:
        ValueError: the view was simulated without its reference.
    """
    return {region: _region_floors(view, getattr(view, region)) for region in REGIONS}


def _region_floors(view: SimulatedView, mask: BoolImage) -> dict[str, Any] | None:
    if view.reference is None:
        raise ValueError("floors need a view with its reference: simulate_view(reference=True).")
    if not mask.any():
        return None
    real = view.recombined[mask].astype(np.float64)
    result: dict[str, Any] = {
        name: _errors(getattr(view.reference, name)[mask], real) for name in PREDICTIONS
    }
    variance = view.reference.sd[mask].astype(np.float64) ** 2
    return result | {"expected_l2": round(float(variance.mean()), DIGITS)}


def _errors(prediction: FloatImage, real: np.typing.NDArray[np.float64]) -> dict[str, float]:
    error = prediction - real
    return {
        "l1": round(float(np.abs(error).mean()), DIGITS),
        "l2": round(float((error**2).mean()), DIGITS),
    }

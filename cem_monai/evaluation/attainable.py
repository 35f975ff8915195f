"""How much of what can be gained over a constant image a predictor gains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from cem_monai.evaluation.measure_table import MeasureTable
from cem_monai.evaluation.patient_resampling import (
    draw_patients,
    expanded_percentiles,
    sums_by_patient,
)
from cem_monai.evaluation.resampling import Resampling
from cem_monai.evaluation.statistics import paired_differences
from cem_monai.evaluation.summary_schema import AttainableEntry

LimitName = Literal["limit_mean", "limit_median"]

# The median has the least absolute error that can be had, the mean the least squared one
LIMITS: dict[str, LimitName] = {
    "breast_l1": "limit_median",
    "mass_l1": "limit_median",
    "breast_l2": "limit_mean",
    "mass_l2": "limit_mean",
}
"""Measure → the limit of the simulator that belongs to it."""

Floats = npt.NDArray[np.float64]


def attainable_gain(
    tables: Mapping[str, MeasureTable], resampling: Resampling
) -> dict[str, dict[str, AttainableEntry]]:
    """Return predictor → measure → share of the gain from the constant image to the limit.

    Share = (constant - predictor) / (constant - limit), means over the same cases: 0 is no better
    than a constant, 1 is the best that a low-energy image without contrast agent allows. Empty
    without limits.

    Args:
        tables: predictor → its cases, the same in all.
        resampling: of the patients, the same in all three means.
    """
    fixed = {"constant", *LIMITS.values()}
    if not fixed <= tables.keys():
        return {}
    return {
        name: {measure: _share(tables, name, measure, resampling) for measure in LIMITS}
        for name in tables
        if name not in fixed
    }


def _share(
    tables: Mapping[str, MeasureTable], name: str, measure: str, resampling: Resampling
) -> AttainableEntry:
    limit = LIMITS[measure]
    constant, predictor, best = (tables[one].column(measure) for one in ("constant", name, limit))
    gains = np.stack([paired_differences(constant, one) for one in (predictor, best)])
    present = np.isfinite(gains).all(axis=0)
    patients = tables[name].patients[present]
    share, low, high = ratio_by_patient(gains[0, present], gains[1, present], patients, resampling)
    return {
        "share": share,
        "low": low,
        "high": high,
        "n_cases": int(present.sum()),
        "n_patients": len(set(patients.tolist())),
        "limit": limit,
    }


def ratio_by_patient(
    above: Floats, below: Floats, patients: npt.NDArray[np.str_], resampling: Resampling
) -> tuple[float, float, float]:
    """Return the ratio of the means and its expanded percentile interval by patient.

    Args:
        above: (N,) values whose mean is divided; finite.
        below: (N,) values whose mean divides, of the same images.
        patients: (N,) patient of each.
        resampling: how many resamples, and the confidence.

    Returns:
        Ratio, low, high. All are NaN where the mean of `below` is not positive; low and high also
        where it is not so in a resample, which has no ratio then, and with fewer than two patients.
    """
    (up, _), (down, _) = sums_by_patient(above, patients), sums_by_patient(below, patients)
    if not down.size or down.sum() <= 0:
        return math.nan, math.nan, math.nan
    ratio = float(up.sum() / down.sum())
    draws = draw_patients(down.size, resampling.resamples, 0)
    divisors = down[draws].sum(axis=1)
    if down.size < 2 or divisors.min() <= 0:
        return ratio, math.nan, math.nan
    ratios = up[draws].sum(axis=1) / divisors
    return ratio, *expanded_percentiles(ratios, down.size, resampling.confidence)

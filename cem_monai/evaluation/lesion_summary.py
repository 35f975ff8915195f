"""What a summary tells of single lesions: errors, agreement, rank order, recall."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cem_monai.evaluation.agreement import Limit, bland_altman
from cem_monai.evaluation.measure_table import MeasureTable
from cem_monai.evaluation.rank_correlation import rank_correlation
from cem_monai.evaluation.resampling import Resampling
from cem_monai.evaluation.summary_schema import (
    BlandAltmanEntry,
    IntervalEntry,
    LesionEntry,
    LimitEntry,
    RankCorrelationEntry,
)

OCCULT = "occult"
"""`lesion_kind` of a lesion that no low-energy image without contrast agent shows."""

RecallEntry = dict[str, IntervalEntry]


def lesion_summary(table: MeasureTable, resampling: Resampling) -> LesionEntry:
    """Return errors, rank correlation of contrasts and agreement of CNR of all lesions.

    Both CNR are those with the standard deviation of the real surround.
    """
    means = {
        name: resampling.mean(table.column(f"lesion_{name}"), table.patients)
        for name in (
            *("contrast_error", "abs_contrast_error", "delta_cnr"),
            *("missed_enhancement", "is_missed"),
        )
    }
    return {
        "contrast_error": means["contrast_error"],
        "abs_contrast_error": means["abs_contrast_error"],
        "delta_cnr": means["delta_cnr"],
        "missed_enhancement": means["missed_enhancement"],
        "is_missed": means["is_missed"],
        "rank_correlation": _rank_correlation(table, resampling),
        "bland_altman": _bland_altman(table, resampling),
    }


def recall_by_visibility(
    lesions: Mapping[str, MeasureTable], resampling: Resampling
) -> dict[str, RecallEntry]:
    """Return predictor → `visible` and `occult` → share of these lesions that are not missed.

    Lesions of unknown kind are in neither; without a lesion of known kind the result is empty.
    """
    known = [row["lesion_kind"] for table in lesions.values() for row in table.rows]
    if not any(known):
        return {}
    return {name: _recall(table, resampling) for name, table in lesions.items()}


def _recall(table: MeasureTable, resampling: Resampling) -> RecallEntry:
    kinds = np.array([row["lesion_kind"] for row in table.rows])
    found = 1 - table.column("lesion_is_missed")
    groups = {"visible": (kinds != "") & (kinds != OCCULT), OCCULT: kinds == OCCULT}
    return {
        name: resampling.mean(found[chosen], table.patients[chosen])
        for name, chosen in groups.items()
    }


def _rank_correlation(table: MeasureTable, resampling: Resampling) -> RankCorrelationEntry:
    result = rank_correlation(
        table.column("lesion_contrast_real"),
        table.column("lesion_contrast_generated"),
        table.patients,
        resamples=resampling.resamples,
        confidence=resampling.confidence,
    )
    return {
        "rho": result.rho,
        "low": result.low,
        "high": result.high,
        "n_lesions": result.n_lesions,
        "n_patients": result.n_patients,
        "n_missing": result.n_missing,
    }


def _bland_altman(table: MeasureTable, resampling: Resampling) -> BlandAltmanEntry:
    real, generated = (table.column(f"lesion_cnr_{image}") for image in ("real", "generated"))
    result = bland_altman(real, generated, table.patients, confidence=resampling.confidence)
    return {
        "bias": resampling.difference(generated, real, table.patients),
        "lower": _limit(result.lower),
        "upper": _limit(result.upper),
        "sd_within": result.sd_within,
        "sd_between": result.sd_between,
    }


def _limit(limit: Limit) -> LimitEntry:
    return {"value": float(limit.value), "low": float(limit.low), "high": float(limit.high)}

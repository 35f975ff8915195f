"""Rows of a made-up evaluation, as `metrics.csv` holds them, and its summary."""

from __future__ import annotations

from typing import Any

import numpy as np

from cem_monai.evaluation import EvaluationSummary, evaluation_summary

Row = dict[str, str]

TRIVIAL = ("constant", "low_energy_copied", "depth_profile", "depth_intensity_table")
LIMITS = ("limit_mean", "limit_median")
ALL = (*TRIVIAL, *LIMITS, "model")

DISTANCES = ("l1", "l2", "psnr_roi", "psnr_frame")
SIMILARITIES = ("ssim", "ms_ssim")
CNR = ("cnr_real", "cnr_generated", "delta_cnr")
CASE_MEASURES = (
    *(f"image_{name}" for name in ("l1", "l2", "psnr_roi", *SIMILARITIES)),
    *(f"breast_{name}" for name in ("pixels", *DISTANCES, *SIMILARITIES, *CNR)),
    *(f"breast_{name}" for name in ("abs_delta_cnr", "cnr_windows", "cnr_dropped", "wasserstein")),
    *(f"breast_masked_{name}" for name in CNR),
    *(f"rest_{name}" for name in ("pixels", *DISTANCES, "delta_cnr")),
    *(f"mass_{name}" for name in ("pixels", *DISTANCES, *SIMILARITIES, *CNR, "abs_delta_cnr")),
    *("mass_delta_cnr_first", "mass_delta_cnr_second"),
    *(f"mass_{name}" for name in ("contrast_real", "contrast_generated", "contrast_error")),
    *(f"mass_{name}" for name in ("abs_contrast_error", "real_sigma_cnr_generated")),
    *("mass_real_sigma_delta_cnr", "mass_missed_enhancement", "surround_is_ring"),
    *(
        f"false_{name}"
        for name in ("share", "abs_share_error", "foci", "excess", "share_real", "foci_real")
    ),
    *(f"mirror_{name}" for name in ("pixels", "share", "excess")),
    *(f"decoy_{name}" for name in ("pixels", "contrast_real", "contrast_generated")),
    *(f"cci_{name}" for name in ("real", "generated", "ratio")),
)
LESION_MEASURES = (
    "lesion_pixels",
    *(f"lesion_{name}" for name in ("contrast_real", "contrast_generated", "contrast_error")),
    *(f"lesion_{name}" for name in ("abs_contrast_error", *CNR)),
    *("lesion_missed_enhancement", "lesion_is_missed"),
)
WITH_MASS_ONLY = ("mass_", "rest_", "surround_")


def case_rows(n_patients: int = 6, predictors: tuple[str, ...] = ALL, seed: int = 0) -> list[Row]:
    """Two views of each patient; every other patient has a mass. Predictors err less and less."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(2 * n_patients):
        for rank, predictor in enumerate(predictors):
            values = rng.gamma(2.0, 1.0, len(CASE_MEASURES)) + 3 * (len(predictors) - rank)
            row = _facts(number, predictor) | dict.fromkeys(LESION_MEASURES, "")
            row |= dict(zip(CASE_MEASURES, map(repr, values.tolist()), strict=True))
            if number // 2 % 2:
                row |= {name: "" for name in row if name.startswith(WITH_MASS_ONLY)}
            rows.append(row)
    return rows


def lesion_rows(n_patients: int = 6, predictors: tuple[str, ...] = ALL, seed: int = 1) -> list[Row]:
    """Two lesions, the second one occult, in each view with a mass."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in (one for one in range(2 * n_patients) if not one // 2 % 2):
        for lesion in (1, 2):
            real = rng.uniform(10, 60)
            for predictor in predictors:
                generated = real * rng.uniform(0, 1.2)
                row = _facts(number, predictor) | dict.fromkeys(CASE_MEASURES, "")
                row |= {"lesion": str(lesion), "lesion_kind": ("round", "occult")[lesion - 1]}
                row |= {"lesion_diameter_mm": f"{real / 3:.2f}"}
                rows.append(row | _lesion_measures(real, generated))
    return rows


def summary_of(
    n_patients: int = 6,
    predictors: tuple[str, ...] = ALL,
    *,
    models: tuple[str, ...] = ("model",),
    **changes: Any,
) -> EvaluationSummary:
    """Return the summary of these rows; `changes` replace arguments of `evaluation_summary`."""
    arguments: dict[str, Any] = {
        "rows": case_rows(n_patients, predictors),
        "lesions": lesion_rows(n_patients, predictors),
        "data": evaluated_data(n_patients),
        "settings": evaluation_settings(),
        "models": {name: {"predictions": name, "weights_sha256": "ab" * 32} for name in models},
    }
    arguments |= changes
    return evaluation_summary(arguments.pop("rows"), arguments.pop("lesions"), **arguments)


def evaluated_data(n_patients: int = 6, **changes: Any) -> dict[str, Any]:
    """Return the facts of the made-up test set."""
    return {
        **{"datalist": "datalist.json", "datalist_sha256": "cd" * 32, "section": "test"},
        **{"cases": 2 * n_patients, "patients": n_patients, "training_cases": 30},
        "simulated": True,
        **changes,
    }


def evaluation_settings(**changes: Any) -> dict[str, Any]:
    """Return settings of an evaluation; few resamples, for speed."""
    return {
        **{"data_range": None, "cnr_patch_size": 64, "cnr_stride": 16, "cnr_edge": "drop"},
        **{"enhancement_threshold": 12.5, "minimal_focus_area_mm2": 4.0},
        **{"confidence": 0.9, "resamples": 100},
        **changes,
    }


def _facts(number: int, predictor: str) -> Row:
    return {
        **{"predictor": predictor, "lesion": "", "case": f"c{number:03d}"},
        **{"patient": f"p{number // 2:03d}", "laterality": "L" if number % 4 < 2 else "R"},
        **{"view_position": ("CC", "MLO")[number % 2], "density": f"{0.05 + number % 7 / 20:.3f}"},
        **{"manufacturer": "Maker", "machine": str(number % 3)},
        **{"thickness_mm": str(35 + number % 5 * 8), "lesion_kind": "", "lesion_diameter_mm": ""},
        **{"grid_rows": "1024", "grid_columns": "512"},
    }


def _lesion_measures(real: float, generated: float) -> Row:
    error = generated - real
    values = {
        **{"pixels": 80.0, "contrast_real": real, "contrast_generated": generated},
        **{"contrast_error": error, "abs_contrast_error": abs(error)},
        **{"cnr_real": real / 5, "cnr_generated": generated / 5, "delta_cnr": error / 5},
        "missed_enhancement": min(max(-error / real, 0), 1),
        "is_missed": float(generated < real / 2),
    }
    return {f"lesion_{name}": repr(value) for name, value in values.items()}

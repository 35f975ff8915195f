"""A made-up evaluation as `summary.json`, `metrics.csv` and `histograms.csv` hold it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cem_monai.evaluation import bland_altman, patient_bootstrap, rank_correlation

TRIVIAL = ("constant", "low_energy_copied", "depth_profile", "depth_intensity_table")
MODELS = ("breast_cem_unet512", "other <b>model</b>")
LIMITS = ("limit_mean", "limit_median")
SKILL = dict(zip((*TRIVIAL, *LIMITS, *MODELS), (0, 0.1, 0.2, 0.3, 1, 0.95, 0.7, 0.5), strict=True))
EVIL = "<script>alert('x')</script> & \"y\""
"""Name of one case: it must arrive as text."""
FAILED = "P003_R_MLO"
SETTINGS = ("breast_with_mass", "breast_without_mass", "mass_only")


@dataclass(frozen=True)
class ReportInputs:
    summary: dict[str, Any]
    rows: list[dict[str, str]]
    histograms: list[dict[str, str]]


def report_inputs(patients: int = 24, *, seed: int = 0) -> ReportInputs:
    """Four images of each patient, a mass in half of them; the second model failed in one."""
    rng = np.random.default_rng(seed)
    facts = [_facts(rng, patient, view) for patient in range(patients) for view in range(4)]
    facts[5]["case"] = EVIL
    rows, lesions = [], []
    for predictor, skill in SKILL.items():
        for fact in facts:
            row = {"predictor": predictor, "lesion": "", **fact}
            failed = predictor == MODELS[1] and fact["case"] == FAILED
            rows.append(row | ({} if failed else _measures(rng, predictor, skill, fact)))
            if fact["lesion_kind"] != "none":
                row = row | {"lesion": "1"}
                lesions.append(row | ({} if failed else _lesion(rng, predictor, skill, fact)))
    columns = dict.fromkeys(key for row in [*rows, *lesions] for key in row)
    table = [{key: _text(row.get(key, "")) for key in columns} for row in [*rows, *lesions]]
    cases = [row for row in table if not row["lesion"]]
    found = [row for row in table if row["lesion"]]
    return ReportInputs(_summary(cases, found, patients), table, _histograms(rng))


def interval(values: Any, patients: Any) -> dict[str, Any]:
    return as_json(patient_bootstrap(values, patients, resamples=200))


def as_json(found: Any) -> dict[str, Any]:
    numbers = {key: _json_number(getattr(found, key)) for key in ("mean", "low", "high")}
    counts = {key: getattr(found, key) for key in ("n_values", "n_cases", "n_patients")}
    return numbers | counts


def interval_of(rows: list[dict[str, str]], column: str) -> dict[str, Any]:
    values = [float(row[column] or "nan") for row in rows]
    return interval(values, [row["patient"] for row in rows])


def _facts(rng: np.random.Generator, patient: int, view: int) -> dict[str, Any]:
    side, position = "LR"[view // 2], ("CC", "MLO")[view % 2]
    has_mass = view // 2 == patient % 2
    kinds = ("round", "lobulated", "spiculated", "non_mass", "occult")
    return {
        "case": f"P{patient:03d}_{side}_{position}",
        "patient": f"P{patient:03d}",
        "laterality": side,
        "view_position": position,
        "density": "abcd"[patient % 4],
        "thickness_mm": 35 + 5 * (patient % 9),
        "lesion_kind": kinds[patient % 5] if has_mass else "none",
        "lesion_diameter_mm": round(rng.uniform(5, 30), 1) if has_mass else "",
    }


def _measures(
    rng: np.random.Generator, predictor: str, skill: float, fact: dict[str, Any]
) -> dict[str, Any]:
    values = {}
    for region in ("image", "breast"):
        values |= _distances(rng, region, 16 - 9 * skill)
    real, loss = rng.normal(0.02, 0.01), (1 - skill) * 0.03
    flat = predictor == "constant"
    values |= {
        "breast_pixels": rng.integers(30_000, 60_000),
        "breast_cnr_real": real,
        "breast_cnr_generated": "" if flat else real - loss,
        "breast_delta_cnr": "" if flat else -loss,
        "breast_abs_delta_cnr": "" if flat else loss,
        "breast_cnr_windows": rng.integers(300, 700),
        "breast_cnr_dropped": 0,
        "breast_masked_cnr_real": real,
        "breast_wasserstein": abs(rng.normal(6 - 4 * skill, 1)),
        "false_share": abs(rng.normal(0.01 * (1 + skill), 0.004)),
        "false_share_real": abs(rng.normal(0.01, 0.003)),
        "false_abs_share_error": abs(rng.normal(0.005, 0.003)),
        "false_foci": rng.poisson(2 * skill),
        "false_foci_real": rng.poisson(0.5),
        "false_excess": rng.normal(0.5 - skill, 1),
        "cci_real": rng.normal(1.5, 0.2),
        "cci_generated": rng.normal(1.5, 0.2) * skill,
        "cci_ratio": skill,
        "unheard_of": rng.normal(),
    }
    if fact["lesion_kind"] != "none":
        values |= _mass(rng, skill, flat=flat)
    else:
        values |= {"mirror_share": abs(rng.normal(0.02, 0.01)), "mirror_excess": rng.normal(1, 2)}
    return values


def _distances(rng: np.random.Generator, region: str, level: float) -> dict[str, Any]:
    error = abs(rng.normal(level, 1.5)) + 0.5
    psnr = 20 * math.log10(255 / (1.6 * error))
    perfect = region == "image" and level < 8 and rng.random() < 0.01
    return {
        f"{region}_l1": error,
        f"{region}_l2": (1.6 * error) ** 2,
        f"{region}_psnr_roi": math.inf if perfect else psnr,
        f"{region}_psnr_frame": psnr + 4,
        f"{region}_ssim": 1 - error / 60,
        f"{region}_ms_ssim": 1 - error / 90,
    }


def _mass(rng: np.random.Generator, skill: float, *, flat: bool) -> dict[str, Any]:
    real = abs(rng.normal(3.2, 0.9))
    delta = rng.normal(-real * (1 - skill), 0.4)
    contrast = 14 * real
    return {
        **_distances(rng, "mass", 40 - 30 * skill),
        **_rest(rng, skill),
        "rest_delta_cnr": -0.03 * (1 - skill),
        "mass_pixels": rng.integers(200, 900),
        "mass_cnr_real": real,
        "mass_cnr_generated": "" if flat else real + delta,
        "mass_delta_cnr": "" if flat else delta,
        "mass_abs_delta_cnr": "" if flat else abs(delta),
        "mass_delta_cnr_first": "" if flat else delta + 0.1,
        "mass_delta_cnr_second": "" if flat else delta - 0.1,
        "mass_contrast_real": contrast,
        "mass_contrast_generated": contrast + 14 * delta,
        "mass_contrast_error": 14 * delta,
        "mass_abs_contrast_error": 14 * abs(delta),
        "mass_real_sigma_delta_cnr": delta,
        "mass_missed_enhancement": min(1, max(0, -delta / real)),
        "decoy_contrast_real": rng.normal(0, 2),
        "decoy_contrast_generated": rng.normal(4, 2),
    }


def _lesion(
    rng: np.random.Generator, predictor: str, skill: float, fact: dict[str, Any]
) -> dict[str, Any]:
    real = abs(rng.normal(3.2, 0.9)) + 0.3
    kept = 0.05 if fact["lesion_kind"] == "occult" else skill
    generated = real * kept + rng.normal(0, 0.25) * (predictor != "constant")
    return {
        "lesion_contrast_real": 14 * real,
        "lesion_contrast_generated": 14 * generated,
        "lesion_contrast_error": 14 * (generated - real),
        "lesion_abs_contrast_error": 14 * abs(generated - real),
        "lesion_cnr_real": real,
        "lesion_cnr_generated": generated,
        "lesion_delta_cnr": generated - real,
        "lesion_missed_enhancement": min(1, max(0, 1 - generated / real)),
        "lesion_is_missed": int(generated < real / 2),
    }


def _summary(
    cases: list[dict[str, str]], lesions: list[dict[str, str]], patients: int
) -> dict[str, Any]:
    own = {name: [row for row in cases if row["predictor"] == name] for name in SKILL}
    of_lesions = {name: [row for row in lesions if row["predictor"] == name] for name in SKILL}
    prefixes = ("image_", "breast_", "rest_", "mass_", "false_", "mirror_", "decoy_", "cci_")
    measures = [key for key in cases[0] if key.startswith((*prefixes, "unheard"))]
    return {
        "schema": "cem_monai.evaluation",
        "schema_version": 1,
        "created": "2026-11-22T10:00:00Z",
        "software": {"cem_monai": "0.2.0", "monai": "1.6.1", "torch": "2.13.0", "numpy": "2.3.0"},
        "data": {
            "datalist": "datalist.json",
            "datalist_sha256": "ab" * 32,
            "section": "test",
            "cases": 4 * patients,
            "patients": patients,
            "training_cases": 400,
            "simulated": True,
        },
        "settings": {
            "data_range": [1900, 2200],
            "cnr_patch_size": 64,
            "cnr_stride": 16,
            "cnr_edge": "strict",
            "enhancement_threshold": 152.3,
            "minimal_focus_area_mm2": 4.0,
            "confidence": 0.95,
            "resamples": 2000,
        },
        "models": {
            MODELS[0]: {"predictions": "virtual_des", "weights_sha256": "cd" * 32},
            MODELS[1]: {"predictions": "others", "weights_sha256": None},
        },
        "failed": {MODELS[0]: [], MODELS[1]: [FAILED]},
        "measures": {
            name: {key: interval_of(own[name], key) for key in measures} for name in SKILL
        },
        "tables": _tables(own),
        "tests": _tests(own),
        "subgroups": _subgroups(own, of_lesions),
        "lesions": {name: _of_lesions(of_lesions[name]) for name in SKILL},
        "recall": {name: _recall(of_lesions[name]) for name in SKILL},
        "attainable": {
            name: {
                f"{region}_{kind}": {
                    "share": SKILL[name],
                    "low": SKILL[name] - 0.1,
                    "high": SKILL[name] + 0.1,
                    "n_cases": 96 if region == "breast" else 48,
                    "n_patients": 24,
                    "limit": "limit_median" if kind == "l1" else "limit_mean",
                }
                for region in ("breast", "mass")
                for kind in ("l1", "l2")
            }
            for name in MODELS
        },
        "leak": {MODELS[0]: _leak(own[MODELS[0]], own[MODELS[1]])},
        "substitution": _substitution(patients),
    }


def _tables(own: dict[str, list[dict[str, str]]]) -> dict[str, Any]:
    measures = ("l1", "l2", "psnr_roi", "psnr_frame", "delta_cnr")
    regions = {
        "by_image": dict(zip(SETTINGS, ("breast", "breast", "mass"), strict=True)),
        "same_breast": dict(zip(SETTINGS, ("breast", "rest", "mass"), strict=True)),
    }
    return {
        reading: {
            setting: {
                name: {
                    measure: interval_of(
                        [
                            row
                            for row in rows
                            if (row["lesion_kind"] == "none")
                            == (reading == "by_image" and setting == "breast_without_mass")
                        ],
                        f"{region}_{measure}",
                    )
                    for measure in measures
                }
                for name, rows in own.items()
            }
            for setting, region in settings.items()
        }
        for reading, settings in regions.items()
    }


def _tests(own: dict[str, list[dict[str, str]]]) -> list[dict[str, Any]]:
    pairs = [(a, b) for a in MODELS for b in ("constant", "depth_intensity_table")]
    tests = []
    for measure in ("breast_l1", "mass_l1", "mass_abs_delta_cnr", "false_abs_share_error"):
        for a, b in [*pairs, MODELS]:
            first, second = (
                np.array([float(row[measure] or "nan") for row in own[name]]) for name in (a, b)
            )
            difference = interval(first - second, [row["patient"] for row in own[a]])
            p_value = None if difference["mean"] is None else 0.0005
            corrected = (
                None if p_value is None else (0.2 if measure == "false_abs_share_error" else 0.01)
            )
            tests.append(
                {"measure": measure, "a": a, "b": b, "difference": difference, "p_value": p_value,
                 "p_holm": corrected}
            )  # fmt: skip
    return tests


def _subgroups(own: Any, of_lesions: Any) -> list[dict[str, Any]]:
    found = []
    grouped = (
        ("breast_l1", own, "view_position", "view"),
        ("breast_l1", own, "density", "density"),
        ("breast_l1", own, "laterality", "side"),
        ("breast_l1", own, "thickness_mm", "thickness (mm)"),
        ("lesion_abs_contrast_error", of_lesions, "lesion_kind", "kind of lesion"),
    )
    for name in ("constant", *MODELS):
        for measure, rows, attribute, label in grouped:
            for value in dict.fromkeys(row[attribute] for row in rows[name]):
                chosen = [row for row in rows[name] if row[attribute] == value]
                found.append(
                    {"predictor": name, "measure": measure, "attribute": attribute, "label": label,
                     "value": value, "interval": interval_of(chosen, measure)}
                )  # fmt: skip
        empty = interval([], [])
        found.append(
            {"predictor": name, "measure": "breast_l1", "attribute": "density", "label": "density",
             "value": "not known", "interval": empty}
        )  # fmt: skip
    return found


def _of_lesions(rows: list[dict[str, str]]) -> dict[str, Any]:
    measures = ("contrast_error", "abs_contrast_error", "delta_cnr", "missed_enhancement",
                "is_missed")  # fmt: skip
    patients = [row["patient"] for row in rows]
    real, generated, contrast_real, contrast_generated = (
        np.array([float(row[f"lesion_{name}"] or "nan") for row in rows])
        for name in ("cnr_real", "cnr_generated", "contrast_real", "contrast_generated")
    )
    ranks = rank_correlation(contrast_real, contrast_generated, patients, resamples=100)
    agreement = bland_altman(real, generated, patients)
    limits = {
        side: {
            key: _json_number(getattr(getattr(agreement, side), key))
            for key in ("value", "low", "high")
        }
        for side in ("lower", "upper")
    }
    return {measure: interval_of(rows, f"lesion_{measure}") for measure in measures} | {
        "rank_correlation": {
            "rho": _json_number(ranks.rho),
            "low": _json_number(ranks.low),
            "high": _json_number(ranks.high),
            "n_lesions": ranks.n_lesions,
            "n_patients": ranks.n_patients,
            "n_missing": ranks.n_missing,
        },
        "bland_altman": {
            "bias": as_json(agreement.bias),
            **limits,
            "sd_within": _json_number(agreement.sd_within),
            "sd_between": _json_number(agreement.sd_between),
        },
    }


def _recall(rows: list[dict[str, str]]) -> dict[str, Any]:
    found = {}
    for kind, occult in (("visible", False), ("occult", True)):
        chosen = [row for row in rows if (row["lesion_kind"] == "occult") == occult]
        values = [1 - float(row["lesion_is_missed"] or "nan") for row in chosen]
        found[kind] = interval(values, [row["patient"] for row in chosen])
    return found


def _leak(with_agent: list[dict[str, str]], without: list[dict[str, str]]) -> dict[str, Any]:
    leak = {}
    for measure in ("breast_l1", "mass_l1", "mass_contrast_generated"):
        first, second = (
            np.array([float(row[measure] or "nan") for row in rows])
            for rows in (with_agent, without)
        )
        patients = [row["patient"] for row in with_agent]
        leak[measure] = {
            "with": interval(first, patients),
            "without": interval(second, patients),
            "difference": interval(first - second, patients),
        }
    return leak


def _substitution(patients: int) -> dict[str, Any]:
    def curve(start: float, loss: float) -> list[dict[str, Any]]:
        return [
            {"mean": start - loss * step, "low": start - loss * step - 0.04,
             "high": start - loss * step + 0.03, "n_values": 96, "n_cases": 96,
             "n_patients": patients}
            for step in range(5)
        ]  # fmt: skip

    return {
        "classifier": "logistic regression of 12 features",
        "shares": [0, 25, 50, 75, 100],
        "auc": curve(0.95, 0.03),
        "sensitivity": curve(0.9, 0.08),
        "f1": curve(0.88, 0.07),
        "threshold": 0.42,
        "positives": 48,
        "negatives": 96,
    }


def _histograms(rng: np.random.Generator) -> list[dict[str, str]]:
    rows = []
    for setting, center in zip(SETTINGS, (110, 105, 150), strict=True):
        for predictor in ("real", *SKILL):
            skill = SKILL.get(predictor, 1)
            width = 3 + 12 * skill + rng.uniform(0, 1)
            levels = np.arange(256)
            bins = np.exp(-(((levels - center - 4 * (1 - skill)) / width) ** 2) / 2)
            row = {"setting": setting, "predictor": predictor}
            shares = enumerate(bins / bins.sum())
            rows.append(row | {f"bin_{number}": str(value) for number, value in shares})
    return rows


def _text(value: Any) -> str:
    return "" if value != value else str(value)


def _json_number(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)


def _rest(rng: np.random.Generator, skill: float) -> dict[str, Any]:
    found = _distances(rng, "rest", 15 - 9 * skill)
    return {name: value for name, value in found.items() if "ssim" not in name}

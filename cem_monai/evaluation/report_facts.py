"""What was evaluated, and which cases failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cem_monai.evaluation.report_predictors import predictor_label

UNKNOWN_HASH = "not known: predictions of files, not of a bundle"


def fact_lines(summary: Mapping[str, Any], facts: Mapping[str, str]) -> dict[str, str]:
    """Return label → value: the caller's facts, then data, models, settings and software."""
    lines = dict(facts)
    lines |= _data(summary.get("data", {}))
    lines |= _models(summary["models"])
    lines |= _settings(summary.get("settings", {}))
    if software := summary.get("software"):
        lines["software"] = ", ".join(f"{name} {version}" for name, version in software.items())
    if created := summary.get("created"):
        lines["evaluated"] = f"{created} (UTC)"
    return lines


def failures(summary: Mapping[str, Any]) -> dict[str, list[str]] | None:
    """Return label of the predictor → its failed cases, for those with any; None if not told."""
    found = summary.get("failed")
    if found is None:
        return None
    return {predictor_label(name): cases for name, cases in found.items() if cases}


def _data(data: Mapping[str, Any]) -> dict[str, str]:
    if not data:
        return {}
    origin = "simulated exams" if data["simulated"] else "not simulated"
    return {
        "data": f"section {data['section']} of {data['datalist']}: {data['cases']} images of "
        f"{data['patients']} patients, {origin}",
        "baselines fitted on": f"{data['training_cases']} training images",
        "datalist, SHA-256": data["datalist_sha256"],
    }


def _models(models: Mapping[str, Any]) -> dict[str, str]:
    lines = {}
    for name, model in models.items():
        if "predictions" in model:
            lines[f"predictions of {predictor_label(name)}"] = model["predictions"]
            hashed = model["weights_sha256"] or UNKNOWN_HASH
            lines[f"weights of {predictor_label(name)}, SHA-256"] = hashed
    return lines


def _settings(settings: Mapping[str, Any]) -> dict[str, str]:
    if not settings:
        return {}
    scale, threshold = settings["data_range"], settings["enhancement_threshold"]
    area = settings["minimal_focus_area_mm2"]
    return {
        "grey levels": "0 to 255 stand for "
        + (f"the stored values {scale[0]:g} to {scale[1]:g}" if scale else "the whole format"),
        "CNR of the breast": f"patches of {settings['cnr_patch_size']} pixels every "
        f"{settings['cnr_stride']} pixels, edge rule {settings['cnr_edge']}",
        "false enhancement": "no threshold"
        if threshold is None
        else f"above {threshold:.1f} grey levels"
        + ("" if area is None else f"; a focus has at least {area:g} mm²"),
        "intervals": f"{settings['confidence']:.0%}, {settings['resamples']} resamples of patients",
    }

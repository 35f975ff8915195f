"""What a model card says of the evaluation itself: data, hashes, versions, what was tested."""

from __future__ import annotations

from itertools import groupby

from cem_monai.evaluation.card_table import label_of
from cem_monai.evaluation.summary_schema import EvaluationSummary, SubgroupEntry

ONE_OF_EACH = ("breast_l1", "lesion_is_missed")
"""Measures whose subgroups tell all subgroups: of cases, and of lesions."""


def evaluation_facts(summary: EvaluationSummary) -> str:
    """Return data, weights, settings and versions as a list."""
    data, settings = summary["data"], summary["settings"]
    origin = "simulated exams" if data["simulated"] else "not simulated"
    versions = ", ".join(f"{name} {version}" for name, version in summary["software"].items())
    lines = [
        f"Data: section `{data['section']}` of `{data['datalist']}` "
        f"(SHA-256 `{data['datalist_sha256']}`): {data['cases']} images of {data['patients']} "
        f"patients, {origin}.",
        f"Trivial predictors were fitted on {data['training_cases']} training images.",
        *(_weights(name, summary) for name in summary["models"]),
        f"Failed cases: {_failed(summary)}. Each counts in every denominator (n of m).",
        f"Grey levels: 0 to 255 stand for {_range(settings['data_range'])}.",
        f"Intervals: {100 * settings['confidence']:g} %, {settings['resamples']} resamples of "
        "patients.",
        f"Evaluated {summary['created']} with {versions}.",
    ]
    return as_list(lines)


def tested_on(summary: EvaluationSummary, model: str) -> str:
    """Return which vendors, views, thicknesses, densities and lesions were tested, as a list."""
    chosen = [
        entry
        for entry in summary["subgroups"]
        if entry["predictor"] == model and entry["measure"] in ONE_OF_EACH
        if entry["interval"]["n_cases"]
    ]
    groups = groupby(chosen, key=lambda entry: entry["label"])
    return as_list([f"{label}: {'; '.join(map(_group, members))}" for label, members in groups])


def as_list(lines: list[str]) -> str:
    """Return lines as a Markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def _weights(model: str, summary: EvaluationSummary) -> str:
    digest = summary["models"][model]["weights_sha256"]
    known = f"SHA-256 `{digest}`" if digest else "not known"
    return f"Weights of {label_of(model)}: {known}."


def _failed(summary: EvaluationSummary) -> str:
    counts = {name: len(cases) for name, cases in summary["failed"].items() if cases}
    total = summary["data"]["cases"]
    return ", ".join(f"{label_of(name)} {n} of {total}" for name, n in counts.items()) or "none"


def _range(limits: list[float] | None) -> str:
    if limits is None:
        return "the whole format of each image"
    return f"the stored values {limits[0]:g} to {limits[1]:g}"


def _group(entry: SubgroupEntry) -> str:
    unit = "lesions" if entry["measure"].startswith("lesion_") else "images"
    return f"{entry['value']} ({entry['interval']['n_cases']} {unit})"

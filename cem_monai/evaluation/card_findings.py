"""What a model card concludes: tests, known failures, and what the numbers do not show."""

from __future__ import annotations

from cem_monai.evaluation.card_facts import ONE_OF_EACH, as_list
from cem_monai.evaluation.card_table import CardColumn, label_of, markdown, scaled
from cem_monai.evaluation.summary import format_counts, format_interval
from cem_monai.evaluation.summary_schema import (
    EvaluationSummary,
    IntervalEntry,
    LeakEntry,
    PairedTestEntry,
)
from cem_monai.evaluation.verdict import ENOUGH_PATIENTS, format_p
from cem_monai.metrics.lesion import MISSED_BELOW

COLUMNS = {
    column.key: column
    for column in (
        CardColumn("breast_l1", "breast L1 (grey levels)", 2),
        CardColumn("mass_l1", "mass L1 (grey levels)", 2),
        CardColumn("mass_abs_delta_cnr", "mass ΔCNR, magnitude", 2),
        CardColumn("mass_abs_contrast_error", "mass contrast error, magnitude (grey levels)", 1),
        CardColumn("mass_contrast_generated", "mass contrast generated (grey levels)", 1),
        CardColumn(
            "false_abs_share_error",
            "lesion-free tissue that enhances, error of its share (%)",
            3,
            100,
        ),
        CardColumn("recall_visible", "recall of visible lesions (%)", 1, 100),
        CardColumn("recall_occult", "recall of occult lesions (%)", 1, 100),
    )
}
"""Measures of the tests and of the leak."""


def paired_test_table(summary: EvaluationSummary, model: str) -> str:
    """Return the tests of one model against all others; empty without any."""
    tests = [one for one in summary["tests"] if model in (one["a"], one["b"])]
    if not tests:
        return ""
    heading = ["less is better", "a", "b", "a − b", "p", "p by Holm", "images / patients"]
    return markdown([heading, *(_test_row(test) for test in tests)])


def leak_table(summary: EvaluationSummary, model: str) -> str:
    """Return what residual contrast agent gives a model; empty where that was not measured."""
    leak = (summary["leak"] or {}).get(model)
    if leak is None:
        return ""
    entries: dict[str, LeakEntry] = {
        "breast_l1": leak["breast_l1"],
        "mass_l1": leak["mass_l1"],
        "mass_contrast_generated": leak["mass_contrast_generated"],
        "recall_visible": leak["recall_visible"],
        "recall_occult": leak["recall_occult"],
    }
    heading = ["low-energy image", "with contrast agent", "without", "with − without"]
    return markdown([heading, *(_leak_row(*one) for one in entries.items())])


def known_failures(summary: EvaluationSummary, model: str) -> str:
    """Return how often lesions are missed and invented, with the numbers, as a list."""
    own = summary["measures"][model]
    enhancing = f"{_percent(own['false_share'])} of lesion-free tissue enhances"
    if "false_share_real" in own:
        enhancing += f"; in the real images {_percent(own['false_share_real'])}"
    lines = [_missed(summary, model), f"Lesions can be invented: {enhancing}."]
    if "mirror_share" in own and own["mirror_share"]["n_values"]:
        lines.append(
            f"Where the other breast has a lesion, {_percent(own['mirror_share'])} of the mirrored "
            "place enhances."
        )
    occult = summary["recall"].get(model, {}).get("occult")
    if occult and occult["n_values"]:
        lines.append(
            f"Lesions that no low-energy image shows are found in {_percent(occult)}: without "
            "contrast agent this must be near zero, more is read off residual contrast agent, or "
            "chance."
        )
    return as_list(lines)


def not_shown(summary: EvaluationSummary, model: str) -> str:
    """Return what the numbers do not show, as a list."""
    lines = [
        "Whether a reader, or another program, finds or calls a lesion: nobody has read these "
        "images.",
        "Patients, vendors, views and thicknesses unlike those tested above.",
        "How much another training of the same model would differ: the intervals are of patients.",
        "Breast ΔCNR hardly sees a lost lesion and smoothing raises it: read it beside L1 and the "
        "lesions.",
    ]
    if summary["data"]["simulated"]:
        lines.append("Anything about real patients: these exams come from a simulator.")
    if not leak_table(summary, model):
        lines.append(
            "How much is read off contrast agent in the low-energy image, which is acquired after "
            "injection: that was not measured."
        )
    if small := _small_subgroups(summary, model):
        lines.append(f"Subgroups of fewer than {ENOUGH_PATIENTS} patients: {small}.")
    return as_list(lines)


def _missed(summary: EvaluationSummary, model: str) -> str:
    entry = summary["lesions"].get(model)
    if entry is None:
        return "No lesion was measured: whether lesions are missed is not known."
    counts = format_counts(scaled(entry["is_missed"], 1))
    return (
        f"Lesions can be missed: {_percent(entry['is_missed'])} of lesions keep less than "
        f"{100 * MISSED_BELOW:g} % of their contrast (lesions / patients: {counts})."
    )


def _small_subgroups(summary: EvaluationSummary, model: str) -> str:
    if summary["data"]["patients"] < ENOUGH_PATIENTS:
        return "all of them"
    names = [
        f"{entry['label']} {entry['value']}"
        for entry in summary["subgroups"]
        if entry["predictor"] == model and entry["measure"] in ONE_OF_EACH
        if entry["interval"]["n_patients"] < ENOUGH_PATIENTS
    ]
    return "; ".join(names)


def _test_row(test: PairedTestEntry) -> list[str]:
    column = COLUMNS[test["measure"]]
    difference = scaled(test["difference"], column.factor)
    return [
        column.label,
        *(label_of(test["a"]), label_of(test["b"])),
        format_interval(difference, column.digits),
        *(format_p(test["p_value"]), format_p(test["p_holm"])),
        format_counts(difference),
    ]


def _leak_row(key: str, entry: LeakEntry) -> list[str]:
    column = COLUMNS[key]
    intervals = [
        scaled(one, column.factor) for one in (entry["with"], entry["without"], entry["difference"])
    ]
    return [column.label, *(format_interval(one, column.digits) for one in intervals)]


def _percent(entry: IntervalEntry) -> str:
    return f"{format_interval(scaled(entry, 100), 2)} %"

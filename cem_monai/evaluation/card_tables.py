"""The tables of a model card: predictors downwards, measures across."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from cem_monai.evaluation.card_table import (
    NOTHING,
    CardColumn,
    Entries,
    cell,
    interval_table,
    label_of,
    markdown,
    scaled,
)
from cem_monai.evaluation.statistics import Interval
from cem_monai.evaluation.summary import format_counts, format_interval
from cem_monai.evaluation.summary_schema import (
    AttainableEntry,
    EvaluationSummary,
    IntervalEntry,
    LesionEntry,
    Reading,
    Setting,
    TableCells,
)

DISTANCES = (
    CardColumn("l1", "L1 (grey levels)", 2),
    CardColumn("l2", "L2 (grey levels²)", 1),
    CardColumn("psnr_roi", "psnr_roi (dB)", 2),
    CardColumn("psnr_frame", "psnr_frame (dB)", 2),
    CardColumn("delta_cnr", "ΔCNR", 3),
)
LESIONS = (
    CardColumn("contrast_error", "contrast error (grey levels)", 1),
    CardColumn("abs_contrast_error", "its magnitude (grey levels)", 1),
    CardColumn("delta_cnr", "ΔCNR by the real noise", 2),
    CardColumn("missed_enhancement", "contrast lost (%)", 1, 100),
    CardColumn("is_missed", "lesions missed (%)", 1, 100),
)
FALSE_ENHANCEMENT = (
    CardColumn("false_share", "lesion-free tissue that enhances (%)", 3, 100),
    CardColumn("false_foci", "foci per image", 2),
    CardColumn("false_excess", "excess over the real image (grey levels)", 2),
    CardColumn("mirror_share", "mirror of a lesion (%)", 3, 100),
    CardColumn("decoy_contrast_generated", "contrast of decoys (grey levels)", 1),
)
OF_REAL_IMAGES = {
    "false_share": "false_share_real",
    "false_foci": "false_foci_real",
    "decoy_contrast_generated": "decoy_contrast_real",
}
"""Measure of generated images → the same of real ones."""

RECALL = (
    CardColumn("visible", "recall of visible lesions (%)", 1, 100),
    CardColumn("occult", "recall of occult lesions (%)", 1, 100),
)
GAINS = {
    "breast_l1": "breast L1 (%)",
    "breast_l2": "breast L2 (%)",
    "mass_l1": "mass L1 (%)",
    "mass_l2": "mass L2 (%)",
}
SETTINGS: dict[tuple[Reading, Setting], str] = {
    ("by_image", "breast_with_mass"): "Breast, images with a mass",
    ("by_image", "breast_without_mass"): "Breast, images without a mass",
    ("same_breast", "breast_without_mass"): "Breast without its mass, images with a mass",
    ("by_image", "mass_only"): "Mass only",
}
"""Reading and setting → title; the other settings of `same_breast` are those of `by_image`."""


def setting_tables(summary: EvaluationSummary) -> str:
    """Return the paper's tables, each under its title."""
    cells = {key: summary["tables"][key[0]][key[1]] for key in SETTINGS}
    return "\n\n".join(
        f"**{title}**\n\n{interval_table(_entries(cells[key]), DISTANCES)}"
        for key, title in SETTINGS.items()
    )


def lesion_table(summary: EvaluationSummary) -> str:
    """Return errors of single lesions, and beside them rank correlation and agreement."""
    entries = summary["lesions"]
    heading = ["predictor", *(column.label for column in LESIONS), "rank correlation"]
    heading += ["95 % limits of ΔCNR by the real noise", "lesions / patients"]
    rows = [[label_of(name), *_lesion_cells(entry)] for name, entry in entries.items()]
    return markdown([heading, *rows])


def false_enhancement_table(summary: EvaluationSummary) -> str:
    """Return enhancement where the real image has no lesion, the real images first."""
    measures = summary["measures"]
    first = next(iter(measures.values()))
    columns = [column for column in FALSE_ENHANCEMENT if column.key in first]
    real = {
        column.key: first.get(OF_REAL_IMAGES.get(column.key, ""), NOTHING) for column in columns
    }
    return interval_table({"real image": real, **measures}, columns)


def recall_table(summary: EvaluationSummary) -> str:
    """Return the recall by visibility; only for simulated exams."""
    return interval_table(summary["recall"], RECALL, counted="lesions / patients")


def gain_table(summary: EvaluationSummary) -> str:
    """Return the share of the attainable gain; only for simulated exams."""
    rows = [
        [label_of(name), *(_gain(gains[key]) for key in GAINS)]
        for name, gains in summary["attainable"].items()
    ]
    return markdown([["share of the attainable gain", *GAINS.values()], *rows])


def _entries(cells: Mapping[str, TableCells]) -> Entries:
    return {name: cast(Mapping[str, IntervalEntry], own) for name, own in cells.items()}


def _lesion_cells(entry: LesionEntry) -> list[str]:
    own = cast(Mapping[str, IntervalEntry], entry)
    means = [scaled(own[column.key], column.factor) for column in LESIONS]
    counts = format_counts(means[0])
    cells = [cell(*pair, counts) for pair in zip(means, LESIONS, strict=True)]
    return [*cells, _rank_correlation(entry), _limits(entry), counts]


def _rank_correlation(entry: LesionEntry) -> str:
    ranks = entry["rank_correlation"]
    return _number(ranks["rho"], ranks["low"], ranks["high"], 2)


def _limits(entry: LesionEntry) -> str:
    both = (entry["bland_altman"]["lower"], entry["bland_altman"]["upper"])
    return " to ".join(_number(one["value"], one["low"], one["high"], 2) for one in both)


def _gain(entry: AttainableEntry) -> str:
    share, low, high = (100 * entry["share"], 100 * entry["low"], 100 * entry["high"])
    return f"{_number(share, low, high, 0)} ({entry['n_cases']} / {entry['n_patients']})"


def _number(value: float, low: float, high: float, digits: int) -> str:
    return format_interval(Interval(value, low, high, 0, 0, 0), digits)

"""Tables of single lesions: contrast, agreement, recall, attainable gain, leak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cem_monai.evaluation.report_columns import (
    LESION_COLUMNS,
    Column,
    ColumnGroup,
    column_of,
)
from cem_monai.evaluation.report_predictors import (
    predictor_kind,
    predictor_label,
    predictor_names,
)
from cem_monai.evaluation.report_tables import (
    MISSING,
    Cell,
    Table,
    TableRow,
    format_ends,
    format_number,
    interval_row,
    interval_table,
    read_interval,
    read_number,
    tables,
)
from cem_monai.metrics.lesion import MISSED_BELOW

LESIONS = "lesions / patients"
RHO = Column("rho", "rank correlation", 2, signed=True)
CNR = Column("cnr", "CNR", 2, signed=True)
SHARE = Column("share", "share", 0, "%", 100)
ATTAINABLE = ("breast_l1", "mass_l1", "breast_l2", "mass_l2")


def lesion_tables(summary: Mapping[str, Any]) -> list[Table]:
    """Return the tables of `lesions`, `recall`, `attainable` and `leak`, as far as they are."""
    lesions, recall = summary.get("lesions") or {}, summary.get("recall") or {}
    contrast = ColumnGroup(
        "Contrast of single lesions",
        LESION_COLUMNS,
        "CNR of both images by the noise of the real one. A lesion is missed if less than "
        f"{MISSED_BELOW:.0%} of its contrast is generated.",
    )
    found = ColumnGroup(
        "Recall: lesions that are not missed",
        (
            Column("visible", "visible in the low-energy image", 1, "%", 100),
            Column("occult", "occult", 1, "%", 100),
        ),
        "Occult lesions show in no low-energy image that is taken without contrast agent: with "
        "such images a recall above zero is a leak or an error.",
    )
    return tables(
        (
            interval_table(summary, contrast, lesions, unit_counted=LESIONS),
            _agreement(summary, lesions),
            interval_table(summary, found, recall, unit_counted=LESIONS),
            _attainable(summary, summary.get("attainable") or {}),
            *_leaks(summary.get("leak") or {}),
        )
    )


def _agreement(summary: Mapping[str, Any], lesions: Mapping[str, Any]) -> Table | None:
    names = [name for name in predictor_names(summary) if name in lesions]
    if not names:
        return None
    return Table(
        title="Agreement of single lesions: ranks of contrast, and Bland-Altman of CNR",
        headings=(
            ("rank correlation", ""),
            ("bias", "CNR"),
            ("lower limit", "CNR"),
            ("upper limit", "CNR"),
            ("spread within patients", "CNR"),
            ("spread between patients", "CNR"),
        ),
        rows=tuple(_agreement_row(name, lesions[name], summary) for name in names),
        note="Rank correlation of real and generated contrast: 1 is perfect. Between the limits "
        "95 % of the differences (generated - real) of new lesions of new patients are expected.",
        unit_counted=LESIONS,
    )


def _agreement_row(name: str, lesions: Mapping[str, Any], summary: Mapping[str, Any]) -> TableRow:
    ranks, agreement = lesions["rank_correlation"], lesions["bland_altman"]
    bias = read_interval(agreement["bias"])
    row = interval_row(predictor_label(name), predictor_kind(name, summary), [(CNR, bias)])
    spreads = (agreement["sd_within"], agreement["sd_between"])
    asked = ranks["n_lesions"] + ranks["n_missing"]
    missing = f" of {asked}" if ranks["n_missing"] else ""
    counts = f"{ranks['n_lesions']}{missing} / {ranks['n_patients']}"
    cells = (
        _limit(ranks, "rho", RHO, "" if counts == row.counts else counts),
        *row.cells,
        _limit(agreement["lower"], "value", CNR),
        _limit(agreement["upper"], "value", CNR),
        *(Cell(format_number(read_number(spread), CNR).lstrip("+")) for spread in spreads),
    )
    return TableRow(row.label, row.kind, cells, row.counts)


def _limit(values: Mapping[str, Any], key: str, column: Column, counts: str = "") -> Cell:
    mean, low, high = (read_number(values[name]) for name in (key, "low", "high"))
    return Cell(format_number(mean, column), format_ends(low, high, column), counts)


def _attainable(summary: Mapping[str, Any], gains: Mapping[str, Any]) -> Table | None:
    names = [name for name in predictor_names(summary) if name in gains]
    if not names:
        return None
    measures = [name for name in ATTAINABLE if any(name in gains[one] for one in names)]
    return Table(
        title="Share of the attainable gain",
        headings=tuple((column_of(name).label, "%") for name in measures),
        rows=tuple(_gain_row(name, gains[name], measures, summary) for name in names),
        note="(constant - model) / (constant - limit): 0 % is no better than the constant, 100 % "
        "the best guess that a low-energy image without contrast agent allows (median for L1, mean "
        "for L2); more can be contrast agent in the image, or chance.",
    )


def _gain_row(
    name: str, gains: Mapping[str, Any], measures: list[str], summary: Mapping[str, Any]
) -> TableRow:
    own = [gains.get(key) for key in measures]
    counts = [f"{gain['n_cases']} / {gain['n_patients']}" if gain else "" for gain in own]
    first = next(filter(None, counts))
    cells = tuple(
        _limit(gain, "share", SHARE, "" if count == first else count) if gain else Cell(MISSING)
        for gain, count in zip(own, counts, strict=True)
    )
    return TableRow(predictor_label(name), predictor_kind(name, summary), cells, first)


def _leaks(leaks: Mapping[str, Any]) -> list[Table]:
    return [
        Table(
            title=f"Leak: {predictor_label(model)} with and without contrast agent in the "
            "low-energy image",
            headings=(("with", ""), ("without", ""), ("with - without", "")),
            rows=tuple(_leak_row(name, values) for name, values in measures.items()),
            note="Over the images that have both. What gets worse without contrast agent was read "
            "off the iodine in the low-energy image, which an examination without injection does "
            "not have.",
        )
        for model, measures in leaks.items()
    ]


def _leak_row(name: str, values: Mapping[str, Any]) -> TableRow:
    column = column_of(name)
    kinds = ("with", "without", "difference")
    intervals = [(column, read_interval(values[kind])) for kind in kinds]
    return interval_row(column.heading, "", intervals)

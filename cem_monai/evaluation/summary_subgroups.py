"""Which subgroups a summary holds, of cases and of lesions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cem_monai.evaluation.measure_table import MeasureTable
from cem_monai.evaluation.resampling import Resampling
from cem_monai.evaluation.subgroups import Attribute, group_rows
from cem_monai.evaluation.summary import Row
from cem_monai.evaluation.summary_schema import SubgroupEntry

CASE_MEASURES = ("breast_l1", "mass_abs_contrast_error")
LESION_MEASURES = ("lesion_abs_contrast_error", "lesion_is_missed")

DENSITY_SHARE = Attribute("density", "density (share by volume)", (0.1, 0.2, 0.3))
DENSITY_LETTER = Attribute("density", "density (ACR)")
MACHINE = Attribute("machine", "manufacturer and machine")
CASE_ATTRIBUTES = (
    DENSITY_SHARE,
    DENSITY_LETTER,
    Attribute("view_position", "view"),
    Attribute("laterality", "laterality"),
    MACHINE,
    Attribute("thickness_mm", "thickness (mm)", (40, 50, 60)),
)
LESION_ATTRIBUTES = (
    Attribute("lesion_kind", "kind of lesion"),
    Attribute("lesion_diameter_mm", "diameter of lesion (mm)", (10, 20)),
)


def summary_subgroups(
    cases: Mapping[str, MeasureTable], lesions: Mapping[str, MeasureTable], resampling: Resampling
) -> list[SubgroupEntry]:
    """Return the subgroups of all cases, then those of all lesions, predictor by predictor.

    Each case is in one group of each attribute, `not known` included. Density is a share by volume
    (simulated exams) or a letter; a mixture of both gives two attributes, and what has the other
    kind is `not known` there.

    Raises:
        ValueError: a thickness or a diameter is no number, or a column is lacking.
    """
    return [
        *_entries(cases, CASE_ATTRIBUTES, CASE_MEASURES, resampling),
        *_entries(lesions, LESION_ATTRIBUTES, LESION_MEASURES, resampling),
    ]


def _entries(
    tables: Mapping[str, MeasureTable],
    attributes: Sequence[Attribute],
    measures: Sequence[str],
    resampling: Resampling,
) -> Iterator[SubgroupEntry]:
    for predictor, table in tables.items():
        for measure in measures:
            for attribute in _used(attributes, table.rows):
                for value, group in _groups(table, attribute).items():
                    yield {
                        "predictor": predictor,
                        "measure": measure,
                        "attribute": attribute.column,
                        "label": attribute.label,
                        "value": value,
                        "interval": resampling.mean(group.column(measure), group.patients),
                    }


def _used(attributes: Sequence[Attribute], rows: Sequence[Row]) -> list[Attribute]:
    """Return the attributes without the kind of density that does not occur; letters if none."""
    kinds = {_is_number(row["density"]) for row in rows if row["density"].strip()} or {False}
    unused = {True: DENSITY_SHARE, False: DENSITY_LETTER}
    return [
        one for one in attributes if one not in [unused[kind] for kind in {True, False} - kinds]
    ]


def _groups(table: MeasureTable, attribute: Attribute) -> dict[str, MeasureTable]:
    rows = [{**row, attribute.column: _value(row, attribute)} for row in table.rows]
    groups = group_rows(rows, attribute)
    return {value: MeasureTable(tuple(members)) for value, members in groups.items()}


def _value(row: Row, attribute: Attribute) -> str:
    if attribute is MACHINE:
        return ", ".join(text for text in (row["manufacturer"], row["machine"]) if text.strip())
    text = row[attribute.column]
    if attribute.column == "density" and _is_number(text) != (attribute is DENSITY_SHARE):
        return ""
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

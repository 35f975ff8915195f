"""Subgroups of the cases: by view, density, thickness, size of the lesion."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

from cem_monai.evaluation.summary import Row

NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Attribute:
    """One column by which cases are grouped.

    Args:
        column: column of `metrics.csv`.
        label: heading, with unit where it is a number.
        edges: inner edges between bins in the unit of the column, rising; none makes every value
            a subgroup of its own.

    Raises:
        ValueError: the edges do not rise.
    """

    column: str
    label: str
    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if any(not low < high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError(f"edges of {self.column} must rise, got {self.edges}")

    @property
    def bins(self) -> tuple[str, ...]:
        """Names of the bins, e.g. `< 30`, `30 to < 50`, `≥ 50`; empty without edges."""
        if not self.edges:
            return ()
        pairs = zip(self.edges, self.edges[1:], strict=False)
        inner = [f"{low:g} to < {high:g}" for low, high in pairs]
        return (f"< {self.edges[0]:g}", *inner, f"≥ {self.edges[-1]:g}")


def group_rows(rows: Sequence[Row], attribute: Attribute) -> dict[str, list[Row]]:
    """Return value of the attribute, or name of its bin, → rows: each row is in one group.

    Bins come in rising order, also those without a row; other values are sorted; rows without a
    value are the last group, `not known`.

    Raises:
        ValueError: a value to be binned is no number.
    """
    values = [_value(row, attribute) for row in rows]
    found = set(values) - {NOT_KNOWN}
    names = [*(attribute.bins or sorted(found)), *({NOT_KNOWN} & set(values))]
    return {
        name: [row for row, value in zip(rows, values, strict=True) if value == name]
        for name in names
    }


def _value(row: Row, attribute: Attribute) -> str:
    text = row[attribute.column].strip()
    if not attribute.edges:
        return text or NOT_KNOWN
    try:
        number = float(text or "nan")
    except ValueError:
        raise ValueError(
            f"{attribute.column} of the case {row['case']} must be a number, got {text!r}"
        ) from None
    if math.isnan(number):
        return NOT_KNOWN
    return attribute.bins[bisect.bisect_right(attribute.edges, number)]

"""The cases of one predictor: which to look at first, and what to write below each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from cem_monai.evaluation.summary import Row


def worst_first(rows: Sequence[Row], predictor: str = "model") -> list[Row]:
    """Return the rows of one predictor, worst case first.

    By |mass ΔCNR|, then by breast L1. A mass whose generated CNR does not exist (constant pixels)
    is worst of all; cases without a mass come last.

    Raises:
        ValueError: there is no such predictor.
    """
    chosen = [row for row in rows if row["predictor"] == predictor]
    if not chosen:
        known = ", ".join(sorted({row["predictor"] for row in rows}))
        raise ValueError(f"no case of the predictor {predictor!r}, there are {known}")
    return sorted(chosen, key=badness, reverse=True)


def case_caption(row: Row) -> str:
    """Return the numbers of one case, e.g. `mass CNR: DES 4.86, virtual 0.10, ΔCNR -4.76 …`."""
    if row["mass_cnr_real"]:
        mass = (
            f"mass CNR: DES {number(row['mass_cnr_real'])}, "
            f"virtual {number(row['mass_cnr_generated'])}, "
            f"ΔCNR {number(row['mass_delta_cnr'], sign=True)}"
        )
    else:
        mass = "no mass to measure"
    return f"{mass}   |   breast L1 {number(row['breast_l1'])} grey levels"


def number(text: str, *, sign: bool = False) -> str:
    """Return a field of `metrics.csv` with two digits; a dash where it is empty."""
    if not text:
        return "–"
    return f"{float(text):+.2f}" if sign else f"{float(text):.2f}"


def badness(row: Mapping[str, Any]) -> tuple[float, float]:
    """Return by how much a case is bad, as `worst_first` sorts: the larger the worse.

    Args:
        row: of `metrics.csv`, its fields as text or as numbers.
    """
    delta, real, l1 = (
        _number(row[name]) for name in ("mass_delta_cnr", "mass_cnr_real", "breast_l1")
    )
    without = -1.0 if math.isnan(real) else math.inf
    return without if math.isnan(delta) else abs(delta), -1.0 if math.isnan(l1) else l1


def _number(value: Any) -> float:
    return math.nan if value == "" else float(value)

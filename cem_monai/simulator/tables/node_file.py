"""The shape, the rounding and the comparison of what the tables are written to."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

ROUNDING = 1e-4
"""Relative; one unit of the fifth digit, the last that is written."""


def significant(values: Iterable[float], digits: int) -> list[float]:
    """Round to significant digits."""
    return [float(f"{value:.{digits}g}") for value in values]


def encode(table: Mapping[str, Any]) -> str:
    """Return JSON with each list on one line."""
    text = json.dumps(table, indent=1)
    return re.sub(r"\[[^\[\]]*\]", _on_one_line, text) + "\n"


def differences(committed: Any, fresh: Any, place: str = "") -> Iterator[str]:
    """Tell each place where two tables differ beyond the rounding."""
    if isinstance(committed, dict) and isinstance(fresh, dict) and committed.keys() == fresh.keys():
        for key in committed:
            yield from differences(committed[key], fresh[key], f"{place}/{key}")
    elif isinstance(committed, list) and isinstance(fresh, list) and len(committed) == len(fresh):
        for number, (old, new) in enumerate(zip(committed, fresh, strict=True)):
            yield from differences(old, new, f"{place}/{number}")
    elif not _equal(committed, fresh):
        yield f"{place}: {committed} is committed, {fresh} computed"


def _equal(committed: Any, fresh: Any) -> bool:
    if isinstance(committed, float) and isinstance(fresh, float):
        return math.isclose(committed, fresh, rel_tol=ROUNDING)
    return bool(committed == fresh)


def _on_one_line(found: re.Match[str]) -> str:
    return re.sub(r"(?<=[\[{])\s+|\s+(?=[\]}])", "", " ".join(found[0].split()))

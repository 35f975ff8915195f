"""Write and read `summary.json`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NoReturn

from cem_monai.atomic import atomic_write
from cem_monai.evaluation.summary_schema import SCHEMA, SCHEMA_VERSION, EvaluationSummary
from cem_monai.evaluation.typed_json import decode, encode


def write_summary(path: str | os.PathLike[str], summary: EvaluationSummary) -> None:
    """Write a summary completely or not at all.

    Keys come in the order of the schema, predictors in that of tables: the same summary always
    gives the same bytes. NaN becomes null, infinity `"inf"` or `"-inf"`.

    Args:
        path: of the file to be written.
        summary: of one evaluation.

    Raises:
        ValueError: `read_summary` would refuse it.
    """
    content = encode(_checked(encode(summary), str(path)))
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    with atomic_write(path, "w") as file:
        file.write(text + "\n")


def read_summary(path: str | os.PathLike[str]) -> EvaluationSummary:
    """Return what `write_summary` has written; keys unknown to this version are left out.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no JSON, has another schema or version, lacks a key, or a value is of
            another type than the schema says.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no summary; cem-monai evaluate writes it")
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except ValueError as error:
        raise ValueError(f"{path}: is no JSON file ({error})") from None
    return _checked(content, str(path))


def _checked(content: Any, name: str) -> EvaluationSummary:
    for key, expected in (("schema", SCHEMA), ("schema_version", SCHEMA_VERSION)):
        found = content.get(key) if isinstance(content, dict) else None
        if found != expected:
            raise ValueError(f"{name}: {key} must be {expected!r}, got {found!r}")
    try:
        summary: EvaluationSummary = decode(content, EvaluationSummary)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return summary


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")

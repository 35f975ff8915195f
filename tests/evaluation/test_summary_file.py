from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from cem_monai.evaluation import read_summary, write_summary
from cem_monai.evaluation.summary_schema import (
    EvaluationSummary,
    IntervalEntry,
    LeakEntry,
    LimitEntry,
    TableCells,
)
from cem_monai.evaluation.typed_json import decode
from evaluated_rows import case_rows, summary_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "summary.md"

SECTIONS: dict[str, Any] = {
    "Keys": EvaluationSummary,
    "Interval": IntervalEntry,
    "Table cells": TableCells,
    "Limit of agreement": LimitEntry,
    "Leak": LeakEntry,
}
"""Heading of the page → what it documents."""


@pytest.fixture(scope="module")
def summary() -> EvaluationSummary:
    return summary_of()


@pytest.fixture
def path(tmp_path: Path, summary: EvaluationSummary) -> Path:
    write_summary(tmp_path / "summary.json", summary)
    return tmp_path / "summary.json"


def test_what_was_written_comes_back(path: Path, summary: EvaluationSummary) -> None:
    assert repr(read_summary(path)) == repr(summary)  # repr: also NaN and the order of keys


def test_same_summary_gives_the_same_bytes(path: Path, summary: EvaluationSummary) -> None:
    first = path.read_bytes()

    write_summary(path, {key: summary[key] for key in reversed(summary)})  # type: ignore[literal-required, arg-type]

    assert path.read_bytes() == first
    assert first.endswith(b"}\n")


def test_missing_and_infinite_numbers_are_strict_json(tmp_path: Path) -> None:
    rows = [row | {"breast_psnr_roi": "inf", "breast_l2": ""} for row in case_rows()]
    path = tmp_path / "summary.json"
    write_summary(path, summary_of(rows=rows))

    def refuse(token: str) -> None:
        pytest.fail(f"{token} is no JSON")

    measures = json.loads(path.read_text(), parse_constant=refuse)["measures"]["model"]
    assert measures["breast_psnr_roi"]["mean"] == "inf"
    assert measures["breast_l2"]["mean"] is None
    assert read_summary(path)["measures"]["model"]["breast_psnr_roi"]["mean"] == float("inf")


def test_other_result_is_not_written(path: Path, summary: EvaluationSummary) -> None:
    before = path.read_bytes()
    broken: Any = {**summary, "tests": None}

    with pytest.raises(ValueError, match=r"summary\.json: tests must be a list, got None$"):
        write_summary(path, broken)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no summary; cem-monai evaluate writes it"):
        read_summary(tmp_path / "summary.json")


@pytest.mark.parametrize("text", ["", "{", '{"schema": NaN}', '{"schema": "\\ud800'])
def test_damaged_file_raises(path: Path, text: str) -> None:
    path.write_text(text)

    with pytest.raises(ValueError, match=r"summary\.json: is no JSON file \("):
        read_summary(path)


def test_file_of_another_encoding_raises(path: Path) -> None:
    path.write_bytes(b"\xff\xfe{}")

    with pytest.raises(ValueError, match=r"summary\.json: is no JSON file \("):
        read_summary(path)


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c.update(schema="nnunet"),
            "schema must be 'cem_monai.evaluation', got 'nnunet'",
        ),
        (lambda c: c.pop("schema"), "schema must be 'cem_monai.evaluation', got None"),
        (lambda c: c.update(schema_version=2), "schema_version must be 1, got 2"),
        (lambda c: c.pop("recall"), "the key recall is lacking"),
        (
            lambda c: c["measures"]["model"]["breast_l1"].pop("low"),
            "the key measures.model.breast_l1.low is lacking",
        ),
        (
            lambda c: c["data"].update(simulated="yes"),
            "data.simulated must be true or false, got 'yes'",
        ),
        (
            lambda c: c["attainable"]["model"]["mass_l1"].update(limit="best"),
            "attainable.model.mass_l1.limit must be one of limit_mean, limit_median, got 'best'",
        ),
    ],
)
def test_other_content_raises(path: Path, change: Change, message: str) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))

    with pytest.raises(ValueError, match=rf"summary\.json: {re.escape(message)}$"):
        read_summary(path)


@pytest.mark.parametrize("text", ["[]", "3", "null"])
def test_json_of_another_kind_raises(path: Path, text: str) -> None:
    path.write_text(text)

    with pytest.raises(ValueError, match=r"schema must be 'cem_monai\.evaluation', got None"):
        read_summary(path)


def keys(kind: Any, where: str = "") -> Iterator[str]:
    """Every key; `*` stands for names that are data; what has a section of its own is a leaf."""
    if is_typeddict(kind) and (kind not in SECTIONS.values() or not where):
        for name, hint in get_type_hints(kind).items():
            yield from keys(hint, f"{where}.{name}".lstrip("."))
    elif get_origin(kind) is dict:
        yield from keys(get_args(kind)[1], f"{where}.*")
    elif get_origin(kind) is list and is_typeddict(get_args(kind)[0]):
        yield from keys(get_args(kind)[0], f"{where}[]")
    elif nested := [one for one in get_args(kind) if get_origin(one) is dict]:
        yield from keys(nested[0], where)
    else:
        yield where


def documented(heading: str) -> list[str]:
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (text,) = (one for one in sections if one.startswith(f"{heading}\n"))
    first_cells = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    return [key for cell in first_cells for key in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("heading", SECTIONS)
def test_page_documents_every_key_in_order(heading: str) -> None:
    assert documented(heading) == list(keys(SECTIONS[heading]))


def test_documented_keys_are_those_of_a_summary(path: Path) -> None:
    """Each documented key that the file has is missed when it is taken away."""
    taken, content = 0, json.loads(path.read_text())
    for key in documented("Keys"):
        *parents, last = key.replace("[]", ".0").split(".")
        node = content
        for name in parents:
            node = node and _child(node, name)
        if node and last != "*":
            value = node.pop(last)
            with pytest.raises(ValueError, match=rf"{last} is lacking"):
                decode(content, EvaluationSummary)
            node[last] = value
            taken += 1
    assert taken > len(documented("Keys")) / 2


def _child(node: Any, name: str) -> Any:
    if isinstance(node, list):
        return node[int(name)]
    return node[next(iter(node)) if name == "*" else name]

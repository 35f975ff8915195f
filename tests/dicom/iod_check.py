"""What highdicom's copy of the standard's tables finds wrong with an object.

Independent of dciodvfy, and newer. Not covered: conditions (types 1C and 2C), modules that are not
mandatory, and values.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import highdicom
from pydicom.dataset import Dataset

TABLES = Path(highdicom.__file__).parent / "_standard"
PIXELS = ("PixelData",)


def iod_findings(dataset: Dataset) -> list[str]:
    """Return one line for each attribute that is missing and each that does not belong."""
    iod = _table("sop_class_iod_map")[dataset.SOPClassUID]
    modules = _table("iod_module_map")[iod]
    attributes = _table("module_attribute_map")
    known: dict[tuple[str, ...], set[str]] = defaultdict(set)
    findings: list[str] = []
    for module in modules:
        for attribute in attributes.get(module["key"], []):
            known[tuple(attribute["path"])].add(attribute["keyword"])
            if module["usage"] == "M":
                findings += _missing(dataset, attribute, module["key"])
    return findings + list(_alien(dataset, known))


@cache
def _table(name: str) -> Any:
    return json.loads((TABLES / f"{name}.json").read_text())


def _missing(dataset: Dataset, attribute: dict[str, Any], module: str) -> Iterator[str]:
    keyword, path = attribute["keyword"], attribute["path"]
    for item in _items(dataset, path):
        absent = keyword not in item
        if (attribute["type"] in ("1", "2") and absent) or (
            attribute["type"] == "1" and item[keyword].is_empty
        ):
            yield f"type {attribute['type']} missing in {module}: {'/'.join([*path, keyword])}"


def _items(dataset: Dataset, path: list[str]) -> Iterator[Dataset]:
    if not path:
        yield dataset
        return
    for item in dataset.get(path[0]) or []:
        yield from _items(item, path[1:])


def _alien(
    dataset: Dataset, known: dict[tuple[str, ...], set[str]], path: tuple[str, ...] = ()
) -> Iterator[str]:
    for element in dataset:
        place = "/".join((*path, element.keyword or str(element.tag)))
        if element.tag.is_private:
            yield f"private: {place}"
        elif element.keyword not in known[path] and element.keyword not in PIXELS:
            yield f"not in the IOD: {place}"
        elif element.VR == "SQ":
            for item in element.value:
                yield from _alien(item, known, (*path, element.keyword))

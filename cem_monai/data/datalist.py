"""Pairs to a MONAI datalist JSON, split by patient, and back."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from cem_monai.atomic import atomic_write
from cem_monai.data.exam_facts import read_exam_facts
from cem_monai.data.masks import REGIONS
from cem_monai.data.pair import CEMPair

SECTIONS = ("training", "validation", "test")
FILE_KEYS = ("image", "label")
REQUIRED_KEYS = ("case", "patient", *FILE_KEYS)
TWIN_KEY = "image_without_contrast"
"""Low-energy image of a simulated exam as it would be without contrast agent."""
PATH_KEYS = (*FILE_KEYS, TWIN_KEY, *REGIONS)


def check_split(*, test_fraction: float, validation_fraction: float, seed: int) -> None:
    """Refuse, before any file is read, what `split_patients` could not use.

    Raises:
        ValueError: a fraction is not in [0, 1), or the seed is negative.
    """
    for name, value in (("test", test_fraction), ("validation", validation_fraction)):
        if not 0 <= value < 1:
            raise ValueError(f"{name}_fraction must be at least 0 and below 1, got {value}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")


def split_patients(
    patients: Sequence[str], *, test_fraction: float, validation_fraction: float, seed: int
) -> dict[str, str]:
    """Assign every patient to one section.

    Args:
        patients: patient of each pair; repetitions count once.
        test_fraction, validation_fraction: share of the patients, each in [0, 1), together below 1;
            a fraction above 0 gets at least one patient.
        seed: of the shuffle.

    Returns:
        section of each patient.

    Raises:
        ValueError: fractions out of range, or too few patients for the sections asked for.
    """
    check_split(test_fraction=test_fraction, validation_fraction=validation_fraction, seed=seed)
    fractions = {"test": test_fraction, "validation": validation_fraction}
    shuffled = list(np.random.default_rng(seed).permutation(sorted(set(patients))))
    sizes = {
        name: max(1, round(value * len(shuffled))) if value else 0
        for name, value in fractions.items()
    }
    if sum(sizes.values()) >= len(shuffled):
        raise ValueError(
            f"{len(shuffled)} patients are too few for {sizes['test']} in test, "
            f"{sizes['validation']} in validation and one in training"
        )
    sections = ["test"] * sizes["test"] + ["validation"] * sizes["validation"]
    sections += ["training"] * (len(shuffled) - len(sections))
    return {str(patient): section for patient, section in zip(shuffled, sections, strict=True)}


def write_datalist(
    pairs: Sequence[CEMPair],
    path: str | os.PathLike[str],
    *,
    test_fraction: float = 0.05,
    validation_fraction: float = 0.0,
    seed: int = 0,
) -> dict[str, int]:
    """Write the datalist; file paths in it are relative to its own folder.

    Args:
        pairs: from `find_pairs`.
        path: JSON file to write.
        test_fraction, validation_fraction, seed: see `split_patients`.

    Returns:
        number of pairs in each section.
    """
    path = Path(path)
    sections = split_patients(
        [pair.patient for pair in pairs],
        test_fraction=test_fraction,
        validation_fraction=validation_fraction,
        seed=seed,
    )
    items = datalist_items(pairs, path.parent)
    return write_sections([(sections[item["patient"]], item) for item in items], path)


def datalist_items(pairs: Sequence[CEMPair], folder: Path) -> list[dict[str, str]]:
    """Return one item per pair: case, patient, view, facts of `exam.json`, and relative paths.

    Args:
        pairs: from `find_pairs`; the cases of repeated views get numbers.
        folder: that the paths are relative to.
    """
    items, names = [], Counter[str]()
    for pair in pairs:
        names[pair.name] += 1
        number = names[pair.name]
        case = pair.name if number == 1 else f"{pair.name}_{number}"
        items.append(_item(pair, case, folder))
    return items


def write_sections(
    items: Iterable[tuple[str, dict[str, Any]]], path: str | os.PathLike[str]
) -> dict[str, int]:
    """Write items, each with its section, as a datalist, completely or not at all.

    Returns:
        number of items in each section.
    """
    datalist: dict[str, list[dict[str, Any]]] = {section: [] for section in SECTIONS}
    for section, item in items:
        datalist[section].append(item)
    with atomic_write(path, "w") as file:
        json.dump(datalist, file, indent=2)
        file.write("\n")
    return {section: len(members) for section, members in datalist.items()}


def load_datalist(
    path: str | os.PathLike[str],
    section: str,
    *,
    allow_empty: bool = False,
    allow_shared_patients: bool = False,
) -> list[dict[str, Any]]:
    """Return the items of one section with absolute paths, as MONAI's `Dataset` takes them.

    Args:
        path: JSON file of `write_datalist`, or one of the same form.
        section: `"training"`, `"validation"` or `"test"`.
        allow_empty: return an empty list for a section without cases, or one that is not there.
        allow_shared_patients: accept a patient in two sections, which flatters every measure: only
            to repeat a published split of that kind.

    Raises:
        FileNotFoundError: the datalist, or a file that it names, does not exist.
        ValueError: it is not such a datalist, an item lacks a key, or a patient or an image is in
            two sections; the section is empty.
    """
    path = Path(path)
    datalist = _read(path)
    if allow_empty and not datalist.get(section):
        return []
    if section not in datalist:
        raise ValueError(f"{path}: no section {section!r}, there are {', '.join(datalist)}")
    if not datalist[section]:
        raise ValueError(f"{path}: the section {section!r} holds no case")
    _check_disjoint(datalist, path, FILE_KEYS if allow_shared_patients else ("patient", *FILE_KEYS))
    return [_resolve(item, path) for item in datalist[section]]


def _item(pair: CEMPair, case: str, folder: Path) -> dict[str, str]:
    files = {"image": pair.low_energy.path, "label": pair.recombined.path, **pair.masks()}
    if pair.twin is not None:
        files[TWIN_KEY] = pair.twin
    return {
        "case": case,
        "patient": pair.patient,
        "laterality": pair.low_energy.laterality.value,
        "view_position": pair.low_energy.view_position.value,
        **read_exam_facts(pair.recombined).texts(),
        **{key: os.path.relpath(file.resolve(), folder.resolve()) for key, file in files.items()},
    }


def _read(path: Path) -> dict[str, list[dict[str, Any]]]:
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no datalist; cem-monai index makes one of exams, dose_patches of dose pairs"
        )
    try:
        datalist = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: is not JSON ({error})") from None
    if not isinstance(datalist, dict) or not all(isinstance(v, list) for v in datalist.values()):
        raise ValueError(f"{path}: must be an object of lists, e.g. training, test")
    for item in chain.from_iterable(datalist.values()):
        _check_item(item, path)
    return datalist


def _check_item(item: object, path: Path) -> None:
    if not isinstance(item, dict):
        raise ValueError(f"{path}: each item must be an object, one is {item!r}")
    if missing := [key for key in REQUIRED_KEYS if not item.get(key)]:
        name = item.get("case") or item.get("image") or item
        raise ValueError(f"{path}: the item {name} has no {', no '.join(missing)}")


def _check_disjoint(
    datalist: dict[str, list[dict[str, Any]]], path: Path, keys: Sequence[str]
) -> None:
    section_of: dict[tuple[str, str], str] = {}
    for section, items in datalist.items():
        for key in keys:
            for value in {str(item[key]) for item in items}:
                first = section_of.setdefault((key, value), section)
                if first != section:
                    raise ValueError(f"{path}: {key} {value} is in {first} and in {section}")


def _resolve(item: dict[str, Any], datalist: Path) -> dict[str, Any]:
    resolved = dict(item)
    for key in PATH_KEYS:
        if key in item:
            file = Path(datalist.parent, item[key]).absolute()
            if not file.is_file():
                raise FileNotFoundError(
                    f"{datalist}: {item.get('case', '')} {key} {file} is missing"
                )
            resolved[key] = str(file)
    return resolved

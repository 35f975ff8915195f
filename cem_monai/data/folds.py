"""Folds of a cross-validation, split by patient: one complete datalist each."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cem_monai.data.datalist import datalist_items, write_sections
from cem_monai.data.pair import CEMPair

FOLD_FILE = "fold_{}.json"


def check_folds(folds: int, seed: int) -> None:
    """Refuse, before any file is read, what `assign_folds` could not use; 0 folds are none.

    Raises:
        ValueError: a single or a negative number of folds, or the seed is negative.
    """
    if folds != 0 and folds < 2:
        raise ValueError(f"folds must be at least 2, or 0 for none, got {folds}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")


def assign_folds(strata: Mapping[str, str], *, folds: int, seed: int) -> dict[str, int]:
    """Assign every patient to one fold.

    Patients are shuffled, sorted by stratum and dealt out in turn: the folds differ by at most one
    patient, and by at most one of each stratum.

    Args:
        strata: stratum of each patient, e.g. the density.
        folds: number of folds, at least 2 and at most that of patients.
        seed: of the shuffle.

    Returns:
        fold of each patient, from 0.

    Raises:
        ValueError: fewer than 2 folds, too few patients, or the seed is negative.
    """
    check_folds(folds, seed)
    if not 0 < folds <= len(strata):
        raise ValueError(f"{len(strata)} patients cannot be split into {folds} folds")
    shuffled = [str(one) for one in np.random.default_rng(seed).permutation(sorted(strata))]
    dealt = sorted(shuffled, key=lambda patient: strata[patient])
    return {patient: number % folds for number, patient in enumerate(dealt)}


def write_folds(
    pairs: Sequence[CEMPair], folder: str | os.PathLike[str], *, folds: int = 5, seed: int = 0
) -> list[int]:
    """Write `fold_0.json`, `fold_1.json`, ...: in each, one fold is `test`, the rest `training`.

    Every patient is in the test section of exactly one of them. Patients are stratified by the
    pathology and density that `exam.json` tells. Folds that lie there already are replaced.

    Args:
        pairs: from `find_pairs`.
        folder: to write; paths in the files are relative to it.
        folds, seed: see `assign_folds`.

    Returns:
        number of pairs in the test section of each fold.

    Raises:
        ValueError: see `assign_folds`.
    """
    items = datalist_items(pairs, Path(folder))
    fold_of = assign_folds(_strata(items), folds=folds, seed=seed)
    remove_folds(folder)
    sizes = []
    for fold in range(folds):
        sections = {
            patient: "test" if number == fold else "training" for patient, number in fold_of.items()
        }
        members = [(sections[item["patient"]], item) for item in items]
        counts = write_sections(members, Path(folder, FOLD_FILE.format(fold)))
        sizes.append(counts["test"])
    return sizes


def remove_folds(folder: str | os.PathLike[str]) -> None:
    """Remove the folds that `write_folds` left in a folder."""
    for path in Path(folder).glob(FOLD_FILE.format("*")):
        if re.fullmatch(FOLD_FILE.format(r"\d+"), path.name):
            path.unlink()


def _strata(items: Sequence[Mapping[str, str]]) -> dict[str, str]:
    facts: dict[str, set[str]] = defaultdict(set)
    for item in items:
        facts[item["patient"]].add(f"{item.get('pathology', '')} {item.get('density', '')}")
    return {patient: ", ".join(sorted(told)) for patient, told in facts.items()}

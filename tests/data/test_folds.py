from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from cem_monai.data import CEMPair, assign_folds, load_datalist, remove_folds, write_folds
from cem_monai.dicom import read_attributes

STRATA = {f"P{number}": "ABC"[number % 3] for number in range(32)}


@pytest.fixture
def pairs(make_mammogram: Callable[..., Dataset], tmp_path: Path) -> list[CEMPair]:
    """Return two views of each of eleven patients; the files exist, but hold nothing."""

    def image(patient: str, view: str, code: str) -> Any:
        path = tmp_path / patient / f"L_{view}_{code}.dcm"
        path.parent.mkdir(exist_ok=True)
        path.touch()
        return read_attributes(make_mammogram(PatientID=patient, view=view), path)

    return [
        CEMPair(*(image(f"P{number}", view, code) for code in ("LE", "DES")))
        for number in range(11)
        for view in ("CC", "MLO")
    ]


def test_folds_and_strata_are_balanced() -> None:
    fold_of = assign_folds(STRATA, folds=5, seed=0)
    assert fold_of.keys() == STRATA.keys()
    assert sorted(Counter(fold_of.values()).values()) == [6, 6, 6, 7, 7]
    for stratum in "ABC":
        sizes = Counter(fold_of[one] for one, its in STRATA.items() if its == stratum)
        assert max(sizes.values()) - min(sizes.values()) <= 1


def test_seed_decides_and_order_does_not() -> None:
    fold_of = assign_folds(STRATA, folds=5, seed=3)
    assert assign_folds(dict(reversed(STRATA.items())), folds=5, seed=3) == fold_of
    assert assign_folds(STRATA, folds=5, seed=4) != fold_of


@pytest.mark.parametrize(
    ("folds", "seed", "message"),
    [
        (1, 0, "folds must be at least 2, or 0 for none, got 1"),
        (-5, 0, "folds must be at least 2, or 0 for none, got -5"),
        (0, 0, "32 patients cannot be split into 0 folds"),
        (33, 0, "32 patients cannot be split into 33 folds"),
        (5, -1, "seed must be at least 0, got -1"),
    ],
)
def test_unusable_folds(folds: int, seed: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        assign_folds(STRATA, folds=folds, seed=seed)


def test_every_patient_is_tested_once_and_trained_on_otherwise(
    pairs: list[CEMPair], tmp_path: Path
) -> None:
    sizes = write_folds(pairs, tmp_path, folds=5, seed=0)
    assert sum(sizes) == len(pairs)
    tested: list[str] = []
    for fold in range(5):
        path = tmp_path / f"fold_{fold}.json"
        # load_datalist refuses a patient in two sections
        test, training = (load_datalist(path, section) for section in ("test", "training"))
        assert len(test) == sizes[fold]
        assert {item["case"] for item in test} | {item["case"] for item in training} == {
            pair.name for pair in pairs
        }
        tested += {item["patient"] for item in test}
    assert sorted(tested) == sorted({pair.patient for pair in pairs})


def test_facts_of_the_exam_stratify_and_come_along(pairs: list[CEMPair], tmp_path: Path) -> None:
    for number in range(11):
        views = {view: {"density": "AB"[number < 5]} for view in ("L_CC", "L_MLO")}
        exam = {"patient": f"P{number}", "views": views}
        (tmp_path / f"P{number}" / "exam.json").write_text(json.dumps(exam))
    write_folds(pairs, tmp_path, folds=5, seed=0)
    for fold in range(5):
        test = load_datalist(tmp_path / f"fold_{fold}.json", "test")
        assert len({item["patient"] for item in test if item["density"] == "B"}) == 1


def test_folds_of_an_earlier_call_vanish(pairs: list[CEMPair], tmp_path: Path) -> None:
    write_folds(pairs, tmp_path, folds=5)
    (tmp_path / "fold_notes.json").touch()
    write_folds(pairs, tmp_path, folds=2)
    names = sorted(path.name for path in tmp_path.glob("fold_*"))
    assert names == ["fold_0.json", "fold_1.json", "fold_notes.json"]
    remove_folds(tmp_path)
    assert [path.name for path in tmp_path.glob("fold_*")] == ["fold_notes.json"]

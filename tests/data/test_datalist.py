from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from cem_monai.data import CEMPair, load_datalist, split_patients, write_datalist, write_mask
from cem_monai.dicom import read_attributes

MakePair = Callable[..., CEMPair]


@pytest.fixture
def make_pair(make_mammogram: Callable[..., Dataset], tmp_path: Path) -> MakePair:
    """Return a factory of pairs whose files exist, but hold nothing."""

    def make(patient: str, *, folder: str = "study", **attributes: Any) -> CEMPair:
        dataset = make_mammogram(PatientID=patient, **attributes)
        images = []
        for name in ("LE.dcm", "DES.dcm"):
            path = tmp_path / folder / patient / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            images.append(read_attributes(dataset, path))
        return CEMPair(*images)

    return make


def _split(
    patients: list[str], test: float, validation: float = 0, seed: int = 0
) -> dict[str, str]:
    return split_patients(patients, test_fraction=test, validation_fraction=validation, seed=seed)


def _sizes(sections: dict[str, str]) -> dict[str, int]:
    return {section: list(sections.values()).count(section) for section in set(sections.values())}


def _item(patient: object, name: str = "a") -> dict[str, object]:
    return {"case": "c1", "patient": patient, "image": f"{name}.dcm", "label": f"{name}_des.dcm"}


HUNDRED = [f"P{number}" for number in range(100)]


@pytest.mark.parametrize(
    ("patients", "test", "validation", "expected"),
    [
        (100, 0.05, 0, {"training": 95, "test": 5}),
        (100, 0.2, 0.1, {"training": 70, "validation": 10, "test": 20}),
        (100, 0, 0, {"training": 100}),
        (3, 0.05, 0.05, {"training": 1, "validation": 1, "test": 1}),
        (2, 0.05, 0, {"training": 1, "test": 1}),
        (1, 0, 0, {"training": 1}),
    ],
)
def test_sizes_of_the_sections(
    patients: int, test: float, validation: float, expected: dict[str, int]
) -> None:
    sections = _split(HUNDRED[:patients], test, validation)
    assert set(sections) == set(HUNDRED[:patients])
    assert _sizes(sections) == expected


def test_repeated_patients_count_once() -> None:
    assert _sizes(_split(["A"] * 50 + ["B"], 0.5)) == {"training": 1, "test": 1}


def test_seed_decides_and_order_does_not() -> None:
    first = _split(HUNDRED, 0.1, seed=3)
    assert _split(HUNDRED[::-1], 0.1, seed=3) == first
    assert _split(HUNDRED, 0.1, seed=4) != first


@pytest.mark.parametrize(
    ("patients", "test", "validation", "message"),
    [
        (0, 0.05, 0, "0 patients are too few"),
        (1, 0.05, 0, "1 patients are too few for 1 in test, 0 in validation and one in training"),
        (2, 0.05, 0.05, "2 patients are too few for 1 in test, 1 in validation"),
        (10, 0.5, 0.5, "10 patients are too few for 5 in test, 5 in validation"),
    ],
)
def test_too_few_patients(patients: int, test: float, validation: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _split(HUNDRED[:patients], test, validation)


@pytest.mark.parametrize("fraction", [-0.1, 1, 1.5, float("nan")])
def test_fraction_out_of_range(fraction: float) -> None:
    with pytest.raises(ValueError, match=f"test_fraction must be .*, got {fraction}"):
        _split(HUNDRED, fraction)
    with pytest.raises(ValueError, match=f"validation_fraction must be .*, got {fraction}"):
        _split(HUNDRED, 0.1, fraction)


def test_datalist_is_split_by_patient(make_pair: MakePair, tmp_path: Path) -> None:
    pairs = [make_pair(patient, view=view) for patient in HUNDRED[:20] for view in ("CC", "MLO")]
    counts = write_datalist(pairs, tmp_path / "list.json")
    assert counts == {"training": 38, "validation": 0, "test": 2}
    content = json.loads((tmp_path / "list.json").read_text())
    assert list(content) == ["training", "validation", "test"]
    patients = {section: {item["patient"] for item in items} for section, items in content.items()}
    assert len(patients["test"]) == 1
    assert not patients["test"] & patients["training"]


def test_item_names_case_and_files_relative_to_the_datalist(
    make_pair: MakePair, tmp_path: Path
) -> None:
    pair = make_pair("P1", laterality="R", view="MLO")
    write_mask(np.ones((6, 8), bool), tmp_path / "study" / "P1" / "DES_mass.nii.gz", None)
    write_datalist([pair], tmp_path / "lists" / "list.json", test_fraction=0)
    (item,) = json.loads((tmp_path / "lists" / "list.json").read_text())["training"]
    assert item == {
        "case": "P1_R_MLO",
        "patient": "P1",
        "laterality": "R",
        "view_position": "MLO",
        "image": "../study/P1/LE.dcm",
        "label": "../study/P1/DES.dcm",
        "mass": "../study/P1/DES_mass.nii.gz",
    }


def test_paths_survive_that_the_folder_is_moved(make_pair: MakePair, tmp_path: Path) -> None:
    write_datalist([make_pair("P1")], tmp_path / "study" / "list.json", test_fraction=0)
    shutil.move(tmp_path / "study", tmp_path / "moved")
    (item,) = load_datalist(tmp_path / "moved" / "list.json", "training")
    assert item["image"] == str(tmp_path / "moved" / "P1" / "LE.dcm")
    assert item["label"] == str(tmp_path / "moved" / "P1" / "DES.dcm")


def test_datalist_may_be_named_relative_to_the_working_folder(
    make_pair: MakePair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = make_pair("P1")
    monkeypatch.chdir(tmp_path)
    write_datalist([pair], "list.json", test_fraction=0)
    (item,) = load_datalist("list.json", "training")
    assert item["image"] == str(tmp_path / "study" / "P1" / "LE.dcm")


def test_repeated_cases_get_numbers(make_pair: MakePair, tmp_path: Path) -> None:
    pairs = [make_pair("P1"), make_pair("P1"), make_pair("P1", view="MLO"), make_pair("P1")]
    write_datalist(pairs, tmp_path / "list.json", test_fraction=0)
    cases = [item["case"] for item in load_datalist(tmp_path / "list.json", "training")]
    assert cases == ["P1_L_CC", "P1_L_CC_2", "P1_L_MLO", "P1_L_CC_3"]


def test_section_without_items_is_empty(make_pair: MakePair, tmp_path: Path) -> None:
    write_datalist([make_pair("P1")], tmp_path / "list.json", test_fraction=0)
    assert load_datalist(tmp_path / "list.json", "validation", allow_empty=True) == []


def _write(folder: Path, content: object) -> Path:
    path = folder / "list.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ([], "must be an object of lists"),
        ({"training": {}}, "must be an object of lists"),
        ({"test": []}, "no section 'training', there are test"),
        ({"training": ["a.dcm"]}, "each item must be an object, one is 'a.dcm'"),
        ({"training": [{"case": "c1"}]}, "the item c1 has no patient, no image, no label"),
        (
            {"training": [_item("P1")], "test": [_item("P2"), _item("P1", "other")]},
            "patient P1 is in training and in test",
        ),
        (
            {"training": [_item(1)], "validation": [_item("1", "other")]},
            "patient 1 is in training and in validation",
        ),
        (
            {"training": [_item("P1")], "test": [_item("P2")]},
            "image a.dcm is in training and in test",
        ),
        ({"training": [_item("")]}, "the item c1 has no patient"),
    ],
)
def test_unfit_datalist_is_refused(tmp_path: Path, content: object, message: str) -> None:
    path = _write(tmp_path, content)
    with pytest.raises(ValueError, match=message) as error:
        load_datalist(path, "training")
    assert str(error.value).startswith(f"{path}: ")


def test_missing_datalist_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"list\.json: no datalist; cem-monai index"):
        load_datalist(tmp_path / "list.json", "training")


@pytest.mark.parametrize("key", ["image", "label", "breast", "mass", "surround"])
def test_missing_file_is_named(tmp_path: Path, key: str) -> None:
    for name in ("a.dcm", "a_des.dcm"):
        (tmp_path / name).touch()
    path = _write(tmp_path, {"training": [_item("P1") | {key: "absent"}]})
    missing = os.fspath(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match=f"c1 {key} {missing} is missing"):
        load_datalist(path, "training")


def test_other_keys_are_kept(tmp_path: Path) -> None:
    for name in ("a.dcm", "a_des.dcm"):
        (tmp_path / name).touch()
    path = _write(tmp_path, {"training": [_item("P1") | {"fold": 3}]})
    assert load_datalist(path, "training")[0]["fold"] == 3

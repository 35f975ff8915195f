from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cem_monai.data import load_datalist, mask_path, write_mask
from cem_monai.evaluation import EvaluationFactsd, PredictionsError
from cem_monai.simulator.reference import Reference
from cem_monai.simulator.reference_files import write_reference
from exams import SPACING, breast_and_mass, write_exams
from prediction_files import stored

Item = dict[str, Any]
SIZE = 64
BREAST, MASS, _ = breast_and_mass(SIZE)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write_exams(folder, 3, size=SIZE)
    return folder


@pytest.fixture
def items(archive: Path, tmp_path: Path) -> list[Item]:
    """Left and right view of the test patient, with breast masks; files may be changed."""
    shutil.copytree(archive, tmp_path, dirs_exist_ok=True)
    items = load_datalist(tmp_path / "datalist.json", "test")
    for item in items:
        item["breast"] = str(mask_path(item["label"], "breast"))
        breast = BREAST[:, ::-1] if item["laterality"] == "R" else BREAST
        write_mask(breast, Path(item["breast"]), SPACING)
    return items


def simulated(item: Item) -> None:
    """Tell of a lesion, and of a decoy, in stored pixels."""
    lesion = {"kind": "occult", "enhancing": True, "diameter_mm": 7.0, "row": 16, "column": 47}
    decoy = {"kind": "round", "enhancing": False, "diameter_mm": 7.0, "row": 3, "column": 4}
    views = {f"{item['laterality']}_CC": {"density": 0.25, "lesions": [lesion, decoy]}}
    exam = {"patient": item["patient"], "views": views}
    Path(item["label"]).with_name("exam.json").write_text(json.dumps(exam))


def test_texts_are_those_of_the_files_and_the_datalist(items: list[Item]) -> None:
    items[0]["density"] = "c"
    facts = EvaluationFactsd(items)(items[0])
    expected = {
        "density": "c",
        "manufacturer": "cem_monai simulator",
        "machine": "test",
        "thickness_mm": "",
        "lesion_kind": "",
    }
    assert {key: facts[key] for key in expected} == expected
    assert facts["known_lesions"] == "[]"
    assert facts.items() >= {key: items[0][key] for key in ("case", "image", "label")}.items()


@pytest.mark.parametrize(("number", "column"), [(0, 47 / SIZE), (1, 16 / SIZE)])
def test_lesions_are_told_as_shares_of_the_canonical_image(
    items: list[Item], number: int, column: float
) -> None:
    simulated(items[number])
    facts = EvaluationFactsd(items)(items[number])
    assert json.loads(facts["known_lesions"]) == [["occult", 16 / SIZE, column]]
    assert (facts["density"], facts["lesion_kind"]) == ("0.250", "occult")


def test_mirrored_is_the_lesion_of_the_other_breast(items: list[Item]) -> None:
    facts = EvaluationFactsd(items)(items[0])
    assert facts["mirrored"].shape == (1, SIZE, SIZE)
    assert facts["mirrored"].dtype == torch.float32
    np.testing.assert_array_equal(facts["mirrored"][0], MASS)


def test_mirrored_is_empty_without_another_breast(items: list[Item]) -> None:
    facts = EvaluationFactsd(items[:1])(items[0])
    assert facts["mirrored"].shape == (1, SIZE, SIZE)
    assert not facts["mirrored"].any()


def test_case_of_another_section_stays_as_it_is(items: list[Item], tmp_path: Path) -> None:
    """Training cases pass the same transforms, and need neither masks nor facts."""
    (training, *_) = load_datalist(tmp_path / "datalist.json", "training")
    Path(training["mass"]).write_bytes(b"nothing")
    facts = EvaluationFactsd(items)(training)
    assert facts.keys() - training.keys() == {"mirrored"}
    assert facts["mirrored"].shape == (1, SIZE, SIZE)
    assert not facts["mirrored"].any()


def test_item_itself_is_not_changed(items: list[Item]) -> None:
    before = dict(items[0])
    EvaluationFactsd(items)(items[0])
    assert items[0] == before


def test_unusable_case_is_told(items: list[Item]) -> None:
    Path(items[0]["label"]).write_bytes(b"nothing")
    with pytest.raises(PredictionsError, match=f"unusable images: {items[0]['case']}"):
        EvaluationFactsd(items)(items[0])


def add_limits(items: list[Item]) -> None:
    for item in items:
        image = stored(item).astype(np.float32)
        shifts = {"mean": 5, "median": 9, "sd": 0, "clean": 0}
        images = {name: image + shift for name, shift in shifts.items()}
        write_reference(Reference(**images), Path(item["label"]), SPACING, 1)


def test_limits_are_canonical_and_know_their_range(items: list[Item]) -> None:
    add_limits(items)
    facts = EvaluationFactsd(items)(items[1])
    for name, shift in (("limit_mean", 5), ("limit_median", 9)):
        expected = stored(items[1])[:, ::-1].astype(float) + shift
        np.testing.assert_array_equal(facts[name][0], expected)
        assert (facts[name].meta["value_low"], facts[name].meta["value_high"]) == (0, 4095)


def test_limits_are_all_or_none(items: list[Item]) -> None:
    add_limits(items[:1])
    assert not {"limit_mean", "limit_median"} & EvaluationFactsd(items)(items[0]).keys()

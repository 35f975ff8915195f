from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from cem_monai.data import ExamFacts, read_exam_facts
from cem_monai.dicom import MammogramAttributes, read_attributes

VIEWS = {
    "L_MLO": {"density": "B", "machine": "1", "findings": ["Mass", "Cyst"]},
    "L_MLO_2": {"density": "C", "pathology": "Benign", "lesion_kind": "mass"},
}


@pytest.fixture
def recombined(
    make_mammogram: Callable[..., Dataset], tmp_path: Path
) -> Callable[..., MammogramAttributes]:
    exam = {"patient": "P1", "views": VIEWS}
    (tmp_path / "exam.json").write_text(json.dumps(exam))

    def named(name: str, view: str = "MLO") -> MammogramAttributes:
        return read_attributes(make_mammogram(view=view), tmp_path / name)

    return named


@pytest.mark.parametrize("name", ["L_MLO_DES.dcm", "renamed.dcm"])
def test_facts_of_a_view(recombined: Callable[..., MammogramAttributes], name: str) -> None:
    facts = read_exam_facts(recombined(name))
    assert facts == ExamFacts(density="B", machine="1", findings="Mass; Cyst")
    assert facts.texts() == {"density": "B", "machine": "1", "findings": "Mass; Cyst"}


def test_facts_of_a_repeated_view(recombined: Callable[..., MammogramAttributes]) -> None:
    facts = read_exam_facts(recombined("L_MLO_2_DES.dcm"))
    assert facts == ExamFacts(density="C", pathology="Benign", lesion_kind="mass")


def test_view_that_the_file_does_not_tell(recombined: Callable[..., MammogramAttributes]) -> None:
    assert read_exam_facts(recombined("L_CC_DES.dcm", view="CC")) == ExamFacts()

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from cem_monai.data import mask_path, write_mask
from cem_monai.dicom import read_mammogram
from cem_monai.evaluation import (
    EvaluationCase,
    case_panel,
    load_evaluation_case,
    write_panel,
)
from exams import SPACING, breast_and_mass, write_exam

SIZE = 64
BREAST, MASS, SURROUND = breast_and_mass(SIZE)
DECOY = np.roll(MASS, -12, axis=0)
FILES = {"image": "LE", "label": "DES"}


@pytest.fixture(params=["L", "R"])
def case(request: Any, tmp_path: Path) -> EvaluationCase:
    write_exam(tmp_path, "TEST", size=SIZE)
    stem = f"{request.param}_CC"
    item = {
        "case": "c",
        "patient": "TEST",
        "image": tmp_path / "TEST" / f"{stem}_LE.dcm",
        "label": tmp_path / "TEST" / f"{stem}_DES.dcm",
    }
    flip = slice(None, None, -1 if request.param == "R" else 1)
    masks = {"breast": BREAST, "mass": MASS, "surround": SURROUND, "decoy": DECOY}
    masks |= {"mass_second": np.roll(MASS, 1, axis=0)}
    for region, mask in masks.items():
        item[region] = mask_path(item["label"], region)
        write_mask(mask[:, flip], item[region], SPACING)
    return load_evaluation_case(item)


def test_images_and_masks_are_those_of_the_case(case: EvaluationCase) -> None:
    prediction = case.recombined + np.float32(3.25)

    panel = case_panel(case, prediction, mirrored=DECOY)

    np.testing.assert_array_equal(panel.recombined, case.recombined)
    np.testing.assert_array_equal(panel.low_energy, case.low_energy)
    np.testing.assert_array_equal(panel.difference[BREAST], 3.25)
    np.testing.assert_array_equal(panel.mass, MASS)
    np.testing.assert_array_equal(panel.mass_second, np.roll(MASS, 1, axis=0))
    np.testing.assert_array_equal(panel.surround, SURROUND)
    np.testing.assert_array_equal(panel.decoy, DECOY)
    np.testing.assert_array_equal(panel.mirrored, DECOY)
    np.testing.assert_array_equal(panel.breast, BREAST)
    assert panel.spacing == SPACING


def test_window_is_that_of_the_recombined_file(case: EvaluationCase) -> None:
    assert case_panel(case, case.recombined.astype(np.float32)).recombined_range == (0, 4095)

    dataset = pydicom.dcmread(case.recombined_path)
    dataset.WindowCenter, dataset.WindowWidth = 2050, 300
    dataset.save_as(case.recombined_path)

    panel = case_panel(case, case.recombined.astype(np.float32))
    assert panel.recombined_range == (1900, 2199)
    assert panel.low_energy_range == (0, 4095)


def test_window_can_be_given(case: EvaluationCase) -> None:
    panel = case_panel(case, case.recombined.astype(np.float32), display_window=(2050, 300))

    assert panel.recombined_range == (1900, 2199)


def test_case_without_a_mass(tmp_path: Path) -> None:
    write_exam(tmp_path, "TEST", size=SIZE, mass=False)
    files = {key: tmp_path / "TEST" / f"L_CC_{end}.dcm" for key, end in FILES.items()}
    case = load_evaluation_case({"case": "c", "patient": "TEST", **files})

    panel = case_panel(case, read_mammogram(files["label"]).pixels)

    assert (panel.mass, panel.mass_second, panel.surround, panel.decoy) == (None,) * 4


def test_prediction_of_another_size(case: EvaluationCase) -> None:
    with pytest.raises(ValueError, match="c: prediction 8 x 6, image 64 x 64"):
        case_panel(case, np.zeros((8, 6), np.float32))


@pytest.mark.parametrize("case", ["L"], indirect=True)
def test_picture_is_the_same_every_time(case: EvaluationCase, tmp_path: Path) -> None:
    panel = case_panel(case, case.recombined.astype(np.float32))
    for name in ("one.png", "two.png"):
        write_panel(panel, tmp_path / name, title="case", caption="numbers")

    png = (tmp_path / "one.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert png == (tmp_path / "two.png").read_bytes()

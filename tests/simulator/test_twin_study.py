"""The low-energy image without contrast agent in a study folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

from cem_monai.data import find_pairs, load_datalist, write_datalist
from cem_monai.simulator import simulate_exams, simulate_view

SIZE = 128
VIEWS = ("L_CC", "L_MLO", "R_CC", "R_MLO")


@pytest.fixture(scope="module")
def study_with_twins(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twins") / "study"
    simulate_exams(folder, exams=1, seed=14, size=SIZE, twin=True, hidden=1, progress=False)
    return folder


def test_twin_lies_beside_the_low_energy_image(study_with_twins):
    path = study_with_twins / "SIM-000014" / "R_CC_LE_TWIN.dcm"
    arguments = {"laterality": "R", "view_position": "CC", "size": SIZE, "hidden": 1}
    view = simulate_view(14, twin=True, **arguments)
    twin, low = pydicom.dcmread(path), pydicom.dcmread(path.with_name("R_CC_LE.dcm"))

    assert np.array_equal(twin.pixel_array, view.low_energy_without_contrast)
    assert "ContrastBolusAgent" not in twin
    assert twin.SeriesDescription == "Simulated low-energy R CC without contrast agent"
    assert twin.StudyInstanceUID == low.StudyInstanceUID
    assert twin.SOPInstanceUID != low.SOPInstanceUID
    assert twin.SeriesInstanceUID != low.SeriesInstanceUID


def test_twin_belongs_to_its_pair(study_with_twins):
    pairs, refused = find_pairs(study_with_twins)

    assert {pair.low_energy.path.name for pair in pairs} == {f"{view}_LE.dcm" for view in VIEWS}
    assert all(pair.twin.name == f"{pair.low_energy.path.stem}_TWIN.dcm" for pair in pairs)
    assert refused == []


def test_datalist_names_the_twin(study_with_twins, tmp_path):
    pairs, _ = find_pairs(study_with_twins)
    write_datalist(pairs[:1], tmp_path / "one.json", test_fraction=0)
    (item,) = load_datalist(tmp_path / "one.json", "training")

    assert Path(item["image_without_contrast"]).samefile(pairs[0].twin)


def test_twin_is_another_compression(study_with_twins):
    twin, low = (
        pydicom.dcmread(study_with_twins / "SIM-000014" / f"L_CC_{code}.dcm")
        for code in ("LE_TWIN", "LE")
    )

    assert twin.FrameOfReferenceUID != low.FrameOfReferenceUID
    assert int(low.AcquisitionTime) - int(twin.AcquisitionTime) >= 1000


def test_series_of_twins_are_apart(study_with_twins):
    datasets = [pydicom.dcmread(path) for path in study_with_twins.rglob("*.dcm")]

    assert len({dataset.SOPInstanceUID for dataset in datasets}) == 12
    assert len({dataset.SeriesNumber for dataset in datasets}) == 12


def test_manifest_tells_twin_and_hidden_draw(study_with_twins):
    manifest = json.loads((study_with_twins / "manifest.json").read_text())

    assert manifest["recipe"]["twin"] is True
    assert manifest["recipe"]["hidden"] == 1
    assert "L_MLO_LE_TWIN.dcm" in manifest["exams"][0]["files"]

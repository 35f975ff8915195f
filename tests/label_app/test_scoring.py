"""What the radiologist is told is what `evaluate` computes."""

from __future__ import annotations

import csv
import math

import nibabel as nib
import numpy as np
import pydicom
import pytest

from cem_monai.data import load_datalist, mask_path, read_mask
from cem_monai.evaluation import load_evaluation_case, read_prediction
from cem_monai.evaluation.case_evaluation import case_regions, stored
from cem_monai.label_app.image_source import FolderSource
from cem_monai.label_app.labelmap import Drawing
from cem_monai.label_app.nrrd_file import write_nrrd
from cem_monai.label_app.scoring import score_all, score_reading
from cem_monai.label_app.workspace import Workspace
from cem_monai.metrics import delta_cnr_mass
from exams import write_exams
from infer.stand_in import translate

NOTHING = np.zeros((64, 64), bool)


@pytest.fixture
def exams(tmp_path):
    write_exams(tmp_path / "studies")
    return load_datalist(tmp_path / "studies" / "datalist.json", "test")


def opened(tmp_path) -> Workspace:
    return Workspace(FolderSource(tmp_path / "studies"), tmp_path / "work")


def uid_of(workspace, item):
    (view,) = (
        one for one in workspace.views.values() if one.low_energy.place == str(item["image"])
    )
    return view.low_energy.sop_instance_uid, view


@pytest.mark.parametrize("surround", ["drawn", "ring"])
def test_delta_cnr_is_that_of_evaluate(exams, tmp_path, surround):
    translate(tmp_path / "studies", tmp_path / "studies" / "virtual")
    workspace = opened(tmp_path)
    for item in exams:
        uid, view = uid_of(workspace, item)
        mass, around = (read_mask(mask_path(item["label"], name)) for name in ("mass", "surround"))
        drawn = Drawing(mass, around if surround == "drawn" else NOTHING)
        workspace.drawings.save(uid, "ann", drawn)
        (row,) = score_reading(workspace, view, "ann")
        without = {key: value for key, value in item.items() if key not in ("breast", "surround")}
        case = load_evaluation_case(item if surround == "drawn" else without)
        generated = read_prediction(tmp_path / "studies" / "virtual" / f"{row.virtual}.dcm", case)
        area, ring = case_regions(case, None).readings["first"]
        expected = delta_cnr_mass(
            stored(generated, case.value_range),
            stored(case.recombined, case.value_range),
            area,
            ring,
        )
        assert row.found.surround == surround
        assert row.found.cnr_real == expected.real
        assert row.found.cnr_virtual == expected.generated
        assert row.found.delta_cnr == expected.delta
        # the stand-in passes the low-energy image on, but for the 12 bits that both have
        assert row.found.cnr_virtual == pytest.approx(row.found.cnr_low_energy)


def test_without_a_recombined_image_there_is_no_delta(exams, tmp_path):
    workspace = opened(tmp_path)
    uid, view = uid_of(workspace, exams[0])
    view.recombined = None
    mass = read_mask(exams[0]["mass"])
    workspace.drawings.save(uid, "ann", Drawing(mass, NOTHING))
    (row,) = score_reading(workspace, view, "ann")
    assert math.isfinite(row.found.cnr_low_energy)
    assert row.to_json()["delta_cnr"] is None
    assert row.to_json()["cnr_real"] is None
    assert row.model == ""


def test_table_keeps_readers_apart(exams, tmp_path):
    workspace = opened(tmp_path)
    uid, view = uid_of(workspace, exams[0])
    mass = read_mask(exams[0]["mass"])
    for shift, reader in ((0, "ann"), (4, "bob")):
        workspace.drawings.save(uid, reader, Drawing(np.roll(mass, shift, 0), NOTHING))
        score_reading(workspace, view, reader)
    before = rows(workspace)
    assert [row["reader"] for row in before] == ["ann", "bob"]
    assert before[0]["cnr_low_energy"] != before[1]["cnr_low_energy"]
    workspace.drawings.save(uid, "bob", Drawing(np.roll(mass, 6, 0), NOTHING))
    score_reading(workspace, view, "bob")
    now = rows(workspace)
    assert now[0] == before[0]
    assert now[1]["cnr_low_energy"] != before[1]["cnr_low_energy"]
    score_all(workspace)
    assert rows(workspace) == now


def rows(workspace):
    with workspace.table.open(newline="") as file:
        return list(csv.DictReader(file))


def test_reader_who_sees_no_mass(workspace):
    uid, view = next(iter(workspace.views.items()))
    workspace.drawings.save(uid, "ann", Drawing(NOTHING, NOTHING))
    (row,) = score_reading(workspace, view, "ann")
    assert row.found.mass_pixels == 0
    assert rows(workspace)[0]["cnr_low_energy"] == ""


def test_view_that_cannot_be_measured_does_not_stop_the_others(workspace, studies):
    uids = list(workspace.views)
    for uid in uids:
        mass = NOTHING.copy()
        mass[30:34, 18:22] = True
        workspace.drawings.save(uid, "ann", Drawing(mass, NOTHING))
    path = workspace.source.file(workspace.views[uids[0]].low_energy)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 * 2 - 100])
    found, problems = score_all(workspace)
    assert [row.image for row in found] == [uids[1]]
    assert list(problems) == [uids[0]]


def test_drawing_of_a_client_on_any_image_of_the_view(workspace, tmp_path):
    uid, view = next(iter(workspace.views.items()))
    numbers = np.zeros((64, 64), np.uint8)
    numbers[30:34, 18:22] = 1
    write_nrrd(numbers, tmp_path / "a.nrrd", (0.5, 0.5))
    told = {"client_id": "bob", "label_info": [{"name": "mass", "idx": 1}]}
    found, reader = workspace.draw(
        view.recombined.sop_instance_uid, tmp_path / "a.nrrd", "final", told
    )
    assert (found.low_energy.sop_instance_uid, reader) == (uid, "bob")
    np.testing.assert_array_equal(workspace.drawings.read(uid, "bob").mass, numbers == 1)
    info = workspace.drawings.info(uid, "bob")
    assert info["drawn_on"] == view.recombined.sop_instance_uid


def test_picture_has_the_pixels_of_the_file_in_its_orientation(workspace):
    for view in workspace.views.values():
        for image in (view.low_energy, view.recombined):
            volume = nib.load(workspace.picture(image.sop_instance_uid))
            expected = pydicom.dcmread(workspace.source.file(image)).pixel_array
            np.testing.assert_array_equal(np.asarray(volume.dataobj)[..., 0].T, expected)
            # columns to the left, rows to the back: the screen shows it as stored
            np.testing.assert_array_equal(volume.affine, np.diag([-0.5, -0.5, 1, 1]))

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pydicom
import pytest

from cem_monai.data import find_pairs, read_mask
from cem_monai.dicom import read_mammogram
from cem_monai.simulator import Population, simulate_exams, simulate_view

SIZE = 128
FIRST_SEED = 13
"""Exam 13 is normal, exam 14 holds three lesions in the left breast."""
SEED_WITH_DECOY = 17
"""Left breast: a mass and calcifications that do not enhance."""
VIEWS = ("L_CC", "L_MLO", "R_CC", "R_MLO")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "study"
    simulate_exams(folder, exams=2, seed=FIRST_SEED, size=SIZE, progress=False)
    return folder


@pytest.fixture
def copied_study(study, tmp_path):
    return shutil.copytree(study, tmp_path / "study")


def content(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_exam_folder_holds_four_views_with_breast_masks(study):
    for seed in (13, 14):
        names = {path.name for path in (study / f"SIM-{seed:06d}").iterdir()}
        for view in VIEWS:
            assert {f"{view}_LE.dcm", f"{view}_DES.dcm", f"{view}_DES_breast.nii.gz"} <= names
        assert "exam.json" in names


def test_normal_exam_has_no_mass_files(study):
    assert not list((study / "SIM-000013").glob("*mass*"))
    assert not list((study / "SIM-000013").glob("*surround*"))
    assert len(list((study / "SIM-000014").glob("*_mass.nii.gz"))) == 2


def test_masks_of_both_readers_and_decoys_are_offered_with_their_pair(tmp_path):
    simulate_exams(tmp_path, exams=1, seed=SEED_WITH_DECOY, size=SIZE, progress=False)
    offered = {pair.name[-4:]: pair.masks() for pair in find_pairs(tmp_path)[0]}
    view = simulate_view(SEED_WITH_DECOY, laterality="L", view_position="CC", size=SIZE)

    assert set(offered["R_CC"]) == {"breast"}
    assert set(offered["L_CC"]) == {"breast", "mass", "mass_second", "surround", "decoy"}
    for name, path in offered["L_CC"].items():
        assert np.array_equal(read_mask(path), getattr(view, name))


def test_no_temporary_files_remain(study):
    assert not list(study.rglob(".*"))


@pytest.mark.parametrize("name", VIEWS)
def test_dicom_round_trip(study, name):
    laterality, position = name.split("_")
    view = simulate_view(14, laterality=laterality, view_position=position, size=SIZE)
    for code, pixels in (("LE", view.low_energy), ("DES", view.recombined)):
        mammogram = read_mammogram(study / "SIM-000014" / f"{name}_{code}.dcm")
        assert mammogram.flipped == (laterality == "R")
        assert np.array_equal(mammogram.pixels, pixels[:, ::-1] if mammogram.flipped else pixels)
        assert mammogram.value_range == (0, 4095)
        assert mammogram.attributes.laterality.value == laterality
        assert mammogram.attributes.view_position.value == position
        assert mammogram.attributes.patient_id == "SIM-000014"
        assert mammogram.attributes.imager_pixel_spacing == (2.25, 2.25)
    breast = read_mask(study / "SIM-000014" / f"{name}_DES_breast.nii.gz")
    assert np.array_equal(breast, view.breast)


def test_images_say_that_they_are_simulated(study):
    low = pydicom.dcmread(study / "SIM-000014" / "L_CC_LE.dcm")
    recombined = pydicom.dcmread(study / "SIM-000014" / "L_CC_DES.dcm")

    for dataset in (low, recombined):
        assert dataset.SyntheticData == "YES"
        assert dataset.Manufacturer == "cem_monai simulator"
        assert dataset.PatientName == "Simulated^Phantom"
        assert 22 <= dataset.BodyPartThickness <= 90
        assert dataset.AnodeTargetMaterial == "RHODIUM"
    assert low.KVP == 29
    assert low.FilterMaterial == "RHODIUM"
    assert recombined.FilterMaterial == ["ALUMINUM", "COPPER"]
    assert recombined.SourceImageSequence[0].ReferencedSOPInstanceUID == low.SOPInstanceUID


def test_every_view_is_found_as_a_pair(study):
    pairs = find_pairs(study)[0]

    assert len(pairs) == 8


def test_all_uids_differ(study):
    datasets = [pydicom.dcmread(path) for path in study.rglob("*.dcm")]

    assert len({dataset.SOPInstanceUID for dataset in datasets}) == 16
    assert len({dataset.SeriesInstanceUID for dataset in datasets}) == 16
    assert len({dataset.StudyInstanceUID for dataset in datasets}) == 2
    assert len({dataset.FrameOfReferenceUID for dataset in datasets}) == 8


def test_manifest_holds_hashes_and_truth(study):
    manifest = json.loads((study / "manifest.json").read_text())

    assert [exam["seed"] for exam in manifest["exams"]] == [13, 14]
    assert manifest["recipe"]["size"] == SIZE
    assert len(manifest["exams"][1]["views"]["L_CC"]["lesions"]) == 3
    for exam in manifest["exams"]:
        for name, digest in exam["files"].items():
            data = (study / exam["patient"] / name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == digest


def test_number_of_workers_does_not_change_a_byte(study, tmp_path):
    simulate_exams(
        tmp_path / "study", exams=2, seed=FIRST_SEED, size=SIZE, workers=2, progress=False
    )

    assert content(tmp_path / "study") == content(study)


def test_complete_exams_are_kept_and_unfinished_ones_redone(copied_study, study):
    kept, unfinished = copied_study / "SIM-000013", copied_study / "SIM-000014"
    before = (kept / "L_CC_LE.dcm").stat().st_mtime_ns
    (unfinished / "exam.json").unlink()
    (unfinished / "L_CC_LE.dcm").write_bytes(b"half")
    (copied_study / ".SIM-000014.part").mkdir()
    simulate_exams(copied_study, exams=2, seed=FIRST_SEED, size=SIZE, progress=False)

    assert (kept / "L_CC_LE.dcm").stat().st_mtime_ns == before
    assert content(copied_study) == content(study)


def test_exam_with_a_truncated_file_is_redone(copied_study, study):
    (copied_study / "SIM-000013" / "R_CC_DES.dcm").write_bytes(b"")
    simulate_exams(copied_study, exams=1, seed=FIRST_SEED, size=SIZE, progress=False)

    assert content(copied_study) == content(study)


def test_files_that_no_simulation_wrote_are_not_removed(tmp_path):
    mine = tmp_path / "SIM-000013" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")

    with pytest.raises(ValueError, match=r"holds notes.txt, which no simulation wrote"):
        simulate_exams(tmp_path, exams=1, seed=FIRST_SEED, size=SIZE, progress=False)
    assert mine.read_text() == "mine"


def test_study_has_one_time_before_all_its_images(study):
    datasets = [pydicom.dcmread(path) for path in (study / "SIM-000014").glob("*.dcm")]

    assert len({(one.StudyDate, one.StudyTime) for one in datasets}) == 1
    assert all(one.StudyTime < one.AcquisitionTime for one in datasets)


def test_exam_with_a_missing_file_is_redone(copied_study, study):
    (copied_study / "SIM-000013" / "R_CC_DES.dcm").unlink()
    simulate_exams(copied_study, exams=1, seed=FIRST_SEED, size=SIZE, progress=False)

    assert content(copied_study) == content(study)


def test_study_can_be_enlarged(copied_study):
    simulate_exams(copied_study, exams=1, seed=2, size=SIZE, progress=False)
    manifest = json.loads((copied_study / "manifest.json").read_text())

    assert [exam["seed"] for exam in manifest["exams"]] == [2, 13, 14]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"size": 256}, "size 128 instead of 256"),
        ({"population": Population(normal_exams=0.5)}, "population"),
        ({"predictability": "coupled"}, "predictability clinical instead of coupled"),
        ({"hidden": 2}, "hidden 0 instead of 2"),
        ({"twin": True}, "twin False instead of True"),
    ],
)
def test_exams_of_other_parameters_are_not_mixed(copied_study, argument, message):
    before = content(copied_study)
    arguments = {"exams": 3, "seed": FIRST_SEED, "size": SIZE, "progress": False} | argument

    with pytest.raises(ValueError, match=message):
        simulate_exams(copied_study, **arguments)
    assert content(copied_study) == before


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"exams": 0}, "exams must be a whole number of at least 1, got 0"),
        ({"exams": 1.5}, "exams must be a whole number"),
        ({"workers": 0}, "workers must be a whole number of at least 1, got 0"),
        ({"seed": -3}, "seed must be a whole number"),
        ({"seed": 10**9, "exams": 2}, "seed must be a whole number"),
        ({"size": -512}, "size must be"),
        ({"size": 64}, "size must be"),
        ({"size": "huge"}, "size must be"),
        ({"hidden": -1}, "hidden must be a whole number"),
        ({"predictability": "none"}, "predictability must be one of"),
        ({"predictability": "coupled", "population": Population()}, "exclude each other"),
    ],
)
def test_bad_parameters_write_nothing(tmp_path, argument, message):
    with pytest.raises(ValueError, match=message):
        simulate_exams(tmp_path / "study", **({"exams": 1, "size": 128} | argument))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("below", ["", "deeper/study"])
def test_output_that_is_a_file_is_refused(tmp_path, below):
    file = tmp_path / "file"
    file.write_text("mine")

    with pytest.raises(ValueError, match=r"output must be a folder, .*file is a file"):
        simulate_exams(file / below, exams=1, size=128)
    assert file.read_text() == "mine"


def test_exam_holds_its_preset_and_floors(study):
    exam = json.loads((study / "SIM-000014" / "exam.json").read_text())
    floors = exam["views"]["L_CC"]["floors"]

    assert exam["recipe"]["predictability"] == "clinical"
    assert set(floors) == {"breast", "lesion"}
    assert floors["breast"]["clean"]["l2"] < floors["breast"]["mean"]["l2"]
    assert exam["views"]["R_CC"]["floors"]["lesion"] is None

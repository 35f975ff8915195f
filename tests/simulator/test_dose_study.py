"""The folder of dose pairs: DICOM, masks, manifest; how it is continued and what is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import namedtuple

import numpy as np
import pydicom
import pytest

from cem_monai.cli import main
from cem_monai.data import read_mask
from cem_monai.simulator import (
    DoseLevel,
    simulate_dose_pairs,
    simulate_dose_series,
    simulate_exams,
)
from dciodvfy import dciodvfy_findings
from dicom.iod_check import iod_findings

PIXEL = 2.0
IMAGES = {"low.dcm", "auto.dcm", "high.dcm", "high_noise_free.dcm"}
OTHERS = {"phantom.nii.gz", "nodules.nii.gz", "surround.nii.gz", "exam.json"}
ARGUMENTS = {"pixel": PIXEL, "progress": False}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dose") / "study"
    simulate_dose_pairs(folder, **ARGUMENTS)
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dose") / "two"
    simulate_dose_pairs(folder, arrangements=2, **ARGUMENTS)
    return folder


@pytest.fixture
def copied(two, tmp_path):
    return shutil.copytree(two, tmp_path / "study")


def content(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_twelve_arrangements_make_eleven_pairs(study):
    folders = sorted(study.glob("SIM-*"))
    names = {folder.name: {path.name for path in folder.iterdir()} for folder in folders}

    assert list(names) == [f"SIM-DOSE-{number:02d}" for number in range(1, 13)]
    assert all(names[f"SIM-DOSE-{number:02d}"] == IMAGES | OTHERS for number in range(1, 12))
    assert names["SIM-DOSE-12"] == {"low.dcm", "auto.dcm"} | OTHERS  # the paper's lacks the high


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_raw_images_read_back(study, name):
    series = simulate_dose_series(2, pixel=PIXEL)
    dataset = pydicom.dcmread(study / "SIM-DOSE-02" / name)
    level = DoseLevel(name.split(".")[0].split("_")[0])
    expected = series.noise_free if "noise_free" in name else series.raw[level]

    assert np.array_equal(dataset.pixel_array, expected)
    assert float(dataset.EntranceDoseInmGy) == level.entrance_dose
    assert (dataset.KVP, dataset.AnodeTargetMaterial) == (29, "RHODIUM")
    assert dataset.ImagerPixelSpacing == [PIXEL, PIXEL]
    assert (dataset.BitsStored, dataset.BodyPartThickness) == (14, 45)
    assert dataset.PresentationIntentType == "FOR PROCESSING"


def test_raw_images_say_that_they_show_a_simulated_phantom(study):
    for path in study.rglob("*.dcm"):
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        assert dataset.PatientID == path.parent.name
        assert dataset.SyntheticData == "YES"
        assert dataset.QualityControlImage == dataset.QualityControlSubject == "YES"
        assert "phantom, no patient was imaged" in dataset.ImageComments
        assert dataset.Manufacturer == "cem_monai simulator"


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_objects_hold_what_their_iod_asks_for(study, name):
    assert iod_findings(pydicom.dcmread(study / "SIM-DOSE-01" / name)) == []


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_dciodvfy_finds_nothing(study, name):
    assert dciodvfy_findings(study / "SIM-DOSE-01" / name) == []


def test_doses_of_an_arrangement_share_study_and_compression(study):
    datasets = [pydicom.dcmread(path, stop_before_pixels=True) for path in study.rglob("*.dcm")]
    groups = {
        (dataset.PatientID, dataset.StudyInstanceUID, dataset.FrameOfReferenceUID)
        for dataset in datasets
    }

    assert len(groups) == 12
    assert len({dataset.SOPInstanceUID for dataset in datasets}) == 11 * 4 + 2
    assert len({dataset.SeriesInstanceUID for dataset in datasets}) == 11 * 4 + 2
    numbers = {(dataset.PatientID, dataset.SeriesNumber) for dataset in datasets}
    assert len(numbers) == 11 * 4 + 2


def test_masks_are_those_of_the_phantom(study):
    phantom = simulate_dose_series(2, pixel=PIXEL).phantom
    folder = study / "SIM-DOSE-02"

    assert np.array_equal(read_mask(folder / "phantom.nii.gz"), phantom.inside)
    assert np.array_equal(read_mask(folder / "nodules.nii.gz"), phantom.nodules)
    assert np.array_equal(read_mask(folder / "surround.nii.gz"), phantom.surround)


def test_manifest_holds_hashes_and_truth(study):
    manifest = json.loads((study / "manifest.json").read_text())

    assert [exam["arrangement"] for exam in manifest["exams"]] == list(range(1, 13))
    assert manifest["recipe"]["pixel_mm"] == PIXEL
    assert manifest["recipe"]["entrance_doses_mgy"]["high"] == 11.523
    for exam in manifest["exams"]:
        assert set(exam["images"]) == {name for name in exam["files"] if name.endswith(".dcm")}
        assert len(exam["inserts"]) == 8
        for name, digest in exam["files"].items():
            data = (study / exam["patient"] / name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == digest


def test_number_of_workers_does_not_change_a_byte(two, tmp_path):
    simulate_dose_pairs(tmp_path / "study", arrangements=2, workers=2, **ARGUMENTS)

    assert content(tmp_path / "study") == content(two)


def test_complete_arrangements_are_kept_and_unfinished_ones_redone(copied, two):
    kept, unfinished = copied / "SIM-DOSE-01", copied / "SIM-DOSE-02"
    before = (kept / "low.dcm").stat().st_mtime_ns
    (unfinished / "exam.json").unlink()
    (unfinished / "low.dcm").write_bytes(b"half")
    (copied / ".SIM-DOSE-02.part").mkdir()
    simulate_dose_pairs(copied, arrangements=2, **ARGUMENTS)

    assert (kept / "low.dcm").stat().st_mtime_ns == before
    assert content(copied) == content(two)


def test_study_can_be_enlarged(copied, study):
    simulate_dose_pairs(copied, arrangements=3, **ARGUMENTS)
    manifest = json.loads((copied / "manifest.json").read_text())

    assert content(copied / "SIM-DOSE-03") == content(study / "SIM-DOSE-03")
    assert [exam["arrangement"] for exam in manifest["exams"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("argument", "message"),
    [({"seed": 1}, "seed 0 instead of 1"), ({"pixel": 1.0}, "pixel_mm 2.0 instead of 1.0")],
)
def test_arrangements_of_another_recipe_are_not_mixed(copied, argument, message):
    before = content(copied)

    with pytest.raises(ValueError, match=message):
        simulate_dose_pairs(copied, **(ARGUMENTS | argument))
    assert content(copied) == before


def test_exams_and_arrangements_are_not_mixed(copied, tmp_path):
    before = content(copied)
    with pytest.raises(ValueError, match="choose another output folder"):
        simulate_exams(copied, exams=1, size=128, progress=False)
    assert content(copied) == before
    exams = tmp_path / "exams"
    (exams / "SIM-000000").mkdir(parents=True)
    truth = {"recipe": {"size": 128}, "files": {}, "bytes": {}}
    (exams / "SIM-000000" / "exam.json").write_text(json.dumps(truth))
    with pytest.raises(ValueError, match="choose another output folder"):
        simulate_dose_pairs(exams, **ARGUMENTS)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"arrangements": 0}, "arrangements must be a whole number of at least 1, got 0"),
        ({"arrangements": 100}, "arrangements must be at most 99, got 100"),
        ({"arrangements": 2.5}, "arrangements must be a whole number"),
        ({"workers": 0}, "workers must be a whole number of at least 1, got 0"),
        ({"seed": -3}, "seed must be a whole number"),
        ({"pixel": 0.01}, "pixel must lie between"),
    ],
)
def test_bad_parameters_write_nothing(tmp_path, argument, message):
    with pytest.raises(ValueError, match=message):
        simulate_dose_pairs(tmp_path / "study", **(ARGUMENTS | argument))
    assert not list(tmp_path.iterdir())


def test_output_that_is_a_file_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")

    with pytest.raises(ValueError, match=r"output must be a folder, .*file is a file"):
        simulate_dose_pairs(file, **ARGUMENTS)
    assert file.read_text() == "mine"


def test_disk_that_is_too_small_is_refused_before_anything_is_written(
    tmp_path, monkeypatch, capsys
):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 0, 10**8))
    code = main(["simulate_dose", str(tmp_path / "study")])

    assert code == 1
    assert "12 exams need about 422 MB, 100 MB are free" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_command_refuses_in_one_sentence(tmp_path, capsys):
    assert main(["simulate_dose", str(tmp_path / "out"), "--arrangements", "0"]) == 1
    error = capsys.readouterr().err.strip()
    assert error == "error: arrangements must be a whole number of at least 1, got 0."
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_command_writes_the_matrix_of_the_paper(tmp_path, capsys):
    assert main(["simulate_dose", str(tmp_path / "out"), "--arrangements", "1"]) == 0
    high = pydicom.dcmread(tmp_path / "out" / "SIM-DOSE-01" / "high.dcm")

    assert high.pixel_array.shape == (2294, 1914)
    assert "1 arrangements are in" in capsys.readouterr().out

"""The application of docs/how-to/deploy.md and its operator, on a stand-in for MONAI Deploy."""

from __future__ import annotations

import csv
import importlib
import runpy
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from cem_monai.data import NoLowEnergyError
from cem_monai.deploy import translate_instances
from cem_monai.infer import run_inference
from deploy import stub
from deploy.application import arguments, write_application
from exams import write_exam

WHEN = {"InstanceCreationTime", "SeriesTime", "ContentTime", "ContributingEquipmentSequence"}
DATES = {"InstanceCreationDate", "SeriesDate", "ContentDate"}
"""What two runs may differ in."""

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::DeprecationWarning")


@pytest.fixture
def source(tmp_path) -> Path:
    """A left and a right low-energy image in one series, their recombined images in another."""
    write_exam(tmp_path / "in", "TEST-000", size=75, mass=False)
    return tmp_path / "in"


@pytest.fixture
def application(tmp_path, monkeypatch) -> Path:
    """The application, seeing the stand-in."""
    stub.install(monkeypatch.setitem)
    for name in ("", ".virtual_des_operator"):  # imported without, perhaps
        monkeypatch.delitem(sys.modules, f"cem_monai.deploy{name}", raising=False)
    return write_application(tmp_path)


@pytest.fixture
def bundle(application) -> str:
    (folder,) = (application.parent / "models").iterdir()
    return str(folder)


def run(application: Path, source: Path, output: Path, monkeypatch) -> int:
    monkeypatch.setattr(sys, "argv", arguments(application, source, output))
    with pytest.raises(SystemExit) as leaving:
        runpy.run_path(str(application), run_name="__main__")
    return int(leaving.value.code)


def low_energy(source: Path) -> list[Dataset]:
    return [pydicom.dcmread(path) for path in sorted(source.rglob("*_LE.dcm"))]


def refused(output: Path) -> dict[str, str]:
    with (output / "refused.csv").open() as file:
        return {row["sop_instance_uid"]: row["code"] for row in csv.DictReader(file)}


def test_application_writes_what_infer_writes(application, source, bundle, tmp_path, monkeypatch):
    output = tmp_path / "out"
    assert run(application, source, output, monkeypatch) == 0
    expected = run_inference(source, tmp_path / "expected", bundle=bundle).written
    assert {path.name for path in expected} == {path.name for path in output.glob("*.dcm")}
    assert len(expected) == 2
    for path in expected:
        ours, theirs = pydicom.dcmread(output / path.name), pydicom.dcmread(path)
        assert (ours.BitsStored, ours.BitsAllocated) == (12, 16)
        assert ours.pixel_array.max() > 255
        np.testing.assert_array_equal(ours.pixel_array, theirs.pixel_array)
        for name in WHEN | DATES:
            del ours[name], theirs[name]
        assert ours == theirs
    assert refused(output) == {}


def test_refused_image_is_told_and_the_rest_goes_on(
    application, source, tmp_path, monkeypatch, caplog
):
    path = source / "TEST-000" / "L_CC_LE.dcm"
    dataset = pydicom.dcmread(path)
    dataset.BreastImplantPresent = "YES"
    dataset.save_as(path)
    output = tmp_path / "out"
    assert run(application, source, output, monkeypatch) == 3
    assert len(list(output.glob("*.dcm"))) == 1
    assert refused(output) == {dataset.SOPInstanceUID: "E-IMPLANT"}
    told = f"SOP instance {dataset.SOPInstanceUID} left out (E-IMPLANT): BreastImplantPresent"
    assert told in caplog.text
    assert str(dataset.PatientName) not in caplog.text


def test_nothing_selected_is_an_error(application, source, tmp_path, monkeypatch):
    for path in source.rglob("*_LE.dcm"):
        path.unlink()
    with pytest.raises(NoLowEnergyError, match="among 0 selected DICOM objects: 0 refused"):
        run(application, source, tmp_path / "out", monkeypatch)


def test_nothing_usable_is_an_error_and_forgets_the_run_before(bundle, source, tmp_path):
    objects = low_energy(source)
    for one in objects:
        one.BreastImplantPresent = "YES"
    for _ in range(2):
        with pytest.raises(NoLowEnergyError, match="among 2 selected DICOM objects: 2 refused"):
            translate_instances(objects, tmp_path / "out", bundle=bundle)
        assert len(refused(tmp_path / "out")) == 2


def test_object_that_cannot_even_be_written_is_refused(bundle, source, tmp_path):
    good, damaged = low_energy(source)
    del damaged.file_meta
    translation = translate_instances([damaged, good], tmp_path / "out", bundle=bundle)
    assert (translation.refused, len(translation.written)) == (1, 1)
    assert refused(tmp_path / "out") == {damaged.SOPInstanceUID: "E-DAMAGED"}
    with pytest.raises(NoLowEnergyError, match="among 1 selected DICOM objects: 1 refused"):
        translate_instances([damaged], tmp_path / "out", bundle=bundle)


def test_what_was_changed_in_memory_is_not_read_again(bundle, source, tmp_path):
    """An operator that removes names must not see them come back."""
    objects = low_energy(source)[:1]
    objects[0].PatientName = "Nobody"
    (path,) = translate_instances(objects, tmp_path / "out", bundle=bundle).written
    assert pydicom.dcmread(path).PatientName == "Nobody"


def test_options_reach_the_bundle_and_a_missing_bundle_is_told(bundle, source, tmp_path):
    with pytest.raises(ValueError, match="compresion means nothing"):
        translate_instances(
            low_energy(source), tmp_path / "out", bundle=bundle, options={"compresion": "none"}
        )
    with pytest.raises(FileNotFoundError, match="no bundle"):
        translate_instances(low_energy(source), tmp_path / "out", bundle="nowhere")


def test_without_deploy_the_operator_alone_is_missed(monkeypatch):
    monkeypatch.setitem(sys.modules, "monai.deploy.core", None)
    for name in ("", ".virtual_des_operator"):
        monkeypatch.delitem(sys.modules, f"cem_monai.deploy{name}", raising=False)
    module = importlib.import_module("cem_monai.deploy")
    with pytest.raises(ImportError, match=r"needs the MONAI Deploy App SDK.*pip install"):
        module.VirtualDESOperator(None, output_folder=Path("out"), bundle="any")

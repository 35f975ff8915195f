"""The real Orthanc and the real MONAI Label server, asked as the plug-ins ask."""

from __future__ import annotations

import csv
import json
import urllib.error
import urllib.request
from pathlib import Path

import itk
import numpy as np
import pydicom
import pytest

from cem_monai.data import load_datalist, mask_path, read_mask, write_mask
from cem_monai.dicom import VIRTUAL_DES, MammogramError
from cem_monai.evaluation import EvaluationRequest, evaluate_predictions
from exams import SPACING, write_exams
from label_models import make_model
from labeling.server import label_python, running_server
from orthanc import pacs_or_skip, wado

pytestmark = pytest.mark.slow
SIZE = 128
MODEL = "virtual_des_unet512"


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return label_python()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def exams(tmp_path_factory) -> Path:
    """Four exams; a second reader drew another mass and surround on the test case."""
    folder = tmp_path_factory.mktemp("exams")
    write_exams(folder, size=SIZE)
    for path in folder.glob("*/*_DES.dcm"):
        for region in ("mass", "surround"):
            mask = np.roll(read_mask(mask_path(path, region)), 3, axis=0)
            write_mask(mask, mask_path(path, f"{region}_second"), SPACING)
    return folder


@pytest.fixture(scope="module")
def pacs(tmp_path_factory, exams):
    with pacs_or_skip(tmp_path_factory.mktemp("pacs")) as running:
        for path in exams.glob("*/*.dcm"):
            running.add(path.read_bytes())
        running.add(_with_implant(exams))
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory, python, pacs):
    folder = tmp_path_factory.mktemp("server")
    conf = {
        "models": f"breast_cem_unet512={make_model(folder / 'models' / 'model.pt')}",
        "output": str(folder / "label"),
        "uncertainty": "2",
    }
    with running_server(f"{pacs.url}/dicom-web", folder, conf, python=python) as running:
        yield running


def _with_implant(exams: Path) -> bytes:
    dataset = pydicom.dcmread(exams / "TEST-000" / "L_CC_LE.dcm")
    dataset.BreastImplantPresent = "YES"
    dataset.StudyInstanceUID = dataset.StudyInstanceUID + "1"
    dataset.SeriesInstanceUID = dataset.SeriesInstanceUID + "1"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.4711"
    target = exams.parent / "implant.dcm"
    dataset.save_as(target)
    return target.read_bytes()


def ask(server, method: str, path: str, *, params=None, label: Path | None = None):
    """Send a form as the plug-ins do; return status and body."""
    boundary = "boundary-of-this-test"
    parts = []
    if params is not None:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="params"\r\n\r\n'
        parts.append(head.encode() + json.dumps(params).encode() + b"\r\n")
    if label is not None:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="label"; '
        head += f'filename="{label.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        parts.append(head.encode() + label.read_bytes() + b"\r\n")
    body = b"".join(parts) + f"--{boundary}--\r\n".encode() if parts else None
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"} if parts else {}
    request = urllib.request.Request(server.url + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def low_energy_of(item) -> str:
    return str(pydicom.dcmread(item["image"], stop_before_pixels=True).SOPInstanceUID)


def drawing(item, second: str, path: Path) -> Path:
    """Write what a reader drew as 3D Slicer does: one NRRD, mass 1 and background 2."""
    masks = {
        region: read_mask(mask_path(item["label"], region + second))
        for region in ("mass", "surround")
    }
    numbers = np.where(masks["mass"], 1, np.where(masks["surround"], 2, 0)).astype(np.uint8)
    itk.imwrite(itk.image_from_array(numbers[None]), str(path))
    return path


def test_app_is_listed(server):
    info = server.get("/info/")
    assert list(info["models"]) == [MODEL]
    assert info["models"][MODEL]["type"] == "segmentation"
    assert info["labels"] == ["mass", "background"]
    assert "cnr" in info["scoring"]
    assert "uncertainty" in info["strategies"]
    assert info["datastore"]["total"] == 9  # eight views of four exams, and one to be refused


def test_virtual_des_delta_cnr_is_that_of_evaluate(server, pacs, exams, tmp_path):
    items = load_datalist(exams / "datalist.json", "test")
    virtual = tmp_path / "virtual"
    virtual.mkdir()
    measured = {}
    for item in items:
        image = low_energy_of(item)
        status, body = ask(server, "POST", f"/infer/{MODEL}?image={image}&output=json")
        assert status == 200, body
        told = json.loads(body)
        stored = wado(
            pacs, told["StudyInstanceUID"], told["SeriesInstanceUID"], told["SOPInstanceUID"]
        )
        (virtual / f"{image}.dcm").write_bytes(stored)
        dataset = pydicom.dcmread(virtual / f"{image}.dcm")
        assert VIRTUAL_DES in dataset.ImageType
        assert dataset.SourceImageSequence[0].ReferencedSOPInstanceUID == image
        for reader, second in (("ann", ""), ("bob", "_second")):
            label = drawing(item, second, tmp_path / "label.nrrd")
            status, body = ask(
                server,
                "PUT",
                f"/datastore/label?image={image}&tag=final",
                params={"client_id": reader},
                label=label,
            )
            assert status == 200, body
            (row,) = json.loads(body)["cnr"]
            measured[item["case"], reader] = row
    request = EvaluationRequest({"mine": virtual}, exams / "datalist.json")
    evaluate_predictions(request, tmp_path / "out")
    with (tmp_path / "out" / "metrics.csv").open() as file:
        rows = {
            one["case"]: one
            for one in csv.DictReader(file)
            if one["predictor"] == "mine" and not one["lesion"]
        }
    assert len(measured) == 2 * len(rows) > 0
    for (case, reader), row in measured.items():
        column = "mass_delta_cnr_first" if reader == "ann" else "mass_delta_cnr_second"
        assert row["delta_cnr"] == pytest.approx(float(rows[case][column]), rel=1e-5)
        assert row["surround"] == "drawn"
    for case, row in rows.items():
        both = [measured[case, reader] for reader in ("ann", "bob")]
        for name, column in (("cnr_real", "mass_cnr_real"), ("cnr_virtual", "mass_cnr_generated")):
            mean = np.mean([one[name] for one in both])
            assert mean == pytest.approx(float(row[column]), rel=1e-5)
    with (_label_folder(server) / "cnr.csv").open() as file:
        table = list(csv.DictReader(file))
    assert {(one["image"], one["reader"]) for one in table} == {
        (low_energy_of(item), reader) for item in items for reader in ("ann", "bob")
    }


def _label_folder(server) -> Path:
    return server.log.parent / "label"


def test_refused_image_gives_the_sentence_of_the_gate_and_the_server_lives_on(server, exams):
    path = exams.parent / "implant.dcm"
    status, body = ask(server, "POST", f"/infer/{MODEL}?image=2.25.4711&output=image")
    assert status == 422
    sentence = json.loads(body)["detail"]
    from cem_monai.data.dicom_folder import inspect_file

    with pytest.raises(MammogramError) as refusal:
        inspect_file(path)
    assert sentence == str(refusal.value).replace(str(path), "2.25.4711.dcm")
    assert "BreastImplantPresent (0028,1300) is YES" in sentence
    assert server.alive

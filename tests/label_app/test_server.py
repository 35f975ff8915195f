"""The real Orthanc and the real MONAI Label server, asked as the plug-ins ask."""

from __future__ import annotations

import csv
import json
import stat
import urllib.request
from pathlib import Path

import numpy as np
import pydicom
import pytest

from cem_monai.data import load_datalist, mask_path, read_mask
from cem_monai.data.dicom_folder import inspect_file
from cem_monai.data.nifti import read_plane
from cem_monai.dicom import VIRTUAL_DES, MammogramError
from cem_monai.evaluation import EvaluationRequest, evaluate_predictions
from cem_monai.label_app.labelmap import read_drawing
from cem_monai.label_app.nrrd_file import write_nrrd
from exams import SPACING
from label_app.asking import MODEL, ask, label_folder
from orthanc import wado

pytestmark = pytest.mark.slow


def low_energy_of(item) -> str:
    return str(pydicom.dcmread(item["image"], stop_before_pixels=True).SOPInstanceUID)


def drawing(item, second: str, path: Path) -> Path:
    """Write what a reader drew as 3D Slicer does: one NRRD, mass 1 and background 2."""
    masks = {
        region: read_mask(mask_path(item["label"], region + second))
        for region in ("mass", "surround")
    }
    numbers = np.where(masks["mass"], 1, np.where(masks["surround"], 2, 0)).astype(np.uint8)
    write_nrrd(numbers, path, SPACING)
    return path


def test_app_is_listed(server):
    info = server.get("/info/")
    assert list(info["models"]) == [MODEL]
    assert info["models"][MODEL]["type"] == "segmentation"
    assert info["labels"] == ["mass", "background"]
    assert "cnr" in info["scoring"]
    assert "uncertainty" in info["strategies"]
    # eight views of four exams, four of one, and one to be refused
    assert info["datastore"]["total"] == 13


def test_virtual_des_delta_cnr_is_that_of_evaluate(server, pacs, drawn_exams, tmp_path):
    items = load_datalist(drawn_exams / "datalist.json", "test")
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
    request = EvaluationRequest({"mine": virtual}, drawn_exams / "datalist.json")
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
    images = [low_energy_of(item) for item in items]
    with (label_folder(server) / "cnr.csv").open() as file:
        table = [(one["image"], one["reader"]) for one in csv.DictReader(file)]
    assert sorted(one for one in table if one[0] in images) == sorted(
        (image, reader) for image in images for reader in ("ann", "bob")
    )


def test_refused_image_gives_the_sentence_of_the_gate_and_the_server_lives_on(server, drawn_exams):
    path = drawn_exams.parent / "implant.dcm"
    status, body = ask(server, "POST", f"/infer/{MODEL}?image=2.25.4711&output=image")
    assert status == 422
    sentence = json.loads(body)["detail"]
    with pytest.raises(MammogramError) as refusal:
        inspect_file(path)
    assert sentence == str(refusal.value).replace(str(path), "2.25.4711.dcm")
    assert "BreastImplantPresent (0028,1300) is YES" in sentence
    assert server.alive


def test_series_of_two_views_is_refused(server, drawn_exams):
    series = pydicom.dcmread(drawn_exams / "TEST-000" / "L_CC_LE.dcm").SeriesInstanceUID
    status, body = ask(server, "POST", f"/infer/{MODEL}?image={series}&output=image")
    assert status == 409
    assert "holds 2 views" in json.loads(body)["detail"]


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
def test_viewers_get_a_label_map_of_their_image(server, simulated, tmp_path, suffix):
    """By the series, as OHIF asks; the image as NIfTI, as 3D Slicer takes it."""
    path = next(one for one in simulated if one.name == "R_MLO_LE.dcm")
    dataset = pydicom.dcmread(path)
    params = {"result_extension": suffix, "result_dtype": "uint8", "result_compress": False}
    status, body = ask(
        server,
        "POST",
        f"/infer/{MODEL}?image={dataset.SeriesInstanceUID}&output=image",
        params=params,
    )
    assert status == 200, body
    (tmp_path / f"label{suffix}").write_bytes(body)
    segments = [{"name": "mass", "idx": 1}]
    drawing = read_drawing(tmp_path / f"label{suffix}", dataset.pixel_array.shape, segments)
    assert drawing.mass.shape == dataset.pixel_array.shape
    status, body = ask(server, "GET", f"/datastore/image?image={dataset.SOPInstanceUID}")
    (tmp_path / "image.nii.gz").write_bytes(body)
    np.testing.assert_array_equal(read_plane(tmp_path / "image.nii.gz"), dataset.pixel_array)


def test_next_view_is_the_most_uncertain_one_that_the_reader_has_not_drawn_on(server, simulated):
    for path in simulated:
        if path.name.endswith("_LE.dcm"):
            image = pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID
            status, _ = ask(server, "POST", f"/infer/{MODEL}?image={image}&output=json")
            assert status == 200
    known = {
        image: info["image"]["uncertainty"][MODEL]
        for image, info in server.get("/datastore/?output=all")["objects"].items()
        if "uncertainty" in info["image"]
    }
    drawn = {
        image
        for image, info in server.get("/datastore/?output=all")["objects"].items()
        if "ann" in info["image"]["readers"]
    }
    status, body = ask(server, "POST", "/activelearning/uncertainty")
    assert json.loads(body)["id"] == max(known, key=known.__getitem__)
    left = {image: value for image, value in known.items() if image not in drawn}
    request = urllib.request.Request(
        f"{server.url}/activelearning/uncertainty",
        json.dumps({"client_id": "ann"}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["id"] == max(left, key=left.__getitem__)


def test_label_of_another_size_is_refused(server, simulated, tmp_path):
    dataset = pydicom.dcmread(next(one for one in simulated if one.name == "L_CC_LE.dcm"))
    (tmp_path / "label.bin").write_bytes(b"12345")
    status, body = ask(
        server,
        "PUT",
        f"/datastore/label?image={dataset.SOPInstanceUID}",
        params={},
        label=tmp_path / "label.bin",
    )
    assert status == 422
    assert "5 bytes" in json.loads(body)["detail"]
    assert server.alive


@pytest.mark.parametrize("image", ["../../etc/passwd", "/etc/passwd", "2.25.x", "*"])
def test_files_are_not_asked_for(server, image):
    for method, path in (
        ("POST", f"/infer/{MODEL}?image={image}&output=json"),
        ("GET", f"/datastore/image?image={image}"),
        ("GET", f"/datastore/label?label=ann/{image}&tag=final"),
    ):
        status, body = ask(server, method, path)
        assert status == 422, (path, body)
        assert "images are named, files are not taken" in json.loads(body)["detail"]
    status, _ = ask(server, "GET", f"/datastore/label?label=..%2F{image}&tag=../final")
    assert status == 422


def test_uncertainty_is_not_taken_from_clients(server, simulated):
    path = next(one for one in simulated if one.name == "L_CC_LE.dcm")
    image = pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID
    before = server.get(f"/datastore/image/info?image={image}")
    for info, expected in (({"uncertainty": 5}, 405), ({"note": "seen"}, 200)):
        status, _ = ask(server, "PUT", f"/datastore/image/info?image={image}", info=info)
        assert status == expected
    after = server.get(f"/datastore/image/info?image={image}")
    assert after == {**after, **before, "note": "seen"}


def test_images_are_kept_from_other_users(server):
    folder = label_folder(server)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "dicom").stat().st_mode) == 0o700

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch
from PIL import Image

from cem_monai.cli import main
from cem_monai.data import load_datalist, read_virtual_png, virtual_marks
from cem_monai.dicom import VIRTUAL_DES
from cem_monai.infer import run_inference
from cem_monai.networks import UNetGenerator, save_weights
from exams import write_exam
from pictures import breast_picture, write_picture, write_pictures

SMALL = {"num_downs": 3, "ngf": 4}
SETTINGS = {
    "image_size": 64,
    "low_energy_window": None,
    "recombined_window": None,
    **SMALL,
    "norm": "batch",
}

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::DeprecationWarning")


@pytest.fixture
def weights(tmp_path) -> Path:
    """An untrained network of few weights, saved as a training does."""
    return make_weights(tmp_path / "models" / "model.pt")


def make_weights(path: Path, seed: int = 0, **changes: int) -> Path:
    torch.manual_seed(seed)
    path.parent.mkdir(exist_ok=True)
    network = UNetGenerator(in_channels=1, out_channels=1, **SMALL | changes)
    save_weights(network, path, SETTINGS | changes)
    return path


def infer(source: Path, output: Path, weights: Path, *options: str) -> int:
    arguments = ["infer", str(source), str(output), "--weights", str(weights), "--device", "cpu"]
    mine = ["--bundle", "breast_cem_unet512", "--trust"]
    return main([*arguments, *mine, *options])


def refused(output: Path) -> dict[str, str]:
    with (output / "refused.csv").open() as file:
        return {Path(row["path"]).name: row["reason"] for row in csv.DictReader(file)}


def error(capsys) -> str:
    (line,) = (one for one in capsys.readouterr().err.splitlines() if one.startswith("error: "))
    return line.removeprefix("error: ")


def test_pictures_become_marked_png_of_their_size(tmp_path, weights, capsys):
    folder = write_pictures(tmp_path / "in")
    assert infer(folder, tmp_path / "out", weights) == 0
    results = {path.name: path for path in (tmp_path / "out").glob("*.png")}
    assert set(results) == {"P1_L_DM_CC_VIRTUAL_DES.png", "P2_R_DM_MLO_VIRTUAL_DES.png"}
    for name, path in results.items():
        source = Image.open(folder / name.replace("_VIRTUAL_DES.png", ".jpg"))
        assert read_virtual_png(path).values.shape == source.size[::-1]
        assert virtual_marks(path)["ModelName"] == "breast_cem_unet512"
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert {image["File"] for image in manifest["Images"]} == set(results)
    screen = capsys.readouterr().out
    assert "8-BIT RESEARCH MODE: every picture is VIRTUAL" in screen
    assert "2 of 2 generated images" in screen
    assert "not a medical device" in screen


def test_bad_pictures_are_listed_and_the_rest_goes_on(tmp_path, weights):
    folder = write_pictures(tmp_path / "in")
    (folder / "P3_L_DM_CC.jpg").write_bytes((folder / "P1_L_DM_CC.jpg").read_bytes()[:300])
    write_picture(folder / "P4_R_DM_CC.png", 255 - breast_picture(laterality="R"))
    write_picture(folder / "P5_R_DM_CC.png", breast_picture(laterality="L"))
    assert infer(folder, tmp_path / "out", weights) == 3
    assert set(refused(tmp_path / "out")) == {
        *("P3_L_DM_CC.jpg", "P4_R_DM_CC.png", "P5_R_DM_CC.png"),
    }
    assert len(list((tmp_path / "out").glob("*.png"))) == 2


def test_again_gives_the_same_bytes_and_other_weights_are_refused(tmp_path, weights, capsys):
    folder = write_pictures(tmp_path / "in")
    output = tmp_path / "out"
    assert infer(folder, output, weights) == 0
    first = {path.name: path.read_bytes() for path in output.iterdir()}
    # as after a run that was killed: one image and the manifest are missing
    (output / "P1_L_DM_CC_VIRTUAL_DES.png").unlink()
    (output / "manifest.json").unlink()
    assert infer(folder, output, weights) == 0
    assert {path.name: path.read_bytes() for path in output.iterdir()} == first
    capsys.readouterr()
    assert infer(folder, output, make_weights(tmp_path / "other" / "model.pt", seed=1)) == 1
    assert "was generated with another WeightsSHA256; name another folder" in error(capsys)
    assert {path.name: path.read_bytes() for path in output.iterdir()} == first


def test_dicom_becomes_dicom(tmp_path, weights):
    write_exam(tmp_path / "in", "TEST-000", size=75)
    (tmp_path / "in" / "broken.dcm").write_bytes(b"nothing")
    assert infer(tmp_path / "in", tmp_path / "out", weights, "--display_window", "2050,300") == 3
    results = [pydicom.dcmread(path) for path in (tmp_path / "out").glob("*.dcm")]
    assert len(results) == 2
    for result in results:
        assert VIRTUAL_DES in result.ImageType
        assert (result.Rows, result.Columns) == (75, 75)
        assert (result.WindowCenter, result.WindowWidth) == (2050, 300)
    assert set(refused(tmp_path / "out")) == {"broken.dcm"}
    assert not list((tmp_path / "out").glob("*.png"))


def test_picture_gives_the_pixels_that_its_dicom_gives(tmp_path, weights):
    """Both ways differ in reading and writing alone. The right breast is mirrored and back."""
    write_exam(tmp_path / "dicom", "TEST-000", size=75)
    sources = {}
    for laterality in "LR":
        dataset = pydicom.dcmread(tmp_path / "dicom" / "TEST-000" / f"{laterality}_CC_LE.dcm")
        write_picture(tmp_path / "png" / f"P1_{laterality}_DM_CC.png", dataset.pixel_array)
        sources[dataset.SOPInstanceUID] = laterality
    assert infer(tmp_path / "dicom", tmp_path / "a", weights) == 0
    assert infer(tmp_path / "png", tmp_path / "b", weights, "--source_bits", "12") == 0
    for path in (tmp_path / "a").glob("*.dcm"):
        dicom = pydicom.dcmread(path)
        laterality = sources[dicom.SourceImageSequence[0].ReferencedSOPInstanceUID]
        picture = read_virtual_png(tmp_path / "b" / f"P1_{laterality}_DM_CC_VIRTUAL_DES.png")
        np.testing.assert_array_equal(picture.values, dicom.pixel_array)


def test_one_file_of_each_kind(tmp_path, weights):
    write_exam(tmp_path / "dicom", "TEST-000", size=75)
    write_pictures(tmp_path / "png")
    dicom = tmp_path / "dicom" / "TEST-000" / "L_CC_LE.dcm"
    assert infer(dicom, tmp_path / "a", weights) == 0
    assert infer(tmp_path / "png" / "P1_L_DM_CC.jpg", tmp_path / "b", weights) == 0
    assert [path.suffix for path in (tmp_path / "a").iterdir()].count(".dcm") == 1
    assert [path.suffix for path in (tmp_path / "b").iterdir()].count(".png") == 1


def test_folder_of_both_kinds_is_refused_before_anything_is_written(tmp_path, weights, capsys):
    write_pictures(tmp_path / "in")
    write_exam(tmp_path / "in", "TEST-000")
    assert infer(tmp_path / "in", tmp_path / "out", weights) == 1
    assert "holds 4 DICOM files and 4 PNG or JPEG images" in error(capsys)
    assert not (tmp_path / "out").exists()


def test_output_inside_the_input_is_refused(tmp_path, weights, capsys):
    folder = write_pictures(tmp_path / "in")
    for output in (folder, folder / "out"):
        assert infer(folder, output, weights) == 1
        assert "lies in the input" in error(capsys)
    assert infer(folder, weights, weights) == 1
    assert "is a file" in error(capsys)


def test_missing_things_are_one_sentence(tmp_path, weights, capsys):
    folder = write_pictures(tmp_path / "in")
    assert infer(tmp_path / "nowhere", tmp_path / "out", weights) == 1
    assert "no such file or folder" in error(capsys)
    (tmp_path / "empty").mkdir()
    assert infer(tmp_path / "empty", tmp_path / "out", weights) == 1
    assert "holds no DICOM, PNG or JPEG file" in error(capsys)
    assert infer(folder, tmp_path / "out", tmp_path / "no.pt") == 1
    assert "no weights at" in error(capsys)
    assert infer(folder, tmp_path / "out", weights, "--bundle", "nothing") == 1
    assert "no bundle" in error(capsys)
    assert infer(folder, tmp_path / "out", weights, "--bundle", "breast_ffdm_dose_pix2pix") == 1
    assert "takes no PNG or JPEG images" in error(capsys)


def test_damaged_settings_beside_the_weights_are_told(tmp_path, weights, capsys):
    folder = write_pictures(tmp_path / "in")
    weights.with_suffix(".json").write_text("[1")
    assert infer(folder, tmp_path / "out", weights) == 1
    assert "model.json: is not JSON" in error(capsys)


def test_weights_that_do_not_tell_their_size_take_it_from_the_command_line(
    tmp_path, weights, capsys
):
    folder = write_pictures(tmp_path / "in")
    old = {key: value for key, value in SETTINGS.items() if key not in ("norm", *SMALL)}
    weights.with_suffix(".json").write_text(json.dumps(old))
    assert infer(folder, tmp_path / "out", weights, "--num_downs", "3") == 1
    assert "does not fit UNetGenerator" in error(capsys)
    assert infer(folder, tmp_path / "out", weights, "--num_downs", "3", "--ngf", "4") == 0


def test_option_of_the_other_kind_is_refused(tmp_path, weights, capsys):
    write_exam(tmp_path / "in", "TEST-000")
    assert infer(tmp_path / "in", tmp_path / "out", weights, "--source_bits", "12") == 1
    assert "source_bits means nothing for DICOM" in error(capsys)
    assert infer(tmp_path / "in", tmp_path / "out", weights, "--display_window", "12") == 1
    assert "--display_window must be CENTER,WIDTH" in error(capsys)


def test_bundle_by_its_folder(tmp_path, weights):
    """Its own weights are the default."""
    from cem_monai.bundle_run import bundle_folder

    bundle = tmp_path / "mine"
    shutil.copytree(bundle_folder("breast_cem_unet512"), bundle)
    shutil.copytree(weights.parent, bundle / "models", dirs_exist_ok=True)
    folder = write_pictures(tmp_path / "in")
    translation = run_inference(
        folder,
        tmp_path / "out",
        bundle=str(bundle),
        options={"device": "cpu", "ngf": None},
        trust=True,
    )
    assert (translation.refused, translation.written) == (0, [])
    assert len(list((tmp_path / "out").glob("*.png"))) == 2


def write_cdd_cesm(folder: Path, patients: int) -> Path:
    """Write a source as `import_cdd_cesm` takes it, with drawn breasts; return its images."""
    columns = "pair patient side view le des age acr birads_le birads_des machine path_le path_des"
    columns += " findings_le findings_des tags_des"
    rows = [columns.split()]
    images = folder / "cdd_cesm_512" / "images"
    for number in range(1, patients + 1):
        patient, side = f"P{number}", "LR"[number % 2]
        paths = [f"{patient}_{side}_{kind}_CC.jpg" for kind in ("DM", "CM")]
        # one anatomy, without which a pair is refused
        picture = breast_picture(512, 512, laterality=side, seed=number)
        for path, quality in zip(paths, (90, 80), strict=True):
            write_picture(images / path, picture, quality=quality)
        named = [f"{patient}_{side}_CC", patient, side, "CC", *(f"images/{path}" for path in paths)]
        rows.append([*named, "50", "B", *["_"] * 8])
    table = "".join("\t".join(row) + "\n" for row in rows)
    (folder / "cdd_cesm_512" / "pairs.tsv").write_text(table)
    return images


@pytest.mark.slow
def test_pictures_of_cdd_cesm_are_evaluated_with_the_imported_archive(tmp_path, weights):
    images = write_cdd_cesm(tmp_path / "source", 4)
    archive = tmp_path / "archive"
    assert main(["import_cdd_cesm", str(tmp_path / "source"), str(archive)]) == 0
    assert main(["index", str(archive), "--test_fraction", "0.5"]) == 0
    test = [item["case"] for item in load_datalist(archive / "datalist.json", "test")]
    for case in test:
        patient, side, view = case.removeprefix("CDD-CESM-").split("_")
        (tmp_path / "in").mkdir(exist_ok=True)
        shutil.copy(images / f"{patient}_{side}_DM_{view}.jpg", tmp_path / "in")
    assert infer(tmp_path / "in", tmp_path / "out", weights) == 0
    datalist, output = str(archive / "datalist.json"), str(tmp_path / "evaluation")
    assert main(["evaluate", str(tmp_path / "out"), datalist, output, "--workers", "1"]) == 0
    with (tmp_path / "evaluation" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["predictor"] == "model"]
    assert {row["case"] for row in rows} == set(test)
    assert all(row["breast_l1"] for row in rows if not row["lesion"])


def test_implants_and_odd_images_are_taken_only_when_asked_for(tmp_path, weights):
    write_exam(tmp_path / "in", "TEST-000", size=75)
    path = tmp_path / "in" / "TEST-000" / "L_CC_LE.dcm"
    dataset = pydicom.dcmread(path)
    dataset.BreastImplantPresent = "YES"
    dataset.save_as(path)
    settings = json.loads(weights.with_suffix(".json").read_text())
    odd = {"breast_share": [0.9, 0.9], "dark": [-1, 1], "middle": [-1, 1], "bright": [-1, 1]}
    settings["low_energy_intensity"] = {"window": None, **odd}
    weights.with_suffix(".json").write_text(json.dumps(settings))
    output = tmp_path / "out"
    assert infer(tmp_path / "in", output, weights, "--any_intensity") == 3
    assert set(refused(output)) == {"L_CC_LE.dcm"}
    assert infer(tmp_path / "in", output, weights, "--any_intensity", "--allow_implants") == 0
    assert infer(tmp_path / "in", output, weights, "--allow_implants") == 1
    with (output / "refused.csv").open() as file:
        assert {row["code"] for row in csv.DictReader(file)} == {"E-INTENSITY"}

"""The folder and the zip file of an exported bundle."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pydicom
import pytest
import torch

from cem_monai.bundle_run import bundle_folder
from cem_monai.cli import main
from cem_monai.export import Formats, export_bundle
from exams import write_exam
from tiny_bundle import NAME, SETTINGS

PLAIN = Formats(torchscript=False)


def test_list_is_that_of_sha256sum(exported_once):
    folder, _ = exported_once
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    subprocess.run(command, cwd=folder, check=True)
    listed = len((folder / "SHA256SUMS").read_text().splitlines())
    assert listed == sum(path.is_file() for path in folder.rglob("*")) - 1


def test_zip_holds_the_folder(exported_once, tmp_path):
    folder, archive = exported_once
    assert archive.name == f"{NAME}_v0.1.0.zip"
    with ZipFile(archive) as zipped:
        zipped.extractall(tmp_path)
    for path in folder.rglob("*"):
        copy = tmp_path / path.relative_to(folder.parent)
        assert path.is_dir() or copy.read_bytes() == path.read_bytes()


def test_same_bundle_gives_the_same_bytes(exported_once, tiny_weights, tmp_path):
    _, archive = export_bundle(NAME, tmp_path, weights=tiny_weights, formats=PLAIN)
    assert archive.read_bytes() == exported_once[1].read_bytes()


def test_configs_have_what_the_weights_were_trained_with(exported_once):
    for name in ("train", "evaluate", "inference"):
        config = json.loads((exported_once[0] / "configs" / f"{name}.json").read_text())
        assert {key: config[key] for key in SETTINGS} == SETTINGS


def test_metadata_require_what_the_code_imports(exported_once):
    metadata = json.loads((exported_once[0] / "configs" / "metadata.json").read_text())
    required = metadata["required_packages_version"]
    assert required["pydicom"] == pydicom.__version__
    assert {"pytorch-ignite", "nibabel", "itk", "scikit-image", "tensorboard"} <= set(required)
    assert not {"cem_monai", "torch", "monai"} & set(required)


def test_no_word_of_the_package_in_configs(exported_once):
    for path in (exported_once[0] / "configs").glob("*.json"):
        assert '"cem_monai.' not in path.read_text()


@pytest.mark.parametrize("in_the_way", [NAME, f"{NAME}_v0.1.0.zip"])
def test_what_is_there_is_not_replaced(in_the_way, tiny_weights, tmp_path):
    (tmp_path / in_the_way).write_text("mine")
    with pytest.raises(ValueError, match=f"{in_the_way}: exists"):
        export_bundle(NAME, tmp_path, weights=tiny_weights, formats=PLAIN)
    assert (tmp_path / in_the_way).read_text() == "mine"


def test_exported_bundle_is_not_exported_again(exported, tmp_path):
    with pytest.raises(ValueError, match="is an exported bundle"):
        export_bundle(str(exported), tmp_path / "again")


def test_unfit_bundle_leaves_nothing(tiny_weights, tmp_path):
    bundle = tmp_path / "breast_cem_unfit"
    shutil.copytree(bundle_folder(NAME), bundle)
    (bundle / "docs" / "data_license.txt").unlink()
    with pytest.raises(ValueError, match=r"is not fit to be exported: .*has no docs/data_license"):
        export_bundle(str(bundle), tmp_path / "out", weights=tiny_weights, formats=PLAIN)
    assert not list((tmp_path / "out").iterdir())


def test_weights_that_do_not_fit_are_not_exported(tmp_path):
    """MONAI itself says so when it makes TorchScript of them."""
    torch.save({"wrong": torch.zeros(1)}, tmp_path / "model.pt")
    with pytest.raises(ValueError, match="ckpt_export failed"):
        export_bundle(NAME, tmp_path / "out", weights=tmp_path / "model.pt")
    assert not list((tmp_path / "out").iterdir())


def test_missing_weights_and_missing_output_are_told(tmp_path, capsys):
    assert main(["export", NAME, str(tmp_path), "--weights", str(tmp_path / "none.pt")]) == 1
    assert "no weights at" in capsys.readouterr().err
    assert main(["export", NAME]) == 1
    assert "name the folder to write to" in capsys.readouterr().err


def test_bundle_without_weights_says_so(tmp_path, capsys):
    assert main(["export", "breast_cem_iamnet", str(tmp_path)]) == 0
    assert "without weights" in capsys.readouterr().out
    assert not (tmp_path / "breast_cem_iamnet" / "models").exists()


def test_exported_bundle_infers_as_the_one_it_was_made_of(exported, tiny_weights, tmp_path):
    """By the package, which trusts it since its list is true; results are found to be sent on."""
    from cem_monai.infer import run_inference

    write_exam(tmp_path / "in", "TEST-000", mass=False)
    images = []
    for number, (bundle, weights) in enumerate(((NAME, tiny_weights), (str(exported), None))):
        found = run_inference(
            tmp_path / "in",
            tmp_path / f"out{number}",
            bundle=bundle,
            weights=weights,
            options={"device": "cpu"},
            trust=weights is not None,
        )
        assert len(found.written) == 2
        images.append([pydicom.dcmread(path) for path in sorted(found.written)])
    for own, other in zip(*images, strict=True):
        assert own.SOPInstanceUID == other.SOPInstanceUID
        assert own.PixelData == other.PixelData


def test_refusal_of_an_exported_bundle_is_one_sentence(exported, tmp_path, capsys):
    write_exam(tmp_path / "in", "TEST-000", mass=False)
    command = ["infer", str(tmp_path / "in"), str(tmp_path / "out"), "--bundle", str(exported)]
    assert main([*command, "--num_downs", "4"]) == 1
    error = capsys.readouterr().err
    assert "was trained with num_downs 3, now it is 4" in error
    assert "Traceback" not in error


def test_paths_hold_no_name_of_this_machine(exported_once):
    for path in exported_once[0].rglob("*"):
        if path.is_file() and path.suffix != ".pt":
            assert str(Path.home()) not in path.read_text(encoding="utf-8")

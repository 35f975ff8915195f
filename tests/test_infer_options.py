"""Options of the verb infer that decide how DICOM is generated and stored."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
import torch
from pydicom.uid import JPEGLSLossless

from cem_monai.cli import main
from cem_monai.data import load_datalist
from cem_monai.evaluation import find_predictions
from cem_monai.networks import UNetGenerator, save_weights
from exams import write_exams
from pictures import write_pictures

SMALL = {"num_downs": 6, "ngf": 4}

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:monai", "ignore::DeprecationWarning")


@pytest.fixture
def weights(tmp_path) -> Path:
    torch.manual_seed(0)
    settings = {"image_size": 0, "low_energy_window": None, "recombined_window": None}
    path = tmp_path / "model.pt"
    save_weights(UNetGenerator(**SMALL), path, {**settings, **SMALL, "norm": "batch"})
    return path


def infer(source: Path, output: Path, weights: Path, *options: str) -> int:
    arguments = ["infer", str(source), str(output), "--weights", str(weights), "--device", "cpu"]
    mine = ["--bundle", "breast_cem_unet512", "--trust"]
    return main([*arguments, *mine, *options])


def test_maps_stand_below_the_images_and_are_no_predictions(tmp_path, weights):
    datalist = write_exams(tmp_path / "in", 3, size=150)
    options = ("--uncertainty", "2", "--compression", "jpeg_ls")
    assert infer(tmp_path / "in", tmp_path / "out", weights, *options) == 0
    images = [pydicom.dcmread(path) for path in (tmp_path / "out").glob("*.dcm")]
    maps = [pydicom.dcmread(path) for path in (tmp_path / "out" / "uncertainty").iterdir()]
    assert len(images) == len(maps) == 6
    for dataset in (*images, *maps):
        assert dataset.file_meta.TransferSyntaxUID == JPEGLSLossless
    sources = [
        {one.SourceImageSequence[0].ReferencedSOPInstanceUID for one in kind}
        for kind in (images, maps)
    ]
    assert sources[0] == sources[1]
    everything = [
        item
        for section in ("training", "validation", "test")
        for item in load_datalist(datalist, section)
    ]
    assert len(find_predictions(tmp_path / "out", everything)) == 6


def test_windows_make_instances_of_their_own(tmp_path, weights):
    write_exams(tmp_path / "in", 3, size=150)
    assert infer(tmp_path / "in", tmp_path / "out", weights) == 0
    one_pass = {path.name for path in (tmp_path / "out").glob("*.dcm")}
    assert infer(tmp_path / "in", tmp_path / "out", weights, "--sliding_window", "128") == 0
    both = {path.name for path in (tmp_path / "out").glob("*.dcm")}
    assert (len(one_pass), len(both)) == (6, 12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--sliding_window", "100"), "a multiple of 128 pixels, is 100"),
        (("--uncertainty", "1"), "at least 2 passes, is 1"),
        (("--compression", "zip"), "compression must be none or jpeg_ls, is 'zip'"),
    ],
)
def test_impossible_option_is_told_in_one_sentence(tmp_path, weights, capsys, options, message):
    write_exams(tmp_path / "in", 3, size=64)
    assert infer(tmp_path / "in", tmp_path / "out", weights, *options) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--uncertainty", "4"), ("--compression", "jpeg_ls")])
def test_options_of_dicom_mean_nothing_for_pictures(tmp_path, weights, capsys, option):
    folder = write_pictures(tmp_path / "in")
    assert infer(folder, tmp_path / "out", weights, *option) == 1
    assert f"{option[0][2:]} means nothing for PNG or JPEG" in capsys.readouterr().err

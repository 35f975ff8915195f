"""The demo in the small: what it promises on the screen lies in its folder."""

from __future__ import annotations

import csv
from itertools import groupby

import pydicom
import pytest

from cem_monai.cli import main
from cem_monai.dicom import VIRTUAL_DES


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("train", [False, True])
def test_demo_from_end_to_end(train, tmp_path, capsys):
    output = tmp_path / "demo"
    options = ["--train", "--epochs", "1"] if train else []
    assert main(["demo", str(output), "--exams", "4", *options]) == 0
    screen = capsys.readouterr().out
    assert ("models/" in screen) == train == (output / "models").exists()
    for name in (
        "report.html",
        "pictures/",
        "summary.json",
        "virtual_des/",
        "metrics.csv",
        "exams/",
    ):
        assert name in screen
        assert (output / name).exists()
    assert "not a medical device" in screen.splitlines()[-2]
    with (output / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if not row["lesion"]]
    cases = {key: len(list(group)) for key, group in groupby(rows, lambda row: row["case"])}
    assert set(cases.values()) == {7}  # four baselines, two limits, the model
    assert len(list((output / "pictures").glob("*.png"))) == min(10, len(cases))
    virtual = [pydicom.dcmread(path) for path in (output / "virtual_des").glob("*.dcm")]
    assert len(virtual) == len(cases)
    assert all(VIRTUAL_DES in image.ImageType for image in virtual)
    trained = {path.parent.name for path in (output / "exams").rglob("*_LE.dcm")}
    held_out = {row["patient"] for row in rows}
    assert len(held_out) == 2  # of four patients
    assert held_out < trained

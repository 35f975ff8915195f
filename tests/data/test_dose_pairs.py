"""A simulated folder of dose pairs to 8-bit patches."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cem_monai.cli import main
from cem_monai.data import (
    Conversion,
    convert_raw,
    eight_bit_pairs,
    find_dose_pairs,
    load_datalist,
    raw_foreground,
    read_mask,
)
from cem_monai.dicom import MammogramError, read_raw_mammogram
from cem_monai.simulator import DoseLevel, simulate_dose_pairs, simulate_dose_series, to_eight_bits

PIXEL = 1.0


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three arrangements of 229 x 191 pixels; the third has no high dose."""
    folder = tmp_path_factory.mktemp("dose") / "study"
    simulate_dose_pairs(folder, arrangements=3, pixel=PIXEL, progress=False)
    (folder / "SIM-DOSE-03" / "high.dcm").unlink()
    return folder


def test_pairs_are_found_and_what_lacks_a_dose_is_told(study: Path) -> None:
    pairs, refused = find_dose_pairs(study)
    assert [pair.arrangement for pair in pairs] == ["SIM-DOSE-01", "SIM-DOSE-02"]
    assert pairs[1].image == study / "SIM-DOSE-02" / "low.dcm"
    assert pairs[1].label == study / "SIM-DOSE-02" / "high.dcm"
    folder = study / "SIM-DOSE-03"
    assert [(one.path, one.reason) for one in refused] == [(folder, f"{folder}: has no high.dcm")]


def test_other_doses_may_be_paired(study: Path) -> None:
    pairs, refused = find_dose_pairs(study, image="auto", label="high_noise_free")
    assert [pair.label.name for pair in pairs] == ["high_noise_free.dcm"] * 3
    assert not refused


def test_folder_without_pairs_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder"):
        find_dose_pairs(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"no folder in it holds low\.dcm and high\.dcm"):
        find_dose_pairs(tmp_path)


@pytest.mark.parametrize("conversion", list(Conversion))
def test_images_are_those_of_the_simulator(study: Path, conversion: Conversion) -> None:
    pairs, _ = find_dose_pairs(study)
    second = list(eight_bit_pairs(pairs, conversion))[1]
    series = simulate_dose_series(2, pixel=PIXEL)
    assert second.arrangement == "SIM-DOSE-02"
    for level, found in ((DoseLevel.LOW, second.image), (DoseLevel.HIGH, second.label)):
        expected = to_eight_bits(
            series.raw[level],
            conversion,
            entrance_dose=level.entrance_dose,
            inside=second.foreground,
        )
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("level", ["low", "auto", "high"])
def test_foreground_is_the_phantom(study: Path, level: str) -> None:
    folder = study / "SIM-DOSE-01"
    found = raw_foreground(read_raw_mammogram(folder / f"{level}.dcm").pixels)
    inside = read_mask(folder / "phantom.nii.gz")
    assert 2 * (found & inside).sum() / (found.sum() + inside.sum()) > 0.98


def test_logarithm_needs_the_dose(study: Path) -> None:
    raw = read_raw_mammogram(study / "SIM-DOSE-01" / "low.dcm")
    foreground = raw_foreground(raw.pixels)
    untold = type(raw)(raw.pixels, raw.bits_stored, None, raw.path)
    with pytest.raises(ValueError, match="log_fixed needs EntranceDoseInmGy"):
        convert_raw(untold, "log_fixed", foreground)
    np.testing.assert_array_equal(
        convert_raw(untold, "raw_fixed", foreground), convert_raw(raw, "raw_fixed", foreground)
    )


def test_damaged_file_is_named(study: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(study, tmp_path / "study")
    (copy / "SIM-DOSE-02" / "high.dcm").write_bytes(b"nothing")
    pairs, _ = find_dose_pairs(copy)
    with pytest.raises(MammogramError, match=re.escape(f"{copy}/SIM-DOSE-02/high.dcm: is not")):
        list(eight_bit_pairs(pairs))


def test_command_writes_patches_and_datalist(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--patch_size", "15", "--stride", "15", "--test_fraction", "0.5"]
    assert main(["dose_patches", str(study), str(tmp_path), *options]) == 0
    training, test = (
        load_datalist(tmp_path / "datalist.json", section) for section in ("training", "test")
    )
    # the half disc of 98 mm radius holds 67 patches of 15 mm
    assert 60 <= len(training) <= 70
    assert abs(len(training) - len(test)) <= 3
    assert {item["patient"] for item in training}.isdisjoint(item["patient"] for item in test)
    assert np.asarray(Image.open(test[0]["label"])).shape == (15, 15)
    printed = capsys.readouterr().out
    assert f"patches of 2 pairs in {tmp_path}: {len(training)} training" in printed
    assert "SIM-DOSE-03: has no high.dcm" in printed


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--conversion", "minmax"],
            "conversion must be one of raw_fixed, log_fixed, per_image, got 'minmax'",
        ),
        (["--split", "image"], "split must be one of arrangement, patch, got 'image'"),
        (["--test_fraction", "1"], "test_fraction must be at least 0 and below 1, got 1.0"),
        (["--min_foreground", "2"], "min_foreground must be 0 to 1, got 2.0"),
        (["--label", "highest"], "no folder in it holds low.dcm and highest.dcm"),
    ],
)
def test_wrong_options_leave_an_older_datalist(
    study: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    sentence: str,
) -> None:
    older = tmp_path / "datalist.json"
    older.write_text(json.dumps({"training": []}))
    assert main(["dose_patches", str(study), str(tmp_path), *options]) == 1
    assert sentence in capsys.readouterr().err
    assert json.loads(older.read_text()) == {"training": []}

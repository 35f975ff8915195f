from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cem_monai.data import find_raw
from cem_monai.simulator import simulate_dose_pairs


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw") / "study"
    simulate_dose_pairs(folder, arrangements=1, pixel=1.0, progress=False)
    return folder


def test_files_of_one_name(study: Path, tmp_path: Path) -> None:
    refused = tmp_path / "refused.csv"
    assert find_raw(study, refused, "low.dcm") == [
        {"image": str(study / "SIM-DOSE-01" / "low.dcm"), "case": "SIM-DOSE-01_low"}
    ]
    assert len(find_raw(study, refused)) == 4
    file = study / "SIM-DOSE-01" / "auto.dcm"
    assert [item["image"] for item in find_raw(file, refused, "low.dcm")] == [str(file)]


def test_what_is_no_raw_image_is_listed(study: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.dcm").symlink_to(study / "SIM-DOSE-01" / "low.dcm")
    (tmp_path / "in" / "bad.dcm").write_bytes(b"nothing")
    found = find_raw(tmp_path / "in", tmp_path / "refused.csv")
    assert [item["case"] for item in found] == ["in_good"]
    with (tmp_path / "refused.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row["path"].endswith("bad.dcm")
    assert "is not a DICOM file" in row["reason"]


def test_nothing_found_raises(study: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no usable raw image called high\*\.dcx; nothing was"):
        find_raw(study, tmp_path / "refused.csv", "high*.dcx")
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        find_raw(tmp_path / "nowhere", tmp_path / "refused.csv")

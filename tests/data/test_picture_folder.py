from __future__ import annotations

import csv
import logging
import shutil

import numpy as np
import pytest

from cem_monai.data import find_picture_low_energy
from pictures import breast_picture, write_picture, write_pictures


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path / "in")


def test_subtracted_images_are_passed_over_and_told(folder, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        items = find_picture_low_energy(folder, tmp_path / "refused.csv")
    assert [item["case"] for item in items] == ["P1_L_DM_CC", "P2_R_DM_MLO"]
    assert "passed over: 2 subtracted images" in caplog.text
    assert "do not tell left or right" not in caplog.text
    assert (tmp_path / "refused.csv").read_text().strip() == "path,reason,code"


def test_good_images_go_on_beside_bad_ones(folder, tmp_path):
    (folder / "broken_L.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    write_picture(folder / "inverted_L.png", 255 - breast_picture())
    (folder / "notes.txt").write_text("no picture")
    items = find_picture_low_energy(folder, tmp_path / "refused.csv")
    assert len(items) == 2
    with (tmp_path / "refused.csv").open() as file:
        refused = {row["path"]: row["reason"] for row in csv.DictReader(file)}
    assert set(refused) == {str(folder / "broken_L.png"), str(folder / "inverted_L.png")}
    assert "polarity" in refused[str(folder / "inverted_L.png")]


def test_cases_keep_their_folders(folder, tmp_path):
    shutil.copytree(folder, folder / "again")
    items = find_picture_low_energy(folder, tmp_path / "refused.csv")
    cases = [item["case"] for item in items]
    assert len(cases) == len(set(cases)) == 4
    assert {"P1_L_DM_CC", "again/P1_L_DM_CC"} < set(cases)


def test_two_files_for_one_result_are_refused(folder, tmp_path):
    write_picture(folder / "P1_L_DM_CC.png")
    items = find_picture_low_energy(folder, tmp_path / "refused.csv")
    assert len(items) == 2
    assert "only by the end" in (tmp_path / "refused.csv").read_text()


def test_one_file(folder, tmp_path):
    path = folder / "P1_L_DM_CC.jpg"
    items = find_picture_low_energy(path, tmp_path / "refused.csv")
    assert items == [{"image": str(path), "case": "P1_L_DM_CC"}]


def test_sides_that_only_pixels_tell_are_told(tmp_path, caplog):
    write_picture(tmp_path / "in" / "one.png", breast_picture(laterality="R"))
    with caplog.at_level(logging.WARNING):
        find_picture_low_energy(tmp_path / "in", tmp_path / "refused.csv")
    assert "1 names do not tell left or right" in caplog.text


def test_nothing_usable_is_one_sentence(folder, tmp_path):
    for path in folder.glob("*_DM_*"):
        path.unlink()
    with pytest.raises(
        ValueError, match=r"no usable low-energy .* 2 subtracted images passed over"
    ):
        find_picture_low_energy(folder, tmp_path / "refused.csv")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        find_picture_low_energy(tmp_path / "nowhere", tmp_path / "refused.csv")


def test_source_bits(tmp_path):
    write_picture(tmp_path / "L.png", breast_picture(bits=12).astype(np.uint16))
    assert find_picture_low_energy(tmp_path, tmp_path / "refused.csv", source_bits=12)
    with pytest.raises(ValueError, match=r"e\.g\. 12"):
        find_picture_low_energy(tmp_path, tmp_path / "refused.csv")
    with pytest.raises(ValueError, match="source_bits must be 9 to 16, got 8"):
        find_picture_low_energy(tmp_path, tmp_path / "refused.csv", source_bits=8)

from __future__ import annotations

import csv
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from cem_monai.data import find_low_energy, find_pairs, report_refused, scan_folder
from cem_monai.data.dicom_folder import REASONS_SHOWN
from cem_monai.data.pair import Refused
from cem_monai.dicom import ImageContent

SaveMammogram = Callable[..., Path]

DES = ["DERIVED", "PRIMARY", "", "SUBTRACTION"]
HIGH = ["ORIGINAL", "PRIMARY", "", "", "HIGH_ENERGY"]


@pytest.fixture
def save_pair(save_mammogram: SaveMammogram) -> Callable[..., list[Path]]:
    """Return a function that writes a low-energy and a recombined image."""

    def save(
        folder: str, *, uid: str = "1.2.8", suffix: str = ".dcm", **changes: Any
    ) -> list[Path]:
        low = save_mammogram(
            f"{folder}/LE{suffix}", _breast(), SOPInstanceUID=f"{uid}.1", **changes
        )
        des = save_mammogram(
            f"{folder}/DES{suffix}", _breast(), SOPInstanceUID=f"{uid}.2", ImageType=DES, **changes
        )
        return [low, des]

    return save


def _breast() -> np.ndarray:
    y, x = np.mgrid[:64, :48]
    return np.where(((y - 32) / 26) ** 2 + (x / 30) ** 2 < 1, 2000, 0)


def _reasons(path: Path) -> dict[str, str]:
    with path.open(newline="") as file:
        return {row["path"]: row["reason"] for row in csv.DictReader(file)}


def test_pairs_are_found_in_all_folders(
    save_pair: Callable[..., list[Path]], tmp_path: Path
) -> None:
    save_pair("in/b/deep", uid="1.2.8", PatientID="B", StudyInstanceUID="1.2.31")
    save_pair("in/a", uid="1.2.9", PatientID="A", StudyInstanceUID="1.2.32")
    pairs, refused = find_pairs(tmp_path / "in")
    assert [pair.name for pair in pairs] == ["A_L_CC", "B_L_CC"]
    assert pairs[1].recombined.path == tmp_path / "in/b/deep/DES.dcm"
    assert refused == []


@pytest.mark.parametrize("suffix", ["", ".DCM", ".dicom", ".IMA", ".1.2.3"])
def test_files_are_known_by_suffix_or_by_the_mark_within(
    save_pair: Callable[..., list[Path]], tmp_path: Path, suffix: str
) -> None:
    save_pair("in", suffix=suffix)
    assert len(find_pairs(tmp_path / "in")[0]) == 1


def test_files_that_are_no_images_are_passed_over(
    save_pair: Callable[..., list[Path]], tmp_path: Path
) -> None:
    low, _ = save_pair("in")
    shutil.copy(low, tmp_path / "in" / ".LE.dcm.x7f3.tmp")  # left by an interrupted write
    shutil.copy(low, tmp_path / "in" / ".hidden.dcm")
    shutil.copy(low, tmp_path / "in" / "DICOMDIR")
    (tmp_path / "in" / "exam.json").write_text("{}")
    (tmp_path / "in" / "short").write_bytes(b"DICM")
    (tmp_path / "in" / "folder.dcm").mkdir()
    shutil.copytree(low.parent, tmp_path / "in" / ".EXAM.part")  # left by a killed simulation
    pairs, refused = find_pairs(tmp_path / "in")
    assert len(pairs) == 1
    assert refused == []


def test_garbage_does_not_stop_the_rest(
    save_pair: Callable[..., list[Path]], save_mammogram: SaveMammogram, tmp_path: Path
) -> None:
    low, _ = save_pair("in")
    garbage = {
        "in/empty.dcm": b"",
        "in/text.dcm": b"no dicom",
        "in/half.dcm": low.read_bytes()[:-10],
        "in/noise.dcm": np.random.default_rng(1).bytes(5000),
        "in/mark": bytes(128) + b"DICM" + np.random.default_rng(1).bytes(500),
    }
    for name, content in garbage.items():
        (tmp_path / name).write_bytes(content)
    save_mammogram("in/ct.dcm", SOPInstanceUID="1.2.40", Modality="CT")
    save_mammogram("in/unknown.dcm", SOPInstanceUID="1.2.41", ImageType=["ORIGINAL", "PRIMARY"])
    pairs, refused = find_pairs(tmp_path / "in")
    assert len(pairs) == 1
    expected = {*garbage, "in/ct.dcm", "in/unknown.dcm"}
    assert {one.path for one in refused} == {tmp_path / name for name in expected}
    for one in refused:
        assert one.reason.startswith(f"{one.path}: ")
        assert "\n" not in one.reason
        assert "Sentinel" not in one.reason


def test_same_object_twice_is_refused_once(
    save_pair: Callable[..., list[Path]], tmp_path: Path
) -> None:
    low, _ = save_pair("in")
    copy = tmp_path / "in" / "A.dcm"
    shutil.copy(low, copy)
    pairs, refused = find_pairs(tmp_path / "in")
    assert len(pairs) == 1
    assert [one.path for one in refused] == [low]  # the first in order of names stays
    assert refused[0].reason == (
        f"{low}: has the same SOPInstanceUID (0008,0018) 1.2.8.1 as {copy}"
    )


def test_damaged_compressed_image_is_refused_while_scanning(
    make_mammogram: Callable[..., Dataset], tmp_path: Path
) -> None:
    dataset = make_mammogram()
    dataset.compress(RLELossless)
    dataset.Rows = 60
    dataset.save_as(tmp_path / "image.dcm", enforce_file_format=True)
    scan = scan_folder(tmp_path)
    assert scan.images == []
    assert "RLE Lossless" in scan.refused[0].reason


def test_scan_sorts_by_content(save_mammogram: SaveMammogram, tmp_path: Path) -> None:
    save_mammogram("le.dcm", _breast(), SOPInstanceUID="1.2.1")
    save_mammogram("he.dcm", SOPInstanceUID="1.2.2", ImageType=HIGH)
    save_mammogram("des.dcm", SOPInstanceUID="1.2.3", ImageType=DES)
    scan = scan_folder(tmp_path)
    for content, name in (
        (ImageContent.LOW_ENERGY, "le"),
        (ImageContent.HIGH_ENERGY, "he"),
        (ImageContent.RECOMBINED, "des"),
    ):
        assert [image.path.stem for image in scan.of(content)] == [name]


def test_one_file_may_stand_for_a_folder(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram("image", _breast())
    assert [image.path for _, image in scan_folder(path).images] == [path]


Finder = Callable[[Path, Path], Any]
FINDERS: list[Finder] = [
    lambda folder, _: find_pairs(folder),
    lambda folder, table: find_low_energy(folder, table),
]


@pytest.mark.parametrize("find", FINDERS, ids=["find_pairs", "find_low_energy"])
class TestNothingToFind:
    def test_missing_folder(self, tmp_path: Path, find: Finder) -> None:
        with pytest.raises(FileNotFoundError, match="absent: no such folder"):
            find(tmp_path / "absent", tmp_path / "refused.csv")

    def test_empty_folder(self, tmp_path: Path, find: Finder) -> None:
        (tmp_path / "in").mkdir()
        with pytest.raises(ValueError, match="in: holds no DICOM file"):
            find(tmp_path / "in", tmp_path / "refused.csv")

    def test_folder_without_dicom(self, tmp_path: Path, find: Finder) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "readme.txt").write_text("x" * 200)
        with pytest.raises(ValueError, match="in: holds no DICOM file"):
            find(tmp_path / "in", tmp_path / "refused.csv")

    def test_nothing_usable_names_the_first_reason(
        self, save_mammogram: SaveMammogram, tmp_path: Path, find: Finder
    ) -> None:
        save_mammogram("in/a.dcm", SOPInstanceUID="1.2.1", Modality="CT")
        save_mammogram("in/b.dcm", SOPInstanceUID="1.2.2", Modality="MR")
        expected = r"in: no .*; 2 files were refused, the first: .*a\.dcm: Modality .* is CT"
        with pytest.raises(ValueError, match=expected):
            find(tmp_path / "in", tmp_path / "refused.csv")

    def test_other_content_only(
        self, save_mammogram: SaveMammogram, tmp_path: Path, find: Finder
    ) -> None:
        save_mammogram("in/he.dcm", ImageType=HIGH)
        with pytest.raises(ValueError, match=r"in: no .*; nothing was refused"):
            find(tmp_path / "in", tmp_path / "refused.csv")


def test_low_energy_images_are_data_items(
    save_pair: Callable[..., list[Path]], save_mammogram: SaveMammogram, tmp_path: Path
) -> None:
    low, _ = save_pair("in")
    save_mammogram("in/he.dcm", _breast(), SOPInstanceUID="1.2.40", ImageType=HIGH)
    items = find_low_energy(tmp_path / "in", tmp_path / "out" / "refused.csv")
    assert items == [{"image": str(low), "case": "1.2.8.1"}]
    assert _reasons(tmp_path / "out" / "refused.csv") == {}


def test_refused_table_names_every_file_with_its_reason(
    save_mammogram: SaveMammogram, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = save_mammogram("in/good.dcm", _breast(), SOPInstanceUID="1.2.1")
    other = save_mammogram("in/other.dcm", SOPInstanceUID="1.2.2", Modality="CT")
    constant = save_mammogram("in/constant.dcm", np.full((6, 8), 5), SOPInstanceUID="1.2.3")
    inverted = save_mammogram(
        "in/inverted.dcm",
        _breast(),
        SOPInstanceUID="1.2.4",
        PhotometricInterpretation="MONOCHROME1",
    )
    with caplog.at_level(logging.INFO):
        items = find_low_energy(tmp_path / "in", tmp_path / "refused.csv")
    assert [item["image"] for item in items] == [str(good)]
    reasons = _reasons(tmp_path / "refused.csv")
    assert reasons.keys() == {str(other), str(constant), str(inverted)}
    assert reasons[str(other)] == f"{other}: Modality (0008,0060) is CT, must be MG"
    assert reasons[str(constant)] == f"{constant}: the image is constant (5)"
    assert "wrong polarity" in reasons[str(inverted)]
    for reason in reasons.values():
        assert f"left out: {reason}" in caplog.text
    assert "1 low-energy images found, 3 files refused" in caplog.text
    assert "Sentinel" not in caplog.text + (tmp_path / "refused.csv").read_text()


def test_refused_table_is_written_even_if_nothing_is_usable(
    save_mammogram: SaveMammogram, tmp_path: Path
) -> None:
    path = save_mammogram("in/ct.dcm", Modality="CT")
    with pytest.raises(ValueError, match="no usable low-energy image"):
        find_low_energy(tmp_path / "in", tmp_path / "refused.csv")
    assert list(_reasons(tmp_path / "refused.csv")) == [str(path)]


def test_only_the_first_reasons_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refused = [Refused(Path(f"{n}.dcm"), f'{n}.dcm: "a", b') for n in range(REASONS_SHOWN + 7)]
    report_refused(refused, tmp_path / "refused.csv")
    assert _reasons(tmp_path / "refused.csv")["16.dcm"] == '16.dcm: "a", b'
    assert len(caplog.records) == REASONS_SHOWN + 1
    assert f"7 more, see {tmp_path / 'refused.csv'}" in caplog.text


def test_linked_folders_are_read_and_loops_end(
    save_pair: Callable[..., list[Path]], tmp_path: Path
) -> None:
    save_pair("elsewhere")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "in")
    assert len(find_pairs(tmp_path / "in")[0]) == 1

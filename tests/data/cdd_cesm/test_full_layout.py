from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest

from cdd_cesm_source import (
    CIRCLE,
    LOW,
    OUTLINES,
    SUBTRACTED,
    WORKBOOK,
    annotation,
    breast,
    save_jpeg,
    write_outlines,
    write_workbook,
)
from cem_monai.data import Registration, find_pairs, import_cdd_cesm, load_datalist, read_mask
from cem_monai.data.cdd_cesm.image_file import read_image
from cem_monai.data.cdd_cesm.problem import ProblemKind
from cem_monai.data.cdd_cesm.sheets import MAIN
from cem_monai.dicom import read_mammogram
from dciodvfy import dciodvfy_findings

PACKAGE = Path("PKG-CDD-CESM") / "CDD-CESM"
# file names as the source has them; the images of a pair differ in size
NAMES = {
    "P99_L_DM_MLO.jpg": (192, 128),
    "P99_L_CM_MLO.jpg": (200, 120),
    "P99_L_DM_MLO_2.jpg": (176, 128),
    "P99_L_CM_MLO_2.jpg": (176, 128),
    "P281_R_DM_MLO2.jpg": (192, 128),
    "P281_R_CM_MLO2.jpg": (184, 136),
    "P3_L_DM_CC.jpg": (192, 112),
    "P3_L_CM_CC .jpg": (184, 112),
}
IRREGULAR = {"P281_R_DM_MLO2": "P281_R_DM_MLO2", "P3_L_CM_CC": "P3_L_CM_CC "}
CANVAS = (240, 160)


def _folder(name: str) -> Path:
    return PACKAGE / (LOW if "_DM_" in name else SUBTRACTED)


def _crop(name: str, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Cut an image out of a canvas: as many rows above as below, no column at the chest wall."""
    seed = sum(map(ord, name.replace("DM", "CM")))
    side = name.split("_")[1]
    whole = breast(side, CANVAS, seed)
    rows, columns = (CANVAS[0] - shape[0]) // 2, CANVAS[1] - shape[1]
    left = 0 if side == "L" else columns
    return whole[rows : rows + shape[0], left : left + shape[1]]


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name, shape in NAMES.items():
        save_jpeg(_crop(name.replace(" ", ""), shape), source / _folder(name) / name)
    rows = [annotation(Path(name).stem) for name in NAMES]
    rows[2] |= {"pathology": "Normal", "density": "_"}
    write_workbook(source / WORKBOOK, {MAIN: rows} | _only("mass_description", "P99_L_DM_MLO"))
    regions = [("P99_L_CM_MLO.jpg", CIRCLE), ("P281_R_CM_MLO2.jpg", CIRCLE | {"cx": 90})]
    write_outlines(source / OUTLINES, [*regions, ("P99_L_DM_MLO.jpg", CIRCLE)], source)
    return source


def _only(sheet: str, name: str) -> dict[str, list[dict[str, object]]]:
    """Return rows for every sheet of a finding, so that none is empty."""
    from cem_monai.data.cdd_cesm.sheets import SHEETS

    row = [annotation(name, shape="Irregular")]
    return {title: row for title in SHEETS if title != MAIN}


@pytest.fixture
def source(untouched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untouched, tmp_path / "source"))


@pytest.fixture(scope="module")
def registered(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("registered")
    summary = import_cdd_cesm(untouched, output, folds=2)
    assert str(summary) == (
        "4 pairs of 3 patients imported, 2 with a lesion mask and 2 without, in 2 folds; 0 left out"
    )
    return output


@pytest.fixture(scope="module")
def unregistered(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("unregistered")
    assert import_cdd_cesm(untouched, output, register=False, folds=2).pairs == 4
    return output


def _pixels(output: Path, file: str) -> npt.NDArray[Any]:
    return np.asarray(pydicom.dcmread(output / file).pixel_array)


def test_irregular_names_become_pairs_and_cases(registered: Path) -> None:
    pairs, refused = find_pairs(registered)
    assert refused == []
    files = [str(pair.recombined.path.relative_to(registered)) for pair in pairs]
    assert files == [
        "CDD-CESM-P281/R_MLO_2_DES.dcm",
        "CDD-CESM-P3/L_CC_DES.dcm",
        "CDD-CESM-P99/L_MLO_DES.dcm",
        "CDD-CESM-P99/L_MLO_2_DES.dcm",
    ]
    items = [
        item for fold in (0, 1) for item in load_datalist(registered / f"fold_{fold}.json", "test")
    ]
    cases = {item["case"]: Path(item["label"]).name for item in items}
    assert cases["CDD-CESM-P99_L_MLO"] == "L_MLO_DES.dcm"
    assert cases["CDD-CESM-P99_L_MLO_2"] == "L_MLO_2_DES.dcm"


def test_both_images_have_the_matrix_of_the_low_energy_one(
    registered: Path, unregistered: Path
) -> None:
    for output in (registered, unregistered):
        for path in output.rglob("*_LE.dcm"):
            partner = path.with_name(path.name.replace("_LE", "_DES"))
            assert read_mammogram(path).pixels.shape == read_mammogram(partner).pixels.shape


def test_low_energy_image_is_what_the_jpeg_decodes_to(untouched: Path, registered: Path) -> None:
    name = "P99_L_DM_MLO.jpg"
    expected = read_image(untouched / _folder(name) / name, None)
    np.testing.assert_array_equal(_pixels(registered, "CDD-CESM-P99/L_MLO_LE.dcm"), expected)


def test_without_registration_the_chest_walls_and_centers_meet(
    untouched: Path, unregistered: Path
) -> None:
    left = read_image(untouched / _folder("_CM_") / "P99_L_CM_MLO.jpg", None)  # 200 x 120
    moved = _pixels(unregistered, "CDD-CESM-P99/L_MLO_DES.dcm")  # 192 x 128
    np.testing.assert_array_equal(moved[:, :120], left[4:196])
    assert not moved[:, 120:].any()
    right = read_image(untouched / _folder("_CM_") / "P281_R_CM_MLO2.jpg", None)  # 184 x 136
    moved = _pixels(unregistered, "CDD-CESM-P281/R_MLO_2_DES.dcm")  # 192 x 128
    np.testing.assert_array_equal(moved[4:188], right[:, 8:])
    assert not moved[:4].any()
    assert not moved[188:].any()


def test_registration_is_found_and_told_in_three_places(registered: Path) -> None:
    with (registered / "registration.csv").open(newline="") as file:
        rows = {row["case"]: row for row in csv.DictReader(file)}
    assert list(rows) == [
        *("CDD-CESM-P3_L_CC", "CDD-CESM-P99_L_MLO", "CDD-CESM-P99_L_MLO_2"),
        "CDD-CESM-P281_R_MLO_2",
    ]
    row = rows["CDD-CESM-P99_L_MLO"]
    found = Registration(*(float(row[key]) for key in ("scale", "rows", "columns", "quality")))
    assert row["status"] == "registered"
    assert found.scale == 1  # both at native size
    assert (found.rows, found.columns) == (pytest.approx(4, abs=0.5), pytest.approx(0, abs=0.5))
    view = json.loads((registered / "CDD-CESM-P99" / "exam.json").read_text())["views"]["L_MLO"]
    assert view["registration"] == {
        **{"status": "registered", "source_rows": 200, "source_columns": 120},
        **json.loads(found.to_json()),
    }
    header = pydicom.dcmread(registered / "CDD-CESM-P99" / "L_MLO_DES.dcm")
    assert f"rows = {found.rows!r}, columns = {found.columns!r}" in header.ImageComments
    assert "200 rows and 120 columns" in header.ImageComments


def test_registered_image_shows_what_the_low_energy_one_shows(
    registered: Path, unregistered: Path
) -> None:
    for view in ("CDD-CESM-P99/L_MLO", "CDD-CESM-P281/R_MLO_2", "CDD-CESM-P3/L_CC"):
        low_energy = _pixels(registered, f"{view}_LE.dcm").astype(float)
        moved = _pixels(registered, f"{view}_DES.dcm").astype(float)
        inside = (low_energy > 20) & (moved > 20)
        assert inside.sum() > 5000
        assert np.median(np.abs(low_energy - moved)[inside]) < 6
    assert _pixels(registered, "CDD-CESM-P99/L_MLO_LE.dcm").tolist() == (
        _pixels(unregistered, "CDD-CESM-P99/L_MLO_LE.dcm").tolist()
    )


@pytest.mark.parametrize(
    ("view", "row", "column"), [("CDD-CESM-P99/L_MLO", 56, 30), ("CDD-CESM-P281/R_MLO_2", 64, 82)]
)
def test_outlines_move_with_their_image(
    registered: Path, unregistered: Path, view: str, row: int, column: int
) -> None:
    for output, tolerance in ((unregistered, 0.0), (registered, 0.7)):
        rows, columns = np.nonzero(read_mask(output / f"{view}_DES_mass.nii.gz"))
        assert rows.mean() == pytest.approx(row, abs=tolerance)
        assert columns.mean() == pytest.approx(column, abs=tolerance)


def test_objects_tell_what_was_done(registered: Path, unregistered: Path) -> None:
    files = [folder / "CDD-CESM-P99" / "L_MLO_DES.dcm" for folder in (registered, unregistered)]
    moved, kept = map(pydicom.dcmread, files)
    low_energy = pydicom.dcmread(files[0].with_name("L_MLO_LE.dcm"))
    codes = [[item.CodeValue for item in one.DerivationCodeSequence] for one in (moved, kept)]
    assert codes == [["113040", "113085"], ["113040"]]
    assert "registered to the low-energy image" in moved.DerivationDescription
    assert "not registered" in kept.DerivationDescription
    assert moved.SOPInstanceUID != kept.SOPInstanceUID
    assert moved.FrameOfReferenceUID == low_energy.FrameOfReferenceUID
    for one in (moved, kept, low_energy):
        assert (one.BitsStored, one.LossyImageCompression) == (8, "01")
        assert "already windowed and cropped by the source" in one.DerivationDescription


# both would need what the source does not tell
MISSING_SPACING = "ImagerPixelSpacing"


def test_validator_misses_only_what_the_source_does_not_tell(registered: Path) -> None:
    for code in ("LE", "DES"):
        findings = dciodvfy_findings(registered / "CDD-CESM-P99" / f"L_MLO_2_{code}.dcm")
        assert [one for one in findings if MISSING_SPACING not in one] == []


def test_label_traps(registered: Path) -> None:
    views = json.loads((registered / "CDD-CESM-P99" / "exam.json").read_text())["views"]
    repeated = views["L_MLO_2"]
    assert (repeated["low_energy"]["pathology"], repeated["pathology"]) == ("Normal", "Malignant")
    assert (repeated["low_energy"]["density"], repeated["density"]) == ("", "C")
    described = views["L_MLO"]["low_energy"]["descriptions"]
    assert described[0] == {
        **{"sheet": "mass_description", "findings": "Mass", "shape": "Irregular"}
    }


def test_second_import_writes_the_same_bytes(untouched: Path, registered: Path) -> None:
    before = {path: path.read_bytes() for path in registered.rglob("*") if path.is_file()}
    import_cdd_cesm(untouched, registered, folds=2)
    assert {path: path.read_bytes() for path in before} == before


def test_files_that_do_not_belong_are_named(source: Path, tmp_path: Path) -> None:
    low = source / PACKAGE / LOW
    shutil.copy(low / "P3_L_DM_CC.jpg", low / "P3_L_DM_CC_old.jpg")
    shutil.copy(low / "P3_L_DM_CC.jpg", low / "P5_L_CM_CC.jpg")
    shutil.copy(low / "P3_L_DM_CC.jpg", low / "P3_L_DM_CC .jpg")
    shutil.copy(low / "P3_L_DM_CC.jpg", low / "P7_R_DM_CC.jpg")
    (low / "Thumbs.db").touch()
    (low / ".DS_Store").touch()
    summary = import_cdd_cesm(source, tmp_path / "out", register=False)
    assert summary.pairs == 4
    stray = [one for one in summary.refused if one.kind is ProblemKind.STRAY]
    assert [(one.path.name, one.reason.split(": ")[1][:32]) for one in stray] == [
        ("P3_L_DM_CC.jpg", "has the same name, P3_L_DM_CC, a"),
        ("P3_L_DM_CC_old.jpg", "is not named like an image of CD"),
        ("P5_L_CM_CC.jpg", "is named as recombined but lies "),
        ("Thumbs.db", "is not named like an image of CD"),
    ]
    partner = next(one for one in summary.refused if one.kind is ProblemKind.NO_PARTNER)
    assert partner.reason.endswith("P7_R_DM_CC.jpg: its partner P7_R_CM_CC is missing")


def test_pair_that_cannot_be_registered_is_left_out(source: Path, tmp_path: Path) -> None:
    # the partner of another breast: nothing fits
    noise = np.random.default_rng(1).integers(0, 255, (200, 120), np.uint8)
    path = source / _folder("_CM_") / "P99_L_CM_MLO.jpg"
    (source / OUTLINES).unlink()
    save_jpeg(noise, path)
    summary = import_cdd_cesm(source, tmp_path / "out", folds=2)
    (problem,) = summary.refused
    assert (problem.path, problem.kind) == (path, ProblemKind.UNREGISTERED)
    assert summary.pairs == 3
    assert not (tmp_path / "out" / "CDD-CESM-P99" / "L_MLO_DES.dcm").exists()
    text = (tmp_path / "out" / "registration.csv").read_text()
    assert "CDD-CESM-P99_L_MLO,,,,,refused\n" in text


def test_outlines_of_a_changed_copy_are_not_used(source: Path, tmp_path: Path) -> None:
    path = source / _folder("_CM_") / "P99_L_CM_MLO.jpg"
    path.write_bytes(path.read_bytes() + b"\0")
    summary = import_cdd_cesm(source, tmp_path / "out", register=False)
    assert (summary.pairs, summary.with_mass) == (4, 1)
    (problem,) = summary.refused
    assert f"{path}: has {path.stat().st_size} bytes, its outlines were drawn" in problem.reason


def test_listed_pair_that_is_not_there(source: Path, tmp_path: Path) -> None:
    for name in ("P99_L_DM_MLO_2.jpg", "P99_L_CM_MLO_2.jpg"):
        (source / _folder(name) / name).unlink()
    (problem,) = import_cdd_cesm(source, tmp_path / "out", register=False).refused
    assert problem.kind is ProblemKind.ABSENT
    assert "P99_L_MLO_2 has annotations" in problem.reason


def test_both_layouts_in_one_folder(source: Path, tmp_path: Path) -> None:
    save_jpeg(breast("L", (512, 512), 0), source / "cdd_cesm_512" / "images" / "P1_L_DM_CC.jpg")
    with pytest.raises(ValueError, match="holds both the full CDD-CESM and its 512-pixel copies"):
        import_cdd_cesm(source, tmp_path / "out")


def test_huge_image_is_refused_before_it_is_decoded(source: Path, tmp_path: Path) -> None:
    path = source / _folder("_DM_") / "P3_L_DM_CC.jpg"
    data = bytearray(path.read_bytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"  # height and width
    path.write_bytes(data)
    (problem,) = import_cdd_cesm(source, tmp_path / "out", register=False).refused
    assert "65535 x 65535 pixels" in problem.reason or "DecompressionBomb" in problem.reason

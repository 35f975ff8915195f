from __future__ import annotations

import base64
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image

from cem_monai.cli import main
from cem_monai.data import Refused, find_pairs, write_datalist
from cem_monai.qc import write_qc
from chromium import CHROMIUM, NAMES, visit
from exams import write_exam
from html_page import Page

PATIENTS = ("TEST-000", "TEST-002", "TEST-004")
"""Of odd numbers one breast has the pixels of the next patient's other breast."""


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    for patient in PATIENTS:
        write_exam(folder, patient)
    pairs, _ = find_pairs(folder)
    write_datalist(pairs, folder / "datalist.json", test_fraction=0.3, validation_fraction=0.3)
    return folder


@pytest.fixture
def archive(untouched: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may change."""
    return Path(shutil.copytree(untouched, tmp_path / "archive"))


def page_of(archive: Path, **options: Any) -> Page:
    pairs, refused = find_pairs(archive)
    write_qc(archive / "qc.html", pairs, refused, datalist=archive / "datalist.json", **options)
    return Page(archive / "qc.html")


def change(
    path: Path, pixels: Callable[[np.ndarray], np.ndarray] | None = None, **tags: Any
) -> None:
    dataset = pydicom.dcmread(path)
    if pixels:
        dataset.PixelData = pixels(dataset.pixel_array.copy()).astype("<u2").tobytes()
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    if "SOPInstanceUID" in tags:
        dataset.file_meta.MediaStorageSOPInstanceUID = tags["SOPInstanceUID"]
    dataset.save_as(path)


def copy_view(source: Path, target: Path, view: str, uid: str, **tags: Any) -> None:
    """Copy both images of a view under other UIDs."""
    target.mkdir(exist_ok=True)
    for number, code in enumerate(("LE", "DES")):
        copied = Path(shutil.copy(source / f"{view}_{code}.dcm", target))
        change(copied, SOPInstanceUID=f"{uid}.{number}", FrameOfReferenceUID=f"{uid}.9", **tags)


def table(page: Page, caption: str) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in page.table(caption)[1:]}


def findings(page: Page) -> str:
    return page.text.split("Findings")[-1].split("Files below")[0]


def test_counts_are_those_of_the_files(archive: Path) -> None:
    # one exam with 14 bits, inverted, without spacing and with another machine
    for path in (archive / "TEST-002").glob("*.dcm"):
        change(path, BitsStored=14, HighBit=13, Manufacturer="Maker <i>", ManufacturerModelName="M")
        change(path, PhotometricInterpretation="MONOCHROME1", SyntheticData="NO")
        change(path, lambda pixels: 16383 - pixels, PresentationLUTShape="INVERSE")
    for name in ("TEST-002/R_CC_LE.dcm", "TEST-002/R_CC_DES.dcm"):
        change(archive / name, ImagerPixelSpacing=[0.07, 0.09])
    page = page_of(archive)

    headers = [pydicom.dcmread(path) for path in archive.rglob("*.dcm")]
    for caption, value in {
        "Manufacturer and model": lambda one: f"{one.Manufacturer} {one.ManufacturerModelName}",
        "Bits stored": lambda one: str(one.BitsStored),
        "Photometric interpretation": lambda one: one.PhotometricInterpretation,
        "Matrix, rows × columns": lambda one: f"{one.Rows} × {one.Columns}",
        "Window, center/width": lambda one: f"{one.WindowCenter:g}/{one.WindowWidth:g}",
        "Pixel spacing at the detector, mm": lambda one: " × ".join(
            dict.fromkeys(f"{mm:g}" for mm in one.ImagerPixelSpacing)
        ),
        "Lossy compression before": lambda one: {"00": "no", "01": "yes"}[
            one.LossyImageCompression
        ],
    }.items():
        assert set(table(page, caption)) == {value(one) for one in headers}
        low = Counter(value(one) for one in headers if "LOW_ENERGY" in one.ImageType)
        des = Counter(value(one) for one in headers if "SUBTRACTION" in one.ImageType)
        patients = {
            name: {one.PatientID for one in headers if value(one) == name} for name in {*low, *des}
        }
        expected = {
            name: [str(low[name]), str(des[name]), str(len(patients[name]))] for name in low
        }
        assert table(page, caption) == expected, caption


def test_counts_of_pairs(archive: Path) -> None:
    (archive / "TEST-000" / "L_CC_DES_mass.nii.gz").unlink()
    (archive / "TEST-004" / "exam.json").write_text(
        '{"patient": "TEST-004", "views": {"L_CC": {"density": "C"}, "R_CC": {"density": ""}}}'
    )
    page = page_of(archive)
    assert table(page, "View") == {"CC": ["6", "3"]}
    assert table(page, "Laterality") == {"L": ["3", "3"], "R": ["3", "3"]}
    assert table(page, "Masks") == {"mass": ["5", "3"], "surround": ["6", "3"]}
    assert table(page, "Density") == {"C": ["1", "1"], "not told": ["5", "3"]}
    assert table(page, "Simulated") == {"yes": ["6", "3"]}
    assert table(page, "Section of the datalist") == {
        "training": ["2", "1"],
        "test": ["2", "1"],
        "validation": ["2", "1"],
    }
    assert "Fold" not in page.captions


def write_folds(archive: Path, patients: list[str]) -> None:
    """Hold out the nth patient in the nth fold."""
    sections = json.loads((archive / "datalist.json").read_text())
    items = [item for section in sections.values() for item in section]
    for number, patient in enumerate(patients):
        fold = {
            "training": [item for item in items if item["patient"] != patient],
            "test": [item for item in items if item["patient"] == patient],
        }
        (archive / f"fold_{number}.json").write_text(json.dumps(fold))


def test_folds_beside_the_page(archive: Path) -> None:
    write_folds(archive, list(PATIENTS[:2]))
    assert table(page_of(archive), "Fold") == {
        "none": ["2", "1"],
        "0": ["2", "1"],
        "1": ["2", "1"],
    }


def test_patient_in_two_folds_is_loud(archive: Path) -> None:
    write_folds(archive, list(PATIENTS))
    for number, taken in ((0, "L_CC"), (1, "R_CC")):
        path = archive / f"fold_{number}.json"
        fold = json.loads(path.read_text())
        sections = fold["test"] + fold["training"]
        fold["test"] = [item for item in sections if item["case"] == f"TEST-000_{taken}"]
        path.write_text(json.dumps(fold))
    page = page_of(archive)
    assert "Patients in several sections or folds: 1" in findings(page)
    (row,) = page.table("Patients with several studies, dates, sections or folds")[1:]
    assert (row[0], row[5]) == ("TEST-000", "0, 1")


def test_a_clean_archive_has_no_finding(archive: Path) -> None:
    page = page_of(archive)
    assert "None: nothing was refused, no image is there twice, no patient is split." in page.text
    assert "Nothing was refused." in page.text
    assert "must not leave the\narchive" in page.text


def test_same_pixels_under_two_patients_are_loud(archive: Path) -> None:
    copy_view(archive / "TEST-000", archive / "other", "L_CC", "1.2.9", PatientID="OTHER")
    for path in (archive / "other").glob("*.dcm"):
        change(path, StudyInstanceUID="1.2.77")
    # whatever the polarity: the values are the same to a network
    change(
        archive / "other" / "L_CC_DES.dcm",
        lambda pixels: 4095 - pixels,
        PhotometricInterpretation="MONOCHROME1",
    )
    (archive / "datalist.json").write_text('{"training": []}')
    page = page_of(archive)
    assert "under different patients or in different sections or folds" in findings(page)
    assert "evaluation: 2" in findings(page)
    doubles = [rows for rows in page.tables if rows[0][0] == "pair"]
    assert [[row[:2] for row in rows[1:]] for rows in doubles] == [
        [["OTHER_L_CC", "low-energy"], ["TEST-000_L_CC", "low-energy"]],
        [["OTHER_L_CC", "recombined"], ["TEST-000_L_CC", "recombined"]],
    ]
    assert page.text.count("The same pixels under different patients:") == 2
    assert page.values("figure", "class").count("doubled") == 2


def test_duplicate_across_sections_is_told_first(archive: Path) -> None:
    training = _patient_of(archive, "training")
    test = _patient_of(archive, "test")
    for code in ("LE", "DES"):
        pixels = pydicom.dcmread(archive / training / f"R_CC_{code}.dcm").pixel_array
        change(archive / test / f"R_CC_{code}.dcm", lambda _, pixels=pixels: pixels)
    page = page_of(archive)
    assert page.text.count("The same pixels in different sections or folds:") == 2


def test_same_pixels_in_one_pair_and_in_two_views(archive: Path) -> None:
    low = pydicom.dcmread(archive / "TEST-000" / "L_CC_LE.dcm").pixel_array
    change(archive / "TEST-000" / "L_CC_DES.dcm", lambda _: low)
    change(archive / "TEST-000" / "R_CC_LE.dcm", lambda _: low[:, ::-1])
    page = page_of(archive)
    assert "The same pixels twice for one patient:" in page.text
    assert "Other images that are there twice: 1" in findings(page)
    (rows,) = [rows for rows in page.tables if rows[0][0] == "pair"]
    assert [row[1] for row in rows[1:]] == ["low-energy", "recombined", "low-energy"]


def _patient_of(archive: Path, section: str) -> str:
    return str(json.loads((archive / "datalist.json").read_text())[section][0]["patient"])


def test_one_pixel_makes_another_image(archive: Path) -> None:
    copy_view(archive / "TEST-000", archive / "TEST-000b", "L_CC", "1.2.9")
    for path in (archive / "TEST-000b").glob("*.dcm"):
        change(path, lambda pixels: pixels + (np.indices(pixels.shape).sum(0) == 60))
    page = page_of(archive)
    assert "The same pixels" not in page.text


def test_patient_with_two_studies_is_listed(archive: Path) -> None:
    for path in (archive / "TEST-004").glob("R_CC*.dcm"):
        change(path, StudyInstanceUID="1.2.88", AcquisitionDate="20210203")
    page = page_of(archive)
    caption = "Patients with several studies, dates, sections or folds"
    first = str(pydicom.dcmread(archive / "TEST-004" / "L_CC_LE.dcm").AcquisitionDate)
    dates = f"{first[:4]}-{first[4:6]}-{first[6:]}, 2021-02-03"
    (row,) = page.table(caption)[1:]
    assert row[:4] == ["TEST-004", "2", "2", dates]
    assert "Patients with several studies or dates, in one section and fold: 1" in findings(page)


def test_patient_in_two_sections_is_loud(archive: Path) -> None:
    path = archive / "datalist.json"
    datalist = json.loads(path.read_text())
    patient = datalist["training"][0]["patient"]
    datalist["test"].append(datalist["training"].pop(0))
    path.write_text(json.dumps(datalist))
    page = page_of(archive)
    assert "Patients in several sections or folds: 1" in findings(page)
    (row,) = page.table("Patients with several studies, dates, sections or folds")[1:]
    assert (row[0], row[4]) == (patient, "test, training")


def test_study_of_two_patients_is_loud(archive: Path) -> None:
    for path in (archive / "TEST-004").glob("R_CC*.dcm"):
        change(path, PatientID="SOMEBODY")
    page = page_of(archive)
    assert "Studies that name several patients: 1" in findings(page)
    study = str(pydicom.dcmread(archive / "TEST-004" / "L_CC_LE.dcm").StudyInstanceUID)
    assert page.table("Studies that name several patients")[1:] == [[study, "SOMEBODY, TEST-004"]]


def test_unusable_window_is_counted_and_shown_over_the_format(archive: Path) -> None:
    change(archive / "TEST-000" / "L_CC_LE.dcm", WindowWidth=1)
    change(archive / "TEST-000" / "R_CC_LE.dcm", WindowWidth=None, WindowCenter=None)
    page = page_of(archive)
    assert "whole range of their format: 2" in findings(page)
    assert table(page, "Window, center/width")["none that can be used"] == ["2", "0", "1"]


def test_html_is_escaped(archive: Path) -> None:
    for path in (archive / "TEST-000").glob("*.dcm"):
        change(path, PatientID="<script>alert(1)</script>", SyntheticData="NO")
        change(path, Manufacturer="<b>Maker</b>")
    (archive / "<img src=x>.dcm").write_bytes(b"nothing")
    page = page_of(archive)
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe"} == set()
    assert all(src.startswith("data:image/jpeg;base64,") for src in page.values("img", "src"))
    assert "<script>alert(1)</script>_L_CC" in page.text
    assert "<img src=x>.dcm" in page.text
    assert "<b>Maker</b> test" in table(page, "Manufacturer and model")


def test_contact_sheet_shows_the_window_of_the_file(archive: Path) -> None:
    change(archive / "TEST-000" / "R_CC_LE.dcm", WindowCenter=1900, WindowWidth=400)
    page = page_of(archive)
    names = page.values("img", "alt")
    pairs, _ = find_pairs(archive)
    assert names == [f"{pair.name}, {c}" for pair in pairs for c in ("low-energy", "recombined")]
    source = page.values("img", "src")[names.index("TEST-000_R_CC, low-energy")]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))), float)
    stored = pydicom.dcmread(archive / "TEST-000" / "R_CC_LE.dcm").pixel_array
    # PS3.3 C.11.2.1.2.1, stored orientation: the right breast keeps its chest wall at the right
    expected = np.clip((stored - 1899.5) / 399 + 0.5, 0, 1) * 255
    assert shown.shape == expected.shape
    assert np.abs(shown - expected).mean() < 8  # JPEG
    assert np.abs(shown[:, ::-1] - expected).mean() > 30


def test_large_images_become_small_pictures(tmp_path: Path) -> None:
    write_exam(tmp_path, "TEST-000", size=700, mass=False)
    pairs, _ = find_pairs(tmp_path)
    write_qc(tmp_path / "qc.html", pairs)
    for source in Page(tmp_path / "qc.html").values("img", "src"):
        assert max(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))).size) == 320


def test_long_sheet_is_cut_and_says_so_but_all_pairs_are_compared(archive: Path) -> None:
    copy_view(archive / "TEST-004", archive / "TEST-004b", "R_CC", "1.2.9")
    page = page_of(archive, sheet_pairs=3)
    assert len(page.values("img", "src")) == 6
    assert "The first 3 of 7 pairs." in page.text
    assert page.text.count("The same pixels twice for one patient:") == 2


def test_same_archive_gives_the_same_page(archive: Path) -> None:
    page_of(archive)
    first = (archive / "qc.html").read_bytes()
    page_of(archive)
    assert (archive / "qc.html").read_bytes() == first


def test_page_without_datalist_and_without_refusal(archive: Path, tmp_path: Path) -> None:
    pairs, _ = find_pairs(archive)
    write_qc(tmp_path / "qc.html", pairs)
    page = Page(tmp_path / "qc.html")
    assert "Section of the datalist" not in page.captions
    assert table(page, "View") == {"CC": ["6", "3"]}


def test_index_writes_the_page_beside_the_datalist(archive: Path) -> None:
    (archive / "broken.dcm").write_bytes(b"nothing")
    assert main(["index", str(archive), "--test_fraction", "0.25"]) == 3
    page = Page(archive / "qc.html")
    assert "Files refused: 1" in findings(page)
    assert table(page, "Section of the datalist")["test"] == ["2", "1"]


@pytest.mark.skipif(
    CHROMIUM is None, reason=f"no browser to open the page with: none of {', '.join(NAMES)}"
)
def test_page_says_nothing_and_asks_for_nothing(archive: Path, tmp_path: Path) -> None:
    copy_view(archive / "TEST-000", archive / "other", "L_CC", "1.2.9")
    pairs, _ = find_pairs(archive)
    refused = [Refused(archive / "a.dcm", f"{archive / 'a.dcm'}: <img src=http://x.example/a.png>")]
    write_qc(archive / "qc.html", pairs, refused, datalist=archive / "datalist.json")
    opened = visit(archive / "qc.html", tmp_path)
    assert opened.messages == []
    assert opened.requests == []
    assert opened.document.rstrip().endswith("</html>")
    assert "Contact sheet" in opened.document

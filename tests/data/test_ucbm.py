from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pydicom
import pytest

from cem_monai.cli import main
from cem_monai.data import find_pairs, import_ucbm, read_exam_facts
from cem_monai.data.ucbm.importing import DEFAULT_WINDOWS, MIN_CHEST_SHARE
from cem_monai.dicom import ImageContent, image_content, read_mammogram, save_dataset

LOW, DES = ImageContent.LOW_ENERGY, ImageContent.RECOMBINED
FOLDERS = {LOW: "Low Energy", DES: "Recombined"}
ENDINGS = {LOW: "LOW_ENERGY", DES: "RECOMBINED"}
PAIRS = ("P1_2_LCC", "P1_4_LMLO", "P1_6_LCC", "P12_2_RMLO")
HEADER = ("id", "img_x", "img_y", "r_l", "wc_x", "ww_x", "wc_y", "ww_y", "acr")
SHAPE = (100, 70)
NRRD_TYPES = {"float32": "float", "float64": "double"}

Change = Callable[[np.ndarray], np.ndarray]


def file_of(source: Path, name: str, content: ImageContent, suffix: str = ".nrrd") -> Path:
    return source / "Dataset" / FOLDERS[content] / f"{name}_{ENDINGS[content]}{suffix}"


def pixels_of(name: str, content: ImageContent) -> np.ndarray:
    """12-bit values, (100, 70), chest wall at the left of a left breast."""
    y, x = np.indices(SHAPE)
    breast = (x / 50) ** 2 + ((y - 50) / 44) ** 2 < 1
    rng = np.random.default_rng([*name.encode(), len(content.value)])
    image = np.where(breast, rng.integers(1900, 4096, SHAPE), 0).astype(np.uint16)
    return image[:, ::-1].copy() if "_R" in name else image


def write_nrrd(path: Path, pixels: np.ndarray, spacing: tuple[float, ...] = (0.1, 0.1)) -> None:
    """Write a gzipped NRRD by hand: the first axis of its header runs fastest."""
    sizes = " ".join(map(str, reversed(pixels.shape)))
    steps = [*reversed(spacing), *[1.0] * (pixels.ndim - 2)]
    header = (
        f"NRRD0004\ntype: {NRRD_TYPES.get(pixels.dtype.name, pixels.dtype.name)}\n"
        f"dimension: {pixels.ndim}\nsizes: {sizes}\nspacings: {' '.join(map(str, steps))}\n"
        "endian: little\nencoding: gzip\n\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.encode() + gzip.compress(np.ascontiguousarray(pixels).tobytes(), 1))


def row_of(name: str, **changes: str) -> dict[str, str]:
    number = sum(name.encode())
    row = dict.fromkeys(HEADER, "ignored") | {"id": name, "acr": "b"}
    row |= {"wc_x": str(2000 + number), "ww_x": "750", "wc_y": "2085", "ww_y": "265"}
    return row | changes


def write_list(source: Path, rows: list[dict[str, str]], name: str = "folds/0/train.txt") -> Path:
    path = source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_workbook(source: Path, rows: list[list[Any]], name: str = "file_dataset.xlsx") -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    path = source / "Dataset" / name
    book.save(path)
    return path


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("ucbm")
    for name in PAIRS:
        for content in FOLDERS:
            write_nrrd(file_of(source, name, content), pixels_of(name, content))
    write_list(source, [row_of(name) for name in PAIRS[:3]])
    write_list(source, [row_of(name) for name in PAIRS[:2]], "folds/1/test.txt")
    write_workbook(source, [["id", "Breast density", "Biopsy"], ["P12", "C", "yes"]])
    return source


@pytest.fixture
def source(untouched: Path, tmp_path: Path) -> Path:
    """Return a copy of two pairs, the first and the last, that a test may damage."""
    folder = Path(shutil.copytree(untouched, tmp_path / "source"))
    for name in PAIRS[1:3]:
        for content in FOLDERS:
            file_of(folder, name, content).unlink()
    return folder


@pytest.fixture(scope="module")
def imported(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("output")
    import_ucbm(untouched, output)
    return output


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def written(output: Path, name: str, content: ImageContent) -> pydicom.Dataset:
    patient, number, view = name.split("_")
    stem = f"{view[0]}_{view[1:]}_{number}_{'LE' if content is LOW else 'DES'}"
    return pydicom.dcmread(output / f"CESM-UCBM-{patient}" / f"{stem}.dcm")


def test_summary_is_one_sentence(untouched: Path, tmp_path: Path) -> None:
    assert str(import_ucbm(untouched, tmp_path)) == (
        "4 pairs of 2 patients imported, 3 with windows of the source, 0 with rows and columns "
        "exchanged, 0 refused"
    )


def test_layout_and_pairing(imported: Path) -> None:
    assert list(contents(imported)) == [
        *(f"CESM-UCBM-P1/L_CC_2_{code}.dcm" for code in ("DES", "LE")),
        *(f"CESM-UCBM-P1/L_CC_6_{code}.dcm" for code in ("DES", "LE")),
        *(f"CESM-UCBM-P1/L_MLO_4_{code}.dcm" for code in ("DES", "LE")),
        "CESM-UCBM-P1/exam.json",
        *(f"CESM-UCBM-P12/R_MLO_2_{code}.dcm" for code in ("DES", "LE")),
        "CESM-UCBM-P12/exam.json",
        "refused.csv",
    ]
    pairs, refused = find_pairs(imported)
    assert refused == []
    # the repeated view is two pairs, each with its own partner
    assert sorted((pair.low_energy.path.name, pair.recombined.path.name) for pair in pairs) == [
        ("L_CC_2_LE.dcm", "L_CC_2_DES.dcm"),
        ("L_CC_6_LE.dcm", "L_CC_6_DES.dcm"),
        ("L_MLO_4_LE.dcm", "L_MLO_4_DES.dcm"),
        ("R_MLO_2_LE.dcm", "R_MLO_2_DES.dcm"),
    ]


def test_second_import_writes_the_same_bytes(
    untouched: Path, imported: Path, tmp_path: Path
) -> None:
    import_ucbm(untouched, tmp_path)
    assert contents(tmp_path) == contents(imported)


@pytest.mark.parametrize("content", FOLDERS)
@pytest.mark.parametrize("name", PAIRS)
def test_pixels_are_those_of_the_source(imported: Path, name: str, content: ImageContent) -> None:
    dataset = written(imported, name, content)
    np.testing.assert_array_equal(dataset.pixel_array, pixels_of(name, content))
    assert (dataset.BitsStored, dataset.PhotometricInterpretation) == (12, "MONOCHROME2")
    canonical = dataset.pixel_array[:, ::-1] if "_R" in name else dataset.pixel_array
    np.testing.assert_array_equal(read_mammogram(Path(dataset.filename)).pixels, canonical)


@pytest.mark.parametrize("content", FOLDERS)
def test_header_tells_the_origin_and_invents_nothing(imported: Path, content: ImageContent) -> None:
    dataset = written(imported, "P1_2_LCC", content)
    assert image_content(dataset, Path()) is content
    assert (dataset.PatientID, str(dataset.PatientName)) == ("CESM-UCBM-P1", "CESM-UCBM^P1")
    assert (dataset.Manufacturer, dataset.ImageType[0]) == ("", "DERIVED")
    assert "pixel values unchanged" in dataset.DerivationDescription
    assert "exchanged" not in dataset.DerivationDescription
    assert "no dates: 1900-01-01" in dataset.ImageComments
    assert list(dataset.ImagerPixelSpacing) == [0.1, 0.1]
    for keyword in ("KVP", "SyntheticData", "ContrastBolusAgent", "PatientAge"):
        assert keyword not in dataset


def test_series_and_frames_of_reference(imported: Path) -> None:
    datasets = [pydicom.dcmread(path) for path in imported.rglob("*.dcm")]
    assert len({one.StudyInstanceUID for one in datasets}) == 2
    assert len({one.FrameOfReferenceUID for one in datasets}) == 4
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
        assert len({one[keyword].value for one in datasets}) == 8
    assert len({(one.PatientID, one.SeriesNumber) for one in datasets}) == 8


def test_windows_are_those_of_the_lists(imported: Path) -> None:
    for name in PAIRS[:3]:
        dataset, row = written(imported, name, LOW), row_of(name)
        assert (dataset.WindowCenter, dataset.WindowWidth) == (int(row["wc_x"]), 750)
        assert "usual one" not in dataset.ImageComments
        dataset = written(imported, name, DES)
        assert (dataset.WindowCenter, dataset.WindowWidth) == (2085, 265)


@pytest.mark.parametrize("content", FOLDERS)
def test_image_without_window_gets_a_usual_one_and_says_so(
    imported: Path, content: ImageContent
) -> None:
    dataset = written(imported, PAIRS[3], content)
    assert (dataset.WindowCenter, dataset.WindowWidth) == DEFAULT_WINDOWS[content]
    assert "no window of this image: a usual one" in dataset.ImageComments


def test_density_comes_from_the_lists_or_the_workbook(imported: Path) -> None:
    pairs, _ = find_pairs(imported)
    assert {
        pair.recombined.path.name: read_exam_facts(pair.recombined).density for pair in pairs
    } == {
        "L_CC_2_DES.dcm": "B",
        "L_CC_6_DES.dcm": "B",
        "L_MLO_4_DES.dcm": "B",
        "R_MLO_2_DES.dcm": "C",
    }
    exam = json.loads((imported / "CESM-UCBM-P12" / "exam.json").read_text())
    assert exam["views"]["R_MLO_2"]["file_dataset.xlsx: Biopsy"] == "yes"


def test_images_without_any_table(source: Path, tmp_path: Path) -> None:
    shutil.rmtree(source / "folds")
    (source / "Dataset" / "file_dataset.xlsx").unlink()
    summary = import_ucbm(source / "Dataset", tmp_path / "out")
    assert (summary.pairs, summary.with_window, summary.refused) == (2, 0, [])
    pairs, _ = find_pairs(tmp_path / "out")
    assert {read_exam_facts(pair.recombined).density for pair in pairs} == {""}


def test_columns_first_as_the_authors_store_is_exchanged_and_told(
    source: Path, tmp_path: Path
) -> None:
    for name in ("P1_2_LCC", "P12_2_RMLO"):
        for content in FOLDERS:
            write_nrrd(file_of(source, name, content), pixels_of(name, content).T, (0.07, 0.1))
    assert import_ucbm(source, tmp_path / "out").transposed == 2
    for name in ("P1_2_LCC", "P12_2_RMLO"):
        dataset = written(tmp_path / "out", name, DES)
        np.testing.assert_array_equal(dataset.pixel_array, pixels_of(name, DES))
        assert list(dataset.ImagerPixelSpacing) == [0.1, 0.07]
        assert "rows and columns exchanged" in dataset.DerivationDescription


def test_one_slice_in_three_dimensions_is_an_image(source: Path, tmp_path: Path) -> None:
    write_nrrd(file_of(source, "P1_2_LCC", LOW), pixels_of("P1_2_LCC", LOW)[None])
    assert import_ucbm(source, tmp_path / "out").refused == []


@pytest.mark.parametrize(
    ("dtype", "scale", "bits"),
    [
        (np.float32, 1, 12),
        (np.int16, 1, 12),
        (np.int32, 16, 16),
        (np.float64, 16, 16),
        (np.uint8, 1 / 16, 8),
    ],
)
def test_whole_numbers_of_any_type_keep_their_values(
    source: Path, tmp_path: Path, dtype: Any, scale: float, bits: int
) -> None:
    pixels = np.floor(pixels_of("P1_2_LCC", LOW) * scale)
    for content in FOLDERS:
        write_nrrd(file_of(source, "P1_2_LCC", content), pixels.astype(dtype))
    assert import_ucbm(source, tmp_path / "out").refused == []
    dataset = written(tmp_path / "out", "P1_2_LCC", LOW)
    assert dataset.BitsStored == bits
    np.testing.assert_array_equal(dataset.pixel_array, pixels)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.1, 5.0), (0.001, 0.001)])
def test_implausible_spacing_is_not_written(
    source: Path, tmp_path: Path, spacing: tuple[float, float]
) -> None:
    for content in FOLDERS:
        write_nrrd(file_of(source, "P1_2_LCC", content), pixels_of("P1_2_LCC", content), spacing)
    import_ucbm(source, tmp_path / "out")
    assert "ImagerPixelSpacing" not in written(tmp_path / "out", "P1_2_LCC", LOW)


def _damage(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(change(path.read_bytes())) and None


def _change(change: Change, **spacing: Any) -> Callable[[Path], None]:
    def rewrite(path: Path) -> None:
        name, content = (
            path.name.split("_LOW")[0].split("_REC")[0],
            LOW if "LOW" in path.name else DES,
        )
        write_nrrd(path, change(pixels_of(name, content)), **spacing)

    return rewrite


def _color(path: Path) -> None:
    header = path.read_bytes().split(b"\n\n")[0]
    header = header.replace(b"dimension: 2", b"dimension: 3\nkinds: RGB-color space space")
    header = header.replace(b"uint16", b"uint8").replace(b"sizes: 70", b"sizes: 3 70")
    header = header.replace(b"spacings: 0.1", b"spacings: nan 0.1")
    path.write_bytes(header + b"\n\n" + gzip.compress(bytes(3 * 7000)))


def _nan(pixels: np.ndarray) -> np.ndarray:
    pixels = pixels.astype(np.float32)
    pixels[3, 4] = np.nan
    return pixels


UNUSABLE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "fractions": (_change(lambda a: a.astype(np.float32) + 0.5), "holds 0.5, all values must be"),
    "nan": (_change(_nan), "holds NaN or infinite values"),
    "negative": (_change(lambda a: a.astype(np.int32) - 7), "holds values from -7 to"),
    "17 bits": (_change(lambda a: a.astype(np.int32) * 32), "must be 0 to 65535"),
    "slices": (_change(lambda a: np.stack([a, a])), "has the sizes 70 x 100 x 2, must be one"),
    "color": (_color, "has 3 values per pixel, must be gray"),
    "cut": (_damage(lambda b: b[: len(b) // 2]), "cannot be read as NRRD, it is damaged"),
    "empty": (_damage(lambda b: b""), "is not a NRRD file"),
    "other format": (_damage(lambda b: b"P5 3 3 255"), "is not a NRRD file"),
    "huge": (
        _damage(lambda b: b.replace(b"sizes: 70 100", b"sizes: 70000 100000")),
        "has the sizes 70000 x 100000, at most",
    ),
    "elsewhere": (
        _damage(lambda b: b.split(b"\n\n")[0] + b"\ndata file: /etc/passwd\n\n"),
        "names another file for its pixels",
    ),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_image_is_refused_and_the_rest_imported(
    source: Path, tmp_path: Path, kind: str
) -> None:
    damage, reason = UNUSABLE[kind]
    path = file_of(source, "P1_2_LCC", LOW)
    damage(path)
    output = tmp_path / "out"
    summary = import_ucbm(source, output)
    assert (summary.pairs, summary.patients) == (1, 1)
    assert [one.path for one in summary.refused] == [path]
    assert summary.refused[0].reason.startswith(f"{path}: ")
    assert reason in summary.refused[0].reason
    assert not list(output.rglob("L_CC_2*"))
    assert not (output / "CESM-UCBM-P1").exists()
    with (output / "refused.csv").open() as file:
        assert [row["path"] for row in csv.DictReader(file)] == [str(path)]


MISMATCHED = {
    "other shape": (_change(lambda a: a[:-2]), r"the matrix is (98, 70), but (100, 70)"),
    "other spacing": (_change(lambda a: a, spacing=(0.2, 0.2)), "the pixel spacing is (0.2, 0.2)"),
}


@pytest.mark.parametrize("kind", MISMATCHED)
def test_pair_that_does_not_match_is_refused(source: Path, tmp_path: Path, kind: str) -> None:
    change, reason = MISMATCHED[kind]
    change(file_of(source, "P1_2_LCC", DES))
    summary = import_ucbm(source, tmp_path / "out")
    assert summary.pairs == 1
    assert [one.path for one in summary.refused] == [file_of(source, "P1_2_LCC", DES)]
    assert reason in summary.refused[0].reason


@pytest.mark.parametrize("name", ["P1_2_LCC", "P12_2_RMLO"])
def test_mirrored_breast_is_refused(source: Path, tmp_path: Path, name: str) -> None:
    for content in FOLDERS:
        write_nrrd(file_of(source, name, content), pixels_of(name, content)[:, ::-1])
    summary = import_ucbm(source, tmp_path / "out")
    (refused,) = summary.refused
    breast = pixels_of(name, LOW) > 0
    half = breast[:, :25] if "_L" in name else breast[:, -25:]  # of a breast 50 pixels deep
    share = 1 - half.sum() / breast.sum()
    assert share < MIN_CHEST_SHARE
    found = float(refused.reason.split("only ")[1].split("%")[0]) / 100
    assert found == pytest.approx(share, abs=0.05)


def test_image_without_breast_is_refused(source: Path, tmp_path: Path) -> None:
    write_nrrd(file_of(source, "P1_2_LCC", LOW), np.full(SHAPE, 7, np.uint16))
    (refused,) = import_ucbm(source, tmp_path / "out").refused
    assert "the image is constant (7)" in refused.reason


@pytest.mark.parametrize("content", FOLDERS)
def test_missing_partner_is_refused(source: Path, tmp_path: Path, content: ImageContent) -> None:
    file_of(source, "P1_2_LCC", content).unlink()
    (other,) = set(FOLDERS) - {content}
    summary = import_ucbm(source, tmp_path / "out")
    assert summary.pairs == 1
    (refused,) = summary.refused
    assert refused.path == file_of(source, "P1_2_LCC", other)
    assert f"no usable P1_2_LCC_{ENDINGS[content]} in {FOLDERS[content]}" in refused.reason


@pytest.mark.parametrize(
    "name",
    [
        "P1_8_LXX_LOW_ENERGY.nrrd",
        "P1_8_LCC_RECOMBINED.nrrd",
        "P1_8_LCC_LOW_ENERGY.png",
        "Thumbs.db",
        "..P1_8_LCC_LOW_ENERGY.nrrd",
    ],
)
def test_unknown_name_is_refused_unless_hidden(source: Path, tmp_path: Path, name: str) -> None:
    stray = file_of(source, "P1_2_LCC", LOW).with_name(name)
    stray.write_bytes(b"something")
    summary = import_ucbm(source, tmp_path / "out")
    assert summary.pairs == 2
    assert [one.path for one in summary.refused] == ([] if name.startswith(".") else [stray])


def test_name_with_a_space_at_its_end_is_read(source: Path, tmp_path: Path) -> None:
    path = file_of(source, "P1_2_LCC", LOW)
    path.rename(path.with_name(f"{path.stem} .nrrd"))
    assert import_ucbm(source, tmp_path / "out").refused == []


def test_both_formats_of_one_image_are_refused(source: Path, tmp_path: Path) -> None:
    nrrd, dicom = (file_of(source, "P1_2_LCC", LOW, suffix) for suffix in (".nrrd", ".dcm"))
    dicom.write_bytes(b"never read")
    summary = import_ucbm(source, tmp_path / "out")
    assert summary.pairs == 1
    reasons = {one.path: one.reason for one in summary.refused}
    assert set(reasons) == {nrrd, dicom, file_of(source, "P1_2_LCC", DES)}
    assert "there are 2 files of this image" in reasons[nrrd]


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_dicom_instead_of_nrrd(
    source: Path, tmp_path: Path, make_mammogram: Any, photometric: str
) -> None:
    pixels = pixels_of("P1_2_LCC", LOW)
    stored = 4095 - pixels if photometric == "MONOCHROME1" else pixels
    file_of(source, "P1_2_LCC", LOW).unlink()
    save_dataset(
        make_mammogram(stored, PhotometricInterpretation=photometric),
        file_of(source, "P1_2_LCC", LOW, ".dcm"),
    )
    assert import_ucbm(source, tmp_path / "out").refused == []
    dataset = written(tmp_path / "out", "P1_2_LCC", LOW)
    np.testing.assert_array_equal(dataset.pixel_array, pixels)
    assert (dataset.BitsStored, dataset.PhotometricInterpretation) == (12, "MONOCHROME2")
    assert dataset.PatientID == "CESM-UCBM-P1"


def test_damaged_dicom_is_refused(source: Path, tmp_path: Path) -> None:
    file_of(source, "P1_2_LCC", LOW).unlink()
    file_of(source, "P1_2_LCC", LOW, ".dcm").write_bytes(b"nothing")
    (refused,) = import_ucbm(source, tmp_path / "out").refused
    path = file_of(source, "P1_2_LCC", LOW, ".dcm")
    assert refused.reason == f"{path}: is not a DICOM file"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "P1"}, "the id is not P<n>"),
        ({"wc_x": "wide"}, "wc_x 'wide', ww_x '750' is no window"),
        ({"ww_y": "0"}, "wc_y '2085', ww_y '0' is no window"),
        ({"ww_x": "751"}, "its windows differ from 2659/750, 2085/265, told before"),
        ({"acr": "d"}, "acr is D, before it was B"),
    ],
)
def test_row_that_cannot_be_used_is_named(
    source: Path, tmp_path: Path, changes: dict[str, str], reason: str
) -> None:
    path = write_list(source, [row_of("P1_2_LCC", **changes)], "folds/2/test.tsv")
    summary = import_ucbm(source, tmp_path / "out")
    (refused,) = summary.refused
    assert refused.path == path
    assert refused.reason.startswith(f"{path}: row 1 (")
    assert reason.replace("2659", row_of("P1_2_LCC")["wc_x"]) in refused.reason
    assert (summary.pairs, summary.with_window) == (2, 1)


def test_list_with_a_broken_line_is_named(source: Path, tmp_path: Path) -> None:
    path = source / "folds/0/train.txt"
    path.write_text(path.read_text() + "P9\tonly two\n")
    summary = import_ucbm(source, tmp_path / "out")
    (refused,) = summary.refused
    assert "row 4 has 2 cells, the header has 9" in refused.reason
    assert summary.with_window == 1  # of the other list


def test_workbook_that_tells_nothing_is_named(source: Path, tmp_path: Path) -> None:
    path = write_workbook(source, [["who", "density"], [3, "A"], ["somebody", "B"], [None, None]])
    (refused,) = import_ucbm(source, tmp_path / "out").refused
    assert "sheet 'Sheet': 2 rows name no patient or image" in refused.reason
    path.write_bytes(b"no workbook")
    (refused,) = import_ucbm(source, tmp_path / "out").refused
    assert "cannot be read as a workbook" in refused.reason


def test_empty_sheet_and_renamed_columns_tell_what_they_can(source: Path, tmp_path: Path) -> None:
    write_workbook(source, [["image", "ACR category"], ["P12_2_RMLO", "acr d"], ["P1", "unknown"]])
    book_path = source / "Dataset" / "file_dataset.xlsx"
    book = openpyxl.load_workbook(book_path)
    book.create_sheet("empty")
    book.save(book_path)
    assert import_ucbm(source, tmp_path / "out").refused == []
    exam = json.loads((tmp_path / "out/CESM-UCBM-P12/exam.json").read_text())
    assert exam["views"]["R_MLO_2"]["density"] == "D"


def test_pair_refused_later_leaves_nothing_of_an_earlier_import(
    source: Path, tmp_path: Path
) -> None:
    import_ucbm(source, tmp_path / "out")
    file_of(source, "P1_2_LCC", DES).write_bytes(b"")
    import_ucbm(source, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("L_CC_2_*"))


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_missing_folder_raises(source: Path, tmp_path: Path, folder: str) -> None:
    shutil.rmtree(source / "Dataset" / folder)
    with pytest.raises(FileNotFoundError, match=f"holds no folder {folder}"):
        import_ucbm(source, tmp_path / "out")


def test_two_archives_in_one_folder_raise(source: Path, tmp_path: Path) -> None:
    shutil.copytree(source / "Dataset", source / "Copy")
    with pytest.raises(ValueError, match="holds 2 folders Low Energy; name the one to read"):
        import_ucbm(source, tmp_path / "out")


def test_nothing_importable_raises_and_says_why(source: Path, tmp_path: Path) -> None:
    for content in FOLDERS:
        for name in (PAIRS[0], PAIRS[3]):
            file_of(source, name, content).write_bytes(b"")
    with pytest.raises(ValueError, match=r"no pair can be imported; the first: .*P1_2_LCC_LOW"):
        import_ucbm(source, tmp_path / "out")


def test_output_that_is_a_file_raises(untouched: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ValueError, match="out: is a file, the output must be a folder"):
        import_ucbm(untouched, tmp_path / "out")


def test_verb_asks_to_confirm_the_terms_and_leaves_folds_and_a_page(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    assert main(["import_ucbm", str(source), str(output), "--folds", "2"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("you confirm that its terms") == 1
    assert "split by image" in printed
    for fold in range(2):
        datalist = json.loads((output / f"fold_{fold}.json").read_text())
        patients = {name: {one["patient"] for one in items} for name, items in datalist.items()}
        assert [len(patients[name]) for name in ("training", "validation", "test")] == [1, 0, 1]
    assert "2</b>pairs" in (output / "qc.html").read_text()


def test_verb_with_refused_files_is_done_in_part_and_shows_them(
    source: Path, tmp_path: Path
) -> None:
    stray = file_of(source, "P1_2_LCC", LOW).with_name("stray.txt")
    stray.write_bytes(b"")
    output = tmp_path / "out"
    assert main(["import_ucbm", str(source), str(output)]) == 3
    assert "stray.txt" in (output / "qc.html").read_text()
    assert "stray.txt" in (output / "refused.csv").read_text()


def test_verb_tells_that_patients_are_too_few_for_folds(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import_ucbm", str(source), str(tmp_path / "out")]) == 0
    assert "2 patients are too few for 5 folds: none written" in capsys.readouterr().out
    assert not list(tmp_path.glob("out/*.json"))

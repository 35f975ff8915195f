from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from skimage.morphology import dilation, disk

from cem_monai.data import (
    breast_mask,
    find_pairs,
    import_cdd_cesm,
    load_datalist,
    mask_path,
    read_exam_facts,
    read_mask,
)
from cem_monai.data.cdd_cesm.annotations import TABLE_COLUMNS
from cem_monai.dicom import ImageContent, image_content, read_mammogram

REAL = Path(__file__).parents[3] / ".." / "shared" / "data"
OUTLINES = Path("cdd_cesm_annotations") / "Radiology_hand_drawn_segmentations_v2.csv"
PAIRS = ("P1_L_CC", "P1_L_MLO", "P2_R_CC")
README = """# Made up

```
x512 = (x + (H - W) / 2) * 512 / H
```

```
pair\tle_h\tle_w\tdes_h\tdes_w
P1_L_CC\t-\t-\t1024\t624
P1_L_MLO\t1000\t600\t-\t-
P2_R_CC\t1024\t1024\t1024\t1024
```
"""
SHAPES: dict[str, dict[str, Any]] = {
    "polygon": {"all_points_x": [20.5, 60.5, 60.5, 20.5], "all_points_y": [489, 489, 531, 531]},
    "polyline": {"all_points_x": [80.5, 99.5, 99.5], "all_points_y": [599, 599, 643]},
    "ellipse": {"cx": 10, "cy": 400, "rx": 40, "ry": 20},
    "circle": {"cx": 200, "cy": 500, "r": 30},
    "point": {"cx": 150, "cy": 600},
}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    images = folder / "cdd_cesm_512" / "images"
    images.mkdir(parents=True)
    for seed, pair in enumerate(PAIRS):
        patient, side, view = pair.split("_")
        for kind in ("DM", "CM"):
            _breast(side, seed).save(images / f"{patient}_{side}_{kind}_{view}.jpg", quality=90)
    _write_pairs(folder, [_row(pair) for pair in PAIRS])
    (folder / "README.md").write_text(README)
    (folder / OUTLINES).parent.mkdir()
    regions = [("P1_L_CM_CC.jpg", name) for name in SHAPES]
    _write_outlines(folder, [*regions, ("P1_L_CM_MLO.jpg", "circle"), ("P9_R_DM_CC.jpg", "point")])
    return folder


@pytest.fixture
def source(untouched: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may damage."""
    return Path(shutil.copytree(untouched, tmp_path / "source"))


@pytest.fixture(scope="module")
def imported(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("output")
    import_cdd_cesm(untouched, output, register=False, folds=2)
    return output


def _breast(side: str, seed: int) -> Image.Image:
    y, x = np.indices((512, 512))
    chest_wall = 100 if side == "L" else 411
    depth = (x - chest_wall) if side == "L" else (chest_wall - x)
    inside = (depth >= 0) & ((depth / 250) ** 2 + ((y - 256) / 240) ** 2 < 1)
    noise = np.random.default_rng(seed).normal(130, 20, inside.shape)
    return Image.fromarray(np.where(inside, noise, 0).clip(0, 255).astype(np.uint8))


def _row(pair: str) -> dict[str, str]:
    patient, side, view = pair.split("_")
    row = {column: f"{column} text" for column in TABLE_COLUMNS}
    row |= {"pair": pair, "age": "47", "acr": "C", "machine": "2"}
    row |= {"birads_le": "4", "birads_des": "4$2", "path_le": "Benign", "path_des": "Malignant"}
    row |= {"findings_des": "Mass$Cyst", "tags_des": "malignant mass, cyst"}
    row |= {"le": f"images/{patient}_{side}_DM_{view}.jpg"}
    return row | {"des": f"images/{patient}_{side}_CM_{view}.jpg"}


def _write_pairs(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / "cdd_cesm_512" / "pairs.tsv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_outlines(folder: Path, regions: list[tuple[str, str]]) -> None:
    with (folder / OUTLINES).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["#filename", "region_shape_attributes"])
        for image, name in regions:
            writer.writerow([image, json.dumps({"name": name} | SHAPES[name])])


def _contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_summary_is_one_sentence(untouched: Path, tmp_path: Path) -> None:
    summary = import_cdd_cesm(untouched, tmp_path / "new" / "folder", register=False, folds=2)
    assert str(summary) == (
        "3 pairs of 2 patients imported, 1 with a lesion mask and 2 without, in 2 folds; 0 left out"
    )


def test_find_pairs_pairs_everything(imported: Path) -> None:
    pairs, refused = find_pairs(imported)
    assert [pair.name for pair in pairs] == [f"CDD-CESM-{name}" for name in PAIRS]
    assert refused == []
    assert [sorted(pair.masks()) for pair in pairs] == [["mass", "surround"], [], []]


def test_layout(imported: Path) -> None:
    assert list(_contents(imported)) == [
        "CDD-CESM-P1/L_CC_DES.dcm",
        "CDD-CESM-P1/L_CC_DES_mass.nii.gz",
        "CDD-CESM-P1/L_CC_DES_surround.nii.gz",
        "CDD-CESM-P1/L_CC_LE.dcm",
        "CDD-CESM-P1/L_MLO_DES.dcm",
        "CDD-CESM-P1/L_MLO_LE.dcm",
        "CDD-CESM-P1/exam.json",
        "CDD-CESM-P2/R_CC_DES.dcm",
        "CDD-CESM-P2/R_CC_LE.dcm",
        "CDD-CESM-P2/exam.json",
        "fold_0.json",
        "fold_1.json",
        "refused.csv",
        "registration.csv",
    ]


def test_second_import_writes_the_same_bytes(untouched: Path, tmp_path: Path) -> None:
    import_cdd_cesm(untouched, tmp_path, register=False)
    first = _contents(tmp_path)
    import_cdd_cesm(untouched, tmp_path, register=False)
    assert _contents(tmp_path) == first


@pytest.mark.parametrize(("code", "kind"), [("LE", "DM"), ("DES", "CM")])
@pytest.mark.parametrize("pair", PAIRS)
def test_pixels_equal_the_decoded_jpeg(
    untouched: Path, imported: Path, pair: str, code: str, kind: str
) -> None:
    patient, side, view = pair.split("_")
    name = f"{patient}_{side}_{kind}_{view}.jpg"
    with Image.open(untouched / "cdd_cesm_512" / "images" / name) as image:
        expected = np.asarray(image)
    path = imported / f"CDD-CESM-{patient}" / f"{side}_{view}_{code}.dcm"
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, expected)
    canonical = expected if side == "L" else expected[:, ::-1]
    mammogram = read_mammogram(path)
    np.testing.assert_array_equal(mammogram.pixels, canonical)
    assert mammogram.value_range == (0, 255)


def test_color_jpeg_of_equal_channels_becomes_gray(source: Path, tmp_path: Path) -> None:
    path = source / "cdd_cesm_512" / "images" / "P2_R_DM_CC.jpg"
    with Image.open(path) as image:
        image.convert("RGB").save(path, quality=90)
    import_cdd_cesm(source, tmp_path / "out", register=False)
    with Image.open(path) as image:
        expected = np.asarray(image)
    dataset = pydicom.dcmread(tmp_path / "out" / "CDD-CESM-P2" / "R_CC_LE.dcm")
    # decoders round the conversion from YCbCr
    assert np.abs(dataset.pixel_array.astype(int) - expected[..., 1]).max() <= 1


@pytest.mark.parametrize(
    ("code", "content"), [("LE", ImageContent.LOW_ENERGY), ("DES", ImageContent.RECOMBINED)]
)
def test_header_tells_the_origin_and_invents_nothing(
    imported: Path, code: str, content: ImageContent
) -> None:
    path = imported / "CDD-CESM-P1" / f"L_CC_{code}.dcm"
    dataset = pydicom.dcmread(path)
    assert image_content(dataset, path) is content
    assert dataset.ImageType[0] == "DERIVED"
    assert (dataset.PatientID, str(dataset.PatientName)) == ("CDD-CESM-P1", "CDD-CESM^P1")
    assert (dataset.PatientAge, dataset.Manufacturer) == ("047Y", "")
    assert (dataset.BitsStored, dataset.PhotometricInterpretation) == (8, "MONOCHROME2")
    assert (dataset.WindowCenter, dataset.WindowWidth) == (128, 256)
    assert dataset.LossyImageCompression == "01"
    assert dataset.LossyImageCompressionMethod == "ISO_10918_1"
    assert "10.7937/29kw-ae92" in dataset.DerivationDescription
    assert "scaled to 512" in dataset.DerivationDescription
    assert ("not registered" in dataset.ImageComments) == (code == "DES")
    assert "no dates: 1900-01-01" in dataset.ImageComments
    codes = [item.CodeValue for item in dataset.DerivationCodeSequence]
    assert codes == ["113040", "113085"]  # Lossy Compression, Spatial resampling
    for keyword in ("ImagerPixelSpacing", "LossyImageCompressionRatio", "SyntheticData", "KVP"):
        assert keyword not in dataset


def test_one_study_per_patient_and_one_frame_of_reference_per_pair(imported: Path) -> None:
    datasets = {
        (path.parent.name, path.stem): pydicom.dcmread(path) for path in imported.rglob("*.dcm")
    }
    studies = {(patient, one.StudyInstanceUID) for (patient, _), one in datasets.items()}
    assert len(studies) == 2
    frames = {(p, name[:5], one.FrameOfReferenceUID) for (p, name), one in datasets.items()}
    assert len(frames) == len({uid for *_, uid in frames}) == 3
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
        assert len({one[keyword].value for one in datasets.values()}) == 6
    numbers = [one.SeriesNumber for (patient, _), one in datasets.items() if patient[-1] == "1"]
    assert sorted(numbers) == [1, 2, 3, 4]


def test_exam_holds_the_annotations(imported: Path) -> None:
    exam = json.loads((imported / "CDD-CESM-P1" / "exam.json").read_text())
    assert exam["patient"] == "CDD-CESM-P1"
    assert list(exam["views"]) == ["L_CC", "L_MLO"]
    view = exam["views"]["L_CC"]
    assert (view["age"], view["density"], view["machine"]) == ("47", "C", "2")
    assert (view["low_energy"]["pathology"], view["pathology"]) == ("Benign", "Malignant")
    assert view["recombined"]["birads"] == ["4", "2"]
    assert view["registration"]["status"] == "not registered"


def test_facts_reach_the_datalist(imported: Path) -> None:
    facts = {
        **{"density": "C", "machine": "2", "lesion_kind": "mass", "pathology": "Malignant"},
        "findings": "Mass; Cyst",
    }
    pairs, _ = find_pairs(imported)
    assert [read_exam_facts(pair.recombined).texts() for pair in pairs] == [facts] * 3
    items = [item for n in (0, 1) for item in load_datalist(imported / f"fold_{n}.json", "test")]
    assert sorted(item["case"] for item in items) == [f"CDD-CESM-{pair}" for pair in PAIRS]
    assert all(facts.items() <= item.items() for item in items)


def test_mass_is_the_union_of_the_outlines_in_the_512_frame(imported: Path) -> None:
    y, x = np.indices((512, 512)) * 2.0  # native pixels: 1024 / 512
    x -= (1024 - 624) / 2
    expected = (np.abs(x - 40.5) < 20) & (np.abs(y - 510) < 21)
    expected |= (x > 80.5) & (x < 99.5) & (y > 599) & ((y - 599) * 19 < (x - 80.5) * 44)
    expected |= ((x - 10) / 40) ** 2 + ((y - 400) / 20) ** 2 < 1
    expected |= (x - 200) ** 2 + (y - 500) ** 2 < 30**2
    expected |= (x - 150) ** 2 + (y - 600) ** 2 < 25**2
    mass = read_mask(imported / "CDD-CESM-P1" / "L_CC_DES_mass.nii.gz")
    np.testing.assert_array_equal(mass, expected)


def test_surround_is_a_ring_in_the_breast(imported: Path) -> None:
    image = imported / "CDD-CESM-P1" / "L_CC_DES.dcm"
    mass, surround = (read_mask(mask_path(image, region)) for region in ("mass", "surround"))
    breast = breast_mask(pydicom.dcmread(image.with_name("L_CC_LE.dcm")).pixel_array)
    expected = dilation(mass, disk(10)) & breast & ~mass
    np.testing.assert_array_equal(surround, expected)
    assert not breast[mass].all()  # the outlines reach past the chest wall, the ring does not


def test_image_without_a_breast_is_refused(source: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(100, 255, (512, 512), np.uint8)
    path = source / "cdd_cesm_512" / "images" / "P1_L_DM_CC.jpg"
    Image.fromarray(noise).save(path)
    summary = import_cdd_cesm(source, tmp_path / "out", register=False)
    assert summary.pairs == 2
    assert [one.path for one in summary.refused] == [path]
    assert "no air around the breast" in summary.refused[0].reason


@pytest.mark.parametrize("absent", ["README.md", OUTLINES])
def test_masks_vanish_with_their_table(source: Path, tmp_path: Path, absent: str | Path) -> None:
    assert import_cdd_cesm(source, tmp_path / "out", register=False).with_mass == 1
    (source / absent).unlink()
    summary = import_cdd_cesm(source, tmp_path / "out", register=False)
    assert (summary.pairs, summary.with_mass) == (3, 0)
    assert not list((tmp_path / "out").rglob("*.nii.gz"))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_bytes(b"no image"), "cannot be read as JPEG"),
        (lambda path: path.write_bytes(path.read_bytes()[:9000]), "cannot be read as JPEG"),
        (lambda path: Image.new("L", (512, 512)).save(path, "PNG"), "cannot be read as JPEG"),
        (lambda path: Image.new("L", (512, 512), 7).save(path), "shows nothing, every pixel is 7"),
        (lambda path: Image.new("L", (500, 512)).save(path), "is 500 x 512 pixels, must be 512"),
    ],
)
@pytest.mark.parametrize("kind", ["DM", "CM"])
def test_unusable_image_is_refused_and_the_rest_imported(
    source: Path, tmp_path: Path, kind: str, damage: Callable[[Path], object], reason: str
) -> None:
    path = source / "cdd_cesm_512" / "images" / f"P1_L_{kind}_CC.jpg"
    damage(path)
    output = tmp_path / "out"
    summary = import_cdd_cesm(source, output, register=False)
    assert (summary.pairs, summary.patients, summary.with_mass) == (2, 2, 0)
    assert [one.path for one in summary.refused] == [path]
    assert summary.refused[0].reason.startswith(f"{path}: {reason}")
    assert not list(output.rglob("L_CC*"))
    assert list(json.loads((output / "CDD-CESM-P1" / "exam.json").read_text())["views"]) == [
        "L_MLO"
    ]
    with (output / "refused.csv").open() as file:
        assert [row["path"] for row in csv.DictReader(file)] == [str(path)]


def test_missing_partner_is_refused(source: Path, tmp_path: Path) -> None:
    images = source / "cdd_cesm_512" / "images"
    (images / "P1_L_CM_CC.jpg").unlink()
    for kind in ("DM", "CM"):
        (images / f"P2_R_{kind}_CC.jpg").unlink()
    summary = import_cdd_cesm(source, tmp_path / "out", register=False)
    assert summary.pairs == 1
    assert [one.reason for one in summary.refused] == [
        f"{images / 'P1_L_DM_CC.jpg'}: its partner P1_L_CM_CC is missing",
        f"{source}: P2_R_CC has annotations, but neither of its images is there",
    ]
    counts = "2 left out: 1 images without partner, 1 listed pairs that are not there"
    assert str(summary).endswith(counts)


def test_pair_that_is_refused_later_leaves_nothing_behind(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    import_cdd_cesm(source, output, register=False)
    for kind in ("DM", "CM"):
        (source / "cdd_cesm_512" / "images" / f"P2_R_{kind}_CC.jpg").write_bytes(b"")
    (source / "cdd_cesm_512" / "images" / "P1_L_DM_CC.jpg").write_bytes(b"")
    import_cdd_cesm(source, output, register=False)
    assert [name for name in _contents(output) if "CDD-CESM" in name] == [
        *("CDD-CESM-P1/L_MLO_DES.dcm", "CDD-CESM-P1/L_MLO_LE.dcm", "CDD-CESM-P1/exam.json"),
    ]


def test_too_few_patients_for_the_folds(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "fold_4.json").write_text("of another import")
    summary = import_cdd_cesm(source, tmp_path / "out", register=False)
    assert summary.folds == 0
    assert not list((tmp_path / "out").glob("fold_*"))


def test_unknown_age_writes_no_age(source: Path, tmp_path: Path) -> None:
    _write_pairs(source, [_row("P1_L_CC") | {"age": "_"}])
    import_cdd_cesm(source, tmp_path / "out", register=False)
    assert "PatientAge" not in pydicom.dcmread(tmp_path / "out" / "CDD-CESM-P1" / "L_CC_LE.dcm")


def test_missing_source_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        import_cdd_cesm(tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_image_folder_itself_is_no_source(untouched: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="cdd_cesm_512: holds no CDD-CESM image"):
        import_cdd_cesm(untouched / "cdd_cesm_512", tmp_path / "out")


def test_source_without_annotations(source: Path, tmp_path: Path) -> None:
    (source / "cdd_cesm_512" / "pairs.tsv").unlink()
    summary = import_cdd_cesm(source, tmp_path / "out", register=False)
    assert (summary.pairs, summary.refused) == (3, [])


@pytest.mark.parametrize("line", ["P1_L_CC\t1024\t624", "P1_L_CC\t0\t1\t1\t1", "text"])
def test_damaged_size_table_gives_no_masks(source: Path, tmp_path: Path, line: str) -> None:
    readme = README.replace("P1_L_CC\t-\t-\t1024\t624", line)
    (source / "README.md").write_text(readme)
    summary = import_cdd_cesm(source, tmp_path / "out", register=False)
    assert (summary.pairs, summary.with_mass) == (3, 0)
    assert "README.md: the table of native sizes holds" in summary.refused[0].reason


def test_binary_readme_gives_no_masks(source: Path, tmp_path: Path) -> None:
    (source / "README.md").write_bytes(b"\xff\xfe")
    (problem,) = import_cdd_cesm(source, tmp_path / "out", register=False).refused
    assert "README.md: cannot be read as text" in problem.reason


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ({"name": "spiral", "cx": 1, "cy": 1}, "row 8 (P1_L_CM_CC.jpg) holds no usable outline"),
        ({"name": "circle", "cx": 1, "cy": 1}, "row 8 (P1_L_CM_CC.jpg) holds no usable outline"),
    ],
)
def test_unknown_shape_is_named_and_the_rest_drawn(
    source: Path, imported: Path, tmp_path: Path, shape: dict[str, Any], reason: str
) -> None:
    with (source / OUTLINES).open("a", newline="") as file:
        csv.writer(file).writerow(["P1_L_CM_CC.jpg", json.dumps(shape)])
    summary = import_cdd_cesm(source, tmp_path / "out", register=False)
    (problem,) = summary.refused
    assert reason in problem.reason
    name = Path("CDD-CESM-P1") / "L_CC_DES_mass.nii.gz"
    assert (tmp_path / "out" / name).read_bytes() == (imported / name).read_bytes()


def test_renamed_column_of_the_outlines_gives_no_masks(source: Path, tmp_path: Path) -> None:
    text = (source / OUTLINES).read_text()
    (source / OUTLINES).write_text(text.replace("#filename", "file"))
    summary = import_cdd_cesm(source, tmp_path / "out", register=False)
    assert summary.with_mass == 0
    assert summary.refused[0].reason.endswith("has no column #filename")


def test_nothing_importable_raises_and_says_why(source: Path, tmp_path: Path) -> None:
    for path in (source / "cdd_cesm_512" / "images").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"no pair can be imported; the first: .*P1_L_DM_CC\.jpg"):
        import_cdd_cesm(source, tmp_path / "out")
    assert list(_contents(tmp_path / "out")) == ["refused.csv"]


def test_output_that_is_a_file_raises(untouched: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ValueError, match="out: is a file, the output must be a folder"):
        import_cdd_cesm(untouched, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.slow
def test_real_pairs_are_imported_and_paired(tmp_path: Path) -> None:
    if not (REAL / "cdd_cesm_512").is_dir():
        pytest.skip("real CDD-CESM pairs not found at ../shared/data/cdd_cesm_512")
    summary = import_cdd_cesm(REAL, tmp_path, register=False)
    # every DES image has outlines; seven have no known native size
    assert (summary.pairs, summary.patients, summary.with_mass) == (193, 110, 186)
    assert summary.refused == []
    pairs, refused = find_pairs(tmp_path)
    assert (len(pairs), refused) == (193, [])

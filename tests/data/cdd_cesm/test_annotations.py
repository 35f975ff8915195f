from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest

from cdd_cesm_source import annotation, write_workbook
from cem_monai.data.cdd_cesm.annotations import read_annotations, read_workbook
from cem_monai.data.cdd_cesm.image_facts import ImageFacts, lesion_kind
from cem_monai.data.cdd_cesm.image_name import ImageName, PairName
from cem_monai.data.cdd_cesm.sheets import COLUMNS, MAIN, SHEETS
from cem_monai.dicom import Laterality

PAIR = {"le": "images/P1_L_DM_CC.jpg", "des": "images/P1_L_CM_CC.jpg", "pair": "P1_L_CC"}
TABLE_ROW = PAIR | {
    **{"age": "47", "acr": "C", "machine": "1", "birads_le": "4", "birads_des": "4$2"},
    **{"path_le": "Benign", "path_des": "Malignant", "findings_le": "Mass "},
    **{"findings_des": "Mass$Cyst ", "tags_des": "malignant mass, cyst"},
}


def _name(text: str) -> ImageName:
    name = ImageName.parse(text)
    assert name is not None
    return name


def _pair(text: str) -> PairName:
    return _name(text).pair


def _table(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _book(folder: Path, *rows: dict[str, object], **headers: str) -> Path:
    write_workbook(folder / "book.xlsx", {MAIN: [annotation("P1_L_DM_CC"), *rows]}, **headers)
    return folder / "book.xlsx"


def test_facts_of_an_image(tmp_path: Path) -> None:
    cells = {"birads": "3$2$2", "findings": " A  b $ C", "tags": "benign, masses ", "age": 31.0}
    path = _book(tmp_path, annotation(" P10_R_CM_MLO ", **cells))
    found = read_workbook(path)
    assert found.problems == []
    assert found.facts[_name("P10_R_CM_MLO")] == ImageFacts(
        age="31",
        birads=("3", "2", "2"),
        findings=("A b", "C"),
        tags=("benign", "masses"),
        machine="1",
        pathology="Malignant",
    )


def test_sheet_of_a_finding_describes_its_image(tmp_path: Path) -> None:
    mass = annotation("P1_L_CM_CC", shape="Irregular ", margin="_", pattern="Rim", findings="F")
    rows = [annotation("P1_L_DM_CC"), annotation("P1_L_CM_CC")]
    sheet = "mass enhancement_description"
    other = mass | {"shape": "Oval"}
    write_workbook(tmp_path / "book.xlsx", {MAIN: rows, sheet: [mass, mass, other]})
    found = read_workbook(tmp_path / "book.xlsx")
    assert found.problems == []
    described = {"sheet": sheet, "findings": "F", "pattern": "Rim"}
    assert found.facts[_name("P1_L_CM_CC")].descriptions == (
        described | {"shape": "Irregular"},
        described | {"shape": "Oval"},  # the row that stands there twice counts once
    )
    assert [one["sheet"] for one in found.facts[_name("P1_L_DM_CC")].descriptions] == [
        name for name in SHEETS if name not in (MAIN, sheet)
    ]


def test_density_of_a_breast_comes_from_its_low_energy_rows(tmp_path: Path) -> None:
    path = _book(
        tmp_path,
        annotation("P2_L_DM_CC", density="_"),
        annotation("P2_L_DM_MLO", density="B"),
        annotation("P2_R_CM_CC", density="D"),  # never from a subtracted image
        annotation("P2_R_DM_CC", density="_"),
    )
    annotations, problems = read_annotations(path, None)
    assert problems == []
    assert annotations.density == {(1, Laterality.LEFT): "C", (2, Laterality.LEFT): "B"}


@pytest.mark.parametrize(
    ("low_energy", "recombined", "other_view", "expected"),
    [
        ("Benign", "Normal", "Normal", "Benign"),
        ("Normal", "Benign", "Malignant", "Malignant"),
        ("malignant ", "Benign", "Normal", "Malignant"),
        ("Normal", "Normal", "Normal", "Normal"),
        ("Normal", "_", "_", "Normal"),
    ],
)
def test_pathology_of_a_breast_is_the_most_serious_of_its_images(
    tmp_path: Path, low_energy: str, recombined: str, other_view: str, expected: str
) -> None:
    path = _book(
        tmp_path,
        annotation("P2_L_DM_CC", pathology=low_energy),
        annotation("P2_L_CM_CC", pathology=recombined),
        annotation("P2_L_DM_MLO", pathology=other_view),
        annotation("P2_R_DM_MLO", pathology="Malignant"),
    )
    annotations, _ = read_annotations(path, None)
    assert annotations.pathology[2, Laterality.LEFT] == expected


@pytest.mark.parametrize("key", ["age", "density", "birads", "findings", "machine", "tags"])
def test_renamed_column_is_named_and_the_rest_goes_on(tmp_path: Path, key: str) -> None:
    path = _book(tmp_path, **{key: "Something else"})
    found = read_workbook(path)
    sheets = [name for name, keys in SHEETS.items() if key in keys]
    assert found.problems == [
        f"{path}: sheet {name!r} has no column {COLUMNS[key]!r}" for name in sheets
    ]
    facts = found.facts[_name("P1_L_DM_CC")]
    assert not getattr(facts, key)
    assert facts.pathology == "Malignant"


def test_sheet_without_names_is_left_out(tmp_path: Path) -> None:
    path = _book(tmp_path, image="File")
    found = read_workbook(path)
    assert found.facts == {}
    assert found.problems[0] == f"{path}: sheet 'all' has no column 'Image_name'"


def test_empty_and_missing_sheets_are_named(tmp_path: Path) -> None:
    path = _book(tmp_path)
    book = openpyxl.load_workbook(path)
    del book["asymmetry"]
    book["distortion"].delete_rows(2, 9)
    book["calcifications"].delete_rows(1, 9)
    book.save(path)
    assert sorted(read_workbook(path).problems) == [
        f"{path}: sheet 'asymmetry' is missing",
        f"{path}: sheet 'calcifications' is empty",
        f"{path}: sheet 'distortion' is empty",
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (annotation("P2_L_DM_CC") | {"image": "P2_L_HE_CC"}, "'P2_L_HE_CC' is no name of an image"),
        (annotation("P2_L_DM_CC", side="R"), "P2_L_DM_CC contradicts its side 'R'"),
        (annotation("P2_L_DM_CC", type="CESM"), "P2_L_DM_CC contradicts its type 'CESM'"),
        (annotation("P2_L_DM_CC", patient=3), "P2_L_DM_CC contradicts its patient '3'"),
        (annotation("P2_L_DM_CC", view="MLO"), "P2_L_DM_CC contradicts its view 'MLO'"),
        (annotation("P1_L_DM_CC", age=48), "P1_L_DM_CC is listed before, with other values"),
        (annotation("P2_L_DM_CC", age="old"), "P2_L_DM_CC: age is 'old'"),
        (annotation("P2_L_DM_CC", density="E"), "P2_L_DM_CC: density is 'E'"),
        (annotation("P2_L_DM_CC", birads="4,2"), "P2_L_DM_CC: birads is '4,2'"),
        (annotation("P2_L_DM_CC", pathology="Cancer"), "P2_L_DM_CC: pathology is 'Cancer'"),
    ],
)
def test_unusable_row_is_named(tmp_path: Path, row: dict[str, object], reason: str) -> None:
    path = _book(tmp_path, row, annotation("P3_L_DM_CC"))
    found = read_workbook(path)
    assert found.problems == [f"{path}: sheet 'all', row 3: {reason}"]
    assert _name("P3_L_DM_CC") in found.facts


def test_row_that_stands_there_twice_counts_once(tmp_path: Path) -> None:
    assert read_workbook(_book(tmp_path, annotation("P1_L_DM_CC"))).problems == []


def test_finding_of_an_unlisted_image_is_named(tmp_path: Path) -> None:
    rows = {"distortion": [annotation("P8_L_DM_CC")]}
    write_workbook(tmp_path / "book.xlsx", {MAIN: [annotation("P1_L_DM_CC")]} | rows)
    (problem,) = read_workbook(tmp_path / "book.xlsx").problems
    assert problem.endswith("sheet 'distortion', row 2: P8_L_DM_CC is not in the sheet 'all'")


def test_csv_of_the_main_sheet(tmp_path: Path) -> None:
    path = tmp_path / "Radiology-manual-annotations.csv"
    keys = SHEETS[MAIN]
    row = annotation("P1_L_DM_CC", birads="3$2")
    lines = [[COLUMNS[key] for key in keys], [str(row[key]) for key in keys]]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    found = read_workbook(path)
    assert found.problems == []
    assert found.facts[_name("P1_L_DM_CC")].birads == ("3", "2")


def test_unreadable_workbook_is_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"no workbook")
    annotations, (problem,) = read_annotations(path, None)
    assert annotations.images == {}
    assert problem.reason.startswith(f"{path}: cannot be read as a table or workbook (")


def test_table_of_pairs_alone(tmp_path: Path) -> None:
    annotations, problems = read_annotations(None, _table(tmp_path / "pairs.tsv", TABLE_ROW))
    assert problems == []
    low_energy, recombined = annotations.of(_pair("P1_L_DM_CC"))
    assert (low_energy.density, low_energy.pathology) == ("C", "Benign")
    assert (recombined.birads, recombined.findings) == (("4", "2"), ("Mass", "Cyst"))
    assert annotations.pathology == {(1, Laterality.LEFT): "Malignant"}


def test_workbook_counts_where_the_table_contradicts(tmp_path: Path) -> None:
    book = _book(tmp_path, annotation("P1_L_CM_CC", tags="malignant mass", machine=2))
    table = _table(tmp_path / "pairs.tsv", TABLE_ROW | {"findings_des": "Mass", "birads_des": "4"})
    annotations, problems = read_annotations(book, table)
    assert [problem.reason for problem in problems] == [
        f"{book}: P1_L_DM_CC: other pathology than in the table of pairs; the workbook counts",
        f"{book}: P1_L_CM_CC: other tags, machine than in the table of pairs; the workbook counts",
    ]
    assert annotations.of(_pair("P1_L_DM_CC"))[1].machine == "2"


def test_table_with_renamed_columns(tmp_path: Path) -> None:
    row = {("Density" if key == "acr" else key): text for key, text in TABLE_ROW.items()}
    path = _table(tmp_path / "pairs.tsv", row)
    annotations, (problem,) = read_annotations(None, path)
    assert problem.reason == f"{path}: has no column 'acr'"
    assert annotations.density == {}
    assert annotations.pathology == {(1, Laterality.LEFT): "Malignant"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pair": "P1_R_CC"}, "pair is 'P1_R_CC', must be P1_L_CC"),
        ({"le": "x.jpg"}, "le and des are 'x.jpg' and 'images/P1_L_CM_CC.jpg', which is no pair"),
        ({"le": TABLE_ROW["des"], "des": TABLE_ROW["le"]}, "which is no pair"),
        ({"des": "P1_L_CM_MLO.jpg"}, "which is no pair"),
        ({"age": "old"}, "P1_L_DM_CC: age is 'old'"),
    ],
)
def test_contradictory_row_of_the_table(
    tmp_path: Path, changes: dict[str, str], reason: str
) -> None:
    path = _table(tmp_path / "pairs.tsv", TABLE_ROW | changes)
    _, problems = read_annotations(None, path)
    assert problems[0].reason.startswith(f"{path}: row 1: ")
    assert problems[0].reason.endswith(reason)


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        (["malignant mass", "multiple"], "mass"),
        (["suspicious Non mass", "mass"], "non_mass"),
        (["suspicious", "nonmass"], "non_mass"),
        (["cyst"], ""),
    ],
)
def test_lesion_kind(tags: list[str], kind: str) -> None:
    assert lesion_kind(tags) == kind

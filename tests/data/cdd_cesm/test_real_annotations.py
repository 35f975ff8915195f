"""The complete annotation files of CDD-CESM, counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from cem_monai.data.cdd_cesm.annotations import AnnotationFile, read_workbook
from cem_monai.data.cdd_cesm.image_facts import annotate
from cem_monai.data.cdd_cesm.image_name import ImageName
from cem_monai.data.cdd_cesm.material import Material, read_material
from cem_monai.data.cdd_cesm.sheets import read_sheets
from cem_monai.data.via import read_outlines
from cem_monai.dicom import ImageContent

REAL = Path(__file__).parents[3] / ".." / "shared" / "data"
FOLDER = REAL / "cdd_cesm_annotations"
WORKBOOK = FOLDER / "Radiology manual annotations.xlsx"
OUTLINES = FOLDER / "Radiology_hand_drawn_segmentations_v2.csv"


@pytest.fixture(scope="module")
def workbook() -> AnnotationFile:
    if not WORKBOOK.is_file():
        pytest.skip("real annotations not found at ../shared/data/cdd_cesm_annotations")
    return read_workbook(WORKBOOK)


@pytest.fixture(scope="module")
def material() -> Material:
    if not (REAL / "cdd_cesm_512").is_dir():
        pytest.skip("real CDD-CESM pairs not found at ../shared/data/cdd_cesm_512")
    return read_material(REAL)


def test_rows_of_every_sheet(workbook: AnnotationFile) -> None:
    rows = {sheet.name: len(sheet.rows) for sheet in read_sheets(WORKBOOK)}
    assert rows == {
        "all": 2006,
        "mass_description": 310,
        "mass enhancement_description": 334,
        "distortion": 50,
        "postoperative": 159,
        "postneoajuvant chemotherapy": 8,
        "asymmetry": 231,
        "calcifications": 240,
        "nonmass enhancement_description": 184,
    }
    # one row stands there twice
    described = Counter(
        one["sheet"] for facts in workbook.facts.values() for one in facts.descriptions
    )
    assert sum(described.values()) == sum(rows.values()) - rows["all"] - 1
    assert described["nonmass enhancement_description"] == 183
    assert workbook.problems == []


def test_images_patients_and_breasts(workbook: AnnotationFile) -> None:
    names = workbook.facts.keys()
    assert len({name.pair for name in names}) == 1003
    assert all(name.partner in names for name in names)
    assert len({name.pair.breast for name in names}) == 566
    images = Counter(name.pair.patient for name in names)
    assert len(images) == 326
    assert Counter(images.values()) == {8: 191, 2: 62, 4: 46, 6: 25, 10: 2}
    assert [str(name.pair) for name in sorted(names) if name.pair.number > 1] == [
        *["P99_L_MLO_2"] * 2,
        *["P281_L_MLO_2"] * 2,
    ]
    machines = {name.pair.patient: facts.machine for name, facts in workbook.facts.items()}
    assert Counter(machines.values()) == {"1": 308, "2": 18}


def test_densities(workbook: AnnotationFile) -> None:
    by_content = defaultdict(Counter[str])
    for name, facts in workbook.facts.items():
        by_content[name.content][facts.density] += 1
    assert by_content[ImageContent.LOW_ENERGY] == {"A": 8, "B": 329, "C": 515, "D": 70, "": 81}
    assert by_content[ImageContent.RECOMBINED] == {"C": 2, "": 1001}  # P64_L
    assert len(annotate(workbook.facts).density) == 566 - 48


def test_pathologies(workbook: AnnotationFile) -> None:
    labels = defaultdict(Counter[str])
    breasts = defaultdict(set)
    different = set()
    for name, facts in workbook.facts.items():
        labels[name.content][facts.pathology] += 1
        breasts[name.pair.breast].add(facts.pathology)
        if facts.pathology != workbook.facts[name.partner].pathology:
            different.add(name.pair)
    counts = {"Normal": 341, "Benign": 331, "Malignant": 331}
    assert labels[ImageContent.LOW_ENERGY] == counts
    counts = {"Normal": 416, "Benign": 256, "Malignant": 331}
    assert labels[ImageContent.RECOMBINED] == counts
    assert len(different) == 83
    assert sum(len(found) > 1 for found in breasts.values()) == 50
    worst = Counter(annotate(workbook.facts).pathology.values())
    assert worst == {"Normal": 189, "Benign": 194, "Malignant": 183}


def test_compound_categories(workbook: AnnotationFile) -> None:
    assert len({facts.birads for facts in workbook.facts.values()}) == 14


def test_outlines_by_shape() -> None:
    if not OUTLINES.is_file():
        pytest.skip("real outlines not found at ../shared/data/cdd_cesm_annotations")
    table = read_outlines(OUTLINES)
    assert table.problems == []
    assert table.shapes == {
        **{"polygon": 2028, "ellipse": 598, "circle": 331, "polyline": 10, "point": 4}
    }
    assert sum(table.shapes.values()) == sum(map(len, table.outlines.values())) == 2971
    names = [ImageName.parse(text) for text in table.outlines]
    contents = Counter(name.content for name in names if name)
    assert contents == {ImageContent.LOW_ENERGY: 657, ImageContent.RECOMBINED: 576}
    assert len(table.file_sizes) == 1233


def test_shared_pairs(material: Material) -> None:
    assert material.problems == []  # the table of pairs agrees with the workbook everywhere
    pairs = material.pairs
    assert (len(pairs), len({pair.patient for pair in pairs})) == (193, 110)
    drawn = [name for name in material.images if material.outlines.get(name)]
    assert len(drawn) == 386
    assert sum(len(material.outlines[name]) for name in drawn) == 1059
    assert len(material.sizes) == 372
    assert sum(pair.recombined in material.sizes for pair in pairs) == 186
    density = Counter(material.annotations.density.get(pair.breast, "") for pair in pairs)
    assert density == {"A": 2, "B": 69, "C": 99, "D": 12, "": 11}
    assert {material.annotations.pathology[pair.breast] for pair in pairs} == {"Malignant"}

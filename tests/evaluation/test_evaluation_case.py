from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from cem_monai.data import (
    KnownLesion,
    breast_mask,
    find_pairs,
    load_datalist,
    mask_path,
    read_mask,
    write_datalist,
    write_mask,
)
from cem_monai.dicom import read_mammogram
from cem_monai.evaluation import (
    EvaluationCase,
    PredictionsError,
    ProblemKind,
    load_evaluation_case,
)
from cem_monai.simulator import Population, simulate_exams
from exams import SPACING, breast_and_mass, write_exam

Item = dict[str, Any]
SIZE = 64
BREAST, MASS, SURROUND = breast_and_mass(SIZE)
SECOND = np.roll(MASS, 2, axis=1)


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one exam and its datalist; tests change copies of it."""
    folder = tmp_path_factory.mktemp("exam")
    write_exam(folder, "TEST", size=SIZE)
    listed(folder)
    return folder


@pytest.fixture
def items(exam: Path, tmp_path: Path) -> dict[str, Item]:
    """Left and right view of one exam, as a datalist has them, by side."""
    shutil.copytree(exam, tmp_path, dirs_exist_ok=True)
    return by_side(tmp_path)


def listed(folder: Path) -> dict[str, Item]:
    write_datalist(find_pairs(folder)[0], folder / "list.json", test_fraction=0)
    return by_side(folder)


def by_side(folder: Path) -> dict[str, Item]:
    return {item["laterality"]: item for item in load_datalist(folder / "list.json", "training")}


def stored(canonical: np.ndarray, side: str) -> np.ndarray:
    return canonical[:, ::-1] if side == "R" else canonical


def draw(item: Item, region: str, mask: np.ndarray) -> None:
    """Write a mask, given in canonical orientation, beside the recombined image."""
    write_mask(stored(mask, item["laterality"]), mask_path(item["label"], region), SPACING)


def kinds(item: Item) -> list[tuple[ProblemKind, str]]:
    with pytest.raises(PredictionsError) as error:
        load_evaluation_case(item)
    return [(one.kind, one.subject) for one in error.value.problems]


@pytest.mark.parametrize("side", ["L", "R"])
def test_images_and_masks_are_canonical(items: dict[str, Item], side: str) -> None:
    case = load_evaluation_case(items[side])

    for name, key in (("low_energy", "image"), ("recombined", "label")):
        raw = pydicom.dcmread(items[side][key]).pixel_array
        np.testing.assert_array_equal(getattr(case, name), stored(raw, side))
        assert getattr(case, name).dtype == np.int32
    ((mass, surround),) = case.readers
    np.testing.assert_array_equal(mass, MASS)
    np.testing.assert_array_equal(surround, SURROUND)
    np.testing.assert_array_equal(case.breast, breast_mask(case.low_energy))
    assert (case.flipped, case.laterality.value) == (side == "R", side)


def test_header_of_the_recombined_image(items: dict[str, Item]) -> None:
    case = load_evaluation_case(items["L"])

    assert (case.name, case.patient, case.view_position.value) == ("TEST_L_CC", "TEST", "CC")
    assert (case.value_range, case.bits_stored, case.spacing) == ((0, 4095), 12, SPACING)
    assert case.low_energy_path == Path(items["L"]["image"])
    assert case.recombined_path == Path(items["L"]["label"])


def test_normal_view_has_no_reader(tmp_path: Path) -> None:
    write_exam(tmp_path, "TEST", size=SIZE, mass=False)

    case = load_evaluation_case(listed(tmp_path)["L"])

    assert (case.readers, case.decoy) == ((), None)


@pytest.mark.parametrize("side", ["L", "R"])
def test_second_reader_has_a_surround_of_her_own(items: dict[str, Item], side: str) -> None:
    around = np.roll(SURROUND, 2, axis=1)
    draw(items[side], "mass_second", SECOND)
    draw(items[side], "surround_second", around)

    first, second = load_evaluation_case(items[side]).readers

    np.testing.assert_array_equal(first.mass, MASS)
    np.testing.assert_array_equal(second.mass, SECOND)
    np.testing.assert_array_equal(second.surround, around)


def test_second_reader_without_surround_shares_the_first_ones(items: dict[str, Item]) -> None:
    draw(items["L"], "mass_second", SECOND)

    first, second = load_evaluation_case(items["L"]).readers

    np.testing.assert_array_equal(second.surround, SURROUND & ~SECOND)
    np.testing.assert_array_equal(first.surround, SURROUND)


def test_index_lists_the_masks_of_the_second_reader(items: dict[str, Item], tmp_path: Path) -> None:
    for region in ("mass_second", "surround_second", "decoy"):
        draw(items["L"], region, SECOND)

    item = listed(tmp_path)["L"]

    for region in ("mass_second", "surround_second", "decoy"):
        assert item[region] == str(mask_path(item["label"], region))


@pytest.mark.parametrize("side", ["L", "R"])
def test_decoy_beside_the_image_is_found(items: dict[str, Item], side: str) -> None:
    decoy = np.roll(MASS, 15, axis=0)
    draw(items[side], "decoy", decoy)

    np.testing.assert_array_equal(load_evaluation_case(items[side]).decoy, decoy)


def test_breast_mask_of_the_datalist_goes_first(items: dict[str, Item], tmp_path: Path) -> None:
    draw(items["R"], "breast", BREAST)

    np.testing.assert_array_equal(load_evaluation_case(listed(tmp_path)["R"]).breast, BREAST)


def test_attributes_of_the_header_and_the_datalist(items: dict[str, Item]) -> None:
    dataset = pydicom.dcmread(items["L"]["image"])
    dataset.BodyPartThickness = "48.3"
    dataset.save_as(items["L"]["image"])

    assert load_evaluation_case(items["L"] | {"density": "c"}).attributes == {
        "density": "c",
        "manufacturer": "cem_monai simulator",
        "machine": "test",
        "thickness_mm": "48.3",
        "lesion_kind": "",
    }


def tell(item: Item, view: object, patient: str = "TEST") -> EvaluationCase:
    """Write `exam.json` and load the case."""
    exam = {"patient": patient, "views": {f"{item['laterality']}_CC": view}}
    Path(item["label"]).with_name("exam.json").write_text(json.dumps(exam))
    return load_evaluation_case(item)


LESION = {"kind": "round", "enhancing": True, "diameter_mm": 9.5, "row": 32.0, "column": 20.0}


@pytest.mark.parametrize(("side", "column"), [("L", 20), ("R", SIZE - 1 - 20)])
def test_simulated_lesions(items: dict[str, Item], side: str, column: float) -> None:
    decoy = LESION | {"kind": "non_mass", "enhancing": False}

    case = tell(items[side], {"density": 0.1234, "lesions": [LESION, decoy]})

    assert case.lesions[0] == KnownLesion("round", True, 9.5, 32, column)
    assert [lesion.enhancing for lesion in case.lesions] == [True, False]
    assert case.attributes["lesion_kind"] == "round"
    assert case.attributes["density"] == "0.123"


def test_several_kinds_and_none(items: dict[str, Item]) -> None:
    several = [LESION, LESION | {"kind": "occult"}, LESION]

    told = tell(items["L"], {"density": 0.1, "lesions": several}).attributes["lesion_kind"]
    normal = tell(items["R"], {"density": 0.1, "lesions": []}).attributes["lesion_kind"]

    assert (told, normal) == ("occult+round", "none")


def test_imported_exam(items: dict[str, Item]) -> None:
    case = tell(items["L"], {"density": "C", "machine": "2", "lesion_kind": "mass"})

    assert (case.attributes["density"], case.attributes["lesion_kind"]) == ("C", "mass")
    assert case.lesions == ()


@pytest.mark.parametrize(
    ("view", "patient"),
    [({"density": 0.1, "lesions": []}, "OTHER"), ("text", "TEST"), ({"lesions": [{}]}, "TEST")],
)
def test_exam_file_that_tells_nothing(items: dict[str, Item], view: object, patient: str) -> None:
    case = tell(items["L"], view, patient)

    assert (case.attributes["density"], case.attributes["lesion_kind"]) == ("", "")


def test_damaged_exam_file_tells_nothing(items: dict[str, Item]) -> None:
    Path(items["L"]["label"]).with_name("exam.json").write_text("{")

    assert load_evaluation_case(items["L"]).attributes["density"] == ""


def other_size(item: Item) -> None:
    write_mask(np.ones((SIZE, SIZE - 1), bool), item["mass"], SPACING)


def empty(item: Item) -> None:
    draw(item, "mass", np.zeros_like(MASS))


def in_the_air(item: Item) -> None:
    draw(item, "mass", ~np.roll(BREAST, 20, axis=1) & ~BREAST)


def no_nifti(item: Item) -> None:
    Path(item["mass"]).write_bytes(b"nothing")


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (other_size, ProblemKind.MASK_SIZE),
        (empty, ProblemKind.EMPTY_MASK),
        (in_the_air, ProblemKind.MASK_OUTSIDE),
        (no_nifti, ProblemKind.UNREADABLE_MASK),
    ],
)
@pytest.mark.parametrize("side", ["L", "R"])
def test_unfit_mask_is_refused(
    items: dict[str, Item], side: str, spoil: Callable[[Item], None], kind: ProblemKind
) -> None:
    spoil(items[side])

    assert kinds(items[side]) == [(kind, f"TEST_{side}_CC mass")]


def test_reader_with_an_unusable_mass_is_not_told_to_have_none(items: dict[str, Item]) -> None:
    draw(items["L"], "mass_second", MASS)
    empty(items["L"])

    assert kinds(items["L"]) == [(ProblemKind.EMPTY_MASK, "TEST_L_CC mass")]


def test_all_unfit_masks_are_told_at_once(items: dict[str, Item]) -> None:
    empty(items["L"])
    write_mask(np.ones((3, 4), bool), items["L"]["surround"], SPACING)

    assert set(kinds(items["L"])) == {
        (ProblemKind.EMPTY_MASK, "TEST_L_CC mass"),
        (ProblemKind.MASK_SIZE, "TEST_L_CC surround"),
    }


def test_breast_mask_of_the_other_side_is_refused(items: dict[str, Item]) -> None:
    draw(items["R"], "breast", BREAST)
    item = items["L"] | {"breast": str(mask_path(items["R"]["label"], "breast"))}

    assert (ProblemKind.FOREIGN_BREAST, "TEST_L_CC") in kinds(item)


def test_second_reader_alone_is_refused(items: dict[str, Item]) -> None:
    item = items["L"] | {"mass_second": items["L"]["mass"]}
    del item["mass"], item["surround"]

    assert kinds(item) == [(ProblemKind.LONE_SECOND, "TEST_L_CC")]


def replaced(item: Item, key: str, **changes: Any) -> Item:
    dataset = pydicom.dcmread(item[key])
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    path = Path(item[key]).with_name("changed.dcm")
    dataset.save_as(path)
    return item | {key: str(path)}


def black(rows: int, columns: int) -> dict[str, Any]:
    return {"Rows": rows, "Columns": columns, "PixelData": bytes(2 * rows * columns)}


def test_images_of_different_size_are_refused(items: dict[str, Item]) -> None:
    item = replaced(items["L"], "label", **black(60, 64))

    with pytest.raises(PredictionsError, match="low-energy 64 x 64, recombined 60 x 64"):
        load_evaluation_case(item)


def test_images_of_different_views_are_refused(items: dict[str, Item]) -> None:
    item = items["L"] | {"label": items["R"]["label"]}

    with pytest.raises(PredictionsError, match="low-energy L CC, recombined R CC"):
        load_evaluation_case(item)


def test_images_of_different_patients_are_refused(items: dict[str, Item]) -> None:
    item = replaced(items["L"], "label", PatientID="somebody else")

    with pytest.raises(PredictionsError, match="are of different patients"):
        load_evaluation_case(item)


def test_image_without_patient_is_read(items: dict[str, Item]) -> None:
    item = replaced(items["L"], "label", PatientID="")

    assert load_evaluation_case(item).patient == items["L"]["patient"]


def test_unreadable_image_is_refused(items: dict[str, Item]) -> None:
    Path(items["L"]["label"]).write_bytes(b"nothing")

    with pytest.raises(PredictionsError, match=r"TEST_L_CC .*is not a DICOM file"):
        load_evaluation_case(items["L"])


def test_broken_numbers_are_refused(items: dict[str, Item]) -> None:
    item = replaced(items["L"], "label", RescaleSlope="0.3")

    with pytest.raises(PredictionsError, match=r"RescaleSlope .* gives broken numbers"):
        load_evaluation_case(item)


def test_image_without_a_breast_needs_a_mask(items: dict[str, Item], tmp_path: Path) -> None:
    item = replaced(items["L"], "image", **black(SIZE, SIZE))
    assert kinds(item) == [(ProblemKind.UNUSABLE_CASE, "TEST_L_CC")]

    draw(items["L"], "breast", BREAST)
    given = {"breast": str(mask_path(item["label"], "breast"))}

    np.testing.assert_array_equal(load_evaluation_case(item | given).breast, BREAST)


@pytest.mark.slow
def test_simulated_exam_of_both_breasts(tmp_path: Path) -> None:
    population = Population(normal_exams=0, contralateral_lesion=1)
    simulate_exams(tmp_path, exams=1, seed=17, size=128, population=population, progress=False)
    pairs = find_pairs(tmp_path)[0]
    write_datalist(pairs, tmp_path / "list.json", test_fraction=0)

    sides = set()
    for item in load_datalist(tmp_path / "list.json", "training"):
        case = load_evaluation_case(item)
        recombined = read_mammogram(item["label"])
        np.testing.assert_array_equal(case.recombined, recombined.pixels)
        shown = np.zeros_like(case.breast)
        for region in ("mass", "decoy"):
            if region in item:
                shown |= stored(read_mask(item[region]), item["laterality"])
        for lesion in case.lesions:
            assert shown[round(lesion.row), round(lesion.column)]
            sides.add(item["laterality"])
        assert float(case.attributes["density"]) > 0
    assert sides == {"L", "R"}

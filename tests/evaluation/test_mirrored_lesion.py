from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cem_monai.data import find_pairs, load_datalist, mask_path, write_datalist, write_mask
from cem_monai.evaluation import load_evaluation_case
from cem_monai.evaluation.mirrored_lesion import mirrored_lesion, other_breasts
from exams import SPACING, breast_and_mass, write_exam

Item = dict[str, Any]
SIZE = 64
BREAST, MASS, _ = breast_and_mass(SIZE)


def view(
    case: str, laterality: str = "L", view_position: str = "CC", *, mass: bool = True, **other: Any
) -> Item:
    item = {"case": case, "patient": "P", "laterality": laterality} | other
    item |= {"view_position": view_position}
    return item | ({"mass": "mass.nii.gz"} if mass else {})


def found(*items: Item) -> dict[str, str]:
    return {case: other["case"] for case, other in other_breasts(items).items()}


def test_other_breast_is_the_same_view_of_the_other_side() -> None:
    items = view("a"), view("b", "R"), view("c", "L", "MLO"), view("d", "R", "MLO", mass=False)
    assert found(*items) == {"a": "b", "b": "a", "d": "c"}


def test_without_a_mass_there_is_nothing_to_mirror() -> None:
    assert found(view("a", mass=False), view("b", "R", mass=False)) == {}
    assert found(view("a"), view("b", "R", mass=False)) == {"b": "a"}


def test_other_patients_do_not_count() -> None:
    assert found(view("a"), view("b", "R", patient="Q")) == {}


def test_of_several_the_first_counts() -> None:
    """E.g. of a repeated exposure, or of several exams of one patient."""
    items = view("a"), view("b", "R", mass=False), view("c", "L"), view("d", "R")
    assert found(*items) == {"a": "d", "b": "a", "c": "d", "d": "a"}


@pytest.mark.parametrize("lacking", [{"laterality": ""}, {"laterality": None}])
def test_unknown_side_has_no_other(lacking: Item) -> None:
    assert found(view("a") | lacking, view("b") | lacking, view("c", "R")) == {}


def test_datalist_without_sides_and_views() -> None:
    items = [{"case": name, "patient": "P", "mass": "m"} for name in "ab"]
    assert found(*items) == {}


# Masks


@pytest.fixture
def items(tmp_path: Path) -> dict[str, Item]:
    """Both views of an exam; the left breast lies 4 pixels higher than the right one."""
    write_exam(tmp_path, "TEST", size=SIZE)
    write_datalist(find_pairs(tmp_path)[0], tmp_path / "list.json", test_fraction=0)
    by_side = {
        item["laterality"]: item for item in load_datalist(tmp_path / "list.json", "training")
    }
    for side, shift in (("L", -2), ("R", 2)):
        draw(by_side[side], "breast", np.roll(BREAST, shift, axis=0))
        draw(by_side[side], "mass", np.roll(MASS, shift, axis=0))
    return by_side


def draw(item: Item, region: str, mask: np.ndarray) -> None:
    """Write a canonical mask and name it in the item."""
    path = mask_path(item["label"], region)
    write_mask(mask[:, ::-1] if item["laterality"] == "R" else mask, path, SPACING)
    item[region] = str(path)


@pytest.mark.parametrize(("here", "there"), ["LR", "RL"])
def test_position_moves_with_the_breast(items: dict[str, Item], here: str, there: str) -> None:
    """Both masks lie at the same place of their breasts; images are stored mirrored."""
    draw(items[there], "surround", np.roll(MASS, 12, axis=1))
    case = load_evaluation_case(items[here])

    mirrored = mirrored_lesion(case, load_evaluation_case(items[there]))

    shift = -2 if here == "L" else 2
    np.testing.assert_array_equal(mirrored, np.roll(MASS, shift, axis=0))


def test_lesions_of_both_readers_are_mirrored(items: dict[str, Item]) -> None:
    second = np.roll(MASS, (2, 12), axis=(0, 1))
    draw(items["R"], "mass_second", second)

    mirrored = mirrored_lesion(*(load_evaluation_case(items[side]) for side in "LR"))

    expected = np.roll(np.roll(MASS, 2, axis=0) | second, -4, axis=0)
    np.testing.assert_array_equal(mirrored, expected)

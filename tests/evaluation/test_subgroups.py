from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_monai.evaluation import Attribute, patient_bootstrap, subgroups

MakeRow = Callable[..., dict[str, str]]

VIEW = Attribute("view_position", "view")
THICKNESS = Attribute("thickness", "thickness (mm)", edges=(30, 60))


def values_of(rows: list[dict[str, str]], attribute: Attribute) -> list[tuple[str, int]]:
    groups = subgroups(rows, "breast_l1", [attribute])
    return [(group.value, group.interval.n_values) for group in groups]


def test_interval_is_that_of_the_members(make_row: MakeRow) -> None:
    rows = [
        make_row("model", str(number), patient, breast_l1=number, view_position=view)
        for number, (patient, view) in enumerate(
            [("a", "CC"), ("a", "MLO"), ("b", "CC"), ("b", "CC"), ("c", "MLO")]
        )
    ]

    craniocaudal, oblique = subgroups(rows, "breast_l1", [VIEW])

    assert (craniocaudal.attribute, craniocaudal.value, oblique.value) == (VIEW, "CC", "MLO")
    assert craniocaudal.interval == patient_bootstrap([0, 2, 3], ["a", "b", "b"])
    assert oblique.interval == patient_bootstrap([1, 4], ["a", "c"])


def test_empty_values_are_a_last_group_of_their_own(make_row: MakeRow) -> None:
    rows = [
        make_row("model", str(number), breast_l1=1, view_position=view)
        for number, view in enumerate(["", "MLO", "CC", " "])
    ]

    assert values_of(rows, VIEW) == [("CC", 1), ("MLO", 1), ("not known", 2)]


def test_numbers_are_cut_at_the_stated_edges(make_row: MakeRow) -> None:
    rows = [
        make_row("model", str(number), breast_l1=1, thickness=thickness)
        for number, thickness in enumerate(["29.9", "30", "59", "60", "1e3", "", "nan"])
    ]

    assert values_of(rows, THICKNESS) == [
        *[("< 30", 1), ("30 to < 60", 2), ("≥ 60", 2), ("not known", 2)]
    ]


def test_bin_without_a_case_is_shown(make_row: MakeRow) -> None:
    rows = [make_row("model", "a", breast_l1=1, thickness=45)]

    assert values_of(rows, THICKNESS) == [("< 30", 0), ("30 to < 60", 1), ("≥ 60", 0)]


@given(st.lists(st.floats(0, 100) | st.just(""), min_size=1, max_size=12))
def test_every_case_is_in_one_group(thicknesses: list[float | str]) -> None:
    rows = [
        {"predictor": "model", "case": str(number), "patient": "", "l1": "1", "thickness": str(one)}
        for number, one in enumerate(thicknesses)
    ]

    groups = subgroups(rows, "l1", [THICKNESS])

    assert sum(group.interval.n_values for group in groups) == len(rows)


def test_missing_measure_is_counted_in_its_group(make_row: MakeRow) -> None:
    rows = [
        make_row("model", "a", mass_l1=4, view_position="CC"),
        make_row("model", "b", view_position="CC"),
    ]

    (group,) = subgroups(rows, "mass_l1", [VIEW])

    assert (group.interval.n_values, group.interval.n_missing) == (1, 1)


def test_attributes_follow_each_other_and_other_predictors_are_left_out(make_row: MakeRow) -> None:
    facts = {"breast_l1": 1, "view_position": "CC", "thickness": 20}
    rows = [make_row(name, "a", **facts) for name in ("constant", "model")]

    groups = subgroups(rows, "breast_l1", [THICKNESS, VIEW], predictor="constant")

    assert [group.value for group in groups] == ["< 30", "30 to < 60", "≥ 60", "CC"]
    assert groups[-1].interval.n_values == 1


def test_text_where_a_number_should_be_raises(make_row: MakeRow) -> None:
    rows = [make_row("model", "a7", breast_l1=1, thickness="thick")]

    with pytest.raises(ValueError, match="thickness of the case a7 must be a number, got 'thick'"):
        subgroups(rows, "breast_l1", [THICKNESS])


def test_lacking_columns_are_named(make_row: MakeRow) -> None:
    with pytest.raises(ValueError, match="lacks the columns thickness, view_position"):
        subgroups([make_row("model", "a")], "breast_l1", [VIEW, THICKNESS])


def test_unknown_predictor_raises(make_row: MakeRow) -> None:
    with pytest.raises(ValueError, match="no case of the predictor 'model'"):
        subgroups([make_row("constant", "a")], "breast_l1", [VIEW])


@pytest.mark.parametrize("edges", [(2, 1), (1, 1), (1, float("nan"))])
def test_edges_must_rise(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"edges of thickness must rise, got \("):
        Attribute("thickness", "thickness (mm)", edges)

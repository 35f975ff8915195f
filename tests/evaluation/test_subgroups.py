from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cem_monai.evaluation import Attribute, group_rows

MakeRow = Callable[..., dict[str, str]]

VIEW = Attribute("view_position", "view")
THICKNESS = Attribute("thickness", "thickness (mm)", edges=(30, 60))


def values_of(rows: list[dict[str, str]], attribute: Attribute) -> list[tuple[str, int]]:
    return [(value, len(members)) for value, members in group_rows(rows, attribute).items()]


def test_group_holds_its_rows_in_their_order(make_row: MakeRow) -> None:
    rows = [make_row("model", str(n), view_position=view) for n, view in enumerate("ABA")]

    assert group_rows(rows, VIEW) == {"A": [rows[0], rows[2]], "B": [rows[1]]}


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

    groups = group_rows(rows, THICKNESS).values()

    assert sorted(row["case"] for members in groups for row in members) == sorted(
        row["case"] for row in rows
    )


def test_text_where_a_number_should_be_raises(make_row: MakeRow) -> None:
    rows = [make_row("model", "a7", breast_l1=1, thickness="thick")]

    with pytest.raises(ValueError, match="thickness of the case a7 must be a number, got 'thick'"):
        group_rows(rows, THICKNESS)


@pytest.mark.parametrize("edges", [(2, 1), (1, 1), (1, float("nan"))])
def test_edges_must_rise(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"edges of thickness must rise, got \("):
        Attribute("thickness", "thickness (mm)", edges)

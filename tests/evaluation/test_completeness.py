from __future__ import annotations

from collections.abc import Callable

import pytest

from cem_monai.evaluation import (
    Interval,
    add_absent_cases,
    failed_cases,
    format_counts,
    summarize,
    table_cells,
)

MakeRow = Callable[..., dict[str, str]]

EXPECTED = {"a": {"patient": "p"}, "b": {"patient": "p"}, "c": {"patient": "q"}}


def test_absent_case_is_missing_in_the_mean_and_seen_in_the_table(make_row: MakeRow) -> None:
    rows = [make_row("model", "a", "p", breast_l1=2), make_row("model", "c", "q", breast_l1=4)]

    summary = summarize(add_absent_cases(rows, EXPECTED))

    interval = summary["model"]["breast_l1"]
    assert (interval.mean, interval.n_values, interval.n_missing) == (3, 2, 1)
    assert table_cells(summary)[1][-1] == "2 of 3 / 2"


def test_absent_case_is_absent_only_where_a_predictor_lacks_it(make_row: MakeRow) -> None:
    rows = [
        *(make_row("constant", case, breast_l1=1) for case in "abc"),
        make_row("model", "b", breast_l1=1),
    ]

    added = add_absent_cases(rows, EXPECTED)[len(rows) :]

    assert [(row["predictor"], row["case"], row["patient"]) for row in added] == [
        ("model", "a", "p"),
        ("model", "c", "q"),
    ]
    assert all(row.keys() == rows[0].keys() for row in added)


def test_complete_table_stays_as_it_is(make_row: MakeRow) -> None:
    rows = [make_row("model", case, breast_l1=1) for case in "abc"]

    assert add_absent_cases(rows, EXPECTED) == rows


def test_failed_cases_have_no_measure(make_row: MakeRow) -> None:
    rows = [
        make_row("model", "a", breast_l1=0.0),
        make_row("model", "b"),
        make_row("constant", "c"),
    ]

    assert failed_cases(rows) == ["b"]


def test_absent_cases_have_failed(make_row: MakeRow) -> None:
    rows = [make_row("model", "b", breast_l1=1)]

    assert failed_cases(add_absent_cases(rows, EXPECTED)) == ["a", "c"]


@pytest.mark.parametrize(
    ("n_values", "n_missing", "text"), [(40, 0, "40 / 2"), (39, 1, "39 of 40 / 2"), (0, 0, "0 / 2")]
)
def test_counts_name_the_denominator(n_values: int, n_missing: int, text: str) -> None:
    assert format_counts(Interval(1.0, 0.0, 2.0, n_values, 2, n_missing)) == text


def test_case_twice_raises(make_row: MakeRow) -> None:
    rows = [make_row("model", case) for case in "abab"]

    with pytest.raises(ValueError, match="more than one row of a predictor for the cases a, b"):
        add_absent_cases(rows, EXPECTED)


def test_case_that_was_not_expected_raises(make_row: MakeRow) -> None:
    rows = [make_row("model", case) for case in "axy"]

    with pytest.raises(ValueError, match="not to be evaluated: x, y"):
        add_absent_cases(rows, EXPECTED)


def test_facts_without_a_column_raise(make_row: MakeRow) -> None:
    with pytest.raises(ValueError, match="lacks the columns thickness"):
        add_absent_cases([make_row("model", "a")], {"a": {"thickness": "50"}})


def test_no_rows_raise() -> None:
    with pytest.raises(ValueError, match="holds no case"):
        add_absent_cases([], EXPECTED)

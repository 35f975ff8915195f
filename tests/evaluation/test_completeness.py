from __future__ import annotations

from collections.abc import Callable

import pytest

from cem_monai.evaluation import (
    Interval,
    failed_cases,
    format_counts,
    summarize,
    table_cells,
)

MakeRow = Callable[..., dict[str, str]]


def test_failed_case_is_missing_in_the_mean_and_seen_in_the_table(make_row: MakeRow) -> None:
    rows = [
        make_row("model", "a", "p", breast_l1=2),
        make_row("model", "b", "p"),
        make_row("model", "c", "q", breast_l1=4),
    ]

    summary = summarize(rows)

    interval = summary["model"]["breast_l1"]
    assert (interval.mean, interval.n_values, interval.n_missing) == (3, 2, 1)
    assert table_cells(summary)[1][-1] == "2 of 3 / 2"


def test_failed_cases_have_no_measure(make_row: MakeRow) -> None:
    rows = [
        make_row("model", "a", breast_l1=0.0),
        make_row("model", "b"),
        make_row("constant", "c"),
    ]

    assert failed_cases(rows) == ["b"]


@pytest.mark.parametrize(
    ("n_values", "n_missing", "text"), [(40, 0, "40 / 2"), (39, 1, "39 of 40 / 2"), (0, 0, "0 / 2")]
)
def test_counts_name_the_denominator(n_values: int, n_missing: int, text: str) -> None:
    assert format_counts(Interval(1.0, 0.0, 2.0, n_values, 2, n_missing)) == text

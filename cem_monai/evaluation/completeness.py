"""Cases that failed stay in the table, so that no mean stands on silently fewer of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from cem_monai.evaluation.summary import MEASURES, Measure, Row


def add_absent_cases(rows: Sequence[Row], expected: Mapping[str, Mapping[str, str]]) -> list[Row]:
    """Return the rows and one without measures for each expected case that a predictor lacks.

    In every mean such a row counts as missing (`Interval.n_missing`), so that tables say
    "n of m".

    Args:
        rows: of `metrics.csv`, one per case and predictor.
        expected: case → what is known without a prediction (`patient`, attributes); every case
            that was to be evaluated.

    Raises:
        ValueError: no rows, a case twice, a case that was not expected, or facts that are no
            column of the table.
    """
    if not rows:
        raise ValueError("the table holds no case, so that its columns are not known")
    _check(rows, expected)
    empty = dict.fromkeys(rows[0], "")
    present = {(row["predictor"], row["case"]) for row in rows}
    absent = [
        {**empty, **facts, "predictor": predictor, "case": case}
        for predictor in dict.fromkeys(row["predictor"] for row in rows)
        for case, facts in expected.items()
        if (predictor, case) not in present
    ]
    return [*rows, *absent]


def failed_cases(
    rows: Sequence[Row], predictor: str = "model", measures: Sequence[Measure] = MEASURES
) -> list[str]:
    """Return the cases of a predictor that have none of the measures, in the order of the rows."""
    return [
        row["case"]
        for row in rows
        if row["predictor"] == predictor and not any(row[measure.column] for measure in measures)
    ]


def _check(rows: Sequence[Row], expected: Mapping[str, Mapping[str, str]]) -> None:
    counts = Counter((row["predictor"], row["case"]) for row in rows)
    if twice := sorted({case for (_, case), count in counts.items() if count > 1}):
        raise ValueError(f"more than one row of a predictor for the cases {', '.join(twice)}")
    if unexpected := sorted({row["case"] for row in rows} - expected.keys()):
        raise ValueError(f"cases that were not to be evaluated: {', '.join(unexpected)}")
    facts = {name for known in expected.values() for name in known}
    if unknown := sorted(facts - rows[0].keys()):
        raise ValueError(f"the table lacks the columns {', '.join(unknown)}")

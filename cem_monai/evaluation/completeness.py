"""Cases that failed stay in the table, so that no mean stands on silently fewer of them."""

from __future__ import annotations

from collections.abc import Sequence

from cem_monai.evaluation.summary import MEASURES, Measure, Row


def failed_cases(
    rows: Sequence[Row], predictor: str = "model", measures: Sequence[Measure] = MEASURES
) -> list[str]:
    """Return the cases of a predictor that have none of the measures, in the order of the rows."""
    return [
        row["case"]
        for row in rows
        if row["predictor"] == predictor and not any(row[measure.column] for measure in measures)
    ]

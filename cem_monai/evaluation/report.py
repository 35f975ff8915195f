"""Everything a reader needs to judge an evaluation, in one HTML file that stands alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cem_monai.atomic import atomic_write
from cem_monai.evaluation.report_cases import Pictures, case_list
from cem_monai.evaluation.report_facts import fact_lines, failures
from cem_monai.evaluation.report_false_enhancement import false_enhancement_tables
from cem_monai.evaluation.report_figures import (
    forest_plots,
    histogram_plots,
    lesion_plots,
    substitution_plots,
    training_plots,
)
from cem_monai.evaluation.report_lesions import lesion_tables
from cem_monai.evaluation.report_predictors import model_names, predictor_label
from cem_monai.evaluation.report_settings import measure_tables, reading_tables
from cem_monai.evaluation.summary import Row
from cem_monai.evaluation.verdict import small_sample_remark, table_of_tests, verdicts


def write_report(
    output_html: str | os.PathLike[str],
    *,
    summary: Mapping[str, Any],
    rows: Sequence[Row],
    histograms: Sequence[Row] = (),
    pictures: Pictures = (),
    facts: Mapping[str, str] | None = None,
    losses_csv: str | os.PathLike[str] | None = None,
    predictor: str | None = None,
) -> None:
    """Write the report of one evaluation.

    The file holds its pictures, needs no script and asks for nothing over the network. It is
    written completely or not at all. Sections whose part of the summary is missing are left out.

    Args:
        output_html: file to write.
        summary: as `summary.json` holds it; `measures` and `models` are needed.
        rows: of `metrics.csv`, cases and lesions.
        histograms: rows of `histograms.csv`.
        pictures: case of `predictor` as in `rows`, and its PNG of `write_panel`.
        facts: what else is to be told, in this order: label → value.
        losses_csv: of `LossHistory`; None leaves the curves out.
        predictor: whose cases are shown; the first model by default.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: the summary has no model, the predictor has no case, a picture belongs to no
            case, or the losses are damaged.
    """
    if not summary["models"]:
        raise ValueError("the summary names no model to report on")
    shown = predictor or model_names(summary)[0]
    cases = [row for row in rows if not row.get("lesion")]
    lesions = [row for row in rows if row.get("lesion")]
    page = _template().render(
        _tables(summary, cases),
        facts=fact_lines(summary, facts or {}),
        lesion_plots=lesion_plots(summary, lesions),
        histogram_plots=histogram_plots(summary, histograms),
        forest_plots=forest_plots(summary),
        substitution_plots=substitution_plots(summary),
        training_plots=training_plots(losses_csv),
        shown=predictor_label(shown),
        cases=case_list(cases, shown, pictures, summary.get("failed", {}).get(shown, [])),
    )
    with atomic_write(output_html, "w") as file:
        file.write(page)


def _tables(summary: Mapping[str, Any], cases: Sequence[Row]) -> dict[str, Any]:
    """What the template shows of the summary as text."""
    return {
        "remark": small_sample_remark(len({row["patient"] or row["case"] for row in cases})),
        "verdicts": verdicts(summary),
        "tests": table_of_tests(summary),
        "failures": failures(summary),
        "readings": reading_tables(summary),
        "measure_tables": measure_tables(summary),
        "lesion_tables": lesion_tables(summary),
        "false_tables": false_enhancement_tables(summary, cases),
    }


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader(__name__.rpartition(".")[0]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
